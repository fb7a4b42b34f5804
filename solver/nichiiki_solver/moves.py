"""What households keep of an earlier allocation: weights of stays and options by the table `previous`."""

from __future__ import annotations

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar, Patterns
from nichiiki_solver.needs import NEED_LISTS, Needs, Targets
from nichiiki_solver.options import Options
from nichiiki_solver.ragged import Array, Ints
from nichiiki_solver.stays import Stays

KINDS = {
    "school": "facility",
    "care": "facility",
    "desk": "facility",
    "role": "role",
    "supporter": "supporter",
    "experience": "experience",
}


def kept_weights(
    instance: Instance,
    patterns: Patterns,
    calendar: Calendar,
    targets: Targets,
    stays: Stays,
    needs: Needs,
    options: Options,
) -> tuple[Ints, Ints]:
    """Return for each stay and each option the weight of what its household had before and would have again."""
    return (
        _of_stays(instance, patterns, calendar, stays),
        _of_options(instance, targets, needs, options),
    )


def _of_stays(instance: Instance, patterns: Patterns, calendar: Calendar, stays: Stays) -> Ints:
    kept = np.zeros(len(stays), dtype=np.int64)
    rows = np.flatnonzero(instance.previous["item_kind"] == "stay")
    if not len(rows):
        return kept
    household = instance.households.find(instance.previous["household_id"][rows])
    house = instance.houses.find(instance.previous["target_id"][rows])
    periods = instance.previous.lists("periods").take(rows)
    held = calendar.mask(periods, empty=True)
    owner, entry = _pairs(_key(household, house, instance), _key(stays.household, stays.house, instance))
    same = (patterns.mask[stays.pattern[entry]] == held[owner]).all(axis=1) | (periods.lengths[owner] == 0)
    kept[entry[same]] = instance.rules.moves.stay
    return kept


def _key(household: Array, house: Array, instance: Instance) -> Ints:
    return np.asarray(household * max(1, len(instance.houses)) + house, dtype=np.int64)


def _pairs(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Pairs of a left row and a right row with equal keys; a left key occurs once."""
    order = np.argsort(left)
    place = np.minimum(np.searchsorted(left[order], right), len(left) - 1)
    entry = np.flatnonzero(left[order][place] == right)
    return order[place[entry]], entry


def _of_options(instance: Instance, targets: Targets, needs: Needs, options: Options) -> Ints:
    kept = np.zeros(len(options), dtype=np.int64)
    previous, persons = instance.previous, len(instance.persons) + 1
    need_key = (needs.household * len(NEED_LISTS) + needs.list) * persons + needs.person + 1
    for code, name in enumerate(NEED_LISTS):
        rows = np.flatnonzero(previous["item_kind"] == name)
        if not len(rows):
            continue
        household = instance.households.find(previous["household_id"][rows])
        person = instance.persons.find(previous["person_id"][rows]) + 1
        target = targets.find(instance, np.full(len(rows), KINDS[name]), previous["target_id"][rows])
        had = ((household * len(NEED_LISTS) + code) * persons + person) * len(targets.ids) + target
        parts = np.flatnonzero(
            np.isin(need_key[options.part_need] * len(targets.ids) + options.part_target, had)
        )
        owner = np.searchsorted(options.part_offsets, parts, side="right") - 1
        np.add.at(kept, owner, getattr(instance.rules.moves, name))
    return kept
