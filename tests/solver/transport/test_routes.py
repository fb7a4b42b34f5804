"""Round trips: the ways of the rules, of networkx, and of the households' own costs."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nichiiki as nk
from nichiiki.transport import (
    ServiceNetwork,
    Trips,
    round_trips,
    routes,
    service_network,
    trips_of_allocation,
)
from nichiiki_models.instance import Instance
from nichiiki_oracle.market import Market
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.tiny import tiny
from nichiiki_oracle.ways import trip, trip_limit
from nichiiki_sample import sample
from nichiiki_services import graph_of, lightest, random_services
from nichiiki_solver.house_limits import NO_LIMIT
from nichiiki_solver.transport.ways import Ways
from nichiiki_solver.travel import CHEAPEST, FASTEST, fare_shares, monthly_travel_yen

FULL = os.environ.get("NICHIIKI_FULL") == "1"

BUS = {"link_id": "bus", "from_id": "home", "to_id": "host", "mode": "bus", "minutes": 180, "fare_yen": 1000}
OPERATORS = [{"operator_id": "jr"}, {"operator_id": "metro"}]


def one(instance: Instance, *, back: str = "p1", **wish: object) -> Trips:
    network = service_network(instance, houses=[])
    return round_trips(network, ["home"], ["host"], out_period=["p1"], back_period=[back], **wish)  # type: ignore[arg-type]


def every_pair(network: ServiceNetwork, seed: int) -> Trips:
    """From every point to every other, out and back in periods and with cars and limits by chance."""
    rng = np.random.default_rng(seed)
    arrive = np.flatnonzero(
        np.arange(len(network.points)) < network.points.changes + len(network.points.houses)
    )
    origin, destination = (side.ravel() for side in np.meshgrid(arrive, arrive, indexing="ij"))
    size = len(origin)
    out = rng.integers(0, len(network.periods), size)
    back = np.minimum(len(network.periods) - 1, out + rng.integers(0, 2, size))
    limit = np.where(rng.random(size) < 0.5, NO_LIMIT, rng.integers(0, 200, size))
    return Trips(origin, destination, out, back, rng.random(size) < 0.5, limit)


def assert_leads(network: ServiceNetwork, ways: Ways, row: int, start: int, end: int, period: int) -> None:
    legs = ways.legs[ways.offsets[row] : ways.offsets[row + 1]]
    stops = [start, *network.end[legs].tolist()]
    assert network.start[legs].tolist() == stops[:-1] and stops[-1] == end
    assert (network.period[legs] == period).all()


@pytest.mark.parametrize("seed", sample(range(25), 4))
def test_ways_out_are_those_of_the_rules(seed: int) -> None:
    """Section 5 of the rules as the test oracle reads it: every household, house and period of random instances."""
    instance = random_instance(seed)
    market, network = Market(instance), service_network(instance)
    asked = [
        (household, house, period)
        for household in market.households.values()
        for house in market.houses.values()
        for period in network.periods.tolist()
    ]
    limits = [trip_limit(market, household) for household, _, _ in asked]
    found = routes(
        network,
        round_trips(
            network,
            [household.home_region for household, _, _ in asked],
            [house.house_id for _, house, _ in asked],
            out_period=[period for *_, period in asked],
            car=[household.car for household, _, _ in asked],
            limit_minutes=[int(NO_LIMIT) if limit is None else limit for limit in limits],
        ),
    )
    sums = [found.out.sums(c).tolist() for c in (network.minutes, network.fare_yen, network.vehicle_yen)]
    for row, (household, house, period) in enumerate(asked):
        way = trip(market, household, house, period)
        if way is None or not found.found[row]:
            assert not found.found[row]
            continue
        assert (way.minutes, way.fare_yen, way.vehicle_yen) == tuple(column[row] for column in sums)


@settings(max_examples=40 if FULL else 15)
@given(seed=st.integers(0, 10**6))
def test_ways_are_as_cheap_and_fast_as_those_of_networkx(seed: int) -> None:
    network = service_network(random_services(seed))
    trips = every_pair(network, seed)
    found = routes(network, trips)
    columns = network.minutes, network.fare_yen, network.vehicle_yen
    for row in range(len(trips)):
        car, limit = bool(trips.car[row]), int(trips.limit_minutes[row])
        start, end = int(network.points.leaving(trips.origin)[row]), int(trips.destination[row])
        home, away = int(trips.origin[row]), int(network.points.leaving(trips.destination)[row])
        if home == end:
            start, away = end, home  # who goes nowhere leaves no house
        ends = [(start, end, int(trips.out_period[row])), (away, home, int(trips.back_period[row]))]
        best = [_label(network, *each, car, limit) for each in ends]
        assert found.found[row] == (None not in best)
        if not found.found[row]:
            assert found.offsets[row] == found.offsets[row + 1]
            continue
        for ways, label, (begin, stop, period) in zip((found.out, found.back), best, ends, strict=True):
            assert_leads(network, ways, row, begin, stop, period)
            assert tuple(int(ways.sums(column)[row]) for column in columns) == label


def _label(
    network: ServiceNetwork, start: int, end: int, period: int, car: bool, limit: int
) -> tuple[int, int, int] | None:
    columns = network.minutes, network.fare_yen, network.vehicle_yen
    if start == end:
        return 0, 0, 0
    for packing in (CHEAPEST, FASTEST):
        weight = lightest(graph_of(network, period, car=car, weight=packing.pack(*columns)), start, end)
        if weight is None:
            return None
        label = packing.unpack(np.array([weight]))
        if label.minutes[0] <= limit:
            break
    return int(label.minutes[0]), int(label.fare_yen[0]), int(label.vehicle_yen[0])


@settings(max_examples=40 if FULL else 15)
@given(seed=st.integers(0, 10**6), minute_yen=st.integers(0, 50))
def test_by_cost_no_way_is_cheaper_under_rents(seed: int, minute_yen: int) -> None:
    network = service_network(random_services(seed))
    trips = every_pair(network, seed)
    rent = np.random.default_rng(seed).integers(0, 900, len(network))
    found = routes(network, trips, by="cost", rent_yen=rent, minute_yen=minute_yen)
    price = network.seat_cost_yen + rent + minute_yen * network.minutes
    for row in range(len(trips)):
        car, out = bool(trips.car[row]), int(trips.out_period[row])
        start, end = int(network.points.leaving(trips.origin)[row]), int(trips.destination[row])
        if trips.origin[row] != trips.destination[row] and found.found[row]:
            least = lightest(graph_of(network, out, car=car, weight=price), start, end)
            assert found.out.sums(price)[row] == least


def test_the_way_out_costs_what_the_allocation_says() -> None:
    instance = nk.load("flagship")
    allocation = nk.allocate(instance, policy="points").allocation
    assert allocation is not None
    network = service_network(instance, houses=allocation.stays["house_id"].tolist())
    trips, household = trips_of_allocation(network, allocation)
    found = routes(network, trips)
    assert found.found.all()
    adults, children = (column[household] for column in fare_shares(instance))
    there_and_back = found.party_fare_yen(adults, children)
    out = found._party(found.out, adults, children)
    assert (there_and_back == 2 * out).all()  # every link of the flagship runs both ways
    monthly = monthly_travel_yen(instance.households["round_trips"][household], out)
    placed = {row.household_id: row for row in allocation.placements.rows()}
    stays = {row.household_id: row for row in allocation.stays.rows()}
    rent = dict(zip(instance.houses["house_id"].tolist(), instance.houses["rent_yen"].tolist(), strict=True))
    for name, row in placed.items():
        mine = instance.households["household_id"][household] == name
        stay = stays[name]
        assert row.cost_yen == stay.units * rent[stay.house_id] + int(monthly[mine].max())


def test_out_and_back_may_differ_and_each_runs_in_its_own_period() -> None:
    only_back = {**BUS, "from_id": "host", "to_id": "home", "both_ways": False, "periods": ["p2"]}
    instance = tiny(links=[only_back])
    network = service_network(instance, houses=[])
    same, later = (routes(network, one(instance, back=back)) for back in ("p1", "p2"))
    assert same.fare_yen.tolist() == [6000] and later.fare_yen.tolist() == [4000]
    assert later.minutes.tolist() == [280] and later.turn.tolist() == [1]
    assert [network.leg_names()[leg] for leg in later.legs.tolist()] == [
        ("train", "home", "host", "p1"),
        ("bus", "host", "home", "p2"),
    ]


def test_no_way_back_is_no_round_trip() -> None:
    there = {"both_ways": False}
    instance = tiny(links__0__both_ways=False)
    network = service_network(instance, houses=[])
    found = routes(network, one(instance))
    assert there and not found.found[0] and found.legs.tolist() == [] and found.fare_yen.tolist() == [0]


def test_a_limit_makes_it_the_fastest_way() -> None:
    instance = tiny(links=[BUS])
    network = service_network(instance, houses=[])
    fares = [
        routes(network, one(instance, limit_minutes=limit)).fare_yen.tolist()
        for limit in (180, 179, NO_LIMIT)
    ]
    assert fares == [[2000], [6000], [2000]]


def test_a_rent_turns_travellers_away_but_is_no_fare() -> None:
    instance = tiny(links=[BUS])
    network = service_network(instance, houses=[])
    rent = np.where(network.link == 0, 1999, 0)  # the train costs 2,000 yen more and takes less time
    assert routes(network, one(instance), rent_yen=rent).fare_yen.tolist() == [2000]
    assert routes(network, one(instance), rent_yen=rent + (network.link == 0)).fare_yen.tolist() == [6000]


def test_the_fare_is_split_among_the_operators() -> None:
    metro = {**BUS, "link_id": "metro", "to_id": "other", "operator_id": "metro", "fare_yen": 300}
    rail = {**BUS, "link_id": "rail", "from_id": "other", "operator_id": "jr", "fare_yen": 500}
    instance = tiny(links=[metro, rail], operators=OPERATORS)
    network = service_network(instance, houses=[])
    found = routes(network, one(instance))
    assert found.operator_fare_yen().tolist() == [[1000, 600, 0]]
    assert found.operators_used().tolist() == [[True, True]]
    walk = routes(network, round_trips(network, ["home"], ["home"], out_period=["p1"]))
    assert walk.operators_used().tolist() == [[False, False]] and walk.found.all()


@settings(max_examples=40 if FULL else 15)
@given(seed=st.integers(0, 10**6))
def test_splits_add_up_to_fares_and_loads_to_amounts(seed: int) -> None:
    network = service_network(random_services(seed))
    found = routes(network, every_pair(network, seed))
    assert (found.operator_fare_yen().sum(axis=1) == found.fare_yen).all()
    amount = np.arange(len(found))
    assert found.load(amount).sum() == int((amount * np.diff(found.offsets)).sum())
    alone = found.party_fare_yen(np.ones(len(found), dtype=np.int64), np.zeros(len(found), dtype=np.int64))
    assert (alone == found.fare_yen).all()
    some = np.arange(0, len(found), 3)
    assert found.take(some).fare_yen.tolist() == found.fare_yen[some].tolist()
    assert found.take(some).turn.tolist() == found.turn[some].tolist()


def test_a_party_pays_a_vehicle_once_and_children_half() -> None:
    taxi = {**BUS, "mode": "taxi", "from_id": "other", "fare_yen": 2000, "fare_basis": "vehicle"}
    rail = {**BUS, "link_id": "rail", "to_id": "other", "fare_yen": 510}
    instance = tiny(links=[taxi, rail])
    network = service_network(instance, houses=[])
    found = routes(network, one(instance))
    two, one_child = np.array([2]), np.array([1])
    assert found.fare_yen.tolist() == [5020]
    assert found.party_fare_yen(two, one_child).tolist() == [2 * (2 * 510 + 250 + 2000)]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"origin": ["mars"]}, "origin: row 1 names 'mars'"),
        ({"destination": ["host", "host"]}, "destination: 2 entries for the 1 of origin"),
        ({"out_period": ["p9"]}, "out_period: row 1 names period 'p9'; periods are p1, p2, p3"),
        (
            {"out_period": ["p2"], "back_period": ["p1"]},
            "back_period: row 1 is back in p1, before it is out in p2",
        ),
        ({"destination": ["house"]}, "name the house when the network is built"),
    ],
)
def test_what_has_no_meaning_is_refused(wish: dict[str, list[str]], message: str) -> None:
    network = service_network(tiny(), houses=[])
    columns = {"origin": ["home"], "destination": ["host"], "out_period": ["p1"], **wish}
    with pytest.raises(nk.UsageError, match=message):
        round_trips(network, columns.pop("origin"), columns.pop("destination"), **columns)


@pytest.mark.parametrize("rent", [np.zeros(3, dtype=np.int64), np.full(6, -1), np.full(6, 0.5)])
def test_rents_that_are_none_are_refused(rent: np.ndarray) -> None:
    instance = tiny()
    with pytest.raises(
        nk.UsageError, match="rent_yen: a whole number of yen, 0 or more, is needed for each of 6 legs"
    ):
        routes(service_network(instance, houses=[]), one(instance), rent_yen=rent)


def test_ways_beyond_the_exact_range_are_refused() -> None:
    far = [
        {
            "link_id": f"l{k}",
            "from_id": f"p{k}",
            "to_id": f"p{k + 1}",
            "mode": "rail",
            "minutes": 2000,
            "fare_yen": 9,
        }
        for k in range(6)
    ]
    stops = [
        {"place_id": f"p{k}", "region_id": "other", "kind": "station", "lat": 36.0, "lon": 138.0}
        for k in range(7)
    ]
    network = service_network(tiny(links=far, places=stops), houses=[])
    trips = round_trips(network, ["p0"], ["p6"], out_period=["p1"])
    with pytest.raises(nk.InputError, match="one-way trip of over 8,191 minutes"):
        routes(network, trips)
    with pytest.raises(nk.UsageError, match="rent_yen: fare and rent of a leg may be 250,000 yen together"):
        routes(network, trips, rent_yen=np.full(len(network), 250_000))
