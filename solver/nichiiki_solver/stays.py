"""Stays: which household may live in which house over which periods, and what stands against the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar, Patterns
from nichiiki_solver.households import persons_of
from nichiiki_solver.measures import Additions, Plans, find_additions
from nichiiki_solver.ragged import (
    Array,
    Bools,
    Ints,
    any_column,
    cut,
    expand_rows,
    first_of_group,
    join,
    joined,
    offsets_of,
    unique_rows,
)
from nichiiki_solver.reach import nearest_minutes_by_car
from nichiiki_solver.standing import STANDINGS, lowest_standing, standings
from nichiiki_solver.travel import (
    CHEAPEST,
    FASTEST,
    Labels,
    Travel,
    monthly_travel_yen,
    trip_cost_yen,
)

NO_LIMIT = np.int64(1) << 40
STAYS_AT_ONCE = 2_000_000
"""About how many stays are judged in one go: a bound on memory, which changes nothing else."""
STAY_RULES = (
    "house_not_ready",
    "period_closed",
    "min_stay",
    "max_stay",
    "start_period",
    "house_capacity",
    "needs",
    "hazard_shared",
    "own_region",
    "owner_veto",
    "use_limit",
    "registrations_max",
    "registration",
    "reach",
    "no_route",
    "trip_minutes",
    "budget",
    "burden",
)
"""Rules of a stay, in the order in which the first broken one is named."""


@dataclass(frozen=True)
class Stays:
    """Stays as columns, one entry each, ordered by household, house, pattern.

    Attributes
    ----------
    household, house, pattern
        Indices into the instance's tables and the patterns.
    rank, utility
        Rank and utility of the wish (milli-points).
    units, cost_yen
        Units needed; highest monthly cost over the periods.
    """

    household: Ints
    house: Ints
    pattern: Ints
    rank: Ints
    utility: Ints
    units: Ints
    cost_yen: Ints

    def __len__(self) -> int:
        return len(self.household)

    def take(self, rows: Array | slice) -> Stays:
        """Return some of the stays."""
        return Stays(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True)
class Refusals:
    """Houses wished for in which some stay is not allowed: of the stays the first whose broken rule comes first.

    Its rank and rule, and what the rule measures: value and limit (`NULL_INT` = none).
    """

    household: Ints
    house: Ints
    rank: Ints
    rule: Ints
    value: Ints
    limit: Ints


@dataclass(frozen=True)
class Judged:
    """The first rule that stands against each candidate stay (`STAY_RULES` index, -1 = none), its value and limit."""

    rule: Ints
    value: Ints
    limit: Ints


def find_stays(instance: Instance, calendar: Calendar, travel: Travel) -> tuple[Stays, Patterns, Refusals]:
    """List every allowed stay, and why others that are wished for are refused."""
    wished, additions = _Wished.of(instance, calendar), find_additions(instance, calendar, Plans.of(instance))
    stays, refused = [], []
    for rows in wished.blocks():
        every, judged = _judged(instance, calendar, travel, additions, wished, rows)
        stays.append(every.take(judged.rule < 0))
        refused.append(_refusals(every, judged))
    return joined(Stays, stays), wished.patterns, joined(Refusals, refused)


def find_candidates(instance: Instance, calendar: Calendar, travel: Travel) -> tuple[Stays, Patterns, Judged]:
    """List every stay that is wished for, allowed (if measures make it so) or not, and what stands against it."""
    wished, additions = _Wished.of(instance, calendar), find_additions(instance, calendar, Plans.of(instance))
    every, judged = _judged(instance, calendar, travel, additions, wished, slice(None))
    return every, wished.patterns, judged


def _judged(
    instance: Instance,
    calendar: Calendar,
    travel: Travel,
    additions: Additions,
    wished: _Wished,
    rows: slice,
) -> tuple[Stays, Judged]:
    """Stays that some wishes ask for, and what stands against each."""
    columns = wished.stays(rows)
    units, cost, *judged = _judge(instance, calendar, travel, wished.patterns, additions, columns)
    household, house, pattern, rank, utility = columns
    return Stays(household, house, pattern, rank, utility, units, cost), Judged(*judged)


def _refusals(every: Stays, judged: Judged) -> Refusals:
    """What stands against each house: of its refused stays the first with the rule that comes first."""
    bad = np.flatnonzero(judged.rule >= 0)
    order = bad[np.lexsort((judged.rule[bad], every.house[bad], every.household[bad]))]
    kept = order[first_of_group(np.stack((every.household[order], every.house[order]), axis=1))]
    refused = every.take(kept)
    return Refusals(
        refused.household,
        refused.house,
        refused.rank,
        judged.rule[kept],
        judged.value[kept],
        judged.limit[kept],
    )


@dataclass(frozen=True)
class _Wished:
    """Houses that are wished for, ordered by household, and the patterns over which: a set of them for each wish.

    Attributes
    ----------
    sets, pattern
        Patterns of each set (CSR).
    which
        Set of each wish.
    """

    household: Ints
    house: Ints
    rank: Ints
    utility: Ints
    which: Ints
    sets: Ints
    pattern: Ints
    patterns: Patterns

    @classmethod
    def of(cls, instance: Instance, calendar: Calendar) -> _Wished:
        """Read the wishes of an instance."""
        wish = _wishes(instance)
        household, house, rank, utility, own = _houses_of_wishes(instance, wish)
        patterns, sets, pattern, which = _with_patterns(instance, calendar, household, own, wish)
        order = np.argsort(household, kind="stable")
        household, house, rank, utility, which = (
            column[order] for column in (household, house, rank, utility, which)
        )
        return cls(household, house, rank, utility, which, sets, pattern, patterns)

    def blocks(self) -> list[slice]:
        """Cut the wishes between households so that no block has many more than `STAYS_AT_ONCE` stays."""
        return cut(self.household, np.diff(self.sets)[self.which], STAYS_AT_ONCE)

    def stays(self, rows: slice) -> tuple[Ints, ...]:
        """Household, house, pattern, rank and utility of every stay that some of the wishes ask for, each once."""
        row, position = expand_rows(self.sets, self.which[rows])
        columns = (column[rows][row] for column in (self.household, self.house, self.rank, self.utility))
        household, house, rank, utility = columns
        return _best_wish(household, house, self.pattern[position], rank, utility)


def utility_of(instance: Instance, name: str, rank: Ints, score: Ints) -> Ints:
    """Utility of wishes of a list in milli-points: the score, else the table's entry of the rank."""
    table = np.array(getattr(instance.rules.lists, name).rank_utility, dtype=np.int64)
    return np.where(score == NULL_INT, table[np.minimum(rank, len(table)) - 1], score)


def _wishes(instance: Instance) -> Ints:
    """Rows of the choices table that wish for a stay."""
    return np.flatnonzero(instance.choices["list"] == "stay")


def _houses_of_wishes(instance: Instance, wish: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Expand wishes to houses: household, house, rank, utility, row of the wish (-1 = none)."""
    choices = instance.choices
    household = instance.households.find(choices["household_id"][wish])
    kind, target = choices["target_kind"][wish], choices["target_id"][wish]
    single = np.flatnonzero(kind == "house")
    wide = np.flatnonzero(kind == "region")
    region_of_house = instance.regions.find(instance.houses["region_id"])
    i, j = join(instance.regions.find(target[wide]), region_of_house, len(instance.regions))
    row = np.concatenate((single, wide[i]))
    house = np.concatenate((instance.houses.find(target[single]), j))
    utility = utility_of(instance, "stay", choices["rank"][wish], choices["score"][wish])
    listed = household[row], house, choices["rank"][wish[row]], utility[row], wish[row]
    if not instance.rules.lists.stay.accept_unlisted:
        return listed
    extra = _unlisted(instance, household[row], house, listed[2])
    return tuple(np.concatenate(pair) for pair in zip(listed, extra, strict=True))  # type: ignore[return-value]


def _unlisted(
    instance: Instance, household: Ints, house: Ints, rank: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Every other house for every household, after all that is listed."""
    wanted = np.ones((len(instance.households), len(instance.houses)), dtype=bool)
    wanted[household, house] = False
    worst = np.zeros(len(instance.households), dtype=np.int64)
    np.maximum.at(worst, household, rank)
    h, j = np.nonzero(wanted)
    return h, j, worst[h] + 1, np.zeros(len(h), dtype=np.int64), np.full(len(h), -1, dtype=np.int64)


def _with_patterns(
    instance: Instance, calendar: Calendar, household: Ints, own: Ints, wish: Ints
) -> tuple[Patterns, Ints, Ints, Ints]:
    """Give each wish its patterns, the household's or the wish's own periods: sets of them (CSR), and the set of each wish."""
    keys = _request_keys(instance)
    requests = {request: index for index, request in enumerate(dict.fromkeys(keys))}
    of_household, of_wish = _pattern_sets(instance, calendar, wish, requests)
    distinct = sorted({s for sets in of_household.values() for s in sets} | set(of_wish.values()))
    number = {positions: index for index, positions in enumerate(distinct)}
    lists = [np.array([number[s] for s in sets], dtype=np.int64) for sets in of_household.values()]
    kind_of = np.array([requests[key] for key in keys], dtype=np.int64)
    flat = np.concatenate([*lists, np.array([number[s] for s in of_wish.values()], dtype=np.int64)])
    starts = offsets_of(np.array([*map(len, lists), *([1] * len(of_wish))], dtype=np.int64))
    slot_of_wish = {row: len(lists) + index for index, row in enumerate(of_wish)}
    slot = kind_of[household]
    for k in np.flatnonzero(np.isin(own, list(slot_of_wish))).tolist():
        slot[k] = slot_of_wish[int(own[k])]
    return Patterns.of(calendar, distinct), starts, flat, slot


Request = tuple[str, tuple[str, ...], int]


def _request_keys(instance: Instance) -> list[Request]:
    """What each household asks for: kind, periods, length."""
    households = instance.households
    return list(
        zip(
            households["stay_kind"].tolist(),
            households.lists("stay_periods"),
            households["stay_length"].tolist(),
            strict=True,
        )
    )


def _pattern_sets(
    instance: Instance, calendar: Calendar, wish: Ints, requests: Iterable[Request]
) -> tuple[dict[Request, list[tuple[int, ...]]], dict[int, tuple[int, ...]]]:
    """Pattern sets of each distinct request, and of each wish with periods of its own."""
    everything = tuple(np.flatnonzero(calendar.open).tolist())
    of_household = {
        request: calendar.patterns(request[0], calendar.positions(request[1]) or everything, request[2])
        for request in requests
    }
    periods = instance.choices.lists("periods")
    with_own = wish[periods.lengths[wish] > 0].tolist()
    return of_household, {row: calendar.positions(periods[row]) for row in with_own}


def _best_wish(household: Ints, house: Ints, pattern: Ints, rank: Ints, utility: Ints) -> tuple[Ints, ...]:
    """Of several wishes for the same stay keep the best rank, then the highest utility."""
    order = np.lexsort((-utility, rank, pattern, house, household))
    kept = order[first_of_group(np.stack((household, house, pattern), axis=1)[order])]
    return household[kept], house[kept], pattern[kept], rank[kept], utility[kept]


class _Judge:
    """Collects, stay by stay, the first broken rule with its value and limit."""

    def __init__(self, size: int) -> None:
        self.rule = np.full(size, -1, dtype=np.int64)
        self.value = np.full(size, NULL_INT, dtype=np.int64)
        self.limit = np.full(size, NULL_INT, dtype=np.int64)

    def refuse(self, rule: str, broken: Bools, value: Ints | None = None, limit: Ints | None = None) -> None:
        """Note a broken rule where none is noted yet."""
        new = broken & (self.rule < 0)
        self.rule[new] = STAY_RULES.index(rule)
        if value is not None:
            self.value[new] = value[new]
        if limit is not None:
            self.limit[new] = limit[new]


def _judge(
    instance: Instance,
    calendar: Calendar,
    travel: Travel,
    patterns: Patterns,
    additions: Additions,
    columns: tuple[Ints, ...],
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Units, cost, and the first broken rule (-1 = allowed) with value and limit of each stay."""
    household, house, pattern = columns[:3]
    judge = _Judge(len(household))
    judge.refuse("house_not_ready", patterns.mask.argmax(axis=1)[pattern] < additions.opens_at[house])
    _judge_periods(instance, calendar, patterns, house, pattern, judge)
    units = _judge_capacity(instance, household, house, additions, judge)
    _judge_fit(instance, household, house, judge)
    judge.refuse("owner_veto", _vetoed(instance, household, house))
    judge.refuse("use_limit", _too_often(instance, patterns, household, house, pattern))
    _judge_registration(instance, patterns, household, house, pattern, judge)
    _judge_reach(instance, travel, household, house, judge)
    cost = _judge_travel(instance, travel, patterns, household, house, pattern, units, judge)
    return units, cost, judge.rule, judge.value, judge.limit


def _judge_periods(
    instance: Instance, calendar: Calendar, patterns: Patterns, house: Ints, pattern: Ints, judge: _Judge
) -> None:
    (houses, pats), pair = unique_rows(house, pattern)
    closed = calendar.mask(instance.houses.lists("closed_periods"), empty=False) | ~calendar.open
    startable = calendar.mask(instance.houses.lists("start_periods"), empty=True)
    judge.refuse("period_closed", any_column(closed[houses] & patterns.mask[pats])[pair])
    low = np.where(instance.houses["min_stay"] == NULL_INT, 0, instance.houses["min_stay"])[house]
    high = np.where(instance.houses["max_stay"] == NULL_INT, NO_LIMIT, instance.houses["max_stay"])[house]
    judge.refuse("min_stay", patterns.shortest_run[pattern] < low, patterns.shortest_run[pattern], low)
    judge.refuse("max_stay", patterns.longest_run[pattern] > high, patterns.longest_run[pattern], high)
    judge.refuse("start_period", any_column(~startable[houses] & patterns.starts[pats])[pair])


def _judge_capacity(
    instance: Instance, household: Ints, house: Ints, additions: Additions, judge: _Judge
) -> Ints:
    persons = np.maximum(persons_of(instance), 1)[household]
    units = -(-persons // instance.houses["capacity_persons"][house])
    several = np.isin(instance.houses["kind"], ("room", "hotel"))[house]
    most = (instance.houses["units"] + additions.house_adds)[house]
    limit = np.where(several, most, np.minimum(1, most))
    judge.refuse("house_capacity", units > limit, persons, limit * instance.houses["capacity_persons"][house])
    return units


def _judge_fit(instance: Instance, household: Ints, house: Ints, judge: _Judge) -> None:
    lacking = np.zeros(len(household), dtype=bool)
    for need in np.unique(instance.households.lists("needs").values).tolist():
        has = instance.houses.lists("tags").holds(need)[house]
        lacking |= instance.households.lists("needs").holds(need)[household] & ~has
    judge.refuse("needs", lacking)
    region = instance.regions.find(instance.households["home_region"])[household]
    shared = np.zeros(len(household), dtype=bool)
    for hazard in instance.rules.limits.hazards_apart:
        at_home = instance.regions.lists("hazards").holds(hazard)[region]
        shared |= at_home & instance.houses.lists("hazards").holds(hazard)[house]
    judge.refuse("hazard_shared", shared)
    judge.refuse("own_region", region == instance.regions.find(instance.houses["region_id"])[house])


def _vetoed(instance: Instance, household: Ints, house: Ints) -> Bools:
    """Whether the owner of the house does not accept the household, or refuses it."""
    accepts, refuses = instance.houses.lists("accepts"), instance.houses.lists("refuses")
    accepted = (accepts.lengths == 0)[house]
    refused = np.zeros(len(house), dtype=bool)
    for name in np.unique(np.concatenate((accepts.values, refuses.values))).tolist():
        meant = instance.households.lists("groups").holds(name) | (
            instance.households["household_id"] == name
        )
        accepted |= accepts.holds(name)[house] & meant[household]
        refused |= refuses.holds(name)[house] & meant[household]
    return np.asarray(~accepted | refused)


def half_years(days: Array) -> Ints:
    """Number of the half-year of each day: April to September, October to March."""
    months = days.astype("datetime64[M]").astype(np.int64)
    return np.asarray((months - 3) // 6)


def _too_often(instance: Instance, patterns: Patterns, household: Ints, house: Ints, pattern: Ints) -> Bools:
    """Whether stays that begin in a half-year, earlier ones included, are more than the house allows."""
    limit = instance.houses["uses_per_half_year"][house]
    broken = np.zeros(len(house), dtype=bool)
    rows = np.flatnonzero(limit != NULL_INT)
    of_period, history = half_years(instance.periods["starts_on"]), _earlier_stays(instance)
    for half in np.unique(of_period).tolist() if len(rows) else []:
        begun = patterns.starts[:, of_period == half].sum(axis=1)[pattern[rows]]
        who, where, when = history
        size = len(instance.houses)
        keys = np.sort((who * size + where)[when == half])
        here = household[rows] * size + house[rows]
        past = np.searchsorted(keys, here, side="right") - np.searchsorted(keys, here)
        broken[rows] |= (begun > 0) & (begun + past > limit[rows])
    return broken


def _earlier_stays(instance: Instance) -> tuple[Ints, Ints, Ints]:
    """Household, house and half-year of the earlier stays."""
    uses = instance.use_history
    uses = uses.take(uses["kind"] == "stay")
    day = uses["on"].copy()
    dated = instance.periods["starts_on"][_periods_of(instance, uses["period_id"])] if len(uses) else day
    return (
        instance.households.find(uses["household_id"]),
        instance.houses.find(uses["target_id"]),
        half_years(np.where(np.isnat(day), dated, day)),
    )


def _periods_of(instance: Instance, ids: Array) -> Ints:
    """Row of each period; 0 where none is named."""
    if not len(instance.periods):
        return np.zeros(len(ids), dtype=np.int64)
    order = np.argsort(instance.periods["period_id"], kind="stable")
    place = np.searchsorted(instance.periods["period_id"][order], ids)
    return np.asarray(order[np.minimum(place, len(order) - 1)])


def _judge_registration(
    instance: Instance, patterns: Patterns, household: Ints, house: Ints, pattern: Ints, judge: _Judge
) -> None:
    """Check how many registrations there would be, and that the standing suffices."""
    households, most = instance.households, instance.rules.limits.registrations_max
    others = households.lists("other_municipalities")
    size = len(instance.regions)
    known = others.owners * size + instance.regions.find(others.values)
    region = instance.regions.find(instance.houses["region_id"])[house]
    (who, where), pair = unique_rows(household, region)
    count = (others.lengths[who] + ~np.isin(who * size + where, known))[pair]
    registered = households["registration"][household] != "none"
    judge.refuse("registrations_max", registered & (count > most), count, np.full_like(count, most))
    least = STANDINGS.index(instance.rules.registration.stay)
    if least:
        standing = lowest_standing(standings(instance), patterns.mask, household, pattern)
        judge.refuse("registration", standing < least)


def _judge_reach(instance: Instance, travel: Travel, household: Ints, house: Ints, judge: _Judge) -> None:
    """Check that every service that must be near is."""
    car = instance.households["car"][household].astype(np.int64)
    for row in instance.rules.limits.reach:
        minutes = nearest_minutes_by_car(instance, travel, row)[house, car]
        shown = np.where(minutes >= NO_LIMIT, NULL_INT, minutes)
        judge.refuse("reach", minutes > row.minutes, shown, np.full_like(minutes, row.minutes))


def burden_limit(instance: Instance) -> Ints:
    """Most yen a month that the rules let each household's income class pay, `NO_LIMIT` where they do not say."""
    income = instance.households["income_class"]
    limit = np.full(len(income), NO_LIMIT, dtype=np.int64)
    for row in sorted(instance.rules.limits.burden_by_income, key=lambda row: row.up_to_class, reverse=True):
        limit[(income != NULL_INT) & (income <= row.up_to_class)] = row.yen
    return limit


def _judge_travel(
    instance: Instance,
    travel: Travel,
    patterns: Patterns,
    household: Ints,
    house: Ints,
    pattern: Ints,
    units: Ints,
    judge: _Judge,
) -> Ints:
    """Check ways, minutes and budget network by network; return the highest monthly cost."""
    limit = trip_limit(instance)[household]
    budget = instance.households["budget_yen"][household]
    rent = units * instance.houses["rent_yen"][house]
    cost = rent.copy()
    minutes = np.zeros(len(household), dtype=np.int64)
    for network in range(len(travel.running)):
        used = any_column(patterns.mask[:, travel.network_of_period == network])
        rows = np.flatnonzero(used[pattern])
        took, yen = _monthly_trip(instance, travel, household[rows], house[rows], limit[rows], network)
        minutes[rows] = np.where((took < 0) | (minutes[rows] < 0), -1, np.maximum(minutes[rows], took))
        yen = _with_passes(
            instance, travel, patterns, pattern[rows], household[rows], house[rows], yen, network
        )
        cost[rows] = np.maximum(cost[rows], rent[rows] + yen)
    judge.refuse("no_route", minutes < 0)
    judge.refuse("trip_minutes", minutes > limit, minutes, limit)
    judge.refuse("budget", cost > budget, cost, budget)
    most = burden_limit(instance)[household]
    judge.refuse("burden", cost > most, cost, most)
    return cost


def _with_passes(
    instance: Instance,
    travel: Travel,
    patterns: Patterns,
    pattern: Ints,
    household: Ints,
    house: Ints,
    single: Ints,
    network: int,
) -> Ints:
    """Highest travel cost of a month over the periods of a network in a stay: single fares, or a pass that costs less."""
    passes = instance.passes
    if not len(passes):
        return single
    size = len(instance.houses)
    keys = instance.households.find(passes["household_id"]) * size + instance.houses.find(passes["house_id"])
    highest = np.zeros(len(single), dtype=np.int64)
    for period in np.flatnonzero(travel.network_of_period == network).tolist():
        rows = passes["period_id"] == instance.periods["period_id"][period]
        yen = np.minimum(single, _looked_up(keys[rows], passes["travel_yen"][rows], household * size + house))
        highest = np.maximum(highest, np.where(patterns.mask[pattern, period], yen, 0))
    return highest


def _looked_up(known: Ints, values: Ints, keys: Ints) -> Ints:
    """Value of each key; a very large one where there is none."""
    order = np.argsort(known, kind="stable")
    at = np.minimum(np.searchsorted(known[order], keys), max(0, len(known) - 1))
    found = np.full(len(keys), NO_LIMIT, dtype=np.int64)
    if len(known):
        found = np.where(known[order][at] == keys, values[order][at], found)
    return found


def _monthly_trip(
    instance: Instance, travel: Travel, household: Ints, house: Ints, limit: Ints, network: int
) -> tuple[Ints, Ints]:
    """Minutes of the way each household takes (-1 = none), and its travel cost a month."""
    car = instance.households["car"][household]
    (homes, houses, cars), pair = unique_rows(travel.home_of_household[household], house, car)
    numbers = np.full(len(homes), network, dtype=np.int64)
    fast = travel.trips(homes, houses, cars.astype(bool), numbers, FASTEST)
    cheap = travel.trips(homes, houses, cars.astype(bool), numbers, CHEAPEST)
    adults, children = travel.fare_shares
    cheap_fits = (cheap.minutes[pair] >= 0) & (cheap.minutes[pair] <= limit)
    minutes = np.where(cheap_fits, cheap.minutes[pair], fast.minutes[pair])
    taken = Labels(
        minutes,
        np.where(cheap_fits, cheap.fare_yen[pair], fast.fare_yen[pair]),
        np.where(cheap_fits, cheap.vehicle_yen[pair], fast.vehicle_yen[pair]),
    )
    yen = trip_cost_yen(instance, taken, adults[household], children[household])
    return minutes, monthly_travel_yen(instance.households["round_trips"][household], yen)


def trip_limit(instance: Instance) -> Ints:
    """Longest one-way trip of each household in minutes: its own limit or the general one, whichever is smaller."""
    own = instance.households["max_trip_minutes"]
    general = instance.rules.limits.trip_minutes
    return np.minimum(np.where(own == NULL_INT, NO_LIMIT, own), NO_LIMIT if general is None else general)
