"""The engine: LEMON's network simplex, kept between solves so that a small change costs a few pivots.

LEMON (Kovács, *Minimum-cost flow algorithms: an experimental evaluation*, 2015) is reached through pylmcf, which wants arcs
sorted by their ends and costs of at least 0. An arc of negative cost is therefore handed over turned round: filled at
first, and what runs on the turned arc takes some of it back. Nothing here is trusted: `certificate` checks every answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pylmcf import Graph

from nichiiki_solver.flow.columns import MOST, Columns
from nichiiki_solver.ragged import Bools, Ints

WIDEST = 1 << 60
"""Potentials that differ by more are artificial: parts of the network do not reach each other."""


@dataclass(frozen=True)
class Answer:
    """A flow and node potentials, or the nodes that demand too much.

    Attributes
    ----------
    flow, potential
        Of each arc, of each node; None if there is no flow.
    cut
        Nodes whose demand cannot come in; None if there is a flow.
    """

    flow: Ints | None = None
    potential: Ints | None = None
    cut: Ints | None = None


class Simplex:
    """A spanning-tree basis of one network; not to be used by two threads at once.

    Parameters
    ----------
    columns
        The network.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._turned = columns.cost < 0
        start = np.where(self._turned, columns.head, columns.tail)
        end = np.where(self._turned, columns.tail, columns.head)
        self._order = _order(start, end, len(columns.supply))
        self._place = _inverse(self._order)
        self._any_turned = bool(self._turned.any())
        self._graph = Graph(len(columns.supply), start[self._order], end[self._order])
        self._is_sorted = bool((self._order[:-1] < self._order[1:]).all())
        self._cost, self._capacity = (
            self._in_order(np.abs(columns.cost)),
            self._in_order(_rooms(columns.capacity)),
        )
        self._graph.set_edge_costs(self._cost)
        self._graph.set_edge_capacities(self._capacity)
        self._graph.set_node_supply(_supplies(columns, self._turned))

    def change(self, columns: Columns) -> bool:
        """Take over other costs, capacities and supplies; False if that needs another basis.

        A column that is the same object as before is taken to be unchanged.
        """
        old, self._columns = self._columns, columns
        if columns.cost is not old.cost:
            changed = (columns.cost != old.cost).nonzero()[0]
            if ((columns.cost[changed] < 0) != self._turned[changed]).any():
                return False
            self._cost[self._place[changed]] = np.abs(columns.cost[changed])
            self._graph.set_edge_costs(self._cost)
        if columns.capacity is not old.capacity:
            changed = (columns.capacity != old.capacity).nonzero()[0]
            self._capacity[self._place[changed]] = _rooms(columns.capacity[changed])
            self._graph.set_edge_capacities(self._capacity)
        if columns.supply is not old.supply or (columns.capacity is not old.capacity and self._any_turned):
            self._graph.set_node_supply(_supplies(columns, self._turned))
        return True

    def solve(self) -> Answer:
        """Find a cheapest flow from the basis left by the last solve."""
        try:
            self._graph.solve()
        except RuntimeError as error:
            if "INFEASIBLE" not in str(error):
                raise
            return Answer(cut=self._cut())
        return Answer(flow=self._flow(), potential=self._potential())

    def _in_order(self, column: Ints) -> Ints:
        """A column in the order of the engine."""
        return column if self._is_sorted else column[self._order]

    def _flow(self) -> Ints:
        found: Ints = self._graph.result()
        flow: Ints = found.copy() if self._is_sorted else found.take(self._place)
        return np.where(self._turned, self._columns.capacity - flow, flow) if self._any_turned else flow

    def _potential(self) -> Ints:
        """Potentials of which the smallest is 0."""
        potential: Ints = self._graph.raw_potentials()
        if len(potential) and int(potential.max()) - int(potential.min()) > WIDEST:
            potential = self._graph.potentials()
        return potential - potential.min() if len(potential) else potential

    def _cut(self) -> Ints:
        """Nodes outside the set that cannot get rid of its supply."""
        stuck = self._graph.infeasibility_cut()
        return np.flatnonzero(~stuck) if stuck is not None else np.zeros(0, dtype=np.int64)


def _rooms(capacity: Ints) -> Ints:
    """Capacities; what has no limit gets one that no flow reaches."""
    return np.minimum(capacity, MOST + 1)


def _order(start: Ints, end: Ints, nodes: int) -> Ints:
    """Arcs by both ends; equal ones as given."""
    key = start * nodes + end
    if (key[1:] >= key[:-1]).all():
        return np.arange(len(key))
    return np.argsort(key, kind="stable")


def _inverse(order: Ints) -> Ints:
    """Place of each entry in an order."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place


def _supplies(columns: Columns, turned: Bools) -> Ints:
    """Supplies after the turned arcs are filled."""
    supply = columns.supply.copy()
    filled = np.flatnonzero(turned)
    np.subtract.at(supply, columns.tail[filled], columns.capacity[filled])
    np.add.at(supply, columns.head[filled], columns.capacity[filled])
    return supply
