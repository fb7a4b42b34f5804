"""One answer among equals: public hash weights, level after level, until a proof says that no other answer is left.

Engines that agree on the best value still give different people different places. Among all best answers the one is taken
whose sum of public weights is largest; of several such the one with the largest sum of the next weights, and so on. A last
solve that forbids this very answer proves that no other one is left. What comes out depends on the input, the rules and the
seed alone: on no engine, machine or number of workers.

The weights are those of `nichiiki_solver.public_weights`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nichiiki_solver.cp_sat import Answer, Floor
from nichiiki_solver.market import Factoring, Market
from nichiiki_solver.ragged import Ints

MOST_LEVELS = 64
"""Levels after which no more is tried; with weights of a byte two or three are the rule."""
Search = Callable[[Market, Ints, tuple[Floor, ...]], Answer]
"""Maximises weights of a market's options with floors kept."""


@dataclass(frozen=True)
class Settled:
    """What the tie-break found.

    Attributes
    ----------
    choice
        Pieces of the market; None if not even the first level was solved to its proof.
    unique
        Whether it is proven that no other choice has the same values.
    levels
        How many levels of weights were solved.
    """

    choice: Ints | None
    unique: bool
    levels: int


def settle(candidates: Factoring, floors: tuple[Floor, ...], seed: int, search: Search) -> Settled:
    """Choose among the answers that keep the floors, and prove that the one chosen is the only one.

    Parameters
    ----------
    candidates
        Holds every answer that keeps the floors.
    floors
        The levels of the objective at their proven values.
    seed
        Seed of the weights.
    search
        An exact engine. Its answers count only with a proof, and if they keep the floors in whole numbers.
    """
    market, choice = candidates.market, None
    for level in range(MOST_LEVELS):
        weights = candidates.tie_weights(seed, level)
        found = search(market, weights, floors)
        if not _is_proven(found, floors):
            return Settled(choice, False, level)
        choice, best = found.choice, found.objective or 0
        second = search(market, weights, (*floors, any_but(market, choice, weights)))
        if second.infeasible or (second.bound is not None and second.bound < best):
            return Settled(choice, True, level + 1)
        if second.objective != best:
            return Settled(choice, False, level + 1)
        floors = (*floors, Floor(weights, best))
    return Settled(choice, False, MOST_LEVELS)


def _is_proven(found: Answer, floors: tuple[Floor, ...]) -> bool:
    """Whether an answer is best and keeps its floors in whole numbers."""
    if found.choice is None or found.objective is None or found.objective != found.bound:
        return False
    taken = found.choice[found.choice >= 0]
    return all(int(floor.weights[taken].sum()) >= floor.least for floor in floors)


def any_but(market: Market, choice: Ints | None, weights: Ints) -> Floor:
    """Return the demand that not every agent does as in a choice; what has no weight gives nobody anything."""
    signs = np.zeros(market.n_options, dtype=np.int64)
    taken = np.zeros(0, dtype=np.int64) if choice is None else choice[choice >= 0]
    taken = taken[weights[taken] > 0]
    busy = np.zeros(market.n_agents, dtype=bool)
    busy[market.agent[taken]] = True
    signs[(weights > 0) & ~busy[market.agent]] = 1
    signs[taken] = -1
    return Floor(signs, 1 - len(taken))
