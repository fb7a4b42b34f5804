"""Preference lists of one side: nested lists or flat arrays in, one CSR form with tie ranks out."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from nichiiki_models.errors import MarketError
from nichiiki_solver.ragged import Ints, first_of_group, offsets_of

IdList = Sequence[int | Sequence[int]]
Lists = Sequence[IdList]


@dataclass(frozen=True)
class Preferences:
    """Ranked lists as flat arrays.

    Attributes
    ----------
    offsets
        ``ids[offsets[i]:offsets[i + 1]]`` is the list of row i, best first.
    ids
        Who is ranked: 0-based ids of the other side.
    ranks
        0 = best, one higher for each following tie group; None if nobody is tied.
    """

    offsets: Ints
    ids: Ints
    ranks: Ints | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.offsets) - 1

    def tie_ranks(self) -> Ints:
        """Rank of each entry, also where nobody is tied."""
        if self.ranks is not None:
            return self.ranks
        return np.arange(len(self.ids)) - np.repeat(self.offsets[:-1], np.diff(self.offsets))

    def rows(self) -> Ints:
        """Row of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))


def read_preferences(given: Lists | Preferences | tuple[npt.ArrayLike, ...], *, side: str) -> Preferences:
    """Bring the preferences of one side into the flat form.

    Parameters
    ----------
    given
        One list of 0-based ids per row, best first, a tie as a nested list; or `Preferences`; or a tuple
        (offsets, ids) or (offsets, ids, ranks) of flat arrays.
    side
        Name of the side, for messages.

    Returns
    -------
    Preferences
        Not yet compared with the other side; see `nichiiki_solver.matching.market.two_sided`.

    Raises
    ------
    MarketError
        If an id is no integer, or the flat arrays do not fit together.
    """
    if isinstance(given, Preferences):
        return _checked(given, side)
    if isinstance(given, tuple) and any(isinstance(part, np.ndarray) for part in given):
        return _checked(Preferences(*(_ints(part, side) for part in given)), side)
    return _from_lists(cast("Lists", given), side)


def _from_lists(rows: Lists, side: str) -> Preferences:
    counts = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    try:
        flat = array("q", cast("Iterable[int]", chain.from_iterable(rows)))
    except (TypeError, OverflowError):
        return _from_ties(rows, side)
    return Preferences(offsets_of(counts), np.frombuffer(flat, dtype=np.int64) if flat else _EMPTY)


_EMPTY = np.zeros(0, dtype=np.int64)


def _from_ties(rows: Lists, side: str) -> Preferences:
    ids, ranks, counts = array("q"), array("q"), array("q")
    for row, entries in enumerate(rows):
        before = len(ids)
        for rank, entry in enumerate(entries):
            tied = [_id(value, side, row) for value in _members(entry)]
            ids.extend(tied)
            ranks.extend([rank] * len(tied))
        counts.append(len(ids) - before)
    return Preferences(
        offsets_of(np.array(counts, dtype=np.int64)), *(np.array(a, np.int64) for a in (ids, ranks))
    )


def _members(entry: Any) -> Iterable[Any]:
    return entry if isinstance(entry, Iterable) and not isinstance(entry, str | bytes) else (entry,)


def _id(value: Any, side: str, row: int) -> int:
    if isinstance(value, int | np.integer) and abs(int(value)) < 1 << 62:
        return int(value)
    raise MarketError(f"{side}, row {row}: {value!r} is no id; allowed are 0-based whole numbers")


def _ints(part: npt.ArrayLike, side: str) -> Ints:
    values = np.asarray(part)
    if values.ndim != 1 or (values.size and values.dtype.kind not in "iu"):
        raise MarketError(
            f"{side}: flat arrays must hold whole numbers in one dimension, got {values.dtype} in {values.ndim}"
        )
    return values.astype(np.int64, copy=False)


def _checked(given: Preferences, side: str) -> Preferences:
    """Refuse offsets and ranks that cannot be read."""
    steps = np.diff(given.offsets)
    if len(given.offsets) == 0 or given.offsets[0] != 0 or given.offsets[-1] != len(given.ids):
        raise MarketError(
            f"{side}: offsets must begin with 0 and end with the number of ids, {len(given.ids)}"
        )
    if (steps < 0).any():
        row = int(np.argmax(steps < 0))
        raise MarketError(
            f"{side}, row {row}: offsets fall from {given.offsets[row]} to {given.offsets[row + 1]}"
        )
    if given.ranks is None:
        return given
    return _checked_ranks(given, given.ranks, side)


def _checked_ranks(given: Preferences, ranks: Ints, side: str) -> Preferences:
    """Ranks must not fall along a row; they are renumbered 0, 1, 2 … there."""
    if len(ranks) != len(given.ids):
        raise MarketError(f"{side}: {len(ranks)} ranks for {len(given.ids)} ids; give one per id")
    rows = given.rows()
    falls = (ranks[1:] < ranks[:-1]) & (rows[1:] == rows[:-1])
    if falls.any():
        at = int(np.argmax(falls)) + 1
        raise MarketError(
            f"{side}, row {rows[at]}: rank {ranks[at]} after {ranks[at - 1]}; list the best first"
        )
    begins = first_of_group(np.stack([rows, ranks], axis=1))
    number = np.cumsum(begins) - 1
    filled = np.minimum(given.offsets[:-1], max(len(ranks) - 1, 0))
    first = number[filled] if len(ranks) else np.zeros(len(given), dtype=np.int64)
    return Preferences(given.offsets, given.ids, number - first[rows])
