"""Standings: who was offered, has accepted, has declined, and waits as which (補欠順位)."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np

from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.rules import Condition
from nichiiki_solver.verify.arrays import find, repeats
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings
from nichiiki_solver.verify.points import ADULT_AGE, holds, total_points

AFTER_ALL = int(np.iinfo(np.int64).max)


def check_standings(book: Book, findings: Findings) -> None:
    """Check the standings of an allocation that has any: one for each household, true, numbered in order."""
    table = book.allocation.standings
    if len(table) == 0:
        return
    ids = book.instance.households["household_id"]
    row = find(book.instance.households, table["household_id"])
    findings.add("unknown_id", row < 0, table["household_id"])
    findings.add("duplicate", repeats(table["household_id"]), table["household_id"])
    known = row >= 0
    missing = np.ones(len(ids), dtype=bool)
    missing[row[known]] = False
    findings.add("claim_standing", missing, ids)
    placed = known & np.append(book.is_placed, False)[row]
    has_place = np.isin(table["state"], ("offered", "accepted"))
    findings.add("claim_standing", known & (placed != has_place), table["household_id"], table["state"])
    _numbers(book, row, findings)


def _numbers(book: Book, row: Array, findings: Findings) -> None:
    """Check that those who wait, and no others, have the numbers 1, 2, … in the order of section 7."""
    table = book.allocation.standings
    waiting = (table["state"] == "waiting") & (row >= 0)
    expected = np.full(len(table), NULL_INT, dtype=np.int64)
    place = np.empty(len(book.instance.households), dtype=np.int64)
    place[order(book, book.allocation.seed)] = np.arange(len(place))
    rows = np.flatnonzero(waiting)
    expected[rows[np.argsort(place[row[rows]], kind="stable")]] = np.arange(1, len(rows) + 1)
    wrong = (table["number"] != expected) & (row >= 0)
    findings.add(
        "claim_standing", wrong, table["household_id"], table["state"], value=table["number"], limit=expected
    )


def order(book: Book, seed: int) -> Array:
    """Return the households in the order of section 7 of the rules, first served first."""
    draw = lottery_numbers(book, seed)
    columns: list[list[int]] = [(-total_points(book)).tolist()]
    columns += [_column(book, key, draw) for key in book.instance.rules.procedure.tie_order]
    keys = list(zip(*columns, draw, strict=True))
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _column(book: Book, key: str, draw: list[int]) -> list[int]:
    """Sort key of one entry of the tie order: smaller goes first."""
    households = book.instance.households
    match key:
        case "lottery":
            return draw
        case "income_class":
            return [AFTER_ALL if v == NULL_INT else v for v in households["income_class"].tolist()]
        case "applied_at":
            at = households["applied_at"]
            return np.where(np.isnat(at), AFTER_ALL, at.astype(np.int64)).tolist()  # type: ignore[no-any-return]
        case "children":
            return (-book.count_persons(book.instance.persons["age"] < ADULT_AGE)).tolist()  # type: ignore[no-any-return]
        case "persons":
            return (-book.household_size).tolist()  # type: ignore[no-any-return]
        case _:
            return (-households["past_losses"]).tolist()  # type: ignore[no-any-return]


def lottery_numbers(book: Book, seed: int) -> list[int]:
    """Return the smallest HMAC-SHA256 over the tickets of each household, read as a whole number."""
    key = str(seed).encode("utf-8")
    found = []
    for name, count in zip(
        book.instance.households["household_id"].tolist(), _tickets(book).tolist(), strict=True
    ):
        texts = (f"{name}#{ticket}".encode() for ticket in range(1, count + 1))
        found.append(min(int.from_bytes(hmac.new(key, t, hashlib.sha256).digest(), "big") for t in texts))
    return found


def _tickets(book: Book) -> Array:
    rule = book.instance.rules.lottery
    count = rule.base_tickets + rule.per_past_loss * book.instance.households["past_losses"]
    for weight in rule.weights:
        count = count + weight.tickets * _all_hold(book, weight.when)
    return np.asarray(np.minimum(count, rule.max_tickets))


def _all_hold(book: Book, conditions: tuple[Condition, ...]) -> Array:
    held = np.ones(len(book.instance.households), dtype=bool)
    for condition in conditions:
        held &= holds(book, condition)
    return held
