"""Points, order of households and lottery numbers: section 7 of the rules."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from nichiiki_models.rules import Condition, TieKey
from nichiiki_models.tables import SCHOOL_GRADES, Household
from nichiiki_oracle.market import Market

ONLY_EQUALITY = ("group", "registration", "home_region", "car")


def children(market: Market, household: Household) -> int:
    """Count the persons under 18."""
    return sum(1 for person in market.members(household) if person.age < 18)


def _measured(market: Market, household: Household, field: str) -> Any:
    members = market.members(household)
    counts = {
        "children": children(market, household),
        "preschool": sum(1 for person in members if person.age < 6),
        "pupils": sum(1 for person in members if person.grade in SCHOOL_GRADES),
        "persons": len(members),
    }
    return counts[field] if field in counts else getattr(household, field)


def holds(market: Market, household: Household, condition: Condition) -> bool:
    """Say whether a condition holds for a household."""
    if condition.field in ONLY_EQUALITY and condition.op not in ("==", "!="):
        return False
    if condition.field == "group":
        return (condition.value in household.groups) == (condition.op == "==")
    value = _measured(market, household, condition.field)
    if value is None or condition.op == "!=":
        return bool(condition.op == "!=" and value != condition.value)
    if condition.op == "==":
        return bool(value == condition.value)
    if isinstance(condition.value, str):
        return False
    return bool(value <= condition.value if condition.op == "<=" else value >= condition.value)


def total_points(market: Market, household: Household) -> int:
    """Return the points of a household with those of the points table."""
    rows = [row for row in market.rules.points if all(holds(market, household, when) for when in row.when)]
    return household.points + sum(row.points for row in rows)


def tickets(market: Market, household: Household) -> int:
    """Return the number of lottery tickets of a household."""
    lottery = market.rules.lottery
    added = [
        row.tickets for row in lottery.weights if all(holds(market, household, when) for when in row.when)
    ]
    count = lottery.base_tickets + lottery.per_past_loss * household.past_losses + sum(added)
    return min(count, lottery.max_tickets)


def lottery_number(market: Market, household: Household, seed: int) -> int:
    """Return the smallest of the numbers on the tickets of a household."""
    key = str(seed).encode()
    names = [f"{household.household_id}#{k}" for k in range(1, tickets(market, household) + 1)]
    digests = [hmac.new(key, name.encode(), hashlib.sha256).digest() for name in names]
    return min(int.from_bytes(digest, "big") for digest in digests)


def _tie_value(market: Market, household: Household, key: TieKey, seed: int) -> Any:
    """Return what a tie key compares: smaller comes first, empty last."""
    if key in ("income_class", "applied_at"):
        value = getattr(household, key)
        return (value is None, 0 if value is None else value)
    if key == "lottery":
        return lottery_number(market, household, seed)
    more_first = {
        "past_losses": household.past_losses,
        "children": children(market, household),
        "persons": len(market.members(household)),
    }
    return -more_first[key]


def ordered_households(market: Market, seed: int) -> list[Household]:
    """Return the households in the order in which the clerk takes them."""
    keys: tuple[TieKey, ...] = (*market.rules.procedure.tie_order, "lottery")

    def sort_key(household: Household) -> tuple[Any, ...]:
        ties = [_tie_value(market, household, key, seed) for key in keys]
        return (-total_points(market, household), *ties)

    return sorted(market.households.values(), key=sort_key)
