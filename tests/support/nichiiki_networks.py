"""Small random networks, and what others say is best on them: networkx and a linear program over arcs."""

from __future__ import annotations

from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

Ints = npt.NDArray[np.int64]


class Net(NamedTuple):
    """Columns of a network with one good."""

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    supply: Ints


class Shared(NamedTuple):
    """Columns of a network with shared seats, its demands, nodes and penalty."""

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    origin: Ints
    destination: Ints
    demand: Ints
    nodes: int
    penalty: int | None


def random_net(seed: int) -> Net:
    """A network of at most 9 nodes: parallel arcs, loops, ties, parts apart, often without a flow; odd seeds cost < 0 too."""
    rng = np.random.default_rng(seed)
    nodes, arcs = int(rng.integers(1, 10)), int(rng.integers(0, 30))
    supply = rng.integers(-4, 5, nodes) * (rng.random(nodes) < 0.5)
    supply[-1] -= supply.sum()
    return Net(
        rng.integers(0, nodes, arcs),
        rng.integers(0, nodes, arcs),
        rng.integers(0, 7, arcs),
        rng.integers(-5 if seed % 2 else 0, 6, arcs),
        supply if seed % 7 else np.zeros(nodes, dtype=np.int64),
    )


def cost_by_networkx(net: Net) -> int | None:
    """Least cost by networkx, None without a flow."""
    graph: Any = nx.MultiDiGraph()
    graph.add_nodes_from((node, {"demand": -units}) for node, units in enumerate(net.supply.tolist()))
    for tail, head, capacity, cost in zip(*(column.tolist() for column in net[:4]), strict=True):
        graph.add_edge(tail, head, capacity=capacity, weight=cost)
    try:
        cost, _ = nx.network_simplex(graph)
    except nx.NetworkXUnfeasible:
        return None
    return int(cost)


def cost_by_program(net: Net) -> float | None:
    """Least cost by a linear program over arcs, None without a flow."""
    ways = np.zeros((len(net.supply), len(net.tail)))
    np.add.at(ways, (net.tail, np.arange(len(net.tail))), 1)
    np.add.at(ways, (net.head, np.arange(len(net.tail))), -1)
    if not len(net.tail):
        return None if net.supply.any() else 0.0
    bounds: Any = np.column_stack((np.zeros(len(net.tail)), net.capacity))
    result: Any = linprog(net.cost.astype(float), A_eq=ways, b_eq=net.supply.astype(float), bounds=bounds)
    return float(result.fun) if result.status == 0 else None


def random_shared(seed: int, *, most: int = 4) -> Shared:
    """Up to 5 OD pairs on at most 6 nodes; often kinked, and half of them must all be carried."""
    rng = np.random.default_rng(seed)
    nodes, arcs, pairs = int(rng.integers(2, 7)), int(rng.integers(1, 16)), int(rng.integers(1, 6))
    return Shared(
        rng.integers(0, nodes, arcs),
        rng.integers(0, nodes, arcs),
        rng.integers(0, 7, arcs),
        rng.integers(0, 10, arcs),
        rng.integers(0, nodes, pairs),
        rng.integers(0, nodes, pairs),
        rng.integers(0, most, pairs),
        nodes,
        None if rng.random() < 0.5 else int(rng.integers(0, 40)),
    )


def random_ties(seed: int) -> tuple[Shared, Ints, tuple[Ints, Ints]]:
    """A network as in `random_shared` whose arcs share at most 4 seat rows, with a row of each arc and ends of ways back."""
    net, rng = random_shared(seed), np.random.default_rng(seed + 1)
    rows = int(rng.integers(1, 5))
    back = (net.destination, net.origin) if rng.random() < 0.6 else (net.origin, net.destination)
    tied = net._replace(capacity=rng.integers(0, 12, rows))
    return tied, rng.integers(0, rows, len(net.tail)), back


def shared_cost(
    net: Shared,
    demand: npt.ArrayLike | None = None,
    *,
    whole: bool = False,
    seat: Ints | None = None,
    back: tuple[Ints, Ints] | None = None,
) -> float | None:
    """Least cost of a routing by a program with a flow over arcs for each pair and way; None without one."""
    wanted = np.asarray(net.demand if demand is None else demand, dtype=float)
    pairs, arcs, nodes = len(wanted), len(net.tail), net.nodes
    row = np.arange(arcs) if seat is None else seat
    ways = np.zeros((nodes, arcs))
    np.add.at(ways, (net.tail, np.arange(arcs)), 1)
    np.add.at(ways, (net.head, np.arange(arcs)), -1)
    stretches = [(net.origin, net.destination), *([] if back is None else [back])]
    balance = np.zeros((len(stretches), pairs, nodes))
    for k, (start, end) in enumerate(stretches):
        np.add.at(balance[k], (np.arange(pairs), start), 1)
        np.add.at(balance[k], (np.arange(pairs), end), -1)
    flows = len(stretches) * pairs
    short = np.zeros((len(stretches), pairs, nodes, pairs))
    for pair in range(pairs):
        short[:, pair, :, pair] = balance[:, pair]
    seats = np.zeros((len(net.capacity), arcs))
    seats[row, np.arange(arcs)] = 1
    prices = np.concatenate((np.tile(net.cost, flows), np.full(pairs, net.penalty or 0))).astype(float)
    most = np.concatenate((np.full(flows * arcs, np.inf), 0 * wanted if net.penalty is None else wanted))
    bounds: Any = np.column_stack((np.zeros(len(prices)), most))
    result: Any = linprog(
        prices,
        A_ub=np.hstack([seats] * flows + [np.zeros((len(seats), pairs))]),
        b_ub=net.capacity.astype(float),
        A_eq=np.hstack((np.kron(np.eye(flows), ways), short.reshape(flows * nodes, pairs))),
        b_eq=(balance * wanted[None, :, None]).ravel(),
        bounds=bounds,
        integrality=np.full(len(prices), int(whole)),
    )
    return float(result.fun) if result.status == 0 else None
