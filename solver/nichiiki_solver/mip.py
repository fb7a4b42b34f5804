"""A listed market as a mixed-integer program for HiGHS: the engine for markets that are large and linear.

On a national market with 240 households CP-SAT's bound stood at 135 % of the optimum after 60 s where HiGHS, whose cuts see
that stays in one house exclude each other, proved the optimum in 38 s (docs/explanation/engines.md). HiGHS computes in
floating point; what it returns is rounded, checked in integers, and its bound loses the tolerance it was proved with.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array

from nichiiki_solver.background import in_background
from nichiiki_solver.cp_sat import Answer, Floor
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Ints

TOLERANCE = 1e-6
"""Relative tolerance of HiGHS' bound; the reported bound is weaker by as much."""
INFEASIBLE = 2


def solve_level(
    market: Market,
    weights: Ints,
    *,
    floors: tuple[Floor, ...] = (),
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    should_stop: Callable[[], bool] | None = None,
) -> Answer:
    """Maximise integer weights of options over a listed market.

    The search runs beside the caller, so that it can be left when `should_stop` says so; the answer is then unknown.
    HiGHS looks at its own clock; only where it overruns the limit by far (it may, in its presolve) is it left, too.

    Parameters
    ----------
    market, weights, floors, time_limit_s, relative_gap, should_stop
        As in `nichiiki_solver.cp_sat.solve_level`.
    """
    if market.n_options == 0:
        return nothing_to_choose(market, floors)
    # a bound on the divided objective is a whole number, so that the tolerance costs nothing until it is very large
    divisor = max(1, int(np.gcd.reduce(weights)))
    problem = _problem(market, weights // divisor, floors, time_limit_s, relative_gap)
    over = time_over(time.monotonic(), time_limit_s, should_stop)
    result = in_background(lambda: milp(**problem), over, name="highs")
    return Answer(None, None, None) if result is None else _answer(market, weights, divisor, result)


def nothing_to_choose(market: Market, floors: tuple[Floor, ...]) -> Answer:
    """Return the answer of a market without options."""
    choice = np.full(market.n_agents, -1, dtype=np.int64)
    kept = market.is_feasible(choice) and all(floor.least <= 0 for floor in floors)
    return Answer(choice, 0, 0) if kept else Answer(None, None, None, infeasible=True)


def time_over(
    started: float, time_limit_s: float, should_stop: Callable[[], bool] | None
) -> Callable[[], bool]:
    """Return what says whether an engine that began then is to be left: told to stop, or far beyond its limit."""
    deadline = started + 1.5 * time_limit_s + 10
    user_stop = should_stop or (lambda: False)
    return lambda: user_stop() or time.monotonic() > deadline


def _problem(
    market: Market, weights: Ints, floors: tuple[Floor, ...], time_limit_s: float, gap: float
) -> dict[str, Any]:
    n = market.n_options
    owners = csr_array((np.ones(n), (market.agent, np.arange(n))), shape=(market.n_agents, n))
    use = csr_array(
        (market.amount.astype(float), (market.resource, market.entry_option)), shape=(len(market.capacity), n)
    )
    rows = [
        LinearConstraint(owners, market.must_assign.astype(float), 1.0),
        LinearConstraint(use, -np.inf, market.capacity.astype(float)),
        *(
            LinearConstraint(csr_array(floor.weights[None, :].astype(float)), float(floor.least), np.inf)
            for floor in floors
        ),
    ]
    return {
        "c": -weights.astype(float),
        "constraints": rows,
        "integrality": np.ones(n),
        "bounds": Bounds(0, 1),
        "options": {"time_limit": max(0.05, time_limit_s), "mip_rel_gap": gap},
    }


def _answer(market: Market, weights: Ints, divisor: int, result: OptimizeResult) -> Answer:
    if result.status == INFEASIBLE:
        return Answer(None, None, None, infeasible=True)
    bound = None if result.mip_dual_bound is None else -float(result.mip_dual_bound)
    if result.x is None:
        return Answer(None, None, _scaled(bound, divisor))
    return checked(market, weights, divisor, np.flatnonzero(result.x > 0.5), bound)


def checked(market: Market, weights: Ints, divisor: int, taken: Ints, bound: float | None) -> Answer:
    """Check in whole numbers what an engine that computes in floating point says is taken.

    Parameters
    ----------
    market, weights
        What was solved.
    divisor
        By which the objective was divided.
    taken
        Options taken.
    bound
        The engine's bound on the divided objective.
    """
    limit = _scaled(bound, divisor)
    choice = np.full(market.n_agents, -1, dtype=np.int64)
    choice[market.agent[taken]] = taken
    if len(np.unique(market.agent[taken])) != len(taken) or not market.is_feasible(choice):
        return Answer(None, None, limit)
    value = int(weights[taken].sum())
    return Answer(choice, value, None if limit is None else max(limit, value))


def _scaled(bound: float | None, divisor: int) -> int | None:
    whole = None if bound is None else _whole_bound(bound)
    return None if whole is None else whole * divisor


def _whole_bound(bound: float) -> int | None:
    """Largest whole number that the proof leaves possible."""
    return int(np.floor(bound + TOLERANCE * max(1.0, abs(bound)))) if np.isfinite(bound) else None
