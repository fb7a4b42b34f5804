"""Residents and couples to hospitals: stable if possible, else with the fewest blocking pairs; exact by CP-SAT.

Stable means here what McDermid and Manlove (2010) mean. An agent (single or couple) blocks with an option it prefers if each
hospital to which somebody moves has room or likes the newcomer better than a member who is not the partner that stays. Two who
move to one hospital need two places; or one, and a member worse than one of them; or two members, one worse than each.

With w[h, k, n] ⇒ n of the members of h have rank k or better, one clause for each option says: what the agent has is as good, or
the hospital refuses, or the option is counted as blocking.

References
----------
E. McDermid, D. F. Manlove (2010). Keeping partners together: algorithmic results for the hospitals/residents problem with couples.
Journal of Combinatorial Optimization 19.
D. F. Manlove, I. McBride, J. Trimble (2017). "Almost-stable" matchings in the hospitals/residents problem with couples.
Constraints 22.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from nichiiki_models.allocation import Status, StopReason, Violation
from nichiiki_models.errors import VerificationError
from nichiiki_solver.matching.couple_checks import CoupleCheck
from nichiiki_solver.matching.couple_market import CouplesMarket, Option, couples_market
from nichiiki_solver.matching.couple_start import few_blocking
from nichiiki_solver.matching.exact import Literal, add_hint, add_least, new_solver, status_of
from nichiiki_solver.matching.preferences import Lists
from nichiiki_solver.matching.results import Search
from nichiiki_solver.ragged import Ints

DEFINITION = "McDermid-Manlove (2010)"


@dataclass(frozen=True)
class CouplesMatching:
    """Who is where.

    Attributes
    ----------
    market
        The market it belongs to.
    choice
        Index of the option of each agent (singles in the order of their ids, then couples); -1 = none.
    """

    market: CouplesMarket
    choice: Ints

    @property
    def definition(self) -> str:
        """The definition of stability used."""
        return DEFINITION

    @property
    def hospital_of(self) -> Ints:
        """Hospital of each resident; -1 = unmatched."""
        result = np.full(self.market.n_residents, -1, dtype=np.int64)
        for people, options, at in zip(
            self.market.people, self.market.options, self.choice.tolist(), strict=True
        ):
            if at >= 0:
                result[list(people)] = options[at]
        return result

    @property
    def size(self) -> int:
        """Number of residents with a hospital."""
        return int((self.hospital_of >= 0).sum())

    def blocking_pairs(self) -> list[tuple[tuple[int, ...], Option]]:
        """Residents (one or two) and the option with which they block; [] if stable."""
        found = CoupleCheck(self.market, self.choice.tolist()).blocking()
        return [(self.market.people[agent], option) for agent, option in found]


def match_couples(
    resident_prefs: Sequence[Sequence[int]],
    couples: Sequence[tuple[int, int]],
    couple_prefs: Sequence[Sequence[tuple[int, int]]],
    hospital_prefs: Lists,
    capacities: npt.ArrayLike,
    *,
    time_limit_s: float = 60.0,
    workers: int = 2,
    seed: int = 0,
) -> Search[CouplesMatching]:
    """Match residents, some of them in couples (or siblings in pairs), to hospitals.

    Parameters
    ----------
    resident_prefs
        One list of hospitals per resident, best first, no ties; what it says of members of couples is not read.
    couples
        Pairs of residents.
    couple_prefs
        Of each couple the pairs of hospitals, best first; -1 = no hospital for that one.
    hospital_prefs, capacities
        As for `hospital_residents`; hospitals may have ties, and rank residents one by one.
    time_limit_s, workers, seed
        Of the search.

    Returns
    -------
    Search
        ``blocking_bound`` is the least possible number of blocking pairs known; ``bound`` is the most residents that a matching
        with as few blocking pairs as this one places. OPTIMAL: both are met. A matching is stable if ``blocking_pairs()`` is
        empty; none is if ``blocking_bound`` is above 0.

    Raises
    ------
    MarketError
        If the lists do not fit together.
    UsageError
        If a setting has no meaning.
    """
    started = time.perf_counter()
    market = couples_market(resident_prefs, couples, couple_prefs, hospital_prefs, capacities)
    model = _Model(market)
    found = model.search(time_limit_s, workers, seed)
    matching = (
        None if found.choice is None else _certified(CouplesMatching(market, found.choice), found.blocking)
    )
    seconds = time.perf_counter() - started
    return Search(found.status, found.reason, matching, found.bound, found.blocking_bound, seconds)


def _certified(matching: CouplesMatching, blocking: int) -> CouplesMatching:
    """Withhold a matching that is over capacity or has more blocking pairs than the search says."""
    check = CoupleCheck(matching.market, matching.choice.tolist())
    broken = [Violation(rule="match_capacity", where=f"right={h}") for h in check.over_capacity()]
    listed = check.blocking()
    if len(listed) > blocking:
        broken += [Violation(rule="blocking_pair", where=f"agent={a} option={o}") for a, o in listed]
    if broken:
        raise VerificationError(broken)
    return matching


@dataclass(frozen=True)
class _Found:
    status: Status
    reason: StopReason
    choice: Ints | None = None
    blocking: int = 0
    blocking_bound: int = 0
    bound: int | None = None


class _Model:
    """Options as Booleans; a clause for each of them that it does not block, unless it is counted."""

    def __init__(self, market: CouplesMarket) -> None:
        self.market, self.model = market, cp_model.CpModel()
        self.taken = [[self.model.new_bool_var("") for _ in options] for options in market.options]
        self.at = self._residents_at()
        self.thresholds: dict[tuple[int, int, int], Literal] = {}
        self.blocks: list[Literal] = []
        self._limit()
        for agent, options in enumerate(market.options):
            self._explain(agent, options)
        self._hint(few_blocking(market))

    def _hint(self, choice: list[int]) -> None:
        """Hint a start: what is taken, which options block, and how full hospitals are."""
        check = CoupleCheck(self.market, choice)
        blocking = set(check.blocking())
        for agent, taken in enumerate(self.taken):
            add_hint(self.model, taken, [index == choice[agent] for index in range(len(taken))])
        listed = [(agent, o) for agent, options in enumerate(self.market.options) for o in options]
        add_hint(self.model, self.blocks, [option in blocking for option in listed])
        for (hospital, rank, short), literal in self.thresholds.items():
            inside = sum(self.market.rank[hospital][r] <= rank for r in check.members[hospital])
            self.model.add_hint(literal, inside >= int(self.market.capacity[hospital]) - short)

    def _residents_at(self) -> dict[tuple[int, int], list[Literal]]:
        """Options that put a resident into a hospital."""
        at: dict[tuple[int, int], list[Literal]] = {}
        for people, options, taken in zip(self.market.people, self.market.options, self.taken, strict=True):
            for option, literal in zip(options, taken, strict=True):
                for resident, hospital in zip(people, option, strict=True):
                    at.setdefault((resident, hospital), []).append(literal)
        return at

    def _limit(self) -> None:
        """Each agent has at most one option, each hospital at most its capacity."""
        for taken in self.taken:
            self.model.add_at_most_one(taken)
        for hospital, capacity in enumerate(self.market.capacity.tolist()):
            self.model.add(sum(self._members(hospital, None)) <= capacity)

    def _members(self, hospital: int, rank: int | None) -> list[Literal]:
        """Literals that count the members of a rank or better."""
        ranks = self.market.rank[hospital]
        inside = [r for r in sorted(ranks) if rank is None or ranks[r] <= rank]
        return [literal for r in inside for literal in self.at.get((r, hospital), [])]

    def _filled(self, hospital: int, resident: int, short: int = 0) -> list[Literal]:
        """Return a literal that says: all places but `short` are taken by people as good as the resident or better."""
        if hospital < 0:
            return []
        key = (hospital, self.market.rank[hospital][resident], short)
        if key not in self.thresholds:
            literal = self.model.new_bool_var("")
            least = int(self.market.capacity[hospital]) - short
            if least > 0:
                add_least(self.model, self._members(hospital, key[1]), least, literal)
            self.thresholds[key] = literal
        return [self.thresholds[key]]

    def _explain(self, agent: int, options: tuple[Option, ...]) -> None:
        for index, option in enumerate(options):
            counted = self.model.new_bool_var("")
            self.blocks.append(counted)
            excused = [*self.taken[agent][: index + 1], counted]
            people = self.market.people[agent]
            if len(people) == 1:
                self.model.add_bool_or([*excused, *self._filled(option[0], people[0])])
            elif option[0] == option[1]:
                self._together(excused, (people[0], people[1]), option[0])
            else:
                self._apart(excused, (people[0], people[1]), (option[0], option[1]))

    def _apart(self, excused: list[Literal], people: tuple[int, int], option: tuple[int, int]) -> None:
        """To two hospitals: one refuses; if one of the two is there already, the other one's hospital refuses."""
        refused = [self._filled(h, r) for h, r in zip(option, people, strict=True)]
        self.model.add_bool_or([*excused, *refused[0], *refused[1]])
        for k in (0, 1):
            for here in self.at[people[k], option[k]]:
                self.model.add_bool_or([*excused, here.negated(), *refused[1 - k]])

    def _together(self, excused: list[Literal], people: tuple[int, int], hospital: int) -> None:
        """To one hospital: it has too few below the two; if one is there already, too few others below the other one."""
        rank = self.market.rank[hospital]
        better, worse = sorted(people, key=rank.__getitem__)
        here = [literal for resident in people for literal in self.at[resident, hospital]]
        none = [*self._filled(hospital, worse), *self._filled(hospital, better, short=1)]
        self.model.add_bool_or([*excused, *here, *none])
        for stays, comes in (people, people[::-1]):
            counted = rank[stays] <= rank[comes]
            refused = self._filled(hospital, comes, short=0 if counted else 1)
            for literal in self.at[stays, hospital]:
                self.model.add_bool_or([*excused, literal.negated(), *refused])

    def search(self, time_limit_s: float, workers: int, seed: int) -> _Found:
        """Find the fewest blocking pairs, then place as many residents as that allows."""
        started = time.perf_counter()
        self.model.minimize(sum(self.blocks))
        solver = new_solver(time_limit_s, workers, seed)
        status, reason = status_of(solver, solver.solve(self.model))
        if status is Status.UNKNOWN:
            return _Found(status, reason)
        blocking = round(solver.objective_value)
        least = blocking if status is Status.OPTIMAL else int(np.ceil(solver.best_objective_bound - 1e-6))
        first = _Found(Status.FEASIBLE, StopReason.TIME_LIMIT, self._read(solver), blocking, max(0, least))
        left = time_limit_s - (time.perf_counter() - started)
        return (
            self._largest(first, solver, left, workers, seed)
            if status is Status.OPTIMAL and left > 0
            else first
        )

    def _largest(
        self, first: _Found, before: cp_model.CpSolver, time_limit_s: float, workers: int, seed: int
    ) -> _Found:
        literals = [*(x for taken in self.taken for x in taken), *self.blocks, *self.thresholds.values()]
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        add_hint(self.model, literals, [before.boolean_value(x) for x in literals])
        self.model.add(sum(self.blocks) <= first.blocking)
        self.model.maximize(sum(x for (_, hospital), at in self.at.items() if hospital >= 0 for x in at))
        solver = new_solver(time_limit_s, workers, seed)
        status, reason = status_of(solver, solver.solve(self.model))
        if status is Status.INFEASIBLE:
            raise RuntimeError("CP-SAT lost the matching it had found")
        bound = int(np.floor(solver.best_objective_bound + 1e-6))
        if status is Status.UNKNOWN:
            return _Found(Status.FEASIBLE, reason, first.choice, first.blocking, first.blocking_bound, bound)
        return _Found(status, reason, self._read(solver), first.blocking, first.blocking_bound, bound)

    def _read(self, solver: cp_model.CpSolver) -> Ints:
        values = [[solver.boolean_value(x) for x in taken] for taken in self.taken]
        return np.array([row.index(True) if True in row else -1 for row in values], dtype=np.int64)
