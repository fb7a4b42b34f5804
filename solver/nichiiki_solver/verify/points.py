"""Total points of households: their own and those of the points table."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.rules import Condition
from nichiiki_models.tables import SCHOOL_GRADES
from nichiiki_solver.verify.book import Book

ADULT_AGE, SCHOOL_AGE = 18, 6
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
}


def total_points(book: Book) -> Array:
    """Return the total points of every household."""
    points = book.instance.households["points"].copy()
    for rule in book.instance.rules.points:
        held = np.ones(len(points), dtype=bool)
        for condition in rule.when:
            held &= holds(book, condition)
        points += rule.points * held
    return np.asarray(points)


def holds(book: Book, condition: Condition) -> Array:
    """Mask of the households that fulfil a condition."""
    values, value = _values(book, condition), condition.value
    if isinstance(value, str) != (values.dtype.kind == "U"):
        return np.full(len(values), condition.op == "!=")
    if values.dtype.kind in "Ub":
        equal = values == (value if isinstance(value, str) else bool(value))
        return np.asarray({"==": equal, "!=": ~equal}.get(condition.op, np.zeros(len(values), dtype=bool)))
    met = COMPARE[condition.op](values, int(value))
    return np.where(values == NULL_INT, condition.op == "!=", met)


def _values(book: Book, condition: Condition) -> Array:
    households, persons = book.instance.households, book.instance.persons
    match condition.field:
        case "group":
            member = households.lists("groups").holds(str(condition.value))
            return np.where(member, str(condition.value), "")
        case "children":
            return book.count_persons(persons["age"] < ADULT_AGE)
        case "preschool":
            return book.count_persons(persons["age"] < SCHOOL_AGE)
        case "pupils":
            return book.count_persons(np.isin(persons["grade"], SCHOOL_GRADES))
        case "persons":
            return book.household_size
        case field:
            return households[field]
