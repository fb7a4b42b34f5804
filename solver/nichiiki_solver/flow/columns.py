"""The columns of a network: read, checked, and kept within the range in which every sum is exact in 64 bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nichiiki_models.errors import MarketError
from nichiiki_solver.ragged import Bools, Ints

MOST = (1 << 60) - 1
"""Largest total of what can flow, and largest length of a path: twice that still fits into 64 bits."""

PACKED = 63
"""Bits of a whole number above 0."""

Change = npt.ArrayLike | Mapping[int, int]
"""A whole new column, or new values of some of its entries."""


@dataclass(frozen=True)
class Columns:
    """A network as flat arrays of whole numbers.

    Attributes
    ----------
    tail, head
        Nodes that each arc leaves and enters, 0 … nodes - 1. Parallel arcs and loops are allowed.
    capacity
        Most that each arc carries, ≥ 0. Without a limit: any number from `MOST` on.
    cost
        Cost of a unit on each arc; may be negative.
    supply
        Of each node: what it sends out (positive) or takes in (negative); sums to zero.
    """

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    supply: Ints

    def changed(
        self, *, cost: Change | None = None, capacity: Change | None = None, supply: Change | None = None
    ) -> Columns:
        """Return the columns with some values changed.

        Raises
        ------
        MarketError
            As in `read_columns`; also if an arc or node to be changed is not known.
        """
        new = replace(
            self,
            cost=_change("cost", "arc", self.cost, cost),
            capacity=_change("capacity", "arc", self.capacity, capacity),
            supply=_change("supply", "node", self.supply, supply),
        )
        if new.capacity is not self.capacity:
            check_capacities(new.capacity)
        if new.cost is not self.cost and not _small(cost, len(new.supply)):
            check_costs(new.cost, len(new.supply))
        if new.supply is not self.supply:
            _check_supplies(new.supply)
        _check_total(new)
        return new


def read_columns(
    tail: npt.ArrayLike,
    head: npt.ArrayLike,
    capacity: npt.ArrayLike,
    cost: npt.ArrayLike,
    supply: npt.ArrayLike,
) -> Columns:
    """Read the columns of a network; what they mean is in `Columns`.

    Raises
    ------
    MarketError
        If lengths differ, a value is no whole number, a node is not known, a capacity is negative, supplies do not
        sum to zero, or sums could leave the range of `MOST`. The message names the arc or node and the remedy.
    """
    given = {"tail": tail, "head": head, "capacity": capacity, "cost": cost, "supply": supply}
    columns = Columns(**{name: read_ints(name, values) for name, values in given.items()})
    _check_lengths(columns)
    check_nodes("tail", columns.tail, len(columns.supply))
    check_nodes("head", columns.head, len(columns.supply))
    check_capacities(columns.capacity)
    check_costs(columns.cost, len(columns.supply))
    _check_supplies(columns.supply)
    _check_total(columns)
    return columns


def rooms(capacity: Ints) -> Ints:
    """Capacities as engines take them; what has no limit gets one that no flow reaches."""
    return np.minimum(capacity, MOST + 1)


def in_order_of_ends(start: Ints, end: Ints, nodes: int) -> tuple[Ints, Ints, Ints]:
    """Arcs as engines take them, by both ends, equal ones as given: their order, starts and ends.

    Both ends and the number of the arc in one whole number are sorted several times as fast as an order is found.
    """
    width, bits = len(start).bit_length(), (nodes * nodes).bit_length()
    if width + bits > PACKED:
        order = np.argsort(start * nodes + end, kind="stable")
        return order, start[order], end[order]
    key = ((start * nodes + end) << width) | np.arange(len(start))
    key.sort()
    order = key & ((1 << width) - 1)
    return order, start[order], end[order]


def read_ints(name: str, values: npt.ArrayLike) -> Ints:
    """Return a column as a new array of 64-bit integers."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise MarketError(f"{name}: one flat column is needed, got {array.ndim} dimensions")
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind not in "iu":
        raise MarketError(f"{name}: whole numbers of 64 bits are needed, got {array.dtype}; scale and round")
    if array.dtype.kind == "u" and int(array.max()) > np.iinfo(np.int64).max:
        raise MarketError(f"{name}: entry {int(array.argmax())} does not fit into 64 bits; use smaller units")
    return np.array(array, dtype=np.int64)


def check_nodes(name: str, nodes: Ints, count: int) -> None:
    """Refuse a column that names a node which does not exist."""
    if len(nodes) and int(nodes.view(np.uint64).max()) >= count:  # a negative one is a huge one
        wrong = int(((nodes < 0) | (nodes >= count)).argmax())
        known = f"nodes are 0 … {count - 1}" if count else "there is no node"
        raise MarketError(f"{name}: arc {wrong} names node {nodes[wrong]}; {known}: give each node a supply")


def check_capacities(capacity: Ints) -> None:
    """Refuse negative capacities."""
    if capacity.min(initial=0) < 0:
        wrong = int((capacity < 0).argmax())
        raise MarketError(
            f"capacity: arc {wrong} has {capacity[wrong]}; give 0 or more (0 closes the arc; for a flow back add an arc)"
        )


def check_costs(cost: Ints, nodes: int) -> None:
    """Refuse costs whose sum along a path could pass `MOST`."""
    largest = MOST // (nodes + 1)
    if cost.max(initial=0) > largest or cost.min(initial=0) < -largest:
        wrong = int(((cost > largest) | (cost < -largest)).argmax())
        raise MarketError(
            f"cost: arc {wrong} has {cost[wrong]}; with {nodes} nodes at most ±{largest} is exact: divide all costs by a factor"
        )


def _check_lengths(columns: Columns) -> None:
    arcs = len(columns.tail)
    for name in ("head", "capacity", "cost"):
        length = len(getattr(columns, name))
        if length != arcs:
            raise MarketError(f"{name}: {length} values for the {arcs} arcs of tail; give one value an arc")


def _check_supplies(supply: Ints) -> None:
    if supply.max(initial=0) > MOST or supply.min(initial=0) < -MOST:
        wrong = int(((supply > MOST) | (supply < -MOST)).argmax())
        raise MarketError(
            f"supply: node {wrong} has {supply[wrong]}; at most ±{MOST} is exact: use larger units"
        )
    if np.abs(supply).sum(dtype=np.float64) > MOST:
        raise MarketError(f"supply: all supplies and demands together pass {MOST}; use larger units")
    rest = int(supply.sum())
    if rest:
        raise MarketError(
            f"supply: the {len(supply)} nodes sum to {rest}, not 0; add a node with supply {-rest} and arcs to or from it"
        )


def _check_total(columns: Columns) -> None:
    """All that can flow: what is supplied, and what negative costs may drive round in circles."""
    if columns.cost.min(initial=0) >= 0:
        return
    gainful = columns.cost < 0
    total = columns.capacity[gainful].sum(dtype=np.float64) + np.abs(columns.supply).sum(dtype=np.float64)
    if total > MOST:
        arc = int(np.flatnonzero(gainful)[columns.capacity[gainful].argmax()])
        raise MarketError(
            f"capacity: arc {arc} has a negative cost and room for {columns.capacity[arc]}; the arcs of negative cost "
            f"may together have room for {MOST}: give it a true capacity"
        )


def _change(name: str, place: str, old: Ints, change: Change | None) -> Ints:
    if change is None:
        return old
    if not isinstance(change, Mapping):
        new = read_ints(name, change)
        if len(new) != len(old):
            raise MarketError(f"{name}: {len(new)} values for {len(old)} {place}s; give one value each")
        return new
    where, values = read_ints(f"{name}: {place}s", list(change)), read_ints(name, list(change.values()))
    wrong = _first((where < 0) | (where >= len(old)))
    if wrong is not None:
        raise MarketError(f"{name}: there is no {place} {where[wrong]}; {place}s are 0 … {len(old) - 1}")
    new = old.copy()
    new[where] = values
    return new


def _small(change: Change | None, nodes: int) -> bool:
    """Whether a few new costs are all allowed, so that the whole column, which was before, need not be looked at."""
    largest = MOST // (nodes + 1)
    return isinstance(change, Mapping) and all(-largest <= value <= largest for value in change.values())


def _first(mask: Bools) -> int | None:
    """Index of the first true entry."""
    return int(mask.argmax()) if mask.any() else None
