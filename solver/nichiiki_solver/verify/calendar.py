"""The calendar: periods in order, neighbours of the same slot, sets of periods as masks."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from nichiiki_models.columns import Array, ListColumn
from nichiiki_models.table import Table
from nichiiki_models.tables import Period
from nichiiki_solver.verify.arrays import NO_ROW


class Calendar:
    """Periods in calendar order; a set of periods is a column of a mask of shape (periods, sets)."""

    def __init__(self, periods: Table[Period]) -> None:
        self.periods = periods
        self.ids = periods["period_id"]
        self.open = periods["open"]
        self._order = np.argsort(self.ids, kind="stable")

    def __len__(self) -> int:
        return len(self.ids)

    def positions(self, ids: Array) -> Array:
        """Return the calendar position of each period id, or -1."""
        if len(self) == 0:
            return np.full(len(ids), NO_ROW, dtype=np.int64)
        known = self.ids[self._order]
        at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
        return np.where(known[at] == ids, self._order[at], NO_ROW)

    def sets(self, lists: ListColumn, *, empty: Array | None = None) -> Array:
        """Return lists of periods as a mask (periods, lists); unknown ids are left out.

        Parameters
        ----------
        lists
            Period ids, one list a set.
        empty
            Mask over periods that an empty list stands for; nothing if None.
        """
        mask = np.zeros((len(self), len(lists)), dtype=bool)
        at = self.positions(lists.values)
        mask[at[at >= 0], lists.owners[at >= 0]] = True
        if empty is not None:
            mask[:, lists.lengths == 0] = empty[:, None]
        return mask

    @property
    def every(self) -> Array:
        """The mask of all periods."""
        return np.ones(len(self), dtype=bool)

    @cached_property
    def before(self) -> Array:
        """The neighbour before each period (same slot), or -1."""
        last: dict[str, int] = {}
        found = np.full(len(self), NO_ROW, dtype=np.int64)
        for at, slot in enumerate(self.periods["slot"].tolist()):
            found[at] = last.get(slot, NO_ROW)
            last[slot] = at
        return found

    def run_lengths(self, held: Array) -> Array:
        """Return for each held period its place in its run (1, 2, …), else 0; int16 (periods, sets)."""
        lengths = np.zeros(held.shape, dtype=np.int16)
        for at, before in enumerate(self.before.tolist()):
            lengths[at] = held[at] * ((lengths[before] if before >= 0 else 0) + 1)
        return lengths

    def is_run_end(self, held: Array) -> Array:
        """Mask of the held periods whose next neighbour is not held."""
        ends = held.copy()
        for at, before in enumerate(self.before.tolist()):
            if before >= 0:
                ends[before] &= ~held[at]
        return ends

    def with_gaps(self, held: Array, gaps: Array) -> Array:
        """Return the sets with, after each run, the next `gaps` neighbours."""
        kept = held.copy()
        left = np.zeros(held.shape, dtype=np.int32)
        for at, before in enumerate(self.before.tolist()):
            still = left[before] - 1 if before >= 0 else np.full(held.shape[1], -1)
            left[at] = np.where(held[at], gaps, still)
            kept[at] |= still >= 0
        return kept

    @cached_property
    def care_days(self) -> Array:
        """Days of care in each period if nothing else is said: Mondays to Fridays, or weekends."""
        first = self.periods["starts_on"]
        after = self.periods["ends_on"] + np.timedelta64(1, "D")
        workdays = np.busday_count(first, after)
        whole = (after - first).astype(np.int64)
        return np.where(self.periods["slot"] == "weekend", whole - workdays, workdays)
