"""Speed of flows: from scratch, after a small change, the check alone, and many pairs on shared seats."""

from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nichiiki.flow import Network, multicommodity_flow
from nichiiki_large_networks import planar_shared, transport_net
from nichiiki_solver.flow.certificate import find_flow_violations

SIZES = [
    1_000,
    10_000,
    pytest.param(100_000, marks=pytest.mark.slow),
    pytest.param(1_000_000, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("arcs", SIZES)
def test_from_scratch(benchmark: BenchmarkFixture, arcs: int) -> None:
    net = transport_net(arcs)
    found = benchmark(lambda: Network(*net).solve())
    assert found.cost is not None


@pytest.mark.parametrize("change", ["cost", "capacity", "supply"])
@pytest.mark.parametrize("arcs", SIZES)
def test_after_five_changes(benchmark: BenchmarkFixture, arcs: int, change: str) -> None:
    network = Network(*transport_net(arcs))
    network.solve()
    rng = np.random.default_rng(0)

    def resolve() -> bool:
        return network.resolve(**{change: some_changes(network, change, rng)}).warm

    assert benchmark(resolve)


def some_changes(network: Network, change: str, rng: np.random.Generator) -> dict[int, int]:
    """Five arcs with other costs or more room, or a unit less from a source to a sink."""
    if change == "supply":
        source = int(rng.choice(np.flatnonzero(network.supply > 0)))
        sink = int(rng.choice(np.flatnonzero(network.supply < 0)))
        return {source: int(network.supply[source]) - 1, sink: int(network.supply[sink]) + 1}
    arcs = rng.integers(0, len(network.tail), 5)
    values = (
        rng.integers(1, 10_001, 5) if change == "cost" else network.capacity[arcs] + rng.integers(0, 100, 5)
    )
    return dict(zip(arcs.tolist(), values.tolist(), strict=True))


@pytest.mark.parametrize("change", ["cost", "capacity", "supply"])
@pytest.mark.parametrize("arcs", SIZES[:2])
def test_hundred_cases_at_once(benchmark: BenchmarkFixture, arcs: int, change: str) -> None:
    network = Network(*transport_net(arcs))
    network.solve()
    rng = np.random.default_rng(0)
    cases = [some_changes(network, change, rng) for _ in range(100)]
    assert len(benchmark(lambda: network.what_if(**{change: cases}))) == 100


@pytest.mark.parametrize("arcs", SIZES)
def test_check(benchmark: BenchmarkFixture, arcs: int) -> None:
    net = transport_net(arcs)
    found = Network(*net).solve()
    proof: dict[str, Any] = {"flow": found.flow, "potential": found.potential, "total": found.cost}
    assert benchmark(lambda: find_flow_violations(*net, **proof)) == []


@pytest.mark.parametrize("room", [2.0, 4.0])
def test_thousand_pairs_on_hundred_nodes(benchmark: BenchmarkFixture, room: float) -> None:
    *columns, nodes, penalty = planar_shared(100, 1000, room=room)
    found = benchmark(lambda: multicommodity_flow(*columns, nodes=nodes, penalty=penalty))
    assert found.cost is not None


def test_both_marginal_costs(benchmark: BenchmarkFixture) -> None:
    *columns, nodes, penalty = planar_shared(100, 1000, room=2.0)
    found = multicommodity_flow(*columns, nodes=nodes, penalty=penalty)
    assert found._face is not None
    left, right = benchmark(found._face.ends)
    assert (left <= right + 1e-6).all()
