"""Cost scaling: as exact as the simplex, and taken only where all is near."""

import numpy as np
import pytest

from nichiiki.flow import Network
from nichiiki_large_networks import map_net, timetable_net, transport_net, two_sided_net
from nichiiki_networks import Ints, Net, random_net
from nichiiki_solver.flow import scaling
from nichiiki_solver.flow.certificate import find_flow_violations
from nichiiki_solver.flow.columns import MOST, Columns
from nichiiki_solver.flow.simplex import Simplex

NODES = 2000
"""Tests take so many nodes for many, to be quick; `benchmarks/peers_flow.py` compares costs at a million arcs."""
WIDE = 8 * NODES


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "NODES", NODES)


@pytest.fixture(scope="module")
def wide() -> Net:
    return transport_net(WIDE)


def test_random_networks_cost_what_the_simplex_says() -> None:
    flows = 0
    for seed in range(400):
        net = random_net(seed)
        columns = Columns(net.tail, net.head, net.capacity, np.abs(net.cost), net.supply)
        found, expected = scaling.find_flow(columns), Simplex(columns).solve()
        assert (found is None) == (expected.flow is None), seed
        if found is None or expected.flow is None:
            continue
        total = int(columns.cost @ expected.flow)
        assert not find_flow_violations(
            *vars(columns).values(), flow=found[0], potential=found[1], total=total
        ), seed
        assert found[1].min(initial=0) == 0
        flows += 1
    assert 100 < flows < 400


def test_no_limit_and_large_amounts_are_exact() -> None:
    columns = _columns(
        tail=[0, 0, 1],
        head=[1, 2, 2],
        capacity=[MOST, 1 << 40, MOST],
        cost=[1, 5, 3],
        supply=[1 << 41, 0, -(1 << 41)],
    )
    found = scaling.find_flow(columns)
    assert found is not None
    assert found[0].tolist() == [1 << 41, 0, 1 << 41]
    assert found[1].tolist() == [0, 1, 4]


def test_circles_that_cost_nothing_break_no_proof() -> None:
    for seed in range(200):
        net = random_net(seed)
        columns = Columns(net.tail, net.head, net.capacity + MOST, net.cost.clip(0) % 2, net.supply)
        found, expected = scaling.find_flow(columns), Simplex(columns).solve()
        assert (found is None) == (expected.flow is None), seed
        if found is not None and expected.flow is not None:
            total = int(columns.cost @ expected.flow)
            assert not find_flow_violations(
                *vars(columns).values(), flow=found[0], potential=found[1], total=total
            ), seed


def test_a_wide_network_has_the_same_cost_by_both(wide: Net) -> None:
    columns = Columns(*wide)
    assert scaling.suits(columns)
    network = Network(*wide)
    found, expected = network.solve(), Simplex(columns).solve()
    assert expected.flow is not None
    assert found.cost == int(wide.cost @ expected.flow)
    dearer = {0: int(wide.cost[0]) + 1}
    first, second = network.resolve(cost=dearer), network.resolve(cost={0: int(wide.cost[0])})
    assert (first.warm, second.warm) == (False, True)
    assert second.cost == found.cost


def test_what_if_after_cost_scaling_asks_the_simplex_where_prices_move(wide: Net) -> None:
    network = Network(*wide)
    cost = network.solve().cost
    source, sink = int(wide.supply.argmax()), int(wide.supply.argmin())
    fewer = {source: int(wide.supply[source]) - 1, sink: int(wide.supply[sink]) + 1}
    closed = {int(a): 0 for a in np.flatnonzero(wide.head == sink)[:1]}
    cases = network.what_if(supply=[{}, fewer], capacity=[closed, {}])
    alone = Network(wide.tail, wide.head, _with(wide.capacity, closed), wide.cost, wide.supply).solve().cost
    less = Network(wide.tail, wide.head, wide.capacity, wide.cost, _with(wide.supply, fewer)).solve().cost
    assert cases.cost == (alone, less)
    assert cost is not None


def test_a_wide_network_without_a_flow_gives_a_cut(wide: Net) -> None:
    sink = int(wide.supply.argmin())
    shut = np.where(wide.head == sink, 0, wide.capacity)
    found = Network(wide.tail, wide.head, shut, wide.cost, wide.supply).solve()
    assert found.cut is not None
    assert sink in found.cut


def test_the_simplex_stays_where_ways_are_long_or_ends_are_many_or_costs_negative(wide: Net) -> None:
    for net in (map_net(4 * NODES), timetable_net(NODES // 10, 40), two_sided_net(NODES, 8)):
        assert len(net.supply) >= NODES
        assert not scaling.suits(Columns(*net))
    assert not scaling.suits(Columns(*wide._replace(cost=wide.cost - 5)))
    assert not scaling.suits(Columns(*wide._replace(cost=wide.cost << 20)))
    assert not scaling.suits(Columns(*wide._replace(capacity=wide.capacity << 40, supply=wide.supply << 40)))
    assert not scaling.suits(Columns(*transport_net(WIDE // 2)))


def test_a_failure_of_the_engine_is_not_taken_for_infeasible(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("UNBOUNDED")

    monkeypatch.setattr("pylmcf.pylmcf_cpp.lmcf_cost_scaling", fails)
    with pytest.raises(RuntimeError, match="UNBOUNDED"):
        scaling.find_flow(_columns(tail=[0], head=[1], capacity=[1], cost=[1], supply=[1, -1]))


def _columns(**columns: list[int]) -> Columns:
    return Columns(**{name: np.array(values, dtype=np.int64) for name, values in columns.items()})


def _with(column: Ints, change: dict[int, int]) -> Ints:
    changed = column.copy()
    for place, value in change.items():
        changed[place] = value
    return changed
