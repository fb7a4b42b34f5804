"""One-way ways on a service network: the best of each pair of points in a period by a criterion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.errors import InputError
from nichiiki_solver.flow.shortest import Floats, ShortestPaths
from nichiiki_solver.ragged import Bools, Ints, expand_rows, offsets_of, segment_sum
from nichiiki_solver.transport.network import ServiceNetwork
from nichiiki_solver.travel import Packing, refuse_overflow

EXACT = 1 << 53
"""Sums of weights below it are exact in the doubles of scipy's Dijkstra."""


@dataclass(frozen=True, eq=False)
class Ways:
    """One-way ways, one entry each.

    Attributes
    ----------
    found
        Whether there is one.
    offsets, legs
        Its legs (CSR), in the order of travel; none where origin and destination are the same point.
    """

    found: Bools
    offsets: Ints
    legs: Ints

    def sums(self, values: Ints) -> Ints:
        """Sum of a leg column over each way."""
        return segment_sum(values[self.legs], self.offsets)

    def chosen(self, first: Bools, other: Ways) -> Ways:
        """Return these ways where `first` holds, and another's elsewhere."""
        shift = len(self.found)
        row = np.where(first, np.arange(shift), shift + np.arange(shift))
        offsets = np.concatenate((self.offsets, self.offsets[-1] + other.offsets[1:]))
        legs = np.concatenate((self.legs, other.legs))
        _, position = expand_rows(offsets, row)
        return Ways(
            np.where(first, self.found, other.found), offsets_of(np.diff(offsets)[row]), legs[position]
        )


class WayFinder:
    """Best ways under one weight of legs.

    Parameters
    ----------
    network
        The legs.
    weight
        Of each leg, whole, ≥ 0.
    packing
        How minutes, fare and vehicle part lie in the weight; None if it is one number.
    """

    def __init__(self, network: ServiceNetwork, weight: Ints, packing: Packing | None = None) -> None:
        self._network, self._weight, self._packing = network, weight, packing

    def find(self, start: Ints, end: Ints, period: Ints, car: Bools) -> Ways:
        """Find the lightest way of each (start, end, period, car).

        Raises
        ------
        InputError
            If weights add up beyond the range in which they are exact.
        """
        size, alike = len(start), self._alike(np.unique(period))
        found, lengths = start == end, np.zeros(size, dtype=np.int64)
        pieces: list[tuple[Ints, Ints]] = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))]
        for when in np.unique(alike[period]).tolist():
            for with_car in (False, True):
                rows = np.flatnonzero((alike[period] == when) & (car == with_car))
                if len(rows):
                    there, offsets, legs = self._in_period(start[rows], end[rows], when, with_car)
                    found[rows], lengths[rows] = there, np.diff(offsets)
                    owner = np.repeat(rows, np.diff(offsets))
                    begin = self._network.begin[period[owner]] - self._network.begin[when]
                    pieces.append((owner, legs + begin))
        owner, legs = (np.concatenate(column) for column in zip(*pieces, strict=True))
        return Ways(found, offsets_of(lengths), legs[np.argsort(owner, kind="stable")])

    def _alike(self, periods: Ints) -> Ints:
        """The first of the periods in which the same legs run at the same weights, for each period."""
        network = self._network
        first: dict[tuple[bytes, ...], int] = {}
        alike = np.arange(len(network.periods))
        for period in periods.tolist():
            legs = network.legs_of(period)
            columns = (network.start, network.end, network.needs_car, self._weight)
            name = tuple(column[legs].tobytes() for column in columns)
            alike[period] = first.setdefault(name, period)
        return alike

    def _in_period(self, start: Ints, end: Ints, when: int, car: bool) -> tuple[Bools, Ints, Ints]:
        network = self._network
        legs = network.legs_of(when)
        legs = legs[car | ~network.needs_car[legs]]
        paths = ShortestPaths(network.start[legs], network.end[legs], len(network.points))
        sources, source = np.unique(start, return_inverse=True)
        trees = paths.trees(self._weight[legs], sources)
        found = np.isfinite(trees.to(source, end))
        self._refuse_inexact(trees.distance[np.isfinite(trees.distance)])
        offsets, arcs = trees.paths(source, end)
        return found, offsets, legs[arcs]

    def _refuse_inexact(self, distance: Floats) -> None:
        if distance.max(initial=0) >= EXACT:
            raise InputError.of("way_too_heavy", table="links")
        if self._packing is not None:
            refuse_overflow(self._packing.unpack(distance.astype(np.int64)))
