"""The two-sided market: every mutually acceptable pair with the rank each side gives it, and capacities.

A pair is acceptable if both sides list it. Entries that only one side lists are left out, as the definition of the
problem has it, and counted in `TwoSided.one_sided`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from nichiiki_models.errors import MarketError
from nichiiki_solver.matching.preferences import Lists, Preferences, read_preferences
from nichiiki_solver.ragged import Bools, Ints, offsets_of

Given = Lists | Preferences | tuple[npt.ArrayLike, ...]


@dataclass(frozen=True)
class TwoSided:
    """Pairs in the order of the left side: by left agent, then as its list has them.

    Attributes
    ----------
    left_offsets
        Pairs of left agent l: left_offsets[l] … left_offsets[l + 1] - 1.
    right
        Right agent of each pair.
    left_rank, right_rank
        Rank that each side gives the pair: 0 = best, equal = tie; gaps are possible.
    right_offsets, right_position
        The pairs of right agent r, as its list has them, take the positions right_offsets[r] …; of each pair its position.
    left_capacity, right_capacity
        Most partners of each agent.
    one_sided
        Number of entries left out because only one side lists the pair.
    """

    left_offsets: Ints
    right: Ints
    left_rank: Ints
    right_rank: Ints
    right_offsets: Ints
    right_position: Ints
    left_capacity: Ints
    right_capacity: Ints
    one_sided: int = 0

    @property
    def n_pairs(self) -> int:
        """Number of acceptable pairs."""
        return len(self.right)

    @property
    def n_left(self) -> int:
        """Number of left agents."""
        return len(self.left_capacity)

    @property
    def n_right(self) -> int:
        """Number of right agents."""
        return len(self.right_capacity)

    @cached_property
    def left(self) -> Ints:
        """Left agent of each pair."""
        return np.repeat(np.arange(self.n_left), np.diff(self.left_offsets))

    @cached_property
    def by_right(self) -> Ints:
        """Pairs in the order of the right side."""
        order = np.empty(self.n_pairs, dtype=np.int64)
        order[self.right_position] = np.arange(self.n_pairs)
        return order

    @cached_property
    def has_ties(self) -> bool:
        """Whether somebody is indifferent between two acceptable partners."""
        return _has_ties(self.left, self.left_rank) or _has_ties(
            self.right[self.by_right], self.right_rank[self.by_right]
        )

    def flipped(self) -> TwoSided:
        """Return the same market with the sides exchanged; its pair k is pair ``by_right[k]`` here."""
        order = self.by_right
        return TwoSided(
            left_offsets=self.right_offsets,
            right=self.left[order],
            left_rank=self.right_rank[order],
            right_rank=self.left_rank[order],
            right_offsets=self.left_offsets,
            right_position=order,
            left_capacity=self.right_capacity,
            right_capacity=self.left_capacity,
            one_sided=self.one_sided,
        )

    def keep(self, mask: Bools) -> TwoSided:
        """Return the market with only some of its pairs."""
        kept = mask[self.by_right]
        return replace(
            self,
            left_offsets=offsets_of(np.bincount(self.left[mask], minlength=self.n_left)),
            right=self.right[mask],
            left_rank=self.left_rank[mask],
            right_rank=self.right_rank[mask],
            right_offsets=offsets_of(np.bincount(self.right[mask], minlength=self.n_right)),
            right_position=(np.cumsum(kept) - 1)[self.right_position[mask]],
        )

    def shuffled_ties(self, seed: int) -> TwoSided:
        """Return the market with the order inside each tie drawn at random; ranks stay."""
        rng = np.random.default_rng(seed)
        order = np.lexsort((rng.random(self.n_pairs), self.left_rank, self.left))
        right_order = np.lexsort((rng.random(self.n_pairs), self.right_rank, self.right))
        position = np.empty(self.n_pairs, dtype=np.int64)
        position[right_order] = np.arange(self.n_pairs)
        return replace(
            self,
            right=self.right[order],
            left_rank=self.left_rank[order],
            right_rank=self.right_rank[order],
            right_position=position[order],
        )


def two_sided(
    left_prefs: Given,
    right_prefs: Given,
    left_capacity: npt.ArrayLike,
    right_capacity: npt.ArrayLike,
    *,
    sides: tuple[str, str] = ("left", "right"),
) -> TwoSided:
    """Join the preferences of both sides.

    Parameters
    ----------
    left_prefs, right_prefs
        See `nichiiki_solver.matching.preferences.read_preferences`.
    left_capacity, right_capacity
        Most partners of each agent; one number stands for all.
    sides
        Names of the sides, for messages.

    Raises
    ------
    MarketError
        If an id is out of range or listed twice, or capacities do not fit; names side, row, value and what is allowed.
    """
    left, right = (read_preferences(p, side=s) for p, s in zip((left_prefs, right_prefs), sides, strict=True))
    capacities = (
        _capacity(left_capacity, len(left), sides[0]),
        _capacity(right_capacity, len(right), sides[1]),
    )
    left_order, left_keys = _by_pair(left, len(right), sides[0])
    right_order, right_keys = _by_pair(right, len(left), sides[1], flip=True)
    if not np.array_equal(left_keys, right_keys):
        shared = np.intersect1d(left_keys, right_keys, assume_unique=True)
        left_order = left_order[np.searchsorted(left_keys, shared)]
        right_order = right_order[np.searchsorted(right_keys, shared)]
    return _joined(left, right, left_order, right_order, capacities)


def _joined(
    left: Preferences, right: Preferences, left_order: Ints, right_order: Ints, capacities: tuple[Ints, Ints]
) -> TwoSided:
    """Put pair k = (left entry left_order[k], right entry right_order[k]) together in the order of the left lists."""
    entry = np.full(len(left.ids), -1, dtype=np.int64)
    entry[left_order] = right_order
    in_left, in_right = entry >= 0, np.zeros(len(right.ids), dtype=bool)
    in_right[right_order] = True
    before_left, before_right = offsets_of(in_left), offsets_of(in_right)
    entry = entry[in_left]
    return TwoSided(
        left_offsets=before_left[left.offsets],
        right=left.ids[in_left],
        left_rank=left.tie_ranks()[in_left],
        right_rank=right.tie_ranks()[entry],
        right_offsets=before_right[right.offsets],
        right_position=before_right[entry],
        left_capacity=capacities[0],
        right_capacity=capacities[1],
        one_sided=len(left.ids) + len(right.ids) - 2 * len(left_order),
    )


def _by_pair(given: Preferences, n_other: int, side: str, *, flip: bool = False) -> tuple[Ints, Ints]:
    """Entries in the order of (left, right), and the key of each pair; linear, by transposing a sparse matrix."""
    rows = given.rows()
    outside = (given.ids < 0) | (given.ids >= n_other)
    if outside.any():
        at = int(np.argmax(outside))
        raise MarketError(
            f"{side}, row {rows[at]}: id {given.ids[at]} is not on the other side; allowed are 0 to {n_other - 1}"
        )
    if not len(given.ids):
        return given.ids, given.ids
    matrix = csr_array((np.arange(len(rows)), given.ids, given.offsets), shape=(len(given), n_other))
    order = (matrix.tocsc() if flip else matrix.tocsc().tocsr()).data
    keys = (given.ids * len(given) + rows if flip else rows * n_other + given.ids)[order]
    twice = keys[1:] == keys[:-1]
    if twice.any():
        at = int(order[np.argmax(twice)])
        raise MarketError(f"{side}, row {rows[at]}: id {given.ids[at]} is listed twice; allowed is once")
    return order, keys


def _capacity(given: npt.ArrayLike, size: int, side: str) -> Ints:
    values = np.asarray(given)
    if values.size and values.dtype.kind not in "iu":
        raise MarketError(f"{side}: capacities must be whole numbers, got {values.dtype}")
    if values.ndim and len(values) != size:
        raise MarketError(f"{side}: {len(values)} capacities for {size} rows; give one per row")
    if (values < 0).any():
        row = int(np.argmax(values < 0))
        raise MarketError(f"{side}, row {row}: capacity {values.reshape(-1)[row]}; allowed is 0 or more")
    return np.broadcast_to(values.astype(np.int64), (size,)).copy()


def _has_ties(agent: Ints, rank: Ints) -> bool:
    return bool(((agent[1:] == agent[:-1]) & (rank[1:] == rank[:-1])).any())
