"""Left and right marginal cost of a trip: what one unit less saves, what one unit more costs.

Rents that prove an optimum are not unique where a capacity is just reached; the cost of a routing then has a kink. Every
set of optimal rents gives a pair's used path the pair's marginal cost, so that over all such sets the least is the left and
the largest the right marginal cost. They form a polyhedron over the full seat rows: used paths of one pair cost the same, no
other path costs less. What its equations fix needs no search; for the rest a linear program in the few directions
that stay free goes from end to end, with paths added while they cut off what it found.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import null_space
from scipy.optimize import linprog

from nichiiki_solver.flow.commodities import Commodities
from nichiiki_solver.flow.paths import Paths
from nichiiki_solver.flow.routing import Router, Routes
from nichiiki_solver.flow.shortest import Floats
from nichiiki_solver.ragged import Bools

TOLERANCE = 1e-7
"""An amount, a rent or a difference of costs above it, relative to the largest, is one."""
SLACK = 1e-6
"""A path that is cheaper by less, relatively, is not added: the linear program could not tell."""
UNBOUNDED = 3
"""Status of linprog."""


class DualFace:
    """All optimal rents of one routing.

    Parameters
    ----------
    commodities, router, routes
        The network, what can find further paths on it, and the optimum.
    penalty
        Cost of a unit that is not carried; None if all must be.
    """

    def __init__(
        self, commodities: Commodities, router: Router, routes: Routes, *, penalty: float | None
    ) -> None:
        self._commodities, self._router, self._routes, self._penalty = commodities, router, routes, penalty
        self._rent = routes.shares.rent

    def ends(self) -> tuple[Floats, Floats]:
        """Left and right marginal cost of each pair; nan without demand, right infinite if no more can be carried."""
        self._prepare()
        middle = self._constant + self._row @ self._rent[self._full]
        slope = self._row @ self._free
        left, right = middle.copy(), middle.copy()
        moving = np.flatnonzero((np.abs(slope) > TOLERANCE).any(axis=1))
        directions, kind = np.unique(np.round(slope[moving], 9), axis=0, return_inverse=True)
        for number, direction in enumerate(directions):
            pairs = moving[kind == number]
            left[pairs] += self._furthest(direction, -1.0)
            right[pairs] += self._furthest(direction, 1.0)
        empty = self._commodities.demand == 0
        left[empty] = right[empty] = np.nan
        return left, right

    def _prepare(self) -> None:
        """Write the polyhedron down."""
        commodities, shares, paths = self._commodities, self._routes.shares, self._routes.paths
        load = commodities.use(paths) @ shares.amount
        spare = commodities.capacity - load
        self._full = np.flatnonzero(spare <= TOLERANCE * np.maximum(1, commodities.capacity))
        used = paths.take(shares.amount > TOLERANCE * np.maximum(1, commodities.demand[paths.pair]))
        short = shares.unserved > TOLERANCE * np.maximum(1, commodities.demand)
        self._constant, self._row = self._references(used, short)
        self._free = self._directions(used)
        self._cuts = self._rows_of(paths)
        self._levels = self._gaps(paths)

    def _references(self, used: Paths, short: Bools) -> tuple[Floats, Floats]:
        """Of each pair a constant and a row over full seat rows that give its marginal cost at any optimal rents."""
        pairs = self._commodities.pairs
        constant, row = np.zeros(pairs), np.zeros((pairs, len(self._full)))
        constant[used.pair], row[used.pair] = used.sums(self._commodities.cost), self._uses(used)
        if self._penalty is not None:
            constant[short], row[short] = self._penalty, 0.0
        return constant, row

    def _directions(self, used: Paths) -> Floats:
        """Basis of the directions in which rents may move while used paths of a pair keep one cost."""
        if not len(self._full):
            return np.zeros((0, 0))
        equations = self._uses(used) - self._row[used.pair]
        moving = equations[np.abs(equations).any(axis=1)]
        return np.asarray(null_space(moving)) if len(moving) else np.eye(len(self._full))

    def _uses(self, paths: Paths) -> Floats:
        """Paths × full seat rows: how often."""
        return np.asarray(self._commodities.use(paths)[self._full].toarray().T)

    def _rows_of(self, paths: Paths) -> Floats:
        """How much each path becomes cheaper than its pair's marginal cost along the free directions."""
        return (self._row[paths.pair] - self._uses(paths)) @ self._free

    def _gaps(self, paths: Paths) -> Floats:
        """How much each path is dearer than its pair's marginal cost at the rents found."""
        price = paths.sums(self._commodities.cost) + self._uses(paths) @ self._rent[self._full]
        here = self._constant + self._row @ self._rent[self._full]
        return np.maximum(0.0, price - here[paths.pair])

    def _furthest(self, direction: Floats, sign: float) -> float:
        """How far the marginal cost goes in a direction, from the rents found."""
        while True:
            step, is_ray = self._search(sign * direction)
            cheaper = self._cheaper_paths(step, is_ray)
            if not len(cheaper):
                return sign * np.inf if is_ray else float(direction @ step)
            self._cuts = np.vstack((self._cuts, self._rows_of(cheaper)))
            self._levels = np.concatenate((self._levels, self._gaps(cheaper)))

    def _search(self, direction: Floats) -> tuple[Floats, bool]:
        """Go as far as the paths known allow: the step, or a direction without end and True."""
        rows, levels = self._limits()
        result = _maximise(direction, rows, levels)
        if result.status != UNBOUNDED:
            return np.asarray(result.x), False
        ray = _maximise(direction, np.vstack((rows, direction)), np.append(np.zeros(len(rows)), 1.0))
        return np.asarray(ray.x), True

    def _limits(self) -> tuple[Floats, Floats]:
        """Rows and limits of a step: no path cheaper than its pair's marginal cost, no rent below 0, none above the penalty."""
        rows, levels = [self._cuts, -self._free], [self._levels, self._rent[self._full]]
        if self._penalty is not None:
            rows.append(self._row @ self._free)
            levels.append(self._penalty - self._constant - self._row @ self._rent[self._full])
        matrix, limit = np.vstack(rows), np.maximum(0.0, np.concatenate(levels))
        matters = (np.abs(matrix) > TOLERANCE).any(axis=1)
        return matrix[matters], limit[matters]

    def _cheaper_paths(self, step: Floats, is_ray: bool) -> Paths:
        """Paths that are cheaper than their pair's marginal cost after a step, or in the end along a ray."""
        here = self._commodities
        rent = np.zeros(len(here.capacity))
        start = np.zeros(len(self._full)) if is_ray else self._rent[self._full]
        rent[self._full] = np.maximum(0.0, start + self._free @ step)
        trees = self._router.trees(rent[here.seat] + (0.0 if is_ray else here.cost))
        value = self._row @ rent[self._full] + (0.0 if is_ray else self._constant)
        slack = SLACK * np.maximum(1.0, np.abs(value))
        return here.trips(trees, np.flatnonzero((here.least(trees) < value - slack) & (here.demand > 0)))


def _maximise(direction: Floats, rows: Floats, limits: Floats) -> Any:
    result: Any = linprog(-direction, A_ub=rows, b_ub=limits, bounds=(None, None), method="highs-ds")
    if result.status not in (0, UNBOUNDED):
        raise RuntimeError(f"the linear program over rents ended with {result.message}")
    return result
