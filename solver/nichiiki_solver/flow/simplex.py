"""The engine: LEMON's network simplex, kept between solves so that a small change costs a few pivots.

LEMON (Kovács, *Minimum-cost flow algorithms: an experimental evaluation*, 2015) is reached through pylmcf, which wants arcs
sorted by their ends and costs of at least 0. An arc of negative cost is therefore handed over turned round: filled at
first, and what runs on the turned arc takes some of it back. Nothing here is trusted: `certificate` checks every answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pylmcf import Graph

from nichiiki_solver.flow.columns import Columns, in_order_of_ends, rooms
from nichiiki_solver.ragged import Ints

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
        self._any_turned = bool(self._turned.any())
        start, end = columns.tail, columns.head
        if self._any_turned:
            start, end = np.where(self._turned, end, start), np.where(self._turned, start, end)
        self._order, start, end = in_order_of_ends(start, end, len(columns.supply))
        self._graph = Graph(len(columns.supply), start, end)
        self._cost = self._in_order(np.abs(columns.cost) if self._any_turned else columns.cost)
        self._capacity = self._in_order(rooms(columns.capacity))
        self._graph.set_edge_costs(self._cost)
        self._graph.set_edge_capacities(self._capacity)
        self._graph.set_node_supply(self._supplies())
        self._beside: tuple[Ints, Ints] | None = None

    def change(self, columns: Columns) -> bool:
        """Take over other costs, capacities and supplies; False if that needs another basis.

        A column that is the same object as before is taken to be unchanged.
        """
        old = self._columns
        if columns.cost is not old.cost:
            changed = (columns.cost != old.cost).nonzero()[0]
            if ((columns.cost[changed] < 0) != self._turned[changed]).any():
                return False
            self._cost[self._place[changed]] = np.abs(columns.cost[changed])
            self._graph.set_edge_costs(self._cost)
        self._columns = columns
        if columns.capacity is not old.capacity:
            changed = (columns.capacity != old.capacity).nonzero()[0]
            self._capacity[self._place[changed]] = rooms(columns.capacity[changed])
            self._graph.set_edge_capacities(self._capacity)
        if columns.supply is not old.supply or (columns.capacity is not old.capacity and self._any_turned):
            self._graph.set_node_supply(self._supplies())
        return True

    def solve(self) -> Answer:
        """Find a cheapest flow from the basis left by the last solve."""
        if not self._run():
            return Answer(cut=self._cut())
        return Answer(flow=self._flow(), potential=self._potential())

    def solve_beside(self, flow: Ints) -> tuple[Ints, Ints, Ints] | None:
        """Find a cheapest flow as `solve` does, and say only where it is another one.

        Parameters
        ----------
        flow
            The flow to compare with: the same array as long as the same one is meant.

        Returns
        -------
        arcs, more, potential
            Arcs that carry more (or less) and how much; potentials of all nodes. None if there is no flow.
        """
        if not self._run():
            return None
        if self._any_turned:
            more = self._flow() - flow
            arcs = more.nonzero()[0]
            return arcs, more[arcs], self._graph.raw_potentials()
        if self._beside is None or self._beside[0] is not flow:
            self._beside = flow, self._in_order(flow)
        more = self._graph.result() - self._beside[1]
        places = more.nonzero()[0]
        return self._order[places], more[places], self._graph.raw_potentials()

    def _run(self) -> bool:
        """Solve; False if there is no flow."""
        try:
            self._graph.solve()
        except RuntimeError as error:
            if "INFEASIBLE" not in str(error):
                raise
            return False
        return True

    @cached_property
    def _place(self) -> Ints:
        """Of each arc its place in the order of the engine."""
        place = np.empty(len(self._order), dtype=np.int64)
        place[self._order] = np.arange(len(self._order))
        return place

    def _in_order(self, column: Ints) -> Ints:
        """A copy of a column in the order of the engine."""
        return column.take(self._order)

    def _supplies(self) -> Ints:
        """Supplies after the turned arcs are filled."""
        columns = self._columns
        if not self._any_turned:
            return columns.supply
        supply, filled = columns.supply.copy(), np.flatnonzero(self._turned)
        np.subtract.at(supply, columns.tail[filled], columns.capacity[filled])
        np.add.at(supply, columns.head[filled], columns.capacity[filled])
        return supply

    def _flow(self) -> Ints:
        flow = np.empty(len(self._order), dtype=np.int64)
        flow[self._order] = self._graph.result()
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
