"""Several round trips for each trip, best first: the columns among which a program chooses where seats bind.

Ways that pass no point twice are listed by rising weight: each next one leaves an earlier one at some point by another leg (Yen,
*Finding the k shortest loopless paths in a network*, 1971; Lawler 1972 for looking at each deviation once). What a way still needs
to its end at least is known, so that each search goes straight there (A*: Hart, Nilsson and Raphael 1968). The best round
trips are the lightest pairs of a way out and a way back.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from nichiiki_models.errors import UsageError
from nichiiki_solver.flow.shortest import ShortestPaths
from nichiiki_solver.ragged import Bools, Ints, offsets_of
from nichiiki_solver.stays import NO_LIMIT
from nichiiki_solver.transport.network import ServiceNetwork
from nichiiki_solver.transport.routes import Routes, ends_of, routes
from nichiiki_solver.transport.trips import Trips
from nichiiki_solver.travel import CHEAPEST, NO_WAY, refuse_overflow

Way = tuple[int, tuple[int, ...]]
"""Weight, and legs in the order of travel."""
Leaving = dict[int, list[tuple[int, int, int]]]
"""By the point they leave: leg, point at the end, weight."""


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Round trips, several of them for one trip.

    Attributes
    ----------
    routes
        All of them, those of a trip together and best first.
    trip
        Of each route: its entry of `Trips`.
    """

    routes: Routes
    trip: Ints


def alternatives(network: ServiceNetwork, trips: Trips, *, most: int) -> Alternatives:
    """List the cheapest round trips of each entry.

    Parameters
    ----------
    network, trips
        The services and who wants to go where; time limits count for nothing here.
    most
        How many a trip has at most. A trip whose cheapest round trip has no leg with a limit of seats has that one only.

    Returns
    -------
    Alternatives
        By rising adult fare there and back, then minutes, then the part paid per vehicle. Trips without a way have none.

    Raises
    ------
    UsageError
        If `most` is below 1.
    """
    if most < 1:
        raise UsageError(f"most: a number of round trips, 1 or more, is needed, got {most}")
    best = routes(network, replace(trips, limit_minutes=np.full(len(trips), NO_LIMIT)))
    listing = _Listing(network, most)
    found: list[tuple[int, Way, Way]] = []
    out, back = ends_of(network, trips)
    for trip in np.flatnonzero(best.found).tolist():
        if best.limited[trip]:
            pairs = _lightest_pairs(listing.ways(out, trip), listing.ways(back, trip), most)
        else:
            legs = best.legs[best.offsets[trip] : best.offsets[trip + 1]].tolist()
            turn = int(best.turn[trip])
            pairs = [((0, tuple(legs[:turn])), (0, tuple(legs[turn:])))]
        found += [(trip, *pair) for pair in pairs]
    return _gathered(network, found)


def _lightest_pairs(out: list[Way], back: list[Way], most: int) -> list[tuple[Way, Way]]:
    pairs = [(there, again) for there in out for again in back]
    return sorted(pairs, key=lambda pair: pair[0][0] + pair[1][0])[:most]


def _gathered(network: ServiceNetwork, found: list[tuple[int, Way, Way]]) -> Alternatives:
    legs = [there[1] + again[1] for _, there, again in found]
    routed = Routes(
        network,
        np.ones(len(found), dtype=bool),
        offsets_of(np.array([len(each) for each in legs], dtype=np.int64)),
        np.array([leg for each in legs for leg in each], dtype=np.int64),
        np.array([len(there[1]) for _, there, _ in found], dtype=np.int64),
    )
    return Alternatives(routed, np.array([trip for trip, _, _ in found], dtype=np.int64))


class _Listing:
    """The lightest ways between points, found once each."""

    def __init__(self, network: ServiceNetwork, most: int) -> None:
        self._network, self._most = network, most
        self._weight = CHEAPEST.pack(network.minutes, network.fare_yen, network.vehicle_yen)
        self._known: dict[tuple[int, int, int, bool], list[Way]] = {}
        self._legs: dict[tuple[int, bool], tuple[Ints, Leaving]] = {}

    def ways(self, ends: tuple[Ints, Ints, Ints, Bools], trip: int) -> list[Way]:
        """Lightest ways of one trip in one direction."""
        start, end, period, car = (column[trip].item() for column in ends)
        key = (start, end, period, car)
        if key not in self._known:
            usable, leaving = self._usable(period, car)
            self._known[key] = self._search(start, end, leaving, self._left(usable, end))
        return self._known[key]

    def _usable(self, period: int, car: bool) -> tuple[Ints, Leaving]:
        """Legs that may be used in a period, and by the point they leave: leg, point at the end, weight."""
        if (period, car) not in self._legs:
            network = self._network
            legs = network.legs_of(period)
            legs = legs[car | ~network.needs_car[legs]]
            leaving: Leaving = defaultdict(list)
            columns = (network.start[legs], legs, network.end[legs], self._weight[legs])
            for start, *leg in zip(*(column.tolist() for column in columns), strict=True):
                leaving[start].append((leg[0], leg[1], leg[2]))
            self._legs[period, car] = legs, leaving
        return self._legs[period, car]

    def _left(self, legs: Ints, end: int) -> list[float]:
        """Weight from every point to the end."""
        network = self._network
        against = ShortestPaths(network.end[legs], network.start[legs], len(network.points))
        trees = against.trees(self._weight[legs], np.array([end]))
        points = np.arange(len(network.points))
        left = trees.to(np.zeros(len(points), dtype=np.int64), points)
        refuse_overflow(CHEAPEST.unpack(left[np.isfinite(left)].astype(np.int64)))
        return [float(weight) for weight in left]

    def _search(self, start: int, end: int, leaving: Leaving, left: list[float]) -> list[Way]:
        first = _lightest(start, end, leaving, left, set(), set())
        found: list[Way] = [] if first is None else [first]
        heap: list[tuple[int, int, tuple[int, ...], int]] = []
        order, begin = count(), 0
        while found and len(found) < self._most:
            self._deviate(start, end, leaving, left, found, begin, heap, order)
            if not heap:
                break
            weight, _, legs, begin = heapq.heappop(heap)
            found.append((weight, legs))
        return found

    def _deviate(
        self,
        start: int,
        end: int,
        leaving: Leaving,
        left: list[float],
        found: list[Way],
        begin: int,
        heap: list[tuple[int, int, tuple[int, ...], int]],
        order: count[int],
    ) -> None:
        """Add the lightest ways that leave the last way found at one of its points, from where it left its own on."""
        legs = found[-1][1]
        points = [start, *self._network.end[list(legs)].tolist()]
        for at in range(begin, len(legs)):
            root = legs[:at]
            taken = {way[at] for _, way in found if way[:at] == root and len(way) > at}
            rest = _lightest(points[at], end, leaving, left, set(points[:at]), taken)
            if rest is not None:
                weight = int(self._weight[list(root)].sum()) + rest[0]
                heapq.heappush(heap, (weight, next(order), root + rest[1], at))


def _lightest(
    start: int, end: int, leaving: Leaving, left: list[float], passed: set[int], taken: set[int]
) -> Way | None:
    """Lightest way that avoids points passed, and legs taken at its start."""
    order = count()
    heap = [(left[start], next(order), 0, start)]
    best, came, done = {start: 0}, dict[int, tuple[int, int]](), set(passed)
    while heap:
        reach, _, weight, point = heapq.heappop(heap)
        if point == end:
            break
        if point in done or reach == np.inf:
            continue
        done.add(point)
        for leg, ahead, more in leaving.get(point, ()):
            total = weight + more
            if ahead in done or (point == start and leg in taken) or total >= best.get(ahead, NO_WAY):
                continue
            best[ahead], came[ahead] = total, (leg, point)
            heapq.heappush(heap, (total + left[ahead], next(order), total, ahead))
    else:
        return None
    legs: list[int] = []
    while point != start:
        leg, point = came[point]
        legs.append(leg)
    return best[end], tuple(legs[::-1])
