"""Welfare: the optimum of the objective's levels, one after the other, with a proven gap.

Mechanism
    A small market goes to CP-SAT whole; a plain one of one level only for a while, then to HiGHS and SCIP side by side (`race`),
    or with one worker to HiGHS in growing rings around dual prices (`rings`). A larger one in which
    options take single units (`assignment`) is a cheapest flow, if one level is asked for and no official answer. Otherwise dual
    prices of the shared resources give a bound over all bundles (`dual_prices`), and a first answer: every household takes what
    is best for it at the prices (`holding`). Towns are searched exactly, for a better answer (`from_towns`) and for a lower bound
    (`by_towns`). Of a nation not everything is looked at, but everything is in the bound (`widening`). Blocks of households are
    then placed anew (`neighbourhoods`). Stays and options whose value at the prices
    falls short of their household's best by more than bound - answer are in no better allocation; if the others are few enough,
    an exact search (HiGHS) over them proves the optimum or reports the gap. Later levels are solved over the same candidates with
    the earlier levels kept. Among the optima the public tie-break chooses (`tie_break`): always in a small market and where
    one engine is named, else where an official answer is asked for.
Properties
    Maximises the stated objective; Pareto-efficient where utility is the only term and weights are positive. Not
    strategy-proof and not stable in general.
Complexity
    NP-hard (generalised assignment is a special case); the bound costs a pass over the menu a round, and in small markets a
    linear program over few columns.
Source
    Geoffrion (1974), Lagrangean relaxation for integer programming; Lübbecke and Desrosiers (2005), Selected topics in
    column generation; reduced-cost fixing as in Posta, Ferland and Michelon (2012), An exact method with variable fixing
    for solving the generalized assignment problem.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nichiiki_models.allocation import LevelResult, Status, StopReason
from nichiiki_solver import assignment, cp_sat, mip, race, rings, scip
from nichiiki_solver.asking import ask_everyone
from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.by_towns import ByTowns
from nichiiki_solver.cp_sat import Answer, Floor, Report, is_near, sound, unreported
from nichiiki_solver.dual_prices import (
    SCALE,
    Priced,
    best_of_each,
    can_be_priced,
    find_tight_prices,
    free_bound,
    gains,
    listed_prices,
    source_of,
)
from nichiiki_solver.factored import Factored, build_factored
from nichiiki_solver.from_towns import held_by_towns
from nichiiki_solver.holding import Held, filled, held_at_once, held_by_prices
from nichiiki_solver.known_prices import Prices, Proven
from nichiiki_solver.market import NO_VALUE, Factoring, Market, Outcome, Whole, in_largest_units
from nichiiki_solver.policies.neighbourhoods import Neighbourhoods
from nichiiki_solver.policies.points import first_answer
from nichiiki_solver.policies.registry import PolicyCard, Progress, Settings
from nichiiki_solver.ragged import Ints
from nichiiki_solver.tie_break import settle

SMALL = 3_000
"""Up to so many listed options CP-SAT gets the market whole, and up to so many stays and options HiGHS: pricing would cost more
than it saves."""
START_SHARE, START_S = 0.15, 20.0
"""The first answer may take this share of the time, and at most so many seconds."""
CP_SAT_SHARE = 0.1
"""Share of the time after which CP-SAT leaves a plain market, if it has no proof, to HiGHS and SCIP or to the rings."""
AT_ONCE_SHARE = 0.03
"""Share of the time for a first answer where the procedure would take too long."""
PROCEDURE_SHARE, PRICING_SHARE = 0.2, 0.5
"""Shares of the time after which the procedure, and the pricing, make way for the search."""
WHOLE_AT_ONCE = 25_000
"""Up to so many stays and options HiGHS gets them without blocks of households first."""
MOST_PIECES = 100_000
"""Most stays and options in an exact search; with more, blocks of households are placed anew until the time is over."""
MOST_REPRICED = 50_000
"""Most options met during pricing for which the prices of the market's own resources are worked out and kept."""
PROCEDURE_AGENTS = 2_000
"""Up to so many agents the clerk's procedure gives the first answer (about a millisecond a household)."""
TOWN_ROUNDS, TOWNS_SHARE = 8, 0.6
"""Rounds of the search of towns for a bound, and the share of the time after which no further one begins."""
TOWN_S, TOWN_SHARE = 8.0, 0.09
"""Most seconds for a town for a bound, and the most as a share of the time."""
ANSWER_S, ANSWER_SHARE = 5.0, 0.08
"""The same for an answer."""
BLOCKS_SHARE, PATIENCE = 0.7, 6
"""Share of the time for blocks before an exact search; it begins at once when so many rounds in a row are no better."""
AGENTS_A_BLOCK, MOST_A_ROUND = 300, 32
"""Agents for each block of a round, and most blocks of one."""
LAST_SHARE, LAST_PATIENCE = 0.95, 200
"""The same where no exact search over everything can follow."""


@dataclass(frozen=True)
class Near:
    """How near the best at the prices stays are that towns are searched among, as a share of what households usually gain.

    Attributes
    ----------
    share
        The share.
    most
        Stays of a town beyond which it is searched by groups of its houses.
    """

    share: float
    most: int


FURTHER_AGENTS, FURTHER_SHARE, AGENTS_A_SECOND = 20_000, 0.35, 400
"""Up to so many agents towns are searched for an answer among more stays, if at so many agents a second it takes no larger share of
the time; with more of them blocks find as much in half of the time."""
NEAREST, FURTHER = Near(0.05, 2_000), Near(0.2, 8_000)


class Welfare:
    """The optimum policy; see the module's text."""

    card = PolicyCard(
        name="welfare",
        strategy_proof="never",
        stable="never",
        efficient="never",
        deterministic=False,
        optimises=True,
        supports=("bundles", "ties", "must", "closing", "minimum_quotas"),
        reference="Geoffrion (1974), Mathematical Programming Study 2",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Maximise the levels in order; see `Outcome` for what comes back."""
        if market.source is None:
            market = in_largest_units(market)
            settings = replace(settings, hint=settings.hint and (market, settings.hint[1]))
        run = _Run(market, settings)
        run.begin_with_hint()
        if settings.engine != "auto":
            whole = source_of(market).everything()
            run.solve_levels(whole, run.by_engine)
            run.break_ties(whole, run.by_engine)
        elif run.is_plain():
            run.solve_levels(Whole(market), run.by_rings)
            if settings.official or market.n_options <= SMALL:
                run.break_ties(Whole(market), run.by_cp_sat if market.n_options <= SMALL else run.by_highs)
        elif market.complete and (market.n_options <= SMALL or not can_be_priced(market)):
            run.solve_levels(Whole(market), run.by_cp_sat)
            run.break_ties(Whole(market), run.by_cp_sat)
        elif run.is_flow():
            run.solve_levels(Whole(market), run.by_flow)
        elif not run.narrowed and (small := run.small_whole()) is not None:
            run.solve_levels(small, run.by_highs)
            if settings.official:
                run.break_ties(small, run.by_highs)
        else:
            run.solve_levels(run.candidates(), run.among_candidates)
            if settings.official:
                run.break_ties(run.optimal_candidates(), run.by_highs)
        return run.outcome()


Engine = Callable[[Market, Ints, tuple[Floor, ...], Report], Answer]


class _Run:
    """One run: what is known so far, and the clock."""

    def __init__(self, market: Market, settings: Settings) -> None:
        self.market, self.settings = market, settings
        self.started = time.perf_counter()
        self.columns, self.choice = market, None
        self.levels: list[LevelResult] = []
        self.bound: int | None = None if self.known is None else self.known.bound
        self.infeasible = False
        self.partial = self.narrowed
        self.unique = False
        self.relative_gap = settings.relative_gap
        self.priced: Priced | None = None
        self.hint: Ints | None = None

    columns: Market
    choice: Ints | None

    @property
    def known(self) -> Proven | None:
        """What is known about all bundles, where some were left out of the market; None where none were."""
        source = self.market.source
        return source.proven if isinstance(source, BundleSource) else None

    @property
    def narrowed(self) -> bool:
        """Whether bundles were left out of the market, so that what is found in it says nothing about them."""
        return self.known is not None

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

    def _of_level(self, level: int) -> Ints:
        """Weights that count one level alone."""
        return np.asarray(np.eye(len(self.market.levels), dtype=np.int64)[level])

    def report(self, level: int, value: int | None, bound: int | None) -> None:
        """Pass progress of a level on; the bound is never worse than what is known."""
        if level == 0 and self.bound is not None:
            bound = self.bound if bound is None else min(bound, self.bound)
        self.settings.progress(Progress(self.market.levels[level], value, bound, self.seconds))

    # Engines

    def by_cp_sat(
        self,
        market: Market,
        weights: Ints,
        floors: tuple[Floor, ...],
        report: Report,
        *,
        start_s: float | None = None,
    ) -> Answer:
        """Search a level with CP-SAT; an infeasible answer is confirmed without its presolve.

        With `start_s` the market holds only some of the options: the search may take so many seconds, and its bound says
        nothing about the others.
        """
        found = Answer(None, None, None)
        for presolve in (True, False):
            found = cp_sat.solve_level(
                market,
                weights,
                floors=floors,
                hint=self.hint,
                time_limit_s=max(0.05, self.left_s if start_s is None else start_s),
                relative_gap=self.relative_gap,
                workers=self.settings.workers,
                seed=self.settings.seed,
                presolve=presolve,
                report=lambda value, bound: report(value, bound if start_s is None else None),
                answers=partial(self._tell, market)
                if self.settings.answers is not None and market is self.market
                else None,
                should_stop=self.should_stop,
            )
            if not found.infeasible:
                break
        return found

    def by_highs(self, market: Market, weights: Ints, floors: tuple[Floor, ...], report: Report) -> Answer:
        """Search a level with HiGHS; an infeasible answer is confirmed by another engine."""
        found = mip.solve_level(
            market,
            weights,
            floors=floors,
            hint=self.hint,
            time_limit_s=max(0.05, self.left_s),
            relative_gap=self.relative_gap,
            should_stop=self.settings.should_stop,
        )
        if not found.infeasible:
            return found
        # with an answer at hand the question is whether there is another one, which CP-SAT is slow to deny on large markets
        deny = self._scip if self.choice is not None and market.n_options > SMALL else self.by_cp_sat
        return deny(market, weights, floors, report)

    def among_candidates(
        self, market: Market, weights: Ints, floors: tuple[Floor, ...], report: Report
    ) -> Answer:
        """Search what `candidates` has stated with HiGHS, unless it is an answer too large for that, with hardly anything else."""
        if self.partial and market.n_options > MOST_PIECES:
            return Answer(None, None, None)
        return self.by_highs(market, weights, floors, report)

    def by_scip(self, market: Market, weights: Ints, floors: tuple[Floor, ...], report: Report) -> Answer:
        """Search a level with SCIP; an infeasible answer is confirmed by HiGHS, or by CP-SAT."""
        found = self._scip(market, weights, floors, report)
        return self.by_highs(market, weights, floors, report) if found.infeasible else found

    def _scip(self, market: Market, weights: Ints, floors: tuple[Floor, ...], _report: Report) -> Answer:
        return scip.solve_level(
            market,
            weights,
            floors=floors,
            hint=self.hint,
            time_limit_s=max(0.05, self.left_s),
            should_stop=self.settings.should_stop,
        )

    def is_flow(self) -> bool:
        """Whether one flow answers everything, and surely within the limit."""
        plain = len(self.market.levels) == 1 and not self.settings.official
        quick = self.market.n_options <= assignment.ARCS_A_SECOND * self.left_s
        return plain and quick and assignment.is_assignment(self.market)

    def is_plain(self) -> bool:
        """Whether the market lists one level of options that nobody made, and is no flow."""
        market = self.market
        listed = market.source is None and market.complete and len(market.levels) == 1
        return listed and can_be_priced(market) and (market.n_options <= SMALL or not self.is_flow())

    def by_rings(self, market: Market, weights: Ints, floors: tuple[Floor, ...], report: Report) -> Answer:
        """Search the only level of a plain market: CP-SAT for a while, then HiGHS and SCIP side by side, or HiGHS in growing rings."""
        limit_s = self.settings.time_limit_s
        first = Answer(None, None, None)
        if market.n_options <= MOST_PIECES:
            first = self.by_cp_sat(
                market, weights, floors, report, start_s=min(START_S, CP_SAT_SHARE * limit_s)
            )
        if first.infeasible or first.is_near(self.relative_gap):
            return first
        if first.choice is not None:
            self._keep_better(Whole(market), first.choice)
        found = (
            self._by_race(market, weights)
            if self._can_race(market)
            else self._by_rings(market, weights, report)
        )
        if found.infeasible:
            return self.by_cp_sat(market, weights, floors, report)
        bounds = [bound for bound in (first.bound, found.bound) if bound is not None]
        return replace(found, bound=min(bounds, default=None))

    def _can_race(self, market: Market) -> bool:
        """Whether engines can run side by side, each with the whole market, until the first proof ends the other."""
        return self.settings.workers > 1 and market.n_options <= MOST_PIECES

    def _by_race(self, market: Market, weights: Ints) -> Answer:
        return race.solve_level(
            market,
            weights,
            hint=self.choice if self.columns is market else None,
            time_limit_s=max(0.05, self.left_s),
            relative_gap=self.relative_gap,
            should_stop=self.settings.should_stop,
        )

    def _by_rings(self, market: Market, weights: Ints, report: Report) -> Answer:
        return rings.solve_level(
            market,
            weights,
            known=self.choice if self.columns is market else None,
            time_limit_s=max(0.05, self.left_s),
            relative_gap=self.relative_gap,
            seed=self.settings.seed,
            report=report,
            should_stop=self.settings.should_stop,
        )

    def by_flow(self, market: Market, weights: Ints, _floors: tuple[Floor, ...], _report: Report) -> Answer:
        """Solve the only level as a flow."""
        return assignment.solve_level(market, weights)

    def by_engine(self, market: Market, weights: Ints, floors: tuple[Floor, ...], report: Report) -> Answer:
        """Search a level with the engine that the settings name."""
        engines = {"cp_sat": self.by_cp_sat, "highs": self.by_highs, "scip": self.by_scip}
        return engines[self.settings.engine](market, weights, floors, report)

    # The way to the optimum

    def small_whole(self) -> Factoring | None:
        """State all stays and options, if they are so few that prices cost more than they save; else None."""
        source = source_of(self.market)
        if not isinstance(source, BundleSource) or source.most_pieces() > SMALL:
            return None
        self._begin_with_procedure()
        return source.everything()

    def candidates(self) -> Factoring:
        """State what may be part of an optimum: stays and options that the bound and a first answer leave."""
        weights = self._of_level(0)
        self._begin_with_procedure()
        pricing_s = PRICING_SHARE * self.settings.time_limit_s
        priced = find_tight_prices(self.market, weights, lambda: self._is_over(PRICING_SHARE), pricing_s)
        self.bound = priced.bound if self.known is None else self.known.bound
        self.priced = priced
        self.report(0, None, self.bound)
        if not self._begin_with_prices(priced, weights):
            self._begin_with_columns(priced)
        elif not self.narrowed and self._pieces(priced) > WHOLE_AT_ONCE:
            self._search_towns(priced, weights)
        blocks = self._blocks(priced)
        if blocks is not None and self._pieces(priced) > WHOLE_AT_ONCE:
            self._improve(blocks, BLOCKS_SHARE, PATIENCE)
        if (self.choice is None or not self.partial) and self._pieces(priced) <= MOST_PIECES:
            return self.optimal_candidates()
        if blocks is not None:
            self._improve(blocks, LAST_SHARE, LAST_PATIENCE)
        self.partial = True
        return Whole(self._columns_and_answer(priced))

    def _pieces(self, priced: Priced) -> int:
        """Count the stays and options that may be in an allocation better than the answer at hand."""
        return priced.source.pieces(self._of_level(0) * SCALE, priced.prices, self._least(priced))

    def _begin_with_columns(self, priced: Priced) -> None:
        """Have the best answer that a short search finds over the bundles met during pricing."""
        met = self._met(priced)
        if met is None:
            return
        start = self.by_cp_sat(
            met,
            met.utility[0],
            (),
            partial(self.report, 0),
            start_s=min(START_S, START_SHARE * self.settings.time_limit_s),
        )
        if start.choice is not None:
            self._keep_better(Whole(met), start.choice)

    def _met(self, priced: Priced) -> Market | None:
        """List the bundles met during pricing, the best of each agent, so many that an engine can search them; None if none can."""
        if priced.columns.n_options <= MOST_PIECES and not self.narrowed:
            return priced.columns
        source, few = priced.source, MOST_PIECES // self.market.n_agents
        if not few:
            return None
        source.best_values(
            self._of_level(0) * SCALE, priced.prices
        )  # what is listed hangs on what was asked last
        listed = source.unlisted() if isinstance(source, BundleSource) else self.market
        return best_of_each(listed, source, few)

    def _begin_with_prices(self, priced: Priced, weights: Ints) -> bool:
        """Place households by prices, then town by town; return whether any answer is known."""
        source = priced.source
        if isinstance(source, BundleSource):
            self._hold(source, held_by_prices(source, weights * SCALE, priced.central, self.should_stop))
            self._place_by_towns(priced, weights, self._near(priced))
        return self.choice is not None

    def _place_by_towns(self, priced: Priced, weights: Ints, near: Near) -> None:
        """Place households town by town, if there is time for it."""
        source, limit_s = priced.source, self.settings.time_limit_s
        if not isinstance(source, BundleSource) or self._is_enough():
            return
        town_s, is_over = min(ANSWER_S, ANSWER_SHARE * limit_s), partial(self._is_over, LAST_SHARE)
        helpers = self.settings.helpers
        held = held_by_towns(source, weights, priced, near.share, near.most, helpers, town_s, is_over)
        self._hold(source, filled(source, weights * SCALE, priced.central, held, self.should_stop))

    def _near(self, priced: Priced) -> Near:
        """Among which stays towns are searched for an answer."""
        agents, limit_s = self.market.n_agents, self.settings.time_limit_s
        is_long = agents > min(FURTHER_AGENTS, FURTHER_SHARE * limit_s * AGENTS_A_SECOND)
        return NEAREST if self.narrowed or is_long or self._pieces(priced) <= WHOLE_AT_ONCE else FURTHER

    def _blocks(self, priced: Priced) -> Neighbourhoods | None:
        """State the search around the answer at hand; None where there is none, or no blocks."""
        source = priced.source
        if self.choice is None or not isinstance(source, BundleSource):
            return None
        known, helpers = Held.of(source, self.columns, self.choice), self.settings.helpers
        return Neighbourhoods(source, priced, known, self.settings.seed, helpers)

    def _hold(self, source: BundleSource, held: Held) -> None:
        """Take what is held for an answer if it keeps every rule."""
        market, choice = held.choice(source)
        if market.is_feasible(choice):
            self._keep_better(Whole(market), choice)
            self.report(0, self._value, None)

    def _search_towns(self, priced: Priced, weights: Ints) -> None:
        """Bring the bound down town by town."""
        source, limit_s = priced.source, self.settings.time_limit_s
        if isinstance(source, BundleSource):
            ByTowns(source, weights, priced, self.settings.helpers).improve(
                TOWN_ROUNDS,
                min(TOWN_S, TOWN_SHARE * limit_s),
                lambda: self._is_over(LAST_SHARE) or self._is_enough(),
                lambda: TOWNS_SHARE * limit_s - self.seconds,
                self._learn_bound,
            )

    def _learn_bound(self, bound: int) -> None:
        self.bound = bound if self.bound is None else min(bound, self.bound)
        self.report(0, self._value, self.bound)

    @property
    def _value(self) -> int | None:
        """Value of the answer at hand."""
        return None if self.choice is None else self._value_of(0)

    def _value_of(self, level: int) -> int:
        """Value of a level of the answer at hand, which there must be."""
        assert self.choice is not None  # noqa: S101 - the callers have looked
        return int(self.columns.objectives(self.choice)[level])

    def _improve(self, blocks: Neighbourhoods, share: float, patience: int) -> None:
        """Place blocks anew until a share of the time is used, the gap is small enough, or some in a row were no better."""
        missed = 0
        while not self._is_over(share) and not self._is_enough() and missed < patience:
            left_s = share * self.settings.time_limit_s - self.seconds
            if blocks.improve(self._blocks_a_round, left_s, lambda: self._is_over(share)):
                missed = 0
                self._keep_better(*_whole(blocks.answer()))
                self.report(0, blocks.value, None)
            else:
                missed += 1

    @property
    def _blocks_a_round(self) -> int:
        """Blocks placed anew at a time: by the size of the market, so that the answer is the same with any number of helpers."""
        return min(MOST_A_ROUND, max(1, self.market.n_agents // AGENTS_A_BLOCK))

    def _is_enough(self) -> bool:
        """Whether the answer at hand is as near the bound as was asked for."""
        return is_near(self._value, self.bound, self.settings.relative_gap)

    def _columns_and_answer(self, priced: Priced) -> Market:
        """List the bundles met during pricing, if an engine can search them, and those of the answer at hand."""
        met = None if self.narrowed else self._met(priced)
        if self.choice is None or not isinstance(priced.source, BundleSource):
            nothing = np.zeros(priced.columns.n_options, dtype=bool)
            return priced.columns.take(nothing) if met is None else met
        taken = self.choice[self.choice >= 0]
        stays, chosen = self.columns.labels["stay"][taken], self.columns.labels["chosen"][taken]
        mine = stays >= 0
        answer = priced.source.market_of(stays[mine], chosen[mine])
        return answer if met is None else met.join(answer.take(~answer.gate[answer.agent]))

    def optimal_candidates(self) -> Factoring:
        """State what may be part of an optimum, by the bound and the answer at hand; without the further rows of the prices.

        An exact engine finds such rows itself where they help it: with them it takes a tenth longer.
        """
        assert self.priced is not None  # noqa: S101 - candidates() has run
        known = self._of_level(0) * SCALE, self.priced.prices, self._least(self.priced)
        plain = source_of(self.market)
        if isinstance(plain, BundleSource) and isinstance(self.priced.source, BundleSource):
            return build_factored(plain, *self.priced.source.good_enough(*known))
        return self.priced.source.factored(*known)

    def _is_over(self, share: float) -> bool:
        """Whether a share of the time is used, or somebody asked to stop."""
        return self.seconds >= share * self.settings.time_limit_s or self.settings.should_stop()

    def begin_with_hint(self) -> None:
        """Have the given choice as the first answer if it keeps every rule of the market."""
        if self.settings.hint is None:
            return
        market, choice = self.settings.hint
        if market.is_feasible(choice):
            self.columns, self.choice = market, choice
            self.report(0, int(market.objectives(choice)[0]), None)

    def _begin_with_procedure(self) -> None:
        """Have an answer within seconds: that of the clerk's procedure, where it is quick and makes a promise.

        Elsewhere everybody takes the best as long as it lasts.
        """
        if self.market.n_agents > PROCEDURE_AGENTS:
            return self._begin_at_once()
        begun = first_answer(self.market, self.settings.seed, lambda: self._is_over(PROCEDURE_SHARE))
        if begun is not None and begun.choice is not None:
            self._keep_better(Whole(begun.market), begun.choice)
            self.report(0, begun.objective, None)

    def _begin_at_once(self) -> None:
        """Have an answer before prices are sought, if there is none."""
        source = source_of(self.market)
        if self.choice is None and isinstance(source, BundleSource):
            worth = self._of_level(0) * SCALE
            self._hold(source, held_at_once(source, worth, lambda: self._is_over(AT_ONCE_SHARE)))

    def _least(self, priced: Priced) -> Ints:
        """Value at the prices below which nothing of an agent is in an allocation as good as the answer at hand."""
        if self.choice is None:
            return np.full(self.market.n_agents, NO_VALUE // 2, dtype=np.int64)
        known = int(self.columns.objectives(self.choice)[0])
        return gains(self.market, priced.values) - (priced.total - SCALE * known)

    def solve_levels(self, candidates: Factoring, engine: Engine) -> None:
        """Solve level after level over the candidates, the earlier ones kept."""
        for level in range(len(self.market.levels)):
            floors = tuple(
                Floor(candidates.market.utility[k], done.objective or 0) for k, done in enumerate(self.levels)
            )
            self.hint = self._as_pieces(candidates)
            answer = (
                self._known()
                if level == 0 and self._is_enough()
                else engine(
                    candidates.market, candidates.market.utility[level], floors, partial(self.report, level)
                )
            )
            if answer.infeasible and self.partial:
                # the answer at hand may keep earlier levels better than the few bundles searched here can
                answer = Answer(None, None, None)
            if answer.infeasible and self.choice is not None:
                raise RuntimeError("an engine calls a market infeasible of which an allocation is known")
            self.infeasible = answer.infeasible
            if answer.choice is not None:
                self._keep_better(candidates, answer.choice)
            if not self.infeasible:
                self._note(level, answer)
            if self.choice is None:
                return

    def _as_pieces(self, candidates: Factoring) -> Ints | None:
        """The answer at hand as a choice of the candidates; None if there is none, or not all of it is among them."""
        if self.choice is None or not isinstance(candidates, Factored):
            return self.choice if candidates.market is self.columns else None
        held = Held.of(candidates.source, self.columns, self.choice)
        there = held.stay >= 0
        return candidates.choice_of(held.stay[there], held.chosen[there], np.flatnonzero(held.gates))

    def _known(self) -> Answer:
        """Return the answer at hand as that of an engine which found nothing better."""
        return Answer(None, None, self.bound)

    def _keep_better(self, candidates: Factoring, choice: Ints) -> None:
        """Take a new answer if it is better in the levels' order than the one at hand."""
        market, whole = candidates.bundles_of(choice)
        market = market.with_resources_of(self.market)
        if self.choice is None or tuple(market.objectives(whole)) >= tuple(
            self.columns.objectives(self.choice)
        ):
            self.columns, self.choice = market, whole
            self._tell(market, whole)

    def _tell(self, market: Market, choice: Ints) -> None:
        """Pass a better answer on as it is, nothing proven."""
        if self.settings.answers is None:
            return
        values = market.objectives(choice).tolist()
        levels = tuple(
            LevelResult(name=name, objective=value, bound=None)
            for name, value in zip(market.levels, values, strict=True)
        )
        self.settings.answers(
            Outcome(market, choice, Status.FEASIBLE, StopReason.INTERRUPTED, levels, self.seconds)
        )

    def _note(self, level: int, answer: Answer) -> None:
        """Add a level's result; a level after an unproven one has no bound."""
        value, bound = None if self.choice is None else self._value_of(level), None
        if all(done.proven for done in self.levels):
            searched = None if self.partial else answer.bound
            known = [b for b in (searched, self.bound if level == 0 else None) if b is not None]
            bound = sound(min(known) if known else self._free_bound(level), value)
        self.levels.append(LevelResult(name=self.market.levels[level], objective=value, bound=bound))
        self.report(level, value, bound)

    def _free_bound(self, level: int) -> int | None:
        """Bound of a level if everybody could have what is best for it: capacities cost nothing."""
        weights, source = self._of_level(level), source_of(self.market)
        if isinstance(source, BundleSource) and self.narrowed:
            asked = ask_everyone(
                source, weights, Prices.none(), self.should_stop, workers=self.settings.workers
            )
            return None if asked is None else asked.bound
        return free_bound(self.market, weights)

    def break_ties(self, candidates: Factoring, engine: Engine) -> None:
        """Among all optimal answers take the one that the public weights name, and prove that it is the only one."""
        if not self.proven or self.choice is None or self.partial:
            return
        floors = tuple(
            Floor(candidates.market.utility[k], level.objective or 0) for k, level in enumerate(self.levels)
        )

        def search(market: Market, weights: Ints, kept: tuple[Floor, ...]) -> Answer:
            return (
                Answer(None, None, None) if self.should_stop() else engine(market, weights, kept, unreported)
            )

        self.relative_gap, self.hint = 0.0, self._as_pieces(candidates)
        settled = settle(candidates, floors, self.settings.seed, search)
        if settled.choice is not None:
            columns, self.choice = candidates.bundles_of(settled.choice)
            self.columns = columns.with_resources_of(self.market)
        self.unique = settled.unique

    def outcome(self) -> Outcome:
        """Put the outcome together."""
        status = (
            Status.INFEASIBLE
            if self.infeasible and not self.narrowed
            else Status.UNKNOWN
            if self.choice is None
            else Status.FEASIBLE
        )
        status = Status.OPTIMAL if self.proven else status
        choice = self.choice if status in (Status.OPTIMAL, Status.FEASIBLE) else None
        return Outcome(
            self.columns,
            choice,
            status,
            self._reason(status),
            tuple(self.levels),
            self.seconds,
            unique=self.unique,
            prices=self._plain_prices(),
        )

    def _plain_prices(self) -> Ints | None:
        """Prices of the market's own resources at the first level: of a program over the options met, else by ascent."""
        source = source_of(self.market)
        if self.priced is None or self.priced.source is source:
            return None if self.priced is None else self.priced.prices
        met = self.priced.columns
        if not isinstance(source, BundleSource):
            return None
        if met.n_options > MOST_REPRICED or self.should_stop():
            return self.priced.central[: len(self.market.capacity)]
        stays = met.labels["stay"] >= 0
        plain = source.market_of(met.labels["stay"][stays], met.labels["chosen"][stays])
        found = listed_prices(plain, self._of_level(0), self.left_s)
        return self.priced.central[: len(self.market.capacity)] if found is None else found

    def _reason(self, status: Status) -> StopReason:
        if status in (Status.OPTIMAL, Status.INFEASIBLE):
            return StopReason.PROVEN
        if self.settings.should_stop():
            return StopReason.INTERRUPTED
        if status is Status.UNKNOWN and not self._is_over(LAST_SHARE):
            return StopReason.PROCEDURE_ENDED
        # an engine that stops at the gap, or proves an optimum, weakens its bound by its tolerance afterwards
        enough = self.settings.relative_gap + 2 * mip.TOLERANCE
        near = [
            level.bound is not None
            and level.objective is not None
            and level.bound - level.objective <= enough * max(1, abs(level.objective))
            for level in self.levels
        ]
        in_time = self.settings.relative_gap > 0 or self.left_s > 0
        reached = in_time and len(near) == len(self.market.levels) and all(near)
        return StopReason.GAP_REACHED if reached else StopReason.TIME_LIMIT


def _whole(answer: tuple[Market, Ints]) -> tuple[Whole, Ints]:
    """State an answer as a factoring and its choice."""
    return Whole(answer[0]), answer[1]
