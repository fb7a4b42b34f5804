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
Bools = npt.NDArray[np.bool_]
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
    proof, found = prove(Proof(tail, head, capacity, cost, supply, flow, potential, total))
    if proof.total != total:
        details: dict[str, int | str] = {"value": str(total), "limit": str(proof.total)}
        found.append(Violation(rule="flow_cost", where=str(proof.total), details=details))
    return found


@dataclass(frozen=True)
class Proof:
    """A network with a flow and potentials that prove it to be a cheapest one.

    Attributes
    ----------
    tail, head, capacity, cost, supply
        The network.
    flow, potential, total
        Flow of each arc, potential of each node, cost of the flow (worked out by `prove` and `follow`).
    """

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    supply: Ints
    flow: Ints
    potential: Ints
    total: int = 0


def prove(proof: Proof) -> tuple[Proof, list[Violation]]:
    """Check a proof and work out its cost; `total` is not read.

    Bounds, balances and the sign of every reduced cost are looked at. By complementary slackness the dual value then equals
    the cost, so that it need not be summed up.

    Returns
    -------
    proof, violations
        The proof with its true cost, and what is wrong with it.
    """
    flow = proof.flow
    broken = _unreadable(proof)
    if broken:
        return proof, broken
    used = flow.nonzero()[0]
    amount = flow[used]
    found = [
        *_at_odds(proof, None),
        *_unbalanced(proof.tail[used], proof.head[used], proof.supply, amount),
    ]
    return replace(proof, total=_dot(proof.cost[used], amount)), found


def follow(before: Proof, after: Proof) -> tuple[Proof, list[Violation]]:
    """Check a proof, given another one on the same arcs that has passed its check, and work out its cost.

    Balances and the cost change only with the arcs whose flow or cost did. Bounds and reduced costs are looked at on every arc,
    or, if no potential has moved, on those whose flow, cost or capacity changed. Not less is proven than by `prove`.

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
    flow = after.flow
    broken = _unreadable(after)
    if broken:
        return after, broken
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


@dataclass(frozen=True)
class Cases:
    """Other networks and flows, each told by the arcs and nodes where it is not as in a proof.

    Attributes
    ----------
    count
        Number of cases.
    case, arc, cost, capacity, flow
        Of each changed arc in a case, once: its cost, capacity and flow there, changed or not.
    node_case, node, more
        What a node sends out more in a case.
    """

    count: int
    case: Ints
    arc: Ints
    cost: Ints
    capacity: Ints
    flow: Ints
    node_case: Ints
    node: Ints
    more: Ints


def prove_cases(proof: Proof, cases: Cases, potential: Ints | None = None) -> tuple[Bools, list[int]]:
    """Say which cases are proven to be cheapest flows, and what they cost.

    Not less is proven of each than by `prove`: where neither potentials nor the arc changed, bounds and reduced cost are those of
    the proof.

    Parameters
    ----------
    proof
        A proof in which nothing was found.
    cases
        The networks and flows.
    potential
        Cases × nodes; None if they are those of the proof.

    Returns
    -------
    proven, total
        Whether a case is proven; its cost.
    """
    bad, nothing = np.zeros(cases.count, dtype=bool), [0] * cases.count
    tail, head = proof.tail[cases.arc], proof.head[cases.arc]
    more = cases.flow - proof.flow[cases.arc]
    high = _largest(proof.potential) if potential is None else _largest(potential)
    moved = (_largest(more) + _largest(cases.more)) * (2 * len(more) + len(cases.more))
    if max(2 * high + max(_largest(proof.cost), _largest(cases.cost)), moved) >= EXACT_IN_64_BITS:
        return bad, nothing
    if potential is None:
        gain = proof.potential[tail] - proof.potential[head]
    else:
        gain = potential[cases.case, tail] - potential[cases.case, head]
        bad = _loose(proof, potential, cases)
    reduced = cases.cost + gain
    kept = (cases.flow >= cases.capacity * (reduced < 0)) & (cases.flow <= cases.capacity * (reduced <= 0))
    bad[cases.case[~kept]] = True
    nodes = len(proof.supply)
    ends = cases.case * nodes + tail, cases.case * nodes + head, cases.node_case * nodes + cases.node
    key, rest = _sums(np.concatenate(ends), np.concatenate((more, -more, -cases.more)))
    bad[key[rest != 0] // nodes] = True
    return ~bad, _totals_of(proof, cases)


def _loose(proof: Proof, potential: Ints, cases: Cases) -> Bools:
    """Cases in which potentials do not fit an arc that is as in the proof."""
    reduced = potential.take(proof.tail, axis=1)
    reduced -= potential.take(proof.head, axis=1)
    reduced += proof.cost
    wrong = (reduced < 0) & (proof.flow < proof.capacity)
    wrong |= (reduced > 0) & (proof.flow > 0)
    wrong[cases.case, cases.arc] = False
    return np.asarray(wrong.any(axis=1))


def _sums(key: Ints, value: Ints) -> tuple[Ints, Ints]:
    """Each key once and the sum of its values."""
    order = np.argsort(key)
    key = key[order]
    first = np.flatnonzero(np.concatenate((np.ones(min(1, len(key)), dtype=bool), key[1:] != key[:-1])))
    return key[first], np.add.reduceat(value[order], first) if len(key) else value


def _totals_of(proof: Proof, cases: Cases) -> list[int]:
    """Cost of each case, exact."""
    old = proof.cost[cases.arc], proof.flow[cases.arc]
    high = max(_largest(cases.cost), _largest(old[0])) * max(_largest(cases.flow), _largest(old[1]))
    exact = 2 * high * len(cases.arc) < EXACT_IN_64_BITS
    kind: Any = np.int64 if exact else object
    total = np.zeros(cases.count, dtype=kind)
    new = cases.cost.astype(kind) * cases.flow.astype(kind)
    np.add.at(total, cases.case, new - old[0].astype(kind) * old[1].astype(kind))
    return [proof.total + more for more in total.tolist()]


def _unreadable(proof: Proof) -> list[Violation]:
    """Shapes that do not fit, or potentials so far apart that reduced costs would leave 64 bits."""
    flow, potential = proof.flow, proof.potential
    if flow.shape != proof.tail.shape or potential.shape != proof.supply.shape:
        return [Violation(rule="flow_shape", where=f"{flow.shape} {potential.shape}")]
    if 2 * _largest(potential) + _largest(proof.cost) >= EXACT_IN_64_BITS:
        return [Violation(rule="flow_range", where=str(int(np.abs(potential).argmax())))]
    return []


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
    least, most = capacity * (reduced < 0), capacity * (reduced <= 0)
    if ((flow >= least) & (flow <= most)).all():
        return
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


def _unbalanced(tail: Ints, head: Ints, supply: Ints, flow: Ints) -> Iterator[Violation]:
    exact = _largest(flow) * len(flow) < EXACT_IN_DOUBLE
    net = _totals(tail, flow, len(supply), exact=exact) - _totals(head, flow, len(supply), exact=exact)
    for node in _where(net != supply):
        yield _violation("flow_conservation", node, net[node], supply[node])


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
