"""A tree of arcs whose reduced cost is 0: other supplies are sent along it, other costs move the potentials beyond it.

Such arcs may carry more or less and the flow stays a cheapest one. A spanning tree of them (of those with most room to both sides)
says how the flow has to change when nodes send out more or less, and how potentials do when one of its arcs costs something else
(Ahuja, Magnanti and Orlin, *Network Flows*, 1993, section 9.10). Nothing here is trusted: `certificate.prove_cases` looks whether
what comes out has room, balances, and proves itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from nichiiki_solver.flow.cases import Entries
from nichiiki_solver.flow.certificate import Proof
from nichiiki_solver.ragged import Ints, first_of_group


@dataclass(frozen=True)
class TightTree:
    """Spanning trees, one for each part of the network that arcs of reduced cost 0 hold together.

    Attributes
    ----------
    above, arc
        Of each node the next one towards the root and the arc between them; -1 at a root.
    tail
        Node that each arc leaves.
    first, last
        Of each node: the nodes of its subtree are those with `first` from its own up to before its `last`.
    """

    above: Ints
    arc: Ints
    tail: Ints
    first: Ints
    last: Ints

    @cached_property
    def below(self) -> Ints:
        """Of each arc its end further from the root; -1 if it is not in the tree."""
        node = np.full(len(self.tail), -1, dtype=np.int64)
        inside = np.flatnonzero(self.arc >= 0)
        node[self.arc[inside]] = inside
        return node

    def potentials(self, potential: Ints, dearer: Entries, count: int) -> Ints:
        """Potentials at which the arcs of the tree have a reduced cost of 0 again.

        Parameters
        ----------
        potential
            Those of the network as it stands.
        dearer
            How much more an arc costs, by case.
        count
            Number of cases.

        Returns
        -------
        array
            Cases × nodes.
        """
        node = self.below[dearer.place]
        inside = node >= 0
        case, node, more = dearer.case[inside], node[inside], dearer.value[inside]
        more = np.where(self.tail[dearer.place[inside]] == node, -more, more)
        steps = np.zeros((count, len(potential) + 1), dtype=np.int64)
        np.add.at(steps, (case, self.first[node]), more)
        np.add.at(steps, (case, self.last[node]), -more)
        return np.asarray(potential + np.cumsum(steps, axis=1)[:, self.first])

    def shift(self, supply: Entries) -> Entries:
        """Send what nodes have more than now to their roots; what comes in and goes out cancels on the way.

        Parameters
        ----------
        supply
            What a node sends out more, by case.

        Returns
        -------
        Entries
            How much more runs on an arc, by case; an arc may have several entries.
        """
        case, node, more = supply.case, supply.place, supply.value
        steps = []
        while len(node):
            inside = self.above[node] >= 0
            case, node, more = case[inside], node[inside], more[inside]
            arc = self.arc[node]
            steps.append((case, arc, np.where(self.tail[arc] == node, more, -more)))
            node = self.above[node]
        if not steps:
            return Entries(*np.zeros((3, 0), dtype=np.int64))
        return Entries(*(np.concatenate(parts) for parts in zip(*steps, strict=True)))


def tight_tree(proof: Proof) -> TightTree:
    """Find spanning trees of the arcs whose reduced cost is 0.

    Parameters
    ----------
    proof
        A cheapest flow and its potentials.
    """
    nodes = len(proof.supply)
    low, high, arcs = _edges(proof)
    room = np.minimum(proof.flow[arcs], proof.capacity[arcs] - proof.flow[arcs])
    graph = csr_array((1 / (1.0 + room), (low, high)), shape=(nodes, nodes))
    pieces, piece = connected_components(graph, directed=False)
    tree: Any = minimum_spanning_tree(graph).tocoo()
    roots = np.unique(piece, return_index=True)[1]
    ends = np.concatenate((tree.row, roots)), np.concatenate((tree.col, np.full(pieces, nodes)))
    whole = csr_array((np.ones(len(ends[0])), ends), shape=(nodes + 1, nodes + 1))
    above = breadth_first_order(whole, nodes, directed=False)[1][:nodes].astype(np.int64)
    above[roots] = -1
    inside = np.flatnonzero(above >= 0)
    arc = np.full(nodes, -1, dtype=np.int64)
    arc[inside] = arcs[np.searchsorted(low * nodes + high, _key(inside, above[inside], nodes))]
    return TightTree(above, arc, proof.tail, *_spans(above))


def _spans(above: Ints) -> tuple[Ints, Ints]:
    """Number the nodes so that each subtree has numbers without a gap: its first, and the one after its last."""
    nodes = len(above)
    depth, ancestor = (above >= 0).astype(np.int64), np.where(above >= 0, above, np.arange(nodes))
    while (above[ancestor] >= 0).any():
        depth += depth[ancestor]
        ancestor = ancestor[ancestor]
    by_depth = np.argsort(depth, kind="stable")
    levels = np.split(by_depth, np.cumsum(np.bincount(depth))[:-1]) if nodes else []
    size = np.ones(nodes, dtype=np.int64)
    for level in levels[:0:-1]:
        np.add.at(size, above[level], size[level])
    first = np.zeros(nodes, dtype=np.int64)
    for level in levels:
        order = level[np.argsort(above[level], kind="stable")]
        parent, begins = above[order], first_of_group(above[order])
        before = np.cumsum(size[order]) - size[order]
        before -= before[np.flatnonzero(begins)][np.cumsum(begins) - 1]
        first[order] = before + np.where(parent >= 0, first[parent] + 1, 0)
    return first, first + size


def _edges(proof: Proof) -> tuple[Ints, Ints, Ints]:
    """Pairs of nodes, the smaller first, in order, and of the arcs of reduced cost 0 between them the one with most room."""
    nodes = len(proof.supply)
    reduced = proof.cost + (proof.potential.take(proof.tail) - proof.potential.take(proof.head))
    arcs = np.flatnonzero((reduced == 0) & (proof.capacity > 0) & (proof.tail != proof.head))
    key = _key(proof.tail[arcs], proof.head[arcs], nodes)
    room = np.minimum(proof.flow[arcs], proof.capacity[arcs] - proof.flow[arcs])
    order = np.lexsort((-room, key))
    first = order[first_of_group(key[order])]
    low, high = np.divmod(key[first], nodes)
    return low, high, arcs[first]


def _key(one: Ints, other: Ints, nodes: int) -> Ints:
    return np.minimum(one, other) * nodes + np.maximum(one, other)
