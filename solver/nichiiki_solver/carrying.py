"""What is held, carried from one source to another that looks at more of the same instance.

Sources number stays and options each in their own way. A stay is told again by its household, house and months, an option by its place
among those of the stay, which are the same wherever the stay is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.holding import NONE, Held
from nichiiki_solver.ragged import Bools, Ints


@dataclass(frozen=True)
class Carried:
    """What is held, without the numbers of a source.

    Attributes
    ----------
    house
        Of each household, -1 = none.
    months
        Households × periods.
    place
        Options of each household (matrix, -1 = none), counted from the first one of its stay.
    plans
        Plans of the measures that are taken.
    """

    house: Ints
    months: Bools
    place: Ints
    plans: Ints

    @classmethod
    def of(cls, source: BundleSource, held: Held) -> Carried:
        """Tell what is held in a source; that a role with a minimum is open is not told."""
        stays, mask = source.bundles.stays, source.bundles.patterns.mask
        there = held.stay >= 0
        house = np.full(len(held.stay), NONE, dtype=np.int64)
        house[there] = stays.house[held.stay[there]]
        months = np.zeros((len(held.stay), mask.shape[1]), dtype=bool)
        months[there] = mask[stays.pattern[held.stay[there]]]
        place = np.where(held.chosen >= 0, held.chosen - _first_option(source, held.stay)[:, None], NONE)
        return cls(house, months, place, source.bundles.uses.gates.plan[held.gates])

    def in_source(self, source: BundleSource) -> Held:
        """Say what it is in another source; whoever holds a stay that is not looked at there holds nothing."""
        stays, mask = source.bundles.stays, source.bundles.patterns.mask
        same = np.flatnonzero(stays.house == self.house[stays.household])
        same = same[(mask[stays.pattern[same]] == self.months[stays.household[same]]).all(axis=1)]
        stay = np.full(len(self.house), NONE, dtype=np.int64)
        stay[stays.household[same]] = same
        kept = (self.place >= 0) & (stay >= 0)[:, None]
        chosen = np.where(kept, self.place + _first_option(source, stay)[:, None], NONE)
        plan = source.bundles.uses.gates.plan
        return Held(stay, chosen, (plan >= 0) & np.isin(plan, self.plans))


def _first_option(source: BundleSource, stay: Ints) -> Ints:
    """The first option of the stay of each household; anything where there is no stay."""
    tree = source.tree
    if not len(tree.group):
        return np.zeros(len(stay), dtype=np.int64)
    return tree.segments[tree.segment_offsets[tree.group[np.maximum(stay, 0)]]]
