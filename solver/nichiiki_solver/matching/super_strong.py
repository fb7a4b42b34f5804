"""Super-stable and strongly stable matchings where preferences have ties: polynomial tests that also give the matching.

Both run a resident-oriented deferred acceptance in which a resident asks everybody in its best tie at once, and a hospital
cuts its list. `super`: an overfull tie is cut off whole. `strong`: it is cut off only where Hall's condition fails, found
by a maximum flow. What the fixed point gives is stable if anything is; the check of the result decides. The matching
that hospitals like best is found from their side (`hospital_offers`).

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

from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.errors import UsageError
from nichiiki_solver.matching import checks
from nichiiki_solver.matching.assigning import fill, reached
from nichiiki_solver.matching.hospital_offers import strong_for_hospitals, super_for_hospitals
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
    optimal: Literal["residents", "hospitals"] = "residents",
) -> Search[HospitalMatching]:
    """Find the strongly stable or super-stable matching that one side likes best, or show that there is none.

    Parameters
    ----------
    resident_prefs, hospital_prefs, capacities
        As for `hospital_residents`, with ties.
    stability
        ``"super"``: no pair would both be as well off together. ``"strong"``: no pair in which one would be better off and the
        other as well.
    optimal
        Which side gets the best partners it has in any such matching; the other side gets its worst ones.

    Returns
    -------
    Search
        OPTIMAL with the matching, or INFEASIBLE.

    Raises
    ------
    MarketError
        If lists and capacities do not fit together.
    UsageError
        If the stability or the side is neither.
    """
    if stability not in ("strong", "super"):
        raise UsageError(f"stability: {stability!r} is unknown; allowed are 'strong' and 'super'")
    if optimal not in ("residents", "hospitals"):
        raise UsageError(f"optimal: {optimal!r} is unknown; allowed are 'residents' and 'hospitals'")
    started = time.perf_counter()
    market = hospital_market(resident_prefs, hospital_prefs, capacities)
    held = RUNS[stability, optimal](market)
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
        self.flow = fill(market, self.pairs, self.quota)

    def hospitals_of_critical_set(self) -> Ints:
        """Hospitals on alternating paths from residents that the maximum matching leaves out."""
        market, size = self.market, self.market.n_left + self.market.n_right
        left, right = market.left[self.pairs], market.n_left + market.right[self.pairs]
        out = np.setdiff1d(left, left[self.flow])
        start, end = np.concatenate([left, right[self.flow]]), np.concatenate([right, left[self.flow]])
        return np.flatnonzero(reached(out, start, end, size)[market.n_left :])

    def matching(self) -> Bools:
        """Bound pairs, one for each bound resident, and the maximum matching of the rest."""
        _, first = np.unique(self.market.left[self.bound], return_index=True)
        return _mask(self.market, np.concatenate([self.bound[first], self.pairs[self.flow]]))


RUNS = {
    ("super", "residents"): _super,
    ("strong", "residents"): _strong,
    ("super", "hospitals"): super_for_hospitals,
    ("strong", "hospitals"): strong_for_hospitals,
}
"""Of stability and side: what marks the pairs of the one matching that can be stable and best for the side."""
