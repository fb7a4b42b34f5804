"""A feed as rows of an instance: stations and stops, operators, and a link for every pair of stops one can ride between.

Rides are between all stops of a trip, not from stop to stop, because fares do not add up along a line. Sources: *General Transit
Feed Specification* (Google and MobilityData); 標準的なバス情報フォーマット (GTFS-JP), 国土交通省.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import cos, hypot, radians
from pathlib import Path
from typing import Any

import numpy as np

from nichiiki_instances.gtfs.archive import Sheet, open_feed
from nichiiki_instances.gtfs.cells import Cells, decimal, whole, whole_or
from nichiiki_instances.gtfs.fares import read_fares
from nichiiki_instances.gtfs.timetable import (
    NO_FARE,
    Key,
    Ride,
    Stop,
    Trips,
    calls_of_trips,
    departures_a_day,
    read_calls,
    rides,
    runs_of_services,
    service_days,
)
from nichiiki_instances.raw import problem
from nichiiki_instances.text_files import open_file
from nichiiki_models.errors import InstanceError, UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Link, Operator, Period, Place, Region

MOST_LINKS = 200_000
MOST_MONTHS = 12
SAME_STATION_METRES = 500
METRES_A_DEGREE = 111_195
MODES: tuple[tuple[str, str, tuple[range, ...]], ...] = (
    ("air", "airport", (range(1100, 1200),)),
    ("ferry", "port", (range(4, 5), range(1000, 1100), range(1200, 1300))),
    (
        "rail",
        "station",
        (range(3), range(5, 8), range(12, 13), range(100, 200), range(400, 500), range(900, 1000)),
    ),
    ("bus", "bus_stop", (range(3, 4), range(11, 12), range(200, 300), range(700, 900))),
)
"""Mode, kind of stop, and numbers of route_type; a stop has the kind of the first mode that calls there."""
_NOT_IN_IDS = re.compile(r"[^\w.\-:/#+]")


def read_gtfs(
    path: str | Path,
    *,
    into: Instance | None = None,
    vehicle_capacity: int | None = None,
    fare_yen: int | None = None,
    stops: Iterable[str] | None = None,
    prefix: str = "",
) -> Instance:
    """Read a timetable in GTFS or GTFS-JP as places, operators and links.

    Parameters
    ----------
    path
        The zip of the feed.
    into
        Instance to add the rows to: its periods count, and a stop lies in the region whose office is nearest. If None the
        answer has one region, named after the first agency, and the months in which the feed runs, at most 12.
    vehicle_capacity
        Seats of a vehicle; seats of a link are its trips in a period times this. None = no limit of seats.
    fare_yen
        Fare of rides for which the feed has none. Without it such rides are a problem.
    stops
        Names or ids of the stops between which links are wanted; None = all.
    prefix
        Put before every id, so that it meets no other.

    Returns
    -------
    Instance
        Platforms with the same parent station, or the same name within 500 m, are one place. Minutes of a link are the median over
        its trips, rounded up; the fare is the lowest that the feed has for it. Links with different numbers of trips in
        different periods are several, each in its periods.

    Raises
    ------
    InstanceError
        If files, columns or cells are broken or missing; every problem is listed by file and line.
    FileError
        If the zip cannot be read at all, or is hostile.
    UsageError
        If an argument has no meaning, or ids meet those of `into`.
    """
    path = Path(path)
    if vehicle_capacity is not None and vehicle_capacity < 0:
        raise UsageError.of("arg_from", argument="vehicle_capacity", value=vehicle_capacity, low=0)
    if fare_yen is not None and not 0 <= fare_yen <= 250_000:
        raise UsageError.of("arg_range", argument="fare_yen", value=fare_yen, low="0", high="250,000")
    with open_file(path, path.name) as stream:
        cells = Cells(open_feed(stream, path.name), path.name)
    feed = _Feed(cells, into, prefix)
    found = feed.rides(None if stops is None else set(stops))
    links = feed.links(found, vehicle_capacity, fare_yen)
    if len(links) > MOST_LINKS:
        raise InstanceError(
            [problem("gtfs_many_links", path.name, value=str(len(links)), limit=f"{MOST_LINKS:,}")]
        )
    return feed.instance(found, links, path.stem)


@dataclass(frozen=True)
class _Station:
    """Platforms that are one place."""

    stop_id: str
    name: str
    lat: float
    lon: float


class _Feed:
    """A feed on its way to an instance."""

    def __init__(self, cells: Cells, into: Instance | None, prefix: str) -> None:
        self._cells, self._into, self._prefix = cells, into, prefix
        self._agencies = cells.sheet("agency", "agency_name")
        self._routes = cells.sheet("routes", "route_id", "route_type")
        self._trip_sheet = cells.sheet("trips", "route_id", "service_id", "trip_id")
        self._call_sheet = cells.sheet(
            "stop_times", "trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"
        )
        sheet = cells.sheet("stops", "stop_id", "stop_name", "stop_lat", "stop_lon")
        cells.stop_if_broken()  # a file or column that is missing would make a problem of every cell
        self._keys = cells.keys(sheet, "stop_id")
        self._stations, self._stops = _stations(cells, sheet, self._keys)
        self._ids = _unlike([prefix + _plain_id(station.stop_id) for station in self._stations])
        self._days = service_days(cells)
        self._fares = read_fares(cells)

    def rides(self, wanted: set[str] | None) -> dict[Key, Ride]:
        """Direct rides between the stops that are wanted."""
        cells = self._cells
        keys = cells.keys(self._trip_sheet, "trip_id")
        calls = read_calls(cells, self._call_sheet, self._keys)
        rows = calls_of_trips(cells, self._call_sheet, keys)
        trips = self._trips(rows, departures_a_day(cells, keys))
        cells.stop_if_broken()
        assert trips is not None  # noqa: S101  # what it lacks is a problem, which was raised
        found = rides(trips, calls, self._stops, self._fares, self._chosen(wanted))
        if not found:
            raise InstanceError([problem("gtfs_no_ride", cells.label)])
        return found

    def _trips(self, rows: list[list[int]], daily: list[int]) -> Trips | None:
        cells = self._cells
        route_keys = cells.keys(self._routes, "route_id")
        modes = cells.read(self._routes, "route_type", _mode, "0 - 7, 11, 12, 100 - 1299", "bus")
        agency_keys = {name: row for row, name in reversed(list(enumerate(self._agencies.get("agency_id"))))}
        named = self._routes.get("agency_id")
        only = {"": 0} if len(self._agencies) == 1 else {}
        agencies = [{**only, **agency_keys}.get(name, -1) for name in named]
        for row, at in enumerate(agencies):
            if at < 0:
                cells.fault(
                    "gtfs_unknown_key", self._routes, row, "agency_id", named[row], other_file="agency.txt"
                )
        route = cells.links(self._trip_sheet, "route_id", route_keys, "routes")
        cells.links(self._trip_sheet, "service_id", self._days, "calendar")
        if cells.problems:
            return None
        periods = self.periods
        by_service = runs_of_services(self._days, periods)
        services = self._trip_sheet.columns["service_id"]
        runs = np.array([by_service[name] for name in services], dtype=np.int64).reshape(-1, len(periods))
        return Trips(
            route=[self._trip_sheet.columns["route_id"][trip] for trip in range(len(route))],
            agency=[agencies[at] for at in route],
            mode=[modes[at] for at in route],
            runs=runs * np.array(daily, dtype=np.int64)[:, None],
            calls=rows,
        )

    def _chosen(self, wanted: set[str] | None) -> set[int] | None:
        if wanted is None:
            return None
        names = {station.name: at for at, station in enumerate(self._stations)}
        names |= {stop_id: self._stops[row].group for stop_id, row in self._keys.items()}
        unknown = sorted(wanted - set(names))
        if unknown:
            raise UsageError.of("gtfs_no_stop", argument="stops", value=unknown[0])
        return {names[name] for name in wanted}

    @property
    def periods(self) -> Table[Period]:
        """Periods of the instance that is added to, or the months in which the feed runs."""
        if self._into is not None:
            return self._into.periods
        days = sorted(when for service in self._days.values() for when in service)
        if not days:
            raise InstanceError([problem("gtfs_no_ride", self._cells.label)])
        return Table.from_rows(Period, _months(days[0], days[-1]))

    def links(self, found: dict[Key, Ride], capacity: int | None, fare_yen: int | None) -> list[Link]:
        """One link for each ride and each number of trips in a period."""
        unpriced = [key for key, ride in found.items() if ride.fare_yen == NO_FARE]
        if unpriced and fare_yen is None:
            names = [self._stations[at].name for at in unpriced[0][:2]]
            raise InstanceError(
                [
                    problem(
                        "gtfs_no_fare",
                        self._cells.label,
                        value=" - ".join(names),
                        count=f"{len(unpriced):,}",
                    )
                ]
            )
        made: list[Link] = []
        for (start, end, agency, mode), ride in found.items():
            ends = self._place_id(start), self._place_id(end)
            minutes = int(-(-float(np.median(ride.seconds)) // 60))
            fare = fare_yen if ride.fare_yen == NO_FARE and fare_yen is not None else ride.fare_yen
            for seats, periods in self._seats(ride, capacity):
                made.append(
                    Link(
                        link_id=self._link_id(*ends, len(made)),
                        from_id=ends[0],
                        to_id=ends[1],
                        mode=mode,  # type: ignore[arg-type]
                        operator_id=self._operator_id(agency),
                        minutes=min(minutes, 2000),
                        fare_yen=fare,
                        both_ways=False,
                        seats=seats,
                        periods=periods,
                    )
                )
        return made

    def _seats(self, ride: Ride, capacity: int | None) -> list[tuple[int | None, tuple[str, ...]]]:
        """Seats, and the periods that have so many; no periods = all of them."""
        ids = self.periods["period_id"].tolist()
        if capacity is None:
            runs = (ride.runs > 0).tolist()
            return [(None, () if all(runs) else tuple(p for p, some in zip(ids, runs, strict=True) if some))]
        counts = sorted({int(count) for count in ride.runs if count > 0})
        if len(counts) == 1 and (ride.runs > 0).all():
            return [(counts[0] * capacity, ())]
        return [
            (count * capacity, tuple(p for p, some in zip(ids, ride.runs == count, strict=True) if some))
            for count in counts
        ]

    def _place_id(self, station: int) -> str:
        return self._ids[station]

    def _operator_id(self, agency: int) -> str:
        own = self._agencies.get("agency_id")[agency] or self._agencies.columns["agency_name"][agency]
        return self._prefix + _plain_id(own)

    def _link_id(self, start: str, end: str, number: int) -> str:
        name = f"{start}/{end.removeprefix(self._prefix)}#{number}"
        return name if len(name) <= 64 else f"{self._prefix}link#{number}"

    def instance(self, found: dict[Key, Ride], links: list[Link], name: str) -> Instance:
        """Put the rows together, alone or with those of the instance that is added to."""
        regions = self._into.regions if self._into is not None else self._one_region(name)
        used = sorted({at for key in found for at in key[:2]})
        rows: dict[str, list[Any]] = {
            "places": [self._place(at, found, regions) for at in used],
            "operators": self._operators(found),
            "links": links,
        }
        if self._into is None:
            return Instance.from_tables(
                {
                    "regions": regions,
                    "periods": self.periods,
                    **{table: Table.from_rows(_ROWS[table], some) for table, some in rows.items()},
                },
                name=name,
            )
        for table, some in rows.items():
            self._refuse_meeting(table, some)
        return self._into.replace(
            **{table: [*getattr(self._into, table).rows(), *some] for table, some in rows.items()}
        )

    def _refuse_meeting(self, table: str, rows: list[Any]) -> None:
        assert self._into is not None  # noqa: S101  # the caller has looked
        key = _ROWS[table].key[0]
        met = {getattr(row, key) for row in rows} & getattr(self._into, table).ids
        if met:
            raise UsageError.of("gtfs_id_taken", argument="prefix", value=min(met), table=table)

    def _operators(self, found: dict[Key, Ride]) -> list[Operator]:
        names = self._agencies.columns["agency_name"]
        return [
            Operator(operator_id=self._operator_id(at), name=names[at][:200])
            for at in sorted({key[2] for key in found})
        ]

    def _place(self, station: int, found: dict[Key, Ride], regions: Table[Region]) -> Place:
        here = self._stations[station]
        modes = {key[3] for key in found if station in key[:2]}
        kind = next(kind for mode, kind, _ in MODES if mode in modes)
        far = [
            _metres(here.lat, here.lon, *spot) for spot in zip(regions["lat"], regions["lon"], strict=True)
        ]
        return Place(
            place_id=self._place_id(station),
            region_id=str(regions["region_id"][int(np.argmin(far))]),
            name=here.name[:200],
            kind=kind,  # type: ignore[arg-type]
            lat=here.lat,
            lon=here.lon,
        )

    def _one_region(self, name: str) -> Table[Region]:
        lat, lon = (float(np.mean([getattr(at, axis) for at in self._stations])) for axis in ("lat", "lon"))
        title = self._agencies.columns["agency_name"][0][:200]
        row = Region(
            region_id=self._prefix + _plain_id(name), name=title, lat=round(lat, 5), lon=round(lon, 5)
        )
        return Table.from_rows(Region, [row])


_ROWS: dict[str, Any] = {"places": Place, "operators": Operator, "links": Link}


def _stations(cells: Cells, sheet: Sheet, keys: dict[str, int]) -> tuple[list[_Station], list[Stop]]:
    """Stations, and the station and zone of each row of stops."""
    lat = cells.read(sheet, "stop_lat", decimal(20, 46), "20 - 46", 36.0)
    lon = cells.read(sheet, "stop_lon", decimal(122, 154), "122 - 154", 138.0)
    cells.read(sheet, "location_type", whole_or(0, 0, 4), "0 - 4", 0)
    names, parents, zones = sheet.get("stop_name"), sheet.get("parent_station"), sheet.get("zone_id")
    stations: list[_Station] = []
    by_name: dict[str, list[int]] = {}
    by_parent: dict[str, int] = {}
    stops: list[Stop] = []
    for row, stop_id in enumerate(sheet.get("stop_id")):
        parent = parents[row]
        if parent and parent not in keys:
            cells.fault("gtfs_unknown_key", sheet, row, "parent_station", parent, other_file="stops.txt")
        head = keys.get(parent, row) if parent else row
        title = names[head] or stop_id
        near = [
            at
            for at in by_name.get(title, [])
            if _metres(lat[head], lon[head], stations[at].lat, stations[at].lon) <= SAME_STATION_METRES
        ]
        at = by_parent.get(sheet.columns["stop_id"][head], near[0] if near else len(stations))
        if at == len(stations):
            stations.append(_Station(sheet.columns["stop_id"][head], title, lat[head], lon[head]))
            by_name.setdefault(title, []).append(at)
        by_parent[sheet.columns["stop_id"][head]] = at
        stops.append(Stop(at, zones[row]))
    return stations, stops


def _metres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Distance on a plane, near enough to tell platforms of one station and to find the nearest office."""
    return METRES_A_DEGREE * hypot(lat - other_lat, (lon - other_lon) * cos(radians(lat)))


def _mode(cell: str) -> str | None:
    number = whole(0, 1299)(cell)
    return next(
        (mode for mode, _, kinds in MODES if number is not None and any(number in kind for kind in kinds)),
        None,
    )


def _plain_id(text: str) -> str:
    """An id made of a text: what no id may hold becomes a low line."""
    plain = _NOT_IN_IDS.sub("_", unicodedata.normalize("NFKC", text.strip()))[:40]
    return plain if plain[:1].isalnum() or plain[:1] == "_" else f"s{plain}"


def _unlike(ids: list[str]) -> list[str]:
    """The ids, and a number behind one that came before."""
    seen: dict[str, int] = {}
    found = []
    for name in ids:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return found


def _months(first: date, last: date) -> list[Period]:
    found: list[Period] = []
    start = first.replace(day=1)
    while start <= last and len(found) < MOST_MONTHS:
        following = (start + timedelta(days=32)).replace(day=1)
        found.append(
            Period(period_id=start.isoformat()[:7], starts_on=start, ends_on=following - timedelta(days=1))
        )
        start = following
    return found
