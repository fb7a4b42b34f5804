"""The linear program that shares demand and seats out among the paths listed so far; it grows and keeps its basis.

A pair whose cheapest path takes no seat that is watched simply goes there: nothing it could gain is scarce. The others are
in the program. GLOP continues from the last basis when only columns and rows have been added, which it does with its
preprocessing off: on 100 nodes and 1,000 OD pairs with a third of the arcs full that took half the time of solving each
program anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array

from nichiiki_solver.flow.commodities import Commodities
from nichiiki_solver.flow.paths import Paths
from nichiiki_solver.flow.shortest import Floats
from nichiiki_solver.ragged import Bools, Ints, first_of_group

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
        Of each seat row: what one more seat would save, ≥ 0.
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

        self._commodities, self._cost, self._penalty = commodities, cost, penalty
        self._program: Any = pywraplp.Solver.CreateSolver("GLOP")
        self._program.SetSolverSpecificParametersAsString("use_preprocessing: false")
        self._infinity: float = self._program.infinity()
        self._most_unserved = 0.0 if closed else self._infinity
        self._amount: dict[int, Any] = {}
        self._users: list[list[tuple[Any, float]]] = [[] for _ in commodities.capacity]
        self._seats: dict[int, Any] = {}
        self._pairs: dict[int, tuple[Any, Any]] = {}

    def share_out(self, paths: Paths, watched: Bools) -> Shares:
        """Solve the program with the paths and the seat rows to watch, each of them a superset of the last.

        Parameters
        ----------
        paths
            Paths listed so far; the cheapest of each pair that has one below the penalty is among them.
        watched
            Mask of the seat rows whose capacity counts.
        """
        price, use = paths.sums(self._cost), csc_array(self._commodities.use(paths))
        first = _cheapest(paths, price)
        scarce = np.asarray(use.T @ watched.astype(float)) > 0
        active = np.zeros(self._commodities.pairs, dtype=bool)
        active[paths.pair[first[scarce[first]]]] = True
        self._grow(paths, price, use, active, watched)
        if self._seats:
            status = self._program.Solve()
            if status != self._program.OPTIMAL:
                raise RuntimeError(f"the linear program over the listed paths ended with status {status}")
        return self._read(paths, price, first)

    def _grow(self, paths: Paths, price: Ints, use: csc_array, active: Bools, watched: Bools) -> None:
        for pair in np.flatnonzero(active).tolist():
            if pair not in self._pairs:
                self._add_pair(pair)
        for path in np.flatnonzero(active[paths.pair]).tolist():
            if path not in self._amount:
                part = slice(use.indptr[path], use.indptr[path + 1])
                seats = zip(use.indices[part].tolist(), use.data[part].tolist(), strict=True)
                self._add_path(path, int(paths.pair[path]), float(price[path]), dict(seats))
        for row in np.flatnonzero(watched).tolist():
            if row not in self._seats:
                self._add_seats(row)

    def _variable(self, most: float, price: float) -> Any:
        variable = self._program.NumVar(0.0, most, "")
        self._program.Objective().SetCoefficient(variable, price)
        return variable

    def _add_pair(self, pair: int) -> None:
        demand = float(self._commodities.demand[pair])
        row = self._program.Constraint(demand, demand)
        unserved = self._variable(self._most_unserved, self._penalty)
        row.SetCoefficient(unserved, 1.0)
        self._pairs[pair] = row, unserved

    def _add_path(self, path: int, pair: int, price: float, seats: dict[int, float]) -> None:
        amount = self._variable(self._infinity, price)
        self._amount[path] = amount
        self._pairs[pair][0].SetCoefficient(amount, 1.0)
        for row, times in seats.items():
            self._users[row].append((amount, times))
            if row in self._seats:
                self._seats[row].SetCoefficient(amount, times)

    def _add_seats(self, row: int) -> None:
        limit = self._program.Constraint(-self._infinity, float(self._commodities.capacity[row]))
        for amount, times in self._users[row]:
            limit.SetCoefficient(amount, times)
        self._seats[row] = limit

    def _read(self, paths: Paths, price: Ints, first: Ints) -> Shares:
        demand = self._commodities.demand.astype(float)
        amount, unserved = np.zeros(len(paths)), demand.copy()
        worth, rent = np.full(len(demand), self._penalty), np.zeros(len(self._users))
        amount[first], unserved[paths.pair[first]] = demand[paths.pair[first]], 0.0
        worth[paths.pair[first]] = price[first]
        for path, variable in self._amount.items():
            amount[path] = max(0.0, variable.solution_value())
        for pair, (row, variable) in self._pairs.items():
            unserved[pair], worth[pair] = max(0.0, variable.solution_value()), row.dual_value()
        for seat, limit in self._seats.items():
            rent[seat] = max(0.0, -limit.dual_value())
        return Shares(
            amount.round(DECIMALS), unserved.round(DECIMALS), rent.round(DECIMALS), worth.round(DECIMALS)
        )


def _cheapest(paths: Paths, price: Ints) -> Ints:
    """Cheapest path of each pair that has one, of equals the first listed."""
    order = np.lexsort((price, paths.pair))
    return order[first_of_group(paths.pair[order])]
