"""Total points: the household's own, and each row of the points table whose conditions all hold."""

from __future__ import annotations

from typing import Any

import pytest

from nichiiki_small import small_world
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.points import total_points


@pytest.mark.parametrize(
    ("field", "op", "value", "households"),
    [
        ("group", "==", "family", "h1 h2"),
        ("group", "!=", "family", "h3 h4 h5"),
        ("group", ">=", "family", ""),
        ("children", ">=", 1, "h1 h2"),
        ("children", "==", 3, "h1"),
        ("preschool", "==", 1, "h2"),
        ("pupils", ">=", 2, "h1"),
        ("persons", "<=", 1, "h3 h4 h5"),
        ("past_losses", "!=", 0, "h3"),
        ("income_class", "<=", 3, "h2"),
        ("income_class", "==", 4, ""),
        ("income_class", "!=", 3, "h1 h3 h4 h5"),
        ("registration", "==", "none", "h1 h2 h3 h4 h5"),
        ("home_region", "!=", "tokyo", "h5"),
        ("home_region", "==", 1, ""),
        ("car", "==", True, "h2"),
        ("car", "!=", True, "h1 h3 h4 h5"),
        ("car", ">=", True, ""),
        ("children", "==", "many", ""),
        ("children", "!=", "many", "h1 h2 h3 h4 h5"),
    ],
)
def test_condition_holds_for(field: str, op: str, value: Any, households: str) -> None:
    world = small_world()
    world.rules["points"] = [
        {"rule_id": "one", "points": 1000, "when": [{"field": field, "op": op, "value": value}]},
        {
            "rule_id": "never",
            "points": 1,
            "when": [{"field": "persons", "value": 99}, {"field": "persons", "value": 1}],
        },
        {"rule_id": "always", "points": 100},
    ]
    points = total_points(Book(*world.build()))
    own = [5, 0, 0, -30, 0]
    found = [int(total) - mine - 100 for total, mine in zip(points, own, strict=True)]
    assert " ".join(f"h{number + 1}" for number, extra in enumerate(found) if extra) == households
    assert set(found) <= {0, 1000}


@pytest.mark.parametrize(
    ("age", "field", "counts"),
    [(17, "children", True), (18, "children", False), (5, "preschool", True), (6, "preschool", False)],
)
def test_who_is_a_child_and_who_goes_to_school(age: int, field: str, counts: bool) -> None:
    world = small_world()
    world.row("persons", "h3a").update(age=age)
    world.rules["points"] = [
        {"rule_id": "one", "points": 1000, "when": [{"field": field, "op": ">=", "value": 1}]}
    ]
    before = total_points(Book(*small_world().build()))
    assert bool(total_points(Book(*world.build()))[2] - before[2] >= 900) is counts
