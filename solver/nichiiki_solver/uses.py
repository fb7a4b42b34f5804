"""Shared capacity: numbered resources, and what each stay and option uses of them.

Many stays and options use the same thing (a seat in a school over the same periods), so uses are kept once as
*classes*: a class is a short list of (resource, amount), and a stay or an option is a list of classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar, Patterns
from nichiiki_solver.gates import Gates, MeasureGates, budget_units, joined_gates, measure_gates
from nichiiki_solver.last_mile import Vehicles, find_vehicles
from nichiiki_solver.measures import Plans, own_budgets
from nichiiki_solver.needs import CARE, DESK, EXPERIENCE, ROLE, Needs, Targets
from nichiiki_solver.options import Options, Seats, band_rows, holds_throughout, own_periods
from nichiiki_solver.ragged import (
    Array,
    Bools,
    Ints,
    Sparse,
    expand_rows,
    group,
    offsets_of,
    segment_max,
    unique_rows,
)
from nichiiki_solver.stays import Stays

KINDS = (
    "house_units",
    "reception",
    "seats",
    "role_max",
    "role_min",
    "supporter_caseload",
    "experience_places",
    "experience_min",
    "vehicles",
    "quota_max",
    "quota_min",
    "lock",
    "role_open",
    "programme",
    "own",
    "quota_reserved",
    "care_staff",
    "one_base",
    "bases",
    "all_bases",
)
MINIMUMS = ("role_min", "experience_min", "all_bases")
"""Kinds that count holders towards a minimum, which a gate asks for once anybody holds."""


Entries = tuple[Ints, Ints, Ints]
"""Who uses something, which resource, and how much of it; one row each."""


@dataclass(frozen=True)
class Resources:
    """Resources as columns: kind (`KINDS` index), row of the thing, period (-1 = none), capacity."""

    kind: Ints
    thing: Ints
    period: Ints
    capacity: Ints

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True)
class Uses:
    """What agents' stays and options use, by classes, and the gates that open resources.

    Attributes
    ----------
    class_offsets, resource, amount
        Classes (CSR): what each uses of which resource.
    stay_offsets, stay_class, option_offsets, option_class
        Classes of each stay and option (CSR).
    gates
        Decisions that open resources: a role runs in a period, an experience at all, a measure is taken.
    """

    resources: Resources
    class_offsets: Ints
    resource: Ints
    amount: Ints
    stay_offsets: Ints
    stay_class: Ints
    option_offsets: Ints
    option_class: Ints
    gates: Gates

    def of_stays(self, rows: Ints) -> Entries:
        """What some stays use: number in `rows`, resource, amount, one entry a class and resource."""
        return self._entries(self.stay_offsets, self.stay_class, rows)

    def of_options(self, rows: Ints) -> Entries:
        """What some options use, as `of_stays` tells it."""
        return self._entries(self.option_offsets, self.option_class, rows)

    def of_gates(self, rows: Ints) -> Entries:
        """What some options of gates use and supply, one entry a resource."""
        owner, entry = expand_rows(self.gates.offsets, rows)
        return owner, self.gates.resource[entry], self.gates.amount[entry]

    def resources_of(self, stays: Ints, options: Ints) -> Ints:
        """Resources that some stays and options use; one that several use may be named more than once."""
        classes = (
            self.stay_class[expand_rows(self.stay_offsets, stays)[1]],
            self.option_class[expand_rows(self.option_offsets, options)[1]],
        )
        return self.resource[expand_rows(self.class_offsets, np.unique(np.concatenate(classes)))[1]]

    def _entries(self, offsets: Ints, classes: Ints, rows: Ints) -> Entries:
        owner, position = expand_rows(offsets, rows)
        i, entry = expand_rows(self.class_offsets, classes[position])
        return owner[i], self.resource[entry], self.amount[entry]

    def beyond(self, left: Ints) -> Bools:
        """Mask of the classes that take more of something than is left."""
        over = self.amount > np.maximum(left, 0)[self.resource]
        return np.asarray(segment_max(over, self.class_offsets, 0) > 0)

    @cached_property
    def _by_class(self) -> Sparse:
        """Amounts as a matrix classes × resources, of the same memory."""
        shape = (len(self.class_offsets) - 1, len(self.resources))
        return csr_array((self.amount, self.resource, self.class_offsets), shape=shape)

    def price_of_classes(self, prices: Ints) -> Ints:
        """What each class costs at given prices."""
        return np.asarray(self._by_class @ prices)

    def of_classes(self, counts: Ints) -> Ints:
        """Amount of each resource that so many of each class use."""
        return np.asarray(self._by_class.T @ counts)


class _Layout:
    """Numbers every possible resource block by block; only those in use become resources."""

    def __init__(self, instance: Instance, calendar: Calendar, seats: Seats) -> None:
        self.periods = len(calendar)
        sizes = {
            "house_units": len(instance.houses),
            "reception": len(instance.regions),
            "seats": len(seats.number),
            "role_max": len(instance.roles),
            "role_min": len(instance.roles),
            "supporter_caseload": len(instance.supporters),
            "experience_places": len(instance.experiences),
            "experience_min": len(instance.experiences),
            "vehicles": len(instance.links),
            "quota_max": len(instance.quotas),
            "quota_min": len(instance.quotas),
            "lock": len(instance.locks),
            "role_open": len(instance.roles),
            "programme": len(instance.programmes),
            "own": len(instance.regions),
            "quota_reserved": len(instance.quotas),
            "care_staff": len(instance.facilities),
            "one_base": len(instance.households),
            "bases": len(instance.households),
            "all_bases": len(instance.households),
        }
        ends = np.cumsum([0, *(size * (self.periods + 1) for size in sizes.values())]).tolist()
        self.first, self.size = dict(zip(KINDS, ends, strict=False)), ends[-1]

    def number(self, kind: str, thing: Array, period: Array | int = -1) -> Ints:
        """Number of a thing's resource in a period (-1 = without period)."""
        return np.asarray(
            self.first[kind] + np.asarray(thing) * (self.periods + 1) + np.asarray(period) + 1, dtype=np.int64
        )

    def decode(self, numbers: Ints) -> tuple[Ints, Ints, Ints]:
        """Kind, thing and period of numbers."""
        firsts = np.array(list(self.first.values()))
        kind = np.searchsorted(firsts, numbers, side="right") - 1
        rest = numbers - firsts[kind]
        return kind, rest // (self.periods + 1), rest % (self.periods + 1) - 1


class _Classes:
    """Collects classes and who has them."""

    def __init__(self) -> None:
        self.counts: list[Ints] = []
        self.resource: list[Ints] = []
        self.amount: list[Ints] = []
        self.size = 0

    def add(self, owner: Ints, resource: Ints, amount: Ints, count: int) -> int:
        """Add `count` classes whose entries are given by owner (ascending); return the number of the first."""
        first = self.size
        self.counts.append(np.bincount(owner, minlength=count))
        self.resource.append(resource)
        self.amount.append(amount)
        self.size += count
        return first


def find_uses(
    instance: Instance,
    calendar: Calendar,
    patterns: Patterns,
    targets: Targets,
    stays: Stays,
    needs: Needs,
    seats: Seats,
    options: Options,
    plans: Plans,
) -> Uses:
    """Say what every stay and option uses, and what there is of it."""
    layout, classes = _Layout(instance, calendar, seats), _Classes()
    by_stay = [
        _house_classes(instance, calendar, patterns, stays, layout, classes),
        _reception_classes(instance, patterns, stays, layout, classes),
        _vehicle_classes(patterns, stays, find_vehicles(instance, calendar, stays), layout, classes),
        *_quota_classes(instance, stays, layout, classes),
        *_reserved_classes(instance, calendar, patterns, stays, layout, classes),
        _family_classes(instance, patterns, stays, layout, classes),
        _plan_classes(instance, stays, layout, classes),
    ]
    by_part = _part_classes(
        instance, calendar, patterns, targets, needs, seats, options, plans, layout, classes
    )
    owner = np.repeat(np.arange(len(options)), np.diff(options.part_offsets))
    by_option = [
        (owner[row], cls)
        for row, cls in (
            by_part,
            *_employer_classes(instance, targets, needs, options, layout, classes),
            _staff_classes(instance, patterns, needs, options, layout, classes),
            *_lock_classes(instance, targets, needs, options, layout, classes),
        )
    ]
    found = measure_gates(
        instance,
        calendar,
        seats.number,
        seats.days,
        plans,
        layout.number,
        np.unique(np.concatenate(classes.resource)),
    )
    rows = (*_rows(by_stay, len(stays)), *_rows(by_option, len(options)))
    return _numbered(instance, seats, plans, layout, classes, found, rows)


Pairs = tuple[Ints, Ints]
"""Rows and the class each of them has."""


def _house_classes(
    instance: Instance,
    calendar: Calendar,
    patterns: Patterns,
    stays: Stays,
    layout: _Layout,
    classes: _Classes,
) -> Pairs:
    (house, pattern, units), cls = unique_rows(stays.house, stays.pattern, stays.units)
    held = _held_periods(instance, calendar, patterns, house, pattern)
    owner, period = np.nonzero(held)
    first = classes.add(owner, layout.number("house_units", house[owner], period), units[owner], len(house))
    return np.arange(len(stays)), first + cls


def _held_periods(
    instance: Instance, calendar: Calendar, patterns: Patterns, house: Ints, pattern: Ints
) -> Bools:
    """Periods in which a stay keeps others out: its own, and the cleaning gap after each run."""
    (pats, gaps), pair = unique_rows(pattern, instance.houses["gap_periods"][house])
    held = patterns.mask[pats].copy()
    for row in np.flatnonzero(gaps > 0).tolist():
        for run in calendar.runs(patterns.mask[pats[row]]):
            held[row, calendar.gap_after(run[-1], int(gaps[row]))] = True
    return np.asarray(held[pair])


def _reception_classes(
    instance: Instance, patterns: Patterns, stays: Stays, layout: _Layout, classes: _Classes
) -> Pairs:
    region = instance.regions.find(instance.houses["region_id"])[stays.house]
    rows = np.flatnonzero(instance.regions["reception_max"][region] != NULL_INT)
    (regions, pats), cls = unique_rows(region[rows], stays.pattern[rows])
    owner, period = np.nonzero(patterns.mask[pats])
    first = classes.add(
        owner,
        layout.number("reception", regions[owner], period),
        np.ones(len(owner), dtype=np.int64),
        len(regions),
    )
    return rows, first + cls


def _family_classes(
    instance: Instance, patterns: Patterns, stays: Stays, layout: _Layout, classes: _Classes
) -> Pairs:
    """A family with several applications has one stay in a period; it is numbered by the first of its rows."""
    names, first, inverse, count = np.unique(
        instance.households["family"], return_index=True, return_inverse=True, return_counts=True
    )
    of_many = ((names != "") & (count > 1))[inverse]
    rows = np.flatnonzero(of_many[stays.household])
    (family, pats), cls = unique_rows(first[inverse][stays.household[rows]], stays.pattern[rows])
    owner, period = np.nonzero(patterns.mask[pats])
    number = layout.number("one_base", family[owner], period)
    return rows, classes.add(owner, number, np.ones(len(owner), dtype=np.int64), len(family)) + cls


def plans_of_families(instance: Instance) -> tuple[Ints, Ints]:
    """Stay plans (`all_bases`): the plan of each household, by its first row (-1 = none), and at that row its parts."""
    households = instance.households
    rows = np.flatnonzero(households["all_bases"] & (households["family"] != ""))
    _, first, inverse, count = np.unique(
        households["family"][rows], return_index=True, return_inverse=True, return_counts=True
    )
    plan, parts = np.full(len(households), -1, dtype=np.int64), np.zeros(len(households), dtype=np.int64)
    plan[rows] = np.where(count > 1, rows[first], -1)[inverse]
    parts[rows[first]] = count
    return plan, parts


def _plan_classes(instance: Instance, stays: Stays, layout: _Layout, classes: _Classes) -> Pairs:
    """A part of a plan takes one of its places, which are open only if all are taken."""
    plan = plans_of_families(instance)[0][stays.household]
    rows = np.flatnonzero(plan >= 0)
    (plans,), cls = unique_rows(plan[rows])
    numbers = np.stack((layout.number("bases", plans), layout.number("all_bases", plans)), axis=1).reshape(-1)
    owner, amount = np.repeat(np.arange(len(plans)), 2), np.tile((1, -1), len(plans))
    return rows, classes.add(owner, numbers, amount, len(plans)) + cls


def _staff_classes(
    instance: Instance,
    patterns: Patterns,
    needs: Needs,
    options: Options,
    layout: _Layout,
    classes: _Classes,
) -> Pairs:
    """What children in care take of the days of the carers, where their number is given."""
    shares, _ = instance.rules.limits.children_per_carer.shares()
    need, facility = options.part_need, options.part_target
    is_care = needs.list[need] == CARE
    given = np.append(instance.facilities["staff"] != NULL_INT, False)
    rows = np.flatnonzero(is_care & given[np.where(is_care, facility, -1)])
    person = needs.person[need[rows]]
    each = np.array([shares.get(str(band), 0) for band in instance.persons["grade"][person]], dtype=np.int64)
    pattern = options.part_pattern[rows]
    (place, pats, amount), cls = unique_rows(
        facility[rows], pattern, each * instance.persons["care_days"][person]
    )
    owner, period = np.nonzero(patterns.mask[pats])
    number = layout.number("care_staff", place[owner], period)
    return rows, classes.add(owner, number, amount[owner], len(place)) + cls


def _vehicle_classes(
    patterns: Patterns, stays: Stays, vehicles: Vehicles, layout: _Layout, classes: _Classes
) -> Pairs:
    (groups, pats), cls = unique_rows(vehicles.group, stays.pattern[vehicles.stay])
    size = int(groups.max(initial=-1)) + 1
    order, offsets = group(vehicles.group_of, max(size, int(vehicles.group_of.max(initial=-1)) + 1))
    owner, position = expand_rows(offsets, groups)
    link, period = vehicles.link[order[position]], vehicles.period[order[position]]
    during = patterns.mask[pats[owner], period]
    owner, link, period = owner[during], link[during], period[during]
    resource = layout.number("vehicles", link, period)
    first = classes.add(owner, resource, np.ones(len(owner), dtype=np.int64), len(groups))
    return vehicles.stay, first + cls


def _quota_classes(instance: Instance, stays: Stays, layout: _Layout, classes: _Classes) -> list[Pairs]:
    found: list[Pairs] = []
    quotas = instance.quotas
    of_households = (quotas["kind"] == "limit") & (quotas["target_kind"] != "employer")
    for quota in np.flatnonzero(of_households).tolist():
        rows = np.flatnonzero(_counted(instance, stays, quota))
        found += _classes_of_quota(instance, quota, rows, layout, classes)
    return found


def _classes_of_quota(
    instance: Instance, quota: int, rows: Ints, layout: _Layout, classes: _Classes
) -> list[Pairs]:
    """One class for the maximum and one for the minimum of a quota, as far as it has them."""
    found: list[Pairs] = []
    for kind, column, sign in (("quota_max", "max", 1), ("quota_min", "min", -1)):
        if instance.quotas[column][quota] > (NULL_INT if column == "max" else 0):
            number = layout.number(kind, np.array([quota]))
            first = classes.add(np.zeros(1, dtype=np.int64), number, np.array([sign]), 1)
            found.append((rows, np.full(len(rows), first)))
    return found


def _employer_classes(
    instance: Instance, targets: Targets, needs: Needs, options: Options, layout: _Layout, classes: _Classes
) -> list[Pairs]:
    """Quotas of employers count the parts that are roles of theirs."""
    found: list[Pairs] = []
    quotas, is_role = instance.quotas, needs.list[options.part_need] == ROLE
    role = np.where(is_role, options.part_target - targets.first[1], 0)
    for quota in np.flatnonzero((quotas["kind"] == "limit") & (quotas["target_kind"] == "employer")).tolist():
        row = quotas.row(quota)
        counted = is_role & (instance.roles["employer"][role] == row.target_id)
        if row.group is not None:
            of_group = instance.households.lists("groups").holds(row.group)
            counted &= of_group[needs.household[options.part_need]]
        found += _classes_of_quota(instance, quota, np.flatnonzero(counted), layout, classes)
    return found


def _reserved_classes(
    instance: Instance,
    calendar: Calendar,
    patterns: Patterns,
    stays: Stays,
    layout: _Layout,
    classes: _Classes,
) -> list[Pairs]:
    """What households outside the group of a reserved quota hold of the units of its ready houses."""
    found: list[Pairs] = []
    quotas = instance.quotas
    for quota in np.flatnonzero((quotas["kind"] == "reserved") & (quotas["group"] != "")).tolist():
        group = instance.households.lists("groups").holds(str(quotas["group"][quota]))
        outside = houses_of_quota(instance, quota)[stays.house] & ~group[stays.household]
        rows = np.flatnonzero(outside & instance.houses["ready"][stays.house])
        if len(rows):
            (house, pattern, units), cls = unique_rows(
                stays.house[rows], stays.pattern[rows], stays.units[rows]
            )
            owner, period = np.nonzero(_held_periods(instance, calendar, patterns, house, pattern))
            number = layout.number("quota_reserved", np.full(len(owner), quota), period)
            first = classes.add(owner, number, units[owner], len(house))
            found.append((rows, first + cls))
    return found


def houses_of_quota(instance: Instance, quota: int) -> Bools:
    """Houses in the target of a quota."""
    row = instance.quotas.row(quota)
    column = {"region": "region_id", "settlement": "settlement", "house": "house_id"}.get(row.target_kind)
    if column is None:
        return np.full(len(instance.houses), row.target_kind == "all")
    return np.asarray(instance.houses[column] == row.target_id)


def _free_units(instance: Instance) -> Ints:
    """Units of ready houses in the target of each quota that are not reserved."""
    units = instance.houses["units"] * instance.houses["ready"]
    held = [int(units[houses_of_quota(instance, quota)].sum()) for quota in range(len(instance.quotas))]
    least = instance.quotas["min"]
    return np.maximum(np.array(held, dtype=np.int64) - np.where(least == NULL_INT, 0, least), 0)


def _counted(instance: Instance, stays: Stays, quota: int) -> Bools:
    """Stays that a quota counts."""
    row = instance.quotas.row(quota)
    mask = houses_of_quota(instance, quota)[stays.house]
    if row.group is not None:
        mask = mask & instance.households.lists("groups").holds(row.group)[stays.household]
    return mask


def _part_classes(
    instance: Instance,
    calendar: Calendar,
    patterns: Patterns,
    targets: Targets,
    needs: Needs,
    seats: Seats,
    options: Options,
    plans: Plans,
    layout: _Layout,
    classes: _Classes,
) -> Pairs:
    need, target = options.part_need, options.part_target
    pattern = options.part_pattern
    code = needs.list[need]
    care = instance.persons["care_days"][needs.person[need]] if len(instance.persons) else np.zeros_like(need)
    amount = np.where(code == CARE, care, 1)
    thing = _thing(instance, targets, needs, seats, need, target)
    throughout = np.zeros(len(need), dtype=bool)
    roles = np.flatnonzero(code == ROLE)
    throughout[roles] = holds_throughout(instance, targets, needs.household[need[roles]], target[roles])
    (codes, things, pats, amounts, always), cls = unique_rows(code, thing, pattern, amount, throughout)
    mask = patterns.mask[pats].copy()
    own, _ = own_periods(instance, calendar, targets)
    mask[always == 1] = True
    seasonal = np.flatnonzero(codes == ROLE)
    mask[seasonal] &= own[things[seasonal]]
    once = codes == EXPERIENCE
    mask[once] = False
    owner, period = np.nonzero(mask)
    entries = [_entries(codes, things, amounts, owner, period, layout)]
    entries += _minimum_entries(instance, plans, codes, things, owner, period, layout)
    entries += _experience_entries(instance, things, np.flatnonzero(once), layout)
    owner, resource, use = (np.concatenate([entry[k] for entry in entries]) for k in range(3))
    order = np.argsort(owner, kind="stable")
    first = classes.add(owner[order], resource[order], use[order], len(codes))
    return np.arange(len(need)), first + cls


def _thing(
    instance: Instance, targets: Targets, needs: Needs, seats: Seats, need: Ints, target: Ints
) -> Ints:
    """Row of what a part uses: seat row, role, supporter or experience."""
    code = needs.list[need]
    firsts = np.array([0, 0, 0, targets.first[1], targets.first[2], targets.first[3]])
    return np.where(
        code <= DESK, band_rows(instance, targets, needs, seats, need, target), target - firsts[code]
    )


def _entries(codes: Ints, things: Ints, amounts: Ints, owner: Ints, period: Ints, layout: _Layout) -> Entries:
    kinds = np.array(["seats", "seats", "seats", "role_max", "supporter_caseload", "experience_places"])
    resource = np.zeros(len(owner), dtype=np.int64)
    for kind in ("seats", "role_max", "supporter_caseload"):
        rows = kinds[codes[owner]] == kind
        resource[rows] = layout.number(kind, things[owner[rows]], period[rows])
    return owner, resource, amounts[owner]


def gated_roles(instance: Instance) -> Bools:
    """Roles that need at least two holders: one holder alone never breaks a smaller minimum."""
    return np.asarray(instance.roles["min_holders"] >= 2)


def expandable_roles(instance: Instance, plans: Plans) -> Bools:
    """Roles that a measure with a plan could enlarge."""
    table = instance.measures.take(np.unique(plans.measure))
    roles = np.zeros(len(instance.roles), dtype=bool)
    roles[instance.roles.find(table["target_id"][table["target_kind"] == "role"])] = True
    return roles


def gated_experiences(instance: Instance) -> Bools:
    """Experiences that need at least two households."""
    return np.asarray(instance.experiences["min_places"] >= 2)


def _minimum_entries(
    instance: Instance,
    plans: Plans,
    codes: Ints,
    things: Ints,
    owner: Ints,
    period: Ints,
    layout: _Layout,
) -> list[Entries]:
    rows = np.flatnonzero(codes[owner] == ROLE)
    rows = rows[gated_roles(instance)[things[owner[rows]]]]
    more = rows[expandable_roles(instance, plans)[things[owner[rows]]]]
    return [
        (owner[rows], layout.number("role_min", things[owner[rows]], period[rows]), np.full(len(rows), -1)),
        (owner[more], layout.number("role_open", things[owner[more]], period[more]), np.ones(len(more))),
    ]


def _experience_entries(instance: Instance, things: Ints, once: Ints, layout: _Layout) -> list[Entries]:
    gated = once[gated_experiences(instance)[things[once]]]
    return [
        (once, layout.number("experience_places", things[once]), np.ones(len(once), dtype=np.int64)),
        (gated, layout.number("experience_min", things[gated]), np.full(len(gated), -1)),
    ]


def _lock_classes(
    instance: Instance, targets: Targets, needs: Needs, options: Options, layout: _Layout, classes: _Classes
) -> list[Pairs]:
    """A lock ``must`` on a target is a private resource of capacity -1 that the target fills."""
    found: list[Pairs] = []
    locks = instance.locks
    household = needs.household[options.part_need]
    for lock in np.flatnonzero(
        (locks["effect"] == "must") & ~np.isin(locks["target_kind"], ("house", "region", "placed"))
    ).tolist():
        row = locks.row(lock)
        target = targets.find(instance, locks["target_kind"][[lock]], locks["target_id"][[lock]])[0]
        parts = np.flatnonzero(
            (options.part_target == target)
            & (household == instance.households.find(np.array([row.household_id]))[0])
        )
        first = classes.add(
            np.zeros(1, dtype=np.int64), layout.number("lock", np.array([lock])), np.array([-1]), 1
        )
        found.append((parts, np.full(len(parts), first)))
    return found


def _numbered(
    instance: Instance,
    seats: Seats,
    plans: Plans,
    layout: _Layout,
    classes: _Classes,
    found: MeasureGates,
    rows: tuple[Ints, Ints, Ints, Ints],
) -> Uses:
    """Number the resources in use, and put classes and gates into CSR form."""
    raw, amount = np.concatenate(classes.resource), np.concatenate(classes.amount).astype(np.int64)
    number = np.zeros(layout.size, dtype=np.int64)
    number[raw] = number[found.number] = 1
    used = np.flatnonzero(number)
    number[used] = np.arange(len(used))
    resource, of_gates = number[raw], number[found.number]
    kind, thing, period = layout.decode(used)
    is_budget = np.isin(kind, (KINDS.index("programme"), KINDS.index("own")))
    unit = budget_units(of_gates, found.amount, is_budget)
    capacity = _capacity(instance, seats, plans, kind, thing, period) // unit
    minimums = _minimum_gates(instance, plans, layout, used, kind, thing, period)
    return Uses(
        Resources(kind, thing, period, capacity),
        offsets_of(np.concatenate(classes.counts)),
        resource,
        amount,
        *rows,
        joined_gates(minimums, found, of_gates, unit),
    )


def _rows(pairs: list[Pairs], size: int) -> tuple[Ints, Ints]:
    owner = np.concatenate([pair[0] for pair in pairs])
    order, offsets = group(owner, size)
    return offsets, np.concatenate([pair[1] for pair in pairs])[order]


def _capacity(instance: Instance, seats: Seats, plans: Plans, kind: Ints, thing: Ints, period: Ints) -> Ints:
    """What there is of each resource; gated ones hold nothing until their gate opens them."""
    capacity = np.zeros(len(kind), dtype=np.int64)

    def fill(name: str, values: Array) -> None:
        rows = np.flatnonzero(kind == KINDS.index(name))
        capacity[rows] = values[thing[rows]]

    fill("house_units", np.where(instance.houses["ready"], instance.houses["units"], 0))
    fill("reception", instance.regions["reception_max"])
    shut = gated_roles(instance) & ~expandable_roles(instance, plans)
    fill("role_max", np.where(shut, 0, instance.roles["max_holders"]))
    fill("programme", instance.programmes["budget_yen"])
    fill("own", own_budgets(instance))
    fill("supporter_caseload", instance.supporters["caseload"])
    fill("experience_places", np.where(gated_experiences(instance), 0, instance.experiences["places"]))
    fill("vehicles", instance.links["vehicles"])
    fill("quota_max", instance.quotas["max"])
    fill("quota_min", -instance.quotas["min"])
    fill("quota_reserved", _free_units(instance))
    fill("lock", np.full(len(instance.locks), -1))
    fill("one_base", np.ones(len(instance.households), dtype=np.int64))
    rows = np.flatnonzero(kind == KINDS.index("care_staff"))
    capacity[rows] = carer_days(instance, seats)[thing[rows], period[rows]]
    rows = np.flatnonzero(kind == KINDS.index("seats"))
    is_care = instance.facilities["kind"][seats.facility] == "nursery"
    places = np.where(is_care[:, None], seats.seats * seats.days, seats.seats)
    capacity[rows] = places[thing[rows], period[rows]]
    return capacity


def carer_days(instance: Instance, seats: Seats) -> Ints:
    """Shares of the days of the carers of each facility in each period: the days on which any of its bands is open."""
    days = np.zeros((len(instance.facilities), seats.days.shape[1]), dtype=np.int64)
    np.maximum.at(days, seats.facility, np.where(seats.seats >= 0, seats.days, 0))
    _, whole = instance.rules.limits.children_per_carer.shares()
    return days * np.maximum(instance.facilities["staff"], 0)[:, None] * whole


def _minimum_gates(
    instance: Instance,
    plans: Plans,
    layout: _Layout,
    used: Ints,
    kind: Ints,
    thing: Ints,
    period: Ints,
) -> tuple[Ints, Ints, Ints]:
    """One gate for each minimum in use: it supplies the maximum and asks for the minimum."""
    gates = np.flatnonzero(np.isin(kind, [KINDS.index(name) for name in MINIMUMS]))
    is_role = kind[gates] == KINDS.index("role_min")
    is_plan = kind[gates] == KINDS.index("all_bases")
    low, high = np.zeros(len(gates), dtype=np.int64), np.zeros(len(gates), dtype=np.int64)
    top = np.zeros(len(gates), dtype=np.int64)
    more = expandable_roles(instance, plans)
    for rows, table, names, name in (
        (np.flatnonzero(is_role), instance.roles, ("min_holders", "max_holders"), "role_max"),
        (
            np.flatnonzero(~is_role & ~is_plan),
            instance.experiences,
            ("min_places", "places"),
            "experience_places",
        ),
    ):
        things = thing[gates[rows]]
        low[rows], high[rows] = table[names[0]][things], table[names[1]][things]
        top[rows] = np.searchsorted(used, layout.number(name, things, period[gates[rows]]))
    rows = np.flatnonzero(is_plan)
    low[rows] = high[rows] = plans_of_families(instance)[1][thing[gates[rows]]]
    top[rows] = np.searchsorted(used, layout.number("bases", thing[gates[rows]]))
    rows = np.flatnonzero(is_role)
    rows = rows[more[thing[gates[rows]]]]
    things = thing[gates[rows]]
    top[rows] = np.searchsorted(used, layout.number("role_open", things, period[gates[rows]]))
    high[rows] += _most_added(instance, plans)[things]
    resource = np.stack((top, gates), axis=1).reshape(-1)
    amount = np.stack((-high, low), axis=1).reshape(-1)
    return np.arange(len(gates) + 1) * 2, resource, amount


def _most_added(instance: Instance, plans: Plans) -> Ints:
    """Holders that all measures with a plan add to each role."""
    table = instance.measures.take(np.unique(plans.measure))
    mine = table["target_kind"] == "role"
    added = np.zeros(len(instance.roles), dtype=np.int64)
    np.add.at(added, instance.roles.find(table["target_id"][mine]), table["adds"][mine])
    return added
