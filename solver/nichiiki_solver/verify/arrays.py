"""Array tools of the check: joins, minima by owner, sets of ids held by rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from nichiiki_models.columns import Array, ListColumn
from nichiiki_models.table import Table

FAR = 1 << 60
"""No way, no limit: larger than any sum of minutes or yen, and safe to add to."""
NO_ROW = -1
"""Row of what is not there; whoever reads it asks whether it is below 0."""


def find(table: Table[Any], ids: Array) -> Array:
    """Return the row of each id, or -1; equal ids in a row are looked up once."""
    if len(ids) == 0:
        return np.zeros(0, dtype=np.int64)
    first = np.concatenate(([True], ids[1:] != ids[:-1]))
    return np.asarray(table.find(ids[first])[np.cumsum(first) - 1])


def expand(owners: Array, counts: Array, starts: Array) -> tuple[Array, Array]:
    """Join owners to their rows in a grouped table.

    Parameters
    ----------
    owners
        Group of each left row.
    counts, starts
        Number of rows and first row of each group.

    Returns
    -------
    left, right
        Every pair of a left row and a row of its group.
    """
    lengths = counts[owners]
    left = np.repeat(np.arange(len(owners)), lengths)
    offset = np.arange(len(left)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return left, starts[owners][left] + offset


def grouped(groups: Array, size: int) -> tuple[Array, Array, Array]:
    """Return the order that groups rows, and the count and start of each group."""
    counts = np.bincount(groups, minlength=size)
    return np.argsort(groups, kind="stable"), counts, np.cumsum(counts) - counts


def lowest(values: Array, owners: Array, size: int, default: int = FAR) -> Array:
    """Return the lowest value of each owner, or the default for one without a value."""
    result = np.full(size, default, dtype=np.int64)
    np.minimum.at(result, owners, values)
    return result


def highest(values: Array, owners: Array, size: int, default: int) -> Array:
    """Return the highest value of each owner, or the default for one without a value."""
    result = np.full(size, default, dtype=np.int64)
    np.maximum.at(result, owners, values)
    return result


def total(values: Array, owners: Array, size: int) -> Array:
    """Return the exact integer sum of the values of each owner."""
    result = np.zeros(size, dtype=np.int64)
    np.add.at(result, owners, values)
    return result


def lowest_in_order(keys: list[Array], owners: Array, size: int) -> list[Array]:
    """Return for each owner its lexicographically lowest row, key by key (`FAR` for one without rows)."""
    alive = np.ones(len(owners), dtype=bool)
    best = []
    for key in keys:
        least = lowest(key[alive], owners[alive], size)
        alive &= key == least[owners]
        best.append(least)
    return best


def lacks(asked: ListColumn, asking: Array, offered: ListColumn, offering: Array) -> Array:
    """Mask of the pairs in which something asked for is not offered.

    Parameters
    ----------
    asked, asking
        What rows ask for, and the asking row of each pair.
    offered, offering
        What rows offer, and the offering row of each pair.
    """
    missing = np.zeros(len(asking), dtype=bool)
    for entry in np.unique(asked.values).tolist():
        missing |= asked.holds(entry)[asking] & ~offered.holds(entry)[offering]
    return missing


def shares(left: ListColumn, lefts: Array, right: ListColumn, rights: Array) -> Array:
    """Mask of the pairs of rows that have an entry in common."""
    common = np.zeros(len(lefts), dtype=bool)
    for entry in np.unique(left.values).tolist():
        common |= left.holds(entry)[lefts] & right.holds(entry)[rights]
    return common


def is_listed(
    lists: ListColumn, rows: Array, table: Table[Any], ids: Array, wildcard: str | None = None
) -> Array:
    """Mask of the pairs (row, id): the row's list holds the id (a row of `table`), or the wildcard."""
    known = find(table, lists.values)
    size = len(table)
    keys = lists.owners * size + known
    held = np.isin(rows * size + ids, keys[known >= 0])
    return held if wildcard is None else held | lists.holds(wildcard)[rows]


def repeats(*columns: Array) -> Array:
    """Mask of the rows that repeat an earlier one."""
    mask = np.zeros(len(columns[0]), dtype=bool)
    if len(mask) > 1:
        order = np.lexsort(columns[::-1])
        same = np.ones(len(order) - 1, dtype=bool)
        for column in columns:
            same &= column[order][1:] == column[order][:-1]
        mask[order[1:][same]] = True
    return mask
