"""Timetables: what becomes a link, and what is refused with file and line in both languages."""

import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

import nichiiki as nk
from nichiiki.transport import round_trips, routes, service_network
from nichiiki_feed import FEED, feed

SAMPLE = Path("/work/shared/data/gtfs_jp_sample_utsunomiya_lrt.zip")


def links(instance: nk.Instance) -> dict[tuple[str, str, tuple[str, ...]], tuple[int, int, int | None]]:
    """Minutes, fare and seats of each link by its ends and periods."""
    return {
        (row.from_id, row.to_id, row.periods): (row.minutes, row.fare_yen, row.seats)
        for row in instance.links.rows()
    }


def test_a_small_feed_by_hand(tmp_path: Path) -> None:
    """Two trips up, one down on weekdays: 21 in April (without Shōwa Day), 22 in May (with a Saturday).

    The stop at the town hall has no times on the way down, so nobody rides there; both platforms of the station are one place.
    """
    found = nk.read_gtfs(feed(tmp_path), vehicle_capacity=30)
    april, may = ("2026-04",), ("2026-05",)
    assert links(found) == {
        ("s1_1", "s2", april): (11, 200, 2 * 21 * 30),
        ("s1_1", "s2", may): (11, 200, 2 * 22 * 30),
        ("s1_1", "s3", april): (31, 500, 2 * 21 * 30),
        ("s1_1", "s3", may): (31, 500, 2 * 22 * 30),
        ("s2", "s3", april): (19, 200, 2 * 21 * 30),
        ("s2", "s3", may): (19, 200, 2 * 22 * 30),
        ("s3", "s1_1", april): (28, 500, 21 * 30),
        ("s3", "s1_1", may): (28, 500, 22 * 30),
    }
    assert found.places["name"].tolist() == ["駅前", "役場", "温泉"]
    assert set(found.places["kind"].tolist()) == {"bus_stop"} and found.operators["name"].tolist() == [
        "谷バス"
    ]
    assert set(found.links["mode"].tolist()) == {"bus"} and not found.links["both_ways"].any()


def test_without_a_capacity_there_is_no_limit_of_seats(tmp_path: Path) -> None:
    assert links(nk.read_gtfs(feed(tmp_path)))["s1_1", "s3", ()] == (31, 500, None)


def test_rows_are_added_to_an_instance_and_counted_in_its_periods(tmp_path: Path) -> None:
    base = nk.load("flagship")
    more = feed(tmp_path, calendar=FEED["calendar"].replace("20260531", "20261031"))
    found = nk.read_gtfs(more, into=base, prefix="valley-", vehicle_capacity=10)
    assert len(found.places) == len(base.places) + 3 and len(found.operators) == len(base.operators) + 1
    assert found.periods == base.periods and found.households == base.households
    own = found.links.take(np.char.startswith(found.links["link_id"], "valley-"))
    periods = {period for row in own.rows() for period in row.periods}
    assert periods == {f"2026-{month:02}" for month in range(4, 11)}
    network = service_network(found, houses=[])
    trip = round_trips(network, ["valley-s1_1"], ["valley-s3"], out_period=["2026-05"])
    assert routes(network, trip).fare_yen.tolist() == [900]  # up it is cheaper to buy to the town hall and on
    with pytest.raises(nk.UsageError, match='The table places of the instance has "valley-s1_1" already'):
        nk.read_gtfs(more, into=found, prefix="valley-")


def test_slots_count_their_days_of_the_week(tmp_path: Path) -> None:
    base = nk.Instance(
        regions=[{"region_id": "v", "name": "v", "lat": 36.0, "lon": 138.0}],  # type: ignore[arg-type]
        periods=[  # type: ignore[arg-type]
            {"period_id": slot, "starts_on": "2026-05-01", "ends_on": "2026-05-31", "slot": slot}
            for slot in ("weekday", "weekend")
        ],
    )
    found = nk.read_gtfs(feed(tmp_path), into=base, vehicle_capacity=1)
    assert links(found)["s3", "s1_1", ("weekday",)] == (28, 500, 21)
    assert links(found)["s3", "s1_1", ("weekend",)] == (28, 500, 1)


def test_frequencies_count_departures(tmp_path: Path) -> None:
    often = "trip_id,start_time,end_time,headway_secs\nt3,09:00:00,12:00:00,1800\n"
    found = nk.read_gtfs(feed(tmp_path, frequencies=often), vehicle_capacity=1)
    assert links(found)["s3", "s1_1", ("2026-04",)] == (28, 500, 6 * 21)


def test_only_the_stops_asked_for(tmp_path: Path) -> None:
    found = nk.read_gtfs(feed(tmp_path), stops=["駅前", "s3"])
    assert sorted(links(found)) == [("s1_1", "s3", ()), ("s3", "s1_1", ())]
    with pytest.raises(nk.UsageError, match='stops: The feed has no stop "港"'):
        nk.read_gtfs(feed(tmp_path), stops=["港"])


def test_one_fare_for_rides_without(tmp_path: Path) -> None:
    bare = feed(tmp_path, fare_attributes=None, fare_rules=None)
    assert {fare for _, fare, _ in links(nk.read_gtfs(bare, fare_yen=210)).values()} == {210}
    flat = feed(tmp_path, fare_attributes="fare_id,price,currency_type\nf,180,JPY\n", fare_rules=None)
    assert {fare for _, fare, _ in links(nk.read_gtfs(flat)).values()} == {180}


def test_a_parent_station_and_modes(tmp_path: Path) -> None:
    header = FEED["stops"].replace("zone_id\n", "zone_id,parent_station,location_type\n")
    hall = "s2,役場,36.05,138.0,z2"
    stops = header.replace(hall, f"{hall},hub,0\nhub,中央駅,36.05,138.0,,,1")
    found = nk.read_gtfs(feed(tmp_path, stops=stops, routes=FEED["routes"].replace(",3\n", ",2\n")))
    assert {"hub", "s1_1", "s3"} == set(found.places["place_id"].tolist())
    assert set(found.places["kind"].tolist()) == {"station"} and set(found.links["mode"].tolist()) == {"rail"}


CASES: dict[str, tuple[dict[str, str | None], str, str]] = {
    "no stops": (
        {"stops": None},
        "feed.zip: The feed has no stops.txt.",
        "フィードに stops.txt がありません。",
    ),
    "no column": (
        {"trips": "route_id,service_id\nr1,wd\n"},
        "feed.zip/trips.txt: The column trip_id is missing.",
        "列 trip_id がありません。",
    ),
    "latitude": (
        {"stops": FEED["stops"].replace("36.05", "96.05")},
        'feed.zip/stops.txt, line 4, column "stop_lat": 96.05 is not understood. Allowed: 20 - 46',
        "「96.05」は読み取れません。",
    ),
    "time": (
        {"stop_times": FEED["stop_times"].replace("08:30:00,08:30:00", "8h30,08:30:00")},
        'feed.zip/stop_times.txt, line 4, column "arrival_time": 8h30 is not understood. Allowed: HH:MM:SS',
        "「8h30」は読み取れません。",
    ),
    "stop": (
        {"stop_times": FEED["stop_times"].replace(",s3,1,", ",s9,1,")},
        'feed.zip/stop_times.txt, line 8, column "stop_id": s9 is not in stops.txt.',
        "「s9」は stops.txt にありません。",
    ),
    "trip twice": (
        {"trips": FEED["trips"].replace("t3", "t1")},
        'feed.zip/trips.txt, line 4, column "trip_id": The id t1 comes again; it was first on line 2.',
        "最初は2行目",
    ),
    "agency": (
        {"routes": FEED["routes"].replace(",a1,", ",a7,")},
        'feed.zip/routes.txt, line 2, column "agency_id": a7 is not in agency.txt.',
        "「a7」は agency.txt にありません。",
    ),
    "service": (
        {"trips": FEED["trips"].replace("r1,wd,t2", "r1,we,t2")},
        'feed.zip/trips.txt, line 3, column "service_id": we is not in calendar.txt.',
        "「we」は calendar.txt にありません。",
    ),
    "day": (
        {"calendar_dates": "service_id,date,exception_type\nwd,2026-04-29,2\n"},
        'feed.zip/calendar_dates.txt, line 2, column "date": 2026-04-29 is not understood. Allowed: YYYYMMDD',
        "「2026-04-29」は読み取れません。",
    ),
    "currency": (
        {"fare_attributes": FEED["fare_attributes"].replace("f2,200,JPY", "f2,2,USD")},
        'feed.zip/fare_attributes.txt, line 2, column "currency_type": The currency is USD. Allowed: JPY',
        "通貨が「USD」です。",
    ),
    "contains": (
        {"fare_rules": "fare_id,contains_id\nf2,z2\n"},
        'line 2, column "contains_id": The fare depends on a zone that is passed through (z2)',
        "経由ゾーン「z2」",
    ),
    "no fare": (
        {"fare_rules": FEED["fare_rules"].replace("f2,,z1,z2\n", "")},
        "feed.zip: The feed has no fare for 駅前 - 役場 and, with it, 1 rides.",
        "「駅前 - 役場」をはじめ1区間に運賃がありません。",
    ),
    "sequence": (
        {"stop_times": FEED["stop_times"].replace(",s2,2,0,0\nt1", ",s2,1,0,0\nt1")},
        'line 3, column "stop_sequence": The trip has the number 1 twice; first on line 2.',
        "この便には順序「1」が二つあります",
    ),
    "back in time": (
        {"stop_times": FEED["stop_times"].replace("08:10:00,08:11:00", "08:10:00,08:09:00")},
        'line 3, column "departure_time": The departure 08:09:00 is before the arrival.',
        "発車時刻「08:09:00」が到着時刻より前です。",
    ),
    "never runs": (
        {"calendar_dates": None, "calendar": FEED["calendar"].replace("1,1,1,1,1,0,0", "0,0,0,0,0,0,0")},
        "feed.zip: No trip can be ridden between two of the stops",
        "乗れる便がありません。",
    ),
    "long row": (
        {"agency": "agency_id,agency_name\na1,谷,バス\n"},
        "feed.zip/agency.txt, line 2: The line has 3 cells. Allowed: At most 2",
        "この行にはセルが3個あります。",
    ),
    "header": (
        {"agency": "agency_name,agency_name\na1,谷\n"},
        "feed.zip/agency.txt, line 1: Two columns are called agency_name.",
        "「agency_name」という列が二つあります。",
    ),
    "empty key": (
        {"trips": FEED["trips"].replace("wd,t3", "wd,")},
        'feed.zip/trips.txt, line 4, column "trip_id": The id is empty.',
        "IDが空です。",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_named_by_file_and_line(name: str, tmp_path: Path) -> None:
    files, english, japanese = CASES[name]
    with pytest.raises(nk.InputError) as caught:
        nk.read_gtfs(feed(tmp_path, **files))
    said = [
        problem.message("en").translate({0x201C: None, 0x201D: None}) for problem in caught.value.problems
    ]
    assert any(english in sentence for sentence in said), said
    assert any(japanese in problem.message("ja") for problem in caught.value.problems)


def test_a_feed_that_runs_in_none_of_the_periods_is_refused(tmp_path: Path) -> None:
    late = feed(tmp_path, calendar=FEED["calendar"].replace("2026", "2036"), calendar_dates=None)
    with pytest.raises(nk.InstanceError, match="No trip can be ridden between two of the stops"):
        nk.read_gtfs(late, into=nk.load("flagship"), prefix="v")


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    files = {
        "stops": FEED["stops"].replace("36.05", "x"),
        "fare_attributes": FEED["fare_attributes"].replace("200", "-2"),
    }
    with pytest.raises(nk.InstanceError) as caught:
        nk.read_gtfs(feed(tmp_path, **files))
    assert [problem.file for problem in caught.value.problems] == [
        "feed.zip/stops.txt",
        "feed.zip/fare_attributes.txt",
    ]


def packed(names: list[str], content: bytes = b"a,b\n") -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # a name that comes twice is the point
        for name in names:
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no zip at all", "damaged, locked or no zip"),
        (packed(["../stops.txt"]), "The zip holds “../stops.txt”, a name that leads out of it"),
        (packed(["/stops.txt"]), "The zip holds “/stops.txt”"),
        (packed(["C:stops.txt"]), "The zip holds “C:stops.txt”"),
        (
            packed(["stops.txt", "stops.txt"]),
            "The zip holds “stops.txt”, a name that leads out of it or comes twice",
        ),
        (packed(["stops.txt"], b"0" * 30_000_000), "swells far beyond its size"),
        (packed([f"{k}.txt" for k in range(2001)]), "swells far beyond its size"),
        (packed(["stops.txt"], b"\xff\xfe\x00"), "stops.txt"),
    ],
)
def test_a_hostile_or_broken_zip_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "feed.zip"
    path.write_bytes(content)
    with pytest.raises(nk.InputError, match=message):
        nk.read_gtfs(path)


def test_arguments_without_a_meaning_are_refused(tmp_path: Path) -> None:
    with pytest.raises(nk.UsageError, match="vehicle_capacity: -1 is too small"):
        nk.read_gtfs(feed(tmp_path), vehicle_capacity=-1)
    with pytest.raises(nk.UsageError, match=r"fare_yen: -1 is out of range\. Allowed: 0 to 250,000"):
        nk.read_gtfs(feed(tmp_path), fare_yen=-1)
    with pytest.raises(nk.FileError, match=r"nowhere\.zip"):
        nk.read_gtfs(tmp_path / "nowhere.zip")


@pytest.mark.skipif(not SAMPLE.exists(), reason=f"{SAMPLE} is absent")
def test_a_real_feed_of_a_tramway() -> None:
    """Haga-Utsunomiya LRT, 19 stations: from end to end 48 minutes by timetable and 400 yen, one way."""
    found = nk.read_gtfs(SAMPLE, vehicle_capacity=160)
    assert len(found.places) == 19 and set(found.places["kind"].tolist()) == {"station"}
    network = service_network(found)
    trip = round_trips(network, ["1_01"], ["19_01"], out_period=["2024-03"])
    there = routes(network, trip)
    assert (there.minutes.tolist(), there.fare_yen.tolist()) == ([96], [800])
