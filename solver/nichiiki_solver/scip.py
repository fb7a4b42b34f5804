"""A listed market as a mixed-integer program for the SCIP inside ortools: the second opinion.

It shares no code with CP-SAT or HiGHS beyond the market itself. SCIP computes in floating point; what it returns is rounded and
checked in whole numbers, and its bound loses the tolerance it was proved with, as with HiGHS (`nichiiki_solver.mip`).

Of the three ways that ortools has to SCIP this is the old one, because it alone can be asked to end: `model_builder` does not
pass that on, and `math_opt` complains about it on standard error.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from ortools.linear_solver import pywraplp
from ortools.linear_solver.linear_solver_pb2 import MPModelProto

from nichiiki_solver.background import in_background
from nichiiki_solver.cp_sat import Answer, Floor
from nichiiki_solver.market import Market
from nichiiki_solver.mip import checked, nothing_to_choose, shares_of, time_over
from nichiiki_solver.ragged import Ints, group

LARGEST = 2.0**20
"""Amounts of a row are at most so large: with some around 2^40 SCIP excluded optima."""


def solve_level(
    market: Market,
    weights: Ints,
    *,
    floors: tuple[Floor, ...] = (),
    hint: Ints | None = None,
    time_limit_s: float = 60.0,
    should_stop: Callable[[], bool] | None = None,
) -> Answer:
    """Maximise integer weights of options over a listed market.

    Parameters
    ----------
    market, weights, floors, hint, time_limit_s, should_stop
        As in `nichiiki_solver.cp_sat.solve_level`.

    Raises
    ------
    RuntimeError
        If SCIP does not take the program.
    """
    if market.n_options == 0:
        return nothing_to_choose(market, floors)
    divisor = max(1, int(np.gcd.reduce(weights)))
    solver = _loaded(_build(market, weights // divisor, floors, hint))
    solver.SetTimeLimit(max(50, int(1000 * time_limit_s)))
    exact = pywraplp.MPSolverParameters()
    exact.SetDoubleParam(exact.RELATIVE_MIP_GAP, 0.0)
    over = time_over(time.monotonic(), time_limit_s, should_stop)
    status = in_background(lambda: solver.Solve(exact), over, name="scip", ask_to_end=solver.InterruptSolve)
    if status == solver.INFEASIBLE:
        return Answer(None, None, None, infeasible=True)
    if status == solver.MODEL_INVALID:
        raise RuntimeError("SCIP does not take the program")
    if status not in (solver.OPTIMAL, solver.FEASIBLE):
        return Answer(None, None, None)
    taken = np.array([variable.solution_value() for variable in solver.variables()]) > 0.5
    return checked(market, weights, divisor, np.flatnonzero(taken), solver.Objective().BestBound())


def _loaded(model: MPModelProto) -> pywraplp.Solver:
    solver = pywraplp.Solver.CreateSolver("SCIP")
    refused = solver.LoadModelFromProto(model)
    if refused:
        raise RuntimeError(f"SCIP does not take the program: {refused}")
    return solver


def _build(market: Market, weights: Ints, floors: tuple[Floor, ...], hint: Ints | None) -> MPModelProto:
    model = MPModelProto(maximize=True)
    for weight in weights.tolist():
        model.variable.add(lower_bound=0, upper_bound=1, is_integer=True, objective_coefficient=weight)
    order, offsets = market.by_agent
    for agent, must in enumerate(market.must_assign.tolist()):
        mine = order[offsets[agent] : offsets[agent + 1]]
        if len(mine) or must:
            _add(model, mine, np.ones(len(mine), dtype=np.int64), int(must), 1)
    order, offsets = group(market.resource, len(market.capacity))
    for resource, capacity in enumerate(market.capacity.tolist()):
        entries = order[offsets[resource] : offsets[resource + 1]]
        if len(entries) or capacity < 0:
            _add(model, market.entry_option[entries], market.amount[entries], -np.inf, capacity)
    for floor in floors:
        used = np.flatnonzero(floor.weights)
        _add(model, used, floor.weights[used], floor.least, np.inf)
    if hint is not None:
        model.solution_hint.var_index.extend(range(market.n_options))
        model.solution_hint.var_value.extend(shares_of(market, hint).tolist())
    return model


def _add(model: MPModelProto, options: Ints, amounts: Ints, low: float, high: float) -> None:
    """Add low ≤ Σ amounts · x ≤ high, divided by a power of two, which is exact."""
    largest = float(np.abs(amounts).max(initial=1))
    unit = 2.0 ** max(0, np.ceil(np.log2(max(1.0, largest / LARGEST))))
    model.constraint.add(
        var_index=options.tolist(),
        coefficient=(amounts / unit).tolist(),
        lower_bound=low / unit,
        upper_bound=high / unit,
    )
