"""Certificates, costs, key figures and evacuation, on the world worked out by hand and against a search."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import numpy as np
import pytest

import nichiiki as nk
from nichiiki_models.allocation import Allocation
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_oracle.random_instances import random_instance
from nichiiki_sample import sample
from nichiiki_small import World, small_world


@pytest.fixture
def world() -> World:
    world = small_world()
    world.row("households", "h2").update(registration="premium", other_municipalities=["sea", "osaka"])
    world.row("households", "h3").update(registration="basic", other_municipalities=["hill"])
    world.row("roles", "r1").update(employer="mill", pay_yen=900)
    return world


def test_certificates(world: World) -> None:
    found = list(nk.certificates(*world.build()).rows())
    assert [(row.household_id, row.region_id, row.valid_from, row.valid_until) for row in found] == [
        ("h1", "sea", date(2026, 4, 1), date(2026, 6, 30)),
        ("h2", "hill", date(2026, 4, 1), date(2026, 6, 30)),
        ("h3", "hill", date(2026, 4, 1), date(2026, 6, 30)),
        ("h4", "hill", date(2026, 6, 1), date(2026, 7, 31)),
    ]
    assert [(row.registration, row.registrations) for row in found] == [
        ("none", 0),
        ("basic", 3),  # a premium registration without its three activities
        ("basic", 1),
        ("none", 0),
    ]


def test_costs_before_and_after_a_pass(world: World) -> None:
    world.rules["limits"]["burden_by_income"] = [{"up_to_class": 3, "yen": 70_000}]
    instance, allocation = world.build()
    before = {row.household_id: row for row in nk.costs(instance, allocation).rows()}
    placed = {row.household_id: row.cost_yen for row in allocation.placements.rows()}
    assert {name: row.before_yen for name, row in before.items()} == placed
    assert all(row.after_yen == row.before_yen and row.pass_yen is None for row in before.values())
    assert before["h2"].burden_yen == 70_000
    assert before["h1"].burden_yen is None
    assert before["h4"].pay_yen == 900
    after = {row.household_id: row for row in nk.costs(instance, allocation, pass_yen=30_000).rows()}
    assert after["h1"].fares_yen == 90_000
    assert (after["h1"].after_yen, after["h1"].saved_yen) == (70_000, 60_000)
    only = nk.costs(instance, allocation, pass_yen={"h1": 89_999})
    assert {row.household_id: row.saved_yen for row in only.rows()} == {"h1": 1, "h2": 0, "h3": 0, "h4": 0}


@pytest.mark.parametrize("price", [-1, {"h1": -1}, {"nobody": 1}])
def test_a_pass_without_meaning_is_refused(world: World, price: int | dict[str, int]) -> None:
    with pytest.raises(UsageError, match="pass_yen"):
        nk.costs(*world.build(), pass_yen=price)


def test_key_figures_by_hand(world: World) -> None:
    """h1: 4 persons, 91 days; h2: 3, 91; h3: 1, 60 days; h4: 1, 61 days."""
    metrics = nk.evaluate(*world.build())
    kpi = metrics.kpi
    assert kpi.residents == 9
    assert kpi.nights == 4 * 91 + 3 * 91 + 60 + 61
    assert kpi.visits == int((1.5 * 91 + 2 * 91 + 60 + 61) / 30)
    assert kpi.role_hours == 2 * 20 + 2 * 30
    assert kpi.children_received == 4
    assert kpi.pupils_received == 2
    assert kpi.registrations == 1
    assert kpi.activities == 4
    assert kpi.relation_types == {"contributing": 2, "working": 0, "telework": 0, "joining": 1, "leisure": 1}
    assert kpi.cost_yen_per_person == (130_000 + 62_000 + 40_000 + 45_000) // 9
    assert metrics.short_roles == {}
    assert (metrics.employers["mill"].used, metrics.employers["mill"].offered) == (2, 2)


def test_a_role_below_its_minimum_is_reported_short(world: World) -> None:
    world.row("roles", "r1").update(periods=["p3", "p4"])
    world.row("roles", "r1").update(min_holders=2, max_holders=3)
    assert nk.evaluate(*world.build()).short_roles == {"r1": {"p4": 1}}


# Evacuation


def most_sheltered(instance: Instance, allocation: Allocation, region: str, period: str) -> int:
    """Most people by every cut of the network: an independent statement of max-flow and min-cut."""
    stays = [row for row in allocation.stays.rows() if period in row.periods]
    at_home = {row.household_id for row in instance.households.rows() if row.home_region == region}
    based = {row.household_id for row in stays if row.region_id != region}
    size = {name: 0 for name in at_home}
    for person in instance.persons.rows():
        if person.household_id in at_home:
            size[person.household_id] += 1
    needy = sum(max(1, count) for name, count in size.items() if name not in based)
    own = next(row for row in instance.regions.rows() if row.region_id == region)
    apart = set(instance.rules.limits.hazards_apart) & set(own.hazards)
    arcs: list[tuple[str, str, int]] = []
    for link in instance.links.rows():
        if link.mode != "car" and (not link.periods or period in link.periods):
            seats = needy if link.seats is None else link.seats
            arcs += [(link.from_id, link.to_id, seats)] + [(link.to_id, link.from_id, seats)] * link.both_ways
    points = {*(r.region_id for r in instance.regions.rows()), *(p.place_id for p in instance.places.rows())}
    houses = {row.house_id: row for row in instance.houses.rows()}
    arcs = [arc for arc in arcs if arc[0] in points and arc[1] in points | set(houses)]
    for house in houses.values():
        taken = sum(row.units for row in stays if row.house_id == house.house_id)
        free = period not in house.closed_periods and house.region_id != region
        if free and not apart & set(house.hazards):
            units = units_of(instance, allocation, house.house_id, period)
            arcs.append((house.house_id, "beds", max(0, units - taken) * house.capacity_persons))
        arcs += [(name, house.house_id, needy) for name in walks(instance, house.house_id)]
    inner = sorted({end for arc in arcs for end in arc[:2]} - {region, "beds"})
    cuts = (
        sum(capacity for start, end, capacity in arcs if start in side and end not in side)
        for count in range(len(inner) + 1)
        for chosen in combinations(inner, count)
        for side in ({region, *chosen},)
    )
    return min(needy, min(cuts))


def units_of(instance: Instance, allocation: Allocation, house_id: str, period: str) -> int:
    """Units of a house in a period: its own once it is ready, and what measures add from their first period on."""
    house = next(row for row in instance.houses.rows() if row.house_id == house_id)
    starts = {row.period_id: number for number, row in enumerate(instance.periods.rows())}
    taken = set(allocation.measures["measure_id"].tolist())
    works = [
        row
        for row in instance.measures.rows()
        if row.measure_id in taken
        and (row.target_kind, row.target_id) == ("house", house_id)
        and starts[period] >= starts.get(row.from_period or "", 0)
    ]
    return (house.units if house.ready or works else 0) + sum(row.adds for row in works)


def walks(instance: Instance, house_id: str) -> list[str]:
    """Points of the region from which the house is within a walk."""
    from nichiiki_oracle.market import Market
    from nichiiki_oracle.ways import straight_minutes

    market = Market(instance)
    house, walker = (
        market.houses[house_id],
        next(iter(market.households.values())).model_copy(update={"car": False}),
    )
    near = [market.regions[house.region_id]]
    stops = [p for p in market.places.values() if p.kind in ("station", "airport", "port", "bus_stop")]
    found = [near[0].region_id] if straight_minutes(market, walker, near[0], house) else []
    return found + [
        stop.place_id
        for stop in stops
        if stop.region_id == house.region_id and straight_minutes(market, walker, stop, house)
    ]


@pytest.mark.parametrize("seed", sample(range(12), 3))
def test_evacuation_equals_the_smallest_cut(seed: int) -> None:
    instance = random_instance(seed)
    seats = np.random.default_rng(seed).integers(0, 4, len(instance.links))
    instance = instance.replace(links=instance.links.with_columns(seats=seats))
    allocation = nk.allocate(instance).allocation
    if allocation is None:
        pytest.skip("no allocation is possible here")
    period = next(row.period_id for row in instance.periods.rows() if row.open)
    for found in nk.evacuation(instance, allocation, periods=[period]):
        assert found.sheltered == most_sheltered(instance, allocation, found.region_id, period)
        assert found.persons == found.own_base + found.sheltered + found.uncovered
        assert bool(found.cut) <= (found.uncovered > 0)


def test_one_more_seat_shelters_one_more(world: World) -> None:
    """h5 of Osaka has no base: without a link nobody moves, with one seat one person does."""
    instance, allocation = world.build()
    (alone,) = nk.evacuation(instance, allocation, regions=["osaka"], periods=["p6"])
    assert (alone.persons, alone.own_base, alone.sheltered, alone.uncovered) == (1, 0, 0, 1)
    world = small_world()
    bus = {
        "link_id": "o",
        "from_id": "osaka",
        "to_id": "sea",
        "mode": "bus",
        "minutes": 9,
        "fare_yen": 1,
        "seats": 1,
    }
    world.tables["links"].append(bus)
    (saved,) = nk.evacuation(*world.build(), regions=["osaka"], periods=["p6"])
    assert (saved.sheltered, saved.uncovered, saved.cut) == (1, 0, ())


@pytest.mark.parametrize("wrong", [{"regions": ["nowhere"]}, {"periods": ["never"]}])
def test_unknown_regions_and_periods_are_refused(world: World, wrong: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        nk.evacuation(*world.build(), **wrong)  # type: ignore[arg-type]
