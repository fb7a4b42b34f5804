"""Stable: no option blocks if that is possible, else as few as possible, and then the best value.

Mechanism
    An option o of agent a *blocks* if a prefers it to what it has and at every resource of o there is room, or would be
    once holders of lower priority have left (exactly: `nichiiki_solver.stability`). CP-SAT chooses options x and says
    which block:

        block(o) ∨ ⋁ {x(o') : o' of a, rank(o') ≤ rank(o)} ∨ ⋁ {full(r, o) : r of o}        for each option o
        full(r, o)  ⇒  Σ amounts at r of holders whose priority is not lower than a's  ≥  capacity of r - amount + 1

    The sums leave out a itself, which would give up what it has. `full` is shared by all options of equal priority and
    amount (a threshold); where one unit is asked of a resource of one unit, it is the clause over the holders. First the
    number of blocking options is made as small as possible, then the levels of the objective as large as possible, one
    after the other. Equal priorities are ties and are not broken. Gates are decisions of the same model: what runs has
    its minimum. Minimum quotas are kept.
Properties
    A stable outcome if there is one: always with unit demand, not always with bundles, amounts or minimums. `facts`
    of the outcome says how many options block and how many must. Among stable outcomes that of the best value: not the
    best for every agent, not Pareto-efficient, not strategy-proof.
Complexity
    NP-hard: with couples whether a stable outcome exists (Ronn 1990), with ties the largest stable one (Manlove and
    others 2002). The model has a row for each distinct threshold.
Source
    Manlove, McBride and Trimble (2017), "Almost-stable" matchings in the hospitals/residents problem with couples,
    Constraints 22; thresholds: Delorme and others (2019), Mathematical models for stable matching problems with ties and
    incomplete lists, European Journal of Operational Research 277.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver import cp_sat
from nichiiki_solver.cp_sat import Answer, Floor
from nichiiki_solver.dual_prices import source_of
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.closing import plain_levels
from nichiiki_solver.policies.registry import PolicyCard, Settings
from nichiiki_solver.preferences import has_supply
from nichiiki_solver.ragged import Bools, Ints
from nichiiki_solver.stability import keeps_locks

MOST_OPTIONS = 100_000
"""Above so many options the model is not built."""


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
            raise UnsupportedMarketError(
                f"policy stable lists every option and takes at most {MOST_OPTIONS}; use deferred_acceptance"
            )
        if has_supply(market):
            raise UnsupportedMarketError("policy stable knows no options that supply a resource")
        return _Run(market, settings).outcome()


class _Run:
    """One run: the fewest blocking options first, then level after level."""

    def __init__(self, market: Market, settings: Settings) -> None:
        self.market, self.settings = market, settings
        self.started = time.perf_counter()

    @property
    def left_s(self) -> float:
        """Wall time left."""
        return self.settings.time_limit_s - (time.perf_counter() - self.started)

    def outcome(self) -> Outcome:
        """Solve, and put the outcome together."""
        found = self._fewest()
        choice = found.choice
        seconds = time.perf_counter() - self.started
        if choice is None or found.objective is None or found.bound is None:
            status = Status.INFEASIBLE if found.infeasible else Status.UNKNOWN
            return Outcome(self.market, None, status, self._reason(found), (), seconds)
        most = -found.objective
        choice = self._best_value(choice, most)
        facts = {"blocking": most, "blocking_at_least": max(0, -found.bound)}
        seconds = time.perf_counter() - self.started
        return Outcome(
            self.market,
            choice,
            Status.FEASIBLE,
            self._reason(found),
            plain_levels(self.market, choice),
            seconds,
            facts=facts,
        )

    def _reason(self, found: Answer) -> StopReason:
        if self.settings.should_stop():
            return StopReason.INTERRUPTED
        proven = found.infeasible or (found.objective is not None and found.objective == found.bound)
        return StopReason.PROCEDURE_ENDED if proven else StopReason.TIME_LIMIT

    def _fewest(self) -> Answer:
        """Find the fewest blocking options; that there is no choice at all is confirmed without presolve."""
        found = Answer(None, None, None)
        for presolve in (True, False):
            model = _Model(self.market)
            model.model.maximize(-cp_model.LinearExpr.sum(model.blocking))
            found = self._solve(model, None, presolve=presolve)
            if not found.infeasible:
                break
        return found

    def _best_value(self, choice: Ints, most: int) -> Ints:
        """Raise the levels one after the other without more blocking options."""
        floors: tuple[Floor, ...] = ()
        for weights in self.market.utility:
            if self.left_s <= 0 or self.settings.should_stop():
                break
            model = _Model(self.market, floors, hint=choice)
            cp_sat.add_row(model.model, model.blocking, [1] * len(model.blocking), most)
            model.model.maximize(cp_model.LinearExpr.weighted_sum(model.options, weights.tolist()))
            found = self._solve(model, weights)
            choice = choice if found.choice is None else found.choice
            floors = (*floors, Floor(weights, int(weights[choice[choice >= 0]].sum())))
        return choice

    def _solve(self, model: _Model, weights: Ints | None, *, presolve: bool = True) -> Answer:
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


@dataclass(frozen=True)
class _At:
    """Entries at one resource, as far as they take or supply something."""

    option: Ints
    agent: Ints
    amount: Ints
    points: Ints
    gate: Bools


class _Model:
    """The model: a variable for each option, and one for each option that may block."""

    def __init__(self, market: Market, floors: tuple[Floor, ...] = (), hint: Ints | None = None) -> None:
        self.market = market
        self.model, self.options = cp_sat.build_model(market, floors, hint=hint)
        self.blocking: list[cp_model.IntVar] = []
        self._points = source_of(market).priorities(market)
        self._at: dict[int, _At] = {}
        self._by_resource = np.argsort(market.resource, kind="stable")
        self._ends = np.searchsorted(market.resource[self._by_resource], np.arange(len(market.capacity) + 1))
        self._full: dict[tuple[int, int, int, int], cp_model.IntVar | None] = {}
        may = keeps_locks(market) & ~market.gate[market.agent]
        for option in np.flatnonzero(may).tolist():
            self._add_option(option)

    def _add_option(self, option: int) -> None:
        """Add the clause that says when an option blocks."""
        market = self.market
        entries = np.arange(market.offsets[option], market.offsets[option + 1])
        full = []
        for entry in entries[market.amount[entries] > 0].tolist():
            if not self._can_ever_fit(entry):
                return
            known = self._full_for(option, entry)
            full += [] if known is None else [known]
        order, offsets = market.by_agent
        agent = int(market.agent[option])
        mine = order[offsets[agent] : offsets[agent + 1]]
        as_good = mine[market.rank[mine] <= market.rank[option]].tolist()
        blocks = self.model.new_bool_var("")
        self.model.add_bool_or([blocks, *(self.options[other] for other in as_good), *full])
        self.blocking.append(blocks)

    def _at_resource(self, resource: int) -> _At:
        if resource not in self._at:
            market = self.market
            entries = self._by_resource[self._ends[resource] : self._ends[resource + 1]]
            option = market.entry_option[entries]
            agent = market.agent[option]
            self._at[resource] = _At(
                option, agent, market.amount[entries], self._points[entries], market.gate[agent]
            )
        return self._at[resource]

    def _can_ever_fit(self, entry: int) -> bool:
        """Whether a resource with all its gates open is large enough for an entry."""
        at = self._at_resource(int(self.market.resource[entry]))
        supplied = -int(at.amount[at.gate].sum())
        return (
            int(self.market.amount[entry])
            <= int(self.market.capacity[self.market.resource[entry]]) + supplied
        )

    def _full_for(self, option: int, entry: int) -> cp_model.IntVar | None:
        """Variable that may be true only if there is no room for an entry; None if there always is."""
        resource, amount = int(self.market.resource[entry]), int(self.market.amount[entry])
        agent, points = int(self.market.agent[option]), int(self._points[entry])
        at = self._at_resource(resource)
        own = at.agent == agent
        worse = own & (self.market.rank[at.option] > self.market.rank[option])
        key = resource, amount, points, agent if worse.any() else -1
        if key not in self._full:
            staying = at.gate | (at.points >= points)
            staying &= ~own if worse.any() else True
            need = int(self.market.capacity[resource]) - amount + 1
            self._full[key] = self._threshold(at.option[staying], at.amount[staying], need)
        return self._full[key]

    def _threshold(self, options: Ints, amounts: Ints, need: int) -> cp_model.IntVar | None:
        """Variable that implies Σ amounts of taken options ≥ need."""
        if int(np.maximum(amounts, 0).sum()) < need:
            return None
        full = self.model.new_bool_var("")
        taken = [self.options[option] for option in options.tolist()]
        if need == 1 and (amounts > 0).all():
            self.model.add_bool_or([full.negated(), *taken])
            return full
        slack = int(np.minimum(amounts, 0).sum())
        cp_sat.add_row(self.model, [full, *taken], [need - slack, *(-amounts).tolist()], -slack)
        return full
