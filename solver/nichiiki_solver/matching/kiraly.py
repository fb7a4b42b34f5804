"""A weakly stable matching of at least two thirds of the largest size, with ties on both sides, in nearly linear time.

A resident who reaches the end of its list starts again with priority inside ties, once. In a tie it asks a hospital with
room first. A resident is uncertain while a hospital it likes as well as its own has room; a full hospital gives up an
uncertain resident for any other one, and that resident may ask again later.

References
----------
Z. Király (2013). Linear time local approximation algorithm for maximum stable marriage. Algorithms 6.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt

from nichiiki_solver.matching.hospitals import hospital_market
from nichiiki_solver.matching.market import Given, TwoSided
from nichiiki_solver.matching.results import HospitalMatching, certified
from nichiiki_solver.ragged import Bools


def large_stable(resident_prefs: Given, hospital_prefs: Given, capacities: npt.ArrayLike) -> HospitalMatching:
    """Find a weakly stable matching of at least 2/3 of the largest possible size.

    Parameters
    ----------
    resident_prefs, hospital_prefs, capacities
        As for `hospital_residents`, with ties.

    Raises
    ------
    MarketError
        If lists and capacities do not fit together.

    References
    ----------
    Z. Király (2013). Linear time local approximation algorithm for maximum stable marriage. Algorithms 6.
    """
    market = hospital_market(resident_prefs, hospital_prefs, capacities)
    return certified(HospitalMatching(market, large_matching(market)))


def large_matching(market: TwoSided) -> Bools:
    """Return the mask of a weakly stable matching of at least 2/3 of the largest size; see `large_stable`."""
    run = _Run(market)
    for resident in range(market.n_left):
        run.place(resident)
    held = np.zeros(market.n_pairs, dtype=bool)
    held[[pair for pair in run.pair_of if pair >= 0]] = True
    return held


class _Run:
    """Lists, holders and promotions while residents ask; the market's arrays as Python lists, which are read one by one."""

    def __init__(self, market: TwoSided) -> None:
        self.offsets, self.right = market.left_offsets.tolist(), market.right.tolist()
        self.rank, self.right_rank = market.left_rank.tolist(), market.right_rank.tolist()
        self.left = market.left.tolist()
        self.free = market.right_capacity.tolist()
        self.pair_of = [-1] * market.n_left
        self.rejected = bytearray(market.n_pairs)
        self.begin = self.offsets[:-1]
        self.promoted = bytearray(market.n_left)
        self.holds: list[list[tuple[int, int, int]]] = [[] for _ in range(market.n_right)]
        self.doubtful: list[list[int]] = [[] for _ in range(market.n_right)]

    def place(self, resident: int) -> None:
        """Let a resident ask, and then whoever is displaced."""
        while resident >= 0:
            pair = self._best(resident)
            if pair < 0:
                if self.promoted[resident]:
                    return
                self._promote(resident)
                continue
            resident = self._ask(resident, pair)

    def _promote(self, resident: int) -> None:
        low, high = self.offsets[resident : resident + 2]
        self.promoted[resident] = 1
        self.rejected[low:high] = bytes(high - low)
        self.begin[resident] = low

    def _best(self, resident: int) -> int:
        """Return the pair to ask next, one with room first among equals; -1 at the end of the list."""
        at, high = self.begin[resident], self.offsets[resident + 1]
        while at < high and self.rejected[at]:
            at += 1
        self.begin[resident] = at
        if at == high:
            return -1
        tie = [pair for pair in self._tie(resident, at) if not self.rejected[pair]]
        return next((pair for pair in tie if self.free[self.right[pair]] > 0), at)

    def _tie(self, resident: int, at: int) -> range:
        """Pairs from `at` on that the resident ranks the same."""
        end, high = at, self.offsets[resident + 1]
        while end < high and self.rank[end] == self.rank[at]:
            end += 1
        return range(at, end)

    def _ask(self, resident: int, pair: int) -> int:
        """Return who is without a place afterwards; -1 = nobody."""
        hospital = self.right[pair]
        if self.free[hospital] > 0:
            self.free[hospital] -= 1
            return self._hold(resident, pair, -1)
        uncertain = self._uncertain(hospital)
        if uncertain >= 0:
            self.pair_of[uncertain] = -1
            return self._hold(resident, pair, uncertain)
        worst = self._worst(hospital)
        if worst is None or not self._key(pair) > worst[:2]:
            self.rejected[pair] = 1
            return resident
        heappop(self.holds[hospital])
        self.pair_of[self.left[worst[2]]] = -1
        self.rejected[worst[2]] = 1
        return self._hold(resident, pair, self.left[worst[2]])

    def _hold(self, resident: int, pair: int, displaced: int) -> int:
        self.pair_of[resident] = pair
        heappush(self.holds[self.right[pair]], (*self._key(pair), pair))
        if self._is_uncertain(resident):
            self.doubtful[self.right[pair]].append(resident)
        return displaced

    def _key(self, pair: int) -> tuple[int, int]:
        """Return what a hospital compares: larger is better."""
        return -self.right_rank[pair], self.promoted[self.left[pair]]

    def _worst(self, hospital: int) -> tuple[int, int, int] | None:
        """Return the worst resident held; entries of those who left are thrown away."""
        heap = self.holds[hospital]
        while heap and (
            self.pair_of[self.left[heap[0][2]]] != heap[0][2] or heap[0][:2] != self._key(heap[0][2])
        ):
            heappop(heap)
        return heap[0] if heap else None

    def _uncertain(self, hospital: int) -> int:
        """Return an uncertain resident held; who is certain once stays so, because no room ever comes back."""
        waiting = self.doubtful[hospital]
        while waiting:
            resident = waiting.pop()
            pair = self.pair_of[resident]
            if pair >= 0 and self.right[pair] == hospital and self._is_uncertain(resident):
                return resident
        return -1

    def _is_uncertain(self, resident: int) -> bool:
        pair = self.pair_of[resident]
        first = pair
        while first > self.offsets[resident] and self.rank[first - 1] == self.rank[pair]:
            first -= 1
        return any(
            other != pair and not self.rejected[other] and self.free[self.right[other]] > 0
            for other in self._tie(resident, first)
        )
