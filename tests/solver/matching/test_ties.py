"""Super and strong stability, and Király's approximation, against every matching of small markets with ties."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from nichiiki.matching import hospital_residents, large_stable, stable_with_ties
from nichiiki_matching_oracle import Pairs, residents_game
from nichiiki_matching_small import hospitals
from nichiiki_models.allocation import Status
from nichiiki_models.errors import UsageError
from nichiiki_solver.matching.results import Matching

Market = tuple[list[list[Any]], list[list[Any]], list[int]]


def pairs(matching: Matching) -> Pairs:
    return frozenset((int(i), int(j)) for i, j in matching.pairs)


@pytest.mark.parametrize("stability", ["strong", "super"])
def test_exists_exactly_if_enumeration_finds_one(stability: Any) -> None:
    @settings(max_examples=300)
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


@settings(max_examples=300)
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
