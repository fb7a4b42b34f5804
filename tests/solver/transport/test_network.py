"""What becomes a leg, and what does not."""

import os
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nichiiki as nk
from nichiiki.transport import service_network
from nichiiki_models.instance import Instance
from nichiiki_oracle.tiny import tiny
from nichiiki_services import random_services

FULL = os.environ.get("NICHIIKI_FULL") == "1"

AIR = {"link_id": "air", "from_id": "home", "to_id": "host", "mode": "air", "minutes": 60, "fare_yen": 9000}


def legs(instance: Instance) -> list[tuple[str, str, str, str]]:
    return [name for name in service_network(instance, houses=[]).leg_names() if name[0]]


def test_a_link_runs_in_its_periods_and_directions() -> None:
    season = {**AIR, "periods": ["p2"], "both_ways": False}
    assert sorted(legs(tiny(links=[season]))) == sorted(
        [
            ("air", "home", "host", "p2"),
            *(
                ("train", *ends, period)
                for ends in (("home", "host"), ("host", "home"))
                for period in ("p1", "p2", "p3")
            ),
        ]
    )


def test_a_leg_knows_what_its_link_says() -> None:
    plane = {**AIR, "operator_id": "ana", "seats": 120, "seat_cost_yen": 4000, "vehicles": 2}
    network = service_network(
        tiny(links=[plane], operators=[{"operator_id": "ana"}, {"operator_id": "bus"}]), houses=[]
    )
    of_plane = network.link == 0
    assert of_plane.sum() == 6 and len(network) == 12
    assert set(network.seats[of_plane].tolist()) == {120} and set(network.seats[~of_plane].tolist()) == {-1}
    assert set(network.seat_cost_yen[of_plane].tolist()) == {4000}
    assert set(network.operator[of_plane].tolist()) == {0} and set(network.operator[~of_plane].tolist()) == {
        -1
    }
    assert set(network.vehicles[of_plane].tolist()) == {2} and set(network.vehicle_yen.tolist()) == {0}


def test_a_fare_per_vehicle_is_one() -> None:
    network = service_network(tiny(links=[{**AIR, "mode": "taxi", "fare_basis": "vehicle"}]), houses=[])
    taxi = network.link == 0
    assert set(network.vehicle_yen[taxi].tolist()) == {9000} and not network.needs_car.any()
    assert service_network(tiny(links=[{**AIR, "mode": "car"}]), houses=[]).needs_car.sum() == 6


def test_houses_are_reached_on_foot_by_car_and_by_their_links_and_never_passed_through() -> None:
    bus = {**AIR, "link_id": "bus", "from_id": "host", "to_id": "house", "both_ways": False}
    network = service_network(tiny(links=[bus]))
    names = [
        (*ends, bool(car)) for (*ends, _), car in zip(network.leg_names(), network.needs_car, strict=True)
    ]
    assert Counter(tuple(name) for name in names if "house" in name) == {
        ("", "host", "house", False): 3,
        ("", "house", "host", False): 3,
        ("", "host", "house", True): 3,
        ("", "house", "host", True): 3,
        ("bus", "host", "house", False): 3,
    }
    arriving = network.points.find(nk.load("flagship").houses["house_id"][:0])
    assert len(arriving) == 0
    assert not set(network.start.tolist()) & set(network.points.arriving(network.points.houses).tolist())


@settings(max_examples=40 if FULL else 15)
@given(seed=st.integers(0, 10**6))
def test_legs_are_sorted_by_period_and_nodes_tell_periods_apart(seed: int) -> None:
    network = service_network(random_services(seed))
    for period in range(len(network.periods)):
        legs = network.legs_of(period)
        assert (network.period[legs] == period).all()
    assert sum(len(network.legs_of(period)) for period in range(len(network.periods))) == len(network)
    for node in (network.tail, network.head):
        assert (node // len(network.points) == network.period).all()
        assert (node < network.nodes).all()


def test_an_unknown_house_is_refused() -> None:
    with pytest.raises(nk.UsageError, match="houses: 'castle' is not in the houses table"):
        service_network(tiny(), houses=["castle"])
