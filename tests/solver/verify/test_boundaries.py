"""What lies just at a limit and just beyond it, and what has exactly one of two reasons: each the smallest change that matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nichiiki_models.allocation import Violation
from nichiiki_small import World, small_world
from nichiiki_solver.verify import verify


def found(*changes: Callable[[World], Any]) -> list[Violation]:
    """What is broken in the small world after some changes, claims of the objective left out."""
    world = small_world().without_levels()
    for change in changes:
        change(world)
    return verify(*world.build())


def rules(*changes: Callable[[World], Any]) -> list[str]:
    """The rules broken, one entry a violation."""
    return [violation.rule for violation in found(*changes)]


def row(table: str, key: str, **values: Any) -> Callable[[World], Any]:
    """Change a record of the instance."""
    return lambda world: world.row(table, key).update(values)


def add(table: str, **values: Any) -> Callable[[World], Any]:
    """Add a record to the instance."""
    return lambda world: world.tables.setdefault(table, []).append(values)


def cost(household: str, yen: int) -> Callable[[World], Any]:
    """State the cost of a placement."""
    return lambda world: world.placement(household).update(cost_yen=yen)


def part(name: str, **values: Any) -> Callable[[World], Any]:
    """Change a part of the rules."""
    return lambda world: world.rules.setdefault(name, {}).update(values)


# Money


@pytest.mark.parametrize(("age", "yen"), [(40, 40_000), (12, 40_000), (11, 35_000), (6, 35_000), (5, 30_000)])
def test_a_person_alone_pays_by_age(age: int, yen: int) -> None:
    """h3 makes one round trip a month for 5,000 each way, and lives for 30,000."""
    assert "claim_cost" not in rules(row("persons", "h3a", age=age), cost("h3", yen))
    assert "claim_cost" in rules(row("persons", "h3a", age=age), cost("h3", yen + 1))


@pytest.mark.parametrize(
    ("passes", "yen"),
    [
        ({"p1": 1000, "p3": 1000}, 31_000),
        ({"p1": 1000, "p3": 2000}, 32_000),
        ({"p1": 2000, "p3": 1000}, 32_000),
        ({"p1": 1000}, 40_000),
        ({"p1": 1000, "p3": 20_000}, 40_000),
        ({"p1": 20_000, "p3": 20_000}, 40_000),
        ({"p1": 0, "p3": 0}, 30_000),
        ({"p2": 0, "p4": 0}, 40_000),
    ],
)
def test_the_dearest_month_counts_each_with_its_pass(passes: dict[str, int], yen: int) -> None:
    """h3 stays in p1 and p3; a pass for another period, household or house is none."""
    tickets = [
        add("passes", household_id="h3", house_id="c1", period_id=period, travel_yen=price)
        for period, price in passes.items()
    ]
    others = [
        add("passes", household_id=name, house_id=house, period_id="p3", travel_yen=0)
        for name, house in (("h5", "c1"), ("h3", "d1"))
    ]
    assert rules(*tickets, *others, cost("h3", yen)) == []
    assert rules(*tickets, *others, cost("h3", yen - 1)) == ["claim_cost"]


@pytest.mark.parametrize(
    ("limits", "broken"),
    [
        ({3: 62_000}, False),
        ({3: 61_999}, True),
        ({2: 0}, False),
        ({2: 0, 3: 62_000}, False),
        ({4: 61_999, 3: 62_000}, False),
        ({4: 61_999}, True),
    ],
)
def test_the_first_class_not_below_sets_the_burden(limits: dict[int, int], broken: bool) -> None:
    """h2 is of class 3 and pays 62,000; the others are of no class."""
    table = [{"up_to_class": number, "yen": yen} for number, yen in limits.items()]
    assert rules(part("limits", burden_by_income=table)) == ["burden"] * broken


# Ways


def test_what_has_no_way_has_no_minutes() -> None:
    """Where nobody walks that long and there is no car, the way is not so many minutes, but none."""
    far = row("facilities", "k1", lat=36.4)
    [violation] = found(far)
    assert (violation.rule, violation.details) == ("commute", {})
    [violation] = found(far, row("households", "h3", car=True, max_commute_minutes=9), cost("h3", 36_000))
    assert violation.rule == "commute"
    assert violation.details["limit"] == 9 and int(violation.details["value"]) > 30


@pytest.mark.parametrize(
    ("link", "car", "reached"),
    [
        ({"mode": "bus"}, False, True),
        ({"mode": "bus", "periods": ["p1", "p2", "p3"]}, False, True),
        ({"mode": "bus", "periods": ["p1", "p2"]}, False, False),
        ({"mode": "car"}, False, False),
        ({"mode": "car"}, True, True),
        ({"mode": "car", "periods": ["p1", "p2"]}, True, False),
    ],
)
@pytest.mark.parametrize(("start", "end"), [("tokyo", "a1"), ("tokyo", "sea")])
def test_a_link_is_taken_where_it_runs_and_by_whom_it_carries(
    link: dict[str, Any], car: bool, reached: bool, start: str, end: str
) -> None:
    """h1 must be there within 90 minutes from p1 to p3, which a link to the house or to the town does in 80."""
    fast = add("links", link_id="new", from_id=start, to_id=end, minutes=80, fare_yen=10_000, **link)
    broken = rules(fast, row("households", "h1", max_trip_minutes=90, car=car))
    assert ("trip_minutes" in broken) is not reached


def test_without_links_nobody_gets_there() -> None:
    assert set(rules(lambda world: world.tables.update(links=[]))) == {"no_route"}


def test_each_of_many_homes_has_its_own_way() -> None:
    """Seventy towns, each 100 minutes and some more away: whoever is allowed one minute less is found."""
    names = [f"t{number:02}" for number in range(70)]

    def change(world: World) -> None:
        for number, name in enumerate(names):
            world.tables["regions"].append({"region_id": name, "name": name, "lat": 35.0, "lon": 137.0})
            line = {"link_id": name, "from_id": name, "to_id": "hill_st", "mode": "rail"}
            world.tables["links"].append({**line, "minutes": 100 + number, "fare_yen": 10 * number})
            household = {"household_id": name, "home_region": name, "budget_yen": 10**6, "round_trips": 1}
            asked = 100 + number + 10 - (number in (3, 68))  # ten minutes on foot
            world.tables["households"].append({**household, "max_trip_minutes": asked})
            stay = {"house_id": "c1", "region_id": "hill", "units": 1, "periods": ["p6"]}
            placed = {"household_id": name, "stays": [stay], "cost_yen": 30_000 + 20 * number}
            world.allocation["placements"].append(placed)

    broken = [(v.rule, v.where, v.details) for v in found(change) if v.rule in ("trip_minutes", "claim_cost")]
    assert broken == [
        ("trip_minutes", f"t{number:02} c1", {"value": 110 + number, "limit": 109 + number})
        for number in (3, 68)
    ]


@pytest.mark.parametrize("other", ["s1", "s2", "k1"])
def test_a_bus_to_another_facility_helps_nobody(other: str) -> None:
    """h1 has five minutes to the school s1, and a bus of five goes from its house to one of three facilities."""
    bus = add("links", link_id="new", from_id="a1", to_id=other, mode="bus", minutes=5, fare_yen=0)
    broken = rules(bus, row("households", "h1", max_commute_minutes=5))
    assert broken == ["commute"] * (0 if other == "s1" else 2)


@pytest.mark.parametrize(("car", "minutes"), [(True, 3), (False, 10)])
def test_the_nearest_way_to_a_school_is_by_foot_car_or_bus(car: bool, minutes: int) -> None:
    """Ten minutes on foot, two by car, and a road of one minute for cars alone from another house."""
    road = add("links", link_id="new", from_id="b1", to_id="s1", mode="car", minutes=1, fare_yen=0)
    for asked in (minutes, minutes - 2):
        broken = rules(road, row("households", "h1", car=car, max_commute_minutes=asked))
        assert broken == (["commute"] * 2 if asked < minutes - 1 else [])


# Registration


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        (("2026-03-31",), True),
        (("2026-04-01",), False),
        (("2025-04-01",), True),
        (("2025-03-31",), False),
        ((), False),
    ],
)
def test_activities_count_in_the_year_before(days: tuple[str, ...], kept: bool) -> None:
    """One activity keeps a premium registration premium; the calendar begins on 1 April 2026."""
    used = [add("use_history", household_id="h1", kind="activity", target_id="e1", on=day) for day in days]
    asked = part("registration", stay="premium", activities_min=1)
    everybody = [
        row("households", name, registration="premium", registration_valid_until="2027-03-31")
        for name in ("h1", "h2", "h3", "h4")
    ]
    broken = [violation.where for violation in found(*used, asked, *everybody)]
    assert broken == ["h1 a1"] * (not kept) + ["h2 b1", "h3 c1", "h4 d1"]


@pytest.mark.parametrize(("on", "kept"), [("2026-03-31", True), ("2025-03-31", False)])
def test_activities_count_before_a_calendar_of_one_period(on: str, kept: bool) -> None:
    at = {"lat": 35, "lon": 139}
    line = {"link_id": "l", "from_id": "h", "to_id": "d", "mode": "rail", "minutes": 9, "fare_yen": 0}
    one: dict[str, Any] = {
        "regions": [{"region_id": name, "name": name, **at} for name in ("h", "d")],
        "periods": [{"period_id": "p", "starts_on": "2026-04-01", "ends_on": "2026-04-30"}],
        "links": [line],
        "houses": [{"house_id": "x", "region_id": "d", **at, "capacity_persons": 1, "rent_yen": 0}],
        "households": [
            {
                "household_id": "a",
                "home_region": "h",
                "budget_yen": 0,
                "round_trips": 1,
                "registration": "premium",
                "registration_valid_until": "2027-01-01",
            }
        ],
        "choices": [
            {"household_id": "a", "list": "stay", "rank": 1, "target_kind": "house", "target_id": "x"}
        ],
        "use_history": [{"household_id": "a", "kind": "activity", "target_id": "e", "on": on}],
        "experiences": [{"experience_id": "e", "region_id": "d", "places": 1}],
    }
    stay = {"house_id": "x", "region_id": "d", "units": 1, "periods": ["p"]}
    told = {"policy": "points", "status": "FEASIBLE", "reason": "TIME_LIMIT"}
    placed = {"placements": [{"household_id": "a", "stays": [stay], "cost_yen": 0}], **told}
    world = World(one, {"registration": {"stay": "premium", "activities_min": 1}}, placed)
    assert [violation.rule for violation in verify(*world.build())] == ["registration"] * (not kept)


# Seats and roles


def test_a_nursery_that_is_shut_has_no_carers() -> None:
    """No row of seats, no open day, and nobody to look after a child for the one day it needs."""

    def change(world: World) -> None:
        world.tables["seats"] = [each for each in world.tables["seats"] if each["facility_id"] != "n1"]

    broken = found(change, row("facilities", "n1", staff=9), row("persons", "h2c", care_days=1))
    assert [(v.rule, v.details.get("limit")) for v in broken if v.rule == "care_staff"] == [
        ("care_staff", 0)
    ] * 3


# Measures


@pytest.mark.parametrize(
    ("open_yen", "percent", "broken"), [(211, 0, True), (211, 1, False), (99, 1, True), (100, 1, False)]
)
def test_a_programme_pays_something(open_yen: int, percent: int, broken: bool) -> None:
    """A programme that pays a share of nothing is not one of those who pay; one yen is something."""
    share = open_yen * percent // 100

    def change(world: World) -> None:
        world.tables["programmes"].append(
            {"programme_id": "g9", "payer": "municipality", "rate_percent": percent, "budget_yen": 10**6}
        )
        world.row("measures", "m1").update(programmes=["g1", "g2", "g9"], cost_yen=290 + open_yen)
        world.row("programmes", "g1")["rate_percent"] = 100
        world.rules["funding"]["own_budget_yen"] = {}
        paid = {"g1": 200, "g2": 90, "g9": share, None: open_yen - share}
        world.allocation["measures"] = [{"measure_id": "m1", "cost_yen": 290 + open_yen}]
        world.allocation["payments"] = [
            {"measure_id": "m1", "programme_id": name, "amount_yen": yen} for name, yen in paid.items()
        ]

    assert rules(change) == ["programme_share"] * broken


# Stays and quotas


@pytest.mark.parametrize(
    ("when", "counts"),
    [
        ({"on": "2026-03-30"}, False),
        ({"on": "2026-04-01"}, True),
        ({"on": "2026-09-30"}, True),
        ({"on": "2026-10-01"}, False),
        ({"on": "2025-04-01"}, False),
        ({"on": None, "period_id": "p2"}, True),
    ],
)
def test_a_half_year_begins_in_april_and_in_october(when: dict[str, Any], counts: bool) -> None:
    """h2 lives in b1 from April on, where one stay in a half-year is allowed."""
    earlier = add("use_history", household_id="h2", kind="stay", target_id="b1", **when)
    assert rules(earlier, row("houses", "b1", uses_per_half_year=1)) == ["use_limit"] * counts


@pytest.mark.parametrize(
    ("on", "counts"),
    [("2026-09-30", False), ("2026-10-01", True), ("2027-03-31", True), ("2027-04-01", False)],
)
def test_january_is_in_the_half_year_that_began_in_october(on: str, counts: bool) -> None:
    winter = add("periods", period_id="w", starts_on="2027-01-01", ends_on="2027-01-31")

    def move(world: World) -> None:
        world.stay("h3")["periods"] = ["w"]
        world.row("households", "h3").update(stay_periods=["w"], stay_kind="fixed", stay_length=None)

    earlier = add("use_history", household_id="h3", kind="stay", target_id="c1", on=on)
    broken = rules(winter, move, earlier, row("houses", "c1", uses_per_half_year=1))
    assert ("use_limit" in broken) is counts


def test_who_never_travels_pays_the_rent_alone() -> None:
    never = row("households", "h3", round_trips=0)
    assert rules(never, cost("h3", 30_000)) == []
    assert rules(never, cost("h3", 30_001)) == ["claim_cost"]


@pytest.mark.parametrize(("minutes", "broken"), [(0, False), (1, True)])
def test_a_trip_of_no_minutes_keeps_a_limit_of_none(minutes: int, broken: bool) -> None:
    lift = add(
        "links", link_id="new", from_id="tokyo", to_id="c1", mode="rail", minutes=minutes, fare_yen=5000
    )
    assert ("trip_minutes" in rules(lift, row("households", "h3", max_trip_minutes=0))) is broken


@pytest.mark.parametrize(
    ("least", "group", "broken"),
    [
        (1, "x", 3),
        (0, "x", 0),
        (2, "x", 3),
        (3, "x", 3),
        (3, "family", 0),
        (1, "family", 0),
        (9, None, 0),
    ],
)
def test_units_kept_for_a_group_are_free_of_others(least: int, group: str | None, broken: int) -> None:
    """b1 has two units, which h2 of the group family takes for three periods; nothing is less than no unit."""
    kept = add(
        "quotas",
        quota_id="kept",
        kind="reserved",
        target_kind="house",
        target_id="b1",
        group=group,
        min=least,
    )
    assert rules(kept) == ["quota_reserved"] * broken


@pytest.mark.parametrize(
    ("remote", "periods", "broken"),
    [
        (0, ["p3", "p4"], False),
        (0, ["p2", "p3", "p4"], True),
        (33, ["p2", "p3", "p4"], True),
        (34, ["p2", "p3", "p4"], False),
        (50, ["p1", "p2", "p3", "p4"], False),
        (49, ["p1", "p2", "p3", "p4"], True),
        (99, ["p1", "p2"], True),
        (100, ["p1", "p2"], False),
    ],
)
def test_a_season_is_attended_in_its_share(remote: int, periods: list[str], broken: bool) -> None:
    """h4 is there in p3 and p4; what may be done from afar needs nobody there."""
    season = row("roles", "r2", remote_share=remote, periods=periods)
    assert ("role_period" in rules(season)) is broken


@pytest.mark.parametrize(("remote", "broken"), [(0, True), (99, True), (100, False)])
def test_a_role_elsewhere_is_held_from_afar(remote: int, broken: bool) -> None:
    assert ("role_region" in rules(row("roles", "r2", region_id="sea", remote_share=remote))) is broken


@pytest.mark.parametrize(
    ("region", "at_home", "broken"), [("tokyo", True, False), ("tokyo", False, True), ("sea", True, True)]
)
def test_a_role_at_home_is_held_where_rules_allow_it(region: str, at_home: bool, broken: bool) -> None:
    allowed = part("limits", roles_at_home=at_home)
    assert ("role_region" in rules(row("roles", "r2", region_id=region), allowed)) is broken


@pytest.mark.parametrize(
    ("kinds", "car", "least"),
    [(["shop"], False, 10), (["station"], False, 10), (["shop"], True, 2), (["clinic"], True, None)],
)
def test_what_must_be_near_is_near_to_the_minute(kinds: list[str], car: bool, least: int | None) -> None:
    """From b1 the shop and the station are ten minutes on foot, two by car; there is no clinic."""
    for minutes in (30, *(() if least is None else (least, least - 1))):
        near = part("limits", reach=[{"kinds": kinds, "minutes": minutes}])
        found_at = {
            v.where: v.details for v in found(near, row("households", "h2", car=car)) if v.rule == "reach"
        }
        if least is not None and minutes >= least:
            assert "h2 b1" not in found_at
        else:
            assert found_at["h2 b1"] == (
                {"limit": minutes} if least is None else {"value": least, "limit": minutes}
            )


@pytest.mark.parametrize(
    ("start", "end", "broken"),
    [("c1", "k1", False), ("d1", "k1", True), ("c1", "k2", True), ("d1", "a1", True)],
)
def test_a_bus_to_the_desk_goes_from_the_house_to_the_desk(start: str, end: str, broken: bool) -> None:
    """h3 has one minute from c1 to its desk at k1, the first of all facilities."""
    bus = add("links", link_id="new", from_id=start, to_id=end, mode="bus", minutes=1, fare_yen=0)
    broken_by = found(bus, row("households", "h3", max_commute_minutes=1))
    assert ("h3 h3a k1" in [each.where for each in broken_by]) is broken


# What is said twice


@pytest.mark.parametrize(
    ("table", "again", "where"),
    [
        ("measures", {"measure_id": "m1", "cost_yen": 501}, "m1"),
        ("payments", {"measure_id": "m1", "programme_id": "g2", "amount_yen": 90}, "m1 g2"),
        ("payments", {"measure_id": "m1", "amount_yen": 211}, "m1"),
    ],
)
def test_what_is_taken_or_paid_twice_counts_once(table: str, again: dict[str, Any], where: str) -> None:
    broken = found(lambda world: world.allocation[table].append(again))
    assert [(each.rule, each.where) for each in broken] == [("duplicate", where)]


def test_nobody_knows_a_stranger_wherever_it_stands() -> None:
    """A placement, its stay, and its experience are each of a household that is not in the instance."""

    def change(world: World) -> None:
        stay = {"house_id": "z1", "region_id": "hill", "units": 1, "periods": ["p1"]}
        stranger = {"household_id": "x", "stays": [stay], "experiences": ["e2"], "cost_yen": 0}
        world.allocation["placements"].append(stranger)

    assert [(each.rule, each.where) for each in found(change)] == [("unknown_id", "x")] * 3


def test_one_of_a_kind_is_enough() -> None:
    """Two experiences are one too many, and said to be."""
    near = row("experiences", "e2", region_id="hill")
    [violation] = found(near, lambda world: world.placement("h3").update(experiences=["e1", "e2"]))
    assert (violation.rule, violation.where) == ("unneeded", "h3 experience")
    assert violation.details == {"value": 2, "limit": 1}


@pytest.mark.parametrize("designated", ["wide", "local"])
@pytest.mark.parametrize("target", ["wide", "local"])
def test_a_supporter_itself_is_what_a_programme_asks_for(designated: str, target: str) -> None:
    """Of two supporters one is designated: a measure for it may be paid, one for the other may not."""

    def change(world: World) -> None:
        for name in ("wide", "local"):
            world.row("supporters", name)["designated"] = name == designated
        world.row("measures", "m3").update(target_id=target, cost_yen=100, programmes=["g9"])
        paying = {"programme_id": "g9", "rate_percent": 100, "budget_yen": 100}
        world.tables["programmes"].append({**paying, "requires": ["designation"]})
        world.allocation["measures"].append({"measure_id": "m3", "cost_yen": 100})
        world.allocation["payments"].append({"measure_id": "m3", "programme_id": "g9", "amount_yen": 100})

    broken = [each.where for each in found(change) if each.rule == "programme_requires"]
    assert ("m3 g9" in broken) is (designated != target)
