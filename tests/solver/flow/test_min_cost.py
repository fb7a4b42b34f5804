"""Exactness of min-cost flow against networkx and a linear program; warm solves against cold ones."""

import os

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki.flow import Network, min_cost_flow
from nichiiki_models.allocation import Status
from nichiiki_models.errors import MarketError, VerificationError
from nichiiki_networks import cost_by_networkx, cost_by_program, random_net
from nichiiki_solver.flow.columns import MOST
from nichiiki_solver.flow.simplex import Answer, Simplex

FULL = os.environ.get("NICHIIKI_FULL") == "1"
pytestmark = pytest.mark.timeout(1800 if FULL else 300)
SEEDS = 4000 if FULL else 100
CHAINS = 1000 if FULL else 60


def test_random_networks_cost_what_networkx_and_a_linear_program_say() -> None:
    infeasible = 0
    for seed in range(SEEDS):
        net = random_net(seed)
        found, expected = min_cost_flow(*net), cost_by_networkx(net)
        assert found.cost == expected, seed
        program = cost_by_program(net)
        assert expected == (None if program is None else pytest.approx(program, abs=1e-6)), seed
        infeasible += expected is None
    assert SEEDS / 10 < infeasible < SEEDS * 9 / 10


def test_warm_solves_equal_cold_ones() -> None:
    warm = 0
    for seed in range(CHAINS):
        rng = np.random.default_rng(seed)
        network = Network(*random_net(seed))
        network.solve()
        for _ in range(8):
            found = network.resolve(**random_change(rng, network, lowest=-3 if seed % 2 else 0))
            again = min_cost_flow(network.tail, network.head, network.capacity, network.cost, network.supply)
            assert (found.status, found.cost) == (again.status, again.cost), seed
            warm += found.warm
    assert warm > CHAINS * 4


def random_change(
    rng: np.random.Generator, network: Network, *, lowest: int
) -> dict[str, dict[int, int] | list[int]]:
    """New values of some arcs and nodes."""
    arcs, change = len(network.tail), dict[str, dict[int, int] | list[int]]()
    for name, low, high in (("cost", lowest, 9), ("capacity", 0, 9)):
        if arcs and rng.random() < 0.6:
            change[name] = dict(
                zip(rng.integers(0, arcs, 2).tolist(), rng.integers(low, high, 2).tolist(), strict=True)
            )
    if rng.random() < 0.6:
        supply = rng.integers(-4, 5, len(network.supply))
        supply[-1] -= supply.sum()
        change["supply"] = supply.tolist()
    return change


@given(seed=st.integers(0, 10**6))
def test_potentials_prove_the_optimum(seed: int) -> None:
    net = random_net(seed)
    found = min_cost_flow(*net)
    if found.flow is None or found.potential is None:
        return
    reduced = Network(*net).reduced_costs(found.potential)
    assert (reduced[found.flow < net.capacity] >= 0).all()
    assert (reduced[found.flow > 0] <= 0).all()
    rents = np.maximum(-reduced, 0)
    assert found.cost == -int(net.supply @ found.potential) - int(rents @ net.capacity)


@given(seed=st.integers(0, 10**6))
def test_a_cut_demands_more_than_can_flow_in(seed: int) -> None:
    net = random_net(seed)
    found = min_cost_flow(*net)
    if found.cut is None:
        return
    inside = np.isin(np.arange(len(net.supply)), found.cut)
    assert -net.supply[inside].sum() > net.capacity[inside[net.head] & ~inside[net.tail]].sum()


@pytest.mark.parametrize(
    ("columns", "cost", "flow"),
    [
        pytest.param(([], [], [], [], []), 0, [], id="no nodes"),
        pytest.param(([], [], [], [], [0, 0]), 0, [], id="no arcs"),
        pytest.param(([], [], [], [], [1, -1]), None, None, id="no way"),
        pytest.param(([0], [1], [3], [2], [0, 0]), 0, [0], id="nothing to do"),
        pytest.param(([0, 0], [1, 1], [2, 2], [3, 1], [3, -3]), 5, [1, 2], id="parallel arcs"),
        pytest.param(([0, 0], [0, 1], [5, 1], [-2, 1], [1, -1]), -9, [5, 1], id="a loop that pays"),
        pytest.param(([0, 0], [0, 1], [5, 1], [2, 1], [1, -1]), 1, [0, 1], id="a loop that costs"),
        pytest.param(([0, 1], [1, 0], [4, 3], [-2, 1], [0, 0]), -3, [3, 3], id="a circle that pays"),
        pytest.param(([0, 2], [1, 3], [4, 3], [2, 1], [1, -1, 2, -2]), 4, [1, 2], id="two parts"),
        pytest.param(([0], [1], [2**62], [7], [10**12, -(10**12)]), 7 * 10**12, [10**12], id="no limit"),
        pytest.param(
            ([0], [1], [10**17], [10**16], [10**17, -(10**17)]), 10**33, [10**17], id="past 64 bits"
        ),
    ],
)
def test_corner_cases(columns: tuple[list[int], ...], cost: int | None, flow: list[int] | None) -> None:
    found = min_cost_flow(*columns)
    assert found.cost == cost
    assert (None if found.flow is None else found.flow.tolist()) == flow
    assert found.status is (Status.OPTIMAL if cost is not None else Status.INFEASIBLE)


def test_the_same_network_gives_the_same_answer() -> None:
    first, second = (min_cost_flow(*random_net(21)) for _ in range(2))
    assert first.flow is not None and second.flow is not None
    assert first.flow.tolist() == second.flow.tolist()


def test_a_graph_of_networkx_keeps_names_and_order() -> None:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_node("Tokyo", demand=-5)
    graph.add_node("Sado", demand=5)
    graph.add_edge("Tokyo", "Sado", key="ferry", weight=3, capacity=4)
    graph.add_edge("Tokyo", "Sado", key="plane", weight=9)
    network = Network.from_networkx(graph)
    found = network.solve()
    assert network.node_labels == ("Tokyo", "Sado")
    assert network.arc_labels == (("Tokyo", "Sado", "ferry"), ("Tokyo", "Sado", "plane"))
    assert found.flow is not None
    assert (found.cost, found.flow.tolist()) == (21, [4, 1])
    assert network.capacity[1] == MOST


def test_a_graph_without_directions_is_refused() -> None:
    with pytest.raises(MarketError, match="direction"):
        Network.from_networkx(nx.Graph())  # type: ignore[arg-type]


def test_a_refused_change_leaves_the_network() -> None:
    network = Network([0], [1], [3], [2], [1, -1])
    network.solve()
    with pytest.raises(MarketError, match="arc 0 has -1"):
        network.resolve(capacity={0: -1})
    assert network.resolve(cost={0: 5}).cost == 5


def test_columns_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Network([0], [1], [3], [2], [1, -1]).cost[0] = 1


def test_a_basis_that_led_astray_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network([0, 0], [1, 1], [2, 2], [3, 1], [3, -3])
    network.solve()
    engine = network._engine
    assert engine is not None
    monkeypatch.setattr(engine, "solve", lambda: Answer(flow=np.array([2, 1]), potential=np.array([0, 3])))
    found = network.resolve(cost={0: 2})
    assert (found.cost, found.warm) == (4, False)


def test_a_wrong_answer_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Answer(flow=np.array([2, 1]), potential=np.array([0, 3]))
    monkeypatch.setattr(Simplex, "solve", lambda self: wrong)
    with pytest.raises(VerificationError, match="reduced cost"):
        min_cost_flow([0, 0], [1, 1], [2, 2], [3, 1], [3, -3])


def test_a_failure_of_the_engine_is_not_taken_for_infeasible(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def solve(self) -> None:
            raise RuntimeError("out of order")

    network = Network([0], [1], [3], [2], [1, -1])
    network.solve()
    assert network._engine is not None
    monkeypatch.setattr(network._engine, "_graph", Broken())
    with pytest.raises(RuntimeError, match="out of order"):
        network._engine.solve()
