"""Bihierarchies: rows that decompose for certain, and the decomposition.

A row is a set of options whose expected number x(S) must be rounded to its floor or ceiling in every outcome. A family of
sets is a *hierarchy* if any two of them are disjoint or nested; a *bihierarchy* is the union of two. Whatever the chances,
they are a mixture of whole outcomes that round each set of a bihierarchy (Budish et al. 2013). One row for each agent and
one for each object is the case of Birkhoff and von Neumann.

The outcomes are found as integral flows: one hierarchy spreads a flow from its largest sets down to the options, the
other one collects it again, and floors and ceilings bound every arc.

References
----------
Birkhoff (1946), Tres observaciones sobre el álgebra lineal. von Neumann (1953), A certain zero-sum two-person game
equivalent to the optimal assignment problem. Budish, Che, Kojima and Milgrom (2013), Designing random allocation
mechanisms: theory and applications, American Economic Review 103. Edmonds (1970), Submodular functions, matroids, and
certain polyhedra (two laminar families give a totally unimodular matrix). Grötschel, Lovász and Schrijver (1988),
Geometric algorithms and combinatorial optimization, theorem 6.5.11 (the walk to the faces).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from ortools.graph.python import max_flow
from scipy.sparse import csr_array

from nichiiki_solver.ragged import Bools, Ints

Sets = Sequence[frozenset[int]]


def two_hierarchies(sets: Sets) -> tuple[int, ...] | None:
    """Part sets into two hierarchies.

    Parameters
    ----------
    sets
        Sets of whole numbers from 0.

    Returns
    -------
    tuple of int or None
        0 or 1 for each set; None if they are no bihierarchy.

    Notes
    -----
    Sets that cross (meet, and neither holds the other) must be in different hierarchies, and that is all: the sets are a
    bihierarchy exactly if the graph of crossings has no odd cycle.
    """
    crossing = _crossings(sets)
    side: dict[int, int] = {}
    for start in range(len(sets)):
        if start not in side and not _spread(start, crossing, side):
            return None
    return tuple(side[k] for k in range(len(sets)))


def _spread(start: int, crossing: list[list[int]], side: dict[int, int]) -> bool:
    """Colour what hangs together with a set; say whether that works out."""
    side[start] = 0
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for other in crossing[here]:
            if other not in side:
                side[other] = 1 - side[here]
                waiting.append(other)
            elif side[other] == side[here]:
                return False
    return True


def _crossings(sets: Sets) -> list[list[int]]:
    sizes = np.array([len(each) for each in sets], dtype=np.int64)
    members = np.array([option for each in sets for option in sorted(each)], dtype=np.int64)
    owner = np.repeat(np.arange(len(sets)), sizes)
    width = int(members.max(initial=-1)) + 1
    rows = csr_array((np.ones(len(members), dtype=np.int64), (owner, members)), shape=(len(sets), width))
    shared = (rows @ rows.T).tocoo()
    crosses = shared.data < np.minimum(sizes[shared.row], sizes[shared.col])
    found: list[list[int]] = [[] for _ in sets]
    for a, b in zip(shared.row[crosses].tolist(), shared.col[crosses].tolist(), strict=True):
        found[a].append(b)
    return found


@dataclass(frozen=True)
class _Network:
    """Arcs of the flow: one for each set, then one for each option; node 0 begins and ends it."""

    tail: Ints
    head: Ints
    n_nodes: int

    def whole(self, low: Ints, high: Ints) -> Ints:
        """Find a whole circulation between bounds (Hoffman: there is one whenever a fractional one is)."""
        spare = np.zeros(self.n_nodes, dtype=np.int64)
        np.add.at(spare, self.head, low)
        np.subtract.at(spare, self.tail, low)
        flow = max_flow.SimpleMaxFlow()
        arcs = flow.add_arcs_with_capacity(self.tail, self.head, high - low)
        nodes = np.arange(self.n_nodes)
        source, sink = np.full(self.n_nodes, self.n_nodes), np.full(self.n_nodes, self.n_nodes + 1)
        flow.add_arcs_with_capacity(source, nodes, np.maximum(spare, 0))
        flow.add_arcs_with_capacity(nodes, sink, np.maximum(-spare, 0))
        ended = flow.solve(self.n_nodes, self.n_nodes + 1)
        if ended != flow.OPTIMAL or flow.optimal_flow() != np.maximum(spare, 0).sum():
            raise RuntimeError("a fractional flow has no whole one: the sets are no bihierarchy")
        return np.asarray(flow.flows(arcs) + low, dtype=np.int64)


def _network(sets: Sets, side: Sequence[int], n_options: int) -> _Network:
    """Build the network; set k is node k + 1 and its arc links it to the next larger set of its hierarchy."""
    parents = [_parents(sets, side, which) for which in (0, 1)]
    arcs: list[tuple[int, int]] = []
    for k, which in enumerate(side):
        outer = parents[which][1][k]
        arcs.append((outer, k + 1) if which == 0 else (k + 1, outer))
    arcs += [(parents[0][0].get(o, 0), parents[1][0].get(o, 0)) for o in range(n_options)]
    tail, head = np.array(arcs, dtype=np.int64).reshape(-1, 2).T
    return _Network(np.ascontiguousarray(tail), np.ascontiguousarray(head), len(sets) + 1)


def _parents(sets: Sets, side: Sequence[int], which: int) -> tuple[dict[int, int], dict[int, int]]:
    """Node of the smallest set that holds each option, and of the next larger set of each set (0: none)."""
    holder: dict[int, int] = {}
    outer: dict[int, int] = {}
    for k in sorted((k for k, s in enumerate(side) if s == which), key=lambda k: -len(sets[k])):
        outer[k] = holder.get(min(sets[k]), 0)
        holder.update(dict.fromkeys(sets[k], k + 1))
    return holder, outer


def decompose(
    shares: Sequence[Fraction], sets: Sets, side: Sequence[int] | None = None
) -> Iterator[tuple[Fraction, Bools]]:
    """Write chances as a mixture of whole outcomes that round every set of a bihierarchy.

    Parameters
    ----------
    shares
        Chance of each option, from 0 to 1.
    sets
        The rows; empty ones are not allowed.
    side
        What `two_hierarchies` returned for them; found if None.

    Yields
    ------
    weight, taken
        Probability and the mask of the options taken. The probabilities add up to 1 and reproduce the shares exactly; there are
        at most as many outcomes as sets and options whose expected number is no whole number, and one.

    Raises
    ------
    ValueError
        If the sets are no bihierarchy.
    """
    side = two_hierarchies(sets) if side is None else side
    if side is None:
        raise ValueError("the rows are no bihierarchy")
    network = _network(sets, side, len(shares))
    denominator = math.lcm(*(share.denominator for share in shares))
    state = _State.of([int(share * denominator) for share in shares], denominator, sets)
    left = Fraction(1)
    while left:
        taken = network.whole(*state.bounds())
        step = state.longest(taken)
        yield left * step, taken[len(sets) :] > 0
        left *= 1 - step
        if left:
            state = state.after(taken, step)


@dataclass(frozen=True)
class _State:
    """Expected numbers of all sets and options as whole numbers over one denominator."""

    amounts: list[int]
    denominator: int

    @classmethod
    def of(cls, shares: list[int], denominator: int, sets: Sets) -> _State:
        return cls([*(sum(shares[o] for o in each) for each in sets), *shares], denominator)

    def bounds(self) -> tuple[Ints, Ints]:
        """Floor and ceiling of every expected number."""
        low = [amount // self.denominator for amount in self.amounts]
        high = [-(-amount // self.denominator) for amount in self.amounts]
        return np.array(low, dtype=np.int64), np.array(high, dtype=np.int64)

    def longest(self, taken: Ints) -> Fraction:
        """Largest weight of an outcome that leaves every expected number between its floor and ceiling."""
        room = [
            amount % self.denominator if whole > amount // self.denominator else -amount % self.denominator
            for amount, whole in zip(self.amounts, taken.tolist(), strict=True)
            if amount % self.denominator
        ]
        return Fraction(min(room), self.denominator) if room else Fraction(1)

    def after(self, taken: Ints, step: Fraction) -> _State:
        """What is left after an outcome of some weight, as chances again: (x - step · z) / (1 - step)."""
        gone = int(step * self.denominator)
        amounts = [amount - gone * whole for amount, whole in zip(self.amounts, taken.tolist(), strict=True)]
        divisor = math.gcd(self.denominator - gone, *amounts)
        return _State([amount // divisor for amount in amounts], (self.denominator - gone) // divisor)
