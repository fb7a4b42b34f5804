"""HiGHS by its own package: the least value of a linear function in whole numbers, on one thread.

Not by scipy's `milp`: scipy 1.17 holds HiGHS 1.12, whose presolve calls 31,830 the optimum of a market of 920 stays and options that
is worth 32,430 (tests/solver/test_highs.py). HiGHS 1.13 finds it, but takes a third longer; 1.14 has a fault of that kind of its own
(ERGO-Code/HiGHS #3043), 1.15 cannot be loaded beside ortools. 1.16 is right on that market, and as quick; a fault of
another kind is looked for below (`minimise`). Its `Highs` writes two lines to standard
output when it is made, the class below it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csr_array

from nichiiki_solver.ragged import Bools, Floats

BY_ROWS, MINIMISE = 2, 1
"""How the matrix is stored, and the sense, in HiGHS' own numbers."""
SAME = 1e-6
"""Share of what a solution takes within which two values of it are the same."""
PROBING = 1 << 15
"""The rule of HiGHS' presolve that sets one variable after the other and looks what follows, as a bit of what is switched off."""


@dataclass(frozen=True)
class Program:
    """Minimise ``cost @ x`` over ``row_least <= matrix @ x <= row_most`` and ``least <= x <= most``.

    Attributes
    ----------
    cost
        Of each variable.
    matrix, row_least, row_most
        Rows; a limit may be infinite.
    least, most
        Limits of each variable; the upper one may be infinite.
    whole
        Which variables are whole numbers.
    begun
        A solution to begin with; none if None.
    """

    cost: Floats
    matrix: csr_array
    row_least: Floats
    row_most: Floats
    least: Floats
    most: Floats
    whole: Bools
    begun: Floats | None = None


@dataclass(frozen=True)
class Found:
    """What HiGHS found: a solution and a bound (None = none), or that there is no solution."""

    x: Floats | None
    bound: float | None
    infeasible: bool = False


def minimise(
    program: Program,
    *,
    time_limit_s: float,
    relative_gap: float,
    probing: bool = True,
    is_over: Callable[[], bool] | None = None,
) -> Found:
    """Solve a program, or look at it until the time is over.

    Parameters
    ----------
    program
        What to solve.
    time_limit_s
        Wall time in seconds of a search, of which there are two at most; presolve does not heed it.
    relative_gap
        Distance of solution and bound that is good enough, as a share of the solution.
    probing
        Whether presolve may set one variable after the other: worth it for a proof, too long for a search of seconds.
    is_over
        Asked now and then while whole numbers are searched, on this thread; True ends the search with what it has. None asks nobody.

    Raises
    ------
    RuntimeError
        If HiGHS does not take the program, ends with an error, or gives a solution of another value than it says.
    """
    found = _solve(program, time_limit_s, relative_gap, probing, is_over)
    if found is None:
        # HiGHS 1.16 may close a program by its presolve, name that value, and give back the solution it began with
        found = _solve(replace(program, begun=None), time_limit_s, relative_gap, probing, is_over)
    if found is None:
        raise RuntimeError("the solution of HiGHS has another value than HiGHS says")
    return found


def _solve(
    program: Program,
    time_limit_s: float,
    relative_gap: float,
    probing: bool,
    is_over: Callable[[], bool] | None,
) -> Found | None:
    """Solve a program once; None if the solution given is not the one whose value is named."""
    solver = highspy._core._Highs()
    try:
        off = 0 if probing else PROBING
        options = {"time_limit": time_limit_s, "mip_rel_gap": relative_gap, "presolve_rule_off": off}
        _pass(solver, program, options)
        if is_over is not None:
            _listen(solver, is_over)
        _accept(solver.run(), "run")
        found = _read(solver, program)
        return found if _is_as_said(solver, program, found) else None
    finally:
        # as highspy itself does for threads: on Windows one might not end otherwise
        solver.resetThreadScheduler(False)


def _pass(solver: Any, program: Program, options: dict[str, float]) -> None:
    for name, value in {"output_flag": False, "threads": 1, **options}.items():
        _accept(solver.setOptionValue(name, value), name)
    matrix = program.matrix
    rows, columns = matrix.shape
    _accept(
        solver.passModel(
            columns,
            rows,
            matrix.nnz,
            BY_ROWS,
            MINIMISE,
            0.0,
            program.cost,
            program.least,
            program.most,
            program.row_least,
            program.row_most,
            matrix.indptr.astype(np.int32),
            matrix.indices.astype(np.int32),
            matrix.data.astype(float),
            program.whole.astype(np.int32),
        ),
        "passModel",
    )
    if program.begun is not None:
        _accept(solver.setSolution(columns, np.arange(columns, dtype=np.int32), program.begun), "setSolution")


def _listen(solver: Any, is_over: Callable[[], bool]) -> None:
    """Have HiGHS ask between the nodes of its search whether it is over."""

    def answer(_kind: Any, _message: str, _known: Any, told: Any, _data: Any) -> None:
        told.user_interrupt = is_over()

    _accept(solver.setCallback(answer, None), "setCallback")
    _accept(solver.startCallback(highspy.cb.HighsCallbackType.kCallbackMipInterrupt), "startCallback")


def _accept(status: highspy.HighsStatus, what: str) -> None:
    """Go on unless HiGHS reports an error; that time is over is a warning."""
    if status == highspy.HighsStatus.kError:
        raise RuntimeError(f"HiGHS ended with an error: {what}")


def _is_as_said(solver: Any, program: Program, found: Found) -> bool:
    """Whether a solution that is called the best is worth what HiGHS says that it is."""
    if found.x is None or solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return True
    said = float(solver.getInfo().objective_function_value)
    return abs(float(program.cost @ found.x) - said) <= SAME * max(1.0, float(np.abs(program.cost) @ found.x))


def _read(solver: Any, program: Program) -> Found:
    status, info = solver.getModelStatus(), solver.getInfo()
    kinds = highspy.HighsModelStatus
    # every variable has a finite least cost, so that nothing is unbounded
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return Found(None, None, infeasible=True)
    has_solution = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    x = np.asarray(solver.getSolution().col_value) if has_solution else None
    if program.whole.any():
        return Found(x, float(info.mip_dual_bound))
    return Found(x, float(info.objective_function_value) if status == kinds.kOptimal else None)
