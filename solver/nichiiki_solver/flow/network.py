"""A network with one good: solved from scratch, and again after changes from where the last solve stood."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nichiiki_models.allocation import Status, Violation
from nichiiki_models.errors import MarketError, VerificationError
from nichiiki_solver.flow import scaling
from nichiiki_solver.flow.cases import Changes, read_cases
from nichiiki_solver.flow.certificate import (
    Proof,
    find_cut_violations,
    follow,
    prove,
)
from nichiiki_solver.flow.columns import MOST, Change, read_columns
from nichiiki_solver.flow.simplex import Answer, Simplex
from nichiiki_solver.flow.what_if import WhatIfs, answer_cases
from nichiiki_solver.ragged import Ints

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, eq=False)
class Flow:
    """The outcome for a network: a cheapest flow with its proof, or the proof that there is none.

    Attributes
    ----------
    status
        OPTIMAL or INFEASIBLE.
    cost
        Cost of the flow; None if there is none.
    flow
        Of each arc.
    potential
        Of each node: what a unit is worth there, the smallest being 0. No arc with room left leads to a node worth more
        than its cost above where it starts; an arc that is used leads to one worth at least that much. Where optimal
        potentials are not unique this is one choice among them.
    cut
        Without a flow: nodes that together demand more than the arcs into them can carry; else None.
    warm
        Whether the last solve's basis was the start.
    """

    status: Status
    cost: int | None
    flow: Ints | None
    potential: Ints | None
    cut: Ints | None
    warm: bool = False


class Network:
    """A network with one good, which remembers how it was solved last.

    Not to be used by two threads at once.

    Parameters
    ----------
    tail, head
        Nodes that each arc leaves and enters, 0 … nodes - 1. Parallel arcs and loops are allowed.
    capacity
        Most that each arc carries, whole, ≥ 0.
    cost
        Cost of a unit on each arc, whole; may be negative.
    supply
        Of each node: what it sends out (positive) or takes in (negative); sums to zero.
    node_labels, arc_labels
        Names of nodes and arcs in order, for whoever reads the answer; numbers if None.

    Raises
    ------
    MarketError
        If lengths differ, a value is no whole number, a node is not known, a capacity is negative, supplies do not
        sum to zero, or sums could leave the range of 64 bits. The message names the arc or node and the remedy.

    Examples
    --------
    >>> network = Network([0, 0, 1], [1, 2, 2], [3, 3, 5], [1, 3, 5], [5, 0, -5])
    >>> network.solve().cost
    21
    >>> network.resolve(cost={0: 9}).cost
    37
    """

    def __init__(
        self,
        tail: npt.ArrayLike,
        head: npt.ArrayLike,
        capacity: npt.ArrayLike,
        cost: npt.ArrayLike,
        supply: npt.ArrayLike,
        *,
        node_labels: Iterable[Hashable] | None = None,
        arc_labels: Iterable[Hashable] | None = None,
    ) -> None:
        self._columns = read_columns(tail, head, capacity, cost, supply)
        self._engine: Simplex | None = None
        self._proof: Proof | None = None
        self.node_labels = _labels("node_labels", node_labels, len(self._columns.supply))
        self.arc_labels = _labels("arc_labels", arc_labels, len(self._columns.tail))

    @classmethod
    def from_networkx(
        cls,
        graph: networkx.DiGraph[Any],
        *,
        capacity: str = "capacity",
        weight: str = "weight",
        demand: str = "demand",
    ) -> Network:
        """Build a network from a directed graph; parallel arcs need a ``MultiDiGraph``.

        Parameters
        ----------
        graph
            Nodes and arcs in its own order become 0, 1 and so on; their names stay in the labels.
        capacity, weight
            Attributes of arcs; by the custom of networkx a missing capacity is none at all and a missing weight is 0.
        demand
            Attribute of nodes: what they take in (so a negative one is a supply); missing is 0.

        Raises
        ------
        MarketError
            If the graph is not directed, and as above.
        """
        if not graph.is_directed():
            raise MarketError("graph: arcs need a direction; use to_directed(), which makes two of each edge")
        names = list(graph)
        number = {name: place for place, name in enumerate(names)}
        arcs: Any = graph.edges  # what it takes depends on the kind of graph, which the stubs do not say
        keys = list(arcs(keys=True) if graph.is_multigraph() else arcs())
        data = [attributes for *_, attributes in arcs(data=True)]
        return cls(
            [number[key[0]] for key in keys],
            [number[key[1]] for key in keys],
            [attributes.get(capacity, MOST) for attributes in data],
            [attributes.get(weight, 0) for attributes in data],
            [-graph.nodes[name].get(demand, 0) for name in names],
            node_labels=names,
            arc_labels=keys,
        )

    @property
    def tail(self) -> Ints:
        """Node that each arc leaves."""
        return _fixed(self._columns.tail)

    @property
    def head(self) -> Ints:
        """Node that each arc enters."""
        return _fixed(self._columns.head)

    @property
    def capacity(self) -> Ints:
        """Most that each arc carries."""
        return _fixed(self._columns.capacity)

    @property
    def cost(self) -> Ints:
        """Cost of a unit on each arc."""
        return _fixed(self._columns.cost)

    @property
    def supply(self) -> Ints:
        """What each node sends out."""
        return _fixed(self._columns.supply)

    def solve(self) -> Flow:
        """Find a cheapest flow from scratch.

        On large networks where all is few steps apart by cost scaling, else by the network simplex, whose basis `resolve` goes on
        from; after cost scaling the first `resolve` has to build one.

        Raises
        ------
        VerificationError
            If the answer fails its check; nothing is returned then.
        """
        found = scaling.find_flow(self._columns) if scaling.suits(self._columns) else None
        if found is None:
            return self._by_simplex()
        self._engine = self._proof = None
        flow, violations = self._proven(*found, warm=False)
        if violations:
            raise VerificationError(violations)
        return flow

    def _by_simplex(self) -> Flow:
        """Find a cheapest flow from scratch, or nodes that demand too much, and keep the basis."""
        self._engine, self._proof = Simplex(self._columns), None
        flow, violations = self._checked(self._engine.solve(), warm=False)
        if violations:
            self._engine = None
            raise VerificationError(violations)
        return flow

    def resolve(
        self, *, cost: Change | None = None, capacity: Change | None = None, supply: Change | None = None
    ) -> Flow:
        """Change the network and find a cheapest flow from where the last solve stood.

        An arc whose cost changes its sign, or a basis that led astray, makes it start from scratch. After a proof that has passed
        only what changed is checked; see `nichiiki_solver.flow.certificate.follow`.

        Parameters
        ----------
        cost, capacity, supply
            A whole new column, or new values by arc (by node for supplies); None leaves it. The network keeps them.

        Raises
        ------
        MarketError
            As for a new network; the network is unchanged then.
        VerificationError
            If the answer fails its check; nothing is returned then.
        """
        self._columns = self._columns.changed(cost=cost, capacity=capacity, supply=supply)
        if self._engine is None or not self._engine.change(self._columns):
            return self._by_simplex()
        flow, violations = self._checked(self._engine.solve(), warm=True)
        return self._by_simplex() if violations else flow

    def what_if(
        self, *, cost: Changes | None = None, capacity: Changes | None = None, supply: Changes | None = None
    ) -> WhatIfs:
        """Answer many small changes in one call, each alone; the network stays as it is.

        Where the potentials of the network as it stands prove the answer to a case too, which for small changes they mostly do, no
        solver is called. Every answer has passed a whole check.

        Parameters
        ----------
        cost, capacity, supply
            Of each case new values by arc (by node for supplies); None where no case has any.

        Raises
        ------
        MarketError
            As for a new network, with the number of the case; also if the network as it stands has no flow.
        VerificationError
            If an answer fails its check; nothing is returned then.

        Examples
        --------
        What one unit more and one less from node 0 to node 2 cost:

        >>> network = Network([0, 0, 1], [1, 2, 2], [3, 3, 5], [1, 3, 5], [5, 0, -5])
        >>> cases = network.what_if(supply=[{0: 6, 2: -6}, {0: 4, 2: -4}])
        >>> network.solve().cost, cases.cost
        (21, (27, 15))
        """
        changes = read_cases(self._columns, cost=cost, capacity=capacity, supply=supply)
        if self._proof is None:
            self.solve()
        if self._proof is None:
            raise MarketError("what_if: the network as it stands has no flow to compare with; use resolve")
        self._engine = self._engine or Simplex(self._columns)
        return answer_cases(self._columns, self._proof, self._engine, changes)

    def reduced_costs(self, potential: Ints) -> Ints:
        """What a further unit on each arc would cost at node potentials."""
        return self._columns.cost + (potential[self._columns.tail] - potential[self._columns.head])

    def _checked(self, answer: Answer, *, warm: bool) -> tuple[Flow, list[Violation]]:
        columns = self._columns
        ends = columns.tail, columns.head, columns.capacity
        if answer.flow is None or answer.potential is None:
            cut = np.zeros(0, dtype=np.int64) if answer.cut is None else answer.cut
            faults = find_cut_violations(*ends, columns.supply, cut=cut)
            return Flow(Status.INFEASIBLE, None, None, None, cut, warm), faults
        return self._proven(answer.flow, answer.potential, warm=warm)

    def _proven(self, flow: Ints, potential: Ints, *, warm: bool) -> tuple[Flow, list[Violation]]:
        """Check an answer, against the last one where there is one."""
        columns, before, self._proof = self._columns, self._proof, None
        for column in (flow, potential):
            column.flags.writeable = False  # the next check counts on them
        ends = columns.tail, columns.head
        proof = Proof(*ends, columns.capacity, columns.cost, columns.supply, flow, potential)
        proof, faults = prove(proof) if before is None else follow(before, proof)
        self._proof = None if faults else proof
        return Flow(Status.OPTIMAL, proof.total, flow, potential, None, warm), faults


def _labels(name: str, labels: Iterable[Hashable] | None, count: int) -> tuple[Hashable, ...] | None:
    if labels is None:
        return None
    names = tuple(labels)
    if len(names) != count:
        raise MarketError(f"{name}: {len(names)} names for {count}; give one name each")
    return names


def _fixed(column: Ints) -> Ints:
    """A view that cannot be written to: changes go through `resolve`."""
    view = column.view()
    view.flags.writeable = False
    return view
