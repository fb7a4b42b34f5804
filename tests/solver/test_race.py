"""Engines side by side: what comes of them is the optimum, and a bound of all, whoever is first."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from benchmarks.family_cases import gap, knapsack, location

from nichiiki.helping import ProcessHelpers
from nichiiki.market import Market, solve
from nichiiki_models.allocation import Status
from nichiiki_solver import cp_sat, race
from nichiiki_solver.cp_sat import Answer
from nichiiki_solver.helping import Threads
from nichiiki_solver.policies import welfare

CHOICE = np.array([0])
SMALL: dict[str, Callable[[], Market]] = {
    "gap": lambda: gap("D", 3, 8, 1),
    "cfl": lambda: location(3, 6, 2.0, 1),
    "mck": lambda: knapsack(8, 4, 2, 1),
}


def never() -> bool:
    return False


def test_the_best_choice_comes_with_the_best_bound() -> None:
    first, second = Answer(CHOICE, 7, 12), Answer(CHOICE, 9, 15)
    assert race.best_of([first, second]) == Answer(CHOICE, 9, 12)
    assert race.best_of([Answer(None, None, 11), second]) == Answer(CHOICE, 9, 11)
    assert race.best_of([Answer(CHOICE, 9, None), Answer(None, None, None)]) == Answer(CHOICE, 9, None)
    assert race.best_of([]) == Answer(None, None, None)
    assert race.best_of([Answer(None, None, None, infeasible=True)]).infeasible
    # who has a choice has the better argument
    assert not race.best_of([Answer(None, None, None, infeasible=True), second]).infeasible


def test_a_bound_below_what_another_engine_found_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="lies below"):
        race.best_of([Answer(CHOICE, 9, 9), Answer(None, None, 8)])


@pytest.mark.parametrize("family", SMALL)
@pytest.mark.parametrize("engine", race.ENGINES)
def test_every_engine_proves_the_optimum(family: str, engine: str) -> None:
    market = SMALL[family]()
    found = race.search(engine, market, market.utility[0], None, 30.0, 0.0)
    best = solve(market, time_limit_s=30)
    assert found.objective == best.objective == found.bound


def test_who_proves_first_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def watched(engine: str, *piece: Any) -> Answer:
        asked.append(engine)
        return searched(engine, *piece)

    searched, market = race.search, SMALL["gap"]()
    monkeypatch.setattr(race, "search", watched)
    found = race.solve_level(
        market,
        market.utility[0],
        helpers=Threads(),
        hint=None,
        time_limit_s=30,
        relative_gap=0.0,
        should_stop=never,
    )
    assert found.objective == found.bound
    assert asked == [race.ENGINES[0]]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_plain_market_is_proven_with_one_process_and_with_two(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CP-SAT has no time here, so that the others must prove it."""
    monkeypatch.setattr(welfare, "CP_SAT_SHARE", 1e-6)
    for make in SMALL.values():
        market = make()
        expected = solve(market, engine="cp_sat", time_limit_s=60)
        found = solve(market, workers=workers, time_limit_s=60)
        assert found.status is Status.OPTIMAL
        assert found.objective == expected.objective


def test_told_to_stop_it_has_no_answer() -> None:
    market = SMALL["mck"]()
    helpers = ProcessHelpers.local(2)
    found = race.solve_level(
        market,
        market.utility[0],
        helpers=helpers,
        hint=None,
        time_limit_s=30,
        relative_gap=0.0,
        should_stop=lambda: True,
    )
    assert found.choice is None and not found.infeasible


@pytest.mark.parametrize("engine", race.ENGINES)
@pytest.mark.parametrize("name", SMALL)
def test_an_engine_may_begin_with_an_answer(engine: str, name: str) -> None:
    market = SMALL[name]()
    best = cp_sat.solve_level(market, market.utility[0])
    found = race.search(engine, market, market.utility[0], best.choice, 30.0, 0.0)
    assert found.objective == found.bound == best.objective
