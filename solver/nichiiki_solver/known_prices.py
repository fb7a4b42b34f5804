"""Prices that mean the same in another numbering: by kind, thing and period of what is shared; and what they prove."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_solver.ragged import Ints
from nichiiki_solver.uses import KINDS, Resources

ABOUT_HOUSEHOLDS = tuple(KINDS.index(name) for name in ("one_base", "bases", "all_bases", "lock"))
"""Kinds of resources whose things are numbered by households or their overrides, and so differently in each block."""
KIND_BITS, PERIOD_BITS = 56, 16
"""Places of the kind and of the thing in a key, which ends with the period."""


@dataclass(frozen=True)
class Prices:
    """Prices by kind, thing and period of what is shared, in 1/4096 of a unit; what is not named costs nothing."""

    key: Ints
    price: Ints

    @classmethod
    def none(cls) -> Prices:
        """No price is known."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))

    @classmethod
    def of(cls, resources: Resources, prices: Ints) -> Prices:
        """Name the prices above 0 of resources, without those about households."""
        kept = np.flatnonzero((prices > 0) & ~np.isin(resources.kind, ABOUT_HOUSEHOLDS))
        key = _keys(resources)[kept]
        order = np.argsort(key)
        return cls(key[order], prices[kept][order])

    def at(self, resources: Resources) -> Ints:
        """Price of each resource; 0 where none is known."""
        if not len(self.key):
            return np.zeros(len(resources), dtype=np.int64)
        key = _keys(resources)
        place = np.minimum(np.searchsorted(self.key, key), len(self.key) - 1)
        known = (self.key[place] == key) & ~np.isin(resources.kind, ABOUT_HOUSEHOLDS)
        return np.where(known, self.price[place], 0)

    def of_kind(self, kind: int, things: int, periods: int) -> Ints:
        """Price of everything of a kind: a matrix things × (no period, then each period)."""
        low, high = np.searchsorted(self.key, (kind << KIND_BITS, (kind + 1) << KIND_BITS))
        found = np.zeros((things, periods + 1), dtype=np.int64)
        rest = self.key[low:high] - (kind << KIND_BITS)
        found[rest >> PERIOD_BITS, rest & ((1 << PERIOD_BITS) - 1)] = self.price[low:high]
        return found


def _keys(resources: Resources) -> Ints:
    return (resources.kind << KIND_BITS) + (resources.thing << PERIOD_BITS) + resources.period + 1


@dataclass(frozen=True)
class Proven:
    """A bound over all bundles of an instance, None if there is none yet, and the prices that prove it, or the last known."""

    bound: int | None
    prices: Prices
