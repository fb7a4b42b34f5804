"""Minutes, fares and costs, computed by hand."""

from datetime import date
from types import SimpleNamespace
from typing import Any

from nichiiki_models.tables import Period
from nichiiki_oracle.market import Market, days_of_week
from nichiiki_oracle.stays import monthly_yen
from nichiiki_oracle.tiny import tiny
from nichiiki_oracle.ways import (
    Way,
    best_way,
    by_fare,
    by_minutes,
    commute_minutes,
    metres,
    trip,
    trip_cost_yen,
)

BUS = {"link_id": "bus", "from_id": "home", "to_id": "host", "mode": "bus", "minutes": 180, "fare_yen": 1000}
STOP = {"place_id": "stop", "region_id": "host", "kind": "station", "lat": 36.005, "lon": 138.0}


def trip_of(**changes: Any) -> Way | None:
    market = Market(tiny(**changes))
    return trip(market, market.households["a"], market.houses["house"], "p1")


def test_one_degree_of_a_meridian() -> None:
    a, b = SimpleNamespace(lat=35.0, lon=139.0), SimpleNamespace(lat=36.0, lon=139.0)
    assert metres(a, b) == 111_195  # 2 pi 6,371,008.8 / 360
    assert metres(a, a) == 0


def test_the_cheapest_way_is_taken_if_it_keeps_the_limit() -> None:
    assert trip_of(links=[BUS]) == Way(180, 1000)
    assert trip_of(links=[BUS], households__0__max_trip_minutes=180) == Way(180, 1000)
    assert trip_of(links=[BUS], households__0__max_trip_minutes=179) == Way(100, 3000)
    assert trip_of(links=[BUS], rules={"limits": {"trip_minutes": 90}}) == Way(100, 3000)


def test_equal_ways_differ_by_what_is_paid_per_vehicle() -> None:
    toll = {**BUS, "link_id": "toll", "fare_yen": 3000, "minutes": 100, "fare_basis": "vehicle"}
    assert trip_of(links=[toll]) == Way(100, 3000, 0)


def test_a_car_link_needs_a_car() -> None:
    road = {**BUS, "mode": "car", "fare_yen": 10, "fare_basis": "vehicle"}
    assert trip_of(links=[road]) == Way(100, 3000)
    assert trip_of(links=[road], households__0__car=True) == Way(180, 10, 10)


def test_a_way_ends_with_a_walk_a_drive_or_a_link_of_the_house() -> None:
    to_stop = {**BUS, "to_id": "stop", "fare_yen": 1, "minutes": 50}
    assert trip_of(places=[STOP], links=[to_stop]) == Way(60, 1)
    assert trip_of(places=[STOP], links=[to_stop], households__0__car=True) == Way(52, 1)
    assert trip_of(places=[{**STOP, "kind": "shop"}], links=[to_stop]) == Way(100, 3000)
    last = {**BUS, "link_id": "last", "from_id": "stop", "to_id": "house", "minutes": 3, "fare_yen": 0}
    assert trip_of(places=[STOP], links=[to_stop, last]) == Way(53, 1)
    back = {**last, "from_id": "house", "to_id": "stop", "both_ways": False}
    assert trip_of(places=[STOP], links=[to_stop, back]) == Way(60, 1)


def test_nobody_walks_longer_than_the_limit() -> None:
    to_stop = {**BUS, "to_id": "stop", "fare_yen": 1, "minutes": 50}
    kept = {"travel": {"walk_max_minutes": 10}}
    assert trip_of(places=[STOP], links=[to_stop], rules=kept) == Way(60, 1)
    assert trip_of(places=[STOP], links=[to_stop], rules={"travel": {"walk_max_minutes": 9}}) == Way(
        100, 3000
    )


def test_houses_are_never_passed_through() -> None:
    cabin = {
        "house_id": "cabin",
        "region_id": "host",
        "lat": 36.0,
        "lon": 138.0,
        "capacity_persons": 1,
        "rent_yen": 0,
    }
    into = {**BUS, "to_id": "cabin", "minutes": 1, "fare_yen": 1}
    out = {**BUS, "link_id": "out", "from_id": "cabin", "minutes": 1, "fare_yen": 1}
    assert trip_of(houses=[cabin], links=[into, out]) == Way(100, 3000)


def test_fares_of_adults_children_and_vehicles() -> None:
    market = Market(tiny(rules={"travel": {"child_fare_percent": 33}}))
    household = market.households["a"]
    assert trip_cost_yen(market, household, Way(0, 3000)) == 3000 + 990
    assert trip_cost_yen(market, household, Way(0, 3050, 1)) == 3049 + 1000 + 1
    empty = Market(
        tiny(households=[{"household_id": "b", "home_region": "home", "budget_yen": 0, "round_trips": 0}])
    )
    assert trip_cost_yen(empty, empty.households["b"], Way(0, 700, 200)) == 700


def test_a_month_of_travel_is_rounded_up() -> None:
    market = Market(
        tiny(households__0__round_trips=0.29, links__0__fare_yen=1010, links__0__fare_basis="vehicle")
    )
    cost = monthly_yen(market, market.households["a"], market.houses["house"], "p1")
    assert cost == 30000 + 586  # 2 x 0.29 x 1,010 = 585.8


def test_fastest_and_cheapest() -> None:
    market = Market(tiny(links=[BUS]))
    household, house = market.households["a"], market.houses["house"]
    assert best_way(market, household, house, "p1", by_minutes) == Way(100, 3000)
    assert best_way(market, household, house, "p1", by_fare) == Way(180, 1000)


def test_commute_on_foot_by_car_or_by_a_link_of_the_house() -> None:
    def minutes(**changes: Any) -> int | None:
        market = Market(tiny(**changes))
        return commute_minutes(
            market, market.households["a"], market.houses["house"], market.facilities["school"]
        )

    bus = {**BUS, "from_id": "house", "to_id": "school", "minutes": 4, "periods": ("p3",)}
    assert minutes() == 10
    assert minutes(households__0__car=True) == 2
    assert minutes(links=[bus]) == 4
    assert minutes(links=[{**bus, "from_id": "school", "to_id": "house", "both_ways": False}]) == 10
    assert minutes(rules={"travel": {"walk_max_minutes": 9}}) is None


def test_runs_and_neighbours_are_of_one_slot() -> None:
    rows = [
        {
            "period_id": f"{slot}{month}",
            "starts_on": date(2028, month, 1),
            "ends_on": date(2028, month, 28),
            "slot": slot,
        }
        for month in (1, 2, 3)
        for slot in ("weekend", "weekday")
    ]
    market = Market(tiny(periods=rows))
    assert market.calendar[3:] == ("weekday1", "weekend1", "weekday2", "weekend2", "weekday3", "weekend3")
    assert market.next_neighbour("weekday1") == "weekday2"
    assert market.runs(["weekend1", "weekday1", "weekday2", "weekend3"]) == [
        ("weekday1", "weekday2"),
        ("weekend1",),
        ("weekend3",),
    ]


def test_days_of_care() -> None:
    april = Period(period_id="p", starts_on=date(2027, 4, 1), ends_on=date(2027, 4, 30))
    assert days_of_week(april) == 22
    assert days_of_week(april.model_copy(update={"slot": "weekend"})) == 8
