"""Points: the clerk's procedure, step by step as a town office does it by hand.

Mechanism
    Households in the order of points, tie order and lottery number; each gets its best bundle for which everything is
    left (`one_list`), or first wishes go first (`by_rank`). A role or experience that ends below its minimum is closed
    and the procedure begins again. The numbered steps are in docs/explanation/rules.md, sections 8 and 9.
Properties
    `one_list` without minimums is serial dictatorship: strategy-proof and Pareto-efficient. Closing roles and `by_rank`
    (immediate acceptance) are not strategy-proof.
Complexity
    One pass over the households a round; at most one round more than there are roles and periods to close.
Source
    Points, tie orders and ranked choices of nursery and public-housing offices (公営住宅 ポイント方式, 保育所 利用調整);
    serial dictatorship: Svensson (1999), Strategy-proof allocation of indivisible goods.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from nichiiki_models.allocation import LevelResult, Status, StopReason
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.dual_prices import source_of
from nichiiki_solver.market import Market, Outcome, Source
from nichiiki_solver.policies.registry import Progress, Settings
from nichiiki_solver.ragged import Bools, Ints

IGNORED = np.int64(1) << 40
"""What is "left" of a minimum while the procedure runs: it is looked at only at the end of a round."""


class Points:
    """The clerk's procedure; see the module's text."""

    supports = ("bundles", "ties", "must", "closing of roles below their minimum")

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Run the procedure; see `Outcome` for what comes back."""
        started = time.perf_counter()
        source = source_of(market)

        def should_stop() -> bool:
            return time.perf_counter() - started > settings.time_limit_s or settings.should_stop()

        if source.has_demands:
            raise UnsupportedMarketError(
                "the points procedure knows no minimum quotas; use policy welfare, or drop quotas.min"
            )
        if source.procedure == "per_target":
            raise UnsupportedMarketError(
                "procedure.kind per_target is not part of this version; use one_list or by_rank"
            )
        run = _Procedure(market, source, settings.seed, should_stop)
        while not run.round():
            settings.progress(Progress("points", None, None, time.perf_counter() - started))
        if run.stopped:
            reason = StopReason.INTERRUPTED if settings.should_stop() else StopReason.TIME_LIMIT
            return Outcome(market, None, Status.UNKNOWN, reason, (), time.perf_counter() - started)
        return run.outcome(time.perf_counter() - started)


def first_answer(market: Market, seed: int, should_stop: Callable[[], bool]) -> Outcome | None:
    """Run the procedure as a quick first answer for an exact search; None where it makes no promise or is stopped."""
    source = source_of(market)
    if source.has_demands:
        return None
    run = _Procedure(market, source, seed, should_stop)
    while not run.round():
        pass
    return None if run.stopped else run.outcome(0.0)


class _Procedure:
    """The state of the procedure: which gates are open, and who has what in this round."""

    def __init__(self, market: Market, source: Source, seed: int, should_stop: Callable[[], bool]) -> None:
        self.market, self.source, self.should_stop = market, source, should_stop
        self.stopped = False
        self.order = [a for a in source.order(seed).tolist() if a < market.n_agents and not market.gate[a]]
        self.gates = market.take(market.gate[market.agent])
        self.open: Bools = np.ones(self.gates.n_options, dtype=bool)
        self.taken: dict[int, Market] = {}

    def round(self) -> bool:
        """Go through the households once; close what stays below its minimum; say whether this was the last round.

        It is the last one if nothing was closed, or if somebody asked to stop: what part of a round gives is no answer.
        """
        self.taken, self.left = {}, self._supply()
        for agent, rank in self._turns():
            if self.should_stop():
                self.stopped = True
                return True
            if agent not in self.taken:
                bundle = self.source.first_fit(agent, self.left, rank)
                if bundle is not None:
                    self._take(agent, bundle)
        failing = self.open & self._below_minimum()
        self.open &= ~failing
        return not failing.any()

    def _turns(self) -> list[tuple[int, int | None]]:
        """Whose turn it is, and for which rank of stay (None = any)."""
        if self.source.procedure == "one_list":
            return [(agent, None) for agent in self.order]
        ranks = {agent: self.source.stay_ranks(agent).tolist() for agent in self.order}
        every = sorted({rank for mine in ranks.values() for rank in mine})
        return [(agent, rank) for rank in every for agent in self.order if rank in ranks[agent]]

    def _supply(self) -> Ints:
        """What there is at the start of a round: capacities, and what open gates supply."""
        left = self.market.capacity.copy()
        option, supply = self.gates.entry_option, self.gates.amount < 0
        opened = supply & self.open[option]
        np.add.at(left, self.gates.resource[opened], -self.gates.amount[opened])
        left[self.gates.resource[~supply]] = IGNORED
        return left

    def _take(self, agent: int, bundle: Market) -> None:
        own = bundle.take(bundle.agent == agent)
        self.taken[agent] = own
        np.subtract.at(self.left, own.resource, own.amount)

    def _holders(self) -> tuple[Ints, Ints]:
        """Holders at each gate, and its minimum."""
        demand = self.gates.amount > 0
        rows, low = self.gates.resource[demand], self.gates.amount[demand]
        gate = self.gates.entry_option[demand]
        holders, minimum = np.zeros(len(self.open), dtype=np.int64), np.zeros(len(self.open), dtype=np.int64)
        holders[gate], minimum[gate] = self.left[rows] - IGNORED, low
        return holders, minimum

    def _below_minimum(self) -> Bools:
        holders, minimum = self._holders()
        return (holders > 0) & (holders < minimum)

    def outcome(self, seconds: float) -> Outcome:
        """Put the outcome together."""
        running = self.gates.take(self._holders()[0] > 0)
        market = _joined([running, *self.taken.values()])
        choice = np.full(self.market.n_agents, -1, dtype=np.int64)
        choice[market.agent] = np.arange(market.n_options)
        if (choice[market.must_assign] < 0).any():
            return Outcome(market, None, Status.INFEASIBLE, StopReason.PROCEDURE_ENDED, (), seconds)
        values = market.objectives(choice)
        levels = tuple(
            LevelResult(name=name, objective=int(value), bound=None)
            for name, value in zip(market.levels, values, strict=True)
        )
        return Outcome(market, choice, Status.FEASIBLE, StopReason.PROCEDURE_ENDED, levels, seconds)


def _joined(parts: list[Market]) -> Market:
    """Join markets in pairs, so that each option is copied only as often as the list can be halved."""
    while len(parts) > 1:
        pairs = [parts[k].join(parts[k + 1]) for k in range(0, len(parts) - 1, 2)]
        parts = pairs + parts[2 * len(pairs) :]
    return parts[0]
