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
        proven = _proven(found, floors)
        if proven is None:
            return Settled(choice, False, level)
        choice, best = proven
        second = search(market, weights, (*floors, any_but(choice, weights)))
        if second.infeasible or (second.bound is not None and second.bound < best):
            return Settled(choice, True, level + 1)
        if second.objective != best:
            return Settled(choice, False, level + 1)
        floors = (*floors, Floor(weights, best))
    return Settled(choice, False, MOST_LEVELS)


def _proven(found: Answer, floors: tuple[Floor, ...]) -> tuple[Ints, int] | None:
    """Return an answer's choice and value if it is best and keeps its floors in whole numbers."""
    if found.choice is None or found.objective is None or found.objective != found.bound:
        return None
    taken = found.choice[found.choice >= 0]
    kept = all(int(floor.weights[taken].sum()) >= floor.least for floor in floors)
    return (found.choice, found.objective) if kept else None


def any_but(choice: Ints, weights: Ints) -> Floor:
    """Return the demand that not every agent does as in a choice; what has no weight gives nobody anything.

    Whoever has something else, or something where the choice has nothing, makes up for one that the choice holds.
    """
    taken = choice[choice >= 0]
    taken = taken[weights[taken] > 0]
    signs = (weights > 0).astype(np.int64)
    signs[taken] = -1
    return Floor(signs, 1 - len(taken))
