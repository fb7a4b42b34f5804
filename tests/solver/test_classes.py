"""Classes of schools: the fewest by brute force, the limits of the standard, and a class that opens or closes."""

import random
from typing import Any

import pytest

import nichiiki as nk
from nichiiki_models.rules import ClassRule
from nichiiki_models.tables import SCHOOL_GRADES
from nichiiki_oracle.tiny import tiny
from nichiiki_solver.classes import classes

LIMITS = dict.fromkeys(SCHOOL_GRADES, 35)


@pytest.mark.parametrize(
    ("pupils", "expected"),
    [
        ({"2": 35}, 1),
        ({"2": 36}, 2),
        ({"2": 71}, 3),
        ({"2": 8, "3": 8}, 1),
        ({"2": 8, "3": 9}, 2),
        ({"1": 4, "2": 4}, 1),
        ({"1": 4, "2": 5}, 2),
        ({"7": 4, "8": 4}, 1),
        ({"7": 4, "8": 5}, 2),
        ({"6": 1, "7": 1}, 2),
        ({"2": 5, "4": 5}, 2),
        ({"2": 5, "3": 5, "4": 5}, 2),
        ({"2": 5, "3": 0}, 1),
        ({}, 0),
    ],
)
def test_limits_of_the_standard(pupils: dict[str, int], expected: int) -> None:
    assert classes(pupils, LIMITS, ClassRule()) == expected


def by_hand(pupils: dict[str, int]) -> int:
    """Every way to pair neighbouring grades."""

    def fewest(at: int) -> int:
        if at == len(SCHOOL_GRADES):
            return 0
        grade = SCHOOL_GRADES[at]
        alone = -(-pupils[grade] // 35) + fewest(at + 1)
        if at + 1 == len(SCHOOL_GRADES) or grade == "6":
            return alone
        together = pupils[grade] + pupils[SCHOOL_GRADES[at + 1]]
        most = 8 if grade == "1" or at >= 6 else 16
        if min(pupils[grade], pupils[SCHOOL_GRADES[at + 1]]) == 0 or together > most:
            return alone
        return min(alone, 1 + fewest(at + 2))

    return fewest(0)


def test_the_fewest_classes_are_those_of_brute_force() -> None:
    rng = random.Random(1)  # noqa: S311
    for _ in range(500):
        pupils = {grade: rng.choice((0, 1, 3, 4, 5, 8, 9, 16, 35, 36, 70)) for grade in SCHOOL_GRADES}
        assert classes(pupils, LIMITS, ClassRule()) == by_hand(pupils)


def changes(**cells: Any) -> list[tuple[str, int, int]]:
    """Schools of the tiny market whose classes change: period, before, after; one guest in grade 2 in p1 and p2."""
    instance = tiny(**cells)
    allocation = nk.allocate(instance, policy="points").allocation
    assert allocation is not None
    return [(row.period_id, row.before, row.after) for row in nk.evaluate(instance, allocation).class_changes]


def test_a_guest_opens_a_class_exactly_beyond_the_limit() -> None:
    assert changes(seats__2__enrolled=0) == []  # not stated
    assert changes(seats__2__enrolled=34) == []
    assert changes(seats__2__enrolled=35) == [("p1", 1, 2), ("p2", 1, 2)]
    assert changes(seats__2__enrolled=30, seats__2__class_limit=30) == [("p1", 1, 2), ("p2", 1, 2)]
    assert changes(seats__2__enrolled=30, rules={"classes": {"limit": 30}}) == [("p1", 1, 2), ("p2", 1, 2)]


def test_a_guest_parts_two_grades_that_shared_a_class() -> None:
    third = {"facility_id": "school", "band": "3", "seats": 1, "enrolled": 8}
    assert changes(seats=[third], seats__2__enrolled=7) == []
    assert changes(seats=[third], seats__2__enrolled=8) == [("p1", 1, 2), ("p2", 1, 2)]


def test_a_class_closes_where_the_guest_of_the_last_time_stays_away() -> None:
    before = [
        {"household_id": "a", "item_kind": "stay", "target_id": "house", "periods": ("p3",)},
        {"household_id": "a", "item_kind": "school", "person_id": "a-pupil", "target_id": "school"},
    ]
    assert changes(seats__2__enrolled=35, previous=before) == [("p1", 1, 2), ("p2", 1, 2), ("p3", 2, 1)]
