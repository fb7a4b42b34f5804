"""Roles: region, periods, skill, age, hours, number, and how many hold one."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array, ListColumn
from nichiiki_solver.verify.arrays import lacks, total
from nichiiki_solver.verify.book import Book, Items
from nichiiki_solver.verify.findings import Findings


def check_roles(book: Book, findings: Findings) -> None:
    """Check every rule of roles except the way there and the wishes."""
    items = book.settled("role")
    _place_and_time(book, items, findings)
    _person(book, items, findings)
    _hours(book, items, findings)
    _number(book, items, findings)
    _holders(book, items, findings)


def role_held(book: Book, items: Items) -> Array:
    """Mask (periods, items) of the periods in which each role is held: those of the stay that it has."""
    return book.own_periods("role")[:, items.target] & book.stays.held[:, items.stay]


def _place_and_time(book: Book, items: Items, findings: Findings) -> None:
    """Check `role_region` and `role_period`."""
    ids = book.item_ids("role", items)
    away = book.target_region("role")[items.target] != book.house_region[book.stays.house[items.stay]]
    findings.add("role_region", away, *ids)
    runs, held = book.own_periods("role")[:, items.target], role_held(book, items)
    whole = book.instance.roles["whole_season"][items.target]
    wrong = ~held.any(axis=0) | (whole & (runs & ~held).any(axis=0))
    findings.add("role_period", wrong, *ids)


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
