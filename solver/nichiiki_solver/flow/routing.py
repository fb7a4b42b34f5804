"""Routing of many OD pairs over shared seats: paths are listed when a linear program's rents make them cheaper.

Column generation with lazy capacity rows (Ford and Fulkerson, *A suggested computation for maximal multi-commodity network
flows*, 1958): the program knows only the paths found so far and only the capacities that were ever passed. It is done
when no capacity is passed and no pair has a cheaper path under cost + rent, so that it is the optimum over all paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_solver.flow.ascent import ascend
from nichiiki_solver.flow.commodities import Commodities
from nichiiki_solver.flow.master import Master, Shares
from nichiiki_solver.flow.paths import Paths, no_paths
from nichiiki_solver.flow.shortest import Floats, ShortestPaths, Trees
from nichiiki_solver.ragged import Bools, Ints

TOLERANCE = 1e-9
"""A path is cheaper, or a capacity passed, if it is so by more than this share."""


@dataclass(frozen=True)
class Routes:
    """An optimal routing.

    Attributes
    ----------
    paths, shares
        The listed paths and what runs on them.
    trees
        Cheapest paths from each source under cost + rent.
    """

    paths: Paths
    shares: Shares
    trees: Trees


class Router:
    """Routes the pairs of one network under one or several sets of costs; paths found once stay listed.

    Parameters
    ----------
    commodities
        Network and demands.
    """

    def __init__(self, commodities: Commodities) -> None:
        self._commodities = commodities
        self._shortest = ShortestPaths(commodities.tail, commodities.head, commodities.nodes)
        self._watched = np.zeros(len(commodities.capacity), dtype=bool)
        self._paths = no_paths()
        self._listed: set[tuple[int, bytes]] = set()

    def route(self, cost: Ints, *, penalty: float, closed: bool = False) -> Routes:
        """Find a cheapest routing.

        Parameters
        ----------
        cost
            Of a unit on each arc, ≥ 0.
        penalty
            Cost of a unit that is not carried.
        closed
            Whether everything must be carried; only after a routing over the same pairs that did so.
        """
        here = self._commodities
        master = Master(here, cost, penalty, closed=closed)
        first, scarce = ascend(here, cost, penalty, self.trees)
        for paths in first:
            self._list(paths)
        self._watched |= scarce
        while True:
            shares = master.share_out(self._paths, self._watched)
            overloaded = self._watch_overloads(shares)
            trees = self.trees(cost + shares.rent[here.seat])
            limit = shares.worth - TOLERANCE * np.maximum(1.0, np.abs(shares.worth))
            cheaper = np.flatnonzero((here.least(trees) < limit) & (here.demand > 0))
            if not self._list(here.trips(trees, cheaper)) and not overloaded:
                return Routes(self._paths, shares, trees)

    def trees(self, weight: Ints | Floats) -> Trees:
        """Cheapest paths from each source."""
        return self._shortest.trees(weight, self._commodities.sources)

    def _list(self, paths: Paths) -> bool:
        """List the paths that are new; False if none is."""
        names = paths.names()
        fresh = np.array([name not in self._listed for name in names], dtype=bool)
        self._listed.update(names)
        self._paths = self._paths.join(paths.take(fresh))
        return bool(fresh.any())

    def _watch_overloads(self, shares: Shares) -> bool:
        """Look from now on at seat rows that are passed."""
        load = self._commodities.use(self._paths) @ shares.amount
        limit = self._commodities.capacity + TOLERANCE * np.maximum(1, load)
        over: Bools = (load > limit) & ~self._watched
        self._watched = self._watched | over
        return bool(over.any())
