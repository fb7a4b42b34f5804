"""Every stay that was wished for, allowed or not, with all its options, beside the bundle that each household has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.tables import LISTS
from nichiiki_solver.bundles import Bundles, BundleSource, assemble, unlocked
from nichiiki_solver.calendar import Calendar, Patterns
from nichiiki_solver.needs import NEED_LISTS
from nichiiki_solver.options import drop_incomplete
from nichiiki_solver.ragged import Array, Bools, Ints, expand_rows, first_of_group
from nichiiki_solver.stays import Refusals, Stays, find_candidates
from nichiiki_solver.travel import Travel

TARGET_KINDS = {"school": "facility", "care": "facility", "desk": "facility"}
NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class World:
    """What might have been, and what is.

    Attributes
    ----------
    bundles, source
        Candidate stays of the households asked for and the stays that are held, refused and incomplete ones included.
    rule
        First rule against each stay (`STAY_RULES` index, -1 = none).
    free, complete
        Whether no override stands against each stay; whether each has an answer to every need.
    stay_of
        Stay that each household holds, -1 without a place.
    placed, chosen
        Households with a place, and the options they hold (matrix, -1 = no slot).
    """

    bundles: Bundles
    source: BundleSource
    rule: Ints
    free: Bools
    complete: Bools
    stay_of: Ints
    placed: Ints
    chosen: Ints


def find_world(instance: Instance, allocation: Allocation, asked: Bools) -> World:
    """Find what the households asked for might have had.

    Parameters
    ----------
    instance
        What was allocated.
    allocation
        An allocation of it that passes `verify`.
    asked
        Mask of the households.
    """
    calendar = Calendar.of(instance)
    travel = Travel(instance, calendar)
    every, patterns, judged = find_candidates(instance, calendar, travel)
    held = _held_stays(instance, allocation, calendar, every, patterns)
    kept = asked[every.household]
    kept[held] = True
    number = np.cumsum(kept) - 1
    stays = every.take(kept)
    nobody = Refusals(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
    bundles = assemble(instance, calendar, travel, patterns, stays, nobody, apart=True)
    stay_of = np.full(len(instance.households), -1, dtype=np.int64)
    stay_of[every.household[held]] = number[held]
    placed = np.flatnonzero(stay_of >= 0)
    return World(
        bundles=bundles,
        source=BundleSource(bundles),
        rule=judged.rule[kept],
        free=unlocked(instance, stays),
        complete=drop_incomplete(stays, bundles.slots, bundles.options),
        stay_of=stay_of,
        placed=placed,
        chosen=_held_options(bundles, allocation, stay_of, placed),
    )


def _held_stays(
    instance: Instance, allocation: Allocation, calendar: Calendar, every: Stays, patterns: Patterns
) -> Ints:
    """Candidate that each row of the allocation's stays is."""
    mask = calendar.mask(allocation.stays.lists("periods"), empty=False)
    number = {row.tobytes(): k for k, row in enumerate(patterns.mask)}
    pattern = np.array([number.get(row.tobytes(), -1) for row in mask], dtype=np.int64)
    household = instance.households.find(allocation.stays["household_id"])
    house = instance.houses.find(allocation.stays["house_id"])
    houses, size = len(instance.houses), len(patterns) + 1
    known = (every.household * houses + every.house) * size + every.pattern
    wanted = (household * houses + house) * size + pattern
    at = np.minimum(np.searchsorted(known, wanted), max(0, len(known) - 1))
    if len(wanted) and (not len(known) or (known[at] != wanted).any()):
        raise RuntimeError("an allocation that passed its check holds a stay that the rules do not know")
    return at


def _held_options(bundles: Bundles, allocation: Allocation, stay_of: Ints, placed: Ints) -> Ints:
    """Option of every slot of the placed households: the one with exactly the parts that were given."""
    options, slots = bundles.options, bundles.slots
    need, target = _held_parts(bundles, allocation)
    given = np.zeros(len(slots), dtype=np.uint64)
    np.add.at(given, slots.of_need[need], _mixed(bundles, need, target))
    rows = np.flatnonzero(np.isin(bundles.stay_of_option, stay_of[placed]))
    owner, part = expand_rows(options.part_offsets, rows)
    marks = np.zeros(len(rows), dtype=np.uint64)
    np.add.at(marks, owner, _mixed(bundles, options.part_need[part], options.part_target[part]))
    rows = rows[marks == given[options.slot[rows]]]
    rows = rows[first_of_group(options.slot[rows])] if len(rows) else rows
    return _matrix(bundles, placed, rows)


def _matrix(bundles: Bundles, placed: Ints, rows: Ints) -> Ints:
    """One option a slot as a matrix households × slots."""
    owner = bundles.slots.household[bundles.options.slot[rows]]
    row = np.searchsorted(placed, owner)
    counts = np.bincount(bundles.slots.household, minlength=bundles.n_households)
    first = np.searchsorted(bundles.slots.household, placed)
    if len(rows) != int(counts[placed].sum()):
        raise RuntimeError("an allocation that passed its check gives something that the rules do not know")
    chosen = np.full((len(placed), int(counts[placed].max(initial=0))), -1, dtype=np.int64)
    chosen[row, bundles.options.slot[rows] - first[row]] = rows
    return chosen


def _mixed(bundles: Bundles, need: Ints, target: Ints) -> Array:
    """A number for each part that is as good as random, so that sums tell sets of parts apart."""
    mixed = (need * len(bundles.targets.ids) + target).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _held_parts(bundles: Bundles, allocation: Allocation) -> tuple[Ints, Ints]:
    """Need and target of everything that was given beside the stays."""
    instance, items, heads = bundles.instance, allocation.items, allocation.placements
    supported = heads["supporter_id"] != ""
    household = np.concatenate((items["household_id"], heads["household_id"][supported]))
    names = np.concatenate((items["list"], np.full(int(supported.sum()), "supporter")))
    person = np.concatenate((items["person_id"], np.full(int(supported.sum()), "")))
    ids = np.concatenate((items["target_id"], heads["supporter_id"][supported]))
    kinds = np.array([TARGET_KINDS.get(name, name) for name in names.tolist()], dtype=np.str_)
    need = find_need(
        bundles, instance.households.find(household), codes_of(names), instance.persons.find(person)
    )
    return need, bundles.targets.find(instance, kinds, ids)


def codes_of(names: Array) -> Ints:
    """Codes of lists by name (`NEED_LISTS` index)."""
    return np.array([NEED_LISTS.index(name) for name in names.tolist()], dtype=np.int64)


def find_need(bundles: Bundles, household: Ints, code: Ints, person: Ints) -> Ints:
    """Need of each household, list and person; -1 if there is none."""
    needs, size = bundles.needs, len(bundles.instance.persons) + 1
    known = (needs.household * len(LISTS) + needs.list) * size + needs.person + 1
    wanted = (household * len(LISTS) + code) * size + person + 1
    order = np.argsort(known)
    if not len(order):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(known[order], wanted), len(order) - 1)
    return np.where(known[order][at] == wanted, order[at], -1)


def parts_of(bundles: Bundles, options: Ints) -> list[tuple[int, int]]:
    """Need and target of every part of some options (-1 = no slot)."""
    _, part = expand_rows(bundles.options.part_offsets, options[options >= 0])
    return list(
        zip(bundles.options.part_need[part].tolist(), bundles.options.part_target[part].tolist(), strict=True)
    )
