"""Checks of a matching against its market: capacities, blocking pairs, envy, waste, Pareto improvements.

Nothing here is shared with the algorithms; only the data of a market is read.

References
----------
R. W. Irving, D. F. Manlove, S. Scott (2000). The hospitals/residents problem with ties. SWAT 2000 (weak, super).
R. W. Irving, D. F. Manlove, S. Scott (2003). Strong stability in the hospitals/residents problem. STACS 2003.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from nichiiki_models.errors import UsageError
from nichiiki_solver.matching.market import TwoSided
from nichiiki_solver.ragged import Bools, Ints

Stability = Literal["weak", "strong", "super"]
STABILITIES = ("weak", "strong", "super")
NEVER = np.iinfo(np.int64).max


def over_capacity(market: TwoSided, held: Bools) -> tuple[Ints, Ints]:
    """Return the left and the right agents with more partners than they have room for."""
    left = np.bincount(market.left[held], minlength=market.n_left)
    right = np.bincount(market.right[held], minlength=market.n_right)
    return np.flatnonzero(left > market.left_capacity), np.flatnonzero(right > market.right_capacity)


def blocking(market: TwoSided, held: Bools, *, stability: Stability = "weak") -> Bools:
    """Mark the pairs that would rather be matched with each other.

    Parameters
    ----------
    market, held
        The market, and the mask of its matched pairs.
    stability
        An agent gains from a partner if it has room or likes it better than its worst one; it does not lose if it
        likes it as well. `weak`: both gain. `strong`: one gains, the other does not lose. `super`: nobody loses.

    Raises
    ------
    UsageError
        If the stability is unknown.
    """
    if stability not in STABILITIES:
        raise UsageError(f"stability: {stability!r} is unknown; allowed are {', '.join(STABILITIES)}")
    worst_left = _last_rank(market.left, market.left_rank, held, market.left_capacity)[market.left]
    worst_right = _last_rank(market.right, market.right_rank, held, market.right_capacity)[market.right]
    gains = market.left_rank < worst_left, market.right_rank < worst_right
    if stability == "weak":
        return ~held & gains[0] & gains[1]
    calm = (market.left_rank <= worst_left) & (market.right_rank <= worst_right)
    return ~held & calm & (gains[0] | gains[1] if stability == "strong" else True)


def _last_rank(agent: Ints, rank: Ints, held: Bools, capacity: Ints) -> Ints:
    """Rank of the worst partner of each agent; `NEVER` with room left, -1 without any room at all."""
    count = np.bincount(agent[held], minlength=len(capacity))
    worst = np.full(len(capacity), -1, dtype=np.int64)
    np.maximum.at(worst, agent[held], rank[held])
    return np.where(count < capacity, NEVER, worst)


def justified_envy(market: TwoSided, held: Bools) -> Bools:
    """Mark the pairs (l, r) in which l likes r better than a partner it has, and r holds somebody it ranks below l."""
    mine = _last_rank(market.left, market.left_rank, held, market.left_capacity)
    worst = np.full(market.n_right, -1, dtype=np.int64)
    np.maximum.at(worst, market.right[held], market.right_rank[held])
    wants = market.left_rank < mine[market.left]
    return ~held & wants & (market.right_rank < worst[market.right])


def wasted(market: TwoSided, held: Bools) -> Bools:
    """Mark the pairs (l, r) in which l likes r better than a partner it has, and r has room."""
    mine = _last_rank(market.left, market.left_rank, held, market.left_capacity)
    count = np.bincount(market.right[held], minlength=market.n_right)
    return ~held & (market.left_rank < mine[market.left]) & (count < market.right_capacity)[market.right]


def pareto_improvement(market: TwoSided, held: Bools) -> list[tuple[int, int]]:
    """Find moves after which some left agents are better off and none worse; the right side's wishes do not count.

    A move leads from the present partner (or none) to one that is as good; a cycle of moves with a better one among them,
    possibly through free room, is an improvement, and one exists if any does.

    Parameters
    ----------
    market, held
        A market in which each left agent takes at most one partner, and the mask of its matched pairs.

    Returns
    -------
    list
        (left agent, new right agent) for each move; empty if the matching is Pareto-efficient for the left side.

    Raises
    ------
    UsageError
        If a left agent may have several partners.
    """
    if (market.left_capacity > 1).any():
        raise UsageError("pareto_improvement: a left agent has capacity above 1; allowed are 0 and 1")
    start, end, mover, better = _moves(market, held)
    size = market.n_right + 1
    graph = csr_array((np.ones(len(start), dtype=np.int8), (start, end)), shape=(size, size))
    _, part = connected_components(graph, directed=True, connection="strong")
    gains = np.flatnonzero(better & (part[start] == part[end]))
    if not len(gains):
        return []
    first = int(gains[0])
    edges = [first, *_path(graph, start, end, int(end[first]), int(start[first]))]
    return [(int(mover[e]), int(end[e])) for e in edges if mover[e] >= 0]


def _moves(market: TwoSided, held: Bools) -> tuple[Ints, Ints, Ints, Bools]:
    """Edges of the graph of moves: from, to, who (-1 = free room), better; the last node stands for "none"."""
    none = market.n_right
    present, rank = np.full(market.n_left, none), np.full(market.n_left, NEVER)
    present[market.left[held]], rank[market.left[held]] = market.right[held], market.left_rank[held]
    able = ~held & (market.left_rank <= rank[market.left]) & (market.left_capacity > 0)[market.left]
    room = np.flatnonzero(np.bincount(market.right[held], minlength=none) < market.right_capacity)
    leave = np.arange(none)
    start = np.concatenate([present[market.left[able]], room, np.full(none, none)])
    end = np.concatenate([market.right[able], np.full(len(room), none), leave])
    mover = np.concatenate([market.left[able], np.full(len(room) + none, -1)])
    better = np.concatenate(
        [(market.left_rank < rank[market.left])[able], np.zeros(len(room) + none, dtype=bool)]
    )
    return start, end, mover, better


def _path(graph: csr_array, start: Ints, end: Ints, source: int, target: int) -> list[int]:
    """Edges of a shortest path."""
    _, before = breadth_first_order(graph, source, directed=True)
    nodes = [target]
    while nodes[-1] != source:
        nodes.append(int(before[nodes[-1]]))
    steps = zip(nodes[:0:-1], nodes[-2::-1], strict=True)
    return [int(np.flatnonzero((start == a) & (end == b))[0]) for a, b in steps]
