"""The check of a tariff reads households, ways and payments as the search does: random towns are priced and pass it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from nichiiki_models.allocation import Allocation, Status
from nichiiki_models.instance import Instance
from nichiiki_models.rules import DemandRule
from nichiiki_models.tables import Product
from nichiiki_models.tariff import TariffResult
from nichiiki_solver.pricing.price import price
from nichiiki_solver.verify.tariff import verify_tariff
from nichiiki_tariff_small import sold, tree
from nichiiki_tariff_towns import random_town, staying

COUNT = 400 if os.environ.get("NICHIIKI_FULL") else int(os.environ.get("NICHIIKI_DRAWS", "10"))


@pytest.mark.parametrize("seed", range(COUNT))
def test_priced_towns_pass(seed: int) -> None:
    town = random_town(seed)
    found = price(town.instance, town.allocation, **town.asked)
    if found.status is not Status.INFEASIBLE:
        assert verify_tariff(town.instance, found, town.allocation) == []


def lone(product: Product, rule: DemandRule, ages: tuple[int, ...] = (40,), **more: Any) -> TariffResult:
    """The tariff of `alone`."""
    return alone(product, rule, ages, **more)[2]


def alone(
    product: Product,
    rule: DemandRule,
    ages: tuple[int, ...] = (40,),
    periods: int = 1,
    town: str = "d0",
    lat: float = 35,
    links: tuple[dict[str, Any], ...] = (),
    **household: Any,
) -> tuple[Instance, Allocation, TariffResult]:
    """A household alone on a line of 1,000 yen a round trip, in the middle of the town it stays in; the tariff passes."""
    plain = tree([500], demand=[], products=[], periods=periods, rules=rule)
    instance: Instance = plain.replace(
        links=[*plain.links.rows(), *links],
        products=[product.model_dump()],
        regions=[*plain.regions.rows(), {"region_id": "far", "name": "far", "lat": 35, "lon": 139}],
        households=[
            {"household_id": "a", "home_region": "h", "budget_yen": 1, "round_trips": 2.0, **household}
        ],
        persons=[{"person_id": f"a{at}", "household_id": "a", "age": age} for at, age in enumerate(ages)],
        houses=[
            {"house_id": "x", "region_id": town, "lat": lat, "lon": 139, "capacity_persons": 9, "rent_yen": 0}
        ],
    )
    allocation = staying(instance, ("a", "x", town, instance.periods["period_id"].tolist()))
    found = price(instance, allocation, goal="uptake", subsidy_yen=None)
    assert verify_tariff(instance, found, allocation) == []
    return instance, allocation, found


PASS = sold("flat", low=0, high=0)


@pytest.mark.parametrize(
    ("first", "step", "trips"),
    [(8000, 0, 60), (8000, 100, 60), (8000, 1100, 8), (7700, 1100, 7), (100, 0, 60)],
)
def test_a_household_makes_the_trips_that_are_worth_something(first: int, step: int, trips: int) -> None:
    """Sixty at most; with a pass for nothing all that are worth more than nothing."""
    found = lone(PASS, DemandRule(basis="values", trip_value_yen=first, trip_value_step_yen=step))
    assert found.total.trips_existing + found.total.trips_induced + found.total.trips_new == 1000 * trips


def test_no_bonus_is_earned_by_trips_worth_nothing() -> None:
    """The second trip is worth nothing, so that it is not made, whatever comes back for it."""
    bonus = sold("threshold", threshold_trips=2, bonus_yen=5000, low=0, high=0)
    rule = DemandRule(basis="values", trip_value_yen=1500, trip_value_step_yen=1500)
    found = lone(bonus, rule)
    assert found.total.trips_existing == 1000 and found.total.trips_induced == 0


@pytest.mark.parametrize(
    ("made", "percent", "trips"),
    [
        (2.0, 0, 2000),
        (
            2.0,
            40,
            2000 + 1000,
        ),  # the fare is 100 % less, 40 % of 2 are 0.8; the next trip is worth less than nothing
        (2.0, 250, 2000 + 5000),
        (0.5, 100, (1000 + 2000) // 2),  # half a household makes one trip today, and half makes none
        (0.5, 1000, (10_000 + 11_000) // 2),
        (20.0, 1000, 120_000),
    ],
)
def test_a_household_answers_the_price(made: float, percent: int, trips: int) -> None:
    found = lone(PASS, DemandRule(elasticity_percent=percent), round_trips=made)
    assert found.total.trips_existing + found.total.trips_induced + found.total.trips_new == trips


@pytest.mark.parametrize(
    ("ages", "paid"),
    [
        ((), 2000),
        ((40,), 2000),
        ((12,), 2000),
        ((11,), 1000),
        ((6,), 1000),
        ((5,), 0),
        ((40, 12, 11, 6, 5), 6000),
    ],
)
def test_fares_go_by_age(ages: tuple[int, ...], paid: int) -> None:
    """Full fare from 12 years on, half from 6; nobody listed is one adult."""
    dear = sold("flat", low=90_000, high=90_000)
    assert lone(dear, DemandRule(elasticity_percent=0), ages).total.paid_yen == paid


@pytest.mark.parametrize(
    ("until", "buyers"),
    [(None, 2000), ("2026-06-01", 2000), ("2026-05-31", 1000), ("2026-04-01", 1000), ("2026-03-31", 0)],
)
def test_a_registration_is_good_while_it_lasts(until: str | None, buyers: int) -> None:
    """Periods begin on 1 April and 1 June; who is registered on that day may buy."""
    product = sold("flat", low=0, high=0, eligible=("basic",))
    found = lone(product, DemandRule(), periods=2, registration="basic", registration_valid_until=until)
    assert found.total.buyers == buyers


def test_a_family_that_gets_nowhere_is_counted_head_by_head() -> None:
    """No link leads to the town of its house: two adults and a child, and an infant for whom nobody pays."""
    found = lone(PASS, DemandRule(), (40, 40, 8, 3), town="far")
    assert (found.unreachable, found.total.riders) == (3000, 0)


@pytest.mark.parametrize("car", [False, True])
def test_a_way_that_is_not_stated_is_named(car: bool) -> None:
    """By its ends, its period, and the product that it is taken with."""
    instance, allocation, found = alone(PASS, DemandRule(), car=car)
    for keep, where in ((True, "h x p1 x"), (False, "h x p1")):
        ways = tuple(way for way in found.ways if (way.product_id is None) is keep)
        missing = verify_tariff(instance, found.model_copy(update={"ways": ways}), allocation)
        assert where in [each.where for each in missing if each.rule == "tariff_way_missing"]


@pytest.mark.parametrize(
    ("out", "right"),
    [
        ((("t", "m"), ("l0", "d0"), ("", "x")), True),
        ((("", "m"), ("l0", "d0"), ("", "x")), False),
        ((("t", "m"), ("", "d0"), ("", "x")), False),
        ((("t", "m"), ("l0", "d0"), ("", "x"), ("", "x")), False),
        ((("t", "m"), ("l0", "d0"), ("", "nowhere")), False),
        ((("t", "m"), ("l0", "d0")), False),
        ((("t", "m"), ("", "x")), False),
    ],
)
def test_on_foot_one_goes_between_a_house_and_its_town(out: tuple[tuple[str, str], ...], right: bool) -> None:
    """Not from town to town, from house to house, or to another town's house."""
    instance, allocation, found = alone(sold("flat", low=9000, high=9000), DemandRule())
    ways = tuple(way.model_copy(update={"out": out}) if not way.product_id else way for way in found.ways)
    broken = verify_tariff(instance, found.model_copy(update={"ways": ways}), allocation)
    assert ([each for each in broken if each.rule == "tariff_way"] == []) is right


def test_who_cannot_walk_so_far_has_no_way_without_a_link() -> None:
    """The house is 11 km from the town: by car, or by the bus that a pass covers with the rest."""
    bus = {"link_id": "bus", "from_id": "d0", "to_id": "x", "mode": "bus", "minutes": 5, "fare_yen": 100}
    everything = sold("flat", links=("t", "l0", "bus"), low=0, high=0)
    dear = sold("flat", links=("t", "l0"), low=9000, high=9000)
    assert lone(dear, DemandRule(), lat=35.1).unreachable == 1000
    assert lone(dear, DemandRule(), lat=35.1, car=True).total.paid_yen == 2 * 1000
    assert lone(dear, DemandRule(), lat=35.1, links=(bus,)).total.paid_yen == 2 * 1200
    found = lone(everything, DemandRule(), lat=35.1, links=(bus,))
    assert (found.total.buyers, found.total.paid_yen, found.unreachable) == (1000, 0, 0)


@pytest.mark.parametrize(("most", "helps"), [(None, True), (120, True), (119, False)])
def test_a_product_helps_whoever_has_time_for_it(most: int | None, helps: bool) -> None:
    """A bus of two hours that the pass covers, beside a train of 90 minutes that it does not."""
    bus = {"link_id": "bus", "from_id": "h", "to_id": "d0", "mode": "bus", "minutes": 120, "fare_yen": 800}
    product, rule = sold("flat", links=("bus",), low=0, high=0), DemandRule(minute_value_yen=0)
    instance, allocation, found = alone(product, rule, links=(bus,), max_trip_minutes=most)
    assert found.total.buyers == 1000 * helps
    singles = tuple(way for way in found.ways if way.product_id is None)
    missing = verify_tariff(instance, found.model_copy(update={"ways": singles}), allocation)
    assert ("tariff_way_missing" in [each.rule for each in missing]) is helps


def test_trips_for_nothing_are_worth_a_yen_more_each() -> None:
    """An infant alone goes twice for nothing; demand needs a slope, so that the first is worth two yen and the second one."""
    dear = sold("flat", low=90_000, high=90_000)
    found = lone(dear, DemandRule(elasticity_percent=40), (5,))
    assert (found.total.surplus_yen, found.total.riders) == (3, 0)
