"""The exact searches against every matching of small markets."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, settings

from nichiiki.matching import largest_stable, match_couples
from nichiiki_matching_oracle import CouplesGame, residents_game
from nichiiki_matching_small import hospitals, with_couples
from nichiiki_models.allocation import Status
from nichiiki_models.errors import UsageError
from nichiiki_solver.matching.hospitals import hospital_market
from nichiiki_solver.matching.reduction import possible_pairs

FULL = os.environ.get("NICHIIKI_FULL") == "1"

Market = tuple[list[list[Any]], list[list[Any]], list[int]]
Couples = tuple[
    dict[int, list[int]], dict[tuple[int, int], list[tuple[int, int]]], list[list[int]], list[int]
]


@given(hospitals(ties=True, residents=6))
def test_largest_stable_is_the_largest(market: Market) -> None:
    game = residents_game(*market)
    found = largest_stable(*market)
    assert found.status is Status.OPTIMAL
    assert found.matching is not None
    assert found.matching.size == found.bound == max(map(len, game.stable()))
    assert not game.blocking(frozenset((int(i), int(j)) for i, j in found.matching.pairs))


@settings(max_examples=200 if FULL else 40)
@given(hospitals(ties=True) | hospitals(ties=False))
def test_reduction_keeps_every_stable_matching_and_adds_none(market: Market) -> None:
    joined = hospital_market(*market)
    small = joined.keep(possible_pairs(joined))
    listed = sorted(zip(small.left.tolist(), small.right.tolist(), strict=True))
    reduced = [[h for r, h in listed if r == i] for i in range(small.n_left)]
    game = residents_game(*market)
    cut = residents_game(*market)
    cut.pairs = [pair for pair in game.pairs if pair[1] in reduced[pair[0]]]
    assert set(game.stable()) == set(cut.stable())


def split(market: Couples) -> tuple[Any, ...]:
    singles, couples, hospital_prefs, caps = market
    residents = [singles.get(r, []) for r in range(len(singles) + 2 * len(couples))]
    return residents, list(couples), list(couples.values()), hospital_prefs, caps


@settings(max_examples=200 if FULL else 40)
@given(with_couples())
def test_couples_have_the_fewest_blocking_pairs(market: Couples) -> None:
    game = CouplesGame(*market)
    every = [(len(game.blocking(m)), -sum(h >= 0 for o in m if o for h in o)) for m in game.matchings()]
    found = match_couples(*split(market))
    assert found.status is Status.OPTIMAL
    assert found.matching is not None
    blocking, placed = min(every)
    assert len(found.matching.blocking_pairs()) == found.blocking_bound == blocking
    assert found.matching.size == found.bound == -placed


@given(with_couples())
def test_the_check_of_couples_finds_what_the_definition_says(market: Couples) -> None:
    game = CouplesGame(*market)
    found = match_couples(*split(market)).matching
    assert found is not None
    assert [people for people, _ in game.agents] == list(found.market.people)
    for chosen in list(game.matchings())[:40]:
        picks = [
            -1 if option is None else options.index(option)
            for option, options in zip(chosen, found.market.options, strict=True)
        ]
        listed = type(found)(
            found.market, found.choice * 0 + picks if picks else found.choice
        ).blocking_pairs()
        assert set(listed) == {(game.agents[a][0], option) for a, option in game.blocking(chosen)}


def test_settings_without_meaning_are_refused() -> None:
    with pytest.raises(UsageError, match="time_limit_s 0"):
        largest_stable([[0]], [[0]], [1], time_limit_s=0)
