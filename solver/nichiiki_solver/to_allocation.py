"""From a choice of bundles back to an allocation, with reasons for every household without a place."""

from __future__ import annotations

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
from nichiiki_solver.ragged import Array, Ints, expand, expand_rows, first_of_group
from nichiiki_solver.stays import STAY_RULES
from nichiiki_solver.uses import plans_of_families

if TYPE_CHECKING:
    from nichiiki_solver.bundles import Bundles

ITEM_NAMES = np.array(NEED_LISTS)


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


Reasons = tuple[Ints, Array, Array, Ints, Ints, Ints]
"""Household, rule, target id, value, limit, order of importance of each reason."""


def _unplaced(bundles: Bundles, placed: Ints, plans: Ints) -> Table[Unplaced]:
    """Every reason against every wish of the households without a place; of several against one target the first."""
    without = np.ones(bundles.n_households, dtype=bool)
    without[placed] = False
    blocks = [
        _refused_stays(bundles),
        _full(bundles, plans),
        _part_without_the_rest(bundles),
        _incomplete(bundles),
        _refused_targets(bundles),
        _refused_singles(bundles),
        _barred(bundles),
    ]
    blocks.append(_no_wish(bundles, without, blocks))
    household, rule, target, value, limit, weight = (
        np.concatenate([np.asarray(b[k]) for b in blocks]) for k in range(6)
    )
    rows = np.flatnonzero(without[household])
    _, code = np.unique(target[rows], return_inverse=True)
    order = rows[np.lexsort((weight[rows], code, household[rows]))]
    _, code = np.unique(target[order], return_inverse=True)
    kept = order[first_of_group(np.stack((household[order], code), axis=1))] if len(order) else order
    ids = bundles.instance.households["household_id"]
    columns = {
        "household_id": ids[household[kept]],
        "rule": rule[kept],
        "target_id": target[kept],
        "value": value[kept],
        "limit": limit[kept],
    }
    return Table(Unplaced, columns, rows=len(kept))


def _none(size: int) -> Ints:
    return np.full(size, NULL_INT, dtype=np.int64)


def _refused_stays(bundles: Bundles) -> Reasons:
    refused = bundles.refused_stays
    rules = np.array(STAY_RULES)[refused.rule]
    return (
        refused.household,
        rules,
        bundles.instance.houses["house_id"][refused.house],
        refused.value,
        refused.limit,
        refused.rule,
    )


def _full(bundles: Bundles, plans: Ints) -> Reasons:
    """Stays that are allowed: others were given what they take, or are worth more, or the house was not opened."""
    size = len(bundles.stays)
    houses = bundles.instance.houses["house_id"][bundles.stays.house]
    measures = bundles.instance.measures
    opened = measures["target_id"][bundles.plans.measure[plans]]
    shut = ~bundles.instance.houses["ready"][bundles.stays.house] & ~np.isin(houses, opened)
    return (
        bundles.stays.household,
        np.where(shut, "measure_not_taken", "capacity"),
        houses,
        _none(size),
        _none(size),
        np.full(size, -2),
    )


def _part_without_the_rest(bundles: Bundles) -> Reasons:
    """Households that could be placed, but only with every other part of their plan."""
    plan, parts = plans_of_families(bundles.instance)
    household = np.unique(bundles.stays.household)
    household = household[plan[household] >= 0]
    size = len(household)
    return (
        household,
        np.full(size, "all_bases"),
        np.full(size, ""),
        _none(size),
        parts[plan[household]],
        np.full(size, -2),
    )


def _incomplete(bundles: Bundles) -> Reasons:
    """Stays without an answer to a need that the household insists on."""
    size = len(bundles.dropped)
    houses = bundles.instance.houses["house_id"][bundles.dropped.house]
    return (
        bundles.dropped.household,
        np.full(size, "required"),
        houses,
        _none(size),
        _none(size),
        np.full(size, -1),
    )


def _refused_targets(bundles: Bundles) -> Reasons:
    refused = bundles.refused_targets
    household = bundles.needs.household[refused.need]
    rules = np.array(TARGET_RULES)[refused.rule]
    return (
        household,
        rules,
        bundles.targets.ids[refused.target],
        _none(len(household)),
        _none(len(household)),
        refused.rule,
    )


def _refused_singles(bundles: Bundles) -> Reasons:
    found, wanted = bundles.singles, bundles.wanted
    need, target = wanted.need[found.refused_wanted], wanted.target[found.refused_wanted]
    rules = np.array(TARGET_RULES)[found.refused_rule]
    return (
        bundles.needs.household[need],
        rules,
        bundles.targets.ids[target],
        _none(len(need)),
        _none(len(need)),
        found.refused_rule,
    )


def _barred(bundles: Bundles) -> Reasons:
    """Overrides that keep a household from a house, from a region or from any place: such stays are not even looked at."""
    locks = bundles.instance.locks
    rows = np.flatnonzero(
        (locks["effect"] == "never") & np.isin(locks["target_kind"], ("house", "region", "placed"))
    )
    return (
        bundles.instance.households.find(locks["household_id"][rows]),
        np.full(len(rows), "lock"),
        locks["target_id"][rows],
        _none(len(rows)),
        _none(len(rows)),
        np.full(len(rows), -3),
    )


def _no_wish(bundles: Bundles, without: Array, blocks: list[Reasons]) -> Reasons:
    """Households of which nothing else is known: they wish for no stay that could be judged."""
    silent = without.copy()
    for block in blocks:
        silent[block[0]] = False
    household = np.flatnonzero(silent)
    size = len(household)
    return (
        household,
        np.full(size, "no_wish"),
        np.full(size, ""),
        _none(size),
        _none(size),
        np.zeros(size, dtype=np.int64),
    )
