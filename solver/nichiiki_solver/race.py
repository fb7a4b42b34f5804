"""Engines side by side on the same market, each with all of its options; the first proof ends the others.

Which engine is best differs from family to family, and nobody knows beforehand: HiGHS proves facility location where SCIP is far
off, SCIP finds better knapsacks with several capacities than HiGHS. Each one alone uses one core and lets go of Python's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from nichiiki_solver import mip, scip
from nichiiki_solver.cp_sat import Answer, sound
from nichiiki_solver.market import NO_VALUE, Market
from nichiiki_solver.ragged import Ints

ENGINES = ("highs", "scip")


def solve_level(
    market: Market,
    weights: Ints,
    *,
    hint: Ints | None,
    time_limit_s: float,
    relative_gap: float,
    should_stop: Callable[[], bool],
) -> Answer:
    """Maximise integer weights of options over a listed market.

    Parameters
    ----------
    market, weights, hint, time_limit_s, relative_gap, should_stop
        As in `nichiiki_solver.mip.solve_level`.

    Returns
    -------
    Answer
        The best choice and the best bound of all; infeasible where one says so and none has a choice.

    Raises
    ------
    RuntimeError
        If the bound of one lies below what another one has found, or one ends with an error.
    """
    ended = Event()

    def is_over() -> bool:
        return ended.is_set() or should_stop()

    def run(engine: str) -> Answer:
        answer = None
        try:
            answer = search(engine, market, weights, hint, time_limit_s, relative_gap, is_over)
        finally:
            if answer is None or answer.has_ended(relative_gap):
                ended.set()
        return answer

    with ThreadPoolExecutor(len(ENGINES)) as threads:
        try:
            return best_of(list(threads.map(run, ENGINES)))
        finally:
            ended.set()


def search(
    engine: str,
    market: Market,
    weights: Ints,
    hint: Ints | None,
    time_limit_s: float,
    relative_gap: float,
    should_stop: Callable[[], bool],
) -> Answer:
    """Search with one engine."""
    if engine == "scip":
        return scip.solve_level(
            market, weights, hint=hint, time_limit_s=time_limit_s, should_stop=should_stop
        )
    return mip.solve_level(
        market,
        weights,
        hint=hint,
        time_limit_s=time_limit_s,
        relative_gap=relative_gap,
        should_stop=should_stop,
    )


def best_of(answers: list[Answer]) -> Answer:
    """Return the best choice of several answers with the best bound of all."""
    best = max(answers, key=lambda each: NO_VALUE if each.objective is None else each.objective)
    bound = min((each.bound for each in answers if each.bound is not None), default=None)
    if best.choice is None or best.objective is None:
        return Answer(None, None, bound, infeasible=any(each.infeasible for each in answers))
    return Answer(best.choice, best.objective, sound(bound, best.objective))
