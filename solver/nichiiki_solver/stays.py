"""Stays: which household may live in which house over which periods, and what stands against the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar, Patterns
from nichiiki_solver.house_limits import NO_LIMIT, HouseLimits
from nichiiki_solver.households import persons_of
from nichiiki_solver.measures import Additions, Plans, find_additions
from nichiiki_solver.narrowing import EVERYTHING, Narrowing, join_some
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
    meet,
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
from nichiiki_solver.worth import Worth

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


def find_stays(
    instance: Instance,
    calendar: Calendar,
    travel: Travel,
    narrowing: Narrowing = EVERYTHING,
    worth: Worth | None = None,
    plans: Plans | None = None,
) -> tuple[Stays, Patterns, Refusals]:
    """List every allowed stay, and why others that are wished for are refused.

    Parameters
    ----------
    instance, calendar, travel
        Whose stays they are.
    narrowing
        What is looked at.
    worth
        Says of stays before they are judged whether they need to be; all are if None.
    plans
        Plans of the measures, if they are known.
    """
    wished = _Wished.of(instance, calendar, narrowing)
    additions = find_additions(instance, calendar, plans or Plans.of(instance))
    stays, refused = [], []
    for rows in wished.blocks():
        every, homes, judged = _judged(instance, calendar, travel, additions, wished, rows, worth)
        stays.append(every.take(judged.rule < 0))
        refused.append(_refusals(every, homes, judged))
    return joined(Stays, stays), wished.patterns, joined(Refusals, refused)


def find_candidates(instance: Instance, calendar: Calendar, travel: Travel) -> tuple[Stays, Patterns, Judged]:
    """List every stay that is wished for, allowed (if measures make it so) or not, and what stands against it."""
    wished = _Wished.of(instance, calendar, EVERYTHING)
    additions = find_additions(instance, calendar, Plans.of(instance))
    every, _, judged = _judged(instance, calendar, travel, additions, wished, slice(None))
    return every, wished.patterns, judged


@dataclass(frozen=True)
class _Homes:
    """Distinct pairs of a household and a house, and the pair of each of some stays, which are ordered by them.

    What does not hang on the periods is judged once a pair.
    """

    household: Ints
    house: Ints
    of_stay: Ints

    @classmethod
    def of(cls, household: Ints, house: Ints) -> _Homes:
        """Number the pairs of stays."""
        first = first_of_group(household) | first_of_group(house)
        return cls(household[first], house[first], np.cumsum(first) - 1)


def _judged(
    instance: Instance,
    calendar: Calendar,
    travel: Travel,
    additions: Additions,
    wished: _Wished,
    rows: slice,
    worth: Worth | None = None,
) -> tuple[Stays, _Homes, Judged]:
    """Stays that some wishes ask for, their pairs of household and house, and what stands against each."""
    household, house, pattern, rank, utility = wished.stays(rows, worth)
    homes = _Homes.of(household, house)
    units, cost, judged = _judge(instance, calendar, travel, wished.patterns, additions, homes, pattern)
    return Stays(household, house, pattern, rank, utility, units, cost), homes, judged


def _refusals(every: Stays, homes: _Homes, judged: Judged) -> Refusals:
    """What stands against each house: of its refused stays the first with the rule that comes first."""
    bad = np.flatnonzero(judged.rule >= 0)
    pair, rule = homes.of_stay[bad], judged.rule[bad]
    begins = np.flatnonzero(first_of_group(pair))
    size = np.diff(np.append(begins, len(bad)))[: len(bad)]
    least = np.repeat(np.minimum.reduceat(rule, begins), size) if len(bad) else rule
    kept = bad[rule == least]
    kept = kept[first_of_group(homes.of_stay[kept])]
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
    """Houses that are wished for, ordered by household and house, and the patterns over which: a set of them for each wish.

    Attributes
    ----------
    which
        Set of each wish.
    several
        Whether its household wishes for the house more than once.
    sets, pattern
        Patterns of each set (CSR), ascending.
    """

    household: Ints
    house: Ints
    rank: Ints
    utility: Ints
    which: Ints
    several: Bools
    sets: Ints
    pattern: Ints
    patterns: Patterns

    @classmethod
    def of(cls, instance: Instance, calendar: Calendar, narrowing: Narrowing) -> _Wished:
        """Read the wishes of an instance."""
        wish = _wishes(instance)
        household, house, rank, utility, own = _houses_of_wishes(instance, wish, narrowing)
        patterns, sets, pattern, which = _with_patterns(instance, calendar, household, own, wish)
        order = np.lexsort((house, household))
        household, house, rank, utility, which = (
            column[order] for column in (household, house, rank, utility, which)
        )
        begins = first_of_group(household) | first_of_group(house)
        several = ~(begins & np.append(begins[1:], True))
        return cls(household, house, rank, utility, which, several, sets, pattern, patterns)

    def blocks(self) -> list[slice]:
        """Cut the wishes between households so that no block has many more than `STAYS_AT_ONCE` stays."""
        return cut(self.household, np.diff(self.sets)[self.which], STAYS_AT_ONCE)

    def stays(self, rows: slice, worth: Worth | None) -> tuple[Ints, ...]:
        """Household, house, pattern, rank and utility of every stay that some of the wishes ask for, each once."""
        household, house, rank, utility, which = (
            column[rows] for column in (self.household, self.house, self.rank, self.utility, self.which)
        )
        if worth is None:
            row, position = expand_rows(self.sets, which)
        else:
            sets = self.sets, self.pattern
            row, position = worth.could_gain(household, house, utility, which, sets, self.patterns)
        columns = household[row], house[row], self.pattern[position], rank[row], utility[row]
        best = _best_wishes(*columns, self.several[rows][row])
        return tuple(column[best] for column in columns)


def utility_of(instance: Instance, name: str, rank: Ints, score: Ints) -> Ints:
    """Utility of wishes of a list in milli-points: the score, else the table's entry of the rank."""
    table = np.array(getattr(instance.rules.lists, name).rank_utility, dtype=np.int64)
    return np.where(score == NULL_INT, table[np.minimum(rank, len(table)) - 1], score)


def _wishes(instance: Instance) -> Ints:
    """Rows of the choices table that wish for a stay."""
    return np.flatnonzero(instance.choices["list"] == "stay")


def _houses_of_wishes(
    instance: Instance, wish: Ints, narrowing: Narrowing
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Expand wishes to houses: household, house, rank, utility, row of the wish (-1 = none)."""
    choices = instance.choices
    household = instance.households.find(choices["household_id"][wish])
    kind, target = choices["target_kind"][wish], choices["target_id"][wish]
    single = np.flatnonzero(kind == "house")
    wide = np.flatnonzero(kind == "region")
    named = instance.houses.find(target[single])
    region = instance.regions.find(target[wide])
    known = (
        np.concatenate((household[single], narrowing.household)),
        np.concatenate((named, narrowing.house)),
    )
    i, j = _houses_of_towns(instance, household[wide], region, known, narrowing.houses)
    row, house = np.concatenate((single, wide[i])), np.concatenate((named, j))
    utility = utility_of(instance, "stay", choices["rank"][wish], choices["score"][wish])
    listed = household[row], house, choices["rank"][wish[row]], utility[row], wish[row]
    if not instance.rules.lists.stay.accept_unlisted:
        return listed
    towns = household[wide] * len(instance.regions) + region
    extra = _unlisted(instance, household[row], house, listed[2], towns, narrowing)
    return tuple(np.concatenate(pair) for pair in zip(listed, extra, strict=True))  # type: ignore[return-value]


def _houses_of_towns(
    instance: Instance, household: Ints, region: Ints, known: tuple[Ints, Ints], most: int | None
) -> tuple[Ints, Ints]:
    """Pairs of a wish for a town, by household and region, and a house there: at most so many, and those known in any case.

    A house that a household wishes for more than once is looked at with each of the wishes, so that the best of them counts.
    """
    region_of_house = instance.regions.find(instance.houses["region_id"])
    i, j = join_some(region, region_of_house, len(instance.regions), most)
    if most is None:
        return i, j
    homes, size = np.concatenate((known[0], household[i])), len(instance.houses)
    pairs = np.unique(homes * size + np.concatenate((known[1], j)))
    k, row = join(household, pairs // size, len(instance.households))
    house = pairs[row] % size
    there = region_of_house[house] == region[k]
    return k[there], house[there]


def _unlisted(
    instance: Instance, household: Ints, house: Ints, rank: Ints, towns: Ints, narrowing: Narrowing
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Every other house for every household, or some of them, after all that is listed; none of a town that it wishes for."""
    homes, size = len(instance.households), len(instance.houses)
    worst = np.zeros(homes, dtype=np.int64)
    np.maximum.at(worst, household, rank)
    h, j = join_some(np.zeros(homes, dtype=np.int64), np.zeros(size, dtype=np.int64), 1, narrowing.houses)
    pairs = np.union1d(h * size + j, narrowing.household * size + narrowing.house)
    pairs = pairs[~np.isin(pairs, household * size + house)]
    h, j = pairs // size, pairs % size
    free = ~np.isin(h * len(instance.regions) + instance.regions.find(instance.houses["region_id"])[j], towns)
    h, j = h[free], j[free]
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
    lists = [np.array(sorted(number[s] for s in sets), dtype=np.int64) for sets in of_household.values()]
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


def _best_wishes(
    household: Ints, house: Ints, pattern: Ints, rank: Ints, utility: Ints, several: Bools
) -> Ints | slice:
    """Of several wishes for the same stay keep the best rank, then the highest utility; all are ordered by household and house."""
    at = np.flatnonzero(several)
    if not len(at):
        return slice(None)
    order = np.lexsort((-utility[at], rank[at], pattern[at], house[at], household[at]))
    keys = np.stack((household[at], house[at], pattern[at]), axis=1)[order]
    rows, kept = np.arange(len(household)), np.ones(len(household), dtype=bool)
    rows[at] = at[order]
    kept[at] = first_of_group(keys)
    return rows[kept]


class _Judge:
    """Collects, stay by stay, the first broken rule with its value and limit."""

    def __init__(self, pair: Ints) -> None:
        self.pair = pair
        self.rule = np.full(len(pair), -1, dtype=np.int64)
        self.value = np.full(len(pair), NULL_INT, dtype=np.int64)
        self.limit = np.full(len(pair), NULL_INT, dtype=np.int64)

    def refuse(self, rule: str, broken: Bools, value: Ints | None = None, limit: Ints | None = None) -> None:
        """Note a rule that stays break where none is noted yet."""
        self._note(rule, np.flatnonzero(broken & (self.rule < 0)), value, limit)

    def refuse_pairs(
        self, rule: str, broken: Bools, value: Ints | None = None, limit: Ints | None = None
    ) -> None:
        """Note a rule that pairs of a household and a house break, whatever the periods, where none is noted yet."""
        if broken.any():
            new = np.flatnonzero(broken[self.pair] & (self.rule < 0))
            pair = self.pair[new]
            self._note(rule, new, value, limit, pair)

    def _note(
        self, rule: str, new: Ints, value: Ints | None, limit: Ints | None, at: Ints | None = None
    ) -> None:
        at = new if at is None else at
        self.rule[new] = STAY_RULES.index(rule)
        if value is not None:
            self.value[new] = value[at]
        if limit is not None:
            self.limit[new] = limit[at]

    def judged(self) -> Judged:
        """Return what was noted."""
        return Judged(self.rule, self.value, self.limit)


def _judge(
    instance: Instance,
    calendar: Calendar,
    travel: Travel,
    patterns: Patterns,
    additions: Additions,
    homes: _Homes,
    pattern: Ints,
) -> tuple[Ints, Ints, Judged]:
    """Units and cost of each stay, and the first broken rule."""
    pair = homes.of_stay
    judge = _Judge(pair)
    house, limits = homes.house[pair], HouseLimits.of(instance, additions)
    judge.refuse("house_not_ready", patterns.mask.argmax(axis=1)[pattern] < additions.opens_at[house])
    _judge_periods(instance, calendar, patterns, limits, house, pattern, judge)
    units = _judge_capacity(instance, homes, limits, judge)
    _judge_fit(instance, homes, judge)
    judge.refuse_pairs("owner_veto", _vetoed(instance, homes.household, homes.house))
    judge.refuse("use_limit", _too_often(instance, patterns, homes.household[pair], house, pattern))
    _judge_registration(instance, patterns, homes, pattern, judge)
    _judge_reach(instance, travel, homes, judge)
    cost = _judge_travel(instance, travel, patterns, homes, pattern, units, judge)
    return units[pair], cost, judge.judged()


def _judge_periods(
    instance: Instance,
    calendar: Calendar,
    patterns: Patterns,
    limits: HouseLimits,
    house: Ints,
    pattern: Ints,
    judge: _Judge,
) -> None:
    closed = calendar.mask(instance.houses.lists("closed_periods"), empty=False) | ~calendar.open
    startable = calendar.mask(instance.houses.lists("start_periods"), empty=True)
    judge.refuse("period_closed", meet(closed, patterns.mask, house, pattern))
    low, high = limits.shortest[house], limits.longest[house]
    shortest, longest = patterns.shortest_run[pattern], patterns.longest_run[pattern]
    judge.refuse("min_stay", shortest < low, shortest, low)
    judge.refuse("max_stay", longest > high, longest, high)
    judge.refuse("start_period", meet(~startable, patterns.starts, house, pattern))


def _judge_capacity(instance: Instance, homes: _Homes, limits: HouseLimits, judge: _Judge) -> Ints:
    """Check that there are so many units; return how many each household needs in each house."""
    house, persons = homes.house, np.maximum(persons_of(instance), 1)[homes.household]
    units = limits.units_for(persons, house)
    judge.refuse_pairs(
        "house_capacity", units > limits.units[house], persons, (limits.units * limits.persons)[house]
    )
    return units


def _judge_fit(instance: Instance, homes: _Homes, judge: _Judge) -> None:
    household, house = homes.household, homes.house
    lacking = np.zeros(len(household), dtype=bool)
    for need in np.unique(instance.households.lists("needs").values).tolist():
        has = instance.houses.lists("tags").holds(need)[house]
        lacking |= instance.households.lists("needs").holds(need)[household] & ~has
    judge.refuse_pairs("needs", lacking)
    region = instance.regions.find(instance.households["home_region"])[household]
    shared = np.zeros(len(household), dtype=bool)
    for hazard in instance.rules.limits.hazards_apart:
        at_home = instance.regions.lists("hazards").holds(hazard)[region]
        shared |= at_home & instance.houses.lists("hazards").holds(hazard)[house]
    judge.refuse_pairs("hazard_shared", shared)
    judge.refuse_pairs("own_region", region == instance.regions.find(instance.houses["region_id"])[house])


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
    instance: Instance, patterns: Patterns, homes: _Homes, pattern: Ints, judge: _Judge
) -> None:
    """Check how many registrations there would be, and that the standing suffices."""
    households, most = instance.households, instance.rules.limits.registrations_max
    others = households.lists("other_municipalities")
    size = len(instance.regions)
    known = others.owners * size + instance.regions.find(others.values)
    region = instance.regions.find(instance.houses["region_id"])[homes.house]
    new = ~np.isin(homes.household * size + region, known)
    count = others.lengths[homes.household] + new
    registered = households["registration"][homes.household] != "none"
    limit = np.full_like(count, most)
    judge.refuse_pairs("registrations_max", registered & (count > most), count, limit)
    least = STANDINGS.index(instance.rules.registration.stay)
    if least:
        household = homes.household[homes.of_stay]
        standing = lowest_standing(standings(instance), patterns.mask, household, pattern)
        judge.refuse("registration", standing < least)


def _judge_reach(instance: Instance, travel: Travel, homes: _Homes, judge: _Judge) -> None:
    """Check that every service that must be near is."""
    car = instance.households["car"][homes.household].astype(np.int64)
    for row in instance.rules.limits.reach:
        minutes = nearest_minutes_by_car(instance, travel, row)[homes.house, car]
        shown = np.where(minutes >= NO_LIMIT, NULL_INT, minutes)
        judge.refuse_pairs("reach", minutes > row.minutes, shown, np.full_like(minutes, row.minutes))


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
    homes: _Homes,
    pattern: Ints,
    units: Ints,
    judge: _Judge,
) -> Ints:
    """Check ways, minutes and budget network by network; return the highest monthly cost."""
    pair = homes.of_stay
    limit = trip_limit(instance)[homes.household]
    rent = (units * instance.houses["rent_yen"][homes.house])[pair]
    cost, minutes = rent.copy(), np.zeros(len(pair), dtype=np.int64)
    for network in range(len(travel.running)):
        used = any_column(patterns.mask[:, travel.network_of_period == network])
        rows = np.flatnonzero(used[pattern])
        took, yen = _monthly_trip(instance, travel, homes.household, homes.house, limit, network)
        took, yen = took[pair[rows]], yen[pair[rows]]
        minutes[rows] = np.where((took < 0) | (minutes[rows] < 0), -1, np.maximum(minutes[rows], took))
        where = homes.household[pair[rows]], homes.house[pair[rows]]
        yen = _with_passes(instance, travel, patterns, pattern[rows], *where, yen, network)
        cost[rows] = np.maximum(cost[rows], rent[rows] + yen)
    judge.refuse("no_route", minutes < 0)
    for rule, value, most in (
        ("trip_minutes", minutes, limit),
        ("budget", cost, instance.households["budget_yen"][homes.household]),
        ("burden", cost, burden_limit(instance)[homes.household]),
    ):
        judge.refuse(rule, value > most[pair], value, most[pair])
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
