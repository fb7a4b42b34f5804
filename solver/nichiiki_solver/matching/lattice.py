"""All stable matchings, and the best of them: least total rank (egalitarian), or best worst rank (minimum regret).

References
----------
R. W. Irving, P. Leather, D. Gusfield (1987). An efficient algorithm for the "optimal" stable marriage. Journal of the ACM 34.
D. Gusfield (1987). Three fast algorithms for four problems in stable marriage. SIAM Journal on Computing 16.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from nichiiki_models.errors import UsageError
from nichiiki_solver.matching.hospitals import hospital_market
from nichiiki_solver.matching.market import Given
from nichiiki_solver.matching.results import HospitalMatching, certified
from nichiiki_solver.matching.rotations import Lattice, find_lattice
from nichiiki_solver.ragged import Ints

GOALS = ("egalitarian", "minimum_regret")


def stable_matchings(
    resident_prefs: Given, hospital_prefs: Given, capacities: npt.ArrayLike = 1
) -> Iterator[HospitalMatching]:
    """Go through all stable matchings, each once; there can be exponentially many.

    Parameters
    ----------
    resident_prefs, hospital_prefs, capacities
        As for `hospital_residents`, without ties; capacities of 1 make it stable marriage.

    Yields
    ------
    HospitalMatching
        The resident-optimal one first, the hospital-optimal one last.

    Raises
    ------
    MarketError
        If lists and capacities do not fit together.
    UnsupportedMarketError
        If there are ties.

    References
    ----------
    D. Gusfield (1987). Three fast algorithms for four problems in stable marriage. SIAM Journal on Computing 16.
    """
    lattice = find_lattice(hospital_market(resident_prefs, hospital_prefs, capacities))
    return (certified(HospitalMatching(lattice.market, lattice.mask(s))) for s in _closed_sets(lattice))


def best_stable(
    resident_prefs: Given, hospital_prefs: Given, capacities: npt.ArrayLike = 1, *, goal: str = "egalitarian"
) -> HospitalMatching:
    """Find the stable matching that is best for both sides together.

    Parameters
    ----------
    resident_prefs, hospital_prefs, capacities
        As for `stable_matchings`.
    goal
        ``"egalitarian"``: least sum of the ranks (0 = best) that residents and hospitals give their partners.
        ``"minimum_regret"``: least worst rank.

    Returns
    -------
    HospitalMatching
        Its ``cost`` or ``regret`` is the least of all stable matchings.

    Raises
    ------
    MarketError
        If lists and capacities do not fit together.
    UnsupportedMarketError
        If there are ties.
    UsageError
        If the goal is unknown.

    References
    ----------
    R. W. Irving, P. Leather, D. Gusfield (1987). An efficient algorithm for the "optimal" stable marriage. Journal of the ACM 34.
    C. Cheng, E. McDermid, I. Suzuki (2008). A unified approach to finding good stable matchings in the hospitals/residents setting.
    """
    if goal not in GOALS:
        raise UsageError(f"goal: {goal!r} is unknown; allowed are {' and '.join(GOALS)}")
    lattice = find_lattice(hospital_market(resident_prefs, hospital_prefs, capacities))
    chosen = _least_cost(lattice) if goal == "egalitarian" else _least_regret(lattice)
    return certified(HospitalMatching(lattice.market, lattice.mask(chosen)))


def _closed_sets(lattice: Lattice) -> Iterator[set[int]]:
    """Closed sets of rotations: each rotation is left out or, if all before it are in, taken."""
    stack: list[tuple[int, frozenset[int]]] = [(0, frozenset())]
    while stack:
        index, chosen = stack.pop()
        if index == len(lattice.rotations):
            yield set(chosen)
            continue
        if chosen.issuperset(lattice.before[index]):
            stack.append((index + 1, chosen | {index}))
        stack.append((index + 1, chosen))


def _least_cost(lattice: Lattice) -> set[int]:
    """Find the closed set of least weight: a minimum cut."""
    gain = -_weights(lattice)
    size = len(gain)
    if not size:
        return set()
    source, sink, nodes = size, size + 1, np.arange(size)
    counts = np.array([len(found) for found in lattice.before], dtype=np.int64)
    before = np.array([b for found in lattice.before for b in found], dtype=np.int64)
    more, less = nodes[gain > 0], nodes[gain < 0]
    start = np.concatenate([np.full(len(more), source), less, np.repeat(nodes, counts)])
    end = np.concatenate([more, np.full(len(less), sink), before])
    endless = int(gain[more].sum()) + 1
    room = np.concatenate([gain[more], np.minimum(-gain[less], endless), np.full(len(before), endless)])
    graph = csr_array((room.astype(np.int32), (start, end)), shape=(size + 2, size + 2))
    left = csr_array(graph - maximum_flow(graph, source, sink).flow)
    left.eliminate_zeros()
    reached = breadth_first_order(left, source, return_predecessors=False)
    return set(reached[reached < size].tolist())


def _weights(lattice: Lattice) -> Ints:
    """Return by how much each rotation raises the sum of ranks."""
    cost = lattice.places.left_rank + lattice.places.right_rank
    sums = [sum(int(cost[to] - cost[from_]) for _, from_, to in moves) for moves in lattice.rotations]
    return np.array(sums, dtype=np.int64)


def _least_regret(lattice: Lattice) -> set[int]:
    """Halve the worst rank: what a rank forbids to hospitals must be rotated away, and then residents must still be within it."""
    ranks = np.unique(np.concatenate([lattice.places.left_rank, lattice.places.right_rank]))
    low, high = 0, len(ranks)
    while low < high:
        middle = (low + high) // 2
        if _regret(lattice, _forced(lattice, int(ranks[middle]))) <= ranks[middle]:
            high = middle
        else:
            low = middle + 1
    return _forced(lattice, int(ranks[low])) if low < len(ranks) else set()


def _forced(lattice: Lattice, rank: int) -> set[int]:
    """Rotations that free a hospital of somebody it ranks below, with all that come before."""
    theirs = lattice.places.right_rank
    return lattice.closure(
        {i for i, moves in enumerate(lattice.rotations) if any(theirs[f] > rank for _, f, _ in moves)}
    )


def _regret(lattice: Lattice, chosen: set[int]) -> int:
    return HospitalMatching(lattice.market, lattice.mask(chosen)).regret
