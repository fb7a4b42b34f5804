"""Options of each stay, or group of stays: for every need the targets (or sets of them) that its rules allow, and nothing.

A *slot* is what is decided in one piece: one need, or the school needs of siblings who stay together. An option is
a list of *parts*, each a target for a need. Given the stay, the slots of a household are independent of each other
but for shared capacity, so the best bundle at given prices is the best option of each slot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar, Patterns
from nichiiki_solver.house_limits import NO_LIMIT
from nichiiki_solver.measures import Plans, added_seats, counts_from
from nichiiki_solver.needs import (
    CARE,
    DESK,
    EXPERIENCE,
    REMOTE,
    ROLE,
    SCHOOL,
    TARGET_RULES,
    Needs,
    Targets,
    Wanted,
    held_from_elsewhere,
    singles,
)
from nichiiki_solver.ragged import (
    Array,
    Bools,
    Ints,
    any_column,
    expand,
    first_of_group,
    join,
    offsets_of,
    segment_sum,
    unique_rows,
)
from nichiiki_solver.standing import is_entitled
from nichiiki_solver.stays import Stays
from nichiiki_solver.travel import Travel

NEVER = np.int64(1) << 40
"""Worse than any rank."""


@dataclass(frozen=True)
class Slots:
    """What is decided in one piece, ordered by household and position.

    Attributes
    ----------
    household, list
        Household and list code.
    of_need
        Slot of each need.
    nothing, nothing_utility
        Whether nothing is acceptable, and its utility.
    """

    household: Ints
    list: Ints
    of_need: Ints
    nothing: Bools
    nothing_utility: Ints

    def __len__(self) -> int:
        return len(self.household)


@dataclass(frozen=True)
class Options:
    """Options as columns, ordered by group, slot, rank, tie.

    Attributes
    ----------
    group, slot
        Indices; a group is what stays with the same options have in common.
    pattern
        Pattern of the stays of each group.
    rank, tie
        Numbers whose order inside a slot is that of the ranks, and of the ties between equal ranks.
    utility, role_value
        Milli-points.
    part_offsets, part_need, part_target
        Parts of each option (CSR).
    """

    group: Ints
    slot: Ints
    pattern: Ints
    rank: Ints
    tie: Ints
    utility: Ints
    role_value: Ints
    part_offsets: Ints
    part_need: Ints
    part_target: Ints

    def __len__(self) -> int:
        return len(self.group)

    @classmethod
    def joined(cls, blocks: list[Options]) -> Options:
        """Put options of groups that follow each other into one table; ranks and ties compare inside a block only."""
        columns = {
            name: np.concatenate([getattr(block, name) for block in blocks])
            for name in (
                "slot",
                "pattern",
                "rank",
                "tie",
                "utility",
                "role_value",
                "part_need",
                "part_target",
            )
        }
        firsts = offsets_of(np.array([len(block.pattern) for block in blocks]))[:-1].tolist()
        counts = [np.diff(block.part_offsets) for block in blocks]
        return cls(
            group=np.concatenate([block.group + first for block, first in zip(blocks, firsts, strict=True)]),
            part_offsets=offsets_of(np.concatenate(counts)),
            **columns,
        )

    @property
    def part_pattern(self) -> Ints:
        """Pattern of the stays that each part is for."""
        return self.pattern[np.repeat(self.group, np.diff(self.part_offsets))]


@dataclass(frozen=True)
class Seats:
    """Seat rows by facility and band: seats and care capacity in each period, -1 where there is no row.

    `added` is what measures with a plan could add.
    """

    number: dict[tuple[int, str], int]
    facility: Ints
    seats: Ints
    days: Ints
    added: Ints

    @classmethod
    def of(cls, instance: Instance, calendar: Calendar, plans: Plans) -> Seats:
        """Spread the seat rows over the calendar: a row of a period comes before the row ``all``."""
        table = instance.seats
        facility = instance.facilities.find(table["facility_id"])
        number: dict[tuple[int, str], int] = {}
        for key in zip(facility.tolist(), table["band"].tolist(), strict=True):
            number.setdefault(key, len(number))
        seats = np.full((len(number), len(calendar)), -1, dtype=np.int64)
        days = np.zeros_like(seats)
        general = table["period_id"] == "all"
        for row in [*np.flatnonzero(general).tolist(), *np.flatnonzero(~general).tolist()]:
            index = number[int(facility[row]), str(table["band"][row])]
            at = slice(None) if general[row] else list(calendar.positions([str(table["period_id"][row])]))
            own = int(table["days"][row])
            seats[index, at] = table["seats"][row]
            days[index, at] = calendar.weekdays[at] if own == NULL_INT else own
        added = np.zeros_like(seats)
        for (name, band), measures in added_seats(instance, plans).items():
            index = number.get((int(instance.facilities.find(np.array([name]))[0]), band), -1)
            for row, adds in measures if index >= 0 else ():
                begins = counts_from(instance, calendar, np.array([row]))
                added[index] += adds * (np.arange(len(calendar)) >= begins)
        return cls(number, np.array([key[0] for key in number], dtype=np.int64), seats, days, added)


def band_rows(
    instance: Instance, targets: Targets, needs: Needs, seats: Seats, need: Ints, target: Ints
) -> Ints:
    """Row of `Seats` that a need uses at a facility, -1 where it offers none; -2 for other targets."""
    result = np.full(len(need), -2, dtype=np.int64)
    rows = np.flatnonzero(needs.list[need] <= DESK)
    (pair_need, pair_target), inverse = (
        unique_rows(need[rows], target[rows]) if len(rows) else ([rows, rows], rows)
    )
    grades = instance.persons["grade"]
    found = [
        seats.number.get((t, "desk" if needs.list[n] == DESK else str(grades[needs.person[n]])), -1)
        for n, t in zip(pair_need.tolist(), pair_target.tolist(), strict=True)
    ]
    result[rows] = np.array(found, dtype=np.int64)[inverse]
    return result


@dataclass(frozen=True)
class Singles:
    """Allowed pairs of a group of stays and a wanted target, and for refused ones the rule."""

    group: Ints
    wanted: Ints
    refused_group: Ints
    refused_wanted: Ints
    refused_rule: Ints

    def moved(self, first: int, wanted: Ints) -> Singles:
        """Renumber the groups, from `first` on, and the wanted targets."""
        return Singles(
            self.group + first,
            wanted[self.wanted],
            self.refused_group + first,
            wanted[self.refused_wanted],
            self.refused_rule,
        )


def find_singles(
    instance: Instance,
    calendar: Calendar,
    travel: Travel,
    patterns: Patterns,
    targets: Targets,
    stays: Stays,
    needs: Needs,
    wanted: Wanted,
    seats: Seats,
) -> Singles:
    """Judge every wanted target against every stay of its household in its region; of a group of stays one is enough."""
    stay, want = singles(instance, stays, needs, wanted)
    need, target, pattern = wanted.need[want], wanted.target[want], stays.pattern[stay]
    rule = np.full(len(stay), -1, dtype=np.int64)

    def refuse(name: str, broken: Bools) -> None:
        rule[broken & (rule < 0)] = TARGET_RULES.index(name)

    no_seats, few_days = _seats_missing(instance, targets, needs, seats, patterns, need, target, pattern)
    refuse("no_seats", no_seats)
    refuse("care_days_max", few_days)
    refuse("not_entitled", _not_entitled(instance, needs, patterns, need, target, pattern))
    absent = _absent(instance, calendar, targets, needs, patterns, need, target, pattern)
    refuse("role_period", absent & (needs.list[need] == ROLE))
    refuse("experience_period", absent & (needs.list[need] == EXPERIENCE))
    refuse("commute", too_far(instance, travel, targets, stays, needs, stay, need, target))
    good, bad = rule < 0, rule >= 0
    return Singles(stay[good], want[good], stay[bad], want[bad], rule[bad])


def _seats_missing(
    instance: Instance,
    targets: Targets,
    needs: Needs,
    seats: Seats,
    patterns: Patterns,
    need: Ints,
    target: Ints,
    pattern: Ints,
) -> tuple[Bools, Bools]:
    """Whether some period of the stay has no seat, and whether care asks for more days than a period has."""
    row = band_rows(instance, targets, needs, seats, need, target)
    missing, few = row == -1, np.zeros(len(need), dtype=bool)
    at = np.flatnonzero(row >= 0)
    if len(at):
        (rows, pats), pair = unique_rows(row[at], pattern[at])
        none = (seats.seats[rows] < 0) | (seats.seats[rows] + seats.added[rows] <= 0)
        missing[at] = any_column(none & patterns.mask[pats])[pair]
        fewest = np.where(patterns.mask[pats], seats.days[rows], NO_LIMIT).min(axis=1)[pair]
        wants_care = needs.list[need[at]] == CARE
        few[at] = wants_care & (instance.persons["care_days"][needs.person[need[at]]] > fewest)
    return missing, few


def _not_entitled(
    instance: Instance, needs: Needs, patterns: Patterns, need: Ints, target: Ints, pattern: Ints
) -> Bools:
    """Whether the household's registration gives it no right to a facility in some period."""
    broken = np.zeros(len(need), dtype=bool)
    at = np.flatnonzero(needs.list[need] <= DESK)
    if len(at) and len(instance.facilities.lists("eligible").values):
        household = needs.household[need[at]]
        broken[at] = ~is_entitled(instance, target[at], household, patterns.mask, pattern[at])
    return broken


def own_periods(instance: Instance, calendar: Calendar, targets: Targets) -> tuple[Bools, Bools]:
    """Periods of each role and experience (matrix), and whether all of them are needed."""
    roles = calendar.mask(instance.roles.lists("periods"), empty=True)
    experiences = calendar.mask(instance.experiences.lists("periods"), empty=True)
    whole = np.concatenate((instance.roles["whole_season"], np.zeros(len(instance.experiences), dtype=bool)))
    return np.concatenate((roles, experiences)), whole


def _own_row(instance: Instance, targets: Targets, target: Ints) -> Ints:
    """Row of a role or experience in `own_periods`."""
    experience = target >= targets.first[3]
    return np.where(experience, target - targets.first[3] + len(instance.roles), target - targets.first[1])


def _absent(
    instance: Instance,
    calendar: Calendar,
    targets: Targets,
    needs: Needs,
    patterns: Patterns,
    need: Ints,
    target: Ints,
    pattern: Ints,
) -> Bools:
    """Whether the stay misses a role or experience: no period in common, or too little of its whole season."""
    absent = np.zeros(len(need), dtype=bool)
    at = np.flatnonzero(np.isin(needs.list[need], (ROLE, EXPERIENCE)))
    at = at[~held_from_elsewhere(instance, targets, needs.household[need[at]], target[at])]
    if len(at):
        own, whole = own_periods(instance, calendar, targets)
        remote = np.concatenate(
            (instance.roles["remote_share"], np.zeros(len(instance.experiences), dtype=np.int64))
        )
        (rows, pats), pair = unique_rows(_own_row(instance, targets, target[at]), pattern[at])
        common = (own[rows] & patterns.mask[pats]).sum(axis=1)
        few = common * REMOTE < (REMOTE - remote[rows]) * own[rows].sum(axis=1)
        absent[at] = ((common == 0) | (whole[rows] & few))[pair]
    return absent


def too_far(
    instance: Instance,
    travel: Travel,
    targets: Targets,
    stays: Stays,
    needs: Needs,
    stay: Ints,
    need: Ints,
    target: Ints,
) -> Bools:
    """Whether the way from the house to a facility or role is longer than the limit."""
    far = np.zeros(len(stay), dtype=bool)
    at = np.flatnonzero(np.isin(needs.list[need], (SCHOOL, CARE, DESK, ROLE)))
    at = at[~held_from_elsewhere(instance, targets, needs.household[need[at]], target[at])]
    if not len(at):
        return far
    lat = np.concatenate((instance.facilities["lat"], instance.roles["lat"]))
    lon = np.concatenate((instance.facilities["lon"], instance.roles["lon"]))
    car = instance.households["car"][stays.household[stay[at]]]
    (house, place, cars), pair = unique_rows(stays.house[stay[at]], target[at], car)
    ids = np.where(place < targets.first[1], targets.ids[place], "")
    minutes = travel.commute_minutes(house, lat[place], lon[place], ids, cars.astype(bool))[pair]
    limit = commute_limits(instance, needs)[need[at]]
    far[at] = (minutes < 0) | (minutes > limit)
    return far


def commute_limits(instance: Instance, needs: Needs) -> Ints:
    """Longest commute of each need: the household's limit, for school and care also that of the child's age."""
    own = instance.households["max_commute_minutes"][needs.household]
    limit = np.where(own == NULL_INT, NO_LIMIT, own)
    age = (
        np.where(needs.person >= 0, instance.persons["age"][needs.person], 0)
        if len(instance.persons)
        else np.zeros_like(limit)
    )
    by_age = np.full(len(limit), NO_LIMIT, dtype=np.int64)
    for row in sorted(instance.rules.limits.commute_by_age, key=lambda row: row.up_to_age, reverse=True):
        by_age[age <= row.up_to_age] = row.minutes
    child = (needs.list == SCHOOL) | (needs.list == CARE)
    return np.where(child, np.minimum(limit, by_age), limit)


def find_slots(instance: Instance, needs: Needs) -> Slots:
    """Number the slots: school needs of siblings who stay together share one."""
    together = (instance.households["siblings"] == "together")[needs.household] & (needs.list == SCHOOL)
    again = np.zeros(len(needs), dtype=bool)
    again[1:] = together[1:] & together[:-1] & (needs.household[1:] == needs.household[:-1])
    of_need = np.cumsum(~again) - 1
    first = np.flatnonzero(~again)
    size = len(first)
    refused = np.bincount(of_need[~needs.nothing], minlength=size) > 0
    utility = np.zeros(size, dtype=np.int64)
    np.add.at(utility, of_need, needs.nothing_utility)
    return Slots(needs.household[first], needs.list[first], of_need.astype(np.int64), ~refused, utility)


def find_options(
    instance: Instance,
    calendar: Calendar,
    patterns: Patterns,
    targets: Targets,
    stays: Stays,
    needs: Needs,
    wanted: Wanted,
    slots: Slots,
    found: Singles,
) -> Options:
    """Put singles together: one target a need, siblings in one school, sets of roles, and nothing."""
    is_role = needs.list[wanted.need[found.wanted]] == ROLE
    stay, want = found.group, found.wanted
    blocks = _one_each(stay[~is_role], want[~is_role], needs, wanted, slots)
    blocks += _role_sets(
        instance, calendar, patterns, targets, stays, needs, wanted, slots, stay[is_role], want[is_role]
    )
    blocks.append(_nothing(stays, slots))
    return _assemble(instance, targets, stays, needs, wanted, slots, blocks)


@dataclass(frozen=True)
class _Block:
    """Options of one width: stay, slot, and the wanted target of each part (matrix)."""

    stay: Ints
    slot: Ints
    parts: Ints


def _one_each(stay: Ints, want: Ints, needs: Needs, wanted: Wanted, slots: Slots) -> list[_Block]:
    """One option a target; for siblings only targets that fit every one of them."""
    slot = slots.of_need[wanted.need[want]]
    members = np.bincount(slots.of_need, minlength=len(slots))
    alone = members[slot] == 1
    together = _one_school_for_all(stay[~alone], slot[~alone], want[~alone], wanted, members)
    return [_Block(stay[alone], slot[alone], want[alone][:, None]), together]


def _one_school_for_all(stay: Ints, slot: Ints, want: Ints, wanted: Wanted, members: Ints) -> _Block:
    """One option a school that takes every child of the slot (parts padded with -1)."""
    target = wanted.target[want]
    order = np.lexsort((wanted.need[want], target, slot, stay))
    keys = np.stack((stay, slot, target), axis=1)[order]
    first = np.flatnonzero(first_of_group(keys)) if len(keys) else order
    count = np.diff(np.append(first, len(order)))
    whole = count == members[keys[first, 1]]
    width = int(members.max(initial=1))
    parts = np.full((int(whole.sum()), width), -1, dtype=np.int64)
    owner, position = expand(first[whole], count[whole])
    parts[owner, position - first[whole][owner]] = want[order][position]
    return _Block(keys[first[whole], 0], keys[first[whole], 1], parts)


def _role_sets(
    instance: Instance,
    calendar: Calendar,
    patterns: Patterns,
    targets: Targets,
    stays: Stays,
    needs: Needs,
    wanted: Wanted,
    slots: Slots,
    stay: Ints,
    want: Ints,
) -> list[_Block]:
    """Sets of one, two, … roles of a person whose hours fit in every period, targets ascending."""
    blocks: list[_Block] = []
    size = len(wanted)
    order = np.lexsort((wanted.target[want], wanted.need[want], stay))
    stay, want = stay[order], want[order]
    key = np.unique(stay * size + wanted.need[want], return_inverse=True)[1].astype(np.int64)
    last, parts = np.arange(len(stay)), want[:, None]
    rows, limit = last, instance.rules.limits.roles_per_person
    while len(parts) and len(blocks) < limit:
        kept = _without_gap(
            instance, calendar, patterns, targets, needs, wanted, stays.pattern[stay[rows]], parts
        )
        blocks.append(_Block(stay[rows[kept]], slots.of_need[wanted.need[parts[kept, 0]]], parts[kept]))
        i, j = join(key[rows], key, int(key.max()) + 1)
        later = j > last[i]
        i, j = i[later], j[later]
        grown = np.concatenate((parts[i], want[j][:, None]), axis=1)
        fits = _hours_fit(instance, calendar, patterns, targets, needs, wanted, stays.pattern[stay[j]], grown)
        rows, last, parts = j[fits], j[fits], grown[fits]
    return blocks


def _hours_fit(
    instance: Instance,
    calendar: Calendar,
    patterns: Patterns,
    targets: Targets,
    needs: Needs,
    wanted: Wanted,
    pattern: Ints,
    parts: Ints,
) -> Bools:
    """Whether a person's hours suffice in every period for a set of roles."""
    if not len(parts):
        return np.zeros(0, dtype=bool)
    role = wanted.target[parts] - targets.first[1]
    hours = instance.roles["hours_per_period"]
    held = _held(instance, calendar, patterns, targets, needs, wanted, pattern, parts)
    load = sum(now * hours[role[:, k]][:, None] for k, now in enumerate(held))
    offered = instance.persons["hours_per_period"][needs.person[wanted.need[parts[:, 0]]]]
    return np.asarray((load <= offered[:, None]).all(axis=1))


def _held(
    instance: Instance,
    calendar: Calendar,
    patterns: Patterns,
    targets: Targets,
    needs: Needs,
    wanted: Wanted,
    pattern: Ints,
    parts: Ints,
) -> list[Bools]:
    """Periods in which each role of the sets is held, a matrix sets × periods for each place in the set."""
    columns = [
        (wanted.target[parts[:, k]], needs.household[wanted.need[parts[:, k]]]) for k in range(parts.shape[1])
    ]
    return [role_held(instance, calendar, targets, patterns.mask[pattern], h, t) for t, h in columns]


def role_held(
    instance: Instance, calendar: Calendar, targets: Targets, stay: Bools, household: Ints, target: Ints
) -> Bools:
    """Periods in which roles are held with stays over some periods (matrices rows × periods)."""
    role = target - targets.first[1]
    own = calendar.mask(instance.roles.lists("periods"), empty=True)[role]
    all_of_it = holds_throughout(instance, targets, household, target)
    return np.asarray(own & (stay | all_of_it[:, None]))


def holds_throughout(instance: Instance, targets: Targets, household: Ints, target: Ints) -> Bools:
    """Whether roles hold in all of their own periods, and not in those of the stay alone."""
    whole = instance.roles["whole_season"][target - targets.first[1]]
    return whole | held_from_elsewhere(instance, targets, household, target)


def _without_gap(
    instance: Instance,
    calendar: Calendar,
    patterns: Patterns,
    targets: Targets,
    needs: Needs,
    wanted: Wanted,
    pattern: Ints,
    parts: Ints,
) -> Bools:
    """Whether a set of roles covers every period of the stay, where its person's roles must."""
    kept = np.ones(len(parts), dtype=bool)
    at = np.flatnonzero(instance.persons["multiwork"][needs.person[wanted.need[parts[:, 0]]]])
    if len(at):
        held = _held(instance, calendar, patterns, targets, needs, wanted, pattern[at], parts[at])
        kept[at] = (np.logical_or.reduce(held) | ~patterns.mask[pattern[at]]).all(axis=1)
    return kept


def _nothing(stays: Stays, slots: Slots) -> _Block:
    """Nothing, for every stay and slot where it is acceptable."""
    free = np.flatnonzero(slots.nothing)
    i, j = join(
        stays.household,
        slots.household[free],
        int(max(stays.household.max(initial=0), slots.household.max(initial=0))) + 1,
    )
    return _Block(i, free[j], np.zeros((len(i), 0), dtype=np.int64))


def _assemble(
    instance: Instance,
    targets: Targets,
    stays: Stays,
    needs: Needs,
    wanted: Wanted,
    slots: Slots,
    blocks: list[_Block],
) -> Options:
    """Put blocks of different width into one ordered table with ranks, ties and utilities."""
    width = max(1, *(block.parts.shape[1] for block in blocks))
    padded = [
        np.pad(block.parts, ((0, 0), (0, width - block.parts.shape[1])), constant_values=-1)
        for block in blocks
    ]
    parts = np.concatenate(padded)
    stay = np.concatenate([block.stay for block in blocks])
    slot = np.concatenate([block.slot for block in blocks])
    rank, tie = _rank_and_tie(needs, wanted, slots, slot, parts)
    order = np.lexsort((tie, rank, slot, stay))
    stay, slot, rank, tie, parts = stay[order], slot[order], rank[order], tie[order], parts[order]
    there = parts >= 0
    utility = np.where(there, wanted.utility[np.where(there, parts, 0)] if len(wanted) else 0, 0).sum(axis=1)
    empty = ~there.any(axis=1)
    utility = utility + np.where(empty, slots.nothing_utility[slot], 0)
    flat = parts[there]
    need, target = wanted.need[flat], wanted.target[flat]
    offsets = offsets_of(there.sum(axis=1))
    value = np.zeros(len(flat), dtype=np.int64)
    is_role = needs.list[need] == ROLE
    value[is_role] = instance.roles["value"][target[is_role] - targets.first[1]]
    role_value = segment_sum(value, offsets)
    return Options(stay, slot, stays.pattern, rank, tie, utility, role_value, offsets, need, target)


def _rank_and_tie(needs: Needs, wanted: Wanted, slots: Slots, slot: Ints, parts: Ints) -> tuple[Ints, Ints]:
    """Number options so that numbers compare as their entries of ranks, and as their target ids, do."""
    there = parts >= 0
    safe = np.where(there, parts, 0)
    first_need = np.full(len(slots), len(needs), dtype=np.int64)
    np.minimum.at(first_need, slots.of_need, np.arange(len(needs)))
    members = np.bincount(slots.of_need, minlength=len(slots))
    column = np.minimum(np.arange(parts.shape[1])[None, :], members[slot][:, None] - 1)
    nothing = np.where(needs.nothing, needs.nothing_rank, NEVER)[first_need[slot][:, None] + column]
    ranks = np.where(there, wanted.rank[safe] if len(wanted) else 0, nothing)
    is_role = slots.list[slot] == ROLE
    ranks[is_role] = np.sort(np.where(there, wanted.rank[safe] if len(wanted) else 0, NEVER), axis=1)[is_role]
    ranks = np.where(is_role[:, None] & (ranks == NEVER), nothing, ranks)
    targets = np.where(there, wanted.target[safe] if len(wanted) else 0, -1)
    targets[~there.any(axis=1)] = NEVER
    _, rank = unique_rows(*ranks.T)
    _, tie = unique_rows(*targets.T)
    return rank, tie


def drop_incomplete(stays: Stays, slots: Slots, options: Options) -> Array:
    """Mask of the stays for which every slot of the household has an option."""
    wanted = np.bincount(slots.household, minlength=int(stays.household.max(initial=0)) + 1)
    keys = np.stack((options.group, options.slot), axis=1)
    first = first_of_group(keys) if len(keys) else np.zeros(0, dtype=bool)
    answered = np.bincount(options.group[first], minlength=len(stays))
    return np.asarray(answered == wanted[stays.household])
