"""Super and strong stability, and Király's approximation, against every matching of small markets with ties."""

from __future__ import annotations

import os
from collections.abc import Callable
from operator import ge, le
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nichiiki.matching import hospital_residents, large_stable, stable_with_ties
from nichiiki_matching_oracle import Pairs, residents_game
from nichiiki_matching_small import hospitals, opposed
from nichiiki_models.allocation import Status
from nichiiki_models.errors import UsageError
from nichiiki_solver.matching.results import Matching

FULL = os.environ.get("NICHIIKI_FULL") == "1"
Market = tuple[list[list[Any]], list[list[Any]], list[int]]


def pairs(matching: Matching) -> Pairs:
    return frozenset((int(i), int(j)) for i, j in matching.pairs)


@pytest.mark.parametrize("stability", ["strong", "super"])
def test_exists_exactly_if_enumeration_finds_one(stability: Any) -> None:
    @settings(max_examples=300 if FULL else 50)
    @given(hospitals(ties=True))
    def check(market: Market) -> None:
        game = residents_game(*market)
        stable = game.stable(stability)
        found = stable_with_ties(*market, stability=stability)
        assert (found.status is Status.OPTIMAL) == bool(stable)
        if found.matching is not None:
            mine = game.left_profile(pairs(found.matching))
            assert pairs(found.matching) in stable
            assert all(
                mine[r] <= other[r]
                for m in stable
                for other in [game.left_profile(m)]
                for r in range(len(mine))
            )

    check()


@pytest.mark.parametrize("stability", ["strong", "super"])
def test_best_for_hospitals_is_worst_for_residents(stability: Any) -> None:
    @settings(max_examples=3000 if FULL else 100)
    @given(st.one_of(hospitals(ties=True), opposed()))
    def check(market: Market) -> None:
        game = residents_game(*market)
        stable = game.stable(stability)
        found = stable_with_ties(*market, stability=stability, optimal="hospitals")
        assert (found.status is Status.OPTIMAL) == bool(stable)
        if found.matching is not None:
            mine = pairs(found.matching)
            assert mine in stable
            for other in stable:
                assert elementwise(le, game.right_profile(mine), game.right_profile(other))
                assert elementwise(ge, game.left_profile(mine), game.left_profile(other))

    check()


def elementwise(relation: Callable[[int, int], bool], mine: list[list[int]], other: list[list[int]]) -> bool:
    return all(len(a) == len(b) and all(map(relation, a, b)) for a, b in zip(mine, other, strict=True))


def test_the_sides_differ_under_both_kinds_of_stability() -> None:
    """Each hospital wants whom the other one has: two stable matchings, whatever kind of stability."""
    market = [[0, 1], [1, 0]], [[1, 0], [0, 1]], [1, 1]
    for stability in ("strong", "super"):
        for optimal, expected in (("residents", [0, 1]), ("hospitals", [1, 0])):
            found = stable_with_ties(*market, stability=stability, optimal=optimal)  # type: ignore[arg-type]
            assert found.matching is not None
            assert found.matching.hospital_of.tolist() == expected


def test_contested_residents_leave_and_the_others_stay() -> None:
    """Three hospitals of two places each like three residents alike, and share two of them: those two must go elsewhere.

    Six places stand against five residents, but who is a candidate of one of them only may stay there.
    """
    a, b, d, e, f, g1, g2, g3 = range(8)
    h1, h2, h3, x, y = range(5)
    residents: list[list[Any]] = [
        [x, [h1, h2, h3]],
        [y, [h1, h2, h3]],
        [h1],
        [h2],
        [h3],
        [h1, x],
        [h2, y],
        [h3],
    ]
    places: list[list[Any]] = [[[a, b, d], g1], [[a, b, e], g2], [[a, b, f], g3], [g1, a], [g2, b]]
    found = stable_with_ties(residents, places, [2, 2, 2, 1, 1], stability="strong", optimal="hospitals")
    assert found.matching is not None
    assert found.matching.hospital_of.tolist() == [x, y, h1, h2, h3, h1, h2, h3]


@given(hospitals(ties=True))
def test_super_within_strong_within_weak(market: Market) -> None:
    game = residents_game(*market)
    weak, strong, super_ = (set(game.stable(s)) for s in ("weak", "strong", "super"))
    assert super_ <= strong <= weak
    found = stable_with_ties(*market, stability="super").matching
    if found is not None:
        assert found.blocking_pairs("strong") == found.blocking_pairs("weak") == []


@given(hospitals())
def test_without_ties_all_three_are_one(market: Market) -> None:
    weak = pairs(hospital_residents(*market))
    for stability in ("strong", "super"):
        found = stable_with_ties(*market, stability=stability).matching
        assert found is not None
        assert pairs(found) == weak


@pytest.mark.parametrize("stability", ["strong", "super"])
def test_without_ties_the_best_for_hospitals_is_that_of_deferred_acceptance(stability: Any) -> None:
    @given(hospitals())
    def check(market: Market) -> None:
        found = stable_with_ties(*market, stability=stability, optimal="hospitals").matching
        assert found is not None
        assert pairs(found) == pairs(hospital_residents(*market, optimal="hospitals"))

    check()


@settings(max_examples=300 if FULL else 50)
@given(hospitals(ties=True, residents=6))
def test_kiraly_reaches_two_thirds_of_the_largest(market: Market) -> None:
    game = residents_game(*market)
    found = pairs(large_stable(*market))
    assert not game.blocking(found)
    assert 3 * len(found) >= 2 * max(map(len, game.stable()))


def test_super_stable_in_the_cycle_of_two() -> None:
    """Two men and two women who are all indifferent: no super-stable and no strongly stable matching fails to block or not.

    Irving (1994), Stable marriage and indifference: with complete indifference every matching is strongly stable and none
    is super-stable.
    """
    tied = [[[0, 1]], [[0, 1]]]
    assert stable_with_ties(tied, tied, [1, 1], stability="super").status is Status.INFEASIBLE
    assert stable_with_ties(tied, tied, [1, 1], stability="strong").status is Status.OPTIMAL


def test_no_strongly_stable_matching_of_two() -> None:
    """Irving (1994): both men prefer one woman, who is indifferent; the other woman ranks them the same way."""
    found = stable_with_ties([[0, 1], [0, 1]], [[[0, 1]], [0, 1]], [1, 1], stability="strong")
    assert found.status is Status.INFEASIBLE


def test_unknown_stability_is_refused() -> None:
    with pytest.raises(UsageError, match="'weak' is unknown"):
        stable_with_ties([[0]], [[0]], [1], stability="weak")  # type: ignore[arg-type]


def test_unknown_side_is_refused() -> None:
    with pytest.raises(UsageError, match="'towns' is unknown; allowed are 'residents' and 'hospitals'"):
        stable_with_ties([[0]], [[0]], [1], stability="super", optimal="towns")  # type: ignore[arg-type]
