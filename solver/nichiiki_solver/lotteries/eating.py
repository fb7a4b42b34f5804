"""Eating in ticks: the serial rule on large markets of capacities, in whole numbers of 1/`TICKS`.

The exact rule divides time at every moment at which something runs out, and the denominators multiply. Here time moves in
whole ticks: an option is gone as soon as something it needs cannot feed one more tick of all who eat of it. What is lost of
a resource is less than what is eaten of it in one tick, so after k steps no chance can differ from a run in finer ticks
by more than what k such rests are worth; every row holds exactly, and all chances have the denominator `TICKS`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from nichiiki_solver.lotteries.exact_lp import Stopped
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Bools, Ints, segment_max

TICKS = 1 << 40
"""Ticks that make one unit of chance."""


def eat_in_ticks(market: Market, should_stop: Callable[[], bool] = lambda: False) -> list[Fraction]:
    """Simulate eating in a packing market; equal ranks are eaten in the order of the options.

    Parameters
    ----------
    market
        Plain capacities, each below 2^22.
    should_stop
        Asked at every step; True raises `Stopped`.
    """
    shares = _Eating(market).run(should_stop)
    return [Fraction(share, TICKS) for share in shares.tolist()]


class _Eating:
    """Who eats what, and what is left."""

    def __init__(self, market: Market) -> None:
        self.market = market
        # beyond what everybody together could use a capacity does not matter
        most = np.bincount(market.resource, weights=market.amount, minlength=len(market.capacity))
        self.left = np.minimum(market.capacity, most.astype(np.int64)) * TICKS
        self.shares = np.zeros(market.n_options, dtype=np.int64)
        self.alive = ~self._needing(self.left == 0)
        self.order = np.lexsort((np.arange(market.n_options), market.rank, market.agent))
        self.offsets = market.by_agent[1]

    def run(self, should_stop: Callable[[], bool]) -> Ints:
        """Eat until time or everything is up."""
        clock = 0
        while clock < TICKS:
            if should_stop():
                raise Stopped
            eaten = self._eaten()
            if not len(eaten):
                break
            rate = self._rate(eaten)
            used = np.flatnonzero(rate)
            step = min(TICKS - clock, int((self.left[used] // rate[used]).min(initial=TICKS)))
            self.shares[eaten] += step
            self.left -= step * rate
            clock += step
            gone = np.zeros(len(self.left), dtype=bool)
            gone[used] = self.left[used] < rate[used]
            self.alive &= ~self._needing(gone)
        return self.shares

    def _needing(self, gone: Bools) -> Bools:
        """Mask of the options that need something that is gone."""
        entries = gone[self.market.resource] & (self.market.amount > 0)
        found = np.zeros(self.market.n_options, dtype=bool)
        found[self.market.entry_option[entries]] = True
        return found

    def _eaten(self) -> Ints:
        """First option of each agent that is not gone."""
        places = np.arange(len(self.order))
        first = -segment_max(
            np.where(self.alive[self.order], -places, -len(places)), self.offsets, -len(places)
        )
        return np.asarray(self.order[first[first < len(places)]])

    def _rate(self, eaten: Ints) -> Ints:
        """What is eaten of each resource in a tick."""
        mark = np.zeros(self.market.n_options, dtype=bool)
        mark[eaten] = True
        entries = mark[self.market.entry_option]
        rate = np.zeros(len(self.left), dtype=np.int64)
        np.add.at(rate, self.market.resource[entries], self.market.amount[entries])
        return rate
