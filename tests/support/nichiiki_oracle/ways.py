"""Ways, minutes and fares: section 5 of the rules, read literally."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from nichiiki_models.tables import STOPS, Facility, House, Household, Link, Place, Role
from nichiiki_oracle.market import Market

EARTH_METRES = 6_371_008.8


class Position(Protocol):
    """Anything with a latitude and a longitude."""

    @property
    def lat(self) -> float:
        """Latitude in degrees."""

    @property
    def lon(self) -> float:
        """Longitude in degrees."""


@dataclass(frozen=True)
class Way:
    """A way: its minutes, its adult fare, and the part of that fare that is paid per vehicle."""

    minutes: int = 0
    fare_yen: int = 0
    vehicle_yen: int = 0

    def then(self, other: Way) -> Way:
        """Return this way followed by another."""
        return Way(
            self.minutes + other.minutes, self.fare_yen + other.fare_yen, self.vehicle_yen + other.vehicle_yen
        )


Order = Callable[[Way], tuple[int, int, int]]


def by_minutes(way: Way) -> tuple[int, int, int]:
    """Order of the fastest way."""
    return way.minutes, way.fare_yen, way.vehicle_yen


def by_fare(way: Way) -> tuple[int, int, int]:
    """Order of the cheapest way."""
    return way.fare_yen, way.minutes, way.vehicle_yen


def ceil_div(above: int, below: int) -> int:
    """Divide and round up."""
    return -(-above // below)


def metres(a: Position, b: Position) -> int:
    """Return the haversine distance in whole metres."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = math.sin((lat_b - lat_a) / 2)
    half_lon = math.sin(math.radians(b.lon - a.lon) / 2)
    h = half_lat**2 + math.cos(lat_a) * math.cos(lat_b) * half_lon**2
    return round(2 * EARTH_METRES * math.asin(math.sqrt(min(1.0, h))))


def straight_minutes(market: Market, household: Household, a: Position, b: Position) -> list[int]:
    """Return the minutes of the straight ways between two positions that a household can use."""
    travel = market.rules.travel
    road = metres(a, b) * travel.detour_percent
    walk = ceil_div(road, 100 * travel.walk_metres_per_minute)
    drive = ceil_div(road, 100 * travel.car_metres_per_minute)
    return [walk] * (walk <= travel.walk_max_minutes) + [drive] * household.car


def _way_of(link: Link) -> Way:
    return Way(link.minutes, link.fare_yen, link.fare_yen if link.fare_basis == "vehicle" else 0)


def _arcs(market: Market, car: bool, period: str | None) -> list[tuple[str, str, Way]]:
    """List every link that can be used, once a direction; period None means in any period."""
    return market.once(("arcs", car, period), lambda: _usable_arcs(market, car, period))


def _usable_arcs(market: Market, car: bool, period: str | None) -> list[tuple[str, str, Way]]:
    usable = [
        link
        for link in market.links
        if (car or link.mode != "car") and (period is None or period in market.own_periods(link.periods))
    ]
    there = [(link.from_id, link.to_id, _way_of(link)) for link in usable]
    return there + [(link.to_id, link.from_id, _way_of(link)) for link in usable if link.both_ways]


def _is_point(market: Market, name: str) -> bool:
    return name in market.regions or name in market.places


def _reached(market: Market, household: Household, period: str, order: Order) -> dict[str, Way]:
    """Return the best way from the home office to every point that can be reached."""
    key = ("reached", household.home_region, household.car, period, order)
    return market.once(key, lambda: _relax(market, household, period, order))


def _relax(market: Market, household: Household, period: str, order: Order) -> dict[str, Way]:
    best = {household.home_region: Way()}
    arcs = [
        arc
        for arc in _arcs(market, household.car, period)
        if _is_point(market, arc[0]) and _is_point(market, arc[1])
    ]
    changed = True
    while changed:
        changed = False
        for start, end, way in arcs:
            if start in best and (end not in best or order(best[start].then(way)) < order(best[end])):
                best[end] = best[start].then(way)
                changed = True
    return best


def _last_ways(market: Market, household: Household, house: House, period: str) -> list[tuple[str, Way]]:
    """List the ways by which the house is entered: from the office, from stops, by its own links."""
    office = market.regions[house.region_id]
    stops = [
        place
        for place in market.places.values()
        if place.region_id == house.region_id and place.kind in STOPS
    ]
    starts = [(office.region_id, straight_minutes(market, household, office, house))]
    starts += [(stop.place_id, straight_minutes(market, household, stop, house)) for stop in stops]
    found = [(point, Way(minutes)) for point, choices in starts for minutes in choices]
    arcs = _arcs(market, household.car, period)
    return found + [(start, way) for start, end, way in arcs if _enters(market, start, end, house)]


def _enters(market: Market, start: str, end: str, house: House) -> bool:
    return end == house.house_id and not _is_point(market, end) and _is_point(market, start)


def best_way(market: Market, household: Household, house: House, period: str, order: Order) -> Way | None:
    """Return the best way from home to a house in a period, or None if there is none."""
    key = ("way", household.household_id, house.house_id, period, order)
    return market.once(key, lambda: _best_way(market, household, house, period, order))


def _best_way(market: Market, household: Household, house: House, period: str, order: Order) -> Way | None:
    reached = _reached(market, household, period, order)
    last = _last_ways(market, household, house, period)
    ways = [reached[point].then(way) for point, way in last if point in reached]
    return min(ways, key=order, default=None)


def trip_limit(market: Market, household: Household) -> int | None:
    """Return the most minutes of a trip, or None if nothing limits it."""
    limits = [household.max_trip_minutes, market.rules.limits.trip_minutes]
    return min((limit for limit in limits if limit is not None), default=None)


def trip(market: Market, household: Household, house: House, period: str) -> Way | None:
    """Return the way a household takes: the cheapest if that keeps its time limit, else the fastest."""
    cheapest = best_way(market, household, house, period, by_fare)
    limit = trip_limit(market, household)
    if cheapest is None or limit is None or cheapest.minutes <= limit:
        return cheapest
    return best_way(market, household, house, period, by_minutes)


def trip_cost_yen(market: Market, household: Household, way: Way) -> int:
    """Return what a household pays for one way."""
    travel = market.rules.travel
    ages = [person.age for person in market.members(household)] or [travel.adult_from_age]
    adults = sum(1 for age in ages if age >= travel.adult_from_age)
    children = sum(1 for age in ages if travel.child_from_age <= age < travel.adult_from_age)
    person_yen = way.fare_yen - way.vehicle_yen
    child_yen = person_yen * travel.child_fare_percent // 1000 * 10
    return person_yen * adults + child_yen * children + way.vehicle_yen


def travel_yen(market: Market, household: Household, house: House, period: str) -> int:
    """Return the travel cost of a month; 0 where there is no way."""
    way = trip(market, household, house, period)
    hundredths = round(household.round_trips * 100)
    return 0 if way is None else ceil_div(2 * hundredths * trip_cost_yen(market, household, way), 100)


def minutes_to_nearest(
    market: Market, household: Household, house: House, kinds: Sequence[str]
) -> int | None:
    """Return the fewest minutes from a house to a place of some kinds, or None if there is no way."""
    found: list[Place | Facility] = [place for place in market.places.values() if place.kind in kinds]
    found += [row for row in market.facilities.values() if row.kind == "school" and "school" in kinds]
    minutes = [commute_minutes(market, household, house, target) for target in found]
    return min((each for each in minutes if each is not None), default=None)


def commute_minutes(
    market: Market, household: Household, house: House, target: Facility | Role | Place
) -> int | None:
    """Return the fewest minutes from a house to a facility, role or place, or None if there is no way."""
    if isinstance(target, Place):
        arcs = _arcs(market, household.car, None)
        by_link = [
            way.minutes for start, end, way in arcs if (start, end) == (house.house_id, target.place_id)
        ]
        return min(straight_minutes(market, household, house, target) + by_link, default=None)
    name = target.facility_id if isinstance(target, Facility) else None
    arcs = _arcs(market, household.car, None)
    hidden = {house.house_id, name} & {*market.regions, *market.places} or name in market.houses
    linked = [
        way.minutes for start, end, way in arcs if (start, end) == (house.house_id, name) and not hidden
    ]
    return min(straight_minutes(market, household, house, target) + linked, default=None)
