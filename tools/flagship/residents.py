"""What the rules for people show in the flagship: registrations, income classes, reach, chains, shares of employers.

It changes rows drawn elsewhere, and draws nothing, so that everything else keeps its numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from flagship import supply
from flagship.facts import MONTHS
from flagship.people import Family
from nichiiki_models.rules import IncomeLimit, Limits, Reach
from nichiiki_models.tables import Choice, Facility, Household, Person, Place, Quota, Role

ELSEWHERE = ("nagano", "nasushiobara", "shirahama")
"""Three towns in which the holder of a premium registration who is at the limit is registered already."""

REGISTERED_DESK = "cw-obuse"
"""The coworking space that is for registered residents only."""

PARTS: dict[str, dict[str, Any]] = {
    "hh015": {"family": "fa-1"},
    "hh025": {"family": "fa-1"},
    "hh071": {"family": "fa-2", "all_bases": True},
    "hh127": {"family": "fa-2", "all_bases": True},
}
"""Applications of one person each: 那須町 in summer and 塩尻市 in winter; an inn and a share house in one stay plan."""
AGES = {"hh015": 32, "hh025": 32, "hh071": 34, "hh127": 34}

ONE_CARER = "nu-hakuba"
"""The nursery with one carer for guest children."""

SEASON = tuple(MONTHS[month] for month in (12, 1, 2, 3))
WITHOUT_SHOP = ("takaku", "oto")
"""Settlements from which a household without a car reaches no shop, clinic or school."""

SHARES = tuple(
    Quota(quota_id=f"q-share-{place}", target_kind="employer", target_id=f"em-{place}", max=most)
    for place, most in (("happo", 9), ("kamishiro", 7))
)
"""The joint hiring office of 白馬村 (地域の人事部) shares winter workers between its two ski villages."""


def at_the_limit(families: Sequence[Family]) -> str:
    """Return the first premium household without another registration."""
    return next(
        family.row.household_id
        for family in families
        if family.row.registration == "premium" and not family.row.other_municipalities
    )


def winter_workers(families: Sequence[Family]) -> list[Family]:
    """Return the couples and singles who think of 白馬村 in January: they come to work a season."""
    return [
        family
        for family in families
        if family.first == "hakuba"
        and MONTHS[1] in family.row.stay_periods
        and family.row.stay_kind != "fixed"
        and len(family.members) <= 2
    ]


def households(families: Sequence[Family]) -> list[Household]:
    """Return the households; one is registered in three towns already, the winter workers come for three months."""
    full, winter = at_the_limit(families), {family.row.household_id for family in winter_workers(families)}
    season: dict[str, Any] = {
        "stay_kind": "consecutive",
        "stay_periods": SEASON,
        "stay_length": 3,
        "needs": (),
    }
    season |= {"car": True, "max_commute_minutes": None, "max_trip_minutes": 300, "income_class": None}
    found = []
    for family in families:
        row, own = family.row, family.row.household_id
        if own in winter:
            row = row.model_copy(update={**season, "budget_yen": max(row.budget_yen, 100_000)})
        if own in PARTS:
            row = row.model_copy(update=PARTS[own])
        found.append(row.model_copy(update={"other_municipalities": ELSEWHERE}) if own == full else row)
    return found


def persons(families: Sequence[Family]) -> list[Person]:
    """Return the persons; winter workers have the hours of a season, and want no month of it without work."""
    winter = {family.row.household_id for family in winter_workers(families)}
    worker = {"hours_per_period": 40, "multiwork": True}
    found = []
    for member in (member for family in families for member in family.members):
        if member.household_id in winter and 18 <= member.age < 70:
            member = member.model_copy(update=worker)
        if member.household_id in AGES:
            member = member.model_copy(update={"age": AGES[member.household_id]})
        found.append(member)
    return found


def wishes(before: Sequence[Choice], families: Sequence[Family], roles: Sequence[Role]) -> list[Choice]:
    """Return the wishes; winter workers wish for two of the jobs at ski runs and inns, one after the other."""
    jobs = [role.role_id for role in roles if role.title == "スキー場・宿"]
    workers = [
        member for family in winter_workers(families) for member in family.members if 18 <= member.age < 70
    ]
    names = {member.person_id for member in workers}
    kept = [wish for wish in before if not (wish.list == "role" and wish.person_id in names)]
    return kept + [
        Choice(
            household_id=member.household_id,
            list="role",
            person_id=member.person_id,
            rank=rank,
            target_kind="role",
            target_id=jobs[(first + rank - 1) % len(jobs)],
        )
        for first, member in zip(_first_jobs(), workers, strict=False)
        for rank in (1, 2)
    ]


def _first_jobs() -> Iterator[int]:
    """Which job each worker wishes for first: the first nine one each, the others so that every job has somebody."""
    return (number if number < 9 else 3 * number + 6 for number in count())


def shops() -> list[Place]:
    """Return a village shop in the middle of every other settlement."""
    return [
        Place(
            place_id=f"sh-{name}",
            region_id=settlement.region,
            name="商店 (仮)",
            kind="shop",
            lat=lat,
            lon=lon,
        )
        for settlement in supply.SETTLEMENTS
        for name, (lat, lon) in ((settlement.name, supply.CENTRES[settlement.name]),)
        if name not in WITHOUT_SHOP
    ]


def facilities(rows: Sequence[Facility]) -> list[Facility]:
    """Return the facilities; one coworking space is for registered residents, one nursery says how many carers it has."""
    changes: dict[str, dict[str, Any]] = {
        REGISTERED_DESK: {"eligible": ("basic", "premium")},
        ONE_CARER: {"staff": 1},
    }
    return [row.model_copy(update=changes.get(row.facility_id, {})) for row in rows]


def roles(rows: Sequence[Role]) -> list[Role]:
    """Return the roles; the side jobs of 那須町 can be done from anywhere."""
    return [
        row.model_copy(update={"remote_share": 100}) if row.remote_share and row.region_id == "nasu" else row
        for row in rows
    ]


def limits(before: Limits) -> Limits:
    """Return the limits with what a low income may bear, and what must be near a second base."""
    burdens = (IncomeLimit(up_to_class=2, yen=60_000), IncomeLimit(up_to_class=4, yen=90_000))
    near = (Reach(kinds=("school", "shop", "clinic", "hospital"), minutes=60),)
    return before.model_copy(update={"burden_by_income": burdens, "reach": near})
