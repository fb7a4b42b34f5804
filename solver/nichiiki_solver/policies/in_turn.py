"""One after the other: each agent takes its best option for which everything is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from nichiiki_solver.dual_prices import source_of
from nichiiki_solver.market import Market, Order, Outcome, Source
from nichiiki_solver.policies.closing import Taken, clock, refuse_demands, run_rounds, stop_if
from nichiiki_solver.policies.registry import Settings
from nichiiki_solver.ragged import Ints


def agents_in_order(market: Market, order: Ints) -> list[int]:
    """Return the agents of an order that are no gates."""
    return [agent for agent in order.tolist() if agent < market.n_agents and not market.gate[agent]]


def give_in_turn(
    source: Source, turns: Iterable[tuple[int, int | None]], left: Ints, should_stop: Callable[[], bool]
) -> Taken:
    """Give every agent whose turn it is its best option that fits, if it has none yet.

    Parameters
    ----------
    source
        Finds the best option that fits.
    turns
        Whose turn it is, and for which rank of stay (None = any).
    left
        What is left of each resource; what is given is subtracted.
    should_stop
        Asked before every turn; True leaves the round.
    """
    taken: dict[int, Market] = {}
    for agent, rank in turns:
        stop_if(should_stop)
        if agent in taken:
            continue
        found = source.first_fit(agent, left, rank)
        if found is not None:
            own = found.take(found.agent == agent)
            taken[agent] = own
            np.subtract.at(left, own.resource, own.amount)
    return taken


def solve_in_turn(market: Market, settings: Settings, kind: Order, name: str) -> Outcome:
    """Let the agents choose in one of the orders of `Order`."""
    source = source_of(market)
    refuse_demands(source.has_demands, name)
    turns = [(agent, None) for agent in agents_in_order(market, source.order(settings.seed, kind))]
    should_stop = clock(settings)

    def one_round(left: Ints) -> Taken:
        return give_in_turn(source, turns, left, should_stop)

    return run_rounds(market, settings, one_round, name=name)
