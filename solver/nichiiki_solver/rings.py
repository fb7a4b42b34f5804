"""A plain market by exact searches in growing rings around its dual prices.

At prices λ ≥ 0 no allocation is worth more than T = Σ_a (best value of a) + λ · b, and one that takes an option whose value falls
short of its agent's best by s is worth at most T - s. So let B bound every allocation that keeps to options with s ≤ ρ: then the
larger of B and T - ρ bounds them all. The first ring holds a few options an agent; a small program, closed in seconds, with
answers near the optimum. Then comes one search over all that a better allocation can hold, in the time left; only if that is too
large do rings hold twice as many from one to the next.

References
----------
Angelelli, Mansini and Speranza, Kernel search: a general heuristic for the multi-dimensional knapsack problem, 2010, for
the growing sets; Posta, Ferland and Michelon, An exact method with variable fixing for solving the generalized assignment
problem, 2012, for what may stay outside.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nichiiki_solver import mip
from nichiiki_solver.cp_sat import Answer, Report, is_near, sound, unreported
from nichiiki_solver.dual_prices import SCALE, Priced, find_prices, gains
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Bools, Ints

FIRST_RING = 2
"""Options an agent in the first ring, on average."""
MOST_OPTIONS = 100_000
"""Most options in a ring: a larger program takes longer to build than the search has."""
PRICING_SHARE, FIRST_SHARE = 0.2, 0.06
"""Shares of the time for the prices, and for the first ring; where not all options fit into a ring, each further one
may take twice as long as the one before."""
BLOCKS_A_RING, BLOCK_S = 4.0, 2.0
"""Time for blocks after a ring, in the ring's; and most seconds for one block."""
FIRST_BLOCK, LEAST, GROWTH = 40, 10, 1.2
"""Agents placed anew in the first block, fewest in any, and the factor by which blocks grow and shrink."""


def solve_level(
    market: Market,
    weights: Ints,
    *,
    known: Ints | None = None,
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    seed: int = 0,
    report: Report | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Answer:
    """Maximise integer weights of options over a listed market of one level.

    Parameters
    ----------
    market, weights, time_limit_s, relative_gap, seed, report, should_stop
        As in `nichiiki_solver.cp_sat.solve_level`; weights are the utility of the only level.
    known
        A feasible choice to begin from.

    Returns
    -------
    Answer
        Infeasible only where HiGHS says so of the whole market; the caller confirms it.
    """
    search = _Search(market, weights, known, time_limit_s, relative_gap, report, should_stop, seed)
    search.look()
    return search.answer()


class _Search:
    """The rings: the best choice and bound so far, and the clock."""

    def __init__(
        self,
        market: Market,
        weights: Ints,
        known: Ints | None,
        time_limit_s: float,
        relative_gap: float,
        report: Report | None,
        should_stop: Callable[[], bool] | None,
        seed: int,
    ) -> None:
        self.market, self.weights, self.choice = market, weights, known
        self.value = None if known is None else int(weights[known[known >= 0]].sum())
        self.bound: int | None = None
        self.infeasible = False
        self.limit_s, self.gap = time_limit_s, relative_gap
        self.report, self.should_stop = report or unreported, should_stop or (lambda: False)
        self.ends = time.monotonic() + time_limit_s
        self.total, self.short = 0, np.zeros(market.n_options, dtype=np.int64)
        self.draw, self.size = np.random.default_rng(seed), float(FIRST_BLOCK)

    @property
    def left_s(self) -> float:
        """Wall time left."""
        return self.ends - time.monotonic()

    def look(self) -> None:
        """Search ring after ring, blocks between them, until the gap is closed or the time is over."""
        priced = self._prices()
        self.total = priced.total
        self.short = gains(self.market, priced.values)[self.market.agent] - self.market.value_at(
            np.array([SCALE]), priced.prices
        )
        self._begin_with_nothing()
        order = np.argsort(self.short, kind="stable")
        size, slice_s = FIRST_RING * self.market.n_agents, FIRST_SHARE * self.limit_s
        while not self._is_over() and not self._is_enough():
            self._ring(self._nearest(order, min(size, MOST_OPTIONS)), slice_s)
            if size >= min(self._left, MOST_OPTIONS):
                break
            self._place_blocks(BLOCKS_A_RING * slice_s)
            size, slice_s = 2 * size, 2 * slice_s
            if self._left <= MOST_OPTIONS:
                size, slice_s = MOST_OPTIONS, self.left_s
        self._place_blocks(self.left_s)

    def _begin_with_nothing(self) -> None:
        """Have the choice that gives nobody anything, if it is one and there is none."""
        nothing = np.full(self.market.n_agents, -1, dtype=np.int64)
        if self.choice is None and self.market.is_feasible(nothing):
            self._keep(nothing)

    def _is_over(self) -> bool:
        return self.should_stop() or self.left_s <= 0

    def _prices(self) -> Priced:
        ends = time.monotonic() + PRICING_SHARE * self.limit_s
        priced = find_prices(
            self.market,
            np.array([1]),
            lambda: self._is_over() or time.monotonic() > ends,
            time_limit_s=PRICING_SHARE * self.limit_s,
        )
        self._lower(priced.bound)
        return priced

    @property
    def needed(self) -> int | None:
        """Shortfall beyond which no option is in an allocation as good as the one at hand; None if none is."""
        return None if self.value is None else self.total - SCALE * self.value

    @property
    def _left(self) -> int:
        """Options that an allocation better than the one at hand may hold."""
        return self.market.n_options if self.needed is None else int((self.short <= self.needed).sum())

    def _nearest(self, order: Ints, size: int) -> Bools:
        """So many options of the smallest shortfall, none beyond what is needed, and those at hand."""
        kept = np.zeros(self.market.n_options, dtype=bool)
        kept[order[:size]] = True
        if self.needed is not None:
            kept &= self.short <= self.needed
        return self._with_known(kept)

    def _with_known(self, kept: Bools) -> Bools:
        if self.choice is not None:
            kept[self.choice[self.choice >= 0]] = True
        return kept

    def _ring(self, kept: Bools, slice_s: float) -> None:
        """Search the kept options; what holds another one falls short of the prices' bound by that one's shortfall."""
        found = mip.solve_level(
            self.market.take(kept),
            self.weights[kept],
            hint=self._among(kept, self.choice),
            time_limit_s=max(0.05, min(slice_s, self.left_s)),
            relative_gap=self.gap,
            should_stop=self.should_stop,
        )
        whole = bool(kept.all())
        self.infeasible = whole and found.infeasible and self.choice is None
        if found.choice is not None:
            numbers = np.flatnonzero(kept)
            self._keep(np.where(found.choice >= 0, numbers[found.choice], -1))
        if found.bound is not None:
            outside = None if whole else (self.total - int(self.short[~kept].min())) // SCALE
            self._lower(found.bound if outside is None else max(found.bound, outside))
        self.report(self.value, self.bound)

    @staticmethod
    def _among(kept: Bools, choice: Ints | None) -> Ints | None:
        """A choice in the numbers of the kept options, which hold all of it."""
        return None if choice is None else np.where(choice >= 0, (np.cumsum(kept) - 1)[choice], -1)

    def _place_blocks(self, seconds: float) -> None:
        """Place some agents anew, all others staying, block after block; they grow where blocks close and shrink where not."""
        ends = time.monotonic() + min(seconds, self.left_s)
        while self.choice is not None and not self._is_over() and not self._is_enough():
            left_s = ends - time.monotonic()
            if left_s <= 0:
                return
            found = self._place_block(self._some_agents(), min(BLOCK_S, left_s))
            closed = found.bound is not None and found.bound == found.objective
            if closed and self.size >= self.market.n_agents:
                return
            self.size = (
                min(self.market.n_agents, self.size * GROWTH) if closed else max(LEAST, self.size / GROWTH)
            )

    def _some_agents(self) -> Bools:
        """Draw agents who share: those at a few resources, and who supplies these."""
        market, free = self.market, np.zeros(self.market.n_agents, dtype=bool)
        taken = self._with_known(np.zeros(market.n_options, dtype=bool))
        shares = taken[market.entry_option] | (market.amount < 0)
        for resource in self.draw.permutation(len(market.capacity)).tolist():
            here = np.unique(market.agent[market.entry_option[shares & (market.resource == resource)]])
            room = int(self.size - free.sum())
            free[here if len(here) <= room else self.draw.choice(here, room, replace=False)] = True
            if free.sum() >= int(self.size):
                break
        return free

    def _place_block(self, free: Bools, seconds: float) -> Answer:
        """Give some agents what is best for all of them together beside the others."""
        needed = self.needed
        assert self.choice is not None and needed is not None  # noqa: S101 - the caller has looked
        rest = np.where(free, -1, self.choice)
        kept = free[self.market.agent] & self._with_known(self.short <= needed)
        part = replace(
            self.market.take(kept),
            capacity=self.market.capacity - self.market.usage(rest),
            must_assign=self.market.must_assign & free,
        )
        found = mip.solve_level(
            part,
            self.weights[kept],
            hint=self._among(kept, np.where(free, self.choice, -1)),
            time_limit_s=seconds,
            should_stop=self.should_stop,
        )
        if found.choice is not None:
            mine = found.choice >= 0
            rest[mine] = np.flatnonzero(kept)[found.choice[mine]]
            self._keep(rest)
        return found

    def _keep(self, choice: Ints) -> None:
        value = int(self.weights[choice[choice >= 0]].sum())
        if self.value is None or value > self.value:
            self.choice, self.value = choice, value
            self.report(value, self.bound)

    def _lower(self, bound: int) -> None:
        self.bound = bound if self.bound is None else min(bound, self.bound)

    def _is_enough(self) -> bool:
        return is_near(self.value, self.bound, self.gap)

    def answer(self) -> Answer:
        """Put together what was found."""
        if self.choice is None or self.value is None:
            return Answer(None, None, self.bound, infeasible=self.infeasible)
        return Answer(self.choice, self.value, sound(self.bound, self.value))
