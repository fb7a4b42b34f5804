"""Early bird: agents choose in the order of their numbers, each the best option that still fits.

Mechanism
    Serial dictatorship in the order of the agents.
Properties
    Strategy-proof; Pareto-efficient where ranks are strict.
Complexity
    One pass over options and their entries.
Source
    Svensson (1999), Strategy-proof allocation of indivisible goods.
"""

from __future__ import annotations

import time

import numpy as np

from nichiiki.market import Market, Outcome
from nichiiki.testing import LevelResult, PolicyCard, Settings, Status, StopReason, UnsupportedMarketError


class EarlyBird:
    """The policy; an entry point of the group ``nichiiki.policies`` names it."""

    card = PolicyCard(
        name="early_bird",
        strategy_proof="if_plain",
        stable="never",
        efficient="if_plain",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties"),
        reference="Svensson (1999), Social Choice and Welfare 16",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Let one agent after the other choose."""
        started = time.perf_counter()
        if not market.complete or market.must_assign.any():
            raise UnsupportedMarketError(
                "early_bird takes markets whose options are all listed, without duties"
            )
        if (market.capacity < 0).any() or (market.amount < 0).any():
            raise UnsupportedMarketError("early_bird knows neither demands nor supply")
        choice = np.full(market.n_agents, -1, dtype=np.int64)
        left = market.capacity.copy()
        for option in np.lexsort((market.rank, market.agent)).tolist():
            entries = slice(market.offsets[option], market.offsets[option + 1])
            needed = np.bincount(market.resource[entries], market.amount[entries], len(left)).astype(np.int64)
            if choice[market.agent[option]] < 0 and (needed <= left).all():
                choice[market.agent[option]] = option
                left -= needed
        levels = tuple(
            LevelResult(name=name, objective=int(value), bound=None)
            for name, value in zip(market.levels, market.objectives(choice), strict=True)
        )
        seconds = time.perf_counter() - started
        return Outcome(market, choice, Status.FEASIBLE, StopReason.PROCEDURE_ENDED, levels, seconds)
