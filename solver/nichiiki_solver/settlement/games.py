"""Games with transferable money among few operators, given by the worth of every coalition: Shapley value and core.

Coalition number S holds operator k if bit k of S is set, so that a game of n operators is a table of 2^n worths. Sources:
Shapley, *A value for n-person games*, 1953; Maschler, Peleg and Shapley, *Geometric properties of the kernel, nucleolus, and
related solution concepts*, 1979 (least core).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from nichiiki_models.errors import UsageError
from nichiiki_solver.settlement.sharing import read_journeys

Floats = npt.NDArray[np.float64]
MOST_OPERATORS = 16
"""More would be tables of over 65,536 coalitions."""


def shapley_value(worth: Sequence[int] | npt.NDArray[np.int64]) -> list[Fraction]:
    """Return the Shapley value, exactly.

    Parameters
    ----------
    worth
        Whole worth of each coalition, by number; 2^n of them, that of nobody 0.

    Returns
    -------
    list of Fraction
        Average of what each operator adds over all orders in which operators may come.

    Raises
    ------
    UsageError
        If the length is no power of two up to 2^16, a worth is no whole number, or nobody is worth something.

    Examples
    --------
    A trip for 900 that needs operators 0 and 1; operator 2 adds nothing.

    >>> [int(part) for part in shapley_value([0, 0, 0, 900, 0, 0, 0, 900])]
    [450, 450, 0]
    """
    table = _table(worth)
    size = len(table).bit_length() - 1
    members = [number.bit_count() for number in range(len(table))]
    weight = [factorial(count) * factorial(size - count - 1) for count in range(size)]
    sums = [0] * size
    for number, value in enumerate(table):
        for operator in range(size):
            if number >> operator & 1:
                sums[operator] += weight[members[number] - 1] * value
            else:
                sums[operator] -= weight[members[number]] * value
    return [Fraction(total, factorial(size)) for total in sums]


@dataclass(frozen=True)
class LeastCore:
    """The division of the whole worth under which no coalition does much better alone.

    Attributes
    ----------
    share
        Of each operator.
    excess
        What the best coalition would gain by leaving; the core is empty if it is above 0.
    """

    share: Floats
    excess: float


def least_core(worth: Sequence[int] | npt.NDArray[np.int64]) -> LeastCore:
    """Divide the whole worth so that the largest gain by leaving is as small as it can be, by a linear program.

    Parameters
    ----------
    worth
        As for `shapley_value`, with at least two operators.

    Raises
    ------
    UsageError
        As for `shapley_value`, and for fewer than two operators.
    """
    table = _table(worth)
    size = len(table).bit_length() - 1
    if size < 2:
        raise UsageError("worth: two or more operators are needed for a core; one alone gets all")
    inside = coalitions(size)[1:-1].astype(float)
    result: Any = linprog(
        np.append(np.zeros(size), 1.0),
        A_ub=np.hstack((-inside, -np.ones((len(inside), 1)))),
        b_ub=-np.array(table[1:-1], dtype=float),
        A_eq=np.append(np.ones(size), 0.0)[None, :],
        b_eq=[float(table[-1])],
        bounds=(None, None),
    )
    return LeastCore(result.x[:-1], float(result.x[-1]))


@dataclass(frozen=True)
class Gain:
    """What a coalition would gain by leaving.

    Attributes
    ----------
    coalition
        Its operators; nobody if none gains.
    yen
        What it is worth alone above what its operators get, at least 0.
    """

    coalition: tuple[int, ...]
    yen: float


def largest_gain(worth: Sequence[int] | npt.NDArray[np.int64], share: npt.ArrayLike) -> Gain:
    """Return the coalition that gains most by leaving a division of the whole worth: nobody if it lies in the core.

    Parameters
    ----------
    worth
        As for `shapley_value`.
    share
        What each operator gets.

    Raises
    ------
    UsageError
        As for `shapley_value`, and if there is not one share an operator.
    """
    table, parts = _table(worth), np.asarray(share, dtype=float)
    size = len(table).bit_length() - 1
    if parts.shape != (size,):
        raise UsageError(f"share: {parts.size} for {size} operators; give one each")
    gain = np.array(table, dtype=float) - coalitions(size) @ parts
    best = int(gain.argmax())
    return Gain(tuple(k for k in range(size) if best >> k & 1), max(0.0, float(gain[best])))


def worth_of_fees(
    trips: npt.ArrayLike,
    fees: npt.ArrayLike,
    *,
    holder: npt.ArrayLike | None = None,
    costs: npt.ArrayLike | None = None,
) -> npt.NDArray[np.int64]:
    """Return the worth of every coalition: the fees whose operators all belong to it, less what it costs together.

    Parameters
    ----------
    trips, fees, holder
        As for `settle`.
    costs
        Yen that each coalition costs together, by number, 2^n of them; with it joint costs (a shared line, a station) can be
        told from those that an operator has alone. None = no costs.

    Raises
    ------
    UsageError
        As for `settle`; if there are more than 16 operators or costs are not 2^n with 0 for nobody.
    """
    size = int(np.asarray(trips).shape[-1])
    if size > MOST_OPERATORS:
        raise UsageError(f"trips: {size} operators; a table of coalitions is made for up to {MOST_OPERATORS}")
    journeys = read_journeys(trips, size, fees, holder)
    number = journeys.of_holders @ (1 << np.arange(size))
    table = np.bincount(number, weights=journeys.fees, minlength=1 << size).astype(np.int64)
    for operator in range(size):
        halves = table.reshape(-1, 2, 1 << operator)
        halves[:, 1] += halves[:, 0]
    if costs is None:
        return table
    together = np.array(_table(np.asarray(costs)), dtype=np.int64)
    if len(together) != len(table):
        raise UsageError(f"costs: {len(together)} for {len(table)} coalitions; give one each, by number")
    return table - together


def coalitions(size: int) -> npt.NDArray[np.bool_]:
    """Return who is in which coalition: 2^n x n."""
    return (np.arange(1 << size)[:, None] >> np.arange(size) & 1).astype(bool)


def _table(worth: Sequence[int] | npt.NDArray[np.int64]) -> list[int]:
    table = np.asarray(worth)
    count = len(table)
    if (
        table.ndim != 1
        or table.dtype.kind not in "iu"
        or count == 0
        or count & (count - 1)
        or count > 1 << MOST_OPERATORS
    ):
        raise UsageError(
            f"worth: a whole number for each of 2^n coalitions is needed, n up to {MOST_OPERATORS}; got {count} of {table.dtype}"
        )
    if table[0] != 0:
        raise UsageError(f"worth: nobody is worth {table[0]}; coalition 0 is empty and must be worth 0")
    return [int(value) for value in table]
