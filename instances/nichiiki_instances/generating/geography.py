"""Homes, hosts, hubs and the ways between them: minutes and fares from distance by stated formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_instances.generating import parameters as p
from nichiiki_instances.generating.drawing import empty_unless, ids, lists_of
from nichiiki_instances.generating.municipalities import Municipalities
from nichiiki_models.columns import Array
from nichiiki_models.errors import UsageError
from nichiiki_models.table import Table
from nichiiki_models.tables import HAZARDS, Link, Place, Region

EARTH_KM = 6371.0088


@dataclass(frozen=True)
class Geography:
    """Which municipalities are homes and hosts, where their hubs are, and what a way takes.

    Attributes
    ----------
    towns
        The municipalities.
    homes, hosts, hubs
        Rows of `towns`; a hub is the most populous municipality of a prefecture.
    hub_of
        Index into `hubs` of each municipality.
    local_minutes, local_fare
        From each municipality to its hub.
    trunk_minutes, trunk_fare
        Between hubs by the fastest service, (hubs, hubs).
    """

    towns: Municipalities
    homes: Array
    hosts: Array
    hubs: Array
    hub_of: Array
    local_minutes: Array
    local_fare: Array
    trunk_minutes: Array
    trunk_fare: Array

    def minutes(self, home: Array, host: Array) -> Array:
        """Minutes from the office of a home to the station of a host, rows of `towns`."""
        trunk = self.trunk_minutes[self.hub_of[home], self.hub_of[host]]
        return self.local_minutes[home] + trunk + self.local_minutes[host]

    def fare(self, home: Array, host: Array) -> Array:
        """Adult fare of the same way."""
        return (
            self.local_fare[home]
            + self.trunk_fare[self.hub_of[home], self.hub_of[host]]
            + self.local_fare[host]
        )


def distance_km(lat: Array, lon: Array, to_lat: Array, to_lon: Array) -> Array:
    """Great-circle distance in km, arguments in degrees, broadcast against each other."""
    a, b, c, d = (np.radians(value) for value in (lat, lon, to_lat, to_lon))
    half = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(half)))


def lay_out(rng: np.random.Generator, towns: Municipalities, hosts: int | None) -> Geography:
    """Choose hosts, find hubs, and measure the ways.

    Raises
    ------
    UsageError
        If there are fewer municipalities under the size of a big city than hosts asked for, or no home.
    """
    big = towns.population >= p.BIG_CITY.value
    able = np.flatnonzero(~big & (towns.population > 0))
    wanted = len(able) if hosts is None else hosts
    if not big.any() or not 1 <= wanted <= len(able):
        limits = {"most": len(able), "big": f"{p.BIG_CITY.value:,g}"}
        raise UsageError.of("hosts_many", argument="hosts", value=wanted, **limits)
    chosen = np.sort(rng.choice(able, size=wanted, replace=False))
    return _measured(towns, np.flatnonzero(big), chosen)


def _measured(towns: Municipalities, homes: Array, hosts: Array) -> Geography:
    prefectures, belongs = np.unique(towns.prefecture, return_inverse=True)
    order = np.lexsort((np.arange(len(towns)), -towns.population, belongs))
    hubs = order[np.searchsorted(belongs[order], np.arange(len(prefectures)))]
    hub = hubs[belongs]
    local = distance_km(towns.lat, towns.lon, towns.lat[hub], towns.lon[hub])
    trunk = _hub_distances(towns, hubs)
    by_air = _air_minutes(trunk) < _rail_minutes(trunk)
    far = trunk >= p.AIR_FROM.value
    minutes = np.where(far & by_air, _air_minutes(trunk), _rail_minutes(trunk))
    fare = np.where(far & by_air, _air_fare(trunk), _rail_fare(trunk))
    return Geography(
        towns=towns,
        homes=homes,
        hosts=hosts,
        hubs=hubs,
        hub_of=belongs,
        local_minutes=_local_minutes(local),
        local_fare=_local_fare(local),
        trunk_minutes=np.where(trunk == 0, 0, minutes),
        trunk_fare=np.where(trunk == 0, 0, fare),
    )


def _hub_distances(towns: Municipalities, hubs: Array) -> Array:
    lat, lon = towns.lat[hubs], towns.lon[hubs]
    return np.where(np.eye(len(hubs), dtype=bool), 0.0, distance_km(lat[:, None], lon[:, None], lat, lon))


def _way_minutes(km: Array, speed: p.Number) -> Array:
    return np.ceil(p.TRANSFER.value + km * p.DETOUR.value * 60 / speed.value).astype(np.int64)


def _tens(yen: Array) -> Array:
    return (np.ceil(yen / 10) * 10).astype(np.int64)


def _rail_minutes(km: Array) -> Array:
    return _way_minutes(km, p.RAIL_TRUNK)


def _rail_fare(km: Array) -> Array:
    return _tens(1_000 + p.RAIL_TRUNK_FARE.value * km)


def _air_minutes(km: Array) -> Array:
    return np.ceil(p.AIR_EXTRA.value + km * 60 / p.AIR.value).astype(np.int64)


def _air_fare(km: Array) -> Array:
    return _tens(8_000 + p.AIR_FARE.value * km)


def _local_minutes(km: Array) -> Array:
    return _way_minutes(km, p.RAIL_LOCAL)


def _local_fare(km: Array) -> Array:
    return _tens(180 + p.RAIL_LOCAL_FARE.value * km)


def regions_of(geography: Geography, used: Array, reception: Array, consents: Array) -> Table[Region]:
    """Return the table of regions: the used municipalities, in ascending order of their rows.

    Parameters
    ----------
    geography
        The municipalities.
    used
        Mask of the municipalities in the instance.
    reception
        Most households at a time of each host, in the order of ``geography.hosts``.
    consents
        Mask of the municipalities whose board lets pupils go.
    """
    towns, rows = geography.towns, np.flatnonzero(used)
    limit = np.full(len(towns), np.iinfo(np.int64).min)
    limit[geography.hosts] = reception
    hosting = np.isin(rows, geography.hosts)
    coded = np.char.isdigit(towns.code[rows])
    columns: dict[str, Any] = {
        "region_id": region_ids(towns)[rows],
        "name": towns.name[rows],
        "municipality_code": empty_unless(coded, towns.code[rows]),
        "lat": towns.lat[rows],
        "lon": towns.lon[rows],
        "hazards": lists_of(towns.hazards[rows], np.array(HAZARDS)),
        "has_plan": hosting,
        "platform_member": hosting,
        "reception_max": limit[rows],
        "board_consents": lists_of(consents[rows][:, None], np.array(["*"])),
    }
    return Table(Region, columns)


def region_ids(towns: Municipalities) -> Array:
    """Return the id of each municipality's region."""
    return np.char.add("R", towns.code)


def stations_of(geography: Geography) -> tuple[Table[Place], Array]:
    """Return a station for each host and hub at its office, and each municipality's station ('' = none)."""
    towns = geography.towns
    rows = np.union1d(geography.hosts, geography.hubs)
    names = np.full(len(towns), "", dtype="U16")
    names[rows] = np.char.add("ST", towns.code[rows])
    columns: dict[str, Any] = {
        "place_id": names[rows],
        "region_id": region_ids(towns)[rows],
        "name": towns.station[rows],
        "kind": np.full(len(rows), "station"),
        "lat": towns.lat[rows],
        "lon": towns.lon[rows],
    }
    return Table(Place, columns), names


@dataclass(frozen=True)
class Ways:
    """Links as columns, before they get their ids."""

    start: Array
    end: Array
    mode: str
    minutes: Array
    fare: Array
    by_vehicle: bool = False


def trunk_ways(geography: Geography, stations: Array) -> list[Ways]:
    """Return the services between hubs: rail, air, coach, road."""
    towns, hubs = geography.towns, geography.hubs
    one, two = np.triu_indices(len(hubs), k=1)
    km = _hub_distances(towns, hubs)[one, two]
    ends = stations[hubs[one]], stations[hubs[two]]

    def service(mode: str, mask: Array, minutes: Array, fare: Array, by_vehicle: bool = False) -> Ways:
        return Ways(ends[0][mask], ends[1][mask], mode, minutes[mask], fare[mask], by_vehicle)

    return [
        service("rail", km <= p.RAIL_TO.value, _rail_minutes(km), _rail_fare(km)),
        service("air", km >= p.AIR_FROM.value, _air_minutes(km), _air_fare(km)),
        service("bus", km <= p.BUS_TO.value, _way_minutes(km, p.BUS), _tens(400 + p.BUS_FARE.value * km)),
        service("car", km <= p.RAIL_TO.value, _way_minutes(km, p.ROAD), _tens(p.ROAD_FARE.value * km), True),
    ]


def local_ways(geography: Geography, homes: Array, stations: Array) -> list[Ways]:
    """Return the ways from the office of each home, and from the station of each host, to its hub."""
    names = region_ids(geography.towns)
    hub = stations[geography.hubs[geography.hub_of]]
    hosts = geography.hosts[stations[geography.hosts] != hub[geography.hosts]]
    rows = np.concatenate((homes, hosts))
    start = np.concatenate((names[homes], stations[hosts]))
    return [Ways(start, hub[rows], "rail", geography.local_minutes[rows], geography.local_fare[rows])]


def last_miles(houses: Array, station: Array, km: Array, served: Array, by_taxi: Array) -> list[Ways]:
    """Return the demand buses and taxis from a region's station to its houses."""
    road = np.maximum(km * p.DETOUR.value, 0.3)
    bus = np.ceil(p.TRANSFER.value + road * 2.4).astype(np.int64)
    taxi = np.ceil(5 + road * 2).astype(np.int64)
    fare = np.full(len(houses), int(p.DEMAND_BUS_FARE.value))
    return [
        Ways(station[served], houses[served], "demand_bus", bus[served], fare[served]),
        Ways(
            station[by_taxi],
            houses[by_taxi],
            "taxi",
            taxi[by_taxi],
            _tens(700 + p.TAXI_FARE.value * road)[by_taxi],
            True,
        ),
    ]


def links_of(ways: list[Ways]) -> Table[Link]:
    """Return the table of links of several kinds of ways."""
    counts = [len(way.start) for way in ways]
    columns: dict[str, Any] = {
        "link_id": ids("L", sum(counts)),
        "from_id": np.concatenate([way.start for way in ways]),
        "to_id": np.concatenate([way.end for way in ways]),
        "mode": np.repeat([way.mode for way in ways], counts),
        "minutes": np.concatenate([way.minutes for way in ways]),
        "fare_yen": np.concatenate([way.fare for way in ways]),
        "fare_basis": np.repeat(["vehicle" if way.by_vehicle else "person" for way in ways], counts),
    }
    return Table(Link, columns)
