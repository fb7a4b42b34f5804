"""What a report may say to whom: everything to staff, pseudonyms to the council, no small numbers to the public."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b32encode
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Generic, Literal, TypeVar

import numpy as np

from nichiiki.report.facts import Facts
from nichiiki_models.columns import Array, ListColumn
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Lock

Level = Literal["staff", "council", "public"]
LEVELS: tuple[Level, ...] = ("staff", "council", "public")
LEAST = 5
"""Smallest number of households that the public report shows."""
SHORTEST = 6
PRIVATE = ("household_id", "person_id")
"""Columns whose ids stand for people."""
ANSWERS = ("placements", "stays", "items", "unplaced")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Hidden(Generic[K]):
    """Counts of which the small ones are hidden.

    Attributes
    ----------
    shown
        The counts that may be seen; every other cell, empty or not, looks alike.
    rest
        Sum of all cells that are not shown; None if it is itself too small to be told.
    """

    shown: Mapping[K, int]
    rest: int | None


def hide_small(counts: Mapping[K, int], cells: int, *, least: int = LEAST) -> Hidden[K]:
    """Hide the small cells of a table so that none of them can be worked out from the others.

    Published are the large cells and the sum of all others, no other totals; a cell that is zero looks like a hidden
    one. Where that sum would still give away what the hidden cells hold, the smallest shown cells are hidden too.

    Parameters
    ----------
    counts
        Cells that are not zero.
    cells
        Number of all cells, those that are zero included.
    least
        Smallest number that may be shown.
    """
    order = sorted((key for key, count in counts.items() if count), key=lambda key: (-counts[key], str(key)))
    shown = [key for key in order if counts[key] >= least]
    total, large = sum(counts.values()), len(shown)
    rest = total - sum(counts[key] for key in shown)
    while shown and not is_safe(rest, cells - len(shown), least, _most(counts, shown, large, least)):
        rest += counts[shown.pop()]
    held = set(shown)
    return Hidden(
        {key: count for key, count in counts.items() if key in held}, None if 0 < rest < least else rest
    )


def _most(counts: Mapping[K, int], shown: list[K], large: int, least: int) -> float:
    """Return the most that a cell can hold that is not shown, for all that a reader knows."""
    if len(shown) == large:
        return least - 1
    return counts[shown[-1]] if shown else inf


def is_safe(rest: int, unshown: int, least: int, most: float) -> bool:
    """Say whether the sum of the cells that are not shown leaves each of them open.

    A reader knows that all but one of them are below `least`, and that one is at most `most`. The sum must be no
    small number itself, and so far from the most it can be that no cell follows from it.
    """
    if rest == 0:
        return True
    return rest >= least and unshown >= 2 and rest < most + (least - 1) * (unshown - 2)


class Pseudonyms:
    """Names of one run for ids of people: the same id has the same name, and nobody can go back without the key.

    Parameters
    ----------
    key
        Secret of the run; random and forgotten if None.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def of(self, ids: Array, mark: str) -> dict[str, str]:
        """Return a name for each id: the mark and the fewest letters (six or more) that tell them apart."""
        digests = {each: self._digest(each, mark) for each in sorted(set(ids.tolist()))}
        length = SHORTEST
        while len({digest[:length] for digest in digests.values()}) < len(digests):
            length += 1
        return {each: f"{mark}{digest[:length]}" for each, digest in digests.items()}

    def _digest(self, each: str, mark: str) -> str:
        return b32encode(hmac.digest(self._key, f"{mark}|{each}".encode(), hashlib.sha256)).decode("ascii")


def pseudonymous(facts: Facts, key: bytes | None = None) -> Facts:
    """Return an allocation and its instance with a pseudonym for every household and person, in their order.

    Overrides are left out: their reasons are free text.

    Parameters
    ----------
    facts
        The allocation beside its instance.
    key
        Secret of the run; random and forgotten if None.
    """
    names, given = Pseudonyms(key), facts.instance
    maps = {
        "household_id": names.of(_ids(facts, "household_id"), "H"),
        "person_id": names.of(_ids(facts, "person_id"), "P"),
    }
    tables = {name: _renamed(table, maps) for name, table in given.tables.items()}
    tables["locks"] = Table.empty(Lock)
    tables = {name: table.sorted() for name, table in tables.items()}
    instance = Instance.from_tables(tables, given.rules, name=given.name, note=given.note, checked=True)
    answer = facts.allocation
    own = {name: _renamed(getattr(answer, name), maps).sorted() for name in ANSWERS}
    return Facts(instance, answer.model_copy(update=own))


def _ids(facts: Facts, column: str) -> Array:
    allocation = facts.allocation
    tables = [*facts.instance.tables.values(), allocation.placements, allocation.items, allocation.unplaced]
    found = [table[column] for table in tables if column in table.specs]
    return np.unique(np.concatenate(found))


def _renamed(table: Table[Any], maps: Mapping[str, Mapping[str, str]]) -> Table[Any]:
    changed = {
        name: _mapped(table[name], maps[name])
        for name in PRIVATE
        if name in table.specs and not isinstance(table.columns[name], ListColumn)
    }
    return table.with_columns(**changed) if changed and len(table) else table


def _mapped(values: Array, names: Mapping[str, str]) -> Array:
    return np.array([names.get(value, "") if value else "" for value in values.tolist()], dtype=np.str_)
