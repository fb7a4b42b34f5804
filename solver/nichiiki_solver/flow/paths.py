"""Paths of OD pairs as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from nichiiki_solver.ragged import Array, Ints, offsets_of, segment_sum


@dataclass(frozen=True)
class Paths:
    """Paths of OD pairs.

    Attributes
    ----------
    pair
        OD pair of each path.
    offsets, arcs
        Arcs of each path (CSR), from its origin on; the way back, if there is one, after the way out.
    turn
        Number of arcs of the way out: all of them where there is no way back.
    """

    pair: Ints
    offsets: Ints
    arcs: Ints
    turn: Ints

    def __len__(self) -> int:
        return len(self.pair)

    def arcs_of(self, path: int) -> Ints:
        """Arcs of a path, from its origin on."""
        return self.arcs[self.offsets[path] : self.offsets[path + 1]]

    def names(self) -> list[tuple[int, bytes]]:
        """Pair and arcs of each path, to tell paths apart."""
        content, ends = self.arcs.tobytes(), (8 * self.offsets).tolist()
        pairs = self.pair.tolist()
        return [(pairs[path], content[ends[path] : ends[path + 1]]) for path in range(len(self))]

    def join(self, other: Paths) -> Paths:
        """Return these paths and others."""
        return Paths(
            np.concatenate((self.pair, other.pair)),
            np.concatenate((self.offsets, self.offsets[-1] + other.offsets[1:])),
            np.concatenate((self.arcs, other.arcs)),
            np.concatenate((self.turn, other.turn)),
        )

    def take(self, chosen: Array) -> Paths:
        """Return the paths of a mask."""
        lengths = np.diff(self.offsets)
        return Paths(
            self.pair[chosen],
            offsets_of(lengths[chosen]),
            self.arcs[np.repeat(chosen, lengths)],
            self.turn[chosen],
        )

    def sums(self, weight: Ints) -> Ints:
        """Sum of the weights of each path's arcs."""
        return segment_sum(weight[self.arcs], self.offsets)

    @property
    def owner(self) -> Ints:
        """Path of each entry of `arcs`."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def incidence(self, arcs: int) -> csr_array:
        """Arcs × paths: how often a path uses an arc."""
        return csr_array((np.ones(len(self.arcs)), (self.arcs, self.owner)), shape=(arcs, len(self)))


def no_paths() -> Paths:
    """Return an empty list of paths."""
    none = np.zeros(0, dtype=np.int64)
    return Paths(none, np.zeros(1, dtype=np.int64), none, none)
