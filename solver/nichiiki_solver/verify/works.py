"""Measures taken: what they add, and in which periods."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_models.tables import Measure
from nichiiki_solver.verify.arrays import find, repeats

if TYPE_CHECKING:
    from nichiiki_solver.verify.book import Book

TABLES = {"house": "houses", "facility": "facilities", "role": "roles", "supporter": "supporters"}


class Works:
    """The measures that an allocation takes, and what they add in each period.

    Parameters
    ----------
    book
        Instance and allocation.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        taken = book.allocation.measures["measure_id"]
        rows = find(book.instance.measures, taken)
        self.rows = np.unique(rows[(rows >= 0) & ~repeats(taken)])

    @cached_property
    def measures(self) -> list[Measure]:
        """The measures taken."""
        return [self.book.instance.measures.row(int(row)) for row in self.rows]

    def counts(self, measure: Measure) -> Array:
        """Mask of the periods in which a measure counts."""
        named = np.array([measure.from_period or ""])
        return np.arange(len(self.book.calendar)) >= self.book.calendar.positions(named)

    def added(self, kind: str) -> Array:
        """Return what the measures taken add to each target of a kind, shape (periods, targets)."""
        target, adds, counts = self._on(kind)
        found = np.zeros(
            (len(self.book.calendar), len(self.book.instance.tables[TABLES[kind]])), dtype=np.int64
        )
        np.add.at(found.T, target, (adds * counts).T)
        return found

    def opened(self) -> Array:
        """Mask of the periods and houses in which a house can be lived in, shape (periods, houses)."""
        ready = self.book.instance.houses["ready"]
        found = np.repeat(ready[None, :], len(self.book.calendar), axis=0)
        target, _, counts = self._on("house")
        np.logical_or.at(found.T, target, counts.T)
        return found

    def _on(self, kind: str) -> tuple[Array, Array, Array]:
        """Target and addition of each measure taken on targets of a kind, and the periods in which it counts (periods, measures)."""
        table = self.book.instance.measures
        rows = self.rows[table["target_kind"][self.rows] == kind]
        target = find(self.book.instance.tables[TABLES[kind]], table["target_id"][rows])
        begins = self.book.calendar.positions(table["from_period"][rows])
        return target, table["adds"][rows], np.arange(len(self.book.calendar))[:, None] >= begins

    def units(self) -> Array:
        """Return the units that each house has in each period, shape (periods, houses)."""
        own = self.opened() * self.book.instance.houses["units"][None, :]
        return np.asarray(own + self.added("house"))

    def seats_added(self) -> Array:
        """Return what is added to each seat row in each period, shape (periods, seat rows)."""
        table = self.book.instance.seats
        found = np.zeros((len(self.book.calendar), len(table)), dtype=np.int64)
        for measure in self.measures:
            if measure.target_kind == "facility":
                (first,), (count,) = table.spans(np.array([measure.target_id]))
                rows = np.arange(first, first + count)
                rows = rows[table["band"][rows] == str(measure.band)]
                found[:, rows] += measure.adds * self.counts(measure)[:, None]
        return found


def target_of(book: Book, measure: Measure) -> int:
    """Return the row of a measure's target."""
    return int(find(book.instance.tables[TABLES[measure.target_kind]], np.array([measure.target_id]))[0])


def region_of(book: Book, measure: Measure) -> str | None:
    """Return the region of a measure's target; None for a supporter."""
    if measure.target_kind == "supporter":
        return None
    table = book.instance.tables[TABLES[measure.target_kind]]
    return str(table["region_id"][target_of(book, measure)])
