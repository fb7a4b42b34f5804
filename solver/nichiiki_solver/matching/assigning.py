"""Most residents placed within quotas along given pairs, and what alternating paths reach: the tools of strong stability."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from nichiiki_solver.matching.market import TwoSided
from nichiiki_solver.ragged import Bools, Ints


def fill(market: TwoSided, pairs: Ints, quota: Ints) -> Bools:
    """Mark as many of the pairs as can be, one a resident and `quota` a hospital, by a maximum flow."""
    if not len(pairs):
        return np.zeros(0, dtype=bool)
    left, right = market.left[pairs], market.n_left + market.right[pairs]
    residents, hospitals = np.unique(left), np.unique(right)
    source, sink = market.n_left + market.n_right, market.n_left + market.n_right + 1
    start = np.concatenate([np.full(len(residents), source), left, hospitals])
    end = np.concatenate([residents, right, np.full(len(hospitals), sink)])
    room = np.concatenate(
        [np.ones(len(residents) + len(pairs), dtype=np.int64), quota[hospitals - market.n_left]]
    )
    graph = csr_array((room.astype(np.int32), (start, end)), shape=(sink + 1, sink + 1))
    flow = csr_array(maximum_flow(graph, source, sink).flow)
    return np.asarray(flow[left, right] > 0).reshape(-1)


def reached(roots: Ints, start: Ints, end: Ints, size: int) -> Bools:
    """Mark the nodes, of `size`, that are roots or reached from them along edges start → end."""
    start = np.concatenate([np.full(len(roots), size), start])
    end = np.concatenate([roots, end])
    graph = csr_array((np.ones(len(start), dtype=np.int8), (start, end)), shape=(size + 1, size + 1))
    found = np.zeros(size + 1, dtype=bool)
    found[breadth_first_order(graph, size, return_predecessors=False)] = True
    return found[:size]
