"""One after the other: each agent takes its best option for which everything is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice

import numpy as np

from nichiiki_models.allocation import Status, StopReason
from nichiiki_solver.dual_prices import source_of
from nichiiki_solver.lotteries.opened import Choosing, Opened
from nichiiki_solver.market import Market, Order, Outcome, Source
from nichiiki_solver.policies.closing import (
    Taken,
    clock,
    plain_levels,
    refuse_demands,
    run_rounds,
    stop_if,
)
from nichiiki_solver.policies.registry import Settings
from nichiiki_solver.ragged import Ints

BLOCK = 256
"""Agents whose best options are looked for at once."""


def agents_in_order(market: Market, order: Ints) -> list[int]:
    """Return the agents of an order that are no gates."""
    known = order[order < market.n_agents]
    agents: list[int] = known[~market.gate[known]].tolist()
    return agents


def give_in_turn(
    source: Source, turns: Sequence[tuple[int, int | None]], left: Ints, should_stop: Callable[[], bool]
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

    Notes
    -----
    What is best for the next agents is found for all of them at once. It is still best when the turn comes if it still fits:
    where nobody supplies anything, less is left with every turn.
    """
    taken: dict[int, Market] = {}
    for block in _blocks(turns, 1 if source.supplies else BLOCK):
        rank = block[0][1]
        waiting = [agent for agent, _ in block if agent not in taken]
        for agent, best in zip(
            waiting, source.first_fits(np.array(waiting, dtype=np.int64), left, rank), strict=True
        ):
            stop_if(should_stop)
            found = best if best is None or _fits(best, left) else source.first_fit(agent, left, rank)
            if found is not None:
                taken[agent] = found
                np.subtract.at(left, found.resource, found.amount)
    return taken


def _blocks(turns: Sequence[tuple[int, int | None]], size: int) -> Iterator[Sequence[tuple[int, int | None]]]:
    """Cut turns into blocks of one rank."""
    for _, same in groupby(turns, key=lambda turn: turn[1]):
        while block := list(islice(same, size)):
            yield block


def _fits(option: Market, left: Ints) -> bool:
    """Whether everything that a single option uses is left."""
    return bool(((option.amount <= 0) | (option.amount <= left[option.resource])).all())


def solve_in_turn(market: Market, settings: Settings, kind: Order, name: str) -> Outcome:
    """Let the agents choose in one of the orders of `Order`."""
    source = source_of(market)
    refuse_demands(source.has_demands, name)
    order = agents_in_order(market, source.order(settings.seed, kind))
    listed = _choose_listed(market, order, settings)
    if listed is not None:
        return listed
    turns = [(agent, None) for agent in order]
    should_stop = clock(settings)

    def one_round(left: Ints) -> Taken:
        return give_in_turn(source, turns, left, should_stop)

    return run_rounds(market, settings, one_round, name=name)


def _choose_listed(market: Market, order: list[int], settings: Settings) -> Outcome | None:
    """Let agents choose from the lists of a plain market of capacities; None for other markets, or if time is up at once."""
    started = time.perf_counter()
    opened = None if market.source is not None or market.gate.any() else Opened.of(market)
    if opened is None or clock(settings)():
        return None
    choosing = Choosing(opened)
    choice = choosing.run((agent, choosing.wishes(agent)) for agent in order)
    seconds = time.perf_counter() - started
    levels = plain_levels(market, choice)
    return Outcome(market, choice, Status.FEASIBLE, StopReason.PROCEDURE_ENDED, levels, seconds)
