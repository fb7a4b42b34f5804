"""Stays: patterns, wishes for houses, and the rules of the first table of section 2."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from nichiiki_models.tables import Choice, House, Household
from nichiiki_oracle.market import Market, Periods
from nichiiki_oracle.measures import is_open
from nichiiki_oracle.standing import suffices
from nichiiki_oracle.ways import (
    best_way,
    by_minutes,
    ceil_div,
    minutes_to_nearest,
    travel_yen,
    trip_limit,
)

Broken = tuple[int | None, int | None]
"""What breaks a rule: the value and the limit, where they are numbers."""


@dataclass(frozen=True)
class Wished:
    """How good a target is for a need: its rank (1 = best) and its utility."""

    rank: int
    utility: int


@dataclass(frozen=True)
class Stay:
    """A house over periods (in calendar order), and how it was wished for."""

    house: House
    periods: Periods
    wished: Wished


@dataclass(frozen=True)
class Refusal:
    """The first rule that stands against something wished for."""

    rule: str
    target_id: str
    value: int | None = None
    limit: int | None = None


def broken_if(condition: bool, value: int | None = None, limit: int | None = None) -> Broken | None:
    """Return what breaks a rule if a condition holds."""
    return (value, limit) if condition else None


# Patterns and wishes


def patterns(market: Market, household: Household) -> list[Periods]:
    """List the sets of periods that a household would stay for."""
    window = market.in_order(household.stay_periods) or market.open_periods()
    if household.stay_kind == "fixed":
        return [window] if window else []
    length = household.stay_length or 0
    openly = tuple(period for period in window if market.periods[period].open)
    if household.stay_kind == "any":
        return [tuple(chosen) for chosen in combinations(openly, length) if chosen]
    chains = [market.chain(period, length) for period in openly]
    return [chain for chain in chains if len(chain) == length and set(chain) <= set(openly)]


def houses_of(market: Market, wish: Choice) -> list[House]:
    """List the houses that a wish names."""
    column = "house_id" if wish.target_kind == "house" else "region_id"
    if wish.target_kind not in ("house", "region"):
        return []
    return [house for house in market.houses.values() if getattr(house, column) == wish.target_id]


def patterns_of(market: Market, household: Household, wish: Choice) -> list[Periods]:
    """List the sets of periods of a wish: its own, else those of the household."""
    return [market.in_order(wish.periods)] if wish.periods else patterns(market, household)


def best_of(wishes: Iterable[Choice], table: tuple[int, ...]) -> Wished:
    """Return the best rank of several wishes for one thing, with the highest utility at that rank."""
    wishes = list(wishes)
    rank = min(wish.rank for wish in wishes)
    listed = table[min(rank, len(table)) - 1]
    return Wished(
        rank, max(listed if wish.score is None else wish.score for wish in wishes if wish.rank == rank)
    )


def wished_stays(market: Market, household: Household) -> list[Stay]:
    """List every stay that is wished for or, if unlisted ones are accepted, acceptable after those."""
    rule = market.rules.lists.stay
    wishes = market.wishes(household, "stay")
    reached: dict[tuple[str, Periods], list[Choice]] = {}
    for wish in wishes:
        for house in houses_of(market, wish):
            for periods in patterns_of(market, household, wish):
                reached.setdefault((house.house_id, periods), []).append(wish)
    listed = [
        Stay(market.houses[name], ps, best_of(by, rule.rank_utility)) for (name, ps), by in reached.items()
    ]
    return listed + (_unlisted(market, household, wishes) if rule.accept_unlisted else [])


def _unlisted(market: Market, household: Household, wishes: list[Choice]) -> list[Stay]:
    named = {house.house_id for wish in wishes for house in houses_of(market, wish)}
    others = [house for house in market.houses.values() if house.house_id not in named]
    wished = Wished(max((wish.rank for wish in wishes), default=0) + 1, 0)
    return [Stay(house, periods, wished) for house in others for periods in patterns(market, household)]


# Rules, in the order of the table


def units_needed(market: Market, household: Household, house: House) -> int:
    """Return how many units of a house a household needs."""
    return ceil_div(max(1, len(market.members(household))), house.capacity_persons)


def most_added(market: Market, house: House) -> int:
    """Return the units that measures taken add to a house; of those at a house that is not ready one counts."""
    adds = [
        row.adds
        for name in market.taken
        if (row := market.measures[name]).target_kind == "house" and row.target_id == house.house_id
    ]
    return sum(adds) if house.ready else max(adds, default=0)


def rent_yen(market: Market, household: Household, house: House) -> int:
    """Return the rent of a month."""
    return units_needed(market, household, house) * house.rent_yen


def monthly_yen(market: Market, household: Household, house: House, period: str) -> int:
    """Return rent and travel of a month in a period."""
    passes = [
        row.travel_yen
        for row in market.instance.passes.rows()
        if (row.household_id, row.house_id, row.period_id) == (household.household_id, house.house_id, period)
    ]
    travel = min([travel_yen(market, household, house, period), *passes])
    return rent_yen(market, household, house) + travel


def _house_not_ready(market: Market, household: Household, stay: Stay) -> Broken | None:
    return broken_if(not is_open(market, stay.house.house_id, stay.periods[0]))


def _period_closed(market: Market, household: Household, stay: Stay) -> Broken | None:
    closed = [p for p in stay.periods if not market.periods[p].open or p in stay.house.closed_periods]
    return broken_if(bool(closed))


def _min_stay(market: Market, household: Household, stay: Stay) -> Broken | None:
    least, shortest = stay.house.min_stay, min(len(run) for run in market.runs(stay.periods))
    return broken_if(least is not None and shortest < least, shortest, least)


def _max_stay(market: Market, household: Household, stay: Stay) -> Broken | None:
    most, longest = stay.house.max_stay, max(len(run) for run in market.runs(stay.periods))
    return broken_if(most is not None and longest > most, longest, most)


def _start_period(market: Market, household: Household, stay: Stay) -> Broken | None:
    starts = stay.house.start_periods
    return broken_if(bool(starts) and any(run[0] not in starts for run in market.runs(stay.periods)))


def _house_capacity(market: Market, household: Household, stay: Stay) -> Broken | None:
    needed = units_needed(market, household, stay.house)
    units = stay.house.units + most_added(market, stay.house)
    most = min(1, units) if stay.house.kind in ("whole", "trial") else units
    return broken_if(needed > most, needed, most)


def _needs(market: Market, household: Household, stay: Stay) -> Broken | None:
    return broken_if(not set(household.needs) <= set(stay.house.tags))


def _hazard_shared(market: Market, household: Household, stay: Stay) -> Broken | None:
    home = market.regions[household.home_region].hazards
    apart = market.rules.limits.hazards_apart
    return broken_if(any(hazard in home and hazard in stay.house.hazards for hazard in apart))


def _own_region(market: Market, household: Household, stay: Stay) -> Broken | None:
    return broken_if(stay.house.region_id == household.home_region)


def _owner_veto(market: Market, household: Household, stay: Stay) -> Broken | None:
    names = {household.household_id, *household.groups}
    accepted = not stay.house.accepts or any(name in names for name in stay.house.accepts)
    return broken_if(not accepted or any(name in names for name in stay.house.refuses))


def _use_limit(market: Market, household: Household, stay: Stay) -> Broken | None:
    most = stay.house.uses_per_half_year
    if most is None:
        return None
    begins = [_half_year(market.periods[run[0]].starts_on) for run in market.runs(stay.periods)]
    past = [
        _half_year(row.on or market.periods[row.period_id or ""].starts_on)
        for row in market.instance.use_history.rows()
        if (row.household_id, row.kind, row.target_id)
        == (household.household_id, "stay", stay.house.house_id)
    ]
    return broken_if(any(begins.count(half) + past.count(half) > most for half in begins))


def _half_year(day: date) -> tuple[int, str]:
    """Return the half-year of a day: April to September, or October to March (named by the year it begins in)."""
    if 4 <= day.month <= 9:
        return day.year, "summer"
    return (day.year if day.month >= 10 else day.year - 1), "winter"


def _fastest(market: Market, household: Household, stay: Stay) -> list[int | None]:
    ways = [best_way(market, household, stay.house, period, by_minutes) for period in stay.periods]
    return [None if way is None else way.minutes for way in ways]


def _no_route(market: Market, household: Household, stay: Stay) -> Broken | None:
    return broken_if(None in _fastest(market, household, stay))


def _trip_minutes(market: Market, household: Household, stay: Stay) -> Broken | None:
    limit = trip_limit(market, household)
    longest = max(minutes or 0 for minutes in _fastest(market, household, stay))
    return broken_if(limit is not None and longest > limit, longest, limit)


def _budget(market: Market, household: Household, stay: Stay) -> Broken | None:
    dearest = cost_yen(market, household, stay)
    return broken_if(dearest > household.budget_yen, dearest, household.budget_yen)


def _registrations_max(market: Market, household: Household, stay: Stay) -> Broken | None:
    there = {*household.other_municipalities, stay.house.region_id}
    most = market.rules.limits.registrations_max
    return broken_if(household.registration != "none" and len(there) > most, len(there), most)


def _registration(market: Market, household: Household, stay: Stay) -> Broken | None:
    return broken_if(not suffices(market, household, stay.periods))


def _reach(market: Market, household: Household, stay: Stay) -> Broken | None:
    for row in market.rules.limits.reach:
        nearest = minutes_to_nearest(market, household, stay.house, row.kinds)
        if nearest is None or nearest > row.minutes:
            return nearest, row.minutes
    return None


def _burden(market: Market, household: Household, stay: Stay) -> Broken | None:
    rows = sorted(market.rules.limits.burden_by_income, key=lambda row: row.up_to_class)
    own = household.income_class
    limits = [row.yen for row in rows if own is not None and own <= row.up_to_class]
    dearest = cost_yen(market, household, stay)
    return broken_if(bool(limits) and dearest > limits[0], dearest, limits[0] if limits else None)


def cost_yen(market: Market, household: Household, stay: Stay) -> int:
    """Return the highest monthly cost over the periods of a stay."""
    return max(monthly_yen(market, household, stay.house, period) for period in stay.periods)


StayRule = Callable[[Market, Household, Stay], Broken | None]
STAY_RULES: dict[str, StayRule] = {
    "house_not_ready": _house_not_ready,
    "period_closed": _period_closed,
    "min_stay": _min_stay,
    "max_stay": _max_stay,
    "start_period": _start_period,
    "house_capacity": _house_capacity,
    "needs": _needs,
    "hazard_shared": _hazard_shared,
    "own_region": _own_region,
    "owner_veto": _owner_veto,
    "use_limit": _use_limit,
    "registrations_max": _registrations_max,
    "registration": _registration,
    "reach": _reach,
    "no_route": _no_route,
    "trip_minutes": _trip_minutes,
    "budget": _budget,
    "burden": _burden,
}
"""Every rule of a stay by id, in the order of the table; ``not_listed`` cannot break for a wished stay."""


def refusal_of_stay(market: Market, household: Household, stay: Stay) -> Refusal | None:
    """Return the first rule that refuses a stay, or None if it is allowed."""
    for rule, check in STAY_RULES.items():
        broken = check(market, household, stay) if market.applies(rule) else None
        if broken is not None:
            return Refusal(rule, stay.house.house_id, *broken)
    return None


def allowed_stays(market: Market, household: Household) -> list[Stay]:
    """List the allowed stays of a household."""
    return [
        stay for stay in wished_stays(market, household) if refusal_of_stay(market, household, stay) is None
    ]
