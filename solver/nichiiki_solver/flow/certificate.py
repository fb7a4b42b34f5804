"""Checks of a flow that share nothing with what made it: whole numbers, numpy, and the textbook conditions.

A flow x is a cheapest one if and only if node potentials π exist for which no arc with room left has a negative reduced
cost c + π(tail) - π(head), and no arc that carries something has a positive one (Ahuja, Magnanti and Orlin, *Network
Flows*, 1993, theorems 9.3 and 9.4). A network has no flow at all if and only if some set of nodes demands more than the
arcs into it can carry (Gale, *A theorem on flows in networks*, 1957). Both are seen in one pass over the arcs.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nichiiki_models.allocation import Violation

Ints = npt.NDArray[np.int64]
EXACT_IN_DOUBLE = 1 << 53
EXACT_IN_64_BITS = 1 << 62
FEW = 64
"""So many products cost no more one by one than in an array."""
MOST_LISTED = 100
"""Of one rule not more than so many violations are listed."""


def find_flow_violations(
    tail: Ints,
    head: Ints,
    capacity: Ints,
    cost: Ints,
    supply: Ints,
    *,
    flow: Ints,
    potential: Ints,
    total: int,
) -> list[Violation]:
    """List what is wrong with a flow that is said to be a cheapest one; nothing is the proof that it is.

    Parameters
    ----------
    tail, head, capacity, cost, supply
        The network, as it was given.
    flow
        Of each arc.
    potential
        Of each node: what a unit is worth there.
    total
        The stated cost.
    """
    if flow.shape != tail.shape or potential.shape != supply.shape:
        return [Violation(rule="flow_shape", where=f"{flow.shape} {potential.shape}")]
    dear, high = _largest(cost), _largest(potential)
    if 2 * high + dear >= EXACT_IN_64_BITS:
        return [Violation(rule="flow_range", where=str(int(np.abs(potential).argmax())))]
    reduced = cost + (potential.take(tail) - potential.take(head))
    used = (flow != 0).nonzero()[0]
    primal = _dot(cost[used], flow[used])
    rents = (reduced < 0).nonzero()[0]
    dual = _dot(reduced[rents], capacity[rents]) - _dot(supply, potential)
    return [
        *_outside(flow, capacity),
        *_unbalanced(tail[used], head[used], supply, flow[used]),
        *_improvable(capacity, flow, reduced),
        *_misstated(primal, dual, total),
    ]


@dataclass(frozen=True)
class Proof:
    """A network with a flow and potentials that prove it to be a cheapest one.

    Attributes
    ----------
    tail, head, capacity, cost, supply
        The network.
    flow, potential, total
        Flow of each arc, potential of each node, cost of the flow.
    """

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    supply: Ints
    flow: Ints
    potential: Ints
    total: int


def follow(before: Proof, after: Proof) -> tuple[Proof, list[Violation]]:
    """Check a proof, given another one on the same arcs that has passed its check, and work out its cost.

    Balances and the cost change only with the arcs whose flow or cost did. Bounds and reduced costs are looked at on every arc,
    or, if no potential has moved, on those whose flow, cost or capacity changed. Not less is checked than by
    `find_flow_violations`: by complementary slackness the dual value need not be summed up again.

    Parameters
    ----------
    before
        A proof in which nothing was found.
    after
        The proof to be checked; `tail` and `head` must be the same arrays, `total` is not read.

    Returns
    -------
    proof, violations
        `after` with its true cost, and what is wrong with it.
    """
    flow, potential = after.flow, after.potential
    if flow.shape != before.flow.shape or potential.shape != before.potential.shape:
        return after, [Violation(rule="flow_shape", where=f"{flow.shape} {potential.shape}")]
    if 2 * _largest(potential) + _largest(after.cost) >= EXACT_IN_64_BITS:
        return after, [Violation(rule="flow_range", where=str(int(np.abs(potential).argmax())))]
    flowed = flow != before.flow
    arcs = flowed.nonzero()[0]
    changed = arcs if after.cost is before.cost else (flowed | (after.cost != before.cost)).nonzero()[0]
    total = (
        before.total
        + _dot(after.cost[changed], flow[changed])
        - _dot(before.cost[changed], before.flow[changed])
    )
    ends = after.tail[arcs], after.head[arcs]
    return replace(after, total=total), [
        *_unbalanced(*ends, after.supply - before.supply, flow[arcs] - before.flow[arcs]),
        *_at_odds(after, _moved(before, after, changed)),
    ]


def _moved(before: Proof, after: Proof, changed: Ints) -> Ints | None:
    """Arcs on which bounds and reduced costs may be other than before; None = all."""
    if not np.array_equal(after.potential, before.potential):
        return None
    if after.capacity is before.capacity:
        return changed
    return np.union1d(changed, (after.capacity != before.capacity).nonzero()[0])


def _at_odds(proof: Proof, arcs: Ints | None) -> Iterator[Violation]:
    """Arcs (some, or all) that carry too much or too little, or could make the flow cheaper."""
    columns = (proof.tail, proof.head, proof.capacity, proof.cost, proof.flow)
    tail, head, capacity, cost, flow = columns if arcs is None else (column[arcs] for column in columns)
    reduced = cost + (proof.potential.take(tail) - proof.potential.take(head))
    for k in _where((flow < 0) | (flow > capacity)):
        yield _violation("flow_capacity", k if arcs is None else int(arcs[k]), flow[k], capacity[k])
    for k in _where(((reduced < 0) & (flow < capacity)) | ((reduced > 0) & (flow > 0))):
        yield _violation("flow_reduced_cost", k if arcs is None else int(arcs[k]), reduced[k], flow[k])


def find_cut_violations(
    tail: Ints, head: Ints, capacity: Ints, supply: Ints, *, cut: Ints
) -> list[Violation]:
    """List what is wrong with a set of nodes that is said to demand more than can flow into it.

    Parameters
    ----------
    tail, head, capacity, supply
        The network, as it was given.
    cut
        The nodes of the set.
    """
    if len(cut) and (int(cut.min()) < 0 or int(cut.max()) >= len(supply)):
        return [Violation(rule="flow_shape", where=f"{int(cut.min())} … {int(cut.max())}")]
    inside = np.zeros(len(supply), dtype=bool)
    inside[cut] = True
    demand = -_sum(supply[inside])
    room = _sum(capacity[inside[head] & ~inside[tail]])
    if demand > room:
        return []
    return [
        Violation(rule="flow_cut", where=f"{len(cut)}", details={"value": str(demand), "limit": str(room)})
    ]


def _outside(flow: Ints, capacity: Ints) -> Iterator[Violation]:
    for arc in _where((flow < 0) | (flow > capacity)):
        yield _violation("flow_capacity", arc, flow[arc], capacity[arc])


def _unbalanced(tail: Ints, head: Ints, supply: Ints, flow: Ints) -> Iterator[Violation]:
    exact = _largest(flow) * len(flow) < EXACT_IN_DOUBLE
    net = _totals(tail, flow, len(supply), exact=exact) - _totals(head, flow, len(supply), exact=exact)
    for node in _where(net != supply):
        yield _violation("flow_conservation", node, net[node], supply[node])


def _improvable(capacity: Ints, flow: Ints, reduced: Ints) -> Iterator[Violation]:
    wrong = ((reduced < 0) & (flow < capacity)) | ((reduced > 0) & (flow > 0))
    for arc in _where(wrong):
        yield _violation("flow_reduced_cost", arc, reduced[arc], flow[arc])


def _misstated(primal: int, dual: int, total: int) -> Iterator[Violation]:
    if primal != total or dual != total:
        details: dict[str, int | str] = {"value": str(total), "limit": str(primal)}
        yield Violation(rule="flow_cost", where=f"{primal} / {dual}", details=details)


def _totals(nodes: Ints, flow: Ints, count: int, *, exact: bool) -> npt.NDArray[Any]:
    """Sum of the flow at each node: in doubles while every partial sum is exact in them, else in Python's integers."""
    if exact:
        return np.bincount(nodes, weights=flow, minlength=count)
    total = np.zeros(count, dtype=object)
    np.add.at(total, nodes, flow.astype(object))
    return total


def _sum(values: Ints) -> int:
    if _largest(values) * len(values) < EXACT_IN_64_BITS:
        return int(values.sum())
    return sum(values.tolist())


def _dot(left: Ints, right: Ints) -> int:
    """Sum of products, exact; few of them are as fast in Python's integers."""
    if len(left) <= FEW:
        return sum(map(operator.mul, left.tolist(), right.tolist()))
    if _largest(left) * _largest(right) * len(left) < EXACT_IN_64_BITS:
        return int(left @ right)
    return sum(a * b for a, b in zip(left.tolist(), right.tolist(), strict=True))


def _largest(values: Ints) -> int:
    """Largest absolute value."""
    return max(int(values.max()), -int(values.min())) if len(values) else 0


def _where(mask: npt.NDArray[Any]) -> list[int]:
    return np.flatnonzero(mask)[:MOST_LISTED].tolist() if mask.any() else []


def _violation(rule: str, place: int, value: Any, limit: Any) -> Violation:
    return Violation(rule=rule, where=str(place), details={"value": int(value), "limit": int(limit)})
