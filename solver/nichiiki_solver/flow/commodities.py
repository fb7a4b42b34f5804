"""Who travels from where to where: demands by origin and destination, brought together by origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from nichiiki_models.errors import MarketError
from nichiiki_solver.flow.columns import check_capacities, check_costs, check_nodes, read_ints
from nichiiki_solver.flow.paths import Paths
from nichiiki_solver.flow.shortest import Floats, Trees
from nichiiki_solver.ragged import Ints, offsets_of

MOST_DEMAND = 1 << 53
"""Largest total demand: more could not be told apart in the linear program."""


@dataclass(frozen=True)
class Stretch:
    """One of the paths that a trip of each OD pair is made of.

    Attributes
    ----------
    source
        Row of its origin among the distinct origins.
    destination
        Node it ends at.
    """

    source: Ints
    destination: Ints


@dataclass(frozen=True)
class Commodities:
    """A network with shared capacities, and demands on it.

    Attributes
    ----------
    tail, head, cost
        The arcs; see `read_commodities`.
    seat
        Of each arc: the capacity that it uses, a row of `capacity`.
    capacity
        Of each seat row; several arcs may share one.
    nodes
        Number of nodes.
    origin, destination, demand
        Of each OD pair.
    back_origin, back_destination
        Of each OD pair: ends of the way back; None if there is none.
    sources
        The distinct origins of all stretches, ascending.
    stretches
        The way out, and the way back if there is one.
    """

    tail: Ints
    head: Ints
    seat: Ints
    capacity: Ints
    cost: Ints
    nodes: int
    origin: Ints
    destination: Ints
    demand: Ints
    back_origin: Ints | None
    back_destination: Ints | None
    sources: Ints
    stretches: tuple[Stretch, ...]

    @property
    def pairs(self) -> int:
        """Number of OD pairs."""
        return len(self.demand)

    def least(self, trees: Trees) -> Floats:
        """Cost of the cheapest trip of each pair; infinite where there is none."""
        return np.asarray(sum(trees.to(each.source, each.destination) for each in self.stretches))

    def trips(self, trees: Trees, pairs: Ints) -> Paths:
        """Cheapest trips of some pairs, which must have one."""
        found = [trees.paths(each.source[pairs], each.destination[pairs]) for each in self.stretches]
        turn = np.diff(found[0][0])
        if len(found) == 1:
            return Paths(pairs, *found[0], turn)
        lengths = np.stack([np.diff(offsets) for offsets, _ in found], axis=1)
        order = np.argsort(
            np.concatenate([np.repeat(2 * np.arange(len(pairs)) + k, lengths[:, k]) for k in range(2)]),
            kind="stable",
        )
        arcs = np.concatenate([arcs for _, arcs in found])[order]
        return Paths(pairs, offsets_of(lengths.sum(axis=1)), arcs, turn)

    def use(self, paths: Paths) -> csr_array:
        """Seat rows × paths: how often a path takes a seat."""
        rows = len(self.capacity)
        entries = (self.seat[paths.arcs], paths.owner)
        return csr_array((np.ones(len(paths.arcs)), entries), shape=(rows, len(paths)))


def read_commodities(
    tail: npt.ArrayLike,
    head: npt.ArrayLike,
    capacity: npt.ArrayLike,
    cost: npt.ArrayLike,
    origin: npt.ArrayLike,
    destination: npt.ArrayLike,
    demand: npt.ArrayLike,
    *,
    nodes: int | None,
    seat: npt.ArrayLike | None = None,
    back: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> Commodities:
    """Read a network and the demands on it.

    Parameters
    ----------
    tail, head, cost
        Ends of each arc, and cost of a unit ≥ 0, whole.
    capacity
        Seats ≥ 0 of each arc, or of each seat row if `seat` is given.
    origin, destination, demand
        Of each OD pair: nodes, and units to be carried, whole, ≥ 0.
    nodes
        Number of nodes; one more than the largest named if None.
    seat
        Row of `capacity` that each arc uses; None if each has its own.
    back
        Origin and destination of the way back of each OD pair.

    Raises
    ------
    MarketError
        If lengths differ, a value is no whole number or negative, or a node is not known.
    """
    arcs = [read_ints(n, v) for n, v in (("tail", tail), ("head", head), ("cost", cost))]
    seats, rows = read_ints("capacity", capacity), None if seat is None else read_ints("seat", seat)
    demands = [
        read_ints(n, v) for n, v in (("origin", origin), ("destination", destination), ("demand", demand))
    ]
    names = ("back_origin", "back_destination")
    backs = [] if back is None else [read_ints(n, v) for n, v in zip(names, back, strict=True)]
    _check_lengths(("tail", "head", "cost"), arcs, "arc")
    _check_seats(len(arcs[0]), seats, rows)
    _check_lengths(("origin", "destination", "demand", *names[: len(backs)]), [*demands, *backs], "OD pair")
    ends = (*arcs[:2], *demands[:2], *backs)
    named = max((int(column.max(initial=-1)) for column in ends), default=-1) + 1
    count = named if nodes is None else nodes
    for name, column in (("tail", arcs[0]), ("head", arcs[1])):
        check_nodes(name, column, count)
    for name, column in zip(("origin", "destination", *names), (*demands[:2], *backs), strict=False):
        _check_places(name, column, count)
    check_capacities(seats)
    _check_not_negative("cost", "arc", arcs[2])
    check_costs(arcs[2], count)
    _check_not_negative("demand", "OD pair", demands[2])
    _check_total(demands[2])
    return _commodities(arcs, seats, rows, count, demands, backs)


def _commodities(
    arcs: list[Ints], seats: Ints, rows: Ints | None, nodes: int, demands: list[Ints], backs: list[Ints]
) -> Commodities:
    tail, head, cost = arcs
    origin, destination, demand = demands
    starts, ends = [origin, *backs[:1]], [destination, *backs[1:]]
    sources, source = np.unique(np.concatenate(starts), return_inverse=True)
    source = source.astype(np.int64).reshape(len(starts), len(origin))
    stretches = tuple(Stretch(source[k], end) for k, end in enumerate(ends))
    return Commodities(
        tail=tail,
        head=head,
        seat=np.arange(len(tail)) if rows is None else rows,
        capacity=seats,
        cost=cost,
        nodes=nodes,
        origin=origin,
        destination=destination,
        demand=demand,
        back_origin=backs[0] if backs else None,
        back_destination=backs[1] if backs else None,
        sources=sources,
        stretches=stretches,
    )


def _check_seats(arcs: int, capacity: Ints, seat: Ints | None) -> None:
    if seat is None and len(capacity) != arcs:
        raise MarketError(f"capacity: {len(capacity)} values for the {arcs} arcs of tail; give one each")
    if seat is not None and len(seat) != arcs:
        raise MarketError(f"seat: {len(seat)} values for the {arcs} arcs of tail; give one each")
    if seat is not None:
        wrong = np.flatnonzero((seat < 0) | (seat >= len(capacity)))
        if len(wrong):
            raise MarketError(
                f"seat: arc {wrong[0]} names row {seat[wrong[0]]}; capacity has rows 0 … {len(capacity) - 1}"
            )


def _check_lengths(names: tuple[str, ...], columns: list[Ints], place: str) -> None:
    for name, column in zip(names, columns, strict=True):
        if len(column) != len(columns[0]):
            raise MarketError(
                f"{name}: {len(column)} values for the {len(columns[0])} {place}s of {names[0]}; give one each"
            )


def _check_places(name: str, nodes: Ints, count: int) -> None:
    wrong = np.flatnonzero((nodes < 0) | (nodes >= count))
    if len(wrong):
        raise MarketError(
            f"{name}: OD pair {wrong[0]} names node {nodes[wrong[0]]}; nodes are 0 … {count - 1}: raise nodes or mend the pair"
        )


def _check_not_negative(name: str, place: str, values: Ints) -> None:
    wrong = np.flatnonzero(values < 0)
    if len(wrong):
        remedy = "add a constant to all costs of a route" if name == "cost" else "swap origin and destination"
        raise MarketError(f"{name}: {place} {wrong[0]} has {values[wrong[0]]}; give 0 or more ({remedy})")


def _check_total(demand: Ints) -> None:
    if demand.sum(dtype=np.float64) >= MOST_DEMAND:
        raise MarketError(f"demand: all demands together reach {MOST_DEMAND}; use larger units")
