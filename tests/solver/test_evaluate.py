"""The figures of the small world, computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.metrics import Metrics
from nichiiki_small import World, small_world
from nichiiki_solver.evaluate import evaluate, gini


def figures(world: World) -> Metrics:
    return evaluate(*world.build())


def test_who_is_placed() -> None:
    found = figures(small_world())
    assert found.total.model_dump() == {
        "households": 5,
        "placed_households": 4,
        "persons": 10,
        "placed_persons": 9,
    }
    assert found.by_group["family"].model_dump() == {
        "households": 2,
        "placed_households": 2,
        "persons": 7,
        "placed_persons": 7,
    }


def test_how_well() -> None:
    """Utilities 0, 1093, 1250, 1250, 1500: Gini = 2 · 18436 / (5 · 5093) - 6/5."""
    found = figures(small_world())
    assert found.stay_ranks == {"1": 2, "2": 2, "unlisted": 0}
    assert found.levels == {"placed": 22, "welfare": 5238, "points": 87}
    assert found.terms == {
        "utility": 5093,
        "role_value": 145,
        "placed": 4,
        "persons": 9,
        "points": 29,
        "kept": 0,
        "measure_yen": -501,
        "own_yen": -211,
    }
    assert found.utility_milli_points == 5093
    assert found.fairness.gini == pytest.approx(36_872 / 25_465 - 1.2)
    assert found.fairness.lowest_milli_points == 0
    assert found.fairness.households_at_lowest == 1
    assert found.fairness.lowest_tenth_mean_milli_points == 0
    assert found.fairness.placed_lowest_milli_points == 1093


def test_what_is_used() -> None:
    """April to July have 30, 31, 30, 31 days; house d1 is closed in May; August is closed to all."""
    found = figures(small_world())
    assert found.regions["hill"].model_dump() == {
        "houses": 4,
        "houses_used": 3,
        "households": 3,
        "persons": 5,
        "unit_periods_offered": 2 * 5 + 5 + 4 + 5,
        "unit_periods_used": 2 * 3 + 2 + 2,
        "household_days": 91 + 60 + 61,
        "person_days": 3 * 91 + 60 + 61,
    }
    assert found.regions["sea"].household_days == 91
    # one seat of grade 5 in five periods, of grade 2 in three; nine of each at the other school
    assert found.school_seats.model_dump() == {"used": 6, "offered": 5 + 3 + 2 * 9 * 5}
    # Mondays to Fridays of April, June, July, September; 20 days in May
    assert found.care_days.model_dump() == {"used": 60, "offered": 22 + 20 + 22 + 23 + 22}
    assert found.desks.model_dump() == {"used": 2, "offered": 5}


def test_roles_and_supporters() -> None:
    """r1 runs in June with two holders, r2 in June and July with one; r3, wanted in 5 periods, has none."""
    found = figures(small_world())
    assert found.roles.model_dump() == {
        "holders": 3,
        "wanted_periods": 8,
        "running_periods": 3,
        "holder_periods": 4,
        "missing_holder_periods": 0,
    }
    assert found.role_holders_by_period == {"p1": 0, "p2": 0, "p3": 3, "p4": 1, "p5": 0, "p6": 0}
    assert found.supporters["wide"].model_dump() == {"households": 2, "peak_households": 2, "caseload": 2}
    assert found.supporters["local"].model_dump() == {"households": 1, "peak_households": 1, "caseload": 1}


def test_missing_holders_are_counted() -> None:
    world = small_world()
    world.row("roles", "r3").update(min_holders=2)
    assert figures(world).roles.missing_holder_periods == 2 * 5


def test_cost_and_ways() -> None:
    """Costs 130,000, 62,000, 40,000, 45,000 yen, of which rent 40,000, 50,000, 30,000, 35,000."""
    found = figures(small_world())
    assert found.cost_yen_a_month.model_dump() == {"mean": 69_250, "median": 53_500, "max": 130_000}
    assert found.travel_yen_a_month.model_dump() == {"mean": 30_500, "median": 11_000, "max": 90_000}
    assert found.trip_minutes.model_dump() == {"mean": 155.5, "median": 141, "max": 210}


def test_shared_hazards_are_counted() -> None:
    world = small_world()
    world.row("houses", "a1").update(hazards=["flood", "tsunami"])
    assert {h: n for h, n in figures(world).hazard_overlaps.items() if n} == {"flood": 1}


def wishes_for_c1(world: World, points: int, **more: Any) -> World:
    """Let h4 wish most for the house and periods of h3, who has 4 points."""
    wish = {"household_id": "h4", "list": "stay", "rank": 1, "target_kind": "house", "target_id": "c1"}
    world.tables["choices"].append({**wish, "periods": ["p1", "p3"]})
    world.row("choices", "h4", list="stay", target_id="a1").update(rank=3)
    world.row("households", "h4").update(points=points, **more)
    return world


def test_nobody_envies_in_the_small_world() -> None:
    """h2 has more points than h3, whose room is too small for it; h4 wishes for a1 with fewer points."""
    assert figures(small_world()).justified_envy_households == 0


@pytest.mark.parametrize(
    ("points", "more", "envious"),
    [
        (5, {}, 1),
        (4, {}, 0),
        (5, {"budget_yen": 40_000}, 1),
        (5, {"budget_yen": 39_999}, 0),
        (5, {"max_trip_minutes": 130}, 1),
        (5, {"max_trip_minutes": 129}, 0),
        (5, {"needs": ["pets"]}, 0),
    ],
)
def test_envy_is_justified_by_more_points_and_the_rules_of_a_stay(
    points: int, more: dict[str, Any], envious: int
) -> None:
    assert figures(wishes_for_c1(small_world(), points, **more)).justified_envy_households == envious


def test_envy_through_a_wish_for_a_region() -> None:
    world = small_world()
    world.drop_placement("h3")
    world.row("households", "h3").update(
        points=60, budget_yen=45_000, stay_kind="fixed", stay_periods=["p3", "p4"]
    )
    assert figures(world).justified_envy_households == 1


def test_envy_is_left_out_beyond_the_pairs_asked_for() -> None:
    world = wishes_for_c1(small_world(), 5)
    assert evaluate(*world.build(), envy_pairs_max=0).justified_envy_households is None


def test_unlisted_stays_are_counted() -> None:
    world = small_world()
    world.rules["lists"] = {"stay": {"accept_unlisted": True}}
    world.tables["choices"].remove(world.row("choices", "h1", list="stay", target_id="a1"))
    assert figures(world).stay_ranks == {"1": 1, "2": 2, "unlisted": 1}


def test_nothing_gives_no_figures() -> None:
    instance = Instance()
    found = evaluate(
        instance,
        Allocation(instance_hash=instance.hash, policy="none", status="FEASIBLE", reason="PROVEN"),  # type: ignore[arg-type]
    )
    assert found.fairness.gini is None
    assert found.cost_yen_a_month.mean is None
    assert Metrics.model_validate_json(found.model_dump_json()) == found


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_gini_is_the_mean_difference(utilities: list[int]) -> None:
    """Gini = mean absolute difference of all pairs over twice the mean."""
    values = np.array(utilities)
    mean = values.mean()
    expected = np.abs(values[:, None] - values).mean() / (2 * mean) if mean else 0
    assert gini(values) == pytest.approx(expected, abs=1e-12)


def test_every_figure_says_what_it_is() -> None:
    assert all(field.description for field in Metrics.model_fields.values())
