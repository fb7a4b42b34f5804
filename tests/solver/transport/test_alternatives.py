"""The best round trips are the best of all that networkx lists."""

import os
from itertools import pairwise, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nichiiki as nk
from nichiiki.transport import ServiceNetwork, alternatives, round_trips, service_network
from nichiiki_oracle.tiny import tiny
from nichiiki_services import graph_of, random_services
from nichiiki_solver.travel import CHEAPEST

FULL = os.environ.get("NICHIIKI_FULL") == "1"


def every_way(network: ServiceNetwork, start: int, end: int, period: int, car: bool) -> list[int]:
    """Weights of all ways that pass no point twice, by networkx."""
    weight = CHEAPEST.pack(network.minutes, network.fare_yen, network.vehicle_yen)
    graph = graph_of(network, period, car=car, weight=weight)
    return [
        int(sum(weight[leg] for *_, leg in way))
        for way in nx.all_simple_edge_paths(graph, start, end, cutoff=9)
    ]


@settings(max_examples=40 if FULL else 15)
@given(seed=st.integers(0, 10**6), most=st.integers(1, 4))
def test_they_are_the_best_of_all_and_in_order(seed: int, most: int) -> None:
    instance = random_services(seed)
    network = service_network(instance)
    rng = np.random.default_rng(seed)
    ids = network.points.ids[: network.points.changes + len(network.points.houses)].astype(str)
    start, end = rng.choice(ids, 2, replace=False).tolist()
    car = bool(rng.random() < 0.5)
    trips = round_trips(network, [start], [end], out_period=network.periods[:1].tolist(), car=car)
    found = alternatives(network, trips, most=most)
    leave = network.points.leaving
    out = every_way(network, int(leave(trips.origin)[0]), int(trips.destination[0]), 0, car)
    back = every_way(network, int(leave(trips.destination)[0]), int(trips.origin[0]), 0, car)
    best = sorted(there + again for there, again in product(out, back))
    weight = CHEAPEST.pack(network.minutes, network.fare_yen, network.vehicle_yen)
    weights = found.routes.sums(weight).tolist()
    if not best or not found.routes.limited[0]:
        assert weights == best[: min(1, len(best))]
        return
    assert weights == best[:most]
    ends = found.routes.offsets.tolist()
    different = {found.routes.legs[a:b].tobytes() for a, b in pairwise(ends)}
    assert len(different) == len(weights)
    assert found.trip.tolist() == [0] * len(weights)


def test_where_no_seat_can_be_short_the_best_is_enough() -> None:
    bus = {
        "link_id": "bus",
        "from_id": "home",
        "to_id": "host",
        "mode": "bus",
        "minutes": 180,
        "fare_yen": 1000,
    }
    plenty = service_network(tiny(links=[bus]), houses=[])
    short = service_network(tiny(links=[{**bus, "seats": 5}]), houses=[])
    trips = [round_trips(network, ["home"], ["host"], out_period=["p1"]) for network in (plenty, short)]
    assert alternatives(plenty, trips[0], most=4).routes.fare_yen.tolist() == [2000]
    assert alternatives(short, trips[1], most=4).routes.fare_yen.tolist() == [2000, 4000, 4000, 6000]
    assert alternatives(short, trips[1], most=2).routes.turn.tolist() == [1, 1]


def test_a_trip_without_a_way_has_none_and_fewer_than_one_is_refused() -> None:
    network = service_network(tiny(), houses=[])
    trips = round_trips(network, ["home", "home"], ["other", "host"], out_period=["p1", "p1"])
    assert alternatives(network, trips, most=3).trip.tolist() == [1]
    with pytest.raises(nk.UsageError, match="most: a number of round trips"):
        alternatives(network, trips, most=0)
