"""The calendar: periods in order, neighbours, runs and gaps, and the distinct patterns of stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from nichiiki_models.columns import ListColumn
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Period
from nichiiki_solver.ragged import Array, Bools, Ints


@dataclass(frozen=True)
class Calendar:
    """Periods by position in calendar order.

    Attributes
    ----------
    ids
        Period ids in calendar order.
    after
        Position of the next period of the same slot, or -1.
    open
        Whether stays are possible.
    weekdays
        Days of the period on which care is offered: Mondays to Fridays, in a weekend slot Saturdays and Sundays.
    """

    ids: Array
    after: Ints
    open: Bools
    weekdays: Ints

    @classmethod
    def of(cls, instance: Instance) -> Calendar:
        """Read the calendar of an instance (its periods are in calendar order already)."""
        periods = instance.periods
        return cls(
            periods["period_id"], _next_of_slot(periods["slot"]), periods["open"].copy(), _care_days(periods)
        )

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _position(self) -> dict[str, int]:
        return {period: index for index, period in enumerate(self.ids.tolist())}

    def positions(self, ids: Iterable[str]) -> tuple[int, ...]:
        """Return positions of periods, ascending."""
        return tuple(sorted({self._position[period] for period in ids}))

    def mask(self, cells: ListColumn, *, empty: bool) -> Bools:
        """Return the matrix rows × periods of a list column; an empty cell means `empty` everywhere."""
        mask = np.zeros((len(cells), len(self)), dtype=bool)
        order = np.argsort(self.ids)
        columns = (
            order[np.searchsorted(self.ids[order], cells.values)]
            if len(self)
            else np.zeros(0, dtype=np.int64)
        )
        mask[cells.owners, columns] = True
        if empty:
            mask[cells.lengths == 0] = True
        return mask

    def open_days(self, period: int) -> int:
        """Days of care in a period when the seat row does not say."""
        return int(self.weekdays[period])

    def runs(self, pattern: Bools) -> list[list[int]]:
        """Return the runs of one pattern: maximal chains of neighbours."""
        before = set(self.after[pattern & (self.after >= 0)].tolist())
        starts = [p for p in np.flatnonzero(pattern).tolist() if p not in before]
        return [self._chain(start, pattern) for start in starts]

    def _chain(self, start: int, pattern: Bools) -> list[int]:
        chain = [start]
        while (following := int(self.after[chain[-1]])) >= 0 and pattern[following]:
            chain.append(following)
        return chain

    def gap_after(self, last: int, gap: int) -> list[int]:
        """Return the `gap` neighbours after a period, as far as the calendar goes."""
        found: list[int] = []
        while len(found) < gap and (last := int(self.after[last])) >= 0:
            found.append(last)
        return found

    def patterns(self, kind: str, window: tuple[int, ...], length: int) -> list[tuple[int, ...]]:
        """Return the patterns of a household as ascending positions; a fixed one is kept even if it is closed."""
        if kind == "fixed":
            return [window] if window else []
        usable = [p for p in window if self.open[p]]
        if kind == "any":
            return list(combinations(usable, length))
        allowed = np.zeros(len(self), dtype=bool)
        allowed[usable] = True
        chains = [self._chain(start, allowed)[:length] for start in usable]
        return [tuple(sorted(chain)) for chain in chains if len(chain) == length]


def _next_of_slot(slots: Array) -> Ints:
    after = np.full(len(slots), -1, dtype=np.int64)
    for slot in np.unique(slots):
        where = np.flatnonzero(slots == slot)
        after[where[:-1]] = where[1:]
    return after


def _care_days(periods: Table[Period]) -> Ints:
    first, end = periods["starts_on"], periods["ends_on"] + np.timedelta64(1, "D")
    weekend = periods["slot"] == "weekend"
    days = np.where(
        weekend,
        np.busday_count(first, end, weekmask="0000011"),
        np.busday_count(first, end, weekmask="1111100"),
    )
    return np.asarray(days, dtype=np.int64)


@dataclass(frozen=True)
class Patterns:
    """The distinct patterns of all stays, ordered lexicographically by their positions.

    Attributes
    ----------
    mask
        Boolean matrix, patterns × periods.
    shortest_run, longest_run
        Shortest and longest run of each pattern, in periods.
    """

    mask: Bools
    starts: Bools
    shortest_run: Ints
    longest_run: Ints

    @classmethod
    def of(cls, calendar: Calendar, sets: list[tuple[int, ...]]) -> Patterns:
        """Describe distinct sets of positions, given in lexicographic order."""
        mask = np.zeros((len(sets), len(calendar)), dtype=bool)
        starts = np.zeros_like(mask)
        lengths = np.zeros((len(sets), 2), dtype=np.int64)
        for index, positions in enumerate(sets):
            mask[index, list(positions)] = True
            runs = calendar.runs(mask[index])
            starts[index, [run[0] for run in runs]] = True
            sizes = [len(run) for run in runs]
            lengths[index] = min(sizes), max(sizes)
        return cls(mask, starts, lengths[:, 0], lengths[:, 1])

    def __len__(self) -> int:
        return len(self.mask)
