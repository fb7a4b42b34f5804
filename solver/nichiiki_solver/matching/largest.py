"""The largest weakly stable matching with ties (MAX-HRT, NP-hard), exact by CP-SAT over thresholds.

    z[r, k] ⇔ resident r has a hospital of rank k or better,   w[h, k] ⇒ hospital h is full with residents of rank k or better,
    z[r, rank of h] ∨ w[h, rank of r]   for each pair: it does not block.

References
----------
M. Delorme, S. García, J. Gondzio, J. Kalcsics, D. Manlove, W. Pettersson (2019). Mathematical models for stable matching problems
with ties and incomplete lists. European Journal of Operational Research 277.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from nichiiki_solver.matching.exact import Literal, add_hint, add_least, new_solver, status_of
from nichiiki_solver.matching.hospitals import hospital_market
from nichiiki_solver.matching.kiraly import large_matching
from nichiiki_solver.matching.market import Given, TwoSided
from nichiiki_solver.matching.reduction import possible_pairs
from nichiiki_solver.matching.results import HospitalMatching, Search, certified
from nichiiki_solver.ragged import Bools, Ints, first_of_group

BOUNDERS = ("core", "objective_lb_search")
"""What to run with two threads: Király's start is near the optimum, and the bound is what takes time."""


def largest_stable(
    resident_prefs: Given,
    hospital_prefs: Given,
    capacities: npt.ArrayLike,
    *,
    time_limit_s: float = 60.0,
    workers: int = 2,
    seed: int = 0,
) -> Search[HospitalMatching]:
    """Find a weakly stable matching with as many residents as possible.

    Parameters
    ----------
    resident_prefs, hospital_prefs, capacities
        As for `hospital_residents`, with ties.
    time_limit_s
        Wall time after which the best matching so far is returned.
    workers
        Threads; 2 or more, as one alone is many times slower.
    seed
        Seed of the search.

    Returns
    -------
    Search
        OPTIMAL, or FEASIBLE with a bound: one is always found, as Király's approximation is the start.

    Raises
    ------
    MarketError
        If lists and capacities do not fit together.
    UsageError
        If a setting has no meaning.
    """
    started = time.perf_counter()
    market = hospital_market(resident_prefs, hospital_prefs, capacities)
    alive = possible_pairs(market)
    small = market.keep(alive)
    start = large_matching(small)
    built = _Model(small, start)
    solver = new_solver(time_limit_s, workers, seed)
    if workers == len(BOUNDERS):
        solver.parameters.subsolvers.extend(BOUNDERS)
    status, reason = status_of(solver, solver.solve(built.model))
    best = built.read(solver) if solver.response_proto.solution else start
    held = np.zeros(market.n_pairs, dtype=bool)
    held[np.flatnonzero(alive)[best]] = True
    matching = certified(HospitalMatching(market, held))
    bound = matching.size if reason == "PROVEN" else int(np.floor(solver.best_objective_bound + 1e-6))
    seconds = time.perf_counter() - started
    return Search(status, reason, matching, bound=max(bound, matching.size), seconds=seconds)


class _Model:
    """The threshold model of a market."""

    def __init__(self, market: TwoSided, start: Bools) -> None:
        self.market, self.model = market, cp_model.CpModel()
        self.taken = [self.model.new_bool_var("") for _ in range(market.n_pairs)]
        self._limit_hospitals()
        placed, better = self._thresholds_of_residents(start)
        full = self._thresholds_of_hospitals(start)
        for pair in range(market.n_pairs):
            self.model.add_bool_or([better[pair], full[pair]])
        add_hint(self.model, self.taken, start.tolist())
        self.model.maximize(sum(placed))

    def _limit_hospitals(self) -> None:
        """Each hospital within its capacity."""
        for hospital, capacity in enumerate(self.market.right_capacity.tolist()):
            mine = self._list_of(hospital)
            if len(mine) > capacity:
                self.model.add(sum(self.taken[pair] for pair in mine) <= capacity)

    def _list_of(self, hospital: int) -> list[int]:
        low, high = self.market.right_offsets[hospital : hospital + 2].tolist()
        pairs: list[int] = self.market.by_right[low:high].tolist()
        return pairs

    def _thresholds_of_residents(self, start: Bools) -> tuple[list[Literal], list[Literal]]:
        """Each resident once; return whether it is placed, and for each pair whether it has one of that rank or better."""
        last: list[Literal] = []
        upto: list[Literal] = []
        for resident in range(self.market.n_left):
            pairs = range(*self.market.left_offsets[resident : resident + 2].tolist())
            before: list[Literal] = []
            for tie in _ties(self.market.left_rank, np.asarray(pairs, dtype=np.int64)):
                threshold = self._hinted(bool(start[pairs[0] : tie[-1] + 1].any()))
                self.model.add_exactly_one([*before, *(self.taken[p] for p in tie), threshold.negated()])
                upto.extend([threshold] * len(tie))
                before = [threshold]
            last.extend(before)
        return last, upto

    def _thresholds_of_hospitals(self, start: Bools) -> list[Literal]:
        """Return for each pair whether its hospital is full with residents of that rank or better."""
        full: dict[int, Literal] = {}
        for hospital, capacity in enumerate(self.market.right_capacity.tolist()):
            so_far: list[int] = []
            before: Literal | None = None
            for tie in _ties(self.market.right_rank, np.asarray(self._list_of(hospital), dtype=np.int64)):
                so_far += tie
                threshold = self._hinted(int(start[so_far].sum()) >= capacity)
                add_least(self.model, [self.taken[p] for p in so_far], capacity, threshold)
                if before is not None:
                    self.model.add_implication(before, threshold)
                full.update(dict.fromkeys(tie, threshold))
                before = threshold
        return [full[pair] for pair in range(self.market.n_pairs)]

    def _hinted(self, value: bool) -> Literal:
        literal = self.model.new_bool_var("")
        self.model.add_hint(literal, value)
        return literal

    def read(self, solver: cp_model.CpSolver) -> Bools:
        """Return the pairs of the best answer."""
        return np.array([solver.boolean_value(literal) for literal in self.taken], dtype=bool)


def _ties(rank: Ints, pairs: Ints) -> list[list[int]]:
    """Pairs of one list, which is sorted, split into ties."""
    begins = np.flatnonzero(first_of_group(rank[pairs]))
    return [part.tolist() for part in np.split(pairs, begins[1:]) if len(part)]
