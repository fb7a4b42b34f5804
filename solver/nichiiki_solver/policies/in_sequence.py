"""Optima found in sequence: criteria solved one after the other by an exact engine, each with its own bound.

The criteria of a fairness policy come first; the market's own levels and the public tie-break then choose among what is left,
so that the answer is one and the same on every machine where every step is proven.
"""

from __future__ import annotations

import time

from nichiiki_models.allocation import LevelResult, Status, StopReason
from nichiiki_solver import cp_sat, mip
from nichiiki_solver.cp_sat import Answer, Floor, sound
from nichiiki_solver.market import Market, Outcome, Whole
from nichiiki_solver.policies.drawing import stopper, values_of, without_choice
from nichiiki_solver.policies.points import first_answer
from nichiiki_solver.policies.registry import Progress, Settings
from nichiiki_solver.policies.welfare import SMALL
from nichiiki_solver.ragged import Bools, Ints
from nichiiki_solver.solving import in_terms_of
from nichiiki_solver.tie_break import settle


class Sequence:
    """A run of criteria over a listed market.

    Attributes
    ----------
    choice
        The best answer so far, None before the first one.
    criteria
        What is known of each criterion that a policy put: value, bound, name. After an unproven one no bound is known.
    """

    def __init__(self, market: Market, settings: Settings) -> None:
        self.market, self.settings = market, settings
        self.started = time.perf_counter()
        self.should_stop = stopper(settings, self.started)
        self.floors: list[Floor] = []
        self.criteria: list[LevelResult] = []
        self.choice = self._first_answer() if market.n_options > SMALL else None
        self.infeasible = False
        self.unique = False

    def _first_answer(self) -> Ints | None:
        """Return what the clerk's procedure chooses, as a net for searches that time ends without an answer."""
        outcome = first_answer(self.market, self.settings.seed, self.should_stop)
        return None if outcome is None else in_terms_of(self.market, outcome).choice

    @property
    def proven(self) -> bool:
        """Whether everything so far is proven."""
        return all(each.proven for each in self.criteria)

    @property
    def households(self) -> Bools:
        """Mask of the options of agents that are no gates."""
        return ~self.market.gate[self.market.agent]

    def value(self, weights: Ints) -> int | None:
        """Value of the answer so far."""
        return None if self.choice is None else int(weights[self.choice[self.choice >= 0]].sum())

    def maximise(self, name: str, weights: Ints, *, most: int | None = None, constant: int = 0) -> int | None:
        """Maximise a criterion, the earlier ones kept.

        Parameters
        ----------
        name
            Name of the criterion.
        weights
            Gain of each option.
        most
            A value known to be the largest possible; an answer at hand that has it is proven without a search.
        constant
            What is added to the stated value and bound.

        Returns
        -------
        int or None
            The value reached (without the constant), which later criteria keep; None if no answer is known.
        """
        value, bound = self.value(weights), most
        if value is None or value != most:
            late = value is not None and self.should_stop()
            answer = Answer(None, None, None) if late else self._solve(weights, tuple(self.floors))
            self.infeasible = answer.infeasible and self.choice is None
            if self._is_better(answer, value):
                self.choice = answer.choice
            value, bound = self.value(weights), answer.bound
        if value is None:
            return None
        self._note(name, value, bound, constant)
        self.floors.append(Floor(weights, value))
        return value

    def _is_better(self, answer: Answer, value: int | None) -> bool:
        """Whether an answer is at least as good as the one at hand and keeps the earlier criteria, in whole numbers."""
        if answer.choice is None or (value is not None and (answer.objective or 0) < value):
            return False
        taken = answer.choice[answer.choice >= 0]
        return all(int(floor.weights[taken].sum()) >= floor.least for floor in self.floors)

    def _note(self, name: str, value: int, bound: int | None, constant: int) -> None:
        proven = sound(bound, value) if self.proven else None
        limit = None if proven is None else proven + constant
        self.criteria.append(LevelResult(name=name, objective=value + constant, bound=limit))
        self.settings.progress(Progress(name, value + constant, limit, time.perf_counter() - self.started))

    def _solve(self, weights: Ints, floors: tuple[Floor, ...]) -> Answer:
        """Search with CP-SAT where the market is small, else with HiGHS; infeasible is never believed of one run."""
        left_s = max(0.05, self.settings.time_limit_s - (time.perf_counter() - self.started))
        if self.market.n_options > SMALL:
            answer = mip.solve_level(
                self.market,
                weights,
                floors=floors,
                time_limit_s=left_s,
                relative_gap=self.settings.relative_gap,
                should_stop=self.should_stop,
            )
            return self._by_cp_sat(weights, floors, left_s, presolve=True) if answer.infeasible else answer
        answer = self._by_cp_sat(weights, floors, left_s, presolve=True)
        return self._by_cp_sat(weights, floors, left_s, presolve=False) if answer.infeasible else answer

    def _by_cp_sat(
        self, weights: Ints, floors: tuple[Floor, ...], left_s: float, *, presolve: bool
    ) -> Answer:
        return cp_sat.solve_level(
            self.market,
            weights,
            floors=floors,
            hint=self.choice,
            time_limit_s=left_s,
            relative_gap=self.settings.relative_gap,
            workers=self.settings.workers,
            seed=self.settings.seed,
            presolve=presolve,
            should_stop=self.should_stop,
        )

    def outcome(self) -> Outcome:
        """Choose among what is left by the market's levels and the tie-break, and put the outcome together."""
        if self.choice is None:
            status = Status.INFEASIBLE if self.infeasible else Status.UNKNOWN
            reason = StopReason.PROVEN if self.infeasible else self._why()
            return without_choice(self.market, status, reason, self.started)
        stated, reason = tuple(self.criteria), StopReason.PROVEN if self.proven else self._why()
        self._settle()
        levels = values_of(self.market, self.choice)
        seconds = time.perf_counter() - self.started
        return Outcome(
            self.market,
            self.choice,
            Status.FEASIBLE,
            reason,
            levels,
            seconds,
            criteria=stated,
            unique=self.unique,
        )

    def _settle(self) -> None:
        if self.should_stop():
            return
        for name, weights in zip(self.market.levels, self.market.utility, strict=True):
            self.maximise(name, weights)
        if self.proven and (self.settings.official or self.market.n_options <= SMALL):
            self._break_ties()

    def _break_ties(self) -> None:
        def search(_market: Market, weights: Ints, floors: tuple[Floor, ...]) -> Answer:
            return Answer(None, None, None) if self.should_stop() else self._solve(weights, floors)

        settled = settle(Whole(self.market), tuple(self.floors), self.settings.seed, search)
        if settled.choice is not None:
            self.choice = settled.choice
        self.unique = settled.unique

    def _why(self) -> StopReason:
        if self.settings.should_stop():
            return StopReason.INTERRUPTED
        return StopReason.TIME_LIMIT if self.should_stop() else StopReason.GAP_REACHED
