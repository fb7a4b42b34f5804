"""Links as directed arcs between numbered nodes: regions, places, houses, facilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_models.instance import Instance
from nichiiki_solver.verify.arrays import find
from nichiiki_solver.verify.calendar import Calendar


@dataclass(frozen=True)
class Arcs:
    """One row a direction of a link; `keys` are minutes, adult fare, and the part of it paid per vehicle."""

    tail: Array
    head: Array
    minutes: Array
    fare: Array
    vehicle: Array
    car_only: Array
    runs: Array
    """bool, shape (periods, arcs)."""

    def take(self, rows: Array) -> Arcs:
        """Return some of the arcs."""
        return Arcs(
            self.tail[rows],
            self.head[rows],
            self.minutes[rows],
            self.fare[rows],
            self.vehicle[rows],
            self.car_only[rows],
            self.runs[:, rows],
        )


@dataclass(frozen=True)
class Nodes:
    """Numbers of nodes: regions first, then places, houses, facilities."""

    regions: int
    places: int
    houses: int
    facilities: int

    @property
    def points(self) -> int:
        """Number of points: regions and places."""
        return self.regions + self.places

    def is_point(self, node: Array) -> Array:
        """Mask of the nodes that are points."""
        return node < self.points

    def is_facility(self, node: Array) -> Array:
        """Mask of the nodes that are facilities."""
        return node >= self.points + self.houses


def number_nodes(instance: Instance) -> Nodes:
    """Return the numbering of an instance."""
    return Nodes(len(instance.regions), len(instance.places), len(instance.houses), len(instance.facilities))


def directed_arcs(instance: Instance, calendar: Calendar) -> Arcs:
    """Return every link in each direction in which it runs."""
    links = instance.links
    start, end = _nodes(instance, links["from_id"]), _nodes(instance, links["to_id"])
    back = np.flatnonzero(links["both_ways"])
    rows = np.concatenate((np.arange(len(links)), back))
    fare = links["fare_yen"][rows]
    return Arcs(
        tail=np.concatenate((start, end[back])),
        head=np.concatenate((end, start[back])),
        minutes=links["minutes"][rows],
        fare=fare,
        vehicle=np.where(links["fare_basis"][rows] == "vehicle", fare, 0),
        car_only=links["mode"][rows] == "car",
        runs=calendar.sets(links.lists("periods"), empty=calendar.every)[:, rows],
    )


def _nodes(instance: Instance, ids: Array) -> Array:
    """Node of each id, each of one thing: regions come first, then places, houses, facilities."""
    found = np.zeros(len(ids), dtype=np.int64)
    base = 0
    for table in (instance.regions, instance.places, instance.houses, instance.facilities):
        rows = find(table, ids)
        found = np.where(rows >= 0, rows + base, found)
        base += len(table)
    return found
