"""Direct rides: from which stop to which, by whom, how long, and how often in each period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from nichiiki_instances.gtfs.archive import Sheet
from nichiiki_instances.gtfs.cells import Cells, day, in_order, seconds, whole, whole_or
from nichiiki_instances.gtfs.fares import Fares
from nichiiki_models.table import Table
from nichiiki_models.tables import Period

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS_OF_SLOT = {"all": range(7), "weekday": range(5), "weekend": range(5, 7)}
NO_FARE = -1


@dataclass(frozen=True)
class Stop:
    """A stop as trips see it: one platform.

    Attributes
    ----------
    group
        Number of the station it belongs to.
    zone
        Fare zone.
    """

    group: int
    zone: str


@dataclass
class Ride:
    """All direct rides between two stations by one operator and mode.

    Attributes
    ----------
    seconds
        Travel time of every trip that runs.
    runs
        Trips in each period.
    fare_yen
        Lowest fare; -1 if the feed has none.
    """

    runs: Ints
    seconds: list[float] = field(default_factory=list)
    fare_yen: int = NO_FARE


Key = tuple[int, int, int, str]
"""Station of departure, station of arrival, row of the agency file, mode."""


@dataclass(frozen=True)
class Trips:
    """Trips that run, with what the rest of the feed says of them.

    Attributes
    ----------
    route, agency, mode
        Of each trip.
    runs
        Trips x periods: how often it runs.
    calls
        Of each trip: rows of stop_times in order.
    """

    route: list[str]
    agency: list[int]
    mode: list[str]
    runs: Ints
    calls: list[list[int]]


@dataclass(frozen=True)
class Calls:
    """Rows of stop_times as columns."""

    stop: list[int]
    arrival: list[int]
    departure: list[int]
    boards: list[bool]
    alights: list[bool]


def read_calls(cells: Cells, sheet: Sheet, stops: dict[str, int]) -> Calls:
    """Read stop_times; a call without times is passed through."""
    allowed = "HH:MM:SS"
    arrival = cells.read(sheet, "arrival_time", seconds, allowed, -1)
    departure = cells.read(sheet, "departure_time", seconds, allowed, -1)
    kinds = [
        cells.read(sheet, name, whole_or(0, 0, 3), "0, 1, 2, 3", 0)
        for name in ("pickup_type", "drop_off_type")
    ]
    found = cells.links(sheet, "stop_id", stops, "stops")
    for row, (come, go) in enumerate(zip(arrival, departure, strict=True)):
        if go >= 0 and come > go:
            cells.fault(
                "gtfs_back_in_time", sheet, row, "departure_time", sheet.columns["departure_time"][row]
            )
    return Calls(
        found, arrival, departure, [kind != 1 for kind in kinds[0]], [kind != 1 for kind in kinds[1]]
    )


def calls_of_trips(cells: Cells, sheet: Sheet, trips: dict[str, int]) -> list[list[int]]:
    """Return the rows of stop_times of each trip, by stop_sequence; two calls with one number are a problem."""
    order = cells.read(sheet, "stop_sequence", whole(0, 1_000_000), "0 - 1,000,000", 0)
    owner = cells.links(sheet, "trip_id", trips, "trips")
    rows: list[list[int]] = [[] for _ in trips]
    for row, trip in enumerate(owner):
        if trip >= 0:
            rows[trip].append(row)
    sorted_rows = [[mine[at] for at in in_order([order[row] for row in mine])] for mine in rows]
    for mine in sorted_rows:
        for before, row in pairwise(mine):
            if order[before] == order[row]:
                number = sheet.columns["stop_sequence"][row]
                cells.fault(
                    "gtfs_same_sequence", sheet, row, "stop_sequence", number, first=sheet.lines[before]
                )
    return sorted_rows


def service_days(cells: Cells) -> dict[str, set[date]]:
    """Return the days on which each service runs, from calendar and calendar_dates."""
    regular = cells.sheet("calendar", "service_id", "start_date", "end_date", *WEEKDAYS, required=False)
    single = cells.sheet("calendar_dates", "service_id", "date", "exception_type", required=False)
    flags = [cells.read(regular, name, whole(0, 1), "0, 1", 0) for name in WEEKDAYS]
    never = date.min
    ends = [cells.read(regular, name, day, "YYYYMMDD", never) for name in ("start_date", "end_date")]
    found: dict[str, set[date]] = defaultdict(set)
    for row, service in enumerate(regular.get("service_id")):
        found[service] |= set()  # a service that never runs is known too
        first, last = ends[0][row], min(ends[1][row], ends[0][row] + timedelta(days=3660))
        for step in range((last - first).days + 1):
            if flags[(first + timedelta(days=step)).weekday()][row]:
                found[service].add(first + timedelta(days=step))
    dates = cells.read(single, "date", day, "YYYYMMDD", never)
    kinds = cells.read(single, "exception_type", whole(1, 2), "1, 2", 1)
    for service, when, kind in zip(single.get("service_id"), dates, kinds, strict=True):
        (found[service].add if kind == 1 else found[service].discard)(when)
    return found


def runs_of_services(days: dict[str, set[date]], periods: Table[Period]) -> dict[str, Ints]:
    """Return on how many days of each period each service runs; a slot counts its days of the week only."""
    spans = [
        (first, last, DAYS_OF_SLOT[slot])
        for first, last, slot in zip(
            periods["starts_on"].tolist(), periods["ends_on"].tolist(), periods["slot"].tolist(), strict=True
        )
    ]
    return {
        service: np.array(
            [
                sum(first <= when <= last and when.weekday() in slot for when in days[service])
                for first, last, slot in spans
            ],
            dtype=np.int64,
        )
        for service in days
    }


def departures_a_day(cells: Cells, trips: dict[str, int]) -> list[int]:
    """Return how often each trip runs on a day: once, or as frequencies says."""
    sheet = cells.sheet("frequencies", "trip_id", "start_time", "end_time", "headway_secs", required=False)
    first, last = (cells.read(sheet, name, seconds, "HH:MM:SS", 0) for name in ("start_time", "end_time"))
    headway = cells.read(sheet, "headway_secs", whole(1, 86_400), "1 - 86,400", 1)
    owner = cells.links(sheet, "trip_id", trips, "trips")
    counts = [0] * len(trips)
    for row, trip in enumerate(owner):
        counts[trip] += -(-max(0, last[row] - first[row]) // headway[row])
    named = set(owner)
    return [counts[trip] if trip in named else 1 for trip in range(len(trips))]


def rides(
    trips: Trips, calls: Calls, stops: Sequence[Stop], fares: Fares, chosen: set[int] | None
) -> dict[Key, Ride]:
    """Bring all trips of the same stops together and list every pair that one can ride between.

    Parameters
    ----------
    chosen
        Stations between which links are wanted; None = all.
    """
    patterns: dict[Any, list[int]] = defaultdict(list)
    for trip, rows in enumerate(trips.calls):
        timed = [row for row in rows if calls.departure[row] >= 0 or calls.arrival[row] >= 0]
        name = tuple((calls.stop[row], calls.boards[row], calls.alights[row]) for row in timed)
        if trips.runs[trip].any():
            patterns[trips.route[trip], trips.agency[trip], trips.mode[trip], name].append(trip)
    found: dict[Key, Ride] = {}
    for (route, agency, mode, name), members in patterns.items():
        table = _times(trips, calls, members)
        runs = trips.runs[members].sum(axis=0)
        for (start, end), (first, last) in _pairs(name, stops, table, chosen).items():
            ride = found.setdefault((start, end, agency, mode), Ride(np.zeros_like(runs)))
            ride.runs = ride.runs + runs
            ride.seconds += (table[:, last, 0] - table[:, first, 1]).tolist()
            fare = fares.of(route, stops[name[first][0]].zone, stops[name[last][0]].zone)
            if fare is not None and (ride.fare_yen == NO_FARE or fare < ride.fare_yen):
                ride.fare_yen = fare
    return found


def _times(trips: Trips, calls: Calls, members: list[int]) -> Floats:
    """Trips x timed calls x (arrival, departure), in seconds; one that is left out is the other."""
    rows = [
        [
            (
                calls.arrival[row] if calls.arrival[row] >= 0 else calls.departure[row],
                calls.departure[row] if calls.departure[row] >= 0 else calls.arrival[row],
            )
            for row in trips.calls[trip]
            if calls.departure[row] >= 0 or calls.arrival[row] >= 0
        ]
        for trip in members
    ]
    return np.array(rows, dtype=float).reshape(len(members), -1, 2)


def _pairs(
    name: tuple[tuple[int, bool, bool], ...], stops: Sequence[Stop], table: Floats, chosen: set[int] | None
) -> dict[tuple[int, int], tuple[int, int]]:
    """Calls between which one may ride, for each pair of stations; where a trip offers several the quickest."""
    usable = [
        (at, stops[stop].group, boards, alights)
        for at, (stop, boards, alights) in enumerate(name)
        if chosen is None or stops[stop].group in chosen
    ]
    best: dict[tuple[int, int], tuple[float, int, int]] = {}
    for place, (first, start, boards, _) in enumerate(usable):
        for last, end, _, alights in usable[place + 1 :]:
            if boards and alights and start != end:
                took = float(np.median(table[:, last, 0] - table[:, first, 1]))
                if (start, end) not in best or took < best[start, end][0]:
                    best[start, end] = (took, first, last)
    return {pair: (first, last) for pair, (_, first, last) in best.items()}
