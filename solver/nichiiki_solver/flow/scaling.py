"""Cost scaling for wide networks from scratch: it pushes flow step by step, so that it is quick where all is few steps apart.

The network simplex (`nichiiki_solver.flow.simplex`) keeps a tree through all nodes and moves a part of it with each pivot, which
takes the longer the more nodes there are. Cost scaling (Goldberg and Tarjan, *Finding minimum-cost circulations by successive
approximation*, 1990; LEMON's, through pylmcf) has no tree, and no basis to go on from either. Where ways are long, as on maps and in
timetables, or lead straight from one side to the other, the simplex was faster at any size measured
(docs/explanation/flow-benchmarks.md). Nothing here is trusted: `certificate` checks every answer.
"""

from __future__ import annotations

from math import ceil, log

import numpy as np
from pylmcf import pylmcf_cpp

from nichiiki_solver.flow.columns import MOST, Columns, in_order_of_ends
from nichiiki_solver.ragged import Ints

NODES = 70_000
"""From so many nodes on the network simplex takes longer, where all is few steps apart."""
LEAST_DEGREE = 3
"""With fewer arcs a node ways are long."""
SCALED = 200
"""LEMON multiplies costs by the nodes and by 16; potentials reach some ten times that, once a node."""
LARGEST = 1 << 61
"""What neither a scaled potential nor a sum of capacities may pass."""
NARROW = (1 << 31) - 1
"""Up to here amounts fit into 32 bits, which are quicker to move than 64."""


def suits(columns: Columns) -> bool:
    """Say whether cost scaling is both exact and the quicker way."""
    nodes = len(columns.supply)
    if nodes < NODES or columns.cost.min(initial=0) < 0:
        return False
    highest = SCALED * (int(columns.cost.max(initial=0)) + 1) * (nodes + 1) ** 2
    return max(highest, _amount(columns, _rooms(columns))) <= LARGEST and _all_is_near(columns)


def find_flow(columns: Columns) -> tuple[Ints, Ints] | None:
    """Find a cheapest flow and node potentials from scratch.

    Parameters
    ----------
    columns
        A network without negative costs.

    Returns
    -------
    flow, potential
        Of each arc; of each node, the smallest being 0. None if there is no flow.
    """
    order, tail, head = in_order_of_ends(columns.tail, columns.head, len(columns.supply))
    room = _rooms(columns)
    narrow = max(_amount(columns, room), columns.cost.max(initial=0)) <= NARROW
    ints = np.int32 if narrow else np.int64
    given = (columns.supply, tail, head, room.take(order), columns.cost.take(order))
    try:
        found, potential = pylmcf_cpp.lmcf_cost_scaling(
            *(column.astype(ints) for column in given), return_potentials=True
        )
    except RuntimeError as error:
        if "INFEASIBLE" not in str(error):
            raise
        return None
    flow = np.empty(len(order), dtype=np.int64)
    flow[order] = found
    return flow, potential - potential.min(initial=MOST)


def _rooms(columns: Columns) -> Ints:
    """Capacities up to one unit more than all that is sent.

    As costs are not negative, a cheapest flow fills such an arc only by a circle that costs nothing, where all reduced costs are 0: no
    potential counts on that limit.
    """
    return np.minimum(columns.capacity, int(columns.supply.clip(min=0).sum()) + 1)


def _amount(columns: Columns, room: Ints) -> float:
    """What can at most meet in one node."""
    return float(room.sum(dtype=np.float64) + np.abs(columns.supply).sum(dtype=np.float64))


def _all_is_near(columns: Columns) -> bool:
    """Whether half of all nodes are reached from one that sends something as soon as if arcs led anywhere at random."""
    nodes, degree = len(columns.supply), len(columns.tail) / len(columns.supply)
    if degree < LEAST_DEGREE:
        return False
    reached = np.zeros(nodes, dtype=bool)
    reached[np.flatnonzero(columns.supply > 0)[:1]] = True
    for _ in range(ceil(log(nodes, degree)) + 1):
        reached[columns.head[reached[columns.tail]]] = True
    return bool(2 * np.count_nonzero(reached) >= nodes)
