"""Routing of many OD pairs over shared seats: paths are listed when a linear program's rents make them cheaper.

Column generation with lazy capacity rows (Ford and Fulkerson, *A suggested computation for maximal multi-commodity network
flows*, 1958): the program knows only the paths found so far and only the capacities that were ever passed. It is done
when no capacity is passed and no pair has a cheaper path under cost + rent, so that it is the optimum over all paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
        self._watched = np.zeros(len(commodities.tail), dtype=bool)
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
        master = Master(self._commodities, cost, penalty, closed=closed)
        trees = self.trees(cost)
        self._list_cheaper(trees, np.full(self._commodities.pairs, penalty))
        while True:
            shares = master.share_out(self._paths, self._watched)
            overloaded = self._watch_overloads(shares)
            trees = self.trees(cost + shares.rent)
            slack = TOLERANCE * np.maximum(1.0, np.abs(shares.worth))
            if not self._list_cheaper(trees, shares.worth - slack) and not overloaded:
                return Routes(self._paths, shares, trees)

    def trees(self, weight: Ints | Floats) -> Trees:
        """Cheapest paths from each source."""
        return self._shortest.trees(weight, self._commodities.sources)

    def _list_cheaper(self, trees: Trees, limit: Floats) -> bool:
        """List the cheapest path of each pair that has one below its limit."""
        here = self._commodities
        least = trees.distance[here.source, here.destination]
        chosen = np.flatnonzero((least < limit) & (here.demand > 0))
        found = Paths(chosen, *trees.paths(here.source[chosen], here.destination[chosen]))
        names = [(int(found.pair[path]), found.arcs_of(path).tobytes()) for path in range(len(found))]
        fresh = np.array([name not in self._listed for name in names], dtype=bool)
        self._listed.update(names)
        self._paths = self._paths.join(found.take(fresh))
        return bool(fresh.any())

    def _watch_overloads(self, shares: Shares) -> bool:
        """Look from now on at capacities that are passed."""
        here = self._commodities
        load = self._paths.incidence(len(here.tail)) @ shares.amount
        over: Bools = (load > here.capacity + TOLERANCE * np.maximum(1, load)) & ~self._watched
        self._watched = self._watched | over
        return bool(over.any())
