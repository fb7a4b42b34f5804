"""Ways between the two homes and around the second one: minutes and yen, exactly, for all pairs at once.

A way has a label (minutes, adult fare, part of it paid per vehicle). The three numbers are packed into one
integer below 2^53, most important first, so that scipy's Dijkstra compares labels lexicographically and adds
them without rounding. Rules: docs/explanation/rules.md, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from nichiiki_models.errors import InputError
from nichiiki_models.instance import Instance
from nichiiki_models.tables import STOPS
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.ragged import Array, Bools, Ints, expand_rows, group, join, unique_rows

EARTH_RADIUS_M = 6_371_008.8
MINUTE_BITS, FARE_BITS, VEHICLE_BITS = 14, 20, 19
NO_WAY = np.int64(1) << 62
"""Label of a pair without a way: larger than any label, safe to add to."""


@dataclass(frozen=True)
class Labels:
    """Minutes, adult fare and vehicle part of ways, arrays of one shape; minutes < 0 where there is no way."""

    minutes: Ints
    fare_yen: Ints
    vehicle_yen: Ints


@dataclass(frozen=True)
class Packing:
    """Where each part of a label lies in the packed integer."""

    minute_shift: int
    fare_shift: int

    def pack(self, minutes: Array, fare: Array, vehicle: Array) -> Ints:
        """Pack three parts into one integer."""
        return np.asarray(
            (minutes << self.minute_shift) + (fare << self.fare_shift) + vehicle, dtype=np.int64
        )

    def unpack(self, label: Ints) -> Labels:
        """Take a packed label apart."""
        there = label < NO_WAY
        return Labels(
            np.where(there, (label >> self.minute_shift) & ((1 << MINUTE_BITS) - 1), -1),
            np.where(there, (label >> self.fare_shift) & ((1 << FARE_BITS) - 1), 0),
            np.where(there, label & ((1 << VEHICLE_BITS) - 1), 0),
        )


FASTEST = Packing(FARE_BITS + VEHICLE_BITS, VEHICLE_BITS)
CHEAPEST = Packing(VEHICLE_BITS, MINUTE_BITS + VEHICLE_BITS)


def metres(lat1: Array, lon1: Array, lat2: Array, lon2: Array) -> Ints:
    """Great-circle distance in metres (haversine, mean earth radius), rounded to the nearest metre."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half = np.sin((phi2 - phi1) / 2) ** 2
    half = half + np.cos(phi1) * np.cos(phi2) * np.sin(np.radians(np.subtract(lon2, lon1)) / 2) ** 2
    return np.asarray(np.rint(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half))), dtype=np.int64)


def straight_minutes(instance: Instance, distance_m: Ints, metres_per_minute: int) -> Ints:
    """Minutes of a straight way by road, rounded up."""
    scaled = distance_m * instance.rules.travel.detour_percent
    return np.asarray(-(-scaled // (100 * metres_per_minute)))


def nearest_minutes(instance: Instance, distance_m: Ints, car: Bools) -> Ints:
    """Fewest minutes of a straight way on foot or, where there is a car, by car; -1 if neither is possible."""
    rule = instance.rules.travel
    walk = straight_minutes(instance, distance_m, rule.walk_metres_per_minute)
    drive = straight_minutes(instance, distance_m, rule.car_metres_per_minute)
    walkable = walk <= rule.walk_max_minutes
    best = np.where(walkable & car, np.minimum(walk, drive), np.where(walkable, walk, drive))
    return np.where(walkable | car, best, -1)


class Travel:
    """Trips from home regions to houses, and commutes from houses, on one instance.

    Parameters
    ----------
    instance
        Links, places, regions, houses and the travel rules are read.
    calendar
        Its calendar.
    """

    def __init__(self, instance: Instance, calendar: Calendar) -> None:
        self.instance = instance
        self.running, self.network_of_period = _networks(
            calendar.mask(instance.links.lists("periods"), empty=True)
        )
        self.homes, home_of = np.unique(instance.households["home_region"], return_inverse=True)
        self.home_of_household = home_of.astype(np.int64)
        self._legs = _legs(instance)
        self._from_houses = _from_houses(instance)
        self._labels: dict[tuple[int, bool, Packing], Ints] = {}
        self._legs_of: dict[tuple[int, bool], tuple[Ints, Ints]] = {}

    @cached_property
    def fare_shares(self) -> tuple[Ints, Ints]:
        """Adults and children of each household; see the function."""
        return fare_shares(self.instance)

    def trips(self, home: Ints, house: Ints, car: Bools, network: Ints, packing: Packing) -> Labels:
        """Return the best way of each (home, house, car, network) by a criterion.

        Parameters
        ----------
        home, house, network
            Indices into `homes`, the houses table, and the distinct sets of running links.
        """
        best = np.full(len(home), NO_WAY, dtype=np.int64)
        for number in range(len(self.running)):
            for with_car in (False, True):
                rows = np.flatnonzero((network == number) & (car == with_car))
                if len(rows):
                    best[rows] = self._by_legs(home[rows], house[rows], number, with_car, packing)
        return packing.unpack(best)

    def _by_legs(self, home: Ints, house: Ints, network: int, car: bool, packing: Packing) -> Ints:
        _, node, minutes, fare, vehicle, *_ = self._legs
        leg, offsets = self._usable_legs(network, car)
        labels = self._node_labels(network, car, packing)
        i, position = expand_rows(offsets, house)
        at = leg[position]
        total = labels[home[i], node[at]]
        total = np.where(total < NO_WAY, total + packing.pack(minutes[at], fare[at], vehicle[at]), NO_WAY)
        best = np.full(len(home), NO_WAY, dtype=np.int64)
        np.minimum.at(best, i, total)
        return best

    def _usable_legs(self, network: int, car: bool) -> tuple[Ints, Ints]:
        """Legs that lead to each house over a network, with a car or without (CSR)."""
        key = (network, car)
        if key not in self._legs_of:
            house, *_, needs_car, link = self._legs
            # link -1 is a straight way, which there always is
            usable = np.flatnonzero((car | ~needs_car) & np.append(self.running[network], True)[link])
            order, offsets = group(house[usable], len(self.instance.houses))
            self._legs_of[key] = usable[order], offsets
        return self._legs_of[key]

    def _node_labels(self, network: int, car: bool, packing: Packing) -> Ints:
        key = (network, car, packing)
        if key not in self._labels:
            graph = _graph(self.instance, self.running[network], car, packing)
            sources = self.instance.regions.find(self.homes)
            distance = (
                np.atleast_2d(dijkstra(graph, indices=sources))
                if len(sources)
                else np.zeros((0, graph.shape[0]))
            )
            reached = np.isfinite(distance)
            labels = np.where(reached, np.where(reached, distance, 0).astype(np.int64), NO_WAY)
            refuse_overflow(packing.unpack(labels))
            self._labels[key] = labels
        return self._labels[key]

    def commute_minutes(
        self, house: Ints, target_lat: Array, target_lon: Array, target_id: Array, car: Bools
    ) -> Ints:
        """Return the fewest minutes from houses to targets; -1 where there is no way.

        Parameters
        ----------
        house, car
            House index and whether the household has a car, one a pair.
        target_lat, target_lon, target_id
            Position and id of each pair's target; an empty id for one that links cannot lead to (a role).
        """
        houses = self.instance.houses
        distance = metres(houses["lat"][house], houses["lon"][house], target_lat, target_lon)
        best = nearest_minutes(self.instance, distance, car)
        return self._by_direct_links(best, house, target_id, car)

    def _by_direct_links(self, best: Ints, house: Ints, target_id: Array, car: Bools) -> Ints:
        start, end, minutes, needs_car = self._from_houses
        pair, link = join(house, start, len(self.instance.houses))
        usable = (target_id[pair] == end[link]) & (car[pair] | ~needs_car[link])
        direct = np.full(len(best), NO_WAY, dtype=np.int64)
        np.minimum.at(direct, pair[usable], minutes[link[usable]])
        return np.where((direct < NO_WAY) & ((best < 0) | (direct < best)), direct, best)


def _networks(running: Bools) -> tuple[list[Bools], Ints]:
    """Distinct sets of running links, and the one of each period."""
    columns = [column.tobytes() for column in running.T]
    distinct = sorted(set(columns))
    number = {column: index for index, column in enumerate(distinct)}
    found = [np.frombuffer(column, dtype=bool) for column in distinct]
    return found, np.array([number[column] for column in columns], dtype=np.int64)


def points_of(instance: Instance, ids: Array) -> Ints:
    """Node of each id: regions first, then places; -1 for houses and facilities."""
    region, place = instance.regions.find(ids), instance.places.find(ids)
    return np.where(region >= 0, region, np.where(place >= 0, place + len(instance.regions), -1))


def directed_links(instance: Instance) -> tuple[Array, Array, Ints]:
    """Start id, end id and link of each direction that runs."""
    links = instance.links
    back = np.flatnonzero(links["both_ways"])
    start = np.concatenate((links["from_id"], links["to_id"][back]))
    end = np.concatenate((links["to_id"], links["from_id"][back]))
    return start, end, np.concatenate((np.arange(len(links)), back))


def _graph(instance: Instance, running: Bools, car: bool, packing: Packing) -> csr_array:
    """Network of regions and places; of parallel links only the best counts (scipy would add them)."""
    size = len(instance.regions) + len(instance.places)
    start, end, link = directed_links(instance)
    tail, head = points_of(instance, start), points_of(instance, end)
    usable = (tail >= 0) & (head >= 0) & running[link] & (car | (instance.links["mode"][link] != "car"))
    tail, head, link = tail[usable], head[usable], link[usable]
    label = _link_labels(instance, link, packing)
    (tails, heads), arc = unique_rows(tail, head)
    best = np.full(len(tails), NO_WAY, dtype=np.int64)
    np.minimum.at(best, arc, label)
    return csr_array((best.astype(np.float64), (tails, heads)), shape=(size, size))


def _link_labels(instance: Instance, link: Ints, packing: Packing) -> Ints:
    minutes, fare, vehicle = link_parts(instance, link)
    return packing.pack(minutes, fare, vehicle)


def link_parts(instance: Instance, link: Ints) -> tuple[Ints, Ints, Ints]:
    """Minutes, fare and vehicle part of links."""
    fare = instance.links["fare_yen"][link]
    by_vehicle = instance.links["fare_basis"][link] == "vehicle"
    return instance.links["minutes"][link], fare, np.where(by_vehicle, fare, 0)


def refuse_overflow(labels: Labels) -> None:
    """Refuse ways so long that parts of a label could run into each other.

    A link is at most 2,000 minutes and 250,000 yen, so the first prefix of a way that leaves the lower half of a
    part's range is still inside the range, and is seen here.
    """
    too_long = labels.minutes.max(initial=0) >= 1 << (MINUTE_BITS - 1)
    too_dear = labels.fare_yen.max(initial=0) >= 1 << (FARE_BITS - 1) or labels.vehicle_yen.max(
        initial=0
    ) >= 1 << (VEHICLE_BITS - 1)
    if too_long or too_dear:
        raise InputError.of("way_too_long", table="links")


Legs = tuple[Ints, Ints, Ints, Ints, Ints, Bools, Ints]


def _legs(instance: Instance) -> Legs:
    """Last legs to houses: house, node, minutes, fare, vehicle part, needs a car, link (-1 = straight way)."""
    parts = [straight_legs(instance, car=False), straight_legs(instance, car=True), _link_legs(instance)]
    columns = [np.concatenate([part[k] for part in parts]) for k in range(7)]
    return tuple(columns)  # type: ignore[return-value]


def straight_legs(instance: Instance, *, car: bool) -> Legs:
    """Straight ways to houses from the office and stops of their region, on foot or by car."""
    house, node, distance = _house_stops(instance)
    rule = instance.rules.travel
    minutes = straight_minutes(
        instance, distance, rule.car_metres_per_minute if car else rule.walk_metres_per_minute
    )
    kept = np.flatnonzero(minutes < 1 << (MINUTE_BITS - 1) if car else minutes <= rule.walk_max_minutes)
    nothing = np.zeros(len(kept), dtype=np.int64)
    return house[kept], node[kept], minutes[kept], nothing, nothing, np.full(len(kept), car), nothing - 1


def _house_stops(instance: Instance) -> tuple[Ints, Ints, Ints]:
    """Pairs of a house and the office or a stop of its region, with their distance in metres."""
    regions, places, houses = instance.regions, instance.places, instance.houses
    stop = np.flatnonzero(np.isin(places["kind"], STOPS))
    node = np.concatenate((np.arange(len(regions)), len(regions) + stop))
    region = np.concatenate((np.arange(len(regions)), regions.find(places["region_id"][stop])))
    lat = np.concatenate((regions["lat"], places["lat"][stop]))
    lon = np.concatenate((regions["lon"], places["lon"][stop]))
    i, j = join(regions.find(houses["region_id"]), region, len(regions))
    return i, node[j], metres(houses["lat"][i], houses["lon"][i], lat[j], lon[j])


def _link_legs(instance: Instance) -> Legs:
    start, end, link = directed_links(instance)
    node, house = points_of(instance, start), instance.houses.find(end)
    kept = np.flatnonzero((node >= 0) & (house >= 0))
    minutes, fare, vehicle = link_parts(instance, link[kept])
    return (
        house[kept],
        node[kept],
        minutes,
        fare,
        vehicle,
        instance.links["mode"][link[kept]] == "car",
        link[kept],
    )


def _from_houses(instance: Instance) -> tuple[Ints, Array, Ints, Bools]:
    """Links that lead from a house to a facility or place: house, id of the end, minutes, needs a car."""
    start, end, link = directed_links(instance)
    house, known = instance.houses.find(start), instance.facilities.find(end) >= 0
    kept = np.flatnonzero((house >= 0) & (known | (instance.places.find(end) >= 0)))
    return (
        house[kept],
        end[kept],
        instance.links["minutes"][link[kept]],
        instance.links["mode"][link[kept]] == "car",
    )


def fare_shares(instance: Instance) -> tuple[Ints, Ints]:
    """Adults and children of each household, for fares; a household without persons counts as one adult."""
    rule, size = instance.rules.travel, len(instance.households)
    household = instance.households.find(instance.persons["household_id"])
    age = instance.persons["age"]
    adults = np.bincount(household[age >= rule.adult_from_age], minlength=size)
    children = np.bincount(
        household[(age < rule.adult_from_age) & (age >= rule.child_from_age)], minlength=size
    )
    nobody = np.bincount(household, minlength=size) == 0
    return np.where(nobody, 1, adults), children


def trip_cost_yen(instance: Instance, labels: Labels, adults: Ints, children: Ints) -> Ints:
    """One-way cost of a household on a way: adults, children at their share rounded down to 10 yen, vehicles."""
    person = labels.fare_yen - labels.vehicle_yen
    child = person * instance.rules.travel.child_fare_percent // 100 // 10 * 10
    return np.asarray(person * adults + child * children + labels.vehicle_yen)


def monthly_travel_yen(round_trips: Array, trip_yen: Ints) -> Ints:
    """Yen a month of going there and back, rounded up; round trips count in hundredths."""
    hundredths = np.rint(np.asarray(round_trips) * 100).astype(np.int64)
    return np.asarray(-(-2 * hundredths * trip_yen // 100))


__all__ = [
    "CHEAPEST",
    "FASTEST",
    "Labels",
    "Travel",
    "directed_links",
    "fare_shares",
    "link_parts",
    "metres",
    "monthly_travel_yen",
    "points_of",
    "refuse_overflow",
    "straight_legs",
    "trip_cost_yen",
]
