"""Engines side by side: what comes of them is the optimum, and a bound of all, whoever is first."""

import time
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from benchmarks.family_cases import gap, knapsack, location

from nichiiki.market import Market, solve
from nichiiki_models.allocation import Status
from nichiiki_sample import sample
from nichiiki_solver import cp_sat, race
from nichiiki_solver.cp_sat import Answer
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
    assert race.best_of([Answer(None, None, None, infeasible=True)]).infeasible
    # who has a choice has the better argument
    assert not race.best_of([Answer(None, None, None, infeasible=True), second]).infeasible


def test_a_bound_below_what_another_engine_found_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="lies below"):
        race.best_of([Answer(CHOICE, 9, 9), Answer(None, None, 8)])


@pytest.mark.parametrize(("engine", "family"), sample(product(race.ENGINES, SMALL), 2))
def test_every_engine_proves_the_optimum(family: str, engine: str) -> None:
    market = SMALL[family]()
    found = race.search(engine, market, market.utility[0], None, 30.0, 0.0, never)
    best = solve(market, time_limit_s=30)
    assert found.objective == best.objective == found.bound


def raced(market: Market, should_stop: Callable[[], bool] = never, limit_s: float = 60) -> Answer:
    return race.solve_level(
        market,
        market.utility[0],
        hint=None,
        time_limit_s=limit_s,
        relative_gap=0.0,
        should_stop=should_stop,
    )


def test_who_proves_first_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_waits(engine: str, *piece: Any) -> Answer:
        while engine != race.ENGINES[0] and not piece[-1]():
            time.sleep(0.05)
        return searched(engine, *piece)

    searched = race.search
    monkeypatch.setattr(race, "search", one_waits)
    found = raced(SMALL["gap"]())
    assert found.objective == found.bound


def test_an_error_of_an_engine_is_raised_and_ends_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_fails(engine: str, *piece: Any) -> Answer:
        if engine == race.ENGINES[0]:
            raise RuntimeError("broken")
        while not piece[-1]():
            time.sleep(0.05)
        return Answer(None, None, None)

    monkeypatch.setattr(race, "search", one_fails)
    with pytest.raises(RuntimeError, match="broken"):
        raced(SMALL["gap"]())


@pytest.mark.parametrize("workers", sample([2, 1], 2))
def test_a_plain_market_is_proven_with_one_worker_and_with_two(
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


@pytest.mark.parametrize("engine", race.ENGINES)
def test_told_to_stop_an_engine_gives_what_it_has(engine: str) -> None:
    """The market is far too hard for the two seconds, and there would be a quarter of an hour."""
    market = gap("D", 20, 200, 1)
    started = time.monotonic()
    over = lambda: time.monotonic() > started + 2  # noqa: E731
    found = race.search(engine, market, market.utility[0], None, 900.0, 0.0, over)
    assert time.monotonic() < started + 60
    assert found.choice is not None and market.is_feasible(found.choice)
    assert found.objective is not None and found.bound is not None and found.objective < found.bound


def test_told_to_stop_a_race_gives_what_both_have() -> None:
    market = gap("D", 20, 200, 1)
    started = time.monotonic()
    found = raced(market, lambda: time.monotonic() > started + 2, 900)
    assert time.monotonic() < started + 60
    assert found.choice is not None and found.bound is not None


@pytest.mark.parametrize(("engine", "name"), sample(product(race.ENGINES, SMALL), 2))
def test_an_engine_may_begin_with_an_answer(engine: str, name: str) -> None:
    market = SMALL[name]()
    best = cp_sat.solve_level(market, market.utility[0])
    found = race.search(engine, market, market.utility[0], best.choice, 30.0, 0.0, never)
    assert found.objective == found.bound == best.objective
