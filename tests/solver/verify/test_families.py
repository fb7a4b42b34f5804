"""For each family of rules: easily kept, kept exactly, and broken by the smallest step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nichiiki_small import World, small_world
from nichiiki_solver.verify import verify


def _column(table: str, key: str, column: str, **more: Any) -> Callable[[World, Any], None]:
    return lambda world, value: world.row(table, key, **more).update({column: value})


def _bounds(table: str, key: str, low: str, high: str) -> Callable[[World, Any], None]:
    return lambda world, value: world.row(table, key).update({low: value[0], high: value[1]})


def _limit(name: str) -> Callable[[World, Any], None]:
    return lambda world, value: world.rules["limits"].update({name: value})


def _funding(name: str) -> Callable[[World, Any], None]:
    return lambda world, value: world.rules["funding"].update({name: value})


def _family(world: World, names: list[str]) -> None:
    for name in names:
        world.row("households", name).update(family="f")


FAMILIES: list[tuple[str, Callable[[World, Any], None], Any, Any, Any]] = [
    # rule, what to set, easy, exact, one step too far
    ("house_not_ready", _column("houses", "b1", "ready"), True, True, False),
    ("house_not_ready", _column("measures", "m1", "from_period"), None, "p1", "p2"),
    ("programme_budget", _column("programmes", "g1", "budget_yen"), 9000, 200, 199),
    ("own_budget", _funding("own_budget_yen"), {}, {"sea": 211}, {"sea": 210}),
    ("programme_item", _column("programmes", "g1", "eligible_items"), [], ["renovation"], ["fare"]),
    ("programme_requires", _column("regions", "sea", "has_plan"), True, True, False),
    ("programme_dates", _column("measures", "m1", "starts_on"), None, "2026-04-01", "2026-04-02"),
    ("owner_veto", _column("houses", "a1", "accepts"), [], ["h1"], ["h2"]),
    ("owner_veto", _column("houses", "a1", "refuses"), [], ["h2"], ["family"]),
    ("use_limit", _column("houses", "c1", "uses_per_half_year"), None, 2, 1),
    ("use_limit", _column("houses", "b1", "uses_per_half_year"), 9, 1, 0),
    ("period_closed", _column("houses", "a1", "closed_periods"), [], ["p4"], ["p3"]),
    ("min_stay", _column("houses", "a1", "min_stay"), None, 3, 4),
    ("max_stay", _column("houses", "d1", "max_stay"), None, 2, 1),
    ("start_period", _column("houses", "a1", "start_periods"), [], ["p1"], ["p2"]),
    ("house_capacity", _column("houses", "b1", "units"), 9, 2, 1),
    ("needs", _column("houses", "a1", "tags"), ["pets", "parking", "x"], ["pets", "parking"], ["parking"]),
    ("hazard_shared", _column("houses", "a1", "hazards"), [], ["flood"], ["earthquake"]),
    ("trip_minutes", _column("households", "h1", "max_trip_minutes"), 280, 210, 209),
    ("trip_minutes", _limit("trip_minutes"), 280, 210, 209),
    ("budget", _column("households", "h1", "budget_yen"), 10_000_000, 130_000, 129_999),
    ("consent_host", _column("facilities", "s1", "consent_regions"), ["*"], ["osaka", "tokyo"], ["osaka"]),
    ("consent_home", _column("regions", "tokyo", "board_consents"), ["*"], ["hill", "sea"], ["hill"]),
    ("no_seats", _column("seats", "s1", "seats", band="5"), 100, 1, 0),
    ("commute", _column("households", "h1", "max_commute_minutes"), None, 10, 9),
    ("care_days_max", _limit("care_days_max"), None, 20, 19),
    ("care_places", _column("seats", "n1", "days", period_id="p2"), 30, 20, 19),
    ("care_staff", _column("facilities", "n1", "staff"), None, 1, 0),
    ("one_base", _family, [], ["h1", "h5"], ["h1", "h4"]),
    ("desks", _column("seats", "k1", "seats"), 2, 1, 0),
    ("skill", _column("roles", "r2", "skill"), None, "cook", "drive"),
    ("age", _column("persons", "h4a", "age"), 60, 60, 59),
    ("age", _column("persons", "h4a", "age"), 60, 60, 61),
    ("hours", _column("persons", "h4a", "hours_per_period"), 10_000, 50, 49),
    ("roles_per_person", _limit("roles_per_person"), 10, 2, 1),
    ("role_period", _column("roles", "r2", "periods"), ["p3"], ["p3", "p4"], []),
    ("role_max", _column("roles", "r2", "max_holders"), 9, 1, 0),
    ("role_min", _bounds("roles", "r1", "min_holders", "max_holders"), (0, 2), (2, 2), (3, 3)),
    ("supporter_scope", _column("supporters", "local", "regions"), ["hill", "sea"], ["hill"], ["sea"]),
    ("supporter_language", _column("households", "h2", "languages"), [], ["de", "ja"], ["de"]),
    ("supporter_topic", _column("households", "h2", "topics"), [], ["law", "work", "school"], ["art"]),
    ("supporter_caseload", _column("supporters", "local", "caseload"), 5, 1, 0),
    ("experience_places", _bounds("experiences", "e1", "min_places", "places"), (0, 5), (0, 2), (0, 1)),
    ("experience_min", _bounds("experiences", "e1", "min_places", "places"), (0, 5), (2, 5), (3, 5)),
    ("house_units", _column("houses", "c1", "units"), 5, 1, 0),
    ("reception", _column("regions", "hill", "reception_max"), None, 3, 2),
    ("quota_max", _column("quotas", "q_all", "max"), 99, 4, 3),
    ("quota_min", _column("quotas", "q_hill", "min"), 0, 3, 4),
    ("not_listed", _column("households", "h3", "stay_periods"), [], ["p1", "p3"], ["p1", "p2"]),
    ("lock", _column("locks", "h1", "target_id", target_kind="house"), "a1", "a1", "b1"),
]


@pytest.mark.parametrize(("rule", "write", "easy", "exact", "broken"), FAMILIES)
def test_rule_holds_up_to_its_limit(
    rule: str, write: Callable[[World, Any], None], easy: Any, exact: Any, broken: Any
) -> None:
    """The rule named is kept with room to spare and exactly at its limit, and broken one step beyond."""
    for value in (easy, exact):
        world = small_world()
        write(world, value)
        assert verify(*world.build()) == []
    world = small_world()
    write(world, broken)
    assert rule in {violation.rule for violation in verify(*world.build())}


def _rules_after(change: Callable[[World], Any]) -> list[str]:
    world = small_world().without_levels()
    change(world)
    return [violation.rule for violation in verify(*world.build())]


def test_runs_are_cut_by_a_closed_period_of_the_calendar() -> None:
    """Neighbours are neighbours of the calendar: p4 and p6 are two runs, because p5 lies between them."""

    def change(world: World) -> None:
        world.row("households", "h1").update(stay_periods=["p3", "p4", "p6"])
        world.stay("h1")["periods"] = ["p3", "p4", "p6"]
        for period in ("p4", "p6"):
            world.tables["seats"].append({"facility_id": "s1", "band": "2", "period_id": period, "seats": 1})
        world.row("houses", "a1")["min_stay"] = None

    assert _rules_after(change) == ["not_listed"]


def test_weekend_periods_are_neighbours_of_each_other() -> None:
    """A period of another slot in between cuts no run."""

    def change(world: World) -> None:
        for number, period in enumerate(world.tables["periods"]):
            period["slot"] = "weekday"
            if number < 4:
                weekend = {**period, "period_id": f"w{number + 1}", "slot": "weekend"}
                world.tables["periods"] = [*world.tables["periods"], weekend]

    assert _rules_after(change) == []


def test_gap_lasts_as_long_as_the_house_says() -> None:
    """A gap keeps every neighbour after a run, as far as the calendar goes."""
    world = small_world()
    world.row("houses", "c1")["gap_periods"] = 1000
    assert verify(*world.build()) == []


def test_unlisted_house_is_fine_where_unlisted_ones_are_accepted() -> None:
    """Without any wish for it, a house is acceptable with the household's own periods."""

    def change(world: World) -> None:
        world.rules["lists"] = {"stay": {"accept_unlisted": True}}
        world.tables["choices"].remove(world.row("choices", "h1", target_id="a1"))

    assert _rules_after(change) == []


def test_none_wish_makes_nothing_acceptable() -> None:
    """A wish of kind `none` lets a pupil go without a school even where schools are required."""

    def change(world: World) -> None:
        world.row("households", "h1").update(siblings="apart")
        world.placement("h1")["schools"] = {"h1c": "s1"}
        none = {"household_id": "h1", "list": "school", "person_id": "h1d", "rank": 9, "target_kind": "none"}
        world.tables["choices"].append(none)

    assert _rules_after(change) == []


def test_link_to_a_facility_shortens_the_way() -> None:
    """A bus from the house to the school counts, in its direction only."""

    def change(world: World, start: str, end: str) -> None:
        world.row("households", "h1")["max_commute_minutes"] = 5
        bus = {"link_id": "bus", "from_id": start, "to_id": end, "mode": "bus", "minutes": 5, "fare_yen": 0}
        world.tables["links"].append({**bus, "both_ways": False})

    assert _rules_after(lambda world: change(world, "a1", "s1")) == []
    assert _rules_after(lambda world: change(world, "s1", "a1")) == ["commute", "commute"]


def test_link_to_the_house_shortens_the_trip() -> None:
    """A link that touches the house itself is part of trips, from the home to the house only."""

    def change(world: World, start: str, end: str) -> None:
        world.row("households", "h1")["max_trip_minutes"] = 205
        bus = {"link_id": "bus", "from_id": start, "to_id": end, "mode": "bus", "minutes": 5, "fare_yen": 0}
        world.tables["links"].append({**bus, "both_ways": False})

    assert _rules_after(lambda world: change(world, "sea_st", "a1")) == []
    assert _rules_after(lambda world: change(world, "a1", "sea_st")) == ["trip_minutes"]


def test_cheapest_way_is_taken_if_it_keeps_the_limit() -> None:
    """Within 300 minutes the bus does: 290 and 4 on foot; two adults, two children, three one-way trips."""

    def change(world: World) -> None:
        world.row("households", "h1").update(max_trip_minutes=None)
        world.row("places", "sea_port").update(lat=34.003)
        world.placement("h1")["cost_yen"] = 40_000 + 3 * (2 * 4_000 + 2 * 2_000)

    assert _rules_after(change) == []


@pytest.mark.parametrize(
    ("percent", "child"),
    [(50, 5_000), (33, 3_300), (0, 0), (100, 10_000)],
    ids=["half", "third", "free", "full"],
)
def test_fares_of_children_are_rounded_down_to_ten_yen(percent: int, child: int) -> None:
    """Two adults from 12 years on, two children of 7 and 11; 1.5 round trips a month."""

    def change(world: World) -> None:
        world.rules["travel"] = {"child_fare_percent": percent}
        world.row("households", "h1").update(budget_yen=1_000_000)
        world.placement("h1")["cost_yen"] = 40_000 + 3 * (20_000 + 2 * child)

    assert _rules_after(change) == []
