"""The checks of flows and of rents find what is planted."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki.flow import Network, min_cost_flow, multicommodity_flow
from nichiiki_networks import random_net, random_shared
from nichiiki_solver.flow.certificate import Proof, find_cut_violations, find_flow_violations, follow
from nichiiki_solver.flow.rent_certificate import (
    Potentials,
    SharedNetwork,
    find_metric_violations,
    find_rent_violations,
    find_routing_violations,
)

NET: dict[str, Any] = {
    "tail": np.array([0, 0, 1]),
    "head": np.array([1, 2, 2]),
    "capacity": np.array([3, 3, 5]),
    "cost": np.array([1, 3, 5]),
    "supply": np.array([5, 0, -5]),
}
PROOF: dict[str, Any] = {"flow": np.array([2, 3, 2]), "potential": np.array([0, 1, 6]), "total": 21}


def rules(found: list[Any]) -> list[str]:
    return sorted({violation.rule for violation in found})


def test_the_proof_passes() -> None:
    assert find_flow_violations(**NET, **PROOF) == []


@pytest.mark.parametrize(
    ("plant", "rule"),
    [
        ({"flow": np.array([2, 4, 1])}, "flow_capacity"),
        ({"flow": np.array([-1, 3, 2])}, "flow_capacity"),
        ({"flow": np.array([2, 2, 2])}, "flow_conservation"),
        ({"flow": np.array([3, 2, 3])}, "flow_reduced_cost"),
        ({"potential": np.array([0, 2, 6])}, "flow_reduced_cost"),
        ({"potential": np.array([0, 1])}, "flow_shape"),
        ({"potential": np.array([0, 1, 2**62])}, "flow_range"),
        ({"total": 20}, "flow_cost"),
    ],
)
def test_what_is_planted_in_a_flow_is_found(plant: dict[str, Any], rule: str) -> None:
    found = find_flow_violations(**NET, **{**PROOF, **plant})
    assert rule in rules(found)
    assert all(violation.sentence("ja") and violation.message for violation in found)


@given(seed=st.integers(0, 10**6), place=st.integers(0, 100), step=st.sampled_from([-2, -1, 1, 2]))
def test_no_changed_flow_passes(seed: int, place: int, step: int) -> None:
    net = random_net(seed)
    found = min_cost_flow(*net)
    arcs = np.flatnonzero(net.tail != net.head)  # a loop may carry anything at no cost
    if found.flow is None or not len(arcs):
        return
    flow = found.flow.copy()
    flow[arcs[place % len(arcs)]] += step
    assert found.potential is not None and found.cost is not None
    assert find_flow_violations(*net, flow=flow, potential=found.potential, total=found.cost)


@given(seed=st.integers(0, 10**6), step=st.sampled_from([-1, 1]))
def test_no_other_cost_passes(seed: int, step: int) -> None:
    net = random_net(seed)
    found = min_cost_flow(*net)
    if found.flow is None or found.potential is None or found.cost is None:
        return
    total = found.cost + step
    assert rules(find_flow_violations(*net, flow=found.flow, potential=found.potential, total=total)) == [
        "flow_cost"
    ]


def proof_of(net: Any, found: Any) -> Proof:
    columns = dict(zip(NET, net, strict=True))
    return Proof(**columns, flow=found.flow, potential=found.potential, total=found.cost)


def test_a_proof_that_follows_from_another_passes_with_its_cost() -> None:
    """Changes of everything at random, each checked against the one before: the cost is that of a fresh solve."""
    followed = 0
    for seed in range(200):
        rng, net = np.random.default_rng(seed), random_net(seed)
        network = Network(*net)
        last = network.solve()
        for _ in range(6):
            if not len(net.tail):
                break
            arc = int(rng.integers(0, len(net.tail)))
            value = int(rng.integers(0, 7))
            cost = abs(value) * (-1 if network.cost[arc] < 0 else 1)
            change: dict[str, Any] = [{"cost": {arc: cost}}, {"capacity": {arc: value}}][int(rng.integers(2))]
            last = network.resolve(**change)
            again = min_cost_flow(network.tail, network.head, network.capacity, network.cost, network.supply)
            assert (last.status, last.cost) == (again.status, again.cost)
            followed += last.warm and last.cost is not None
    assert followed > 300


@given(
    seed=st.integers(0, 10**6),
    place=st.integers(0, 100),
    step=st.sampled_from([-2, -1, 1, 2]),
    what=st.sampled_from(["flow", "potential"]),
)
def test_nothing_planted_follows_that_a_full_check_would_find(
    seed: int, place: int, step: int, what: str
) -> None:
    net = random_net(seed)
    found = min_cost_flow(*net)
    if found.flow is None or found.potential is None or not len(net.tail):
        return
    before = proof_of(net, found)
    planted = getattr(before, what).copy()
    planted[place % len(planted)] += step
    _, faults = follow(before, Proof(**{**vars(before), what: planted}))
    whole = find_flow_violations(**{**vars(before), what: planted})
    assert {rule for rule in rules(faults)} == {rule for rule in rules(whole) if rule != "flow_cost"}
    true, nothing = follow(before, before)
    assert (true.total, nothing) == (found.cost, [])


def test_what_is_changed_in_the_network_shows_in_what_follows() -> None:
    before = Proof(**NET, **PROOF)
    for change, rule in (
        ({"cost": np.array([1, 9, 5])}, "flow_reduced_cost"),
        ({"capacity": np.array([3, 2, 5])}, "flow_capacity"),
        ({"supply": np.array([6, 0, -6])}, "flow_conservation"),
        ({"potential": np.array([0, 1, 2**62])}, "flow_range"),
        ({"flow": np.array([2, 3])}, "flow_shape"),
    ):
        assert rule in rules(follow(before, Proof(**{**vars(before), **change}))[1])
    cheaper = Proof(**{**vars(before), "cost": np.array([1, 2, 5])})
    assert follow(before, cheaper)[0].total == 18


def test_large_numbers_are_checked_exactly() -> None:
    big = 10**17
    net = {**NET, "capacity": NET["capacity"] * big, "supply": NET["supply"] * big}
    proof = {**PROOF, "flow": PROOF["flow"] * big, "total": PROOF["total"] * big}
    assert find_flow_violations(**net, **proof) == []
    off = proof["flow"] - np.array([0, 0, 1])
    assert "flow_conservation" in rules(find_flow_violations(**net, **{**proof, "flow": off}))
    assert rules(find_flow_violations(**net, **{**proof, "total": proof["total"] + 1})) == ["flow_cost"]


@pytest.mark.parametrize(
    ("cut", "rule"), [([2], []), ([1, 2], []), ([0], ["flow_cut"]), ([], ["flow_cut"]), ([3], ["flow_shape"])]
)
def test_a_cut_is_checked(cut: list[int], rule: list[str]) -> None:
    ends = {name: NET[name] for name in ("tail", "head", "capacity")}
    supply = np.array([9, 0, -9])
    found = find_cut_violations(**ends, supply=supply, cut=np.array(cut, dtype=np.int64))
    assert rules(found) == rule


SHARED = SharedNetwork(
    np.array([0, 0, 2]),
    np.array([1, 2, 1]),
    np.array([1, 9, 9]),
    np.array([10, 8, 8]),
    np.array([0]),
    np.array([1]),
    np.array([2]),
    None,
)


def whole(value: list[list[float]] | np.ndarray) -> Potentials:
    """Potentials on a network of one piece."""
    table = np.array(value)
    return Potentials(table, np.zeros(table.shape[1], dtype=np.int64), np.arange(table.shape[1]))


ROUTING: dict[str, Any] = {
    "path_pair": np.array([0, 0]),
    "path_offsets": np.array([0, 1, 3]),
    "path_arcs": np.array([0, 1, 2]),
    "path_turn": np.array([1, 2]),
    "amount": np.array([1.0, 1.0]),
}
RENTS: dict[str, Any] = {
    "rent": np.array([6.0, 0.0, 0.0]),
    "potential": whole([[0.0, 16.0, 8.0]]),
    "marginal": np.array([16.0]),
    "total": 26.0,
}


def test_the_routing_and_its_rents_pass() -> None:
    assert find_routing_violations(SHARED, **ROUTING) == []
    assert find_rent_violations(SHARED, **RENTS) == []


@pytest.mark.parametrize(
    ("plant", "rule"),
    [
        ({"amount": np.array([2.0, 0.0])}, "flow_capacity"),
        ({"amount": np.array([1.0, 2.0])}, "flow_demand"),
        ({"amount": np.array([1.0, 0.5])}, "flow_demand"),
        ({"amount": np.array([3.0, -1.0])}, "flow_path"),
        ({"path_arcs": np.array([0, 2, 1])}, "flow_path"),
        ({"path_arcs": np.array([1, 1, 2])}, "flow_path"),
        ({"path_turn": np.array([1, 1])}, "flow_path"),
        ({"path_turn": np.array([0, 3])}, "flow_path"),
    ],
)
def test_what_is_planted_in_a_routing_is_found(plant: dict[str, Any], rule: str) -> None:
    found = find_routing_violations(SHARED, **{**ROUTING, **plant})
    assert rule in rules(found)
    assert all(violation.sentence("ja") and violation.message for violation in found)


@pytest.mark.parametrize(
    ("plant", "rule"),
    [
        ({"rent": np.array([6.0, -1.0, 1.0])}, "flow_rent"),
        ({"rent": np.array([5.0, 0.0, 0.0])}, "flow_potential"),
        ({"rent": np.array([7.0, 0.0, 0.0])}, "flow_identity"),
        ({"potential": whole([[0.0, 17.0, 8.0]])}, "flow_potential"),
        ({"potential": whole([[1.0, 17.0, 9.0]])}, "flow_potential"),
        (
            {"potential": Potentials(np.array([[0.0, 16.0]]), np.array([0, 0, 1]), np.array([0, 1, 0]))},
            "flow_potential",
        ),
        ({"marginal": np.array([17.0])}, "flow_marginal"),
        ({"marginal": np.array([15.0])}, "flow_identity"),
        ({"total": 27.0}, "flow_identity"),
        ({"total": float("nan")}, "flow_identity"),
    ],
)
def test_what_is_planted_in_rents_is_found(plant: dict[str, Any], rule: str) -> None:
    found = find_rent_violations(SHARED, **{**RENTS, **plant})
    assert rule in rules(found)
    assert all(violation.sentence("ja") and violation.message for violation in found)


def test_lengths_that_prove_nothing_are_found() -> None:
    tight = SharedNetwork(**{**SHARED.__dict__, "demand": np.array([11])})
    assert (
        find_metric_violations(tight, metric=np.array([1.0, 1.0, 0.0]), potential=whole([[0.0, 1.0, 1.0]]))
        == []
    )
    enough = find_metric_violations(
        SHARED, metric=np.array([1.0, 1.0, 0.0]), potential=whole([[0.0, 1.0, 1.0]])
    )
    assert rules(enough) == ["flow_metric"]
    assert enough[0].sentence("ja")


@given(seed=st.integers(0, 10**6), factor=st.sampled_from([0.5, 0.99, 1.01, 2.0]))
def test_no_scaled_rents_prove_another_cost(seed: int, factor: float) -> None:
    net = random_shared(seed)
    *columns, nodes, penalty = net
    found = multicommodity_flow(*columns, nodes=nodes, penalty=penalty)
    if not found.cost or found.seat_rent is None or found.marginal_cost is None:
        return
    given = SharedNetwork(**{name: value for name, value in net._asdict().items() if name != "nodes"})
    sources = np.unique(net.origin)
    potential = whole(np.zeros((len(sources), nodes)))  # the weakest bounds there are
    assert find_rent_violations(
        given,
        rent=found.seat_rent,
        potential=potential,
        marginal=found.marginal_cost,
        total=found.cost * factor,
    )
