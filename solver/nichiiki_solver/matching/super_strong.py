"""Super-stable and strongly stable matchings where preferences have ties: polynomial tests that also give the matching.

Both run a resident-oriented deferred acceptance in which a resident asks everybody in its best tie at once, and a hospital
cuts its list. `super`: an overfull tie is cut off whole. `strong`: it is cut off only where Hall's condition fails, found
by a maximum flow. What the fixed point gives is stable if anything is; the check of the result decides.

References
----------
R. W. Irving, D. F. Manlove, S. Scott (2000). The hospitals/residents problem with ties. SWAT 2000.
R. W. Irving, D. F. Manlove, S. Scott (2003). Strong stability in the hospitals/residents problem. STACS 2003.
"""

from __future__ import annotations

import time
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.errors import UsageError
from nichiiki_solver.matching import checks
from nichiiki_solver.matching.hospitals import hospital_market
from nichiiki_solver.matching.market import Given, TwoSided
from nichiiki_solver.matching.results import HospitalMatching, Search, certified
from nichiiki_solver.ragged import Bools, Ints

LAST = np.iinfo(np.int64).max


def stable_with_ties(
    resident_prefs: Given,
    hospital_prefs: Given,
    capacities: npt.ArrayLike,
    *,
    stability: Literal["strong", "super"],
) -> Search[HospitalMatching]:
    """Find the resident-optimal strongly stable or super-stable matching, or show that there is none.

    Parameters
    ----------
    resident_prefs, hospital_prefs, capacities
        As for `hospital_residents`, with ties.
    stability
        ``"super"``: no pair would both be as well off together. ``"strong"``: no pair in which one would be better off and the
        other as well.

    Returns
    -------
    Search
        OPTIMAL with the matching, or INFEASIBLE.

    Raises
    ------
    MarketError
        If lists and capacities do not fit together.
    UsageError
        If the stability is neither.
    """
    if stability not in ("strong", "super"):
        raise UsageError(f"stability: {stability!r} is unknown; allowed are 'strong' and 'super'")
    started = time.perf_counter()
    market = hospital_market(resident_prefs, hospital_prefs, capacities)
    held = _super(market) if stability == "super" else _strong(market)
    exists = not any(map(len, checks.over_capacity(market, held)))
    exists = exists and not checks.blocking(market, held, stability=stability).any()
    seconds = time.perf_counter() - started
    if not exists:
        return Search(Status.INFEASIBLE, StopReason.PROVEN, seconds=seconds)
    matching = certified(HospitalMatching(market, held), stability=stability)
    return Search(Status.OPTIMAL, StopReason.PROVEN, matching, bound=matching.size, seconds=seconds)


class _Cuts:
    """Hospitals' lists cut from the end: pairs ranked worse than `cut` are gone; the rest of the best tie of each resident asks."""

    def __init__(self, market: TwoSided) -> None:
        self.market = market
        self.cut = np.where(market.right_capacity > 0, LAST, -1)
        self.alive = np.flatnonzero(market.right_capacity[market.right] > 0)

    def asking(self) -> Ints:
        """Pairs in which the hospital is in the best tie the resident has left."""
        market = self.market
        self.alive = self.alive[market.right_rank[self.alive] <= self.cut[market.right[self.alive]]]
        best = np.full(market.n_left, LAST, dtype=np.int64)
        np.minimum.at(best, market.left[self.alive], market.left_rank[self.alive])
        return np.asarray(self.alive[market.left_rank[self.alive] == best[market.left[self.alive]]])

    def fill(self, asking: Ints) -> tuple[Ints, Ints, Ints]:
        """Return hospitals that are full, the rank of their last place, and how many ask with that rank or better."""
        market = self.market
        pairs = asking[np.argsort(market.right_position[asking])]
        hospital, rank = market.right[pairs], market.right_rank[pairs]
        first = np.searchsorted(hospital, np.arange(market.n_right))
        count = np.bincount(hospital, minlength=market.n_right)
        full = np.flatnonzero((count >= market.right_capacity) & (market.right_capacity > 0))
        last = rank[first[full] + market.right_capacity[full] - 1]
        inside = np.bincount(hospital[rank <= self._spread(full, last)[hospital]], minlength=market.n_right)
        return full, last, inside[full]

    def _spread(self, hospitals: Ints, values: Ints) -> Ints:
        everywhere = np.full(self.market.n_right, -1, dtype=np.int64)
        everywhere[hospitals] = values
        return everywhere

    def lower(self, hospitals: Ints, ranks: Ints) -> bool:
        """Cut lists below the given ranks; say whether anything changed."""
        before = self.cut[hospitals]
        self.cut[hospitals] = np.minimum(before, ranks)
        return bool((self.cut[hospitals] < before).any())


def _super(market: TwoSided) -> Bools:
    cuts = _Cuts(market)
    while True:
        asking = cuts.asking()
        full, last, count = cuts.fill(asking)
        overfull = count > market.right_capacity[full]
        if not cuts.lower(full, last - overfull):
            return _mask(market, asking)


def _strong(market: TwoSided) -> Bools:
    cuts = _Cuts(market)
    while True:
        asking = cuts.asking()
        full, last, count = cuts.fill(asking)
        if cuts.lower(full, last):
            continue
        over = full[count > market.right_capacity[full]]
        reduced = _Reduced(market, asking, over, last[count > market.right_capacity[full]])
        failing = reduced.hospitals_of_critical_set()
        if not len(failing):
            return reduced.matching()
        cuts.lower(failing, cuts.cut[failing] - 1)


def _mask(market: TwoSided, pairs: Ints) -> Bools:
    mask = np.zeros(market.n_pairs, dtype=bool)
    mask[pairs] = True
    return mask


class _Reduced:
    """The assignment graph without bound residents: those with a place that no tie puts in doubt."""

    def __init__(self, market: TwoSided, asking: Ints, over: Ints, last: Ints) -> None:
        doubtful_rank = np.full(market.n_right, -1, dtype=np.int64)
        doubtful_rank[over] = last
        left, right = market.left[asking], market.right[asking]
        bound = market.right_rank[asking] != doubtful_rank[right]
        is_bound = np.zeros(market.n_left, dtype=bool)
        is_bound[left[bound]] = True
        self.market = market
        self.bound = asking[bound]
        self.pairs = asking[~is_bound[left]]
        self.quota = market.right_capacity - np.bincount(right[bound], minlength=market.n_right)
        self.flow = self._flow()

    def _flow(self) -> Bools:
        """Mark the pairs of a maximum matching within the quotas."""
        market, pairs = self.market, self.pairs
        left, right = market.left[pairs], market.right[pairs]
        residents, hospitals = np.unique(left), np.unique(right)
        source, sink = market.n_left + market.n_right, market.n_left + market.n_right + 1
        start = np.concatenate([np.full(len(residents), source), left, market.n_left + hospitals])
        end = np.concatenate([residents, market.n_left + right, np.full(len(hospitals), sink)])
        room = np.concatenate([np.ones(len(residents) + len(pairs), dtype=np.int64), self.quota[hospitals]])
        graph = csr_array((room.astype(np.int32), (start, end)), shape=(sink + 1, sink + 1))
        flow = csr_array(maximum_flow(graph, source, sink).flow)
        return (
            np.asarray(flow[left, market.n_left + right] > 0).reshape(-1) if len(pairs) else np.zeros(0, bool)
        )

    def hospitals_of_critical_set(self) -> Ints:
        """Hospitals on alternating paths from residents that the maximum matching leaves out."""
        market = self.market
        left, right = market.left[self.pairs], market.n_left + market.right[self.pairs]
        root = market.n_left + market.n_right
        out = np.setdiff1d(left, left[self.flow])
        start = np.concatenate([np.full(len(out), root), left, right[self.flow]])
        end = np.concatenate([out, right, left[self.flow]])
        graph = csr_array((np.ones(len(start), dtype=np.int8), (start, end)), shape=(root + 1, root + 1))
        reached = breadth_first_order(graph, root, return_predecessors=False)
        return np.sort(reached[(reached >= market.n_left) & (reached < root)] - market.n_left)

    def matching(self) -> Bools:
        """Bound pairs, one for each bound resident, and the maximum matching of the rest."""
        _, first = np.unique(self.market.left[self.bound], return_index=True)
        return _mask(self.market, np.concatenate([self.bound[first], self.pairs[self.flow]]))
