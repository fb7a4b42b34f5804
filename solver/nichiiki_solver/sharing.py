"""Groups of stays to which the same options are open, so that options are made once for each group and not for each stay.

What answers to a need at a stay hangs on the household, the region and the periods; only the way from the house to a facility
or role hangs on the house. So the stays of a household in a region over the same periods share their options, as long as the
same targets are too far from their houses. In a region with many houses the groups are far fewer than the stays.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.needs import ROLE, Needs, Targets, Wanted, singles
from nichiiki_solver.options import too_far
from nichiiki_solver.ragged import Array, Ints, offsets_of, unique_ragged, unique_rows
from nichiiki_solver.stays import Stays
from nichiiki_solver.travel import Travel

HOMES_AT_ONCE = 200_000
"""Pairs of a household and a house whose ways are looked at in one go: a bound on memory, which changes nothing else."""


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


def _far_from(
    instance: Instance, travel: Travel, targets: Targets, homes: Stays, needs: Needs, wanted: Wanted
) -> Ints:
    """Number the sets of wanted targets that are too far; the one of each home (a household and a house)."""
    asked = np.flatnonzero(needs.list[wanted.need] <= ROLE)
    owner = needs.household[wanted.need[asked]]
    order = np.argsort(owner, kind="stable")
    asked, owner = asked[order], owner[order]
    found: list[tuple[Array, Array]] = [(asked[:0], asked[:0])]
    for start in range(0, len(homes), HOMES_AT_ONCE):
        rows = np.arange(start, min(start + HOMES_AT_ONCE, len(homes)))
        part = homes.take(rows)
        mine = asked[slice(*np.searchsorted(owner, (part.household[0], part.household[-1] + 1)))]
        home, want = singles(instance, part, needs, wanted.take(mine))
        need, target = wanted.need[mine[want]], wanted.target[mine[want]]
        far = too_far(instance, travel, targets, part, needs, home, need, target)
        found.append((start + home[far], mine[want[far]]))
    home, want = (np.concatenate([block[k] for block in found]) for k in range(2))
    return unique_ragged(offsets_of(np.bincount(home, minlength=len(homes))), want)[1]
