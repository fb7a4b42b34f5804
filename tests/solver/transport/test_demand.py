"""Routing of demand under seats: costs, rents, marginal costs, and the identity between them."""

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import nichiiki as nk
from nichiiki.transport import RoutedDemand, ServiceNetwork, Trips, round_trips, route_demand, service_network
from nichiiki_models.allocation import Status
from nichiiki_oracle.tiny import tiny
from nichiiki_services import random_services

FULL = os.environ.get("NICHIIKI_FULL") == "1"

BUS = {
    "link_id": "bus",
    "from_id": "home",
    "to_id": "host",
    "mode": "bus",
    "minutes": 180,
    "fare_yen": 1000,
    "seats": 5,
    "seat_cost_yen": 400,
}


def asked(seed: int) -> tuple[ServiceNetwork, Trips, Any]:
    """Some trips of some persons on random services; half of them with a car, some back in a later period."""
    network = service_network(random_services(seed))
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 5))
    points = network.points.changes + len(network.points.houses)
    out = rng.integers(0, len(network.periods), size)
    back = np.minimum(len(network.periods) - 1, out + rng.integers(0, 2, size))
    ends = rng.integers(0, points, (2, size))
    trips = Trips(ends[0], ends[1], out, back, rng.random(size) < 0.5, np.zeros(size, dtype=np.int64))
    return network, trips, rng.integers(0, 20, size)


def cost_by_program(
    network: ServiceNetwork, trips: Trips, persons: Any, *, minute_yen: int, unserved_yen: int | None
) -> float | None:
    """Least cost by a linear program over legs, a flow for each trip and direction; None without one."""
    legs, size = len(network), len(trips)
    balance = np.zeros((network.nodes, legs))
    np.add.at(balance, (network.tail, np.arange(legs)), 1)
    np.add.at(balance, (network.head, np.arange(legs)), -1)
    blocks = np.zeros((2 * size, network.nodes, 2 * size * legs + size))
    right = np.zeros((2 * size, network.nodes))
    leave, points = network.points.leaving, len(network.points)
    for trip in range(size):
        home, away = trips.origin[trip : trip + 1], trips.destination[trip : trip + 1]
        ways = [
            (leave(home)[0], away[0], trips.out_period[trip]),
            (leave(away)[0], home[0], trips.back_period[trip]),
        ]
        for k, (start, end, period) in enumerate(ways):
            row = 2 * trip + k
            blocks[row, :, row * legs : (row + 1) * legs] = balance
            same = home[0] == away[0]
            for point, sign in ((start, 1), (end, -1)):
                node = period * points + point
                blocks[row, node, 2 * size * legs + trip] += 0 if same else sign
                right[row, node] += 0 if same else sign * persons[trip]
    cost = np.concatenate(
        (
            np.tile(network.seat_cost_yen + minute_yen * network.minutes, 2 * size),
            np.full(size, unserved_yen or 0),
        )
    )
    usable = np.repeat(trips.car, 2)[:, None] | ~network.needs_car[None, :]
    most = np.concatenate(
        (np.where(usable, np.inf, 0).ravel(), persons if unserved_yen is not None else 0 * persons)
    )
    limited = np.flatnonzero(network.seats >= 0)
    load = np.hstack([np.eye(legs)[limited]] * (2 * size) + [np.zeros((len(limited), size))])
    bounds: Any = np.column_stack((np.zeros(len(cost)), most))
    result: Any = linprog(
        cost.astype(float),
        A_ub=load,
        b_ub=network.seats[limited].astype(float),
        A_eq=blocks.reshape(-1, len(cost)),
        b_eq=right.ravel(),
        bounds=bounds,
    )
    return float(result.fun) if result.status == 0 else None


@settings(max_examples=40 if FULL else 15)
@given(
    seed=st.integers(0, 10**6),
    minute_yen=st.sampled_from([0, 30]),
    unserved=st.sampled_from([None, 900, 9000]),
)
def test_it_costs_what_a_program_over_legs_says(seed: int, minute_yen: int, unserved: int | None) -> None:
    network, trips, persons = asked(seed)
    routed = route_demand(network, trips, persons, minute_yen=minute_yen, unserved_yen=unserved)
    expected = cost_by_program(network, trips, persons, minute_yen=minute_yen, unserved_yen=unserved)
    assert routed.cost_yen == (None if expected is None else pytest.approx(expected, abs=1e-5))
    assert (routed.status is Status.INFEASIBLE) == (expected is None)


@settings(max_examples=40 if FULL else 15)
@given(seed=st.integers(0, 10**6))
def test_what_all_pay_at_marginal_cost_is_the_cost_and_the_rents_of_the_seats(seed: int) -> None:
    network, trips, persons = asked(seed)
    routed = route_demand(network, trips, persons, minute_yen=20, unserved_yen=5000)
    assert (
        routed.marginal_cost_yen is not None and routed.seat_rent_yen is not None and routed.load is not None
    )
    limited = network.seats >= 0
    asked_for = persons > 0
    paid = float(routed.marginal_cost_yen[asked_for] @ persons[asked_for])
    rents = float(routed.seat_rent_yen[limited] @ network.seats[limited])
    assert routed.cost_yen is not None and paid == pytest.approx(routed.cost_yen + rents, abs=1e-4)
    assert (routed.load[limited] <= network.seats[limited] + 1e-6).all()
    assert not routed.seat_rent_yen[~limited].any()


@settings(max_examples=40 if FULL else 15)
@given(seed=st.integers(0, 10**6))
def test_persons_arrive_on_legs_that_they_may_use(seed: int) -> None:
    network, trips, persons = asked(seed)
    routed = route_demand(network, trips, persons, unserved_yen=5000)
    assert routed.routes is not None and routed.route_pair is not None and routed.amount is not None
    for row in range(len(routed.routes)):
        (first, *_) = np.flatnonzero(routed.pair == routed.route_pair[row])
        legs = routed.routes.legs[routed.routes.offsets[row] : routed.routes.offsets[row + 1]]
        assert trips.car[first] or not network.needs_car[legs].any()
        turn = routed.routes.turn[row]
        assert (network.period[legs[:turn]] == trips.out_period[first]).all()
        assert (network.period[legs[turn:]] == trips.back_period[first]).all()
    carried = np.bincount(routed.route_pair, routed.amount, int(routed.pair.max()) + 1)
    assert routed.unserved is not None
    left = np.bincount(routed.pair, routed.unserved, len(carried))
    wanted = np.bincount(routed.pair, persons, len(carried))
    assert carried + left == pytest.approx(wanted, abs=1e-6)


def trip(persons: int, **changes: Any) -> RoutedDemand:
    """Persons from home to host by a train for 1,000 yen a seat or a bus with 5 seats for 400."""
    instance = tiny(links=[{**BUS, **changes}], links__0__seat_cost_yen=1000)
    network = service_network(instance, houses=[])
    return route_demand(network, round_trips(network, ["home"], ["host"], out_period=["p1"]), [persons])


def test_beyond_the_cheap_seats_the_dear_ones_set_the_price() -> None:
    few, full, many = (trip(persons) for persons in (4, 5, 8))
    assert [routed.cost_yen for routed in (few, full, many)] == [4 * 800, 5 * 800, 5 * 800 + 3 * 2000]
    assert few.marginal_cost_yen is not None and few.marginal_cost_yen.tolist() == [800]
    assert many.marginal_cost_yen is not None and many.marginal_cost_yen.tolist() == [2000]
    assert full.marginal_left_yen is not None and full.marginal_left_yen.tolist() == [800]
    assert full.marginal_right_yen is not None and full.marginal_right_yen.tolist() == [2000]
    assert many.seat_rent_yen is not None
    assert sorted(many.seat_rent_yen[many.seat_rent_yen > 0].tolist()) == [600, 600]


def test_seats_of_each_direction_and_period_are_their_own() -> None:
    network = service_network(tiny(links=[BUS], links__0__seat_cost_yen=1000), houses=[])
    trips = round_trips(
        network, ["home"] * 2, ["host"] * 2, out_period=["p1", "p2"], back_period=["p2", "p2"]
    )
    routed = route_demand(network, trips, [5, 5])
    assert (
        routed.cost_yen == 5 * 400 + 5 * 400 + 5 * 400 + 5 * 1000
    )  # both come back in p2: five by bus, five by train


def test_trips_alike_are_one_and_share_what_is_left() -> None:
    network = service_network(tiny(links__0__seats=6, links__0__seat_cost_yen=1000), houses=[])
    trips = round_trips(network, ["home"] * 2, ["host"] * 2, out_period=["p1"] * 2)
    routed = route_demand(network, trips, [6, 2], unserved_yen=7000)
    assert routed.pair.tolist() == [0, 0] and routed.unserved is not None
    assert routed.unserved.tolist() == [1.5, 0.5] and routed.cost_yen == 6 * 2000 + 2 * 7000


def test_whom_the_seats_cannot_carry_is_shown() -> None:
    network = service_network(tiny(links__0__seats=6), houses=[])
    trips = round_trips(network, ["home"], ["host"], out_period=["p1"])
    routed = route_demand(network, trips, [7])
    assert routed.status is Status.INFEASIBLE
    assert (routed.cost_yen, routed.routes, routed.amount, routed.load, routed.unserved) == (None,) * 5
    assert (routed.marginal_cost_yen, routed.marginal_left_yen, routed.seat_rent_yen) == (None,) * 3


@pytest.mark.parametrize("persons", [[1, 2], [-1], [0.5]])
def test_persons_that_are_none_are_refused(persons: list[float]) -> None:
    network = service_network(tiny(), houses=[])
    trips = round_trips(network, ["home"], ["host"], out_period=["p1"])
    with pytest.raises(
        nk.UsageError, match="persons: a whole number, 0 or more, is needed for each of 1 trips"
    ):
        route_demand(network, trips, persons)
    with pytest.raises(nk.UsageError, match="minute_yen: 0 or more is needed, got -1"):
        route_demand(network, trips, [1], minute_yen=-1)
