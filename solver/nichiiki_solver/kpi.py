"""The sheet of key figures of an allocation, from the joined rows that the check reads."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_models.metrics import Kpi, SeatFigures
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.money import rent_yen
from nichiiki_solver.verify.registration import standing, stays_in_others
from nichiiki_solver.verify.roles import holders, role_held

DAYS_OF_A_MONTH = 30
RELATION_TYPES = ("contributing", "working", "telework", "joining", "leisure")


def key_figures(book: Book, days: Array, cost: Array) -> Kpi:
    """Return the sheet.

    Parameters
    ----------
    book
        Instance and allocation.
    days
        Days of each period.
    cost
        Monthly cost of each stay.
    """
    instance, stays = book.instance, book.stays
    persons, houses = book.household_size[stays.household], instance.houses
    stayed = (days[:, None] * stays.held).sum(axis=0)
    nights = int((stayed * persons).sum())
    trips = np.rint(instance.households["round_trips"][stays.household] * 100).astype(np.int64)
    under_18 = book.count_persons(instance.persons["age"] < 18)[stays.household]
    activities = _activities(book)
    return Kpi(
        residents=int(persons.sum()),
        nights=nights,
        visits=int((trips * stayed).sum()) // (100 * DAYS_OF_A_MONTH),
        role_hours=_role_hours(book),
        houses_reused=len(np.unique(stays.house[houses["kind"][stays.house] == "whole"])),
        children_received=int(under_18.sum()),
        pupils_received=len(np.unique(book.settled("school").person)),
        registrations=_new_registrations(book),
        activities=int(activities.sum()),
        premium_kept=_premium_kept(book, activities),
        relation_types=_relation_types(book),
        spending_yen=int((rent_yen(book) * stayed).sum()) // DAYS_OF_A_MONTH
        + nights * instance.rules.kpi.spending_yen_per_day,
        cost_yen_per_person=int(cost.sum()) // int(persons.sum()) if persons.sum() else None,
    )


def _role_hours(book: Book) -> int:
    items = book.settled("role")
    hours = book.instance.roles["hours_per_period"][items.target]
    return int((hours * role_held(book, items).sum(axis=0)).sum())


def _activities(book: Book) -> Array:
    """Community and event roles held by each household, a period each."""
    items = book.settled("role")
    counts = np.isin(book.instance.roles["kind"][items.target], ("community", "event"))
    found = np.zeros(len(book.instance.households), dtype=np.int64)
    np.add.at(found, items.household[counts], role_held(book, items).sum(axis=0)[counts])
    return found


def _premium_kept(book: Book, activities: Array) -> int:
    level = standing(book)[:1, book.stays.household] == 2
    enough = activities[book.stays.household] >= book.instance.rules.registration.activities_min
    return int((level.any(axis=0) & enough).sum())


def _new_registrations(book: Book) -> int:
    stays, households = book.stays, book.instance.households
    registered = households["registration"][stays.household] != "none"
    return int((~stays_in_others(book) & registered).sum())


def _relation_types(book: Book) -> dict[str, int]:
    """Count placed households by the first type that fits."""
    size, roles = len(book.instance.households), book.settled("role")
    kind = book.instance.roles["kind"][roles.target]
    given = (
        roles.household[np.isin(kind, ("community", "event"))],
        roles.household[np.isin(kind, ("job", "side_job"))],
        book.settled("desk").household,
        book.settled("experience").household,
        book.stays.household,
    )
    left, counts = np.ones(size, dtype=bool), {}
    for name, household in zip(RELATION_TYPES, given, strict=True):
        now = np.zeros(size, dtype=bool)
        now[household] = True
        counts[name] = int((now & left).sum())
        left &= ~now
    return counts


def short_roles(book: Book) -> dict[str, dict[str, int]]:
    """Return the holders that roles lack to their lowest number, by role and wanted period."""
    roles, count = book.instance.roles, holders(book)
    most = roles["max_holders"][None, :] + book.works.added("role")
    wanted = book.own_periods("role") & book.calendar.open[:, None] & (most > 0)
    lacking = np.where(wanted, roles["min_holders"] - count, 0)
    found: dict[str, dict[str, int]] = {}
    for role, period in zip(*(index.tolist() for index in np.nonzero(lacking.T > 0)), strict=True):
        of_role = found.setdefault(str(roles["role_id"][role]), {})
        of_role[str(book.calendar.ids[period])] = int(lacking[period, role])
    return found


def employer_shares(book: Book) -> dict[str, SeatFigures]:
    """Return how many places each employer offers and fills, a period each."""
    roles, count = book.instance.roles, holders(book).sum(axis=0)
    places = roles["max_holders"][None, :] + book.works.added("role")
    offered = (places * (book.own_periods("role") & book.calendar.open[:, None])).sum(axis=0)
    return {
        name: SeatFigures(
            used=int(count[roles["employer"] == name].sum()),
            offered=int(offered[roles["employer"] == name].sum()),
        )
        for name in np.unique(roles["employer"]).tolist()
        if name
    }
