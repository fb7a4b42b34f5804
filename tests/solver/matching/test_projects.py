"""Student-project allocation against every allocation of small markets."""

from __future__ import annotations

import os

from hypothesis import given, settings

from nichiiki.matching import allocate_projects
from nichiiki_matching_oracle import ProjectGame
from nichiiki_matching_small import projects
from nichiiki_solver.matching import project_checks

FULL = os.environ.get("NICHIIKI_FULL") == "1"

Market = tuple[list[list[int]], list[list[int]], list[int], list[int], list[int]]


@settings(max_examples=300 if FULL else 50)
@given(projects())
def test_students_get_their_best_stable_project(market: Market) -> None:
    game = ProjectGame(*market)
    stable = game.stable()
    best = tuple(allocate_projects(*market).project_of.tolist())
    assert best in stable
    for other in stable:
        for student, rank in enumerate(game.rank):
            assert rank.get(best[student], 9) <= rank.get(other[student], 9)


@settings(max_examples=300 if FULL else 50)
@given(projects())
def test_lecturers_get_what_is_worst_for_students(market: Market) -> None:
    """The lecturer-optimal allocation is the worst stable one for every student (Abraham, Irving, Manlove 2007)."""
    game = ProjectGame(*market)
    stable = game.stable()
    worst = tuple(allocate_projects(*market, optimal="lecturers").project_of.tolist())
    assert worst in stable
    for other in stable:
        for student, rank in enumerate(game.rank):
            assert rank.get(worst[student], 9) >= rank.get(other[student], 9)


@given(projects())
def test_the_check_finds_what_the_definition_says(market: Market) -> None:
    game = ProjectGame(*market)
    found = allocate_projects(*market).market
    pairs = list(zip(found.student.tolist(), found.project.tolist(), strict=True))
    for chosen in list(game.matchings())[:60]:
        held = found.project == [chosen[s] for s, _ in pairs] if pairs else found.project > 0
        blocking = {
            pair for pair, blocks in zip(pairs, project_checks.blocking(found, held), strict=True) if blocks
        }
        assert blocking == game.blocking(chosen)
