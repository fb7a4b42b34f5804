"""Households and their members, drawn column by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_instances.generating import parameters as p
from nichiiki_instances.generating.drawing import draw, draw_int, happens, ids, lists_of, runs_of, spread_int
from nichiiki_instances.generating.geography import Geography, region_ids
from nichiiki_instances.generating.supply import SKILLS, TAGS, TOPICS
from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.table import Table
from nichiiki_models.tables import Household, Person

GRADES = np.array(["none", "age0", "age1-2", "age3", "age4-5", *"123456789"])
BAND_OF_AGE = np.array([1, 2, 2, 3, 4, 4, *range(5, 14)])
"""Position in `GRADES` of a child's age on the first day of the school year."""


@dataclass(frozen=True)
class People:
    """What is drawn about households before anything depends on places, one entry a household.

    ``home`` is a row of the municipalities, ``persons`` the members, ``owner`` the household of each.
    """

    home: Array
    size: Array
    adults: Array
    travel_budget: Array
    housing_budget: Array
    round_trips: Array
    limit: Array
    persons: Table[Person]
    owner: Array

    @property
    def pupils(self) -> Array:
        """Number of pupils of each household."""
        pupil = np.isin(self.persons["grade"], GRADES[5:])
        return np.bincount(self.owner[pupil], minlength=len(self.size))


def household_ids(count: int) -> Array:
    """Return the ids of the households."""
    return ids("H", count)


def draw_people(rng: np.random.Generator, geography: Geography, count: int) -> People:
    """Draw homes, sizes, budgets, trips and members of households."""
    weight = geography.towns.population[geography.homes]
    home = geography.homes[np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(count), side="right")]
    size = draw_int(rng, p.HOUSEHOLD_SIZE, count)
    lone = happens(rng, p.SINGLE_PARENT, count) & (size > 2)
    adults = np.where(size > 2, np.where(lone, 1, 2), size)
    extra = 1 + p.EXTRA_PERSON.value * (size - 1)
    persons, owner = _members(rng, size, adults)
    return People(
        home=home,
        size=size,
        adults=adults,
        travel_budget=(spread_int(rng, p.TRAVEL_BUDGET, count) * extra).astype(np.int64),
        housing_budget=spread_int(rng, p.HOUSING_BUDGET, count),
        round_trips=draw(rng, p.ROUND_TRIPS, count),
        limit=draw_int(rng, p.TRIP_LIMIT, count),
        persons=persons,
        owner=owner,
    )


def _members(rng: np.random.Generator, size: Array, adults: Array) -> tuple[Table[Person], Array]:
    total = int(size.sum())
    owner = np.repeat(np.arange(len(size)), size)
    place = np.arange(total) - np.repeat(np.cumsum(size) - size, size)
    age = _ages(rng, owner, place, place >= adults[owner])
    adult = place < adults[owner]
    band = np.where(age < len(BAND_OF_AGE), BAND_OF_AGE[np.minimum(age, len(BAND_OF_AGE) - 1)], 0)
    small = age < 6
    telework = adult & (age < 65) & happens(rng, p.TELEWORK, total)
    offers = adult & happens(rng, p.OFFERS_HOURS, total)
    able = adult & happens(rng, p.HAS_SKILL, total)
    columns: dict[str, Any] = {
        "person_id": ids("P", total),
        "household_id": household_ids(len(size))[owner],
        "age": age,
        "grade": GRADES[band],
        "care_days": np.where(
            small & happens(rng, p.CARE_WANTED, total), draw_int(rng, p.CARE_DAYS, total), 0
        ),
        "skills": lists_of(
            able[:, None] & (rng.integers(0, len(SKILLS), total)[:, None] == np.arange(len(SKILLS))), SKILLS
        ),
        "hours_per_period": np.where(offers, spread_int(rng, p.ROLE_HOURS, total), 0),
        "telework_days": np.where(telework, draw_int(rng, p.TELEWORK_DAYS, total), 0),
    }
    return Table(Person, columns), owner


def _ages(rng: np.random.Generator, owner: Array, place: Array, child: Array) -> Array:
    """Ages of heads by decade, partners near them, children by stage (0-5, 6-12, 13-15)."""
    head = draw_int(rng, p.HEAD_AGE, int(owner[-1]) + 1) + rng.integers(0, 10, int(owner[-1]) + 1)
    partner = np.maximum(20, head[owner] + rng.integers(-5, 6, len(owner)))
    stage = draw_int(rng, p.CHILD_STAGE, len(owner))
    years = np.where(stage == 0, 6, np.where(stage == 6, 7, 3))
    young = stage + (rng.random(len(owner)) * years).astype(np.int64)
    return np.asarray(np.where(child, young, np.where(place == 0, head[owner], partner)))


def make_households(
    rng: np.random.Generator,
    geography: Geography,
    people: People,
    *,
    round_trips: Array,
    limit: Array,
    periods: Array,
    months: Array,
) -> Table[Household]:
    """Return the table of households.

    Parameters
    ----------
    rng
        Where chance comes from.
    geography
        Homes and hosts.
    people
        What was drawn about them.
    round_trips, limit
        Trips and longest trip after they were fitted to what is near.
    periods, months
        Ids of the periods, and the calendar month of each.
    """
    count = len(people.size)
    columns: dict[str, Any] = {
        "household_id": household_ids(count),
        "home_region": region_ids(geography.towns)[people.home],
        "budget_yen": people.travel_budget + people.housing_budget,
        "round_trips": round_trips,
        **_stay(rng, count, periods, months),
        "max_trip_minutes": limit,
        "max_commute_minutes": draw_int(rng, p.COMMUTE_LIMIT, count),
        "car": happens(rng, p.CAR, count),
        "needs": lists_of(
            np.column_stack([happens(rng, s, count) for s in (p.NEED_NET, p.NEED_PETS, p.NEED_STEP_FREE)]),
            TAGS,
        ),
        "past_losses": draw_int(rng, p.PAST_LOSSES, count),
        "income_class": draw_int(rng, p.INCOME_CLASS, count),
        "applied_at": np.datetime64("2026-01-05T00:00:00")
        + rng.integers(0, 40 * 86_400, count).astype("m8[s]"),
        **_registration(rng, geography, count),
        "siblings": np.where((people.pupils > 1) & happens(rng, p.TOGETHER, count), "together", "apart"),
        "groups": _groups(rng, people),
        "languages": lists_of(happens(rng, p.SPEAKS_OTHER, count)[:, None], np.array(["en"])),
        "topics": lists_of(
            happens(rng, p.HAS_TOPIC, count)[:, None] & (rng.integers(0, 4, count)[:, None] == np.arange(4)),
            TOPICS,
        ),
    }
    return Table(Household, columns)


def _stay(rng: np.random.Generator, count: int, periods: Array, months: Array) -> dict[str, Any]:
    """Windows of the wished stays: a start by month, wide enough for the length and some slack."""
    length = np.minimum(draw_int(rng, p.STAY_LENGTH, count), len(periods))
    kind = draw_int(rng, p.STAY_KIND, count)
    slack = np.where(kind == 0, 0, draw_int(rng, p.WINDOW_SLACK, count))
    width = np.minimum(length + slack, len(periods))
    weight = np.asarray(p.MONTH_WEIGHT.shares)[months - 1].cumsum()
    start = np.searchsorted(weight / weight[-1], rng.random(count), side="right")
    start = np.minimum(start, len(periods) - width)
    return {
        "stay_kind": np.array(["fixed", "consecutive", "any"])[kind],
        "stay_periods": runs_of(start, width, periods),
        "stay_length": np.where(kind == 0, NULL_INT, length),
    }


def _registration(rng: np.random.Generator, geography: Geography, count: int) -> dict[str, Any]:
    state = draw_int(rng, p.REGISTRATION, count)
    premium = state == 2
    many = np.where(premium, draw_int(rng, p.OTHER_MUNICIPALITIES, count), 0)
    hosts = region_ids(geography.towns)[geography.hosts]
    many = np.minimum(many, len(hosts))
    first = rng.integers(0, np.maximum(1, len(hosts) - many + 1))
    until = np.where(premium, np.datetime64("2027-03-31"), np.datetime64("NaT"))
    return {
        "registration": np.array(["none", "basic", "premium"])[state],
        "registration_valid_until": until,
        "other_municipalities": runs_of(first, many, hosts),
    }


def _groups(rng: np.random.Generator, people: People) -> Any:
    ages, owner = people.persons["age"], people.owner
    count = len(people.size)
    child = np.bincount(owner[ages < 18], minlength=count) > 0
    old = np.bincount(owner[ages >= 65], minlength=count) > 0
    lone = child & (people.adults == 1)
    names = np.array(["children", "elderly", "local_ties", "single_parent"])
    return lists_of(np.column_stack([child, old, happens(rng, p.LOCAL_TIES, count), lone]), names)
