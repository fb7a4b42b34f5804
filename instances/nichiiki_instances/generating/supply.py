"""What host regions offer: houses, schools, nurseries, desks, roles, supporters, experiences, measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_instances.generating import parameters as p
from nichiiki_instances.generating.drawing import (
    draw_in_group,
    draw_int,
    empty_unless,
    group_offsets,
    happens,
    ids,
    lists_of,
    spread,
    spread_int,
)
from nichiiki_instances.generating.geography import Geography, region_ids
from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.table import Table
from nichiiki_models.tables import (
    CARE_BANDS,
    HAZARDS,
    Experience,
    Facility,
    House,
    Measure,
    Programme,
    Role,
    Seat,
    Supporter,
)

HOUSE_KINDS = np.array(["whole", "room", "trial", "hotel"])
TRIAL, ROOM = 2, 1
TAGS = np.array(["internet", "pets", "step_free"])
SKILLS = np.array(["farming", "care", "it", "teaching", "driving", "cooking"])
TOPICS = np.array(["farming", "schooling", "work", "housing"])
ROLE_KINDS = np.array(["job", "side_job", "community", "event"])
KM_PER_DEGREE = 111.2

SEASONS: tuple[tuple[int, tuple[str, ...], tuple[int, ...]], ...] = (
    (0, ("farming", "梅の収穫", "plum harvest"), (5, 6, 7)),
    (0, ("farming", "りんごの収穫", "apple harvest"), (9, 10, 11)),
    (0, ("farming", "稲作", "rice planting and harvest"), (5, 9)),
    (0, ("cooking", "スキー宿", "ski inns"), (12, 1, 2, 3)),
    (1, ("it", "副業", "side job"), ()),
    (1, ("it", "広報の副業", "side job in publicity"), ()),
    (2, ("driving", "消防団", "fire brigade"), ()),
    (2, ("farming", "草刈り", "grass cutting"), (5, 7, 8, 10)),
    (2, ("teaching", "学習支援", "help with learning"), ()),
    (2, ("driving", "雪かき", "snow shovelling"), (12, 1, 2)),
    (3, ("cooking", "夏祭り", "summer festival"), (8,)),
    (3, ("cooking", "秋祭り", "autumn festival"), (10,)),
)
"""Kind, (skill, title, meaning), calendar months of typical roles, as in Iida, Minabe and Hakuba."""


@dataclass(frozen=True)
class Houses:
    """The houses, those of a host next to each other, and what the wishes need of them as arrays.

    ``host`` indexes the hosts, ``offsets`` is the first house of each host, ``km`` the way from the office.
    """

    table: Table[House]
    host: Array
    offsets: Array
    popularity: Array
    km: Array


@dataclass(frozen=True)
class Facilities:
    """The facilities, their seats, and the school of each level for each host (index into the table)."""

    table: Table[Facility]
    seats: Table[Seat]
    elementary: Array
    junior_high: Array


def make_houses(
    rng: np.random.Generator, geography: Geography, count: int, periods: Array, months: Array
) -> Houses:
    """Draw houses: at least one in each host, the rest by popularity.

    Parameters
    ----------
    rng
        Where chance comes from.
    geography
        Hosts and their offices.
    count
        How many houses.
    periods, months
        Ids of the periods, and the calendar month of each.
    """
    hosts = len(geography.hosts)
    liking = np.exp(p.POPULARITY.value * rng.standard_normal(hosts))
    rest = rng.choice(hosts, size=count - hosts, p=liking / liking.sum())
    host = np.sort(np.concatenate((np.arange(hosts), rest)))
    kind = draw_int(rng, p.HOUSE_KIND, count)
    km = spread(rng, p.HOUSE_DISTANCE, count)
    lat, lon = _around(rng, geography, host, km)
    columns = {
        "house_id": ids("U", count),
        "region_id": region_ids(geography.towns)[geography.hosts[host]],
        "lat": lat,
        "lon": lon,
        "kind": HOUSE_KINDS[kind],
        **_rooms(rng, kind),
        **_calendar(rng, kind, periods, months),
        "tags": lists_of(
            np.column_stack([happens(rng, s, count) for s in (p.TAG_NET, p.TAG_PETS, p.TAG_STEP_FREE)]), TAGS
        ),
        "hazards": lists_of(_site_hazards(rng, geography, host), np.array(HAZARDS)),
        "ready": ~happens(rng, p.NOT_READY, count),
    }
    popularity = liking[host] * np.exp(p.POPULARITY.value * rng.standard_normal(count))
    return Houses(Table(House, columns), host, group_offsets(host, hosts), popularity, km)


def _around(rng: np.random.Generator, geography: Geography, host: Array, km: Array) -> tuple[Array, Array]:
    """Positions at a distance from the office of a host, in any direction, to 5 digits."""
    towns, rows = geography.towns, geography.hosts[host]
    angle = rng.random(len(host)) * 2 * np.pi
    north = km * np.sin(angle) / KM_PER_DEGREE
    east = km * np.cos(angle) / (KM_PER_DEGREE * np.cos(np.radians(towns.lat[rows])))
    return np.round(towns.lat[rows] + north, 5), np.round(towns.lon[rows] + east, 5)


def _rooms(rng: np.random.Generator, kind: Array) -> dict[str, Array]:
    count, shared = len(kind), (kind == ROOM) | (kind == 3)
    rents = [
        spread_int(rng, curve, count) for curve in (p.RENT_WHOLE, p.RENT_ROOM, p.RENT_TRIAL, p.RENT_HOTEL)
    ]
    return {
        "units": np.where(shared, draw_int(rng, p.HOUSE_UNITS, count), 1),
        "capacity_persons": np.where(
            shared, draw_int(rng, p.ROOM_CAPACITY, count), draw_int(rng, p.HOUSE_CAPACITY, count)
        ),
        "rent_yen": np.choose(kind, rents),
    }


def _calendar(rng: np.random.Generator, kind: Array, periods: Array, months: Array) -> dict[str, Any]:
    count, trial = len(kind), kind == TRIAL
    shut = (trial & happens(rng, p.WINTER_CLOSED, count))[:, None] & np.isin(months, (1, 2))
    starts = (trial & happens(rng, p.QUARTER_START, count))[:, None] & np.isin(months, (4, 7, 10, 1))
    return {
        "min_stay": np.where(kind == 0, draw_int(rng, p.MIN_STAY, count), 1),
        "max_stay": np.where(trial, draw_int(rng, p.MAX_STAY, count), NULL_INT),
        "closed_periods": lists_of(shut, periods),
        "start_periods": lists_of(starts, periods),
        "gap_periods": (trial & happens(rng, p.GAP, count)).astype(np.int64),
    }


def _site_hazards(rng: np.random.Generator, geography: Geography, host: Array) -> Array:
    region = geography.towns.hazards[geography.hosts[host]]
    return np.asarray(region & (rng.random(region.shape) < p.SITE_HAZARD.value))


def make_facilities(rng: np.random.Generator, geography: Geography) -> Facilities:
    """Draw two schools, a nursery and a coworking space for each host, with seats."""
    hosts = len(geography.hosts)
    count = 4 * hosts
    host, what = np.divmod(np.arange(count), 4)
    lat, lon = _around(rng, geography, host, spread(rng, p.HOUSE_DISTANCE, count) / 3)
    school = what < 2
    names = np.array(["小学校", "中学校", "保育園", "コワーキング"])[what]
    columns: dict[str, Any] = {
        "facility_id": ids("F", count),
        "region_id": region_ids(geography.towns)[geography.hosts[host]],
        "lat": lat,
        "lon": lon,
        "kind": np.array(["school", "school", "nursery", "coworking"])[what],
        "name": np.char.add(geography.towns.name[geography.hosts[host]], names),
        "consent_regions": lists_of((school & happens(rng, p.CONSENT_HOST, count))[:, None], np.array(["*"])),
    }
    table = Table(Facility, columns)
    return Facilities(
        table, _seats(rng, table["facility_id"], what), np.arange(0, count, 4), np.arange(1, count, 4)
    )


def _seats(rng: np.random.Generator, facility: Array, what: Array) -> Table[Seat]:
    """Seats of each facility by band: grades 1-6, grades 7-9, care bands, desks."""
    bands = (tuple("123456"), tuple("789"), CARE_BANDS, ("desk",))
    rows = np.concatenate([np.repeat(np.flatnonzero(what == k), len(names)) for k, names in enumerate(bands)])
    band = np.concatenate([np.tile(names, int((what == k).sum())) for k, names in enumerate(bands)])
    kind = what[rows]
    drawn = [draw_int(rng, shares, len(rows)) for shares in (p.SCHOOL_SEATS, p.CARE_SEATS, p.DESKS)]
    columns: dict[str, Any] = {
        "facility_id": facility[rows],
        "band": band,
        "seats": np.choose(np.maximum(kind - 1, 0), drawn),
        "class_limit": np.where(kind < 2, 35, NULL_INT),
    }
    return Table(Seat, columns)


def make_roles(
    rng: np.random.Generator, geography: Geography, count: int, periods: Array, months: Array
) -> tuple[Table[Role], Array]:
    """Draw roles of the typical kinds, spread evenly over the hosts; returns them with their host's index."""
    host = np.sort(np.arange(count) % len(geography.hosts))
    kind = draw_int(rng, p.ROLE_KIND, count)
    of_kind = np.array([season[0] for season in SEASONS])
    template = draw_in_group(rng, np.ones(len(SEASONS)), group_offsets(of_kind, 4), kind)
    runs = np.array([np.isin(months, season[2]) for season in SEASONS])
    lat, lon = _around(rng, geography, host, spread(rng, p.HOUSE_DISTANCE, count) / 2)
    most = spread_int(rng, p.ROLE_HOLDERS, count)
    fewest = np.where((kind >= 2) & happens(rng, p.ROLE_MINIMUM, count), np.maximum(1, most // 2), 0)
    hours = spread_int(rng, p.ROLE_LOAD, count)
    columns: dict[str, Any] = {
        "role_id": ids("J", count),
        "region_id": region_ids(geography.towns)[geography.hosts[host]],
        "lat": lat,
        "lon": lon,
        "title": np.array([season[1][1] for season in SEASONS])[template],
        "kind": ROLE_KINDS[kind],
        "skill": empty_unless(
            happens(rng, p.ROLE_SKILL, count), np.array([season[1][0] for season in SEASONS])[template]
        ),
        "max_age": draw_int(rng, p.ROLE_AGE, count),
        "hours_per_period": hours,
        "periods": lists_of(runs[template], periods),
        "min_holders": fewest,
        "max_holders": most,
        "value": 50 + 5 * hours,
        "pay_yen": np.where(kind < 2, hours * 1_200, 0),
    }
    return Table(Role, columns), host


HOSTS_OF_ALL, HOSTS_AROUND = 10, 8
"""Up to so many hosts a wide supporter serves all of them; where there are more, so many around its own."""


def make_supporters(rng: np.random.Generator, geography: Geography, households: int) -> Table[Supporter]:
    """Draw a local supporter for each host and wide ones until the case-loads hold every household."""
    hosts = len(geography.hosts)
    count = hosts + max(1, households // 40)
    local = np.arange(count) < hosts
    served = np.zeros((count, hosts), dtype=bool)
    served[np.arange(hosts), np.arange(hosts)] = True
    if hosts > HOSTS_OF_ALL:
        served[hosts:] = _hosts_around(geography)[np.arange(count - hosts) % hosts]
    languages = np.column_stack([np.ones(count, bool), ~local, ~local & (np.arange(count) % 2 == 0)])
    columns: dict[str, Any] = {
        "supporter_id": ids("K", count),
        "designated": np.ones(count, dtype=bool),
        "platform_member": ~local,
        "scope": np.where(local, "local", "wide"),
        "regions": lists_of(served, region_ids(geography.towns)[geography.hosts]),
        "languages": lists_of(languages, np.array(["ja", "en", "zh"])),
        "topics": lists_of(rng.random((count, len(TOPICS))) < 0.7, TOPICS),
        "caseload": draw_int(rng, p.CASELOAD, count),
    }
    return Table(Supporter, columns)


def _hosts_around(geography: Geography) -> Array:
    """Matrix hosts × hosts: the nearest hosts of each one, itself among them."""
    towns, hosts = geography.towns, geography.hosts
    lat, lon = np.radians(towns.lat[hosts]), np.radians(towns.lon[hosts])
    east = (lon[:, None] - lon[None]) * np.cos(lat)[:, None]
    nearest = np.argsort((lat[:, None] - lat[None]) ** 2 + east**2, axis=1, kind="stable")
    near = np.zeros((len(hosts), len(hosts)), dtype=bool)
    np.put_along_axis(near, nearest[:, :HOSTS_AROUND], values=True, axis=1)
    return near


def make_experiences(rng: np.random.Generator, geography: Geography) -> Table[Experience]:
    """Draw one trial programme for each host."""
    hosts = len(geography.hosts)
    columns: dict[str, Any] = {
        "experience_id": ids("E", hosts),
        "region_id": region_ids(geography.towns)[geography.hosts],
        "title": np.full(hosts, "暮らし体験"),
        "places": rng.integers(5, 21, size=hosts),
        "min_places": rng.integers(0, 4, size=hosts),
    }
    return Table(Experience, columns)


def make_measures(rng: np.random.Generator, houses: Houses) -> tuple[Table[Measure], Table[Programme]]:
    """Return a renovation for each house that is not ready, and the programme that pays half."""
    waiting = np.flatnonzero(~houses.table["ready"])
    count = len(waiting)
    columns: dict[str, Any] = {
        "measure_id": ids("M", count),
        "target_kind": np.full(count, "house"),
        "target_id": houses.table["house_id"][waiting],
        "cost_yen": spread_int(rng, p.RENOVATION, count),
        "programmes": lists_of(np.ones((count, 1), dtype=bool), np.array(["half"])),
    }
    programme = Programme(
        programme_id="half",
        name="改修の半額補助",
        cap_yen=3_000_000,
        budget_yen=max(1, count // 2) * 3_000_000,
        eligible_items=("renovation",),
        source="assumption: half, at most 3 million yen a house",
    )
    return Table(Measure, columns, rows=count), Table.from_rows(Programme, [programme])
