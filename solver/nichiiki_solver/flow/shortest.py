"""Cheapest paths from some nodes to all others, where arcs may be parallel and the network may fall apart into pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from nichiiki_solver.ragged import Array, Ints, first_of_group, group, offsets_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trees:
    """Cheapest paths from each source, held for the nodes of its piece of the network only.

    Attributes
    ----------
    sources
        Node each begins at.
    distance
        Sources × places in a piece: cost of the cheapest path, infinite where there is none.
    arc_in
        Sources × places in a piece: last arc of that path, -1 at the source and where there is none.
    piece, place
        Of each node: its piece of the network, and its place in it.
    tail
        Node that each arc leaves.
    """

    sources: Ints
    distance: Floats
    arc_in: Ints
    piece: Ints
    place: Ints
    tail: Ints

    def to(self, source: Ints, destination: Ints) -> Floats:
        """Cost of the cheapest path of each pair of a source (its row) and a node; infinite where there is none."""
        there = self.piece[self.sources[source]] == self.piece[destination]
        return np.where(there, self.distance[source, np.where(there, self.place[destination], 0)], np.inf)

    def paths(self, source: Ints, destination: Ints) -> tuple[Ints, Ints]:
        """Follow paths backwards.

        Parameters
        ----------
        source, destination
            Row of the source and node at the end, of each path; where there is none it is empty.

        Returns
        -------
        offsets, arcs
            Arcs of each path (CSR), from the source on.
        """
        steps = []
        here = np.where(
            self.piece[self.sources[source]] == self.piece[destination], destination, self.sources[source]
        )
        while True:
            arc = self.arc_in[source, self.place[here]]
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
        joined = csr_array((np.ones(len(tail)), (tail, head)), shape=(nodes, nodes))
        self._piece = connected_components(joined, directed=False)[1].astype(np.int64)
        self._members, self._offsets = group(self._piece, int(self._piece.max(initial=-1)) + 1)
        self._place = np.empty(nodes, dtype=np.int64)
        self._place[self._members] = np.arange(nodes) - self._offsets[self._piece[self._members]]

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
        owner = self._piece[sources]
        touched = np.unique(owner)
        width = int(np.diff(self._offsets)[touched].max(initial=0))
        distance = np.full((len(sources), width), np.inf)
        arc_in = np.full((len(sources), width), -1, dtype=np.int64)
        in_piece, starts = group(self._piece[self._tail[arcs]], len(self._offsets) - 1)
        for piece in touched.tolist():
            rows = np.flatnonzero(owner == piece)
            here = arcs[in_piece[starts[piece] : starts[piece + 1]]]
            size = int(self._offsets[piece + 1] - self._offsets[piece])
            found = self._search(weight, here, size, self._place[sources[rows]])
            distance[rows, :size], arc_in[rows, :size] = found
        return Trees(sources, distance, arc_in, self._piece, self._place, self._tail)

    def _search(self, weight: Array, arcs: Ints, size: int, sources: Ints) -> tuple[Floats, Ints]:
        """Distances and last arcs within a piece; its nodes in places are in the order of their numbers, as the arcs are."""
        start, end = self._place[self._key[arcs] // self._nodes], self._place[self._key[arcs] % self._nodes]
        starts = np.searchsorted(start, np.arange(size + 1))
        graph = csr_array((weight[arcs].astype(float), end, starts), shape=(size, size))
        found: Any = dijkstra(graph, indices=sources, return_predecessors=True)
        distance, before = found
        reached = before >= 0
        key = start * np.int64(size) + end
        last = np.searchsorted(key, before * np.int64(size) + np.arange(size))
        arc_in = np.full(distance.shape, -1, dtype=np.int64)
        arc_in[reached] = arcs[last[reached]]
        return distance, arc_in

    def _cheapest(self, weight: Array) -> Ints:
        """One arc for each pair of ends, in their order: the cheapest, of equals the first."""
        if not self._has_parallel:
            return self._order
        order = np.lexsort((weight, self._key))
        return order[first_of_group(self._key[order])]
