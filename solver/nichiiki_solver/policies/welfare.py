"""Welfare: the optimum of the objective's levels, one after the other, with a proven gap.

Mechanism
    Dual prices of the shared resources give a bound over all bundles (`dual_prices`). An exact search over the bundles
    met on the way gives an answer. Every bundle whose value at the prices falls short of its household's best by more
    than bound - answer can be in no better allocation, so an exact search over the others proves the optimum. Later
    levels, and the tie-break, are solved over the same bundles with the earlier levels fixed.
Properties
    Maximises the stated objective; Pareto-efficient where utility is the only term and weights are positive. Not
    strategy-proof and not stable in general.
Complexity
    NP-hard (generalised assignment is a special case); the bound costs one linear program over few columns a round.
Source
    Geoffrion (1974), Lagrangean relaxation for integer programming; Lübbecke and Desrosiers (2005), Selected topics in
    column generation; reduced-cost fixing as in Posta, Ferland and Michelon (2012).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nichiiki_models.allocation import LevelResult, Status, StopReason
from nichiiki_solver.cp_sat import Answer, Floor, solve_level
from nichiiki_solver.dual_prices import SCALE, Priced, find_prices, gains, source_of
from nichiiki_solver.market import NO_VALUE, Market, Outcome
from nichiiki_solver.policies.registry import Progress, Settings
from nichiiki_solver.ragged import Ints

MOST_OPTIONS = 400_000
"""Most options that one exact search gets."""
SMALL = 3_000
"""Up to so many options all of them go to the exact search at once: pricing would cost more than it saves."""
TIE_WEIGHTS = 1 << 16


class Welfare:
    """The optimum policy; see the module's text."""

    supports = ("bundles", "ties", "minimum quotas", "must")

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Maximise the levels in order; see `Outcome` for what comes back."""
        run = _Run(market, settings)
        listed = run.candidates()
        if listed is None:
            return run.outcome(Status.UNKNOWN)
        for level in range(len(market.levels)):
            answer = run.solve_level(listed, level)
            if answer.infeasible:
                return run.outcome(Status.INFEASIBLE)
            if answer.choice is None:
                break
        if run.proven:
            run.break_ties(listed)
        return run.outcome(run.status())


@dataclass
class _Run:
    """One run: what is known so far, and the clock."""

    market: Market
    settings: Settings

    def __post_init__(self) -> None:
        self.started = time.perf_counter()
        self.columns = self.market
        self.choice: Ints | None = None
        self.levels: list[LevelResult] = []
        self.first_bound: int | None = None
        self.complete = True
        self.answer: Answer | None = None

    @property
    def seconds(self) -> float:
        """Wall time so far."""
        return time.perf_counter() - self.started

    @property
    def left_s(self) -> float:
        """Wall time left."""
        return self.settings.time_limit_s - self.seconds

    @property
    def proven(self) -> bool:
        """Whether every level is proven."""
        return len(self.levels) == len(self.market.levels) and all(level.proven for level in self.levels)

    def should_stop(self) -> bool:
        """Whether time is up or somebody asked to stop."""
        return self.left_s <= 0 or self.settings.should_stop()

    def report(self, level: str) -> Callable[[int | None, int | None], None]:
        """Return what passes progress of a level on."""
        return lambda value, bound: self.settings.progress(Progress(level, value, bound, self.seconds))

    def candidates(self) -> Market | None:
        """List the options that may be part of an optimum: all of a small market, else those that prices leave."""
        if self.market.complete and self.market.n_options <= SMALL:
            return self.market
        weights = np.zeros(len(self.market.levels), dtype=np.int64)
        weights[0] = 1
        priced = find_prices(self.market, weights, self.should_stop)
        self.first_bound = priced.bound
        self.report(self.market.levels[0])(None, priced.bound)
        start = self._search(priced.columns, 0, share=0.3)
        if start.choice is None:
            return self._without_start(priced)
        self.answer = start
        found = self._near_optimal(priced, weights, start.objective or 0)
        if found is None:
            self.complete = False
            self.choice, self.columns = start.choice, priced.columns
            return priced.columns
        return found

    def _near_optimal(self, priced: Priced, weights: Ints, value: int) -> Market | None:
        """List every option that an allocation at least as good as `value` may use."""
        slack = priced.total - SCALE * value
        least = gains(self.market, priced.values) - slack
        return source_of(self.market).within(weights * SCALE, priced.prices, least, MOST_OPTIONS)

    def _without_start(self, priced: Priced) -> Market | None:
        """No answer over the columns met: list everything if it is not too much."""
        everything = np.full(self.market.n_agents, NO_VALUE, dtype=np.int64)
        weights = np.zeros(len(self.market.levels), dtype=np.int64)
        return source_of(self.market).within(weights, priced.prices * 0, everything, MOST_OPTIONS)

    def _search(self, listed: Market, level: int, *, share: float = 1.0) -> Answer:
        """Search exactly over listed options for the best value of a level, the earlier ones kept."""
        floors = tuple(Floor(listed.utility[k], result.objective or 0) for k, result in enumerate(self.levels[:level]))
        return solve_level(
            listed,
            listed.utility[level],
            floors=floors,
            hint=self._hint(listed),
            time_limit_s=max(0.05, share * self.left_s),
            relative_gap=self.settings.relative_gap,
            workers=self.settings.workers,
            seed=self.settings.seed,
            report=self.report(self.market.levels[level]),
            should_stop=self.should_stop,
        )

    def _hint(self, listed: Market) -> Ints | None:
        return self.choice if self.choice is not None and self.columns is listed else None

    def solve_level(self, listed: Market, level: int) -> Answer:
        """Solve one level and note its result."""
        answer = self._search(listed, level)
        if answer.infeasible:
            return self._confirm_infeasible(listed, level)
        if answer.choice is None:
            if level == 0 and self.choice is not None:
                self._note(listed, level, None)
            return answer
        self.choice, self.columns = answer.choice, listed
        self._note(listed, level, answer.bound)
        return answer

    def _note(self, listed: Market, level: int, bound: int | None) -> None:
        """Add a level's result; its bound holds over all options only if what was left out cannot be better."""
        value = int(listed.objectives(self.choice)[level]) if self.choice is not None else None
        if level and not all(result.proven for result in self.levels):
            bound = None
        elif level == 0 and self.first_bound is not None:
            bound = self.first_bound if bound is None or not self.complete else min(bound, self.first_bound)
        self.levels.append(LevelResult(name=self.market.levels[level], objective=value, bound=bound))

    def _confirm_infeasible(self, listed: Market, level: int) -> Answer:
        """Never report infeasible from one run only."""
        again = solve_level(
            listed, listed.utility[level], time_limit_s=max(1.0, self.left_s), workers=self.settings.workers, presolve=False
        )
        return again

    def break_ties(self, listed: Market) -> None:
        """Among all optimal answers take the one with the largest sum of public hash weights."""
        floors = tuple(Floor(listed.utility[k], level.objective or 0) for k, level in enumerate(self.levels))
        answer = solve_level(
            listed,
            tie_weights(listed, self.settings.seed),
            floors=floors,
            hint=self.choice,
            time_limit_s=max(0.05, self.left_s),
            workers=self.settings.workers,
            seed=self.settings.seed,
            should_stop=self.should_stop,
        )
        self.unique = answer.choice is not None and answer.objective == answer.bound
        if answer.choice is not None:
            self.choice = answer.choice

    def status(self) -> Status:
        """How the run ended."""
        if self.choice is None:
            return Status.UNKNOWN
        return Status.OPTIMAL if self.proven else Status.FEASIBLE

    def outcome(self, status: Status) -> Outcome:
        """Put the outcome together."""
        if status in (Status.OPTIMAL, Status.INFEASIBLE):
            reason = StopReason.PROVEN
        elif self.settings.should_stop():
            reason = StopReason.INTERRUPTED
        else:
            reason = StopReason.TIME_LIMIT if self.left_s <= 0 else StopReason.GAP_REACHED
        choice = None if status in (Status.INFEASIBLE, Status.UNKNOWN) else self.choice
        return Outcome(self.columns, choice, status, reason, tuple(self.levels), self.seconds)


def tie_weights(market: Market, seed: int) -> Ints:
    """Public weights of options: hashes of seed, agent and what the option uses, so that no order of rows matters."""
    weights = np.empty(market.n_options, dtype=np.int64)
    text = np.char.add(np.char.add(market.resource.astype(str), ":"), market.amount.astype(str)) if len(market.resource) else np.zeros(0, "U1")
    for option in range(market.n_options):
        use = ",".join(text[market.offsets[option] : market.offsets[option + 1]].tolist())
        digest = hashlib.sha256(f"{seed}|{market.agent[option]}|{use}".encode()).digest()
        weights[option] = 1 + int.from_bytes(digest[:4]) % TIE_WEIGHTS
    return weights


