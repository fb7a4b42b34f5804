"""Who travels from where to where: demands by origin and destination, brought together by origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nichiiki_models.errors import MarketError
from nichiiki_solver.flow.columns import check_capacities, check_costs, check_nodes, read_ints
from nichiiki_solver.ragged import Ints

MOST_DEMAND = 1 << 53
"""Largest total demand: more could not be told apart in the linear program."""


@dataclass(frozen=True)
class Commodities:
    """A network with shared capacities, and demands on it.

    Attributes
    ----------
    tail, head, capacity, cost
        The arcs; see `read_commodities`.
    nodes
        Number of nodes.
    origin, destination, demand
        Of each OD pair.
    sources, source
        The distinct origins, ascending; the place of each pair's origin among them.
    """

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    nodes: int
    origin: Ints
    destination: Ints
    demand: Ints
    sources: Ints
    source: Ints

    @property
    def pairs(self) -> int:
        """Number of OD pairs."""
        return len(self.demand)


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
) -> Commodities:
    """Read a network and the demands on it.

    Parameters
    ----------
    tail, head, capacity, cost
        Ends of each arc, seats ≥ 0 and cost of a unit ≥ 0, whole.
    origin, destination, demand
        Of each OD pair: nodes, and units to be carried, whole, ≥ 0.
    nodes
        Number of nodes; one more than the largest named if None.

    Raises
    ------
    MarketError
        If lengths differ, a value is no whole number or negative, or a node is not known.
    """
    arcs = [
        read_ints(n, v) for n, v in (("tail", tail), ("head", head), ("capacity", capacity), ("cost", cost))
    ]
    demands = [
        read_ints(n, v) for n, v in (("origin", origin), ("destination", destination), ("demand", demand))
    ]
    _check_lengths(("tail", "head", "capacity", "cost"), arcs, "arc")
    _check_lengths(("origin", "destination", "demand"), demands, "OD pair")
    named = max((int(column.max(initial=-1)) for column in (*arcs[:2], *demands[:2])), default=-1) + 1
    count = named if nodes is None else nodes
    for name, column in (("tail", arcs[0]), ("head", arcs[1])):
        check_nodes(name, column, count)
    for name, column in (("origin", demands[0]), ("destination", demands[1])):
        _check_places(name, column, count)
    check_capacities(arcs[2])
    _check_not_negative("cost", "arc", arcs[3])
    check_costs(arcs[3], count)
    _check_not_negative("demand", "OD pair", demands[2])
    _check_total(demands[2])
    sources, source = np.unique(demands[0], return_inverse=True)
    starts, ends, seats, costs = arcs
    origins, destinations, units = demands
    return Commodities(
        starts, ends, seats, costs, count, origins, destinations, units, sources, source.astype(np.int64)
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
