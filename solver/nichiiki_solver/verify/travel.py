"""Trips between the homes, and ways from the second base to a facility or role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.tables import STOPS
from nichiiki_solver.verify.arrays import FAR, expand, find, grouped, lowest, lowest_in_order
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Finder, Findings
from nichiiki_solver.verify.geo import distance_m, straight_minutes
from nichiiki_solver.verify.links import Arcs, directed_arcs, number_nodes
from nichiiki_solver.verify.paths import CHEAPEST, FASTEST, best_ways
from nichiiki_solver.verify.roles import from_elsewhere

HOMES_AT_ONCE = 64


@dataclass(frozen=True)
class Entries:
    """Last stretches of trips: from a point to a house, by a straight way or a link."""

    point: Array
    house: Array
    minutes: Array
    fare: Array
    vehicle: Array

    def take(self, rows: Array) -> Entries:
        """Return some of the entries."""
        return Entries(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Trips:
    """Trips of every stay; arrays of shape (kinds of period, stays), `FAR` where there is no way."""

    kind_of_period: Array
    """Periods of one kind have the same links running."""
    fastest_minutes: Array
    fare: Array
    vehicle: Array
    minutes: Array
    used: Array
    """Whether the stay holds a period of the kind."""


class Network:
    """Links and straight ways of an instance."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.nodes = number_nodes(book.instance)
        self.arcs = directed_arcs(book.instance, book.calendar)
        self._entries: dict[tuple[int, bool], Entries] = {}

    @cached_property
    def between_points(self) -> Arcs:
        """Arcs from a point to a point."""
        return self.arcs.take(self.nodes.is_point(self.arcs.tail) & self.nodes.is_point(self.arcs.head))

    @cached_property
    def to_houses(self) -> Arcs:
        """Arcs from a point to a house (or to a facility, where nobody stays)."""
        return self.arcs.take(self.nodes.is_point(self.arcs.tail) & ~self.nodes.is_point(self.arcs.head))

    @cached_property
    def to_facilities(self) -> Arcs:
        """Arcs from a house (or from a facility, where nobody stays) to a facility."""
        return self.arcs.take(~self.nodes.is_point(self.arcs.tail) & self.nodes.is_facility(self.arcs.head))

    @cached_property
    def kinds(self) -> tuple[Array, Array]:
        """Periods grouped by the links that run: a period of each kind, and the kind of each period."""
        every = self.book.calendar.every[:, None]  # there may be no link at all
        runs = np.hstack((every, self.between_points.runs, self.to_houses.runs))
        _, first, kind = np.unique(np.packbits(runs, axis=1), axis=0, return_index=True, return_inverse=True)
        return first, kind.reshape(-1)

    @cached_property
    def straight(self) -> tuple[Entries, Entries]:
        """Straight ways to each house in use from the office and stops of its region: on foot, by car."""
        houses = np.unique(self.book.stays.house)
        house, point = self._near(houses)
        lat, lon = self._point_positions()
        table = self.book.instance.houses
        metres = distance_m(lat[point], lon[point], table["lat"][house], table["lon"][house])
        none = np.zeros(len(house), dtype=np.int64)
        walk, drive = straight_minutes(metres, self.book.instance.rules.travel)
        on_foot = Entries(point, house, walk, none, none).take(walk < FAR)
        return on_foot, Entries(point, house, np.minimum(walk, drive), none, none)

    def _near(self, houses: Array) -> tuple[Array, Array]:
        """Pairs of a house and the office or a stop of its region."""
        places = self.book.instance.places
        stops = np.flatnonzero(np.isin(places["kind"], STOPS))
        regions = np.concatenate(
            (np.arange(self.nodes.regions), find(self.book.instance.regions, places["region_id"][stops]))
        )
        points = np.concatenate((np.arange(self.nodes.regions), stops + self.nodes.regions))
        order, counts, starts = grouped(regions, self.nodes.regions)
        left, right = expand(self.book.house_region[houses], counts, starts)
        return houses[left], points[order[right]]

    def _point_positions(self) -> tuple[Array, Array]:
        regions, places = self.book.instance.regions, self.book.instance.places
        return np.concatenate((regions["lat"], places["lat"])), np.concatenate(
            (regions["lon"], places["lon"])
        )

    def entries(self, period: int, car: bool) -> Entries:
        """Return the last stretches open in a period, by house."""
        if (period, car) not in self._entries:
            self._entries[period, car] = self._find_entries(period, car)
        return self._entries[period, car]

    def _find_entries(self, period: int, car: bool) -> Entries:
        arcs = self.to_houses
        arcs = arcs.take(arcs.runs[period] & (car | ~arcs.car_only))
        straight = self.straight[1] if car else self.straight[0]
        rows = (arcs.tail, arcs.head - self.nodes.points, arcs.minutes, arcs.fare, arcs.vehicle)
        joined = [
            np.concatenate(pair)
            for pair in zip(
                (getattr(straight, name) for name in straight.__dataclass_fields__), rows, strict=True
            )
        ]
        entries = Entries(*joined)
        return entries.take(np.argsort(entries.house, kind="stable"))


def find_trips(book: Book) -> Trips:
    """Find the trip of every stay in every kind of period in which it is used."""
    network = Network(book)
    periods, kind = network.kinds
    stays = book.stays
    shape = (len(periods), len(stays.household))
    used = np.zeros(shape, dtype=bool)
    fastest, cheapest = (np.full((3, *shape), FAR, dtype=np.int64) for _ in range(2))
    for number, period in enumerate(periods.tolist()):
        used[number] = stays.held[kind == number].any(axis=0)
        for index, fast, cheap in _trips(network, period, np.flatnonzero(used[number])):
            fastest[:, number, index] = fast
            cheapest[:, number, index] = cheap
    takes_cheapest = cheapest[1] <= trip_limits(book)[None, :]
    return Trips(
        kind_of_period=kind,
        fastest_minutes=fastest[0],
        fare=np.where(takes_cheapest, cheapest[0], fastest[1]),
        vehicle=np.where(takes_cheapest, cheapest[2], fastest[2]),
        minutes=np.where(takes_cheapest, cheapest[1], fastest[0]),
        used=used,
    )


def _trips(network: Network, period: int, rows: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Yield stays with their fastest (minutes, fare, vehicle) and cheapest (fare, minutes, vehicle) trips.

    Stays with the same home, house and car have the same trips; homes are taken a few at a time.
    """
    stays, houses = network.book.stays, len(network.book.instance.houses)
    has_car = network.book.instance.households["car"][stays.household[rows]]
    keys = (network.book.home[stays.household[rows]] * 2 + has_car) * houses + stays.house[rows]
    pairs, pair_of = np.unique(keys, return_inverse=True)
    homes, car, house = pairs // (2 * houses), pairs // houses % 2 == 1, pairs % houses
    order = np.argsort(pair_of, kind="stable")
    starts = np.searchsorted(pair_of[order], np.arange(len(pairs) + 1))
    every_home = np.unique(homes)
    for first in range(0, len(every_home), HOMES_AT_ONCE):
        chunk = every_home[first : first + HOMES_AT_ONCE]
        low, high = np.searchsorted(homes, chunk[0]), np.searchsorted(homes, chunk[-1], side="right")
        at = slice(low, high)
        fast, cheap = _pair_trips(network, period, chunk, (homes[at], car[at], house[at]))
        index = order[starts[low] : starts[high]]
        yield rows[index], fast[:, pair_of[index] - low], cheap[:, pair_of[index] - low]


def _pair_trips(
    network: Network, period: int, homes: Array, pairs: tuple[Array, Array, Array]
) -> tuple[Array, Array]:
    """Fastest and cheapest trips of pairs of a home and a house, with or without a car."""
    home, has_car, house = pairs
    found = np.full((2, 3, len(home)), FAR, dtype=np.int64)
    arcs = network.between_points.take(network.between_points.runs[period])
    for kind, order in enumerate((FASTEST, CHEAPEST)):
        ways: list[Array] = []
        for car in (False, True):
            rows = np.flatnonzero(has_car == car)
            if not ways or arcs.car_only.any():
                open_ = arcs.take(car | ~arcs.car_only)
                ways = best_ways(open_.tail, open_.head, _keys(open_, order), homes, network.nodes.points)
            entries = network.entries(period, car)
            at = np.searchsorted(homes, home[rows])
            found[kind][:, rows] = _last_stretch(ways, _keys(entries, order), entries, at, house[rows])
    return found[0], found[1]


def _last_stretch(ways: list[Array], last: list[Array], entries: Entries, home: Array, house: Array) -> Array:
    """Best sums of a way to a point and the last stretch from there to the house."""
    first, end = (np.searchsorted(entries.house, house, side=side) for side in ("left", "right"))
    pair, entry = expand(np.arange(len(house)), end - first, first)
    at = (entries.point[entry], home[pair])
    sums = [np.minimum(way[at] + key[entry], FAR) for way, key in zip(ways, last, strict=True)]
    return np.array(lowest_in_order(sums, pair, len(house)))


def _keys(table: Arcs | Entries, order: tuple[int, ...]) -> list[Array]:
    keys = (table.minutes, table.fare, table.vehicle)
    return [keys[number] for number in order]


def trip_limits(book: Book) -> Array:
    """Return the longest trip allowed to the household of each stay, `FAR` without a limit."""
    own = book.instance.households["max_trip_minutes"][book.stays.household]
    common = book.instance.rules.limits.trip_minutes
    return np.minimum(np.where(own == NULL_INT, FAR, own), FAR if common is None else common)


def check_trips(book: Book, trips: Trips, findings: Finder) -> None:
    """Check `no_route` and `trip_minutes`: a way in every period of the stay, within the limit."""
    ids = book.stay_ids()
    slowest = np.where(trips.used, trips.fastest_minutes, 0).max(axis=0, initial=0)
    limits = trip_limits(book)
    findings.add("no_route", slowest == FAR, *ids)
    findings.add("trip_minutes", (slowest != FAR) & (slowest > limits), *ids, value=slowest, limit=limits)


class Commutes:
    """Ways from the house of a stay to a facility or role."""

    def __init__(self, book: Book) -> None:
        self.book = book
        network = Network(book)
        arcs = network.to_facilities
        self._facilities = len(book.instance.facilities)
        keys = (arcs.tail - network.nodes.points) * self._facilities
        keys += arcs.head - network.nodes.points - network.nodes.houses
        self._links = tuple(
            _fewest(keys[open_], arcs.minutes[open_])
            for open_ in (~arcs.car_only, np.ones_like(arcs.car_only))
        )

    def minutes(self, name: str, stay: Array, target: Array) -> Array:
        """Return the fewest minutes from the house of each stay to each target of a list, `FAR` if no way."""
        houses, targets = self.book.instance.houses, self.book.targets(name)
        house = self.book.stays.house[stay]
        car = self.book.instance.households["car"][self.book.stays.household[stay]]
        metres = distance_m(
            houses["lat"][house], houses["lon"][house], targets["lat"][target], targets["lon"][target]
        )
        walk, drive = straight_minutes(metres, self.book.instance.rules.travel)
        best = np.minimum(walk, np.where(car, drive, FAR))
        if name == "role":
            return best
        by_foot, by_car = (_look_up(table, house * self._facilities + target) for table in self._links)
        return np.minimum(best, np.where(car, by_car, by_foot))


def _fewest(keys: Array, minutes: Array) -> tuple[Array, Array]:
    known, owner = np.unique(keys, return_inverse=True)
    return known, lowest(minutes, owner, len(known))


def _look_up(table: tuple[Array, Array], keys: Array) -> Array:
    known, minutes = table
    if len(known) == 0:
        return np.full(len(keys), FAR)
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[at] == keys, minutes[at], FAR)


def check_commute(book: Book, commutes: Commutes, name: str, findings: Findings) -> None:
    """Check `commute`: the way to what an item names, against the limits of household and child."""
    items = book.settled(name)
    own = book.instance.households["max_commute_minutes"][items.household]
    limit = np.where(own == NULL_INT, FAR, own)
    if name in ("school", "care"):
        limit = np.minimum(limit, _limit_of_age(book, book.instance.persons["age"][items.person]))
    minutes = commutes.minutes(name, items.stay, items.target)
    wrong = (minutes == FAR) | (minutes > limit)
    shown, allowed = (np.where(x == FAR, NULL_INT, x) for x in (minutes, limit))
    if name == "role":
        wrong &= ~from_elsewhere(book, items)
    findings.add("commute", wrong, *book.item_ids(name, items), value=shown, limit=allowed)


def _limit_of_age(book: Book, age: Array) -> Array:
    rows = sorted(book.instance.rules.limits.commute_by_age, key=lambda row: row.up_to_age)
    limit = np.full(len(age), FAR)
    for row in reversed(rows):
        limit[age <= row.up_to_age] = row.minutes
    return limit
