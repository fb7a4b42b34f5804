"""What cannot be used is refused with side, row, value and what is allowed; what one side does not list is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nichiiki.matching import Preferences, allocate_projects, hospital_residents, match_couples, two_sided
from nichiiki_models.errors import MarketError, UnsupportedMarketError

GOOD: dict[str, Any] = {
    "resident_prefs": [[0, 1], [1]],
    "hospital_prefs": [[0], [1, 0]],
    "capacities": [1, 1],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"resident_prefs": [[0, 1], [2]]},
            r"residents, row 1: id 2 is not on the other side; allowed are 0 to 1",
        ),
        ({"resident_prefs": [[0, -1], [1]]}, r"residents, row 0: id -1"),
        ({"hospital_prefs": [[0, 0], [1]]}, r"hospitals, row 0: id 0 is listed twice; allowed is once"),
        ({"hospital_prefs": [[0], [[1, 1]]]}, r"hospitals, row 1: id 1 is listed twice"),
        (
            {"resident_prefs": [["a"], [1]]},
            r"residents, row 0: 'a' is no id; allowed are 0-based whole numbers",
        ),
        ({"resident_prefs": [[0.5], [1]]}, r"residents, row 0: 0\.5 is no id"),
        ({"resident_prefs": [[2**70], [1]]}, r"residents, row 0: 1180591620717411303424 is no id"),
        ({"capacities": [1]}, r"hospitals: 1 capacities for 2 rows; give one per row"),
        ({"capacities": [1, -2]}, r"hospitals, row 1: capacity -2; allowed is 0 or more"),
        ({"capacities": [1.5, 2]}, r"hospitals: capacities must be whole numbers, got float64"),
    ],
)
def test_message_names_side_row_value_and_what_is_allowed(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MarketError, match=message):
        hospital_residents(**{**GOOD, **change})


@pytest.mark.parametrize(
    ("flat", "message"),
    [
        ((np.array([0, 2]), np.array([0])), r"offsets must begin with 0 and end with the number of ids, 1"),
        ((np.array([0, 2, 1]), np.array([0])), r"row 1: offsets fall from 2 to 1"),
        ((np.array([0, 1]), np.array([0.0])), r"must hold whole numbers"),
        ((np.array([0, 2]), np.array([0, 1]), np.array([0])), r"1 ranks for 2 ids; give one per id"),
        (
            (np.array([0, 2]), np.array([0, 1]), np.array([1, 0])),
            r"row 0: rank 0 after 1; list the best first",
        ),
    ],
)
def test_flat_arrays_that_do_not_fit_are_refused(flat: Any, message: str) -> None:
    with pytest.raises(MarketError, match=f"residents.*{message}"):
        hospital_residents(flat, [[0], [0]], [1, 1])


def test_entries_of_one_side_only_are_left_out_and_counted() -> None:
    found = hospital_residents([[0, 1], [0]], [[1], [0, 1]], [1, 1])
    assert found.market.one_sided == 2
    assert found.hospital_of.tolist() == [1, 0]


def test_ranks_are_renumbered_within_each_row() -> None:
    market = two_sided(
        Preferences(np.array([0, 0, 3, 4]), np.array([2, 0, 1, 0]), np.array([5, 5, 9, 4])),
        [[1, 2], [1], [1]],
        1,
        1,
    )
    assert market.left_rank.tolist() == [0, 0, 1, 0]


COUPLE: dict[str, Any] = {
    "resident_prefs": [[], [], [0]],
    "couples": [(0, 1)],
    "couple_prefs": [[(0, 1)]],
    "hospital_prefs": [[0, 2], [1]],
    "capacities": [1, 1],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"couples": [(0, 3)]}, r"couples, row 0: \(0, 3\); allowed are two residents from 0 to 2"),
        ({"couples": [(0, 0)]}, r"couples, row 0: \(0, 0\); a resident is in at most one couple"),
        ({"couple_prefs": []}, r"couples: 0 lists for 1 couples; give one per couple"),
        (
            {"couple_prefs": [[(0, 5)]]},
            r"couples, \(0, 1\): \(0, 5\) is no option; allowed are hospitals -1 to 1",
        ),
        ({"couple_prefs": [[(0, 1), (0, 1)]]}, r"an option is listed twice"),
        ({"hospital_prefs": [[0, 9], [1]]}, r"hospitals, row 0: resident 9 is unknown; allowed are 0 to 2"),
        ({"hospital_prefs": [[0, 0], [1]]}, r"hospitals, row 0: resident 0 is listed twice"),
        (
            {"capacities": [1, -1]},
            r"hospitals: capacities \[1, -1\]; allowed are 2 whole numbers of 0 or more",
        ),
        ({"resident_prefs": [[], [], [-1]]}, r"residents, \(2,\): \(-1,\) is no option"),
    ],
)
def test_couples_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MarketError, match=message):
        match_couples(**{**COUPLE, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lecturer_of": [1]}, r"projects, row 0: lecturer 1; allowed are 0 to 0"),
        ({"lecturer_of": [0.0]}, r"one whole number per project"),
        ({"student_prefs": [[1]]}, r"students, row 0: id 1 is not on the other side"),
        ({"lecturer_prefs": [[0, 0]]}, r"lecturers, row 0: id 0 is listed twice"),
        ({"project_capacities": [-1]}, r"projects, row 0: capacity -1"),
        ({"lecturer_capacities": [1, 1]}, r"lecturers: 2 capacities for 1 rows"),
    ],
)
def test_projects_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {
        "student_prefs": [[0]],
        "lecturer_prefs": [[0]],
        "lecturer_of": [0],
        "project_capacities": [1],
        "lecturer_capacities": [1],
    }
    with pytest.raises(MarketError, match=message):
        allocate_projects(**{**good, **change})


def test_ties_of_lecturers_are_refused() -> None:
    with pytest.raises(UnsupportedMarketError, match="lecturers, row 0: ties"):
        allocate_projects([[0], [0]], [[[0, 1]]], [0], [1], [1])
