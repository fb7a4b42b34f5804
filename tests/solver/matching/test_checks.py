"""The checks against definitions, on matchings that are stable and on others."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from nichiiki.matching import Marriage, Matching, many_to_many
from nichiiki_matching_oracle import Game, Pairs, residents_game
from nichiiki_matching_small import both_capacities, hospitals
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_solver.matching import checks
from nichiiki_solver.matching.hospitals import hospital_market
from nichiiki_solver.matching.market import TwoSided, two_sided
from nichiiki_solver.matching.results import certified

Market = tuple[list[list[Any]], list[list[Any]], list[int]]
TwoCaps = tuple[list[list[Any]], list[list[Any]], list[int], list[int]]
SOME = 30


def mask(market: TwoSided, matching: Pairs) -> np.ndarray[Any, np.dtype[np.bool_]]:
    pairs = zip(market.left.tolist(), market.right.tolist(), strict=True)
    return np.array([pair in matching for pair in pairs], dtype=bool)


def listed(market: TwoSided, found: np.ndarray[Any, np.dtype[np.bool_]]) -> set[tuple[int, int]]:
    return set(zip(market.left[found].tolist(), market.right[found].tolist(), strict=True))


@pytest.mark.parametrize("stability", ["weak", "strong", "super"])
def test_blocking_pairs_are_those_of_the_definition(stability: Any) -> None:
    @given(both_capacities(ties=True))
    def check(given_: TwoCaps) -> None:
        market, game = two_sided(*given_), Game(*given_)
        for matching, _ in zip(game.matchings(), range(SOME), strict=False):
            found = checks.blocking(market, mask(market, matching), stability=stability)
            assert listed(market, found) == game.blocking(matching, stability)

    check()


@given(both_capacities(ties=True))
def test_weak_blocking_is_envy_or_waste(given_: TwoCaps) -> None:
    market, game = two_sided(*given_), Game(*given_)
    for matching, _ in zip(game.matchings(), range(SOME), strict=False):
        held = mask(market, matching)
        envy, waste = checks.justified_envy(market, held), checks.wasted(market, held)
        np.testing.assert_array_equal(envy | waste, checks.blocking(market, held))
        worst, _ = game.worst(matching)
        assert listed(market, envy) == {
            (i, j)
            for i, j in game.pairs
            if (i, j) not in matching
            and game.left[i][j] < worst[i]
            and any(h == j and game.right[j][i] < game.right[j][k] for k, h in matching)
        }


@given(hospitals(ties=True, residents=4, hospitals=3))
def test_improvement_exists_exactly_if_some_matching_is_better_for_residents(given_: Market) -> None:
    market, game = hospital_market(*given_), residents_game(*given_)
    every = list(game.matchings())
    for matching in every[:SOME]:
        moves = dict(checks.pareto_improvement(market, mask(market, matching)))
        assert bool(moves) == any(better(game, other, matching) for other in every)
        if moves:
            moved = {**dict(matching), **moves}
            assert frozenset(moved.items()) in every
            assert better(game, frozenset(moved.items()), matching)


def better(game: Game, new: Pairs, old: Pairs) -> bool:
    ranks = [
        [dict(enumerate(game.left))[i].get(dict(m).get(i, -1), 99) for i in range(len(game.left))]
        for m in (new, old)
    ]
    return ranks[0] != ranks[1] and all(a <= b for a, b in zip(*ranks, strict=True))


def test_deferred_acceptance_need_not_be_efficient_for_residents() -> None:
    """Two residents swap what the schools' priorities gave them: stability and efficiency conflict (Roth 1982)."""
    market = hospital_market([[1, 0], [0, 1], [0]], [[0, 2, 1], [1, 0]], [1, 1])
    held = mask(market, frozenset({(0, 0), (1, 1)}))
    assert not checks.blocking(market, held).any()
    assert sorted(checks.pareto_improvement(market, held)) == [(0, 1), (1, 0)]


def test_an_unstable_matching_is_withheld() -> None:
    market = two_sided([[0, 1], [0, 1]], [[0, 1], [0, 1]], 1, 1)
    with pytest.raises(VerificationError, match="left=0 right=0: both would rather"):
        certified(Marriage(market, mask(market, frozenset({(0, 1), (1, 0)}))))


def test_a_matching_over_capacity_is_withheld() -> None:
    market = two_sided([[0], [0]], [[0, 1]], 1, 1)
    with pytest.raises(VerificationError, match="right=0: more partners"):
        certified(Matching(market, mask(market, frozenset({(0, 0), (1, 0)}))))


def test_no_improvement_is_asked_of_those_with_several_partners() -> None:
    with pytest.raises(UsageError, match="allowed are 0 and 1"):
        many_to_many([[0]], [[0]], [2], [1]).pareto_improvement()


def test_unknown_stability_is_refused() -> None:
    with pytest.raises(UsageError, match="allowed are weak, strong, super"):
        many_to_many([[0]], [[0]], [1], [1]).blocking_pairs("total")  # type: ignore[arg-type]


PROBE = """
import sys
import nichiiki_solver.matching.checks, nichiiki_solver.matching.couple_checks, nichiiki_solver.matching.project_checks
ours = {name.rpartition(".")[2] for name in sys.modules if name.startswith("nichiiki_solver.matching.")}
print(sorted(ours), "ortools" in sys.modules)
"""


def test_checks_load_no_algorithm() -> None:
    probe = subprocess.run(
        [sys.executable, "-c", PROBE], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True
    )
    assert probe.returncode == 0, probe.stderr
    data = [
        "checks",
        "couple_checks",
        "couple_market",
        "market",
        "preferences",
        "project_checks",
        "project_market",
    ]
    assert probe.stdout.strip() == f"{data} False"


def test_every_pair_of_stable_and_unstable_marriages_of_two() -> None:
    """Both sides agree on who is better: the assortative marriage is the only stable one."""
    market = two_sided([[0, 1], [0, 1]], [[0, 1], [0, 1]], 1, 1)
    for first, second in product((0, 1), repeat=2):
        if first != second:
            blocks = checks.blocking(market, mask(market, frozenset({(0, first), (1, second)}))).any()
            assert blocks == (first == 1)
