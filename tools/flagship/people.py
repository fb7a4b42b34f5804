"""The 240 synthetic households: who they are and what they wish for. No row is a real person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flagship.chance import Chance
from flagship.facts import DESKS, ELEMENTARY, HOSTS, MONTHS, NURSERIES, SCHOOLS
from flagship.rows import row
from nichiiki_instances.generating import parameters as p
from nichiiki_instances.generating.people import BAND_OF_AGE, GRADES
from nichiiki_models.tables import Choice, House, Household, Person, Priority, Role, Use

HOMES = {"tokyo23": 150, "osaka": 70, "yokohama": 9, "saitama": 6, "kobe": 5}
TOGETHER, PREMIUM, ALUMNI = 12, 30, 14
LIKING: dict[str, dict[str, float]] = {
    "tokyo23": {"nasu": 36, "shiojiri": 17, "hakuba": 20, "obuse": 11, "tanabe": 16},
    "yokohama": {"nasu": 40, "shiojiri": 20, "hakuba": 25, "obuse": 15},
    "saitama": {"nasu": 40, "shiojiri": 20, "hakuba": 15, "obuse": 5, "tanabe": 20},
    "osaka": {"tanabe": 76, "shiojiri": 24},
    "kobe": {"tanabe": 80, "shiojiri": 20},
}
"""Which hosts a home likes: near ones; no link here joins the Osaka side with Hakuba and Obuse."""

SCHOOL_TOWN = {"nasu": 1.0, "shiojiri": 1.5, "hakuba": 0.0, "obuse": 1.0, "tanabe": 0.3}
"""How much more or less a family with several pupils likes a host: houses near the schools."""

SEASON: dict[str, dict[int, float]] = {
    "nasu": {4: 8, 5: 8, 6: 6, 7: 16, 8: 10, 9: 7, 10: 8, 11: 4, 12: 4, 1: 3, 2: 3, 3: 4},
    "shiojiri": {4: 7, 5: 8, 6: 5, 7: 8, 8: 7, 9: 14, 10: 10, 11: 6, 12: 4, 1: 3, 2: 3, 3: 4},
    "hakuba": {4: 2, 5: 3, 6: 3, 7: 7, 8: 6, 9: 4, 10: 3, 11: 6, 12: 22, 1: 14, 2: 8, 3: 3},
    "obuse": {4: 6, 5: 5, 6: 4, 7: 5, 8: 7, 9: 18, 10: 10, 11: 5, 12: 3, 1: 2, 2: 2, 3: 3},
    "tanabe": {4: 12, 5: 18, 6: 12, 7: 9, 8: 6, 9: 4, 10: 5, 11: 5, 12: 4, 1: 4, 2: 4, 3: 4},
}
"""In which month a stay begins there: plums in May, highlands in July, apples in September, then snow."""

LIMIT = {
    "near": {180: 0.08, 210: 0.17, 240: 0.35, 300: 0.4},
    "far": {180: 0.06, 240: 0.24, 270: 0.4, 330: 0.3},
}
"""Longest trips in minutes; nobody asks for Tanabe with the limit of a weekend."""

FARE: dict[str, dict[str, int]] = {
    "tokyo_side": {"nasu": 7_300, "shiojiri": 7_100, "hakuba": 8_100, "obuse": 9_300, "tanabe": 20_900},
    "osaka_side": {"tanabe": 6_800, "shiojiri": 10_600},
}
"""About what an adult pays one way: somebody who applies has looked it up."""

FIRST_FAMILY = tuple(range(0, 240, 20))
"""Positions of the twelve families with brothers and sisters who want one school."""


@dataclass(frozen=True)
class Family:
    """A household with its members and the host it thinks of first and second."""

    row: Household
    members: tuple[Person, ...]
    first: str
    second: str | None


def families(chance: Chance) -> list[Family]:
    """Draw the 240 households."""
    homes = [home for home, count in HOMES.items() for _ in range(count)]
    order = chance.some_of(homes, len(homes))
    premium = set(chance.some_of(range(240), PREMIUM))
    alumni = [index for index, home in enumerate(order) if LIKING[home].get("tanabe")]
    graduates = set(chance.some_of(alumni, ALUMNI))
    return [
        _family(chance, index, home, premium=index in premium, alumni=index in graduates)
        for index, home in enumerate(order)
    ]


def _family(chance: Chance, index: int, home: str, *, premium: bool, alumni: bool) -> Family:
    household_id = f"hh{index + 1:03d}"
    together = index in FIRST_FAMILY
    ages = _sibling_ages(chance, index) if together else _ages(chance)
    members = tuple(_person(chance, household_id, number, age) for number, age in enumerate(ages, start=1))
    likes = LIKING[home]
    if len(ages) > 2:
        likes = {host: weight * (0.1 if host == "hakuba" else 1.0) for host, weight in likes.items()}
    if together:
        likes = {host: weight * SCHOOL_TOWN[host] for host, weight in likes.items()}
    first = "tanabe" if alumni else chance.weighted(likes)
    others = {host: weight for host, weight in likes.items() if host != first}
    second = chance.weighted(others) if others and chance.happens(0.5) else None
    budget = _budget(chance, len(ages), first) + 40_000 * together
    applicant = Household(
        household_id=household_id,
        home_region=home,
        budget_yen=budget,
        round_trips=_round_trips(chance, home, first, ages, budget),
        **_stay(chance, first, together),
        max_trip_minutes=chance.weighted(
            LIMIT["far" if first == "tanabe" or home in ("osaka", "kobe") else "near"]
        ),
        max_commute_minutes=chance.share(p.COMMUTE_LIMIT),
        car=chance.happens(p.CAR.value),
        needs=() if together else _needs(chance),
        past_losses=chance.share(p.PAST_LOSSES),
        income_class=chance.share(p.INCOME_CLASS),
        applied_at=datetime(2026, 1, 5, 9) + timedelta(minutes=chance.between(0, 40 * 24 * 60)),
        **_registration(chance, premium),
        siblings="together" if together else "apart",
        groups=_groups(home, ages, alumni, chance.happens(p.LOCAL_TIES.value)),
        languages=("en",) if chance.happens(p.SPEAKS_OTHER.value) else (),
        topics=_topics(chance),
    )
    return Family(applicant, members, first, second)


def _sibling_ages(chance: Chance, index: int) -> list[int]:
    """Two parents and two or three pupils of one level of school; the last family has both levels."""
    pupils = [chance.between(6, 11) for _ in range(2 + (index % 3 == 0))]
    if index == FIRST_FAMILY[-1]:
        pupils = [10, 13]
    elif index == FIRST_FAMILY[4]:
        pupils = [12, 14]
    return [chance.between(34, 47), chance.between(32, 46), *pupils]


def _ages(chance: Chance) -> list[int]:
    size = chance.share(p.HOUSEHOLD_SIZE)
    head = chance.share(p.HEAD_AGE) + chance.between(0, 9)
    lone = size > 2 and chance.happens(p.SINGLE_PARENT.value)
    adults = 1 if lone else min(size, 2)
    partner = [max(20, head + chance.between(-5, 5))] if adults == 2 else []
    return [head, *partner, *(_child_age(chance) for _ in range(size - adults))]


def _child_age(chance: Chance) -> int:
    stage = chance.share(p.CHILD_STAGE)
    return stage + chance.between(0, {0: 5, 6: 6, 13: 2}[stage])


def _person(chance: Chance, household_id: str, number: int, age: int) -> Person:
    adult = age >= 18
    band = str(GRADES[BAND_OF_AGE[age]]) if age < len(BAND_OF_AGE) else "none"
    helps = adult and (number == 1 or chance.happens(0.35)) and chance.happens(0.85)
    skilled = adult and chance.happens(p.HAS_SKILL.value)
    return row(
        Person,
        person_id=f"{household_id}-{number}",
        household_id=household_id,
        age=age,
        grade=band,
        care_days=chance.share(p.CARE_DAYS) if age < 6 and chance.happens(0.75) else 0,
        skills=(chance.one_of(("farming", "it", "teaching", "cooking")),) if skilled else (),
        hours_per_period=max(6, chance.spread(p.ROLE_HOURS)) * 2 if helps else 0,
        telework_days=chance.share(p.TELEWORK_DAYS)
        if adult and number == 1 and chance.happens(p.TELEWORK.value)
        else 0,
    )


def _budget(chance: Chance, persons: int, first: str) -> int:
    travel = chance.spread(p.TRAVEL_BUDGET) * (1 + p.EXTRA_PERSON.value * (persons - 1))
    far = 1.3 if first == "tanabe" else 1.0
    return min(240_000, int(travel * far / 1000) * 1000 + chance.spread(p.HOUSING_BUDGET) + 12_000)


def _round_trips(chance: Chance, home: str, host: str, ages: Sequence[int], budget: int) -> float:
    """Trips as in the survey, but in quarters and only as many as most of the budget pays for."""
    side = "osaka_side" if home in ("osaka", "kobe") else "tokyo_side"
    payers = sum(2 if age >= 12 else 1 if age >= 6 else 0 for age in ages)
    affordable = int(p.TRAVEL_SHARE.value * budget * 4 / (FARE[side][host] * payers)) / 4
    return min(chance.number(p.ROUND_TRIPS), max(0.25, affordable))


def _stay(chance: Chance, first: str, together: bool) -> dict[str, Any]:
    """Draw months: a length, a start by the season of the host, some slack; rarely any of a window."""
    kind = chance.weighted({"fixed": 0.2, "consecutive": 0.7, "any": 0.1})
    length = chance.weighted({1: 20, 2: 26, 3: 28, 4: 13, 6: 9, 12: 4})
    kind, length = ("consecutive", 1 + length % 3) if together else (kind, length)
    length = min(length, 2) if kind == "any" else length
    slack = 0 if kind == "fixed" else 2 if kind == "any" else chance.weighted({1: 40, 2: 30, 3: 20, 5: 10})
    width = min(length + slack, 12)
    start = (chance.weighted(SEASON[first]) - 4) % 12
    start = min(max(0, start - chance.between(0, slack)), 12 - width)
    names = sorted(MONTHS.values())[start : start + width]
    return {
        "stay_kind": kind,
        "stay_periods": tuple(names),
        "stay_length": None if kind == "fixed" else length,
    }


def _needs(chance: Chance) -> tuple[str, ...]:
    shares = {"internet": p.NEED_NET, "pets": p.NEED_PETS, "step_free": p.NEED_STEP_FREE}
    return tuple(tag for tag, share in shares.items() if chance.happens(share.value))


def _topics(chance: Chance) -> tuple[str, ...]:
    if not chance.happens(p.HAS_TOPIC.value):
        return ()
    return (chance.weighted({"housing": 0.35, "work": 0.3, "farming": 0.2, "schooling": 0.15}),)


def _registration(chance: Chance, premium: bool) -> dict[str, Any]:
    if premium:
        towns = sorted(chance.some_of(HOSTS, chance.between(0, 2)))
        until = date(2026, 9, 30) if chance.happens(0.2) else date(2027, 3, 31)
        return {
            "registration": "premium",
            "registration_valid_until": until,
            "other_municipalities": tuple(towns),
        }
    return {"registration": "basic" if chance.happens(0.3) else "none"}


def _groups(home: str, ages: Sequence[int], alumni: bool, ties: bool) -> tuple[str, ...]:
    adults = sum(age >= 18 for age in ages)
    marks = {
        "alumni": alumni,
        "children": adults < len(ages),
        "elderly": max(ages) >= 65,
        "no_ties": not (ties or alumni),
        "osaka_side": home in ("osaka", "kobe"),
        "single_parent": adults == 1 and len(ages) > 1,
        "tokyo_side": home in ("tokyo23", "yokohama", "saitama"),
    }
    return tuple(group for group, holds in marks.items() if holds)


def wishes(
    chance: Chance, found: Sequence[Family], houses: Sequence[House], roles: Sequence[Role]
) -> list[Choice]:
    """Draw the ranked wishes of every household."""
    draw = _Wishes(chance, houses, roles)
    return [choice for family in found for choice in draw.of(family)]


class _Wishes:
    """Draws wishes; houses differ in how many like them."""

    def __init__(self, chance: Chance, houses: Sequence[House], roles: Sequence[Role]) -> None:
        self._chance = chance
        self._roles = roles
        self._houses = [(house, 0.4 + 1.6 * chance.between(0, 100) / 100) for house in houses]

    def of(self, family: Family) -> list[Choice]:
        return [
            *self._stays(family),
            *self._schools(family),
            *self._care(family),
            *self._desks(family),
            *self._role_wishes(family),
            *self._experience(family),
        ]

    def _fitting(self, family: Family, host: str) -> dict[str, float]:
        """Return the houses of a host that suit a family in size, tags and rent; a few do not look."""
        found = {}
        careless = self._chance.happens(0.07) and family.row.siblings == "apart"
        for house, liking in self._houses:
            holds = house.capacity_persons * (house.units if house.kind in ("room", "hotel") else 1) >= len(
                family.members
            )
            suits = (
                holds
                and set(family.row.needs) <= set(house.tags)
                and house.rent_yen * 1.3 <= family.row.budget_yen
            )
            if house.region_id == host and house.ready and (suits or careless):
                found[house.house_id] = liking * (0.4 if "tsunami" in house.hazards else 1.0)
        waiting = [house for house, _ in self._houses if house.region_id == host and not house.ready]
        if waiting and self._chance.happens(0.08):
            found[self._chance.one_of(waiting).house_id] = 2.0
        return found

    def _stays(self, family: Family) -> list[Choice]:
        chance = self._chance
        houses = chance.by_weight(
            self._fitting(family, family.first), chance.weighted({2: 0.2, 3: 0.5, 4: 0.3})
        )
        if family.second is not None:
            houses += chance.by_weight(self._fitting(family, family.second), 1)
        found = [_choice(family, "stay", rank, "house", house) for rank, house in enumerate(houses, start=1)]
        if not found or chance.happens(p.REGION_WISH.value):
            found.append(_choice(family, "stay", len(found) + 1, "region", family.first))
        return found

    def _schools(self, family: Family) -> list[Choice]:
        together = family.row.siblings == "together"
        pupils = [member for member in family.members if member.grade in GRADES[5:]]
        if not pupils or not (together or self._chance.happens(0.6)):
            return []
        free = self._chance.happens(p.NO_SCHOOL_NEEDED.value)
        return [choice for pupil in pupils for choice in self._pupil(family, pupil, free)]

    def _pupil(self, family: Family, pupil: Person, free: bool) -> list[Choice]:
        small = int(pupil.grade) <= 6
        near = [
            s.facility_id
            for s in SCHOOLS
            if s.region_id == family.first and (s.facility_id in ELEMENTARY) == small
        ]
        found = [
            _choice(family, "school", rank, "facility", school, pupil)
            for rank, school in enumerate(near, start=1)
        ]
        if family.second is not None:
            found.append(_choice(family, "school", 3, "region", family.second, pupil))
        return [*found, _choice(family, "school", 4, "none", None, pupil)] if free else found

    def _care(self, family: Family) -> list[Choice]:
        return [
            _choice(family, "care", rank, "facility", nursery.facility_id, child)
            for child in family.members
            if child.care_days
            for rank, nursery in enumerate((n for n in NURSERIES if n.region_id == family.first), start=1)
        ]

    def _desks(self, family: Family) -> list[Choice]:
        desk = {facility.region_id: facility.facility_id for facility in DESKS}
        return [
            _choice(family, "desk", 1, "facility", desk[family.first], member)
            for member in family.members
            if member.telework_days
        ]

    def _role_wishes(self, family: Family) -> list[Choice]:
        found = []
        for member in family.members:
            if member.hours_per_period:
                looks = not self._chance.happens(0.1)
                weights = {
                    role.role_id: weight
                    for role in self._roles
                    if (weight := _draw_of(family, member, role, looks))
                }
                count = self._chance.weighted(
                    {1: 0.3, 2: 0.4, 3: 0.2, 4: 0.1} if member.person_id.endswith("-1") else {1: 0.7, 2: 0.3}
                )
                picked = self._chance.by_weight(weights, count)
                found += [
                    _choice(family, "role", rank, "role", role, member)
                    for rank, role in enumerate(picked, start=1)
                ]
        return found

    def _experience(self, family: Family) -> list[Choice]:
        if not self._chance.happens(0.25):
            return []
        return [_choice(family, "experience", 1, "experience", f"e-{family.first}")]


def _lasts(family: Family, house: House) -> bool:
    """Say whether a house takes stays as long as the wished one, from a month that the household can."""
    length = family.row.stay_length or len(family.row.stay_periods)
    shortest = 1 if family.row.stay_kind == "any" else length
    begins = family.row.stay_periods[: max(1, len(family.row.stay_periods) - length + 1)]
    opens = not house.start_periods or bool(set(house.start_periods) & set(begins))
    return opens and (house.min_stay or 1) <= shortest and length <= (house.max_stay or 12)


def _draw_of(family: Family, member: Person, role: Role, looks: bool) -> float:
    """Return how much a role draws a person, by value and season; 0 if it does not suit and he looks."""
    skilled = role.skill is None or role.skill in member.skills
    suits = skilled and role.min_age <= member.age <= role.max_age
    suits = suits and role.hours_per_period <= member.hours_per_period
    if role.region_id != family.first or (looks and not suits):
        return 0.0
    in_season = not role.periods or set(role.periods) & set(family.row.stay_periods)
    return (role.value / 100) * (3.0 if role.kind == "event" else 1.0) * (1.0 if in_season else 0.05)


def _choice(
    family: Family, name: str, rank: int, kind: str, target: str | None, person: Person | None = None
) -> Choice:
    return row(
        Choice,
        household_id=family.row.household_id,
        list=name,
        person_id=person.person_id if person else None,
        rank=rank,
        target_kind=kind,
        target_id=target,
    )


def priorities(found: Sequence[Family]) -> list[Priority]:
    """Return points of course graduates at Tanabe, and of households registered in a host at that host."""
    graduates = [
        Priority(target_kind="region", target_id="tanabe", household_id=family.row.household_id, points=10)
        for family in found
        if "alumni" in family.row.groups
    ]
    registered = [
        Priority(target_kind="region", target_id=host, household_id=family.row.household_id, points=5)
        for family in found
        for host in family.row.other_municipalities
        if not ("alumni" in family.row.groups and host == "tanabe")
    ]
    return [*graduates, *registered]


def history(chance: Chance, found: Sequence[Family], roles: Sequence[Role]) -> list[Use]:
    """Return the three activities of fiscal year 2025 in each town that a premium registration rests on."""
    uses = []
    for family in found:
        premium = family.row.registration == "premium"
        for host in (family.first, *family.row.other_municipalities) if premium else ():
            duties = [role.role_id for role in roles if role.region_id == host and role.kind == "community"]
            uses += [_use(chance, family, role) for role in (chance.some_of(duties, 3) * 3)[:3]]
    return uses


def _use(chance: Chance, family: Family, role: str) -> Use:
    day = date(2025, 4, 1) + timedelta(days=chance.between(0, 360))
    adult = family.members[0]
    return Use(
        household_id=adult.household_id, person_id=adult.person_id, kind="activity", target_id=role, on=day
    )
