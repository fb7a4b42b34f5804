"""The linear program that shares demand and seats out among the paths listed so far; it grows and keeps its basis.

GLOP continues from the last basis when only columns and rows have been added, which it does with its preprocessing off:
on 100 nodes and 1,000 OD pairs with a third of the arcs full that took half the time of solving each program anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_solver.flow.commodities import Commodities
from nichiiki_solver.flow.paths import Paths
from nichiiki_solver.flow.shortest import Floats
from nichiiki_solver.ragged import Bools, Ints

DECIMALS = 9
"""What GLOP returns is rounded to so many decimals: what lies behind them is its own rounding."""


@dataclass(frozen=True)
class Shares:
    """An optimum over the listed paths.

    Attributes
    ----------
    amount
        Units on each path.
    unserved
        Units of each pair on no path.
    rent
        Of each arc: what one more seat would save, ≥ 0.
    worth
        Of each pair: what one unit more would cost over the listed paths.
    """

    amount: Floats
    unserved: Floats
    rent: Floats
    worth: Floats


class Master:
    """The growing linear program.

    Parameters
    ----------
    commodities
        Network and demands.
    cost
        Cost of a unit on each arc.
    penalty
        Cost of a unit that is not carried.
    closed
        Whether everything must be carried.
    """

    def __init__(self, commodities: Commodities, cost: Ints, penalty: float, *, closed: bool) -> None:
        import ortools.linear_solver.pywraplp as pywraplp

        self._commodities, self._cost = commodities, cost
        self._program: Any = pywraplp.Solver.CreateSolver("GLOP")
        self._program.SetSolverSpecificParametersAsString("use_preprocessing: false")
        self._infinity: float = self._program.infinity()
        self._amount: list[Any] = []
        self._users: list[list[Any]] = [[] for _ in cost]
        self._seats: dict[int, Any] = {}
        most = 0.0 if closed else self._infinity
        self._unserved = [self._variable(most, penalty) for _ in range(commodities.pairs)]
        self._demand = [self._demand_row(pair) for pair in range(commodities.pairs)]

    def share_out(self, paths: Paths, watched: Bools) -> Shares:
        """Solve the program with the paths and the capacities to watch, each of them a superset of the last.

        Parameters
        ----------
        paths
            Paths listed so far.
        watched
            Mask of the arcs whose capacity counts.
        """
        price = paths.sums(self._cost)
        for path in range(len(self._amount), len(paths)):
            self._add_path(int(paths.pair[path]), paths.arcs_of(path), float(price[path]))
        for arc in np.flatnonzero(watched).tolist():
            if arc not in self._seats:
                self._add_seats(arc)
        status = self._program.Solve()
        if status != self._program.OPTIMAL:
            raise RuntimeError(f"the linear program over the listed paths ended with status {status}")
        return self._read()

    def _variable(self, most: float, price: float) -> Any:
        variable = self._program.NumVar(0.0, most, "")
        self._program.Objective().SetCoefficient(variable, price)
        return variable

    def _demand_row(self, pair: int) -> Any:
        demand = float(self._commodities.demand[pair])
        row = self._program.Constraint(demand, demand)
        row.SetCoefficient(self._unserved[pair], 1.0)
        return row

    def _add_path(self, pair: int, arcs: Ints, price: float) -> None:
        amount = self._variable(self._infinity, price)
        self._amount.append(amount)
        self._demand[pair].SetCoefficient(amount, 1.0)
        for arc in arcs.tolist():
            self._users[arc].append(amount)
            if arc in self._seats:
                self._seats[arc].SetCoefficient(amount, 1.0)

    def _add_seats(self, arc: int) -> None:
        row = self._program.Constraint(-self._infinity, float(self._commodities.capacity[arc]))
        for amount in self._users[arc]:
            row.SetCoefficient(amount, 1.0)
        self._seats[arc] = row

    def _read(self) -> Shares:
        rent = np.zeros(len(self._cost))
        for arc, row in self._seats.items():
            rent[arc] = max(0.0, -row.dual_value())
        amount = np.array([max(0.0, amount.solution_value()) for amount in self._amount])
        unserved = np.array([max(0.0, units.solution_value()) for units in self._unserved])
        worth = np.array([row.dual_value() for row in self._demand])
        return Shares(
            amount.round(DECIMALS), unserved.round(DECIMALS), rent.round(DECIMALS), worth.round(DECIMALS)
        )
