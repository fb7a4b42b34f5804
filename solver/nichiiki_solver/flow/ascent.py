"""Rents near the best ones, found by shortest paths alone, so that a linear program starts with nearly the right paths.

Each round sends all demand along its cheapest paths under cost + rent and then raises the rent of a seat row by a factor that
grows with its overload, and lowers it where there is room (multiplicative weights: Young, *Randomized rounding without
solving the linear program*, 1995; Garg and Könemann, *Faster and simpler algorithms for multicommodity flow*, 2007). Nothing
here is trusted: the paths found are candidates, and the program that follows proves its optimum over all paths.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nichiiki_solver.flow.commodities import Commodities
from nichiiki_solver.flow.paths import Paths
from nichiiki_solver.flow.shortest import Floats, Trees
from nichiiki_solver.ragged import Bools, Ints

MOST_ROUNDS = 40
MOST_WORK = 200_000_000
"""Sources times arcs times rounds."""
STEP, FADING, MEMORY = 0.3, 0.985, 0.7
"""Exponent of an overload of 100 %, how it fades from round to round, and how long overloads are remembered."""
SEED_SHARE = 1 / 250
"""Rent of a row at which it begins to grow, as a share of a usual trip's cost."""


def ascend(
    commodities: Commodities, cost: Ints, penalty: float, trees: Callable[[Floats], Trees]
) -> tuple[list[Paths], Bools]:
    """Look for paths that are cheapest under good rents.

    Parameters
    ----------
    commodities
        Network and demands.
    cost
        Of a unit on each arc.
    penalty
        Cost of a unit that is not carried.
    trees
        Finds the cheapest paths under weights of arcs.

    Returns
    -------
    found, scarce
        The cheapest paths without rents, and those of the later rounds; seat rows that may be short.
    """
    capacity = np.maximum(commodities.capacity, 0.5)
    rent, memory = np.zeros((2, len(capacity)))
    kept: list[Paths] = []
    seed, rounds, done = 0.0, 1, 0
    while done < rounds:
        found = trees(cost + rent[commodities.seat])
        least = commodities.least(found)
        served = np.flatnonzero((least < penalty) & (commodities.demand > 0))
        paths = commodities.trips(found, served)
        load = commodities.use(paths) @ commodities.demand[served].astype(float)
        if done == 0:
            rounds = _rounds(commodities, int((load > commodities.capacity).sum()))
            seed = _seed(least[served], penalty)
        if done == 0 or 2 * done >= rounds:
            kept.append(paths)
        memory = MEMORY * memory + (1 - MEMORY) * (load - capacity) / capacity
        growth = np.exp(STEP * FADING**done * np.clip(memory, -1.0, 1.0))
        rent = np.clip((rent + seed) * growth - seed, 0.0, 2 * penalty)
        done += 1
    return kept, _scarce(commodities, rent, everywhere=rounds == MOST_ROUNDS)


def _scarce(commodities: Commodities, rent: Floats, *, everywhere: bool) -> Bools:
    """Rows to watch from the start: where many are short every one, for those that join the program later cost it its basis."""
    can_be_short = commodities.capacity < len(commodities.stretches) * commodities.demand.sum()
    return can_be_short if everywhere else rent > 0


def _seed(least: Floats, penalty: float) -> float:
    """Rent at which a row's rent begins to grow."""
    usual = float(np.median(np.minimum(least, penalty))) if len(least) else 0.0
    return SEED_SHARE * max(usual, min(1.0, penalty))


def _rounds(commodities: Commodities, short: int) -> int:
    """About as many rounds as there are rows that are short, as far as the work allows."""
    work = max(1, len(commodities.sources) * len(commodities.tail))
    return min(MOST_ROUNDS, short, MOST_WORK // work)
