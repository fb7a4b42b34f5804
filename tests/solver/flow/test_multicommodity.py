"""Routing over shared seats: least cost, rents, marginal costs on both sides, whole units."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki.flow import SharedFlow, min_cost_flow, multicommodity_flow
from nichiiki_models.allocation import Status
from nichiiki_networks import Shared, random_shared, random_ties, shared_cost

FULL = os.environ.get("NICHIIKI_FULL") == "1"
pytestmark = pytest.mark.timeout(1800 if FULL else 300)
SEEDS = 3000 if FULL else 50
STEP = 1 / 64


def solved(net: Shared, *, integral: bool = False) -> SharedFlow:
    *columns, nodes, penalty = net
    return multicommodity_flow(*columns, nodes=nodes, penalty=penalty, integral=integral)


def test_random_routings_cost_what_a_program_over_arcs_says() -> None:
    infeasible = 0
    for seed in range(SEEDS):
        net = random_shared(seed)
        found, expected = solved(net), shared_cost(net)
        assert found.cost == (None if expected is None else pytest.approx(expected, abs=1e-6)), seed
        assert found.status is (Status.INFEASIBLE if expected is None else Status.OPTIMAL)
        infeasible += expected is None
    assert SEEDS / 20 < infeasible < SEEDS / 2


def test_whole_units_cost_what_an_integer_program_says() -> None:
    for seed in range(SEEDS):
        net = random_shared(seed)
        found, expected = solved(net, integral=True), shared_cost(net, whole=True)
        assert found.cost == (None if expected is None else pytest.approx(expected, abs=1e-6)), seed
        if expected is not None:
            assert found.bound == found.cost and found.gap == 0
            assert found.amount is not None and found.amount.dtype == np.int64


@given(seed=st.integers(0, 10**6))
def test_demand_at_marginal_cost_is_cost_and_seats_at_their_rents(seed: int) -> None:
    net = random_shared(seed)
    found = solved(net)
    if found.cost is None or found.marginal_cost is None or found.seat_rent is None:
        return
    asked = net.demand > 0
    paid = float(found.marginal_cost[asked] @ net.demand[asked])
    assert paid == pytest.approx(found.cost + float(found.seat_rent @ net.capacity), abs=1e-6)
    assert (found.seat_rent >= 0).all()
    assert found.load is not None and found.flow is not None and found.unserved is not None
    assert (found.load <= net.capacity + 1e-6).all()
    assert not (found.seat_rent[found.load < net.capacity - 1e-6] > 1e-6).any()
    ways = np.zeros((len(net.tail), net.nodes))
    np.add.at(ways, (np.arange(len(net.tail)), net.tail), 1)
    np.add.at(ways, (np.arange(len(net.tail)), net.head), -1)
    out = (found.flow @ ways)[np.arange(len(net.demand)), net.origin]
    carried = np.where(net.origin == net.destination, 0, net.demand - found.unserved)
    assert out == pytest.approx(carried, abs=1e-6)


@given(seed=st.integers(0, 10**6))
def test_marginal_costs_are_differences_to_both_sides(seed: int) -> None:
    net = random_shared(seed)
    found = solved(net)
    left, middle, right = found.marginal_left, found.marginal_cost, found.marginal_right
    if found.cost is None or left is None or middle is None or right is None:
        return
    for pair in range(len(net.demand)):
        if net.demand[pair] == 0:
            assert np.isnan(left[pair]) and np.isnan(right[pair])
            continue
        step = STEP * (np.arange(len(net.demand)) == pair)
        below, above = shared_cost(net, net.demand - step), shared_cost(net, net.demand + step)
        assert below is not None
        assert left[pair] == pytest.approx((found.cost - below) / STEP, abs=1e-5)
        assert right[pair] == (
            np.inf if above is None else pytest.approx((above - found.cost) / STEP, abs=1e-5)
        )
        assert left[pair] - 1e-6 <= middle[pair] <= right[pair] + 1e-6


def test_a_kink_has_two_marginal_costs() -> None:
    found = multicommodity_flow([0, 0], [1, 1], [5, 9], [10, 16], [0], [1], [5])
    assert found.marginal_left is not None and found.marginal_right is not None
    assert (found.marginal_left.tolist(), found.marginal_right.tolist()) == ([10.0], [16.0])


def test_one_trip_more_than_there_are_seats_costs_without_end() -> None:
    found = multicommodity_flow([0], [1], [5], [10], [0], [1], [5])
    assert found.marginal_right is not None
    assert found.marginal_right.tolist() == [np.inf]
    priced = multicommodity_flow([0], [1], [5], [10], [0], [1], [5], penalty=70)
    assert priced.marginal_right is not None
    assert priced.marginal_right.tolist() == [70.0]


def test_what_is_not_worth_it_is_left() -> None:
    found = multicommodity_flow([0], [1], [5], [10], [0, 0], [1, 1], [4, 3], penalty=30)
    assert found.unserved is not None and found.seat_rent is not None and found.marginal_cost is not None
    assert (found.cost, float(found.unserved.sum())) == (110.0, 2.0)
    assert (found.seat_rent.tolist(), found.marginal_cost.tolist()) == ([20.0], [30.0, 30.0])


def test_demand_that_does_not_fit_is_infeasible_with_lengths_that_show_it() -> None:
    found = multicommodity_flow([0], [1], [5], [10], [0], [1], [6])
    assert found.status is Status.INFEASIBLE
    assert found.metric is not None
    assert found.metric.tolist() == [1.0]
    assert (found.cost, found.flow, found.load, found.gap, found.marginal_left) == (None,) * 5


def test_a_high_cost_does_not_pass_for_infeasible() -> None:
    """Rents add up along a chain of full arcs, to more than any first guess of a penalty."""
    tail, head, capacity, cost = [0, 0, 1], [1, 2, 2], [1, 1, 1], [0, 0, 10**6]
    found = multicommodity_flow(tail, head, capacity, cost, [0, 1], [2, 2], [1, 1])
    assert found.cost == 10**6


def test_trips_that_stay_where_they_are_cost_nothing() -> None:
    found = multicommodity_flow([0], [1], [1], [5], [1], [1], [7])
    assert (found.cost, found.unserved is not None and found.unserved.tolist()) == (0.0, [0.0])


def test_no_demand_costs_nothing() -> None:
    found = multicommodity_flow([0], [1], [1], [5], [], [], [])
    assert (found.status, found.cost) == (Status.OPTIMAL, 0.0)


def test_one_origin_and_destination_is_a_min_cost_flow() -> None:
    rng = np.random.default_rng(5)
    tail, head = rng.integers(0, 30, 200), rng.integers(0, 30, 200)
    capacity, cost = rng.integers(1, 20, 200), rng.integers(0, 50, 200)
    supply = np.zeros(30, dtype=np.int64)
    supply[[0, 29]] = 40, -40
    single = min_cost_flow(tail, head, capacity, cost, supply)
    shared = multicommodity_flow(tail, head, capacity, cost, [0], [29], [40])
    assert shared.cost == pytest.approx(single.cost)


def test_half_seats_are_used_unless_units_are_whole() -> None:
    """Three pairs on a triangle whose seats they can only share in halves."""
    net = Shared(
        tail=np.array([0, 1, 2, 1, 2, 0]),
        head=np.array([1, 2, 0, 0, 1, 2]),
        capacity=np.ones(6, dtype=np.int64),
        cost=np.array([1, 1, 1, 4, 4, 4]),
        origin=np.array([0, 1, 2]),
        destination=np.array([2, 0, 1]),
        demand=np.ones(3, dtype=np.int64),
        nodes=3,
        penalty=None,
    )
    parts, whole = solved(net), solved(net, integral=True)
    assert parts.cost == pytest.approx(shared_cost(net))
    assert whole.cost == shared_cost(net, whole=True)
    assert whole.status is Status.OPTIMAL
    assert parts.cost is not None and whole.cost is not None and parts.cost < whole.cost


def test_whole_units_out_of_time_come_with_a_gap() -> None:
    net = random_shared(3)
    *columns, nodes, _ = net
    found = multicommodity_flow(*columns, nodes=nodes, penalty=50, integral=True, time_limit_s=1e-6)
    assert found.bound is not None
    assert found.cost is None or found.cost >= found.bound


def test_trips_that_come_back_on_seats_that_arcs_share() -> None:
    """Least cost, rents and the identity where arcs share seats and a trip is carried out and back or not at all."""
    infeasible = 0
    for seed in range(SEEDS):
        net, seat, back = random_ties(seed)
        *columns, nodes, penalty = net
        found = multicommodity_flow(*columns, nodes=nodes, penalty=penalty, seat=seat, back=back)
        expected = shared_cost(net, seat=seat, back=back)
        assert found.cost == (None if expected is None else pytest.approx(expected, abs=1e-6)), seed
        infeasible += expected is None
        if found.cost is None or found.marginal_cost is None or found.seat_rent is None:
            continue
        asked = net.demand > 0
        paid = float(found.marginal_cost[asked] @ net.demand[asked])
        assert paid == pytest.approx(found.cost + float(found.seat_rent @ net.capacity), abs=1e-6)
        assert found.load is not None
        assert (np.bincount(seat, found.load, len(net.capacity)) <= net.capacity + 1e-6).all()
    assert SEEDS / 20 < infeasible < SEEDS


@given(seed=st.integers(0, 10**6))
def test_marginal_costs_of_trips_that_come_back(seed: int) -> None:
    net, seat, back = random_ties(seed)
    *columns, nodes, penalty = net
    found = multicommodity_flow(*columns, nodes=nodes, penalty=penalty, seat=seat, back=back)
    left, right = found.marginal_left, found.marginal_right
    if found.cost is None or left is None or right is None:
        return
    for pair in np.flatnonzero(net.demand > 0).tolist():
        step = STEP * (np.arange(len(net.demand)) == pair)
        below, above = (shared_cost(net, net.demand + sign * step, seat=seat, back=back) for sign in (-1, 1))
        assert below is not None
        assert left[pair] == pytest.approx((found.cost - below) / STEP, abs=1e-5)
        more = np.inf if above is None else pytest.approx((above - found.cost) / STEP, abs=1e-5)
        assert right[pair] == more


def test_a_trip_that_cannot_come_back_is_not_made() -> None:
    """Five seats there, three back: three round trips, and two seats there stay empty."""
    there_and_back = {"back": ([1], [0]), "penalty": 50}
    found = multicommodity_flow([0, 1], [1, 0], [5, 3], [10, 10], [0], [1], [5], **there_and_back)  # type: ignore[arg-type]
    assert found.load is not None and found.load.tolist() == [3.0, 3.0]
    assert (found.cost, found.marginal_cost is not None and found.marginal_cost.tolist()) == (160.0, [50.0])
    assert found.seat_rent is not None and found.seat_rent.tolist() == [0.0, 30.0]


def test_whole_round_trips_come_with_a_bound() -> None:
    for seed in range(60):
        net, seat, back = random_ties(seed)
        *columns, nodes, penalty = net
        found = multicommodity_flow(
            *columns, nodes=nodes, penalty=penalty, integral=True, seat=seat, back=back
        )
        expected = shared_cost(net, whole=True, seat=seat, back=back)
        if found.cost is not None:
            assert expected is not None and found.bound is not None
            assert found.bound - 1e-6 <= expected <= found.cost + 1e-6
