"""Linear programs in whole numbers: a simplex tableau without rounding.

Small programs whose answer must be exact (chances are published) are solved on a tableau of whole numbers over one common
denominator. Every division in a pivot leaves no remainder (the entries are minors of the input), so numbers stay as short
as determinants allow.

References
----------
Edmonds (1967), Systems of distinct representatives and linear algebra; Bareiss (1968), Sylvester's identity and multistep
integer-preserving Gaussian elimination; Bland (1977), New finite pivoting rules for the simplex method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.object_]


class Stopped(Exception):
    """The caller asked to stop."""


class Tableau:
    """Maximise c·x subject to A·x ≤ b, x ≥ 0, in whole numbers.

    Parameters
    ----------
    matrix, limits
        A and b. Limits may be negative; call `make_feasible` first then.
    should_stop
        Asked at every pivot; True raises `Stopped`.

    Notes
    -----
    Columns 0 … m - 1 are the slacks (they always hold the inverse of the basis, so columns can be added later), then
    the variables. The last row is the objective.
    """

    def __init__(
        self,
        matrix: Sequence[Sequence[int]] | Whole,
        limits: Sequence[int],
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.m = len(limits)
        given = np.array(matrix, dtype=object).reshape(self.m, -1)
        self.n = given.shape[1]
        table = np.zeros((self.m + 1, self.m + self.n), dtype=object)
        table[np.arange(self.m), np.arange(self.m)] = 1
        table[: self.m, self.m :] = given
        self.table: Whole = table
        self.rhs: Whole = np.array([*limits, 0], dtype=object)
        self.basis = list(range(self.m))
        self.denominator = 1
        self.forbidden: list[int] = []
        self.should_stop = should_stop

    def add_column(self, column: Iterable[int], gain: int) -> None:
        """Add a variable with its entries in the rows and in the objective."""
        entries = self.table[:, : self.m] @ np.array(list(column), dtype=object)
        entries[self.m] -= gain * self.denominator
        self.table = np.concatenate((self.table, entries[:, None]), axis=1)
        self.n += 1

    def set_objective(self, gains: Sequence[int]) -> None:
        """Set the objective's coefficients of the variables."""
        full = np.array([0] * self.m + list(gains), dtype=object)
        basic = full[self.basis]
        self.table[self.m] = basic @ self.table[: self.m] - full * self.denominator
        self.table[self.m, self.forbidden] = 0
        self.rhs[self.m] = (basic * self.rhs[: self.m]).sum()

    def make_feasible(self) -> bool:
        """Find a first answer where limits are negative; say whether there is one."""
        if not self.m or min(self.rhs[: self.m]) >= 0:
            return True
        self.add_column([-1] * self.m, 0)
        helper = self.m + self.n - 1
        self.set_objective([0] * (self.n - 1) + [-1])
        self._pivot(int(np.argmin(self.rhs[: self.m])), helper)
        self.maximise()
        found = bool(self.rhs[self.m] == 0)
        if found and helper in self.basis:
            row = self.basis.index(helper)
            others = np.flatnonzero(self.table[row])
            self._pivot(row, int(others[others != helper][0]))
        self.table, self.n = self.table[:, :-1], self.n - 1
        return found

    def maximise(self) -> None:
        """Pivot until the objective is best; steepest column first, the smallest number while nothing moves."""
        stuck = False
        while True:
            costs = self.table[self.m]
            falling = np.flatnonzero(costs < 0)
            if not len(falling):
                return
            if self.should_stop():
                raise Stopped
            column = int(falling[0] if stuck else falling[np.argmin(costs[falling])])
            row = self._leaving(column)
            stuck = self.rhs[row] == 0
            self._pivot(row, column)

    def _leaving(self, column: int) -> int:
        """Row whose basic variable reaches zero first; the smallest variable among equals."""
        rows = np.flatnonzero(self.table[: self.m, column] > 0)
        if not len(rows):
            raise ArithmeticError("the linear program has no finite optimum")
        ratios = ((Fraction(self.rhs[r], self.table[r, column]), self.basis[r], r) for r in rows.tolist())
        return int(min(ratios)[2])

    def _pivot(self, row: int, column: int) -> None:
        if self.table[row, column] < 0:
            self.table[row], self.rhs[row] = -self.table[row], -self.rhs[row]
        pivot, own, limit = self.table[row, column], self.table[row].copy(), self.rhs[row]
        others = np.arange(self.m + 1) != row
        if pivot == self.denominator:  # rows that do not meet the column stay as they are
            others &= self.table[:, column] != 0
        factor = self.table[others, column]
        table, rhs = self.table[others] * pivot, self.rhs[others] * pivot
        self.table[others] = (table - np.multiply.outer(factor, own)) // self.denominator
        self.rhs[others] = (rhs - factor * limit) // self.denominator
        self.basis[row], self.denominator = column, pivot

    def keep_optimum(self) -> None:
        """Forbid every variable that no best answer uses, so that the next objective is maximised among best answers."""
        self.forbidden += np.flatnonzero(self.table[self.m] > 0).tolist()
        self.table[:, self.forbidden] = 0

    @property
    def value(self) -> Fraction:
        """Value of the objective."""
        return Fraction(self.rhs[self.m], self.denominator)

    @property
    def solution(self) -> list[Fraction]:
        """Value of each variable."""
        found = [Fraction(0)] * (self.m + self.n)
        for row, column in enumerate(self.basis):
            found[column] = Fraction(self.rhs[row], self.denominator)
        return found[self.m :]

    @property
    def prices(self) -> list[int]:
        """Dual price of each row, times the denominator."""
        return [int(price) for price in self.table[self.m, : self.m]]
