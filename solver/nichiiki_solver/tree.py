"""The tree of bundles: stays, the slots of each, the options of each slot; valued, and grown into lists of whole bundles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nichiiki_solver.market import NO_VALUE
from nichiiki_solver.ragged import Ints, expand, expand_rows, segment_max, segment_sum

NO_LIMIT = 1 << 62


@dataclass(frozen=True)
class Tree:
    """Groups of stays, the slots of each, and the options of each slot.

    Attributes
    ----------
    group
        Group of each stay; the stays of a group have the same options.
    segment_offsets
        A segment is a slot of a group; those of group g are ``segment_offsets[g]`` … ``segment_offsets[g + 1] - 1``.
    segments
        Options of segment k are ``segments[k]`` … ``segments[k + 1] - 1``.
    """

    group: Ints
    segment_offsets: Ints
    segments: Ints

    @cached_property
    def sizes(self) -> Ints:
        """Number of slots of each group."""
        return np.diff(self.segment_offsets)

    @cached_property
    def segment_of(self) -> Ints:
        """Segment of each option."""
        return np.repeat(np.arange(len(self.segments) - 1), np.diff(self.segments))

    def segments_of(self, stays: Ints) -> tuple[Ints, Ints]:
        """Number in `stays`, and segment, of each slot of some stays."""
        return expand_rows(self.segment_offsets, self.group[stays])

    def options_of(self, stays: Ints) -> Ints:
        """All options of some stays, ascending, each once."""
        segment = expand_rows(self.segment_offsets, np.unique(self.group[stays]))[1]
        return expand_rows(self.segments, segment)[1]

    def best(self, stay: Ints, option: Ints) -> tuple[Ints, Ints]:
        """Best option value of each segment, and best bundle value of each stay."""
        best = segment_max(option, self.segments, NO_VALUE)
        of_group = segment_sum(np.maximum(best, NO_VALUE // 64), self.segment_offsets)
        return best, stay + of_group[self.group]

    def grow(self, stay: Ints, option: Ints, least: Ints, most: int) -> tuple[Ints, Ints] | None:
        """List the bundles worth at least `least` (by stay): join slot after slot, dropping at once what cannot reach it.

        Returns
        -------
        stays, chosen
            Stay and options (matrix, -1 = no slot) of each bundle; None if there are more than `most`.
        """
        best, value = self.best(stay, option)
        rows = np.flatnonzero(value >= least)
        chosen, value = np.zeros((len(rows), 0), dtype=np.int64), value[rows]
        for depth in range(int(self.sizes[self.group[rows]].max(initial=0))):
            if len(rows) > most:
                break
            owner, position, value = self._next_slot(rows, value, depth, option, best, least)
            rows, chosen = rows[owner], np.concatenate((chosen[owner], position[:, None]), axis=1)
        return (rows, chosen) if len(rows) <= most else None

    def every(self, stay: Ints, option: Ints) -> tuple[Ints, Ints]:
        """List all bundles worth at least 0, as `grow` does, however many they are."""
        found = self.grow(stay, option, np.zeros(len(stay), dtype=np.int64), NO_LIMIT)
        if found is None:
            raise RuntimeError("a listing without limit was cut")
        return found

    def _next_slot(
        self, rows: Ints, value: Ints, depth: int, option: Ints, best: Ints, least: Ints
    ) -> tuple[Ints, Ints, Ints]:
        """Give every partial bundle each option of its next slot, and keep those that can still reach the least value."""
        group = self.group[rows]
        deeper = self.sizes[group] > depth
        segment = np.where(deeper, self.segment_offsets[:-1][group] + depth, 0)
        start = np.where(deeper, self.segments[segment], -1)
        size = np.where(deeper, self.segments[segment + 1] - self.segments[segment], 1)
        owner, position = expand(start, size)
        gain = np.where(position >= 0, option[position] - best[segment[owner]], 0)
        total = value[owner] + gain
        kept = total >= least[rows[owner]]
        return owner[kept], position[kept], total[kept]
