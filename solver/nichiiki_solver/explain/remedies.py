"""The smallest change that takes one obstacle away, rule by rule; a rule that is not listed here has none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nichiiki_models.changes import Change, Value
from nichiiki_models.columns import NULL_INT
from nichiiki_models.explanation import Step
from nichiiki_models.tables import SCHOOL_GRADES
from nichiiki_solver.explain.drafts import Draft
from nichiiki_solver.explain.obstacles import Obstacle
from nichiiki_solver.explain.world import World
from nichiiki_solver.options import Seats
from nichiiki_solver.uses import carer_days, houses_of_quota

Remedy = Callable[[World, Draft, Obstacle], Step | None]
REMEDIES: dict[str, Remedy] = {}


def remedy(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """Return the step that takes an obstacle away; None if there is none to suggest."""
    find = REMEDIES.get(obstacle.rule)
    return None if find is None else find(world, draft, obstacle)


def _remedy(*rules: str) -> Callable[[Remedy], Remedy]:
    def note(find: Remedy) -> Remedy:
        REMEDIES.update(dict.fromkeys(rules, find))
        return find

    return note


def _set(table: str, key: str, id_: str, column: str, value: Value) -> Change:
    return Change(table=table, row={key: id_}, column=column, value=value)


def _step(
    obstacle: Obstacle,
    kind: str,
    target: str,
    amount: int | None,
    *changes: Change,
    periods: tuple[str, ...] = (),
) -> Step:
    return Step(
        rule=obstacle.rule, kind=kind, target_id=target, amount=amount, periods=periods, changes=changes
    )


def _household(world: World, draft: Draft) -> str:
    return str(world.bundles.instance.households["household_id"][draft.household])


def _house(world: World, draft: Draft) -> tuple[str, int]:
    house = int(world.bundles.stays.house[draft.stay])
    return str(world.bundles.instance.houses["house_id"][house]), house


def _periods(world: World, obstacle: Obstacle) -> tuple[str, ...]:
    return tuple(world.bundles.calendar.ids[list(obstacle.periods)].tolist())


def _last(obstacle: Obstacle) -> str:
    """The last id that the check names: the target."""
    return obstacle.cause.split(" ")[-1]


# Rules of the household and the place


@_remedy("budget")
def _budget(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    if obstacle.value is None or obstacle.limit is None:
        return None
    household = _household(world, draft)
    change = _set("households", "household_id", household, "budget_yen", obstacle.value)
    return _step(obstacle, "yen", household, obstacle.value - obstacle.limit, change)


@_remedy("trip_minutes")
def _trip(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    if obstacle.value is None or obstacle.limit is None:
        return None
    instance, household, changes = world.bundles.instance, _household(world, draft), []
    own, general = (
        int(instance.households["max_trip_minutes"][draft.household]),
        instance.rules.limits.trip_minutes,
    )
    if own != NULL_INT and own < obstacle.value:
        changes.append(_set("households", "household_id", household, "max_trip_minutes", obstacle.value))
    if general is not None and general < obstacle.value:
        changes.append(Change(table="rules", column="limits.trip_minutes", value=obstacle.value))
    return _step(obstacle, "trip_minutes", household, obstacle.value - obstacle.limit, *changes)


@_remedy("commute")
def _commute(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    if obstacle.value is None or obstacle.limit is None:
        return None
    instance, household, changes = world.bundles.instance, _household(world, draft), []
    person, target = obstacle.cause.split(" ")
    own = int(instance.households["max_commute_minutes"][draft.household])
    if own != NULL_INT and own < obstacle.value:
        changes.append(_set("households", "household_id", household, "max_commute_minutes", obstacle.value))
    rows = list(enumerate(instance.rules.limits.commute_by_age))
    age = int(instance.persons["age"][instance.persons.find(np.array([person]))[0]])
    number, row = min(
        ((k, row) for k, row in rows if row.up_to_age >= age),
        key=lambda each: each[1].up_to_age,
        default=(0, None),
    )
    child = instance.facilities.find(np.array([target]))[0]
    for_children = child >= 0 and instance.facilities["kind"][child] in ("school", "nursery")
    if for_children and row is not None and row.minutes < obstacle.value:
        changes.append(
            Change(table="rules", column=f"limits.commute_by_age.{number}.minutes", value=obstacle.value)
        )
    return _step(obstacle, "commute_minutes", target, obstacle.value - obstacle.limit, *changes)


@_remedy("house_not_ready")
def _ready(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    house, _ = _house(world, draft)
    return _step(obstacle, "ready", house, None, _set("houses", "house_id", house, "ready", True))


@_remedy("period_closed")
def _closed(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    bundles = world.bundles
    house, row = _house(world, draft)
    mask = bundles.patterns.mask[int(bundles.stays.pattern[draft.stay])]
    if not bundles.calendar.open[mask].all():
        return None
    asked = set(bundles.calendar.ids[mask].tolist())
    closed = bundles.instance.houses.lists("closed_periods")[row]
    left = tuple(period for period in closed if period not in asked)
    periods = tuple(period for period in closed if period in asked)
    change = _set("houses", "house_id", house, "closed_periods", left)
    return _step(obstacle, "opened", house, None, change, periods=periods)


@_remedy("min_stay", "max_stay")
def _length(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    house, _ = _house(world, draft)
    if obstacle.value is None:
        return None
    return _step(
        obstacle, obstacle.rule, house, obstacle.value,
        _set("houses", "house_id", house, obstacle.rule, obstacle.value),
    )  # fmt: skip


@_remedy("start_period")
def _start(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    bundles = world.bundles
    house, row = _house(world, draft)
    starts = bundles.calendar.ids[bundles.patterns.starts[int(bundles.stays.pattern[draft.stay])]].tolist()
    known = bundles.instance.houses.lists("start_periods")[row]
    more = tuple(period for period in starts if period not in known)
    return _step(
        obstacle,
        "start",
        house,
        None,
        _set("houses", "house_id", house, "start_periods", (*known, *more)),
        periods=more,
    )


@_remedy("house_capacity")
def _capacity(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    instance = world.bundles.instance
    house, row = _house(world, draft)
    persons = max(1, int((instance.persons["household_id"] == _household(world, draft)).sum()))
    if instance.houses["kind"][row] in ("room", "hotel"):
        more = (obstacle.value or 0) - (obstacle.limit or 0)
        change = _set("houses", "house_id", house, "units", int(instance.houses["units"][row]) + more)
        return _step(obstacle, "unit", house, more, change)
    if obstacle.limit == 0:
        return None
    change = _set("houses", "house_id", house, "capacity_persons", persons)
    return _step(obstacle, "beds", house, persons - int(instance.houses["capacity_persons"][row]), change)


@_remedy("needs")
def _tags(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    instance = world.bundles.instance
    house, row = _house(world, draft)
    tags = instance.houses.lists("tags")[row]
    more = tuple(tag for tag in instance.households.lists("needs")[draft.household] if tag not in tags)
    change = _set("houses", "house_id", house, "tags", (*tags, *more))
    return _step(obstacle, "equipment", house, None, change)


@_remedy("consent_host")
def _consent_host(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    facilities, school = world.bundles.instance.facilities, obstacle.cause.split(" ")[1]
    row = int(facilities.find(np.array([school]))[0])
    home = str(world.bundles.instance.households["home_region"][draft.household])
    agreed = (*facilities.lists("consent_regions")[row], home)
    return _step(
        obstacle,
        "consent_host",
        school,
        None,
        _set("facilities", "facility_id", school, "consent_regions", agreed),
    )


@_remedy("consent_home")
def _consent_home(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    instance, school = world.bundles.instance, obstacle.cause.split(" ")[1]
    host = str(instance.facilities["region_id"][instance.facilities.find(np.array([school]))[0]])
    home = str(instance.households["home_region"][draft.household])
    agreed = (
        *instance.regions.lists("board_consents")[int(instance.regions.find(np.array([home]))[0])],
        host,
    )
    return _step(
        obstacle, "consent_home", school, None, _set("regions", "region_id", home, "board_consents", agreed)
    )


@_remedy("no_seats")
def _no_seats(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """Seats in every period of the stay for which there is no row; a row with 0 seats is left to what is shared."""
    instance = world.bundles.instance
    person, facility = obstacle.cause.split(" ")
    row = int(instance.persons.find(np.array([person]))[0])
    kind = str(instance.facilities["kind"][instance.facilities.find(np.array([facility]))[0]])
    band = "desk" if kind == "coworking" else str(instance.persons["grade"][row])
    if (kind == "school") != (band in SCHOOL_GRADES) or band == "none":
        return None
    mask = world.bundles.patterns.mask[int(world.bundles.stays.pattern[draft.stay])]
    rows = _seat_rows(world, facility, band)
    empty = (
        []
        if "all" in rows
        else [p for p in np.flatnonzero(mask).tolist() if world.bundles.calendar.ids[p] not in rows]
    )
    seats = _seats_wanted(world, draft, facility, band, empty)
    periods = tuple(world.bundles.calendar.ids[empty].tolist())
    changes = [_new_seats(facility, band, period, seats) for period in periods]
    return _step(obstacle, "seat", facility, seats, *changes, periods=periods)


def _seats_wanted(world: World, draft: Draft, facility: str, band: str, periods: list[int]) -> int:
    """How many seats the persons of a household need who would sit together; of care, by days."""
    bundles, persons = world.bundles, world.bundles.instance.persons
    members = [
        bundles.needs.person[need] for need, target in draft.parts if bundles.targets.ids[target] == facility
    ]
    if band == "desk" or band in SCHOOL_GRADES:
        return sum(band in ("desk", persons["grade"][k]) for k in members)
    days = sum(int(persons["care_days"][k]) for k in members if persons["grade"][k] == band)
    return max((-(-days // max(1, bundles.calendar.open_days(p))) for p in periods), default=1)


def _new_seats(facility: str, band: str, period: str, seats: int) -> Change:
    row = {"facility_id": facility, "band": band, "period_id": period}
    return Change(table="seats", row=row, action="add", column="seats", value=seats)


def _seat_rows(world: World, facility: str, band: str) -> dict[str, int]:
    """Seats of a facility and band by the period of their row."""
    seats = world.bundles.instance.seats
    rows = np.flatnonzero((seats["facility_id"] == facility) & (seats["band"] == band))
    return dict(zip(seats["period_id"][rows].tolist(), seats["seats"][rows].tolist(), strict=True))


@_remedy("hours")
def _hours(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    if obstacle.value is None or obstacle.limit is None:
        return None
    person = obstacle.cause.split(" ")[0]
    change = _set("persons", "person_id", person, "hours_per_period", obstacle.value)
    return _step(obstacle, "hours", person, obstacle.value - obstacle.limit, change)


@_remedy("lock")
def _lock(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    kind, *target = obstacle.cause.split(" ")
    row = {
        "household_id": _household(world, draft),
        "target_kind": kind,
        "target_id": target[0] if target else "",
    }
    return _step(obstacle, "lock", row["target_id"], None, Change(table="locks", row=row, action="remove"))


# What is shared

SHARED = {
    "house_units": ("unit", "houses", "house_id", "units"),
    "reception": ("reception", "regions", "region_id", "reception_max"),
    "role_max": ("holder", "roles", "role_id", "max_holders"),
    "supporter_caseload": ("caseload", "supporters", "supporter_id", "caseload"),
    "experience_places": ("place", "experiences", "experience_id", "places"),
    "quota_max": ("quota", "quotas", "quota_id", "max"),
    "vehicles": ("vehicle", "links", "link_id", "vehicles"),
}
MINIMUMS = {
    "role_min": ("minimum", "roles", "role_id", "min_holders"),
    "experience_min": ("minimum", "experiences", "experience_id", "min_places"),
    "quota_min": ("quota_minimum", "quotas", "quota_id", "min"),
}


@_remedy(*SHARED)
def _more(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """More than the table says, by what is lacking: measures taken may add to it."""
    kind, table, key, column = SHARED[obstacle.rule]
    if obstacle.value is None or obstacle.limit is None:
        return None
    things = world.bundles.instance.tables[table]
    more = obstacle.value - obstacle.limit
    stated = int(things[column][things.find(np.array([obstacle.cause]))[0]])
    change = _set(table, key, obstacle.cause, column, stated + more)
    return _step(obstacle, kind, obstacle.cause, more, change, periods=_periods(world, obstacle))


@_remedy(*MINIMUMS)
def _less(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    kind, table, key, column = MINIMUMS[obstacle.rule]
    if obstacle.value is None or obstacle.limit is None:
        return None
    change = _set(table, key, obstacle.cause, column, obstacle.value)
    less = obstacle.limit - obstacle.value
    return _step(obstacle, kind, obstacle.cause, less, change, periods=_periods(world, obstacle))


@_remedy("all_bases")
def _part_alone(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """The part no longer waits for the others of its plan, nor they for it."""
    household = _household(world, draft)
    change = _set("households", "household_id", household, "all_bases", False)
    return _step(obstacle, "part_alone", obstacle.cause, None, change)


@_remedy("quota_reserved")
def _unreserved(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """Fewer units are kept for a group; where there are none to give, it takes more units, and this is no remedy."""
    instance = world.bundles.instance
    row = int(instance.quotas.find(np.array([obstacle.cause]))[0])
    houses = instance.houses
    units = int((houses["units"] * houses["ready"])[houses_of_quota(instance, row)].sum())
    if obstacle.value is None or obstacle.value > units:
        return None
    left, kept = units - obstacle.value, int(instance.quotas["min"][row])
    change = _set("quotas", "quota_id", obstacle.cause, "min", left)
    return _step(
        obstacle, "unreserved", obstacle.cause, kept - left, change, periods=_periods(world, obstacle)
    )


@_remedy("care_staff")
def _carers(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """More carers, as many as the worst period lacks; where none works now, no number says what one would add."""
    bundles, facility = world.bundles, obstacle.cause
    facilities = bundles.instance.facilities
    row = int(facilities.find(np.array([facility]))[0])
    staff = int(facilities["staff"][row])
    days = carer_days(bundles.instance, Seats.of(bundles.instance, bundles.calendar, bundles.plans))[row]
    lacking = zip(obstacle.periods, obstacle.lacks, strict=True)
    if staff < 1 or not days[list(obstacle.periods)].all():
        return None
    more = max((-(-lacks * staff // int(days[period])) for period, lacks in lacking), default=0)
    change = _set("facilities", "facility_id", facility, "staff", staff + more)
    return _step(obstacle, "carer", facility, more, change, periods=_periods(world, obstacle))


@_remedy("school_seats", "desks", "care_places")
def _seats(world: World, draft: Draft, obstacle: Obstacle) -> Step | None:
    """More seats in the rows that count in the periods in which they do not suffice, in each as many as are lacking."""
    if obstacle.value is None or obstacle.limit is None:
        return None
    rows, calendar = _seat_rows(world, obstacle.cause, obstacle.band), world.bundles.calendar
    more: dict[str, int] = {}
    for position, lacking in zip(obstacle.periods, obstacle.lacks, strict=True):
        period = str(calendar.ids[position])
        name = period if period in rows else "all"
        if obstacle.rule == "care_places":
            days = _days(world, obstacle, position)
            if days == 0:
                return None
            lacking = -(-lacking // days)
        more[name] = max(lacking, more.get(name, 0))
    changes = [
        Change(
            table="seats", row={"facility_id": obstacle.cause, "band": obstacle.band, "period_id": name},
            column="seats", value=rows[name] + seats,
        )
        for name, seats in more.items() if name in rows
    ]  # fmt: skip
    most = max(more.values(), default=0)
    return _step(obstacle, "seat", obstacle.cause, most, *changes, periods=_periods(world, obstacle))


def _days(world: World, obstacle: Obstacle, position: int) -> int:
    """Days that a seat of care gives in a period."""
    seats, calendar = world.bundles.instance.seats, world.bundles.calendar
    mine = (seats["facility_id"] == obstacle.cause) & (seats["band"] == obstacle.band)
    own = dict(zip(seats["period_id"][mine].tolist(), map(int, seats["days"][mine]), strict=True))
    given = own.get(str(calendar.ids[position]), own.get("all", NULL_INT))
    return calendar.open_days(position) if given in (None, NULL_INT) else int(given)
