"""A listed market as one CP-SAT model: safe rows, levels one after the other, a real bound.

CP-SAT of ortools 9.15 can return a wrong OPTIMAL when a row's Σ|coefficient| · range passes 2^30 (google/or-tools
#5293). Every row here stays below 2^28: it is divided by its common divisor, and split into a high and a low digit with
an exact carry where that is not enough. The faulty presolve step is switched off as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd

import numpy as np
from ortools.sat.python import cp_model

from nichiiki_solver.background import in_background
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Ints

ROW_LIMIT = 1 << 28
Report = Callable[[int | None, int | None], None]
"""Is told the value of the best answer and the bound, None where one is not known or not new."""


def unreported(_value: int | None, _bound: int | None) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Answer:
    """What one solve of one level found: choice, value and bound (None = unknown), or that no choice is feasible."""

    choice: Ints | None
    objective: int | None
    bound: int | None
    infeasible: bool = False

    def is_near(self, relative_gap: float) -> bool:
        """Whether the value is as near the bound as was asked for."""
        return is_near(self.objective, self.bound, relative_gap)

    def has_ended(self, relative_gap: float) -> bool:
        """Whether the search found a value so near the bound, or that there is none."""
        return self.infeasible or self.is_near(relative_gap)


def sound(bound: int | None, value: int | None) -> int | None:
    """Return a bound; one below an allocation that is known is at fault, whoever found it, and an error."""
    if bound is not None and value is not None and bound < value:
        raise RuntimeError("a bound lies below an allocation that is known")
    return bound


def is_near(value: int | None, bound: int | None, relative_gap: float) -> bool:
    """Whether a value is known that falls short of a known bound by no more than a share of itself."""
    return value is not None and bound is not None and bound - value <= relative_gap * max(1, abs(value))


@dataclass(frozen=True)
class Floor:
    """A demand that weights @ x is at least a value: a level already solved."""

    weights: Ints
    least: int


def solve_level(
    market: Market,
    weights: Ints,
    *,
    floors: tuple[Floor, ...] = (),
    hint: Ints | None = None,
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    workers: int = 2,
    seed: int = 0,
    presolve: bool = True,
    report: Report | None = None,
    answers: Callable[[Ints], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Answer:
    """Maximise integer weights of options over a listed market.

    Parameters
    ----------
    market
        Its listed options are the variables.
    weights
        Objective coefficient of each option.
    floors
        Levels that must keep their value.
    hint
        Option of each agent to start from (complete), -1 = none.
    time_limit_s
        Wall time in seconds.
    relative_gap
        Gap (bound - value) / max(1, |value|) that is good enough.
    workers, seed
        Threads, and the seed of their searches.
    presolve
        False to confirm an infeasible answer without the presolve.
    report
        Called with (value, bound) at every better answer.
    answers
        Called with every better choice, from the search's own thread.
    should_stop
        Asked several times a second; True ends the search with the best answer.
    """
    model, variables = build_model(market, floors, hint=hint)
    model.maximize(cp_model.LinearExpr.weighted_sum(variables, weights.tolist()))
    return solve_model(
        model,
        variables,
        market,
        weights,
        time_limit_s=time_limit_s,
        relative_gap=relative_gap,
        workers=workers,
        seed=seed,
        presolve=presolve,
        report=report,
        answers=answers,
        should_stop=should_stop,
    )


def solve_model(
    model: cp_model.CpModel,
    variables: list[cp_model.IntVar],
    market: Market,
    weights: Ints | None,
    *,
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    workers: int = 2,
    seed: int = 0,
    presolve: bool = True,
    report: Report | None = None,
    answers: Callable[[Ints], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Answer:
    """Solve a model of a market, whatever its objective.

    Parameters
    ----------
    model, variables
        The model, and the variable of each option of the market.
    weights
        What the objective, to be maximised, gives each option; None to take its value from the model.
    """
    solver = _solver(time_limit_s, relative_gap, workers, seed)
    solver.parameters.cp_model_presolve = presolve
    told = None if answers is None else lambda taken: answers(_choice(market, taken))
    watch = _Watch(report, variables, told)
    status = in_background(
        lambda: solver.solve(model, watch),
        lambda: watch.raised is not None or (should_stop is not None and should_stop()),
        name="cp_sat",
        ask_to_end=solver.stop_search,
    )
    if watch.raised is not None:
        raise watch.raised
    return Answer(None, None, None) if status is None else _answer(market, weights, variables, solver, status)


def _solver(time_limit_s: float, relative_gap: float, workers: int, seed: int) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.01, time_limit_s)
    solver.parameters.relative_gap_limit = relative_gap
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed % (1 << 31)
    solver.parameters.presolve_inclusion_work_limit = 0
    solver.parameters.catch_sigint_signal = (
        False  # Ctrl-C belongs to the caller, who answers through should_stop
    )
    solver.parameters.linearization_level = 2
    return solver


class _Watch(cp_model.CpSolverSolutionCallback):
    """Passes better answers on; what is raised there is kept, since it must not pass through CP-SAT's threads."""

    def __init__(
        self,
        report: Report | None,
        variables: list[cp_model.IntVar],
        answers: Callable[[list[bool]], None] | None,
    ) -> None:
        super().__init__()
        self._report, self._variables, self._answers = report, variables, answers
        self.raised: BaseException | None = None

    def on_solution_callback(self) -> None:
        """Report an answer."""
        try:
            self._tell()
        except BaseException as error:
            self.raised = error
            self.stop_search()

    def _tell(self) -> None:
        if self._report is not None:
            self._report(round(self.objective_value), _whole(self.best_objective_bound))
        if self._answers is not None:
            self._answers([self.boolean_value(variable) for variable in self._variables])


def build_model(
    market: Market, floors: tuple[Floor, ...] = (), *, hint: Ints | None = None
) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    """Build the model of a listed market, without an objective: agents, resources, floors."""
    model = cp_model.CpModel()
    variables = [model.new_bool_var("") for _ in range(market.n_options)]
    order, offsets = market.by_agent
    for agent in range(market.n_agents):
        mine = [variables[k] for k in order[offsets[agent] : offsets[agent + 1]].tolist()]
        if market.must_assign[agent]:
            model.add_exactly_one(mine) if mine else model.add_bool_or([])
        elif len(mine) > 1:
            model.add_at_most_one(mine)
    _add_resources(model, variables, market)
    for floor in floors:
        used = np.flatnonzero(floor.weights)
        add_row(model, [variables[k] for k in used.tolist()], (-floor.weights[used]).tolist(), -floor.least)
    if hint is not None:
        taken = set(hint[hint >= 0].tolist())
        for index, variable in enumerate(variables):
            model.add_hint(variable, index in taken)
    return model, variables


def _add_resources(model: cp_model.CpModel, variables: list[cp_model.IntVar], market: Market) -> None:
    order = np.argsort(market.resource, kind="stable")
    option, amount = market.entry_option[order], market.amount[order]
    offsets = np.searchsorted(market.resource[order], np.arange(len(market.capacity) + 1))
    for resource, capacity in enumerate(market.capacity.tolist()):
        low, high = int(offsets[resource]), int(offsets[resource + 1])
        amounts = amount[low:high]
        if int(np.maximum(amounts, 0).sum()) > capacity:
            add_row(model, [variables[k] for k in option[low:high].tolist()], amounts.tolist(), capacity)


def add_row(
    model: cp_model.CpModel, variables: list[cp_model.IntVar], coefficients: list[int], limit: int
) -> None:
    """Add Σ c·x ≤ limit over Booleans with every row small enough for CP-SAT, without loss.

    With c = q · 2^k + r and 0 ≤ r < 2^k the row is the same as Σ q·x + t ≤ limit div 2^k with an integer carry
    t ≥ (Σ r·x - limit mod 2^k) / 2^k.
    """
    divisor = gcd(*coefficients) if coefficients else 1
    if divisor > 1:
        coefficients, limit = [c // divisor for c in coefficients], limit // divisor
    if not coefficients:
        if limit < 0:
            model.add_bool_or([])
        return
    if sum(map(abs, coefficients)) < ROW_LIMIT:
        model.add(cp_model.LinearExpr.weighted_sum(variables, coefficients) <= limit)
        return
    base = max(1, (ROW_LIMIT // 4 // len(coefficients)).bit_length() - 1)
    low = [c & ((1 << base) - 1) for c in coefficients]
    carry = model.new_int_var(0, len(coefficients) + 1, "")
    model.add(
        cp_model.LinearExpr.weighted_sum([*variables, carry], [*low, -(1 << base)])
        <= limit & ((1 << base) - 1)
    )
    _add_high_row(model, variables, [c >> base for c in coefficients], carry, limit >> base)


def _add_high_row(
    model: cp_model.CpModel,
    variables: list[cp_model.IntVar],
    high: list[int],
    carry: cp_model.IntVar,
    limit: int,
) -> None:
    """Add Σ q·x + carry ≤ limit; the carry is written in Booleans so that the row can be split again."""
    if sum(map(abs, high)) + len(high) + 1 < ROW_LIMIT:
        model.add(cp_model.LinearExpr.weighted_sum([*variables, carry], [*high, 1]) <= limit)
        return
    bits = [model.new_bool_var("") for _ in range((len(high) + 1).bit_length())]
    powers = [1 << k for k in range(len(bits))]
    model.add(cp_model.LinearExpr.weighted_sum(bits, powers) == carry)
    add_row(model, [*variables, *bits], [*high, *powers], limit)


def _answer(
    market: Market,
    weights: Ints | None,
    variables: list[cp_model.IntVar],
    solver: cp_model.CpSolver,
    status: cp_model.CpSolverStatus,
) -> Answer:
    if status == cp_model.INFEASIBLE:
        return Answer(None, None, None, infeasible=True)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        if status != cp_model.UNKNOWN:
            raise RuntimeError(f"CP-SAT answered {solver.status_name(status)}")
        return Answer(None, None, None)
    choice = _choice(market, [solver.boolean_value(variable) for variable in variables])
    taken = choice[choice >= 0]
    value = round(solver.objective_value) if weights is None else int(weights[taken].sum())
    bound = (
        value
        if status == cp_model.OPTIMAL and solver.parameters.relative_gap_limit == 0
        else _whole(solver.best_objective_bound)
    )
    return Answer(choice, value, max(bound, value))


def _choice(market: Market, taken: list[bool]) -> Ints:
    """Option of each agent where the variables of options have these values."""
    options = np.flatnonzero(np.array(taken, dtype=bool))
    choice = np.full(market.n_agents, -1, dtype=np.int64)
    choice[market.agent[options]] = options
    return choice


def _whole(bound: float) -> int:
    """Integer upper bound of a float one: the objective is integral, and float noise must not add a unit."""
    return int(np.ceil(bound - 1e-6))
