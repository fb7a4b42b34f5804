"""Checks of a routing over shared seats that share nothing with what made it.

Feasible flows on one side, rents μ ≥ 0 and node potentials with π(head) - π(tail) ≤ cost + μ on the other; no routing costs
less than Σ demand · min(π, penalty) - Σ seats · μ, so that equality proves both optimal. It is the identity that says where
the money goes: what all travellers would pay at marginal cost is the cost of carrying them plus the rents of the seats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nichiiki_models.allocation import Violation

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
TOLERANCE = 1e-6
"""Largest relative error of sums of floating-point numbers that passes."""
MOST_LISTED = 100


@dataclass(frozen=True)
class SharedNetwork:
    """A network with shared seats and the demands on it, as they were given.

    Attributes
    ----------
    tail, head, cost
        Of each arc.
    capacity
        Of each seat row.
    origin, destination, demand
        Of each OD pair.
    penalty
        Cost of a unit that is not carried; None if all must be.
    seat
        Of each arc: its seat row; None if each arc has its own.
    back_origin, back_destination
        Of each OD pair: ends of its way back; None if there is none.
    """

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    origin: Ints
    destination: Ints
    demand: Ints
    penalty: int | None
    seat: Ints | None = None
    back_origin: Ints | None = None
    back_destination: Ints | None = None

    @property
    def row(self) -> Ints:
        """Seat row of each arc."""
        return np.arange(len(self.tail)) if self.seat is None else self.seat

    @property
    def stretches(self) -> list[tuple[Ints, Ints]]:
        """Origins and destinations of the ways out, and of the ways back if there are any."""
        out = [(self.origin, self.destination)]
        if self.back_origin is None or self.back_destination is None:
            return out
        return [*out, (self.back_origin, self.back_destination)]


@dataclass(frozen=True)
class Potentials:
    """Lower bounds of the distances from each distinct origin, ascending, to the nodes of its piece of the network.

    A piece is a set of nodes that no arc leaves or enters; to nodes of other pieces there is no way.

    Attributes
    ----------
    value
        Distinct origins × places in a piece; infinite where there is no way.
    piece, place
        Of each node: its piece, and its column of `value`.
    """

    value: Floats
    piece: Ints
    place: Ints

    def of(self, sources: Ints, origin: Ints, destination: Ints) -> Floats:
        """Bounds of pairs of nodes, whose origins are among the sources."""
        there = self.piece[origin] == self.piece[destination]
        place = np.where(there, self.place[destination], 0)
        return np.where(there, self.value[np.searchsorted(sources, origin), place], np.inf)


def find_routing_violations(
    network: SharedNetwork,
    *,
    path_pair: Ints,
    path_offsets: Ints,
    path_arcs: Ints,
    path_turn: Ints,
    amount: Floats,
) -> list[Violation]:
    """List what is wrong with units on paths: broken paths, demands passed or not met, seats passed.

    Parameters
    ----------
    network
        As it was given.
    path_pair, path_offsets, path_arcs, path_turn
        OD pair of each path; its arcs (CSR), from its origin on, the way back last; arcs of its way out.
    amount
        Units on each path.
    """
    lengths = np.diff(path_offsets)
    units = np.repeat(amount, lengths)
    load = np.bincount(network.row[path_arcs], weights=units, minlength=len(network.capacity))
    carried = np.bincount(path_pair, weights=amount, minlength=len(network.demand))
    broken = (amount < 0) | ~_leads(network, path_pair, path_offsets, path_arcs, path_turn)
    wrong = np.abs(carried - network.demand) > TOLERANCE * np.maximum(1, network.demand)
    if network.penalty is not None:
        wrong &= carried > network.demand
    limit = network.capacity + TOLERANCE * np.maximum(1, network.capacity)
    return [
        *_listed("flow_path", broken, amount, path_pair),
        *_listed("flow_demand", wrong, carried, network.demand),
        *_listed("flow_capacity", load > limit, load, network.capacity),
    ]


def find_rent_violations(
    network: SharedNetwork, *, rent: Floats, potential: Potentials, marginal: Floats, total: float
) -> list[Violation]:
    """List what is wrong with rents and marginal costs that are said to prove a cost to be the least.

    Parameters
    ----------
    network
        As it was given.
    rent
        Of each seat row, a seat.
    potential
        Cheapest way from each distinct origin to each node under cost + rent, or less.
    marginal
        Of each pair.
    total
        The stated cost.
    """
    sources = _sources(network)
    here = _distances(network, potential, sources)
    if network.penalty is not None:
        here = np.minimum(here, network.penalty)
    asked = network.demand > 0  # without demand a pair may have no way at all, at an infinite cost
    bound = float(marginal[asked] @ network.demand[asked] - rent @ network.capacity)
    scale = max(1.0, abs(total), float(rent @ network.capacity))
    found = [
        *_listed("flow_rent", rent < 0, rent, rent),
        *_too_far(network, network.cost + rent[network.row], potential, sources),
        *_listed("flow_marginal", marginal > here + TOLERANCE * np.maximum(1, np.abs(here)), marginal, here),
    ]
    if not abs(bound - total) <= TOLERANCE * scale:
        found.append(
            Violation(rule="flow_identity", where="rents", details={"value": str(total), "limit": str(bound)})
        )
    return found


def find_metric_violations(
    network: SharedNetwork, *, metric: Floats, potential: Potentials
) -> list[Violation]:
    """List what is wrong with lengths that are said to prove that the seats cannot carry all demand.

    With lengths y ≥ 0 the demands need Σ demand · distance seat-lengths, and there are Σ seats · y of them (Iri 1971,
    Onaga and Kakusho 1971).

    Parameters
    ----------
    network
        As it was given.
    metric
        Length of each seat row.
    potential
        At most the distance from each distinct origin to each node.
    """
    sources = _sources(network)
    far = np.minimum(_distances(network, potential, sources), 1.0)
    needed, there = float(far @ network.demand), float(metric @ network.capacity)
    found = [
        *_listed("flow_rent", metric < 0, metric, metric),
        *_too_far(network, metric[network.row], potential, sources),
    ]
    if not needed > there + TOLERANCE * max(1.0, there):
        details: dict[str, int | str] = {"value": str(needed), "limit": str(there)}
        found.append(Violation(rule="flow_metric", where="lengths", details=details))
    return found


def _sources(network: SharedNetwork) -> Ints:
    return np.unique(np.concatenate([origin for origin, _ in network.stretches]))


def _distances(network: SharedNetwork, potential: Potentials, sources: Ints) -> Floats:
    """Bound of the length of each pair's trip."""
    bounds = [potential.of(sources, *ends) for ends in network.stretches]
    return np.asarray(np.sum(bounds, axis=0))


def _leads(network: SharedNetwork, pair: Ints, offsets: Ints, arcs: Ints, turn: Ints) -> Bools:
    """Whether the arcs of each path lead from origin to destination without a gap, and back if there is a way back."""
    lengths = np.diff(offsets)
    fits = (turn >= 0) & (turn <= lengths)
    if len(network.stretches) == 1:
        fits &= turn == lengths
    turn = np.clip(turn, 0, lengths)
    cuts = np.stack((offsets[:-1], offsets[:-1] + turn, offsets[1:]))
    for k, (origin, destination) in enumerate(network.stretches):
        start, end = cuts[k], cuts[k + 1]
        some = np.flatnonzero(end > start)
        right = origin[pair] == destination[pair]
        first, last = network.tail[arcs[start[some]]], network.head[arcs[end[some] - 1]]
        right[some] = (first == origin[pair[some]]) & (last == destination[pair[some]])
        fits &= right
    gap = np.flatnonzero(network.head[arcs[:-1]] != network.tail[arcs[1:]]) + 1
    path = np.searchsorted(offsets, gap, side="right") - 1
    inside = (gap > offsets[path]) & (gap != cuts[1][path])
    fits[path[inside]] = False
    return fits


def _too_far(network: SharedNetwork, length: Floats, potential: Potentials, sources: Ints) -> list[Violation]:
    """Potentials that are no lower bounds of distances: not 0 at the source, or further over an arc than it is long."""
    wrong = potential.piece[network.tail] != potential.piece[network.head]
    for piece in np.unique(potential.piece[sources]).tolist():
        arcs = np.flatnonzero((potential.piece[network.tail] == piece) & ~wrong)
        value = potential.value[potential.piece[sources] == piece]
        reach = value[:, potential.place[network.tail[arcs]]] + length[arcs]
        slack = TOLERANCE * np.maximum(1.0, length[arcs])
        wrong[arcs] = (value[:, potential.place[network.head[arcs]]] > reach + slack).any(axis=0)
    start = potential.value[np.arange(len(sources)), potential.place[sources]] != 0
    return [
        *_listed("flow_potential", wrong, length, length),
        *_listed("flow_potential", start, sources, sources),
    ]


def _listed(
    rule: str, mask: npt.NDArray[np.bool_], value: npt.NDArray[np.generic], limit: npt.NDArray[np.generic]
) -> list[Violation]:
    return [
        Violation(rule=rule, where=str(i), details={"value": str(value[i]), "limit": str(limit[i])})
        for i in np.flatnonzero(mask)[:MOST_LISTED].tolist()
    ]
