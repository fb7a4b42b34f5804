"""Groups of stays to which the same options are open, so that options are made once for each group and not for each stay.

What answers to a need at a stay hangs on the household, the region and the periods; only the way from the house to a facility
or role hangs on the house. So the stays of a household in a region over the same periods share their options, as long as the
same targets are too far from their houses. In a region with many houses the groups are far fewer than the stays.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar, Patterns
from nichiiki_solver.needs import ROLE, Needs, Targets, Wanted, singles
from nichiiki_solver.options import Options, Seats, Singles, Slots, find_options, find_singles, too_far
from nichiiki_solver.ragged import Array, Ints, cut, joined, offsets_of, unique_ragged, unique_rows
from nichiiki_solver.stays import Stays
from nichiiki_solver.travel import Travel

HOMES_AT_ONCE = 200_000
"""Pairs of a household and a house whose ways are looked at in one go: a bound on memory, which changes nothing else."""

GROUPS_AT_ONCE = 100_000
"""Groups whose options are made in one go; the same."""


def find_groups(
    instance: Instance, travel: Travel, targets: Targets, stays: Stays, needs: Needs, wanted: Wanted
) -> tuple[Ints, Ints]:
    """Group the stays of each household to which the same options are open.

    Returns
    -------
    first, group
        The first stay of each group, and the group of each stay; groups are in order of their households.
    """
    (household, house), home = unique_rows(stays.household, stays.house)
    far = _far_from(instance, travel, targets, stays.take(_firsts(home)), needs, wanted)
    region = instance.regions.find(instance.houses["region_id"])[house]
    _, kind = unique_rows(household, region, far)
    _, group = unique_rows(kind[home], stays.pattern)
    return _firsts(group), group


def _firsts(number: Ints) -> Ints:
    """First row of each number."""
    first = np.empty(int(number.max(initial=-1)) + 1, dtype=np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    return first


class _Asked:
    """Wanted targets by household: some of the rows of `Wanted`."""

    def __init__(self, needs: Needs, wanted: Wanted, rows: Ints) -> None:
        owner = needs.household[wanted.need[rows]]
        order = np.argsort(owner, kind="stable")
        self.rows, self.owner = rows[order], owner[order]

    def of(self, stays: Stays) -> Ints:
        """Rows of the households of some stays that follow each other."""
        if not len(stays):
            return self.rows[:0]
        low, high = np.searchsorted(self.owner, (stays.household[0], stays.household[-1] + 1))
        return self.rows[low:high]


def _far_from(
    instance: Instance, travel: Travel, targets: Targets, homes: Stays, needs: Needs, wanted: Wanted
) -> Ints:
    """Number the sets of wanted targets that are too far; the one of each home (a household and a house)."""
    asked = _Asked(needs, wanted, np.flatnonzero(needs.list[wanted.need] <= ROLE))
    found: list[tuple[Array, Array]] = []
    for rows in cut(homes.household, np.ones_like(homes.household), HOMES_AT_ONCE):
        part = homes.take(rows)
        mine = asked.of(part)
        home, want = singles(instance, part, needs, wanted.take(mine))
        need, target = wanted.need[mine[want]], wanted.target[mine[want]]
        far = too_far(instance, travel, targets, part, needs, home, need, target)
        found.append((rows.start + home[far], mine[want[far]]))
    home, want = (np.concatenate([block[k] for block in found]) for k in range(2))
    return unique_ragged(offsets_of(np.bincount(home, minlength=len(homes))), want)[1]


def make_options(
    instance: Instance,
    calendar: Calendar,
    travel: Travel,
    patterns: Patterns,
    targets: Targets,
    heads: Stays,
    needs: Needs,
    wanted: Wanted,
    seats: Seats,
    slots: Slots,
) -> tuple[Singles, Options]:
    """Make the options of all groups, each given by one of its stays, block by block of households."""
    asked = _Asked(needs, wanted, np.arange(len(wanted)))
    found: list[Singles] = []
    options: list[Options] = []
    for rows in cut(heads.household, np.ones_like(heads.household), GROUPS_AT_ONCE):
        part = heads.take(rows)
        mine = asked.of(part)
        own = wanted.take(mine)
        judged = find_singles(instance, calendar, travel, patterns, targets, part, needs, own, seats)
        options.append(find_options(instance, calendar, patterns, targets, part, needs, own, slots, judged))
        found.append(judged.moved(rows.start, mine))
    return joined(Singles, found), Options.joined(options)
