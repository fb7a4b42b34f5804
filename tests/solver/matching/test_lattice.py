"""All stable matchings and the best of them against every matching of small markets."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from nichiiki.matching import best_stable, hospital_residents, stable_matchings
from nichiiki_matching_oracle import Pairs, residents_game
from nichiiki_matching_small import hospitals
from nichiiki_models.errors import UnsupportedMarketError, UsageError
from nichiiki_solver.matching.results import Matching

FULL = os.environ.get("NICHIIKI_FULL") == "1"

Market = tuple[list[list[Any]], list[list[Any]], list[int]]


def pairs(matching: Matching) -> Pairs:
    return frozenset((int(i), int(j)) for i, j in matching.pairs)


@settings(max_examples=300 if FULL else 50)
@given(hospitals(residents=6, hospitals=5, full=True) | hospitals())
def test_every_stable_matching_once(market: Market) -> None:
    found = [pairs(m) for m in stable_matchings(*market)]
    stable = residents_game(*market).stable()
    assert len(found) == len(set(found))
    assert set(found) == set(stable)
    assert found[0] == pairs(hospital_residents(*market))
    assert found[-1] == pairs(hospital_residents(*market, optimal="hospitals"))


@settings(max_examples=200 if FULL else 40)
@given(hospitals(residents=6, hospitals=5, full=True) | hospitals())
def test_egalitarian_and_minimum_regret_are_the_least_of_all(market: Market) -> None:
    game = residents_game(*market)
    stable = game.stable()
    assert best_stable(*market).cost == min(map(game.cost, stable))
    assert best_stable(*market, goal="minimum_regret").regret == min(map(game.regret, stable))


@pytest.mark.parametrize("seed", range(20))
def test_longer_chains_of_rotations(seed: int) -> None:
    """Marriages of seven with cyclic lists on top of random ones have many rotations, some of which pass over women."""
    rng = np.random.default_rng(seed)
    n = 7
    men = [np.roll(np.arange(n), -i).tolist() for i in range(n)]
    women = [np.roll(np.arange(n), -i - 1).tolist() for i in range(n)]
    for row in (*men, *women):
        a, b = rng.integers(0, n, 2)
        row[a], row[b] = row[b], row[a]
    listed = list(stable_matchings(men, women))
    assert {pairs(m) for m in listed} == set(_stable_permutations(men, women))
    assert best_stable(men, women).cost == min(m.cost for m in listed)
    assert best_stable(men, women, goal="minimum_regret").regret == min(m.regret for m in listed)


def _stable_permutations(men: list[list[int]], women: list[list[int]]) -> list[Pairs]:
    """Stable marriages of complete lists, by extending partial ones that no matched pair blocks."""
    n = len(men)
    rank_m, rank_w = ([{x: k for k, x in enumerate(row)} for row in side] for side in (men, women))
    found: list[tuple[int, ...]] = [()]
    for man in range(n):
        found = [
            (*wives, woman)
            for wives in found
            for woman in set(range(n)) - set(wives)
            if not any(
                (rank_m[other][woman] < rank_m[other][wife] and rank_w[woman][other] < rank_w[woman][man])
                or (rank_m[man][wife] < rank_m[man][woman] and rank_w[wife][man] < rank_w[wife][other])
                for other, wife in enumerate(wives)
            )
        ]
    return [frozenset(enumerate(wives)) for wives in found]


def test_ties_are_refused() -> None:
    with pytest.raises(UnsupportedMarketError, match="ties"):
        list(stable_matchings([[[0, 1]]], [[0], [0]]))


def test_unknown_goal_is_refused() -> None:
    with pytest.raises(UsageError, match="allowed are egalitarian and minimum_regret"):
        best_stable([[0]], [[0]], goal="sex_equal")
