"""Mappings over column tables that make their values when they are asked for: of a million households no list is ever held."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Generic, TypeVar

import numpy as np

from nichiiki_models.columns import Array, runs
from nichiiki_models.table import BLOCK, Row, Table

R = TypeVar("R", bound=Row)
T = TypeVar("T")
AT_ONCE = 64
"""Ids whose rows are made at a time."""
KEPT = 8
"""How many such blocks are kept: those asked for last."""


class ById(Mapping[str, T]):
    """A value for each of some ids, which are in the order of their texts.

    Parameters
    ----------
    ids
        unicode array, ascending.
    """

    def __init__(self, ids: Array) -> None:
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self._ids), BLOCK):
            yield from self._ids[start : start + BLOCK].tolist()

    def __contains__(self, key: object) -> bool:
        return self._place(key) >= 0

    def _place(self, key: object) -> int:
        """Return the place of an id, or -1."""
        # the dtype of the ids: numpy would else widen all of them to compare one
        at = int(np.searchsorted(self._ids, np.array(key, dtype=self._ids.dtype)))
        return at if at < len(self._ids) and self._ids[at] == key else -1

    def _found(self, key: object) -> int:
        place = self._place(key)
        if place < 0:
            raise KeyError(key)
        return place


class Numbers(ById[int]):
    """A number for each of some ids.

    Parameters
    ----------
    ids, numbers
        unicode array, ascending; int64, one for each.
    """

    def __init__(self, ids: Array, numbers: Array) -> None:
        super().__init__(ids)
        self.numbers = numbers

    def __getitem__(self, key: str) -> int:
        return int(self.numbers[self._found(key)])


class Made(ById[T], Generic[R, T]):
    """The rows of a table by the first column of its key, made in blocks; the last ones asked for are kept.

    Parameters
    ----------
    table
        In canonical order.
    of_rows
        Turns the rows of one id into its value.
    """

    def __init__(self, table: Table[R], of_rows: Callable[[list[R]], T]) -> None:
        ids, lengths = runs(table[table.schema.key[0]])
        super().__init__(ids)
        self._table, self._of_rows, self._lengths = table, of_rows, lengths
        self._starts = np.concatenate(([0], np.cumsum(lengths)))
        self._block = lru_cache(maxsize=KEPT)(self._made)
        self._latest: dict[str, T] = {}

    def __getitem__(self, key: str) -> T:
        if key not in self._latest:
            self._latest = self._block(self._found(key) // AT_ONCE)
        return self._latest[key]

    def _made(self, number: int) -> dict[str, T]:
        part = slice(number * AT_ONCE, (number + 1) * AT_ONCE)
        first = self._starts[part.start]
        lengths = self._lengths[part].tolist()
        rows = self._table.part(first, first + sum(lengths)).rows()
        return {
            key: self._of_rows(list(islice(rows, length)))
            for key, length in zip(self._ids[part].tolist(), lengths, strict=True)
        }


def one_each(table: Table[R]) -> Made[R, R]:
    """Return the row of each id; of several the last."""
    return Made(table, lambda rows: rows[-1])


def all_of(table: Table[R]) -> Made[R, list[R]]:
    """Return the rows of each id."""
    return Made(table, lambda rows: rows)


class Lines(Generic[T]):
    """Rows that are made anew whenever they are read, and so never held.

    Parameters
    ----------
    make
        Makes them.
    count
        How many they are; None = they are counted when that is asked for.
    """

    def __init__(self, make: Callable[[], Iterable[T]], count: int | None = None) -> None:
        self._make, self._count = make, count

    def __iter__(self) -> Iterator[T]:
        return iter(self._make())

    def __len__(self) -> int:
        if self._count is None:
            self._count = sum(1 for _ in self)
        return self._count

    def __contains__(self, line: object) -> bool:
        return any(each == line for each in self)
