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
from nichiiki_solver.house_limits import NO_LIMIT
from nichiiki_solver.ragged import Bools, Ints, offsets_of
from nichiiki_solver.transport.network import ServiceNetwork
from nichiiki_solver.transport.routes import Routes, ends_of, routes
from nichiiki_solver.transport.trips import Trips
from nichiiki_solver.travel import CHEAPEST, NO_WAY, refuse_overflow

Way = tuple[int, tuple[int, ...]]
"""Weight, and legs in the order of travel."""
Leaving = dict[int, list[tuple[int, int, int]]]
"""By the point they leave: leg, point at the end, weight."""


@dataclass(frozen=True, eq=False)
class _Services:
    """What may be used in a period, with or without a car.

    Attributes
    ----------
    leaving
        Legs, but those into a dead end: a point that one can only leave for where one came from.
    dead_ends
        Legs into each dead end.
    against
        All legs turned round, for what a way still needs.
    legs
        All of them.
    """

    leaving: Leaving
    dead_ends: dict[int, Leaving]
    against: ShortestPaths
    legs: Ints


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
        self._services: dict[tuple[int, bool], _Services] = {}
        self._left: dict[tuple[int, bool, int], list[float]] = {}

    def ways(self, ends: tuple[Ints, Ints, Ints, Bools], trip: int) -> list[Way]:
        """Lightest ways of one trip in one direction."""
        start, end, period, car = (column[trip].item() for column in ends)
        key = (start, end, period, car)
        if key not in self._known:
            found = self._search(start, end, *self._towards(end, period, car))
            self._known[key] = found
        return self._known[key]

    def _towards(self, end: int, period: int, car: bool) -> tuple[Leaving, list[float]]:
        """Legs that a way to an end may take, and the weight that it still needs from every point."""
        if (period, car) not in self._services:
            self._services[period, car] = self._usable(period, car)
        services, key = self._services[period, car], (period, car, end)
        if key not in self._left:
            points = np.arange(len(self._network.points))
            trees = services.against.trees(self._weight[services.legs], np.array([end]))
            left = trees.to(np.zeros(len(points), dtype=np.int64), points)
            refuse_overflow(CHEAPEST.unpack(left[np.isfinite(left)].astype(np.int64)))
            self._left[key] = left.tolist()
        into = services.dead_ends.get(end, {})
        return {
            **services.leaving,
            **{at: services.leaving.get(at, []) + into[at] for at in into},
        }, self._left[key]

    def _usable(self, period: int, car: bool) -> _Services:
        network = self._network
        legs = network.legs_of(period)
        legs = legs[car | ~network.needs_car[legs]]
        columns = (network.start[legs], legs, network.end[legs], self._weight[legs])
        listed = list(zip(*(column.tolist() for column in columns), strict=True))
        onward: dict[int, set[int]] = defaultdict(set)
        for start, _, end, _ in listed:
            onward[start].add(end)
        leaving: Leaving = defaultdict(list)
        dead_ends: dict[int, Leaving] = {}
        for start, leg, end, weight in listed:
            dead = onward.get(end, set()) <= {start}
            into = dead_ends.setdefault(end, defaultdict(list)) if dead else leaving
            into[start].append((leg, end, weight))
        against = ShortestPaths(network.end[legs], network.start[legs], len(network.points))
        return _Services(leaving, dead_ends, against, legs)

    def _search(self, start: int, end: int, leaving: Leaving, left: list[float]) -> list[Way]:
        first = _lightest(start, end, leaving, left, set(), set(), int(NO_WAY))
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
        """Add the lightest ways that leave the last way found at one of its points, from where it left its own on.

        As many ways as are still wanted, once known, are a limit: one as heavy as all of them comes after them.
        """
        wanted = self._most - len(found)
        legs = found[-1][1]
        points = [start, *self._network.end[list(legs)].tolist()]
        for at in range(begin, len(legs)):
            root = legs[:at]
            taken = {way[at] for _, way in found if way[:at] == root and len(way) > at}
            before = int(self._weight[list(root)].sum())
            limit = heapq.nsmallest(wanted, heap)[-1][0] if len(heap) >= wanted else int(NO_WAY)
            rest = _lightest(points[at], end, leaving, left, set(points[:at]), taken, limit - before)
            if rest is not None:
                heapq.heappush(heap, (before + rest[0], next(order), root + rest[1], at))


def _lightest(
    start: int, end: int, leaving: Leaving, left: list[float], passed: set[int], taken: set[int], limit: int
) -> Way | None:
    """Lightest way that avoids points passed, and legs taken at its start; None without one lighter than a limit."""
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
            if total + left[ahead] >= limit:
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
