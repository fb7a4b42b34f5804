"""Cheapest paths from some nodes to all others, where arcs may be parallel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from nichiiki_solver.ragged import Array, Ints, first_of_group, offsets_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trees:
    """Cheapest paths from each source.

    Attributes
    ----------
    distance
        Sources × nodes: cost of the cheapest path, infinite where there is none.
    arc_in
        Sources × nodes: last arc of that path, -1 at the source and where there is none.
    tail
        Node that each arc leaves.
    """

    distance: Floats
    arc_in: Ints
    tail: Ints

    def paths(self, source: Ints, destination: Ints) -> tuple[Ints, Ints]:
        """Follow paths backwards.

        Parameters
        ----------
        source, destination
            Row of the source and node at the end, of each path.

        Returns
        -------
        offsets, arcs
            Arcs of each path (CSR), from the source on.
        """
        steps, here = [], destination.copy()
        while True:
            arc = self.arc_in[source, here]
            if (arc < 0).all():
                break
            steps.append(arc)
            here = np.where(arc < 0, here, self.tail[arc])
        table = np.array(steps[::-1], dtype=np.int64).reshape(len(steps), len(source)).T
        return offsets_of((table >= 0).sum(axis=1)), table[table >= 0]


class ShortestPaths:
    """Cheapest paths on one network under changing weights.

    Parameters
    ----------
    tail, head
        Ends of the arcs.
    nodes
        Number of nodes.
    """

    def __init__(self, tail: Ints, head: Ints, nodes: int) -> None:
        self._tail, self._nodes = tail, nodes
        self._key = tail * nodes + head
        self._order = np.argsort(self._key, kind="stable")
        self._has_parallel = bool((np.diff(self._key[self._order]) == 0).any())

    def trees(self, weight: Array, sources: Ints) -> Trees:
        """Find the cheapest paths from each source, by Dijkstra's method.

        Parameters
        ----------
        weight
            Of each arc, ≥ 0.
        sources
            Nodes to start from.
        """
        arcs = self._cheapest(weight)
        key = self._key[arcs]
        starts = np.searchsorted(key, np.arange(self._nodes + 1) * self._nodes)
        graph = csr_array(
            (weight[arcs].astype(float), key % self._nodes, starts), shape=(self._nodes, self._nodes)
        )
        found: Any = dijkstra(graph, indices=sources, return_predecessors=True)
        distance, before = found
        reached = before >= 0
        last = np.searchsorted(key, before * np.int64(self._nodes) + np.arange(self._nodes))
        arc_in = np.full(distance.shape, -1, dtype=np.int64)
        arc_in[reached] = arcs[last[reached]]
        return Trees(distance, arc_in, self._tail)

    def _cheapest(self, weight: Array) -> Ints:
        """One arc for each pair of ends, in their order: the cheapest, of equals the first."""
        if not self._has_parallel:
            return self._order
        order = np.lexsort((weight, self._key))
        return order[first_of_group(self._key[order])]
