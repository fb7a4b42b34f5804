"""What stays and options are worth at given prices, and which of them are in nearly the best bundles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_solver.menu import Distinct, Seen
from nichiiki_solver.ragged import Ints
from nichiiki_solver.tree import Tree


@dataclass(frozen=True)
class AtPrices:
    """Stays and options at some prices.

    Attributes
    ----------
    tree, distinct
        Which options answer to which stays; which of them are equal.
    group
        Group of each option.
    seen
        What the menu is worth at the prices.
    """

    tree: Tree
    distinct: Distinct
    group: Ints
    seen: Seen

    @property
    def of_stay(self) -> Ints:
        """Value of the best bundle with each stay."""
        return self.seen.total

    def short(self, options: Ints) -> Ints:
        """How much some options fall short of the best one of their slot."""
        best = self.seen.best[self.distinct.menu.slot[self.tree.segment_of[options]]]
        return np.asarray(best - self.seen.option[self.distinct.of_option[options]])

    def options_within(self, stays: Ints, room: Ints) -> Ints:
        """Options of some stays, each of which falls short of the best one by no more than the room of a stay that it answers to."""
        groups, which = np.unique(self.tree.group[stays], return_inverse=True)
        most = np.full(len(groups), -1, dtype=np.int64)
        np.maximum.at(most, which, room)
        options = self.tree.options_of(stays)
        return options[self.short(options) <= most[np.searchsorted(groups, self.group[options])]]
