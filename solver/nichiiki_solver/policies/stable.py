"""Stable: no option blocks if that is possible, else as few as possible, and then the best value.

Mechanism
    An option o of agent a *blocks* if a prefers it to what it has and at every resource of o there is room, or would be
    once holders of lower priority have left (exactly: `nichiiki_solver.stability`).

    1. Deferred acceptance, with up to `STARTS` ways to break equal priorities, gives a first answer: the one that the fewest
       options block, the best value among equals. Where none blocks, that is proven to be the fewest there can be.
    2. Else CP-SAT, which starts from that answer, makes the number of blocking options as small as possible; when
       time is up the smallest number found stands beside the bound that no answer can pass.
    3. The levels of the objective are raised as far as possible, one after the other, without more blocking options.

    The model (`nichiiki_solver.policies.stable_model`) chooses options x and says which block. Equal priorities are ties
    and are not broken. Gates are decisions of the same model: what runs has its minimum. Minimum quotas are kept.
Properties
    A stable outcome if there is one: always with unit demand, not always with bundles, amounts or minimums. `facts`
    of the outcome says how many options block, how many at least must (`blocking_at_least`), and what the first level
    is worth at most with as many (`value_at_most`). Among stable outcomes that of the best value: not the
    best for every agent, not Pareto-efficient, not strategy-proof.
Complexity
    NP-hard: with couples whether a stable outcome exists (Ronn 1990), with ties the largest stable one (Manlove and
    others 2002). The model has one literal for each agent and amount at each resource that can be full.
Source
    Manlove, McBride and Trimble (2017), "Almost-stable" matchings in the hospitals/residents problem with couples,
    Constraints 22; thresholds: Delorme and others (2019), Mathematical models for stable matching problems with ties and
    incomplete lists, European Journal of Operational Research 277.
"""

from __future__ import annotations

import time
from dataclasses import replace

from ortools.sat.python import cp_model

from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver import cp_sat
from nichiiki_solver.cp_sat import Answer, Floor
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.closing import plain_levels
from nichiiki_solver.policies.deferred_acceptance import DeferredAcceptance
from nichiiki_solver.policies.registry import PolicyCard, Progress, Settings
from nichiiki_solver.policies.stable_model import StableModel
from nichiiki_solver.preferences import has_supply
from nichiiki_solver.ragged import Ints
from nichiiki_solver.solving import in_terms_of
from nichiiki_solver.stability import blocking_options

MOST_OPTIONS = 100_000
"""Above so many options the model is not built."""
STARTS = 5
"""Seeds of deferred acceptance that are tried for a first answer."""
START_SHARE = 0.2
"""Part of the time after which no further seed is tried."""


class Stable:
    """Fewest blocking options; see the module's text."""

    card = PolicyCard(
        name="stable",
        strategy_proof="never",
        stable="if_unit_demand",
        efficient="never",
        deterministic=False,
        optimises=False,
        supports=("bundles", "ties", "must", "closing", "minimum_quotas", "priorities"),
        reference="Manlove, McBride and Trimble (2017), Constraints 22",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Search for the fewest blocking options; see `Outcome` for what comes back."""
        if not market.complete or market.n_options > MOST_OPTIONS:
            raise UnsupportedMarketError.of(
                "policy_too_many", argument="policy", value="stable", most=f"{MOST_OPTIONS:,}"
            )
        if has_supply(market):
            raise UnsupportedMarketError.of("policy_no_supply", argument="policy", value="stable")
        return _Run(market, settings).outcome()


class _Run:
    """One run: the fewest blocking options first, then level after level."""

    def __init__(self, market: Market, settings: Settings) -> None:
        self.market, self.settings = market, settings
        self.started = time.perf_counter()
        self.building_s = 0.0
        """What the first answer took: about what building a model takes, as both go through all options."""

    @property
    def seconds(self) -> float:
        """Wall time so far."""
        return time.perf_counter() - self.started

    @property
    def left_s(self) -> float:
        """Wall time left."""
        return self.settings.time_limit_s - self.seconds

    def outcome(self) -> Outcome:
        """Solve, and put the outcome together."""
        first = self._first_answer()
        self.building_s = self.seconds
        found = self._fewest(first)
        choice = found.choice
        if choice is None or found.objective is None or found.bound is None:
            status = Status.INFEASIBLE if found.infeasible else Status.UNKNOWN
            return Outcome(self.market, None, status, self._reason(found), (), self.seconds)
        most = -found.objective
        facts = {"blocking": most, "blocking_at_least": max(0, -found.bound)}
        self._tell("blocking", *facts.values())
        choice, bounds = self._best_value(choice, most)
        levels = plain_levels(self.market, choice)
        ended = bounds == [level.objective for level in levels]
        reason = self._reason(found) if ended else self._stopped()
        facts |= {"value_at_most": bounds[0]} if bounds and bounds[0] is not None else {}
        return Outcome(self.market, choice, Status.FEASIBLE, reason, levels, self.seconds, facts=facts)

    def _tell(self, level: str, value: int, bound: int | None) -> None:
        self.settings.progress(Progress(level, value, bound, self.seconds))

    def _reason(self, found: Answer) -> StopReason:
        proven = found.infeasible or (found.objective is not None and found.objective == found.bound)
        return StopReason.PROCEDURE_ENDED if proven else self._stopped()

    def _stopped(self) -> StopReason:
        return StopReason.INTERRUPTED if self.settings.should_stop() else StopReason.TIME_LIMIT

    def _first_answer(self) -> Answer:
        """Return the best of some outcomes of deferred acceptance; empty where it makes no promise."""
        best: tuple[tuple[int, ...], Ints] | None = None
        for seed in range(self.settings.seed, self.settings.seed + STARTS):
            if self.seconds > START_SHARE * self.settings.time_limit_s or self.settings.should_stop():
                break
            choice = first_choice(self.market, replace(self.settings, seed=seed, time_limit_s=self.left_s))
            if choice is None:
                break
            blocking = len(blocking_options(self.market, choice))
            key = (-blocking, *self.market.objectives(choice).tolist())
            best = max([(key, choice), *([] if best is None else [best])], key=lambda each: each[0])
        if best is None:
            return Answer(None, None, None)
        return Answer(best[1], best[0][0], 0)

    def _fewest(self, first: Answer) -> Answer:
        """Find the fewest blocking options; that there is no choice at all is confirmed without presolve."""
        found = first
        if first.objective == 0:
            return first
        for presolve in (True, False):
            model = StableModel(self.market, hint=first.choice)
            model.model.maximize(-cp_model.LinearExpr.sum(model.blocking))
            found = self._solve(model, None, presolve=presolve)
            if not found.infeasible:
                break
        if found.choice is None and first.choice is not None:
            return first
        return found

    def _best_value(self, choice: Ints, most: int) -> tuple[Ints, list[int | None]]:
        """Raise the levels one after the other without more blocking options; return the bound of each, too."""
        floors: tuple[Floor, ...] = ()
        bounds: list[int | None] = []
        for name, weights in zip(self.market.levels, self.market.utility, strict=True):
            if self.left_s <= self.building_s or self.settings.should_stop():
                break
            model = StableModel(self.market, floors, hint=choice, most=most)
            model.model.maximize(cp_model.LinearExpr.weighted_sum(model.options, weights.tolist()))
            found = self._solve(model, weights)
            choice = choice if found.choice is None else found.choice
            value = int(weights[choice[choice >= 0]].sum())
            self._tell(name, value, found.bound)
            bounds.append(found.bound)
            floors = (*floors, Floor(weights, value))
        return choice, bounds

    def _solve(self, model: StableModel, weights: Ints | None, *, presolve: bool = True) -> Answer:
        return cp_sat.solve_model(
            model.model,
            model.options,
            self.market,
            weights,
            time_limit_s=max(0.05, self.left_s),
            workers=self.settings.workers,
            seed=self.settings.seed,
            presolve=presolve,
            should_stop=self.settings.should_stop,
        )


def first_choice(market: Market, settings: Settings) -> Ints | None:
    """Return what deferred acceptance chooses, as options of the listed market; None where it makes no promise."""
    try:
        outcome = DeferredAcceptance().solve(market, settings)
    except UnsupportedMarketError:
        return None
    return in_terms_of(market, outcome).choice
