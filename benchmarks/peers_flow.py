"""The same networks by us and by others, in one run: ``python benchmarks/peers_flow.py [most arcs]`` prints Markdown.

networkx is left out above 10,000 arcs. Every cost is compared. CPU seconds, the least of several runs (200 of the smallest
network, one of the largest); of us everything is counted: reading and checking the columns, solving, and checking the certificate.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import networkx as nx
import numpy as np
import pylmcf
from ortools.graph.python import min_cost_flow as ortools_flow
from scipy.optimize import linprog
from scipy.sparse import block_diag, csr_array, eye_array, hstack

from nichiiki.flow import Network, multicommodity_flow
from nichiiki_large_networks import planar_shared, transport_net
from nichiiki_networks import Net, Shared

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MOST_FOR_NETWORKX = 10_000
CHANGES = 5
COLUMN = {"cost": "cost", "tenth": "cost", "capacity": "capacity", "supply": "supply"}
"""What each kind of change is one of."""


def by_us(net: Net) -> int:
    cost = Network(*net).solve().cost
    assert cost is not None
    return cost


def by_pylmcf(net: Net) -> int:
    order = np.lexsort((net.head, net.tail))
    graph = pylmcf.Graph(len(net.supply), net.tail[order], net.head[order])
    graph.set_edge_costs(net.cost[order])
    graph.set_edge_capacities(net.capacity[order])
    graph.set_node_supply(net.supply)
    graph.solve()
    graph.result(), graph.potentials()
    return int(graph.total_cost())


def by_ortools(net: Net) -> int:
    return _ortools(net)[0]


def _ortools(net: Net) -> tuple[int, Any]:
    program = ortools_flow.SimpleMinCostFlow()
    arcs = program.add_arcs_with_capacity_and_unit_cost(net.tail, net.head, net.capacity, net.cost)
    program.set_nodes_supplies(np.arange(len(net.supply)), net.supply)
    assert program.solve() == program.OPTIMAL
    return int(program.optimal_cost()), np.asarray(program.flows(arcs))


def by_ortools_with_potentials(net: Net) -> int:
    """The flow of OR-tools, and the potentials that prove it: shortest ways to each node through what is left."""
    total, flow = _ortools(net)
    free, used = flow < net.capacity, flow > 0
    tail = np.concatenate((net.tail[free], net.head[used]))
    head = np.concatenate((net.head[free], net.tail[used]))
    cost = np.concatenate((net.cost[free], -net.cost[used]))
    order = np.argsort(head, kind="stable")
    tail, head, cost = tail[order], head[order], cost[order]
    starts = np.flatnonzero(np.diff(head, prepend=-1))
    distance = np.zeros(len(net.supply), dtype=np.int64)
    while True:  # Bellman and Ford, all arcs at once
        least = np.minimum.reduceat(distance[tail] + cost, starts)
        nearer = least < distance[head[starts]]
        if not nearer.any():
            return total
        distance[head[starts][nearer]] = least[nearer]


def by_networkx(net: Net) -> int:
    graph: Any = nx.MultiDiGraph()
    graph.add_nodes_from((node, {"demand": -units}) for node, units in enumerate(net.supply.tolist()))
    for tail, head, capacity, cost in zip(*(column.tolist() for column in net[:4]), strict=True):
        graph.add_edge(tail, head, capacity=capacity, weight=cost)
    return int(nx.network_simplex(graph)[0])


def seconds(run: Callable[[], Any], times: int) -> tuple[float, Any]:
    """CPU seconds, the least of several runs, and the answer."""
    least = float("inf")
    for _ in range(times):
        start = time.process_time()
        answer = run()
        least = min(least, time.process_time() - start)
    return least, answer


def small_changes(network: Network, rng: np.random.Generator) -> dict[str, dict[int, int]]:
    """Other costs of a few arcs (anew, or up to a tenth more or less), more room on a few, a unit less from a source to a sink."""
    some = rng.integers(0, len(network.tail), CHANGES)
    source, sink = (int(rng.choice(np.flatnonzero(sign * network.supply > 0))) for sign in (1, -1))
    return {
        "cost": dict(zip(some.tolist(), rng.integers(1, 10_001, CHANGES).tolist(), strict=True)),
        "tenth": {int(a): max(1, int(network.cost[a] * rng.uniform(0.9, 1.1))) for a in some},
        "capacity": {int(a): int(network.capacity[a] + rng.integers(0, 100)) for a in some},
        "supply": {source: int(network.supply[source]) - 1, sink: int(network.supply[sink]) + 1},
    }


def again(arcs: int, rounds: int = 60) -> dict[str, float]:
    """Median CPU seconds of a solve after other costs, capacities and supplies of a few arcs or nodes, one after the other."""
    network = Network(*transport_net(arcs))
    network.solve()
    rng = np.random.default_rng(0)
    taken: dict[str, list[float]] = {"cost": [], "tenth": [], "capacity": [], "supply": []}
    for _ in range(rounds):
        new = small_changes(network, rng)
        for name, times in taken.items():
            start = time.process_time()
            network.resolve(**{COLUMN[name]: new[name]})
            times.append(time.process_time() - start)
    return {name: float(np.median(times)) for name, times in taken.items()}


def at_once(arcs: int, count: int) -> dict[str, tuple[float, float]]:
    """CPU seconds for a case, the mean over many in one call, and the share of cases that the proof at hand decides."""
    network = Network(*transport_net(arcs))
    network.solve()
    rng = np.random.default_rng(0)
    cases = [small_changes(network, rng) for _ in range(count)]
    found = {}
    for name in cases[0]:
        run = partial(network.what_if, **{COLUMN[name]: [case[name] for case in cases]})
        taken, answers = seconds(run, 3)
        found[name] = taken / count, float(answers.kept.mean())
    return found


def by_arcs(net: Shared) -> float:
    """Least cost by HiGHS over arcs, one flow for each origin."""
    sources, source = np.unique(net.origin, return_inverse=True)
    arcs, pairs = len(net.tail), len(net.demand)
    signs = np.repeat([1.0, -1.0], arcs)
    ways = csr_array(
        (signs, (np.concatenate((net.tail, net.head)), np.tile(np.arange(arcs), 2))), shape=(net.nodes, arcs)
    )
    rows = np.concatenate((source * net.nodes + net.origin, source * net.nodes + net.destination))
    short = csr_array(
        (np.repeat([1.0, -1.0], pairs), (rows, np.tile(np.arange(pairs), 2))),
        shape=(len(sources) * net.nodes, pairs),
    )
    loads = hstack([*[eye_array(arcs)] * len(sources), csr_array((arcs, pairs))])
    prices = np.concatenate((np.tile(net.cost, len(sources)), np.full(pairs, net.penalty or 0)))
    result: Any = linprog(  # type: ignore[call-overload]  # the stubs know no sparse arrays
        prices.astype(float),
        A_ub=csr_array(loads),
        b_ub=net.capacity,
        A_eq=csr_array(hstack([block_diag([ways] * len(sources)), short])),
        b_eq=short @ net.demand,
        method="highs-ds",
    )
    return float(result.fun)


def print_single(most: int) -> None:
    columns = (
        "arcs",
        "nichiiki",
        "pylmcf",
        "OR-tools, potentials sought",
        "OR-tools, flow alone",
        "networkx",
    )
    ratios = ("nichiiki / fastest with potentials", "nichiiki / OR-tools alone")
    print("| " + " | ".join((*columns, *ratios)) + " |")
    print("| --- " * 8 + "|")
    for arcs in (size for size in SIZES if size <= most):
        net, times = transport_net(arcs), max(3, min(200, 700_000 // arcs))
        runs = [by_us, by_pylmcf, by_ortools_with_potentials, by_ortools]
        runs += [by_networkx] if arcs <= MOST_FOR_NETWORKX else []
        took = [seconds(partial(run, net), times) for run in runs]
        assert len({answer for _, answer in took}) == 1, "the costs differ"
        cells = [f"{second:.4f}" for second, _ in took] + ["-"] * (5 - len(took))
        own, *others = (second for second, _ in took)
        cells += [f"{own / min(others[:2]):.2f}", f"{own / others[2]:.2f}"]
        print(f"| {arcs:,} | " + " | ".join(cells) + " |", flush=True)


def print_again(most: int) -> None:
    print(
        "\n| arcs | from scratch | 5 costs anew | 5 costs ± 10 % | 5 capacities | 2 supplies | times faster |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for arcs in (size for size in SIZES if size <= most):
        scratch, took = from_scratch(arcs), again(arcs, rounds=60 if arcs <= 100_000 else 15).values()
        cells = " | ".join(f"{second:.5f}" for second in took)
        print(f"| {arcs:,} | {scratch:.4f} | {cells} | {scratch / max(took):.0f}-{scratch / min(took):.0f} |")


def print_at_once(most: int) -> None:
    print("\n| arcs | cases | from scratch | 5 costs anew | 5 costs ± 10 % | 5 capacities | 2 supplies |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for arcs in (size for size in SIZES if size <= most):
        count = max(15, min(2000, 3_000_000 // arcs))
        scratch, found = from_scratch(arcs), at_once(arcs, count).values()
        cells = " | ".join(f"{each:.6f} ({scratch / each:.0f} x, {kept:.0%})" for each, kept in found)
        print(f"| {arcs:,} | {count:,} | {scratch:.5f} | {cells} |", flush=True)


def from_scratch(arcs: int) -> float:
    return seconds(partial(by_us, transport_net(arcs)), max(1, min(200, 700_000 // arcs)))[0]


def print_shared() -> None:
    print("\n| 100 nodes, 1,000 pairs | nichiiki | both marginals | HiGHS over arcs | arcs that are full |")
    print("| --- | --- | --- | --- | --- |")
    for room in (4.0, 2.0, 1.5):
        net = planar_shared(100, 1000, room=room)
        *columns, nodes, penalty = net
        ours, found = seconds(partial(multicommodity_flow, *columns, nodes=nodes, penalty=penalty), 3)
        assert found.cost is not None and found.load is not None and found._face is not None
        ends, _ = seconds(found._face.ends, 1)
        theirs, cost = seconds(partial(by_arcs, net), 1)
        assert abs(cost - found.cost) < 1e-6 * cost, "the costs differ"
        full = int((found.load >= net.capacity - 1e-6).sum())
        print(
            f"| room {room} | {ours:.2f} | {ends:.2f} | {theirs:.2f} | {full} of {len(net.tail)} |",
            flush=True,
        )


if __name__ == "__main__":
    most_arcs = int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1]
    names = ("pylmcf", "ortools", "networkx", "numpy", "scipy")
    print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in names), "\n")
    print_single(most_arcs)
    print_again(most_arcs)
    print_at_once(most_arcs)
    print_shared()
