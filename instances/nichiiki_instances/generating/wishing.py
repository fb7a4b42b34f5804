"""What households wish for: near and popular places first, then what each member needs there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_instances.generating import parameters as p
from nichiiki_instances.generating.drawing import draw_in_group, first_of_row, group_offsets, happens
from nichiiki_instances.generating.geography import Geography, region_ids
from nichiiki_instances.generating.people import GRADES, People, household_ids
from nichiiki_instances.generating.supply import Facilities, Houses
from nichiiki_models.columns import Array
from nichiiki_models.table import Table
from nichiiki_models.tables import Choice, Role

CANDIDATES = 12
TOWNS = 3
LAST_MILE = 45
"""Candidates a household looks at, towns that its other wishes follow, minutes for the last mile."""


@dataclass(frozen=True)
class Looking:
    """Candidate houses and their hosts, (households, `CANDIDATES`), and the plans of each household."""

    house: Array
    host: Array
    round_trips: Array
    limit: Array
    good: Array


@dataclass(frozen=True)
class Wishes:
    """Wishes of one list as columns; ``person`` holds ids or '', ``household`` rows."""

    household: Array
    list: str
    person: Array
    rank: Array
    kind: Array
    target: Array


def look_around(rng: np.random.Generator, geography: Geography, people: People, houses: Houses) -> Looking:
    """Draw the houses a household looks at, and fit its trips and its limit to the nearest of them.

    Somebody who applies knows that a town is within reach: the limit is raised to the nearest candidate, and
    the trips are lowered to what `TRAVEL_SHARE` of the budget pays for there.
    """
    host = _draw_hosts(rng, geography, people.home, houses)
    house = draw_in_group(rng, houses.popularity, houses.offsets, host)
    home, rows = people.home[:, None], geography.hosts[host]
    minutes = geography.minutes(home, rows) + LAST_MILE
    fare = geography.fare(home, rows) * (0.2 + 0.8 * people.size)[:, None]
    near = minutes.argmin(axis=1)[:, None]
    limit = np.maximum(people.limit, 15 * np.ceil(np.take_along_axis(minutes, near, 1)[:, 0] / 15)).astype(
        np.int64
    )
    budget = people.travel_budget + people.housing_budget
    payable = p.TRAVEL_SHARE.value * budget / (2 * np.take_along_axis(fare, near, 1)[:, 0])
    trips = np.minimum(people.round_trips, np.maximum(0.25, np.floor(payable * 4) / 4))
    units = -(-people.size[:, None] // houses.table["capacity_persons"][house])
    single = np.isin(houses.table["kind"][house], ("whole", "trial"))
    fits = (units <= houses.table["units"][house]) & ((units == 1) | ~single)
    cost = units * houses.table["rent_yen"][house] + 2 * trips[:, None] * fare
    careless = rng.random(fits.shape) >= p.CAREFUL.value
    good = (minutes <= limit[:, None]) & (careless | (fits & (cost <= budget[:, None])))
    return Looking(house, host, trips, limit, good)


def _draw_hosts(rng: np.random.Generator, geography: Geography, home: Array, houses: Houses) -> Array:
    """Hosts by popularity and nearness: first a prefecture by the way between hubs, then a town in it."""
    hub = geography.hub_of[geography.hosts]
    order = np.argsort(hub, kind="stable")
    near = 0.5 ** (geography.local_minutes[geography.hosts] / p.HALVED_BY.value)
    liking = near * np.bincount(houses.host, weights=houses.popularity)
    offsets = group_offsets(hub[order], len(geography.hubs))
    total = np.bincount(hub, weights=liking, minlength=len(geography.hubs))
    weight = total * 0.5 ** (geography.trunk_minutes / p.HALVED_BY.value)
    open_to = np.flatnonzero(total > 0)
    rows = np.repeat(geography.hub_of[home], CANDIDATES).reshape(-1, CANDIDATES)
    flat = np.arange(len(geography.hubs) + 1) * len(open_to)
    drawn = draw_in_group(rng, weight[:, open_to].ravel(), flat, rows) % len(open_to)
    return np.asarray(order[draw_in_group(rng, liking[order], offsets, open_to[drawn])])


def stay_wishes(
    rng: np.random.Generator, geography: Geography, looking: Looking, houses: Houses
) -> tuple[Wishes, Array]:
    """Return the wishes for a stay, and the towns (hosts, in order of wish, -1 = none) of each household."""
    keep = looking.good & first_of_row(looking.house)
    keep[:, 0] |= ~keep.any(axis=1)
    rank = np.cumsum(keep, axis=1)
    keep &= rank <= int(p.STAY_WISHES.value)
    last = rank == keep.sum(axis=1)[:, None]
    whole_region = keep & last & happens(rng, p.REGION_WISH, len(keep))[:, None]
    rows, columns = np.nonzero(keep)
    regional = whole_region[rows, columns]
    house, region = houses.table["house_id"], region_ids(geography.towns)[geography.hosts]
    target = np.where(regional, region[looking.host[rows, columns]], house[looking.house[rows, columns]])
    kind = np.where(regional, "region", "house")
    wishes = Wishes(rows, "stay", np.full(len(rows), ""), rank[rows, columns], kind, target)
    return wishes, _towns(keep, looking.host)


def _towns(keep: Array, host: Array) -> Array:
    """Return the first different hosts of the kept wishes, (households, `TOWNS`), -1 where none is left."""
    apart = np.where(keep, host, -1 - np.arange(keep.shape[1]))
    fresh = keep & first_of_row(apart)
    position = np.cumsum(fresh, axis=1)
    towns = np.full((len(keep), TOWNS), -1)
    rows, columns = np.nonzero(fresh & (position <= TOWNS))
    towns[rows, position[rows, columns] - 1] = host[rows, columns]
    return towns


def school_wishes(
    rng: np.random.Generator, geography: Geography, people: People, towns: Array, facilities: Facilities
) -> list[Wishes]:
    """Return wishes of pupils: the school of the first town, any school of the others, nothing for some."""
    grade = people.persons["grade"]
    wants = np.flatnonzero(np.isin(grade, GRADES[5:]) & happens(rng, p.WANTS_SCHOOL, len(grade)))
    first = towns[people.owner[wants], 0]
    school = np.where(
        np.isin(grade[wants], ("7", "8", "9")), facilities.junior_high[first], facilities.elementary[first]
    )
    best = _wishes(people, "school", wants, 1, "facility", facilities.table["facility_id"][school])
    rest = _region_wishes(geography, people, towns, "school", wants, (1, 2))
    free = wants[rng.random(len(wants)) < p.NO_SCHOOL_NEEDED.value]
    return [best, *rest, _wishes(people, "school", free, TOWNS + 1, "none", np.full(len(free), ""))]


def care_wishes(geography: Geography, people: People, towns: Array) -> list[Wishes]:
    """Return wishes for a nursery in each town, for children who need care."""
    wants = np.flatnonzero(people.persons["care_days"] > 0)
    return _region_wishes(geography, people, towns, "care", wants, (0, 1, 2))


def desk_wishes(geography: Geography, people: People, towns: Array) -> list[Wishes]:
    """Return wishes for a desk in the first two towns, for those who telework."""
    wants = np.flatnonzero(people.persons["telework_days"] > 0)
    return _region_wishes(geography, people, towns, "desk", wants, (0, 1))


def role_wishes(
    rng: np.random.Generator, people: People, towns: Array, roles: Table[Role], host: Array
) -> Wishes:
    """Return up to three wishes of each adult for roles of the first two towns that suit the adult."""
    offsets = group_offsets(host, int(host.max()) + 1)
    wants = np.flatnonzero(people.persons["hours_per_period"] > 0)
    town = towns[people.owner[wants]][:, [0, 0, 1]]
    role = draw_in_group(rng, np.ones(len(host)), offsets, np.maximum(town, 0))
    persons = people.persons.take(wants)
    fits = (town >= 0) & (roles["hours_per_period"][role] <= persons["hours_per_period"][:, None])
    fits &= (roles["max_age"][role] >= persons["age"][:, None]) & (
        roles["min_age"][role] <= persons["age"][:, None]
    )
    fits &= (roles["skill"][role] == "") | (roles["skill"][role] == _only_skill(persons)[:, None])
    keep = fits & first_of_row(role)
    rows, columns = np.nonzero(keep)
    rank = np.cumsum(keep, axis=1)[rows, columns]
    return _wishes(people, "role", wants[rows], rank, "role", roles["role_id"][role[rows, columns]])


def _only_skill(persons: Table[Any]) -> Array:
    """Return the skill of each person, who has one at most."""
    skills = persons.lists("skills")
    found = np.full(len(persons), "-", dtype="U16")
    found[skills.owners] = skills.values
    return found


def experience_wishes(
    rng: np.random.Generator, people: People, towns: Array, experience_ids: Array
) -> Wishes:
    """Return the wish for the trial programme of the first town, for some households."""
    rows = np.flatnonzero(happens(rng, p.WANTS_EXPERIENCE, len(towns)))
    count = len(rows)
    target = experience_ids[towns[rows, 0]]
    return Wishes(
        rows, "experience", np.full(count, ""), np.ones(count, np.int64), np.full(count, "experience"), target
    )


def _region_wishes(
    geography: Geography, people: People, towns: Array, name: str, wants: Array, places: tuple[int, ...]
) -> list[Wishes]:
    region = region_ids(geography.towns)[geography.hosts]
    found = []
    for place in places:
        town = towns[people.owner[wants], place]
        found.append(_wishes(people, name, wants[town >= 0], place + 1, "region", region[town[town >= 0]]))
    return found


def _wishes(people: People, name: str, persons: Array, rank: int | Array, kind: str, target: Array) -> Wishes:
    count = len(persons)
    ranks = np.broadcast_to(np.asarray(rank, dtype=np.int64), (count,))
    return Wishes(
        people.owner[persons], name, people.persons["person_id"][persons], ranks, np.full(count, kind), target
    )


def choices_of(parts: list[Wishes], households: int) -> Table[Choice]:
    """Return the table of wishes."""
    columns: dict[str, Any] = {
        "household_id": household_ids(households)[np.concatenate([part.household for part in parts])],
        "list": np.repeat([part.list for part in parts], [len(part.household) for part in parts]),
        "person_id": np.concatenate([part.person for part in parts]),
        "rank": np.concatenate([part.rank for part in parts]),
        "target_kind": np.concatenate([part.kind for part in parts]),
        "target_id": np.concatenate([part.target for part in parts]),
    }
    return Table(Choice, columns)
