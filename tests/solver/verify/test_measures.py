"""What measures add counts where and when they add it: two families, one of everything, and a measure for the second one."""

from __future__ import annotations

from typing import Any

import pytest

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_oracle.tiny import tiny
from nichiiki_solver.allocating import allocate
from nichiiki_solver.verify import verify

SCARCE: dict[str, tuple[dict[str, int], dict[str, Any]]] = {
    "house_units": ({"houses__0__units": 1}, {"target_kind": "house", "target_id": "house"}),
    "desks": (
        {"seats__0__seats": 1},
        {"target_kind": "facility", "target_id": "desks", "band": "desk"},
    ),
    "care_places": (
        {"seats__1__seats": 1},
        {"target_kind": "facility", "target_id": "nursery", "band": "age3"},
    ),
    "school_seats": (
        {"seats__2__seats": 1},
        {"target_kind": "facility", "target_id": "school", "band": "2"},
    ),
    "role_max": ({"roles__0__max_holders": 1}, {"target_kind": "role", "target_id": "role"}),
    "supporter_caseload": (
        {"supporters__0__caseload": 1},
        {"target_kind": "supporter", "target_id": "supporter"},
    ),
}
"""For each rule what makes one of it, and what a measure has to enlarge."""
OTHERS = [
    {"facility_id": "school", "band": "1", "seats": 0},
    {"facility_id": "nursery", "band": "age0", "seats": 0, "days": 8},
    {"facility_id": "elsewhere", "band": "2", "seats": 0},
]
"""Seats of another grade and of another school, which no measure here touches."""
ELSEWHERE = {"facility_id": "elsewhere", "region_id": "other", "lat": 36.5, "lon": 138.0, "kind": "school"}


def world(cells: dict[str, Any], measure: dict[str, Any]) -> Instance:
    return tiny(
        "a",
        "b",
        facilities=[ELSEWHERE],
        seats=OTHERS,
        measures=[{"measure_id": "m", "cost_yen": 0, **measure}],
        **cells,
    )


def with_both(instance: Instance, *, taken: bool) -> Allocation:
    """Both families have everything, and the measure is taken or not."""
    allocation = allocate(tiny("a", "b"), policy="points").allocation
    assert allocation is not None
    assert len(allocation.placements) == 2
    shape = allocation.model_dump() | {"levels": (), "objective": None, "bound": None}
    shape |= {
        "measures": [{"measure_id": "m", "cost_yen": 0}] if taken else [],
        "instance_hash": instance.hash,
    }
    return Allocation.model_validate(shape)


def broken(instance: Instance, *, taken: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for violation in verify(instance, with_both(instance, taken=taken)):
        found.setdefault(violation.rule, []).append(violation.where)
    return found


@pytest.mark.parametrize("rule", SCARCE)
def test_a_measure_adds_what_is_lacking(rule: str) -> None:
    cells, target = SCARCE[rule]
    instance = world(cells, {**target, "adds": 1})
    assert broken(instance, taken=True) == {}
    assert broken(instance, taken=False).keys() == {rule}


@pytest.mark.parametrize("rule", SCARCE)
def test_it_counts_from_its_first_period(rule: str) -> None:
    cells, target = SCARCE[rule]
    instance = world(cells, {**target, "adds": 1, "from_period": "p2"})
    (places,) = broken(instance, taken=True).values()
    assert [place.split(" ")[-1] for place in places] == ["p1"]


@pytest.mark.parametrize("rule", SCARCE)
def test_where_it_adds_nothing_it_is_not_used(rule: str) -> None:
    """Enough without it, so that it was taken in vain."""
    cells, target = SCARCE[rule]
    enough = {name: 2 for name in cells}
    assert broken(world(enough, {**target, "adds": 1}), taken=True).keys() == {"measure_unused"}


@pytest.mark.parametrize("other", [{"band": "1"}, {"target_id": "elsewhere"}])
def test_seats_of_another_grade_or_school_help_nobody(other: dict[str, Any]) -> None:
    cells, target = SCARCE["school_seats"]
    instance = world(cells, {**target, **other, "adds": 1})
    assert broken(instance, taken=True).keys() == {"school_seats"}


@pytest.mark.parametrize("units", [1, 2])
def test_a_house_that_is_opened_has_its_units(units: int) -> None:
    """Nobody could live there without the measure, so that it is used; it opens as many units as the house has."""
    instance = world(
        {"houses__0__ready": False, "houses__0__units": units}, {"target_kind": "house", "target_id": "house"}
    )
    found = broken(instance, taken=True)
    assert found.keys() == (set() if units == 2 else {"house_units"})
    assert "house_not_ready" in broken(instance, taken=False)


def test_a_care_place_gives_its_days() -> None:
    """Ten days are wanted, one place has eight: the second one is needed, though two of its days would do."""
    days = {"persons__1__care_days": 5, "persons__4__care_days": 5}
    cells, target = SCARCE["care_places"]
    instance = world({**cells, **days}, {**target, "adds": 1})
    assert broken(instance, taken=True) == {}
    assert broken(instance, taken=False).keys() == {"care_places"}
