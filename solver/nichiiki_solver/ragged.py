"""Ragged arrays: rows of different length as flat values and offsets (CSR), joined without Python loops."""

from __future__ import annotations

from itertools import count, pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]
Sparse = Any
"""A sparse matrix of scipy, of whole numbers."""


def offsets_of(counts: Array) -> Ints:
    """Return the offsets of rows with the given counts: 0, c0, c0 + c1 and so on."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def group(keys: Array, size: int) -> tuple[Ints, Ints]:
    """Group indices by key.

    Parameters
    ----------
    keys
        Key of each index, integers in 0 … size - 1.
    size
        Number of keys.

    Returns
    -------
    order, offsets
        ``order[offsets[k]:offsets[k + 1]]`` are the indices with key k, ascending.
    """
    return np.argsort(keys, kind="stable"), offsets_of(np.bincount(keys, minlength=size))


def expand(starts: Array, counts: Array) -> tuple[Ints, Ints]:
    """Expand each row i to the positions starts[i], …, starts[i] + counts[i] - 1.

    Returns
    -------
    owner, position
        The row and the position of each entry, rows in order.
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    first = offsets_of(counts)[:-1]
    return owner, np.arange(len(owner)) - np.repeat(first, counts) + np.repeat(starts, counts)


def expand_rows(offsets: Array, rows: Array) -> tuple[Ints, Ints]:
    """Expand some rows of a ragged array; costs what these rows hold, whatever the size of the array.

    Returns
    -------
    owner, position
        Number in `rows` and position of each entry, rows in order.
    """
    starts = offsets[rows]
    return expand(starts, offsets[rows + 1] - starts)


def join(left: Array, right: Array, size: int) -> tuple[Ints, Ints]:
    """Pair every left index with every right index of the same key.

    Parameters
    ----------
    left, right
        Keys, integers in 0 … size - 1.

    Returns
    -------
    i, j
        Pairs in order of i, then j.
    """
    order, offsets = group(right, size)
    i, position = expand(offsets[left], (offsets[left + 1] - offsets[left]))
    return i, order[position]


Table = TypeVar("Table")


def joined(kind: type[Table], parts: list[Table]) -> Table:
    """Put tables of columns (dataclasses of arrays) one below the other."""
    names = kind.__dataclass_fields__  # type: ignore[attr-defined]  # a dataclass
    return kind(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def cut(owner: Array, counts: Array, most: int) -> list[slice]:
    """Cut rows between owners into blocks whose counts add up to not much more than `most`.

    Parameters
    ----------
    owner
        Of each row, ascending; the rows of an owner stay together.
    counts
        What each row counts.
    """
    first = np.flatnonzero(first_of_group(owner)) if len(owner) else np.zeros(1, dtype=np.int64)
    begins = first[first_of_group(offsets_of(counts)[first] // most)]
    return [slice(*pair) for pair in pairwise([*begins.tolist(), len(owner)])]


def segment_max(values: Array, offsets: Array, empty: int) -> Ints:
    """Return the maximum of each row; `empty` for rows without entries."""
    return _reduce(np.maximum, values, offsets, empty)


def segment_sum(values: Array, offsets: Array) -> Ints:
    """Return the sum of each row."""
    total = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=total[1:])
    return np.asarray(total[offsets[1:]] - total[offsets[:-1]])


def ones_of(offsets: Array, columns: Array, width: int) -> Sparse:
    """Return the ragged array as a sparse matrix: how often each row names each column."""
    return csr_array(
        (np.ones(len(columns), dtype=np.int64), columns, offsets), shape=(len(offsets) - 1, width)
    )


def _reduce(ufunc: np.ufunc, values: Array, offsets: Array, empty: int) -> Ints:
    result = np.full(len(offsets) - 1, empty, dtype=np.int64)
    filled = np.flatnonzero(offsets[1:] > offsets[:-1])
    if len(filled):
        result[filled] = ufunc.reduceat(values, offsets[:-1][filled])
    return result


def first_of_group(sorted_keys: Array) -> Bools:
    """Mask of the entries that begin a group in a sorted array (or matrix of rows)."""
    first = np.ones(len(sorted_keys), dtype=bool)
    if len(sorted_keys) > 1:
        changed = sorted_keys[1:] != sorted_keys[:-1]
        first[1:] = changed if changed.ndim == 1 else changed.any(axis=1)
    return first


def any_column(matrix: Bools) -> Bools:
    """Mask of the rows of a matrix in which anything is true."""
    return np.asarray(matrix.any(axis=1), dtype=bool)


def meet(left: Bools, right: Bools, i: Array, j: Array) -> Bools:
    """Say of pairs of a row of one matrix and a row of another whether both are true in some column; in words of bits."""
    found = np.zeros(len(i), dtype=bool)
    for low in range(0, left.shape[1], 62):
        bit = np.int64(1) << np.arange(min(62, left.shape[1] - low), dtype=np.int64)
        words = (left[:, low : low + 62] @ bit), (right[:, low : low + 62] @ bit)
        found |= (words[0][i] & words[1][j]) != 0
    return found


def best_of_each(values: Array, owner: Array, least: Array, most: int) -> Ints:
    """Return, ascending, the indices worth more than their owner's entry of `least`, the best `most` of each owner."""
    rows = np.flatnonzero(values > least[owner])
    order = rows[np.lexsort((-values[rows], owner[rows]))]
    first = np.flatnonzero(first_of_group(owner[order]))
    place = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order))))
    return np.sort(order[place < most])


def unique_rows(*columns: Array) -> tuple[list[Ints], Ints]:
    """Number the distinct tuples of several integer columns.

    Returns
    -------
    distinct, inverse
        The distinct tuples as columns, in ascending order, and the number of each row's tuple.
    """
    flat = [np.asarray(column, dtype=np.int64) for column in columns]
    keys = _packed(flat)
    if keys is None:
        order = np.lexsort(flat[::-1])
        first = first_of_group(np.stack(flat, axis=1)[order])
    else:
        order = np.argsort(keys, kind="stable")
        first = first_of_group(keys[order])
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.cumsum(first) - 1
    kept = order[first]
    return [column[kept] for column in flat], inverse


def _packed(columns: list[Ints]) -> Ints | None:
    """One number a row that compares as the row does; None where the ranges of the columns do not fit into one."""
    keys, size = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns if len(keys) else ():
        low, high = int(column.min()), int(column.max())
        size *= high - low + 1
        if size >= 1 << 62:
            return None
        keys = keys * (high - low + 1) + (column - low)
    return keys


def unique_ragged(offsets: Array, *columns: Array) -> tuple[Ints, Ints]:
    """Number the distinct rows of a ragged array whose entries are tuples of several integer columns.

    Rows are told apart by a hash of 64 bits, and every row is then compared with the one it is said to be equal to; should
    two hashes ever agree where the rows do not, other ones are tried. So the answer is exact.

    Parameters
    ----------
    offsets
        Rows (CSR).
    columns
        Columns of the entries.

    Returns
    -------
    first, number
        The first row of each distinct one, and the number of each row's distinct one.
    """
    size = np.diff(offsets)
    owner, place = expand(np.zeros(len(size), dtype=np.int64), size)
    flat = [np.asarray(column, dtype=np.int64) for column in columns]
    for salt in count():
        keyed = mixed(place, salt)
        for column in flat:
            keyed = mixed(column, keyed)
        keys = segment_sum(keyed, offsets) + mixed(size, salt)
        _, first, number = np.unique(keys, return_index=True, return_inverse=True)
        like = first[number]
        if (size == size[like]).all():
            position = offsets[like][owner] + place
            if all((column == column[position]).all() for column in flat):
                break
    return first, number.astype(np.int64)


def mixed(values: Ints, salt: Ints | int) -> Ints:
    """Values and salts as numbers that look random, all 64 bits in use (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        z = values.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + (
            np.uint64(salt) if isinstance(salt, int) else salt.view(np.uint64)
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (z ^ (z >> np.uint64(31))).view(np.int64)
