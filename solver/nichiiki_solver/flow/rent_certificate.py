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
TOLERANCE = 1e-6
"""Largest relative error of sums of floating-point numbers that passes."""
MOST_LISTED = 100


@dataclass(frozen=True)
class SharedNetwork:
    """A network with shared seats and the demands on it, as they were given.

    Attributes
    ----------
    tail, head, capacity, cost
        Of each arc.
    origin, destination, demand
        Of each OD pair.
    penalty
        Cost of a unit that is not carried; None if all must be.
    """

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    origin: Ints
    destination: Ints
    demand: Ints
    penalty: int | None


def find_routing_violations(
    network: SharedNetwork, *, path_pair: Ints, path_offsets: Ints, path_arcs: Ints, amount: Floats
) -> list[Violation]:
    """List what is wrong with units on paths: broken paths, demands passed or not met, seats passed.

    Parameters
    ----------
    network
        As it was given.
    path_pair, path_offsets, path_arcs
        OD pair of each path; its arcs (CSR), from its origin on.
    amount
        Units on each path.
    """
    load = np.zeros(len(network.tail))
    carried = np.zeros(len(network.demand))
    found = []
    for path, (pair, units) in enumerate(zip(path_pair.tolist(), amount.tolist(), strict=True)):
        arcs = path_arcs[path_offsets[path] : path_offsets[path + 1]]
        if units < 0 or not _leads(network, arcs, pair):
            found.append(Violation(rule="flow_path", where=str(path), details={"value": str(units)}))
        np.add.at(load, arcs, units)
        carried[pair] += units
    wrong = np.abs(carried - network.demand) > TOLERANCE * np.maximum(1, network.demand)
    if network.penalty is not None:
        wrong &= carried > network.demand
    return [
        *found,
        *_listed("flow_demand", wrong, carried, network.demand),
        *_listed(
            "flow_capacity",
            load > network.capacity + TOLERANCE * np.maximum(1, network.capacity),
            load,
            network.capacity,
        ),
    ]


def find_rent_violations(
    network: SharedNetwork, *, rent: Floats, potential: Floats, marginal: Floats, total: float
) -> list[Violation]:
    """List what is wrong with rents and marginal costs that are said to prove a cost to be the least.

    Parameters
    ----------
    network
        As it was given.
    rent
        Of each arc, a seat.
    potential
        Distinct origins in ascending order × nodes: cheapest way to each node under cost + rent; infinite where there
        is none.
    marginal
        Of each pair.
    total
        The stated cost.
    """
    sources, source = np.unique(network.origin, return_inverse=True)
    here = potential[source, network.destination]
    if network.penalty is not None:
        here = np.minimum(here, network.penalty)
    asked = network.demand > 0  # without demand a pair may have no way at all, at an infinite cost
    bound = float(marginal[asked] @ network.demand[asked] - rent @ network.capacity)
    scale = max(1.0, abs(total), float(rent @ network.capacity))
    found = [
        *_listed("flow_rent", rent < 0, rent, network.cost),
        *_too_far(network, rent, potential, sources),
        *_listed("flow_marginal", marginal > here + TOLERANCE * np.maximum(1, np.abs(here)), marginal, here),
    ]
    if not abs(bound - total) <= TOLERANCE * scale:
        found.append(
            Violation(rule="flow_identity", where="rents", details={"value": str(total), "limit": str(bound)})
        )
    return found


def find_metric_violations(network: SharedNetwork, *, metric: Floats, potential: Floats) -> list[Violation]:
    """List what is wrong with lengths that are said to prove that the seats cannot carry all demand.

    With lengths y ≥ 0 the demands need Σ demand · distance seat-lengths, and there are Σ seats · y of them (Iri 1971,
    Onaga and Kakusho 1971).

    Parameters
    ----------
    network
        As it was given.
    metric
        Length of each arc.
    potential
        Distinct origins in ascending order × nodes: at most the distance.
    """
    sources, source = np.unique(network.origin, return_inverse=True)
    far = np.minimum(potential[source, network.destination], 1.0)
    needed, there = float(far @ network.demand), float(metric @ network.capacity)
    free = SharedNetwork(**{**network.__dict__, "cost": np.zeros_like(network.cost)})
    found = [*_listed("flow_rent", metric < 0, metric, metric), *_too_far(free, metric, potential, sources)]
    if not needed > there + TOLERANCE * max(1.0, there):
        details: dict[str, int | str] = {"value": str(needed), "limit": str(there)}
        found.append(Violation(rule="flow_metric", where="lengths", details=details))
    return found


def _leads(network: SharedNetwork, arcs: Ints, pair: int) -> bool:
    """Whether arcs lead from the pair's origin to its destination without a gap."""
    nodes = np.concatenate(([network.origin[pair]], network.head[arcs]))
    return bool((network.tail[arcs] == nodes[:-1]).all() and nodes[-1] == network.destination[pair])


def _too_far(network: SharedNetwork, rent: Floats, potential: Floats, sources: Ints) -> list[Violation]:
    """Potentials that are no lower bounds of distances: not 0 at the source, or further over an arc than it is long."""
    length = network.cost + rent
    reach = potential[:, network.tail] + length
    longer = potential[:, network.head] > reach + TOLERANCE * np.maximum(1.0, length)
    wrong = np.asarray(longer.any(axis=0), dtype=bool)
    start = potential[np.arange(len(sources)), sources] != 0
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
