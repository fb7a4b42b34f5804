"""What the exact models share: CP-SAT with safe settings, its hint, and what its answer means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ortools.sat.python import cp_model

from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.errors import UsageError
from nichiiki_solver.cp_sat import ROW_LIMIT

Literal = cp_model.IntVar


def new_solver(time_limit_s: float, workers: int, seed: int) -> cp_model.CpSolver:
    """Return a solver without the presolve step that can be wrong in ortools 9.15 (google/or-tools #5293).

    Raises
    ------
    UsageError
        If a setting has no meaning.
    """
    if not time_limit_s > 0 or workers < 1 or seed < 0:
        raise UsageError(
            f"time_limit_s {time_limit_s}, workers {workers}, seed {seed}; allowed are above 0, at least 1, at least 0"
        )
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed % (1 << 31)
    solver.parameters.presolve_inclusion_work_limit = 0
    solver.parameters.linearization_level = 2
    return solver


def add_least(model: cp_model.CpModel, taken: Sequence[Literal], least: int, if_true: Literal) -> None:
    """Add: `if_true` only if at least `least` of `taken` are true. The row is as long as `taken`: below 2^28."""
    if 2 * (len(taken) + least) >= ROW_LIMIT:
        raise OverflowError(f"{len(taken)} pairs in one list; allowed are fewer than {ROW_LIMIT // 2}")
    if least > len(taken):
        model.add_bool_and([if_true.negated()])
    elif least == 1:
        model.add_bool_or([*taken, if_true.negated()])
    else:
        model.add(sum(taken) >= least * if_true)


def add_hint(model: cp_model.CpModel, literals: Iterable[Literal], values: Iterable[bool]) -> None:
    """Hint every literal."""
    for literal, value in zip(literals, values, strict=True):
        model.add_hint(literal, bool(value))


def status_of(solver: cp_model.CpSolver, code: cp_model.CpSolverStatus) -> tuple[Status, StopReason]:
    """Translate the answer; one that a checked model cannot give is a defect."""
    known = {
        cp_model.OPTIMAL: (Status.OPTIMAL, StopReason.PROVEN),
        cp_model.FEASIBLE: (Status.FEASIBLE, StopReason.TIME_LIMIT),
        cp_model.INFEASIBLE: (Status.INFEASIBLE, StopReason.PROVEN),
        cp_model.UNKNOWN: (Status.UNKNOWN, StopReason.TIME_LIMIT),
    }
    if code not in known:
        raise RuntimeError(f"CP-SAT answered {solver.status_name(code)}")
    return known[code]
