"""Roles: region, periods, skill, age, hours, number, and how many hold one."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array, ListColumn
from nichiiki_solver.verify.arrays import NO_ROW, lacks, total
from nichiiki_solver.verify.book import Book, Items
from nichiiki_solver.verify.findings import Findings


def check_roles(book: Book, findings: Findings) -> None:
    """Check every rule of roles except the way there and the wishes."""
    items = book.settled("role")
    _place_and_time(book, items, findings)
    _person(book, items, findings)
    _hours(book, items, findings)
    _number(book, items, findings)
    _chains(book, items, findings)
    _holders(book, items, findings)


def role_held(book: Book, items: Items) -> Array:
    """Mask (periods, items) of the periods in which each role is held.

    They are its own periods in the stay, or all of its own for a whole season and a role held from elsewhere.
    """
    own = book.own_periods("role")[:, items.target]
    throughout = book.instance.roles["whole_season"][items.target] | from_elsewhere(book, items)
    return np.asarray(np.where(throughout, own, own & book.stays.held[:, items.stay]))


def from_elsewhere(book: Book, items: Items) -> Array:
    """Mask of the roles that need nobody near: remote ones, and where rules allow those in the home region."""
    remote = book.instance.roles["remote_share"][items.target] >= 100
    if not book.instance.rules.limits.roles_at_home:
        return np.asarray(remote)
    return np.asarray(remote | (book.target_region("role")[items.target] == book.home[items.household]))


def _place_and_time(book: Book, items: Items, findings: Findings) -> None:
    """Check `role_region` and `role_period`."""
    ids = book.item_ids("role", items)
    away = book.target_region("role")[items.target] != book.house_region[book.stays.house[items.stay]]
    elsewhere = from_elsewhere(book, items)
    findings.add("role_region", away & ~elsewhere, *ids)
    roles, runs = book.instance.roles, book.own_periods("role")[:, items.target]
    there = (runs & book.stays.held[:, items.stay]).sum(axis=0)
    share = np.where(roles["whole_season"], 100 - roles["remote_share"], 0)[items.target]
    wrong = (there < 1) | (100 * there < share * runs.sum(axis=0))
    findings.add("role_period", wrong & ~elsewhere, *ids)


def _person(book: Book, items: Items, findings: Findings) -> None:
    """Check `skill` and `age`."""
    ids, roles, persons = book.item_ids("role", items), book.instance.roles, book.instance.persons
    skills = ListColumn.from_lists([(skill,) if skill else () for skill in roles["skill"].tolist()])
    findings.add("skill", lacks(skills, items.target, persons.lists("skills"), items.person), *ids)
    age = persons["age"][items.person]
    low, high = roles["min_age"][items.target], roles["max_age"][items.target]
    findings.add("age", age < low, *ids, value=age, limit=low)
    findings.add("age", age > high, *ids, value=age, limit=high)


def _hours(book: Book, items: Items, findings: Findings) -> None:
    """Check `hours`: in every period the hours of all roles of a person."""
    persons = book.instance.persons
    hours, held = book.instance.roles["hours_per_period"][items.target], role_held(book, items)
    offered = persons["hours_per_period"]
    owners = book.instance.households["household_id"][book.household_of_person]
    for period, name in enumerate(book.calendar.ids.tolist()):
        spent = total(hours[held[period]], items.person[held[period]], len(persons))
        findings.add("hours", spent > offered, owners, persons["person_id"], name, value=spent, limit=offered)


def _number(book: Book, items: Items, findings: Findings) -> None:
    """Check `roles_per_person`."""
    persons, most = book.instance.persons, book.instance.rules.limits.roles_per_person
    count = np.bincount(items.person, minlength=len(persons))
    owners = book.instance.households["household_id"][book.household_of_person]
    findings.add("roles_per_person", count > most, owners, persons["person_id"], value=count, limit=most)


def _chains(book: Book, items: Items, findings: Findings) -> None:
    """Check `chain`: roles of a person with `multiwork` leave no period of the stay without one."""
    persons, held = book.instance.persons, role_held(book, items)
    rows = np.flatnonzero(persons["multiwork"][items.person])
    stay = np.full(len(persons), NO_ROW, dtype=np.int64)
    stay[items.person[rows]] = items.stay[rows]
    bare = np.zeros(len(persons), dtype=np.int64)
    for period in range(len(book.calendar)):
        busy = np.bincount(items.person[rows][held[period, rows]], minlength=len(persons)) > 0
        there = np.append(book.stays.held[period], False)[stay]
        bare += there & ~busy
    owners = book.instance.households["household_id"][book.household_of_person]
    findings.add("chain", (stay >= 0) & (bare > 0), owners, persons["person_id"], value=bare, limit=0)


def _holders(book: Book, items: Items, findings: Findings) -> None:
    """Check `role_max` and `role_min` in every period."""
    roles = book.instance.roles
    count = holders(book)
    least, offered = roles["min_holders"], holders_offered(book)
    for period, name in enumerate(book.calendar.ids.tolist()):
        now, most = count[period], offered[period]
        findings.add("role_max", now > most, roles["role_id"], name, value=now, limit=most)
        findings.add("role_min", (now > 0) & (now < least), roles["role_id"], name, value=now, limit=least)


def holders_offered(book: Book) -> Array:
    """Return the most holders of each role in each period, shape (periods, roles)."""
    return np.asarray(book.instance.roles["max_holders"][None, :] + book.works.added("role"))


def holders(book: Book) -> Array:
    """Return the number of holders of each role in each period, shape (periods, roles)."""
    items = book.settled("role")
    held = role_held(book, items)
    size = len(book.instance.roles)
    counts = [np.bincount(items.target[now], minlength=size) for now in held]
    return np.array(counts, dtype=np.int64).reshape(len(book.calendar), size)
