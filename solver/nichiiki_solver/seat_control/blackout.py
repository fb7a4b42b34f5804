"""The black-out calendar: in how few periods a pass must not hold, so that it keeps its price and its promise of seats.

In each open period the pass trips cost what their seats cost and what the seats would have earned (their rents). A calendar of
closed periods keeps the price if what is left to pay is covered; it keeps the promise if in every window of periods each member
still finds so many seats. Both are rows of a small program in whole numbers, which CP-SAT solves exactly to the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nichiiki_models.allocation import Status
from nichiiki_models.errors import UsageError
from nichiiki_solver.flow.shortest import Floats
from nichiiki_solver.ragged import Bools, Ints
from nichiiki_solver.transport.routes import Routes

MOST_YEN = 1 << 50
"""Largest total: sums of it stay well inside 64 bits."""
Row = tuple[Ints, int]
"""Coefficients of periods that are closed, and what they must reach."""


@dataclass(frozen=True, eq=False)
class BlackoutCalendar:
    """Periods in which a pass does not hold.

    Attributes
    ----------
    status
        OPTIMAL; INFEASIBLE if no calendar keeps both the price and the promise.
    closed
        Mask of periods; None without a calendar. Of all with so few the one that leaves most money.
    left_yen
        What is left of the budget; negative without a calendar: the least that is missing while the promise of seats is
        kept, None if that alone cannot be kept.
    seats_per_member
        Of each window: whole seats that each member finds in its open periods; None without a calendar.
    """

    status: Status
    closed: Bools | None
    left_yen: int | None
    seats_per_member: Ints | None


def blackout_calendar(
    cost_yen: npt.ArrayLike,
    budget_yen: int,
    *,
    lost_yen: npt.ArrayLike | None = None,
    seats: npt.ArrayLike | None = None,
    members: int = 0,
    guaranteed: int = 0,
    windows: Sequence[Sequence[int]] | None = None,
) -> BlackoutCalendar:
    """Find the calendar with the fewest closed periods.

    Parameters
    ----------
    cost_yen
        Of each period: what pass trips cost if it is open, rents of their seats included; whole, ≥ 0.
    budget_yen
        What holders and payers give for all periods together.
    lost_yen
        Of each period: what is paid less if it is closed (fees given back, members lost); 0 if None.
    seats
        Of each period: seats that members may book if it is open; without a limit if None.
    members
        Holders.
    guaranteed
        Seats that each member must find in the open periods of every window.
    windows
        Places of the periods of each window, for example of each quarter; None = one window of all.

    Raises
    ------
    UsageError
        If lengths differ, a number is not whole or below 0, or a window names no period.

    Examples
    --------
    Golden Week and Obon cost most; closing Obon alone keeps the price, and each of ten members finds six seats.

    >>> found = blackout_calendar([40, 300, 50, 400], 500, seats=[30, 10, 20, 10], members=10, guaranteed=6)
    >>> found.closed.tolist(), found.left_yen, found.seats_per_member.tolist()
    ([False, False, False, True], 110, [6])
    """
    cost = _whole("cost_yen", cost_yen, None)
    lost = np.zeros_like(cost) if lost_yen is None else _whole("lost_yen", lost_yen, len(cost))
    room = np.full(len(cost), 0) if seats is None else _whole("seats", seats, len(cost))
    if members < 0 or guaranteed < 0:
        raise UsageError(f"members, guaranteed: 0 or more are needed, got {members} and {guaranteed}")
    if not len(cost):
        raise UsageError("cost_yen: at least one period is needed")
    inside = _windows(windows, len(cost)) * room
    saved, short = cost - lost, int(cost.sum()) - budget_yen
    whole = inside.sum(axis=1).tolist()
    promise = (
        []
        if seats is None
        else [(-row, members * guaranteed - all_) for row, all_ in zip(inside, whole, strict=True)]
    )
    fewest = _close(-np.ones_like(cost), [*promise, (saved, short)])
    if fewest is None:
        most = _close(saved, promise)
        missing = None if most is None else int(saved[most].sum()) - short
        return BlackoutCalendar(Status.INFEASIBLE, None, missing, None)
    number = (-np.ones_like(cost), -int(fewest.sum()))
    closed = _close(saved, [*promise, (saved, short), number])
    assert closed is not None  # noqa: S101  # the one before is one
    per_member = None if seats is None else (inside * ~closed).sum(axis=1) // max(1, members)
    return BlackoutCalendar(Status.OPTIMAL, closed, int(saved[closed].sum()) - short, per_member)


def cost_by_period(routes: Routes, amount: npt.ArrayLike, rent_yen: npt.ArrayLike) -> Floats:
    """Return what trips cost in each period: seats and their rents, on the legs that run in it.

    Parameters
    ----------
    routes
        Round trips.
    amount
        Persons on each.
    rent_yen
        Rent of a seat on each leg, for example of `route_demand`.

    Returns
    -------
    Floats
        Yen a period.
    """
    network = routes.network
    price = network.seat_cost_yen + np.asarray(rent_yen, dtype=float)
    persons = np.repeat(np.asarray(amount, dtype=float), np.diff(routes.offsets))
    yen = price[routes.legs] * persons
    return np.bincount(network.period[routes.legs], weights=yen, minlength=len(network.periods)).astype(float)


def _close(value: Ints, rows: list[Row]) -> Bools | None:
    """Close the periods that are worth most together; None if rows cannot be kept."""
    from ortools.sat.python import cp_model

    program: Any = cp_model.CpModel()
    closed = [program.new_bool_var("") for _ in value]
    for weight, least in rows:
        program.add(cp_model.LinearExpr.weighted_sum(closed, weight.tolist()) >= least)
    program.maximize(cp_model.LinearExpr.weighted_sum(closed, value.tolist()))
    solver: Any = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(program)
    if status == cp_model.INFEASIBLE:
        return None
    if status != cp_model.OPTIMAL:
        raise RuntimeError(f"the program of the calendar ended with {solver.status_name(status)}")
    return np.array([solver.boolean_value(variable) for variable in closed])


def _windows(windows: Sequence[Sequence[int]] | None, periods: int) -> Ints:
    """Windows x periods, 1 inside."""
    chosen = [range(periods)] if windows is None else list(windows)
    inside = np.zeros((len(chosen), periods), dtype=np.int64)
    for row, window in enumerate(chosen):
        for period in window:
            if not 0 <= period < periods:
                raise UsageError(
                    f"windows: window {row + 1} names period {period}; periods are 0 … {periods - 1}"
                )
            inside[row, period] = 1
    return inside


def _whole(name: str, values: npt.ArrayLike, length: int | None) -> Ints:
    column = np.asarray(values)
    if column.size == 0:
        column = column.astype(np.int64)
    if column.ndim != 1 or column.dtype.kind not in "iu" or column.min(initial=0) < 0:
        raise UsageError(f"{name}: a whole number, 0 or more, is needed for each period")
    if length is not None and len(column) != length:
        raise UsageError(f"{name}: {len(column)} entries for {length} periods; give one each")
    if column.sum(dtype=np.float64) >= MOST_YEN:
        raise UsageError(f"{name}: all together reach {MOST_YEN}; use larger units")
    return column.astype(np.int64)
