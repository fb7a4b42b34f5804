"""A listed market as a mixed-integer program for the SCIP inside ortools: the second opinion.

It shares no code with CP-SAT or HiGHS beyond the market itself. SCIP computes in floating point; what it returns is rounded and
checked in whole numbers, and its bound loses the tolerance it was proved with, as with HiGHS (`nichiiki_solver.mip`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from ortools.linear_solver.python import model_builder

from nichiiki_solver.background import in_background
from nichiiki_solver.cp_sat import Answer, Floor
from nichiiki_solver.market import Market
from nichiiki_solver.mip import checked, nothing_to_choose, shares_of, time_over
from nichiiki_solver.ragged import Ints, group

Variables = list[model_builder.Variable]


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
    """
    if market.n_options == 0:
        return nothing_to_choose(market, floors)
    divisor = max(1, int(np.gcd.reduce(weights)))
    model, variables = _build(market, weights // divisor, floors)
    if hint is not None:
        for variable, share in zip(variables, shares_of(market, hint).tolist(), strict=True):
            model.add_hint(variable, share)
    solver = model_builder.Solver("scip")
    solver.set_time_limit_in_seconds(max(0.05, time_limit_s))
    over = time_over(time.monotonic(), time_limit_s, should_stop)
    status = in_background(lambda: solver.solve(model), over, name="scip")
    if status == model_builder.SolveStatus.INFEASIBLE:
        return Answer(None, None, None, infeasible=True)
    if status not in (model_builder.SolveStatus.OPTIMAL, model_builder.SolveStatus.FEASIBLE):
        return Answer(None, None, None)
    taken = np.array(solver.values(variables), dtype=float) > 0.5
    return checked(market, weights, divisor, np.flatnonzero(taken), solver.best_objective_bound)


def _build(market: Market, weights: Ints, floors: tuple[Floor, ...]) -> tuple[model_builder.Model, Variables]:
    model = model_builder.Model()  # type: ignore[no-untyped-call]
    variables = [model.new_bool_var("") for _ in range(market.n_options)]
    order, offsets = market.by_agent
    for agent, must in enumerate(market.must_assign.tolist()):
        mine = order[offsets[agent] : offsets[agent + 1]]
        if len(mine) or must:
            _add(model, variables, mine, np.ones(len(mine), dtype=np.int64), int(must), 1)
    order, offsets = group(market.resource, len(market.capacity))
    for resource, capacity in enumerate(market.capacity.tolist()):
        entries = order[offsets[resource] : offsets[resource + 1]]
        if len(entries) or capacity < 0:
            _add(model, variables, market.entry_option[entries], market.amount[entries], None, capacity)
    for floor in floors:
        used = np.flatnonzero(floor.weights)
        _add(model, variables, used, floor.weights[used], floor.least, None)
    model.maximize(model_builder.LinearExpr.weighted_sum(variables, weights.tolist()))
    return model, variables


def _add(
    model: model_builder.Model,
    variables: Variables,
    options: Ints,
    amounts: Ints,
    low: int | None,
    high: int | None,
) -> None:
    """Add low ≤ Σ amounts · x ≤ high; None is no limit."""
    row = model_builder.LinearExpr.weighted_sum([variables[k] for k in options.tolist()], amounts.tolist())
    if not len(options):
        row = model.new_constant(0) + 0
    if low is not None:
        model.add(row >= low)
    if high is not None:
        model.add(row <= high)
