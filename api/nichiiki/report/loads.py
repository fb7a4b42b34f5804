"""Every shared capacity, period by period: what is used, what there is (rules, section 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nichiiki.report.facts import Facts
from nichiiki_models.tables import Quota, Seat
from nichiiki_solver.verify.quotas import reserved_use

FACILITY_RULES = {"school": "school_seats", "nursery": "care_places", "coworking": "desks"}
ITEM_RULES = {"school": "school_seats", "care": "care_places", "desk": "desks", "role": "role_max"}
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Load:
    """One shared capacity in one period.

    Attributes
    ----------
    rule
        Id of the rule that limits it.
    target_id, region_id
        What has the capacity, and where it lies (empty where it lies nowhere).
    band
        Grade, age band or ``desk``; empty for others.
    period_id
        Empty where it counts over the whole calendar.
    used, capacity, least
        Used, at most (None = no limit), and at least (0 = no minimum).
    """

    rule: str
    target_id: str
    region_id: str
    band: str
    period_id: str
    used: int
    capacity: int | None
    least: int = 0

    @property
    def share(self) -> float:
        """Used part of the capacity; 0 without a limit."""
        return self.used / self.capacity if self.capacity else 0.0

    @property
    def gap(self) -> int:
        """How many are missing to the minimum."""
        return max(0, self.least - self.used)


def loads(facts: Facts) -> list[Load]:
    """List every shared capacity of an instance with what an allocation uses of it.

    Parameters
    ----------
    facts
        The allocation beside its instance.

    Returns
    -------
    list of Load
        By rule, target, band and period, in the order of the instance.
    """
    used = _used(facts)
    parts = (_houses, _reception, _seats, _roles, _supporters, _experiences, _quotas)
    return [load for part in parts for load in part(facts, used)]


def _used(facts: Facts) -> Counter[Key]:
    used: Counter[Key] = Counter()
    for household, stays in facts.stays.items():
        for stay in stays:
            house = facts.houses.get(stay.house_id)
            for period in facts.with_gaps(stay, house.gap_periods if house else 0):
                used["house_units", stay.house_id, "", period] += stay.units
        for region, period in {(stay.region_id, period) for stay in stays for period in stay.periods}:
            used["reception", region, "", period] += 1
        _add_supporter(facts, used, household)
    for household, items in facts.items.items():
        for item in items:
            _add_item(facts, used, household, item.list, item.person_id or "", item.target_id)
    return used


def _add_supporter(facts: Facts, used: Counter[Key], household: str) -> None:
    placement = facts.placements.get(household)
    if placement and placement.supporter_id:
        for period in facts.stay_periods(household):
            used["supporter_caseload", placement.supporter_id, "", period] += 1


def _add_item(facts: Facts, used: Counter[Key], household: str, kind: str, person: str, target: str) -> None:
    if kind == "experience":
        used["experience_places", target, "", ""] += 1
        return
    row = facts.persons.get(person)
    band = {"school": row.grade, "care": row.grade, "desk": "desk"}.get(kind, "") if row else ""
    amount = row.care_days if row and kind == "care" else 1
    for period in _held(facts, household, target):
        used[ITEM_RULES[kind], target, band, period] += amount


def _held(facts: Facts, household: str, target: str) -> list[str]:
    """Periods in which a household has a target: those of its stay, of a role also others (rules, section 2)."""
    stay, role = facts.stay_periods(household), facts.roles.get(target)
    if role is None:
        return list(stay)
    own = set(role.periods) or set(facts.position)
    limits, row = facts.instance.rules.limits, facts.households.get(household)
    at_home = limits.roles_at_home and row is not None and row.home_region == role.region_id
    throughout = role.whole_season or role.remote_share == 100 or at_home
    return [period for period in facts.position if period in own and (throughout or period in set(stay))]


def _houses(facts: Facts, used: Counter[Key]) -> Iterator[Load]:
    for house in facts.houses.values():
        for period in facts.open_periods:
            taken = used["house_units", house.house_id, "", period]
            closed = period in house.closed_periods
            yield Load(
                "house_units",
                house.house_id,
                house.region_id,
                "",
                period,
                taken,
                0 if closed else facts.units[house.house_id, period],
            )


def _reception(facts: Facts, used: Counter[Key]) -> Iterator[Load]:
    for region in facts.regions.values():
        if region.reception_max is not None:
            for period in facts.open_periods:
                taken = used["reception", region.region_id, "", period]
                yield Load(
                    "reception", region.region_id, region.region_id, "", period, taken, region.reception_max
                )


def _seats(facts: Facts, used: Counter[Key]) -> Iterator[Load]:
    for (facility, band), rows in facts.seats.items():
        row = facts.facilities[facility]
        rule = FACILITY_RULES[row.kind]
        for period in facts.open_periods:
            seat = rows.get(period) or rows.get("all")
            if seat is not None:
                seats = seat.seats + facts.added("facility", facility, period, band)
                capacity = seats * (_days(facts, seat, period) if rule == "care_places" else 1)
                yield Load(
                    rule, facility, row.region_id, band, period, used[rule, facility, band, period], capacity
                )


def _days(facts: Facts, seat: Seat, period: str) -> int:
    if seat.days is not None:
        return seat.days
    row = facts.instance.periods.row(facts.position[period])
    week = "0000011" if row.slot == "weekend" else "1111100"
    after_end = np.datetime64(row.ends_on) + np.timedelta64(1, "D")
    return int(np.busday_count(np.datetime64(row.starts_on), after_end, weekmask=week))


def _roles(facts: Facts, used: Counter[Key]) -> Iterator[Load]:
    for role in facts.roles.values():
        for period in facts.open_periods:
            if not role.periods or period in role.periods:
                taken = used["role_max", role.role_id, "", period]
                yield Load(
                    "role_max",
                    role.role_id,
                    role.region_id,
                    "",
                    period,
                    taken,
                    role.max_holders + facts.added("role", role.role_id, period),
                    role.min_holders,
                )


def _supporters(facts: Facts, used: Counter[Key]) -> Iterator[Load]:
    for row in facts.instance.supporters.rows():
        for period in facts.open_periods:
            taken = used["supporter_caseload", row.supporter_id, "", period]
            most = row.caseload + facts.added("supporter", row.supporter_id, period)
            yield Load("supporter_caseload", row.supporter_id, "", "", period, taken, most)


def _experiences(facts: Facts, used: Counter[Key]) -> Iterator[Load]:
    for row in facts.instance.experiences.rows():
        taken = used["experience_places", row.experience_id, "", ""]
        yield Load(
            "experience_places", row.experience_id, row.region_id, "", "", taken, row.places, row.min_places
        )


def _quotas(facts: Facts, used: Counter[Key]) -> Iterator[Load]:
    for row in facts.instance.quotas.rows():
        if row.kind == "limit":
            counted = sum(_counts(facts, row, household) for household in facts.placements)
            yield Load("quota_max", row.quota_id, "", "", "", counted, row.max, row.min or 0)
        elif row.group is not None:
            others, most = reserved_use(facts.book, row)
            for period in facts.open_periods:
                held = int(others[facts.position[period]])
                yield Load("quota_reserved", row.quota_id, "", "", period, held, most)


def _counts(facts: Facts, quota: Quota, household: str) -> int:
    row = facts.households.get(household)
    if quota.group is not None and (row is None or quota.group not in row.groups):
        return 0
    if quota.target_kind == "all":
        return 1
    if quota.target_kind == "employer":
        held = [
            facts.roles.get(item.target_id) for item in facts.items.get(household, ()) if item.list == "role"
        ]
        return sum(role is not None and role.employer == quota.target_id for role in held)
    return any(_in_target(facts, quota, stay.house_id) for stay in facts.stays.get(household, ()))


def _in_target(facts: Facts, quota: Quota, house_id: str) -> bool:
    house = facts.houses.get(house_id)
    if house is None:
        return False
    own = {"region": house.region_id, "settlement": house.settlement, "house": house.house_id}
    return own[quota.target_kind] == quota.target_id
