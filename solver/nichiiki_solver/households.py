"""Facts of households that many rules share: size, total points, order, lottery numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Condition
from nichiiki_models.tables import SCHOOL_GRADES
from nichiiki_solver.market import Order, lottery_number
from nichiiki_solver.ragged import Array, Bools, Ints

LAST = np.int64(1) << 62
"""Sort key of an empty cell: after every value."""


def persons_of(instance: Instance) -> Ints:
    """Number of persons of each household (as listed; may be 0)."""
    return _count(instance, np.ones(len(instance.persons), dtype=bool))


def _count(instance: Instance, who: Bools) -> Ints:
    household = instance.households.find(instance.persons["household_id"][who])
    return np.bincount(household, minlength=len(instance.households)).astype(np.int64)


def _field(instance: Instance, field: str) -> Array:
    """The value of a condition's field for each household."""
    age, grade = instance.persons["age"], instance.persons["grade"]
    match field:
        case "children":
            return _count(instance, age < 18)
        case "preschool":
            return _count(instance, age < 6)
        case "pupils":
            return _count(instance, np.isin(grade, SCHOOL_GRADES))
        case "persons":
            return persons_of(instance)
        case _:
            return instance.households[field]


_COMPARE: dict[str, Callable[[Array, object], Array]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def holds(instance: Instance, condition: Condition) -> Bools:
    """Mask of the households for which a condition holds; an empty income class fulfils only ``!=``."""
    if condition.field == "group":
        member = instance.households.lists("groups").holds(str(condition.value))
        return ~member if condition.op == "!=" else member
    values = _field(instance, condition.field)
    mask = np.asarray(_COMPARE[condition.op](values, condition.value), dtype=bool)
    if values.dtype.kind == "i" and condition.op != "!=":
        mask = mask & (values != NULL_INT)
    return mask


def _all_hold(instance: Instance, conditions: tuple[Condition, ...]) -> Bools:
    mask = np.ones(len(instance.households), dtype=bool)
    for condition in conditions:
        mask &= holds(instance, condition)
    return mask


def total_points(instance: Instance) -> Ints:
    """Own points of each household plus those of the points table."""
    points = instance.households["points"].copy()
    for rule in instance.rules.points:
        points[_all_hold(instance, rule.when)] += rule.points
    return points


def tickets(instance: Instance) -> Ints:
    """Lottery tickets of each household."""
    rule = instance.rules.lottery
    count = rule.base_tickets + rule.per_past_loss * instance.households["past_losses"]
    for weight in rule.weights:
        count[_all_hold(instance, weight.when)] += weight.tickets
    return np.asarray(np.minimum(count, rule.max_tickets))


def lottery_numbers(instance: Instance, seed: int) -> list[int]:
    """Lottery number of each household: the smallest HMAC-SHA256 over its tickets, as an integer."""
    names = instance.households["household_id"].tolist()
    counts = tickets(instance).tolist()
    return [lottery_number(seed, name, count) for name, count in zip(names, counts, strict=True)]


def order_of_households(instance: Instance, seed: int, kind: Order = "procedure") -> Ints:
    """Return household indices in one of the orders of `Order`; what is equal is decided by the lottery number."""
    if kind == "random":
        names = instance.households["household_id"].tolist()
        return np.array(
            sorted(range(len(names)), key=lambda h: lottery_number(seed, names[h], 1)), dtype=np.int64
        )
    draw = _draw(instance, seed)
    keys = [_tie_key(instance, "applied_at", draw)] if kind == "application" else []
    if kind == "procedure":
        keys = [-total_points(instance)]
        keys += [_tie_key(instance, key, draw) for key in instance.rules.procedure.tie_order]
    return np.asarray(np.lexsort([draw, *keys[::-1]]))


def _draw(instance: Instance, seed: int) -> Ints:
    """Place of each household in the lottery."""
    numbers = lottery_numbers(instance, seed)
    draw = np.empty(len(numbers), dtype=np.int64)
    draw[sorted(range(len(numbers)), key=numbers.__getitem__)] = np.arange(len(numbers))
    return draw


def _tie_key(instance: Instance, key: str, draw: Ints) -> Ints:
    """Ascending sort key of one entry of the tie order."""
    match key:
        case "lottery":
            return draw
        case "income_class":
            values = instance.households["income_class"]
            return np.where(values == NULL_INT, LAST, values)
        case "applied_at":
            values = instance.households["applied_at"]
            return np.where(np.isnat(values), LAST, values.astype(np.int64))
        case _:
            return -_field(instance, key)
