"""From a choice of bundles back to an allocation, with reasons for every household without a place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nichiiki_models.allocation import (
    Allocation,
    Item,
    MeasureTaken,
    Payment,
    Placement,
    Status,
    Stay,
    StopReason,
    Unplaced,
)
from nichiiki_models.columns import NULL_INT, Column, ListColumn
from nichiiki_models.table import Table
from nichiiki_solver.needs import NEED_LISTS, SUPPORTER, TARGET_RULES
from nichiiki_solver.ragged import Array, Bools, Ints, expand, expand_rows, first_of_group
from nichiiki_solver.stays import STAY_RULES
from nichiiki_solver.uses import plans_of_families

if TYPE_CHECKING:
    from nichiiki_solver.bundles import Bundles

ITEM_NAMES = np.array(NEED_LISTS)
AT_ONCE = 100_000
"""Households whose reasons are sorted at a time: those of a million, more than ten million, would be copied several times at once."""


def build_allocation(bundles: Bundles, stays: Ints, chosen: Ints, plans: Ints, **claims: Any) -> Allocation:
    """Build the allocation of some bundles and measures.

    Parameters
    ----------
    bundles
        What they are made of.
    stays, chosen
        Stay and options (matrix, -1 = no slot) of each placed household.
    plans
        Plans of the measures taken.
    claims
        Fields of the allocation beside its tables.
    """
    need, target, household = _parts(bundles, stays, chosen)
    tables: dict[str, Any] = {
        "placements": _placements(bundles, stays, need, target, household),
        "stays": _stays(bundles, stays),
        "items": _items(bundles, need, target, household),
        "unplaced": _unplaced(bundles, bundles.stays.household[stays], plans),
        "measures": _measures(bundles, plans),
        "payments": _payments(bundles, plans),
    }
    fields: dict[str, Any] = {
        "policy": "",
        "status": Status.FEASIBLE,
        "reason": StopReason.PROCEDURE_ENDED,
        **claims,
        **tables,
    }
    return Allocation(instance_hash=bundles.instance.hash, **fields)


def _parts(bundles: Bundles, stays: Ints, chosen: Ints) -> tuple[Ints, Ints, Ints]:
    """Need, target and household of every part of the chosen options."""
    row, column = np.nonzero(chosen >= 0)
    option = chosen[row, column]
    offsets = bundles.options.part_offsets
    owner, part = expand(offsets[:-1][option], np.diff(offsets)[option])
    household = bundles.stays.household[stays[row[owner]]]
    return bundles.options.part_need[part], bundles.options.part_target[part], household


def _placements(bundles: Bundles, stays: Ints, need: Ints, target: Ints, household: Ints) -> Table[Placement]:
    ids = bundles.instance.households["household_id"]
    supporter = np.full(len(ids), "", dtype=bundles.targets.ids.dtype if len(bundles.targets.ids) else "U1")
    supports = bundles.needs.list[need] == SUPPORTER
    supporter[household[supports]] = bundles.targets.ids[target[supports]]
    placed = bundles.stays.household[stays]
    columns = {
        "household_id": ids[placed],
        "supporter_id": supporter[placed],
        "cost_yen": bundles.stays.cost_yen[stays],
    }
    return Table(Placement, columns, rows=len(stays))


def _stays(bundles: Bundles, stays: Ints) -> Table[Stay]:
    instance, house = bundles.instance, bundles.stays.house[stays]
    mask = bundles.patterns.mask[bundles.stays.pattern[stays]]
    _, period = np.nonzero(mask)
    offsets = np.concatenate(([0], np.cumsum(mask.sum(axis=1)))).astype(np.int64)
    columns: dict[str, Column] = {
        "household_id": instance.households["household_id"][bundles.stays.household[stays]],
        "house_id": instance.houses["house_id"][house],
        "region_id": instance.houses["region_id"][house],
        "units": bundles.stays.units[stays],
        "periods": ListColumn(offsets, bundles.calendar.ids[period]),
    }
    return Table(Stay, columns, rows=len(stays))


def _items(bundles: Bundles, need: Ints, target: Ints, household: Ints) -> Table[Item]:
    kept = bundles.needs.list[need] != SUPPORTER
    need, target, household = need[kept], target[kept], household[kept]
    person = bundles.needs.person[need]
    persons = bundles.instance.persons["person_id"]
    nobody = np.zeros(len(need), dtype=persons.dtype if len(persons) else "U1")
    nobody[person >= 0] = persons[person[person >= 0]]
    columns = {
        "household_id": bundles.instance.households["household_id"][household],
        "list": ITEM_NAMES[bundles.needs.list[need]],
        "person_id": nobody,
        "target_id": bundles.targets.ids[target],
    }
    return Table(Item, columns, rows=len(need))


def _measures(bundles: Bundles, plans: Ints) -> Table[MeasureTaken]:
    table, rows = bundles.instance.measures, bundles.plans.measure[plans]
    columns = {name: table[name][rows] for name in ("measure_id", "cost_yen")}
    return Table(MeasureTaken, columns, rows=len(rows))


def _payments(bundles: Bundles, plans: Ints) -> Table[Payment]:
    """What each programme pays, and own money where some is left."""
    instance, found = bundles.instance, bundles.plans
    owner, paid = expand_rows(found.offsets, plans)
    own = np.flatnonzero(found.own_yen[plans] > 0)
    programmes = instance.programmes["programme_id"]
    programme = np.full(len(paid) + len(own), "", dtype=programmes.dtype if len(programmes) else "U1")
    programme[: len(paid)] = programmes[found.programme[paid]]
    measure = found.measure[plans][np.concatenate((owner, own))]
    columns = {
        "measure_id": instance.measures["measure_id"][measure],
        "programme_id": programme,
        "amount_yen": np.concatenate((found.amount_yen[paid], found.own_yen[plans[own]])),
    }
    return Table(Payment, columns, rows=len(measure))


RULES = (
    *STAY_RULES,
    *TARGET_RULES,
    "capacity",
    "measure_not_taken",
    "all_bases",
    "required",
    "lock",
    "no_wish",
)
OF_TARGETS = len(STAY_RULES)
CAPACITY, NOT_TAKEN, ALL_BASES, REQUIRED, LOCK, NO_WISH = range(OF_TARGETS + len(TARGET_RULES), len(RULES))


@dataclass(frozen=True)
class _Names:
    """Targets by number: houses first, then the targets of needs, then those of overrides, then none."""

    ids: Array
    targets: int
    locks: int

    @classmethod
    def of(cls, bundles: Bundles) -> _Names:
        houses, locks = bundles.instance.houses["house_id"], bundles.instance.locks["target_id"]
        ids = np.concatenate((houses, bundles.targets.ids, locks, [""]))
        return cls(ids, len(houses), len(houses) + len(bundles.targets.ids))

    @property
    def none(self) -> int:
        """Number of no target."""
        return len(self.ids) - 1


Reasons = tuple[Ints, Ints | int, Ints | int, Ints | int, Ints | int, Ints | int]
"""Household, rule, target, value, limit, order of importance of each reason; one number where all have the same."""


def _unplaced(bundles: Bundles, placed: Ints, plans: Ints) -> Table[Unplaced]:
    """Every reason against every wish of the households without a place; of several against one target the first."""
    without = np.ones(bundles.n_households, dtype=bool)
    without[placed] = False
    names, silent = _Names.of(bundles), without.copy()
    blocks = list(_reasons(bundles, plans, names))
    for block in blocks:
        silent[block[0]] = False
    blocks.append((np.flatnonzero(silent), NO_WISH, names.none, NULL_INT, NULL_INT, 0))
    code = np.unique(names.ids, return_inverse=True)[1]
    pieces = [
        _first_reasons([_of_households(block, _those_from(without, first)) for block in blocks], code)
        for first in range(0, max(1, len(without)), AT_ONCE)
    ]
    household, rule, target, value, limit = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
    columns = {
        "household_id": bundles.instance.households["household_id"][household],
        "rule": np.array(RULES)[rule],
        "target_id": names.ids[target],
        "value": value,
        "limit": limit,
    }
    return Table(Unplaced, columns, rows=len(household))


def _those_from(wanted: Bools, first: int) -> Bools:
    """Those of some households that are among so many from a first one on."""
    found = np.zeros_like(wanted)
    found[first : first + AT_ONCE] = wanted[first : first + AT_ONCE]
    return found


def _first_reasons(blocks: list[tuple[Ints, ...]], code: Ints) -> list[Ints]:
    """Of the reasons of some households against each target, by its code, the first: household, rule, target, value and limit."""
    household, rule, target, value, limit, weight = (
        np.concatenate(columns) for columns in zip(*blocks, strict=True)
    )
    order = np.lexsort((weight, code[target], household))
    first = first_of_group(np.stack((household[order], code[target[order]]), axis=1)) if len(order) else order
    return [column[order[first]] for column in (household, rule, target, value, limit)]


def _of_households(block: Reasons, wanted: Bools) -> tuple[Ints, ...]:
    """Those of some reasons that say something about some households, each column as long as the others."""
    rows = np.flatnonzero(wanted[block[0]])
    return tuple(
        np.full(len(rows), column, dtype=np.int64) if isinstance(column, int) else column[rows]
        for column in block
    )


def _reasons(bundles: Bundles, plans: Ints, names: _Names) -> Iterator[Reasons]:
    """All reasons but the last one: that somebody wishes for nothing that could be judged."""
    stays, dropped = bundles.refused_stays, bundles.dropped
    yield stays.household, stays.rule, stays.house, stays.value, stays.limit, stays.rule
    yield _full(bundles, plans)
    yield _part_without_the_rest(bundles, names)
    # stays without an answer to a need that the household insists on
    yield dropped.household, REQUIRED, dropped.house, NULL_INT, NULL_INT, -1
    yield _refused_targets(bundles, names)
    yield _refused_singles(bundles, names)
    yield _barred(bundles, names)


def _full(bundles: Bundles, plans: Ints) -> Reasons:
    """Stays that are allowed: others were given what they take, or are worth more, or the house was not opened."""
    houses = bundles.instance.houses
    opened = bundles.instance.measures["target_id"][bundles.plans.measure[plans]]
    shut = ~houses["ready"] & ~np.isin(houses["house_id"], opened)
    house = bundles.stays.house
    return bundles.stays.household, np.where(shut, NOT_TAKEN, CAPACITY)[house], house, NULL_INT, NULL_INT, -2


def _part_without_the_rest(bundles: Bundles, names: _Names) -> Reasons:
    """Households that could be placed, but only with every other part of their plan."""
    plan, parts = plans_of_families(bundles.instance)
    household = np.unique(bundles.stays.household)
    household = household[plan[household] >= 0]
    return household, ALL_BASES, names.none, NULL_INT, parts[plan[household]], -2


def _refused_targets(bundles: Bundles, names: _Names) -> Reasons:
    refused = bundles.refused_targets
    household, target = bundles.needs.household[refused.need], names.targets + refused.target
    return household, OF_TARGETS + refused.rule, target, NULL_INT, NULL_INT, refused.rule


def _refused_singles(bundles: Bundles, names: _Names) -> Reasons:
    found, wanted = bundles.singles, bundles.wanted
    household = bundles.needs.household[wanted.need[found.refused_wanted]]
    target, rule = names.targets + wanted.target[found.refused_wanted], found.refused_rule
    return household, OF_TARGETS + rule, target, NULL_INT, NULL_INT, rule


def _barred(bundles: Bundles, names: _Names) -> Reasons:
    """Overrides that keep a household from a house, from a region or from any place: such stays are not even looked at."""
    locks = bundles.instance.locks
    rows = np.flatnonzero(
        (locks["effect"] == "never") & np.isin(locks["target_kind"], ("house", "region", "placed"))
    )
    household = bundles.instance.households.find(locks["household_id"][rows])
    return household, LOCK, names.locks + rows, NULL_INT, NULL_INT, -3
