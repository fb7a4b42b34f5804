"""Deferred acceptance against theory and against every stable matching of small markets."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki.matching import hospital_residents, many_to_many, stable_marriage
from nichiiki_matching_oracle import Game, Pairs, residents_game
from nichiiki_matching_small import both_capacities, hospitals
from nichiiki_models.errors import UsageError
from nichiiki_solver.matching.deferred_acceptance import propose
from nichiiki_solver.matching.market import two_sided
from nichiiki_solver.matching.results import Matching

Market = tuple[list[list[Any]], list[list[Any]], list[int]]
TwoCaps = tuple[list[list[Any]], list[list[Any]], list[int], list[int]]


def pairs(matching: Matching) -> Pairs:
    return frozenset((int(i), int(j)) for i, j in matching.pairs)


@given(hospitals())
def test_residents_get_their_best_stable_hospital(market: Market) -> None:
    game = residents_game(*market)
    found = hospital_residents(*market)
    assert pairs(found) in game.stable()
    mine = game.left_profile(pairs(found))
    assert all(
        mine[r] <= other[r]
        for m in game.stable()
        for other in [game.left_profile(m)]
        for r in range(len(mine))
    )


@given(hospitals())
def test_hospital_optimal_is_the_worst_stable_one_for_residents(market: Market) -> None:
    game = residents_game(*market)
    found = hospital_residents(*market, optimal="hospitals")
    assert pairs(found) in game.stable()
    mine = game.left_profile(pairs(found))
    assert all(
        mine[r] >= other[r]
        for m in game.stable()
        for other in [game.left_profile(m)]
        for r in range(len(mine))
    )


@given(both_capacities())
def test_many_to_many_is_best_for_the_proposing_side(market: TwoCaps) -> None:
    """The optimal stable matching is, for each worker, at least as good as every other one, place by place."""
    game = Game(*market)
    stable = game.stable()
    found = pairs(many_to_many(*market))
    assert found in stable
    mine = game.left_profile(found)
    for other in map(game.left_profile, stable):
        assert all(
            len(a) == len(b) and all(x <= y for x, y in zip(a, b, strict=True))
            for a, b in zip(mine, other, strict=True)
        )
    assert pairs(many_to_many(*market, optimal="firms")) in stable


@given(both_capacities(ties=True), st.integers(0, 5))
def test_any_order_inside_ties_is_weakly_stable(market: TwoCaps, seed: int) -> None:
    found = many_to_many(*market, seed=seed)
    assert not Game(*market).blocking(pairs(found))
    assert pairs(found) == pairs(many_to_many(*market, seed=seed))


@given(hospitals(residents=6))
def test_rural_hospitals_theorem(market: Market) -> None:
    """Every stable matching fills the same places and leaves the same residents out; a hospital short of residents always has
    the same ones (Roth 1986)."""
    stable = residents_game(*market).stable()
    first = stable[0]
    for other in stable:
        assert {i for i, _ in other} == {i for i, _ in first}
        for hospital, capacity in enumerate(market[2]):
            a, b = ({i for i, j in m if j == hospital} for m in (first, other))
            assert len(a) == len(b)
            assert len(a) == capacity or a == b


@given(hospitals())
def test_join_and_meet_of_stable_matchings_are_stable(market: Market) -> None:
    """Residents who each take the better (or the worse) of two stable hospitals form a stable matching (Conway)."""
    game = residents_game(*market)
    stable = game.stable()
    for one, two in product(stable, repeat=2):
        for pick in (min, max):
            joined = {
                r: pick((h for m in (one, two) for s, h in m if s == r), key=game.left[r].__getitem__)
                for r, _ in one
            }
            assert frozenset(joined.items()) in stable


@pytest.mark.parametrize("seed", range(3))
def test_no_proposer_gains_by_any_report(seed: int) -> None:
    """Strategy-proofness for the proposing side (Roth 1982, Dubins and Freedman 1981), every report of every man tried."""
    rng = np.random.default_rng(seed)
    men, women = ([rng.permutation(3).tolist() for _ in range(3)] for _ in range(2))
    truth = stable_marriage(men, women).right_of
    reports = [list(r) for k in range(4) for r in permutations(range(3), k)]
    for man, report in product(range(3), reports):
        lied = [report if m == man else men[m] for m in range(3)]
        got = int(stable_marriage(lied, women).right_of[man])
        assert got < 0 or men[man].index(got) >= men[man].index(int(truth[man]))


@given(both_capacities(), st.sampled_from([0, 1, 256]))
def test_rounds_and_one_by_one_agree(market: TwoCaps, few: int) -> None:
    joined = two_sided(*market)
    np.testing.assert_array_equal(propose(joined, few=few), propose(joined))


@pytest.mark.parametrize("few", [0, 50])
def test_rounds_and_one_by_one_agree_at_a_larger_size(few: int) -> None:
    """Popular hospitals with many places: the cut of a list moves through several windows."""
    rng = np.random.default_rng(1)
    n, m = 400, 12
    residents = [np.argsort(rng.random(m) + np.arange(m) / 6)[:8].tolist() for _ in range(n)]
    market = two_sided(residents, [rng.permutation(n).tolist() for _ in range(m)], 1, rng.integers(5, 60, m))
    np.testing.assert_array_equal(propose(market, few=few), propose(market, few=10**9))
    flipped = market.flipped()
    np.testing.assert_array_equal(propose(flipped, few=few), propose(flipped, few=10**9))


def test_nobody() -> None:
    assert hospital_residents([], [], []).hospital_of.tolist() == []
    assert hospital_residents([[], []], [[]], [3]).hospital_of.tolist() == [-1, -1]


def test_flat_arrays_and_lists_agree() -> None:
    lists = hospital_residents([[0, 1], [[0, 1]]], [[1, 0], [0, 1]], [1, 1])
    flat = hospital_residents(
        (np.array([0, 2, 4]), np.array([0, 1, 0, 1]), np.array([0, 1, 7, 7])),
        (np.array([0, 2, 4]), np.array([1, 0, 0, 1])),
        np.array([1, 1]),
    )
    np.testing.assert_array_equal(lists.hospital_of, flat.hospital_of)
    np.testing.assert_array_equal(lists.market.left_rank, flat.market.left_rank)


def test_unknown_side_is_refused() -> None:
    with pytest.raises(UsageError, match="allowed are residents and hospitals"):
        hospital_residents([[0]], [[0]], [1], optimal="resident")
