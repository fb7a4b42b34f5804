"""A tariff question: menus evaluated once, then solved for one or several sets of limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.registry import Progress
from nichiiki_solver.pricing.amounts import Ledger
from nichiiki_solver.pricing.arbitrage import Bundle, allowed, bundles_of
from nichiiki_solver.pricing.price_market import Priced, allowed_menus, build, crossing
from nichiiki_solver.pricing.units import OFF, Evaluator, Menus, find_units
from nichiiki_solver.ragged import Ints
from nichiiki_solver.solving import solve


@dataclass(frozen=True)
class Effort:
    """How long and how exactly to search, as in `allocate`."""

    time_limit_s: float = 60.0
    relative_gap: float = 0.0
    seed: int = 0
    workers: int = 2
    should_stop: Callable[[], bool] | None = None
    progress: Callable[[Progress], None] | None = None


class Question:
    """Units and all their menus.

    Parameters
    ----------
    ledger
        What choices add up to.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        place = {name: at for at, name in enumerate(ledger.offers.names)}
        tied = [(place[one], place[other]) for one, (other, _) in ledger.asked.price_ratios.items()]
        self.units = find_units(ledger.offers, tied)
        self.evaluators = [Evaluator(ledger, unit) for unit in self.units]
        self.menus = [evaluator.all_menus() for evaluator in self.evaluators]
        self.bundles = bundles_of(ledger.offers) if ledger.asked.no_arbitrage else []

    def solve(
        self,
        effort: Effort,
        started: float,
        *,
        shape: Callable[[Priced], Market] | None = None,
        stress: Sequence[Sequence[Menus]] = (),
        **limits: Any,
    ) -> tuple[Priced, Outcome]:
        """Solve, with some limits of the ledger exchanged; no-arbitrage rows between units are added as they are broken.

        Parameters
        ----------
        effort, started
            How long and how exactly, and since when.
        shape
            Makes another market of the one that was built, with the same options; None = that one.
        stress
            The same menus of every unit under other circumstances, in which the subsidy must be kept too.
        limits
            Limits of the ledger to exchange.
        """
        ledger = replace(self.ledger, asked=replace(self.ledger.asked, **limits))
        rows_of = [
            np.flatnonzero(allowed_menus(ledger, unit, menus, self.bundles))
            for unit, menus in zip(self.units, self.menus, strict=True)
        ]
        kept, *hard = (
            [menus.take(at) for menus, at in zip(every, rows_of, strict=True)]
            for every in (self.menus, *stress)
        )
        between, rows = crossing(ledger, self.units, self.bundles), list[Bundle]()
        while True:
            priced = build(ledger, self.units, self.evaluators, self.menus, kept, rows, hard)
            outcome = solve(
                priced.market if shape is None else shape(priced),
                policy="welfare",
                time_limit_s=max(0.1, effort.time_limit_s - (time.perf_counter() - started)),
                relative_gap=effort.relative_gap,
                seed=effort.seed,
                workers=effort.workers,
                should_stop=effort.should_stop,
                progress=_unshifted(effort.progress, priced),
            )
            broken = [] if outcome.choice is None else _broken(priced, outcome, between)
            if not broken:
                return priced, outcome
            rows = rows + broken


def level_shift(priced: Priced, level: str) -> int:
    """What a value of the market lacks to the value of the tariff."""
    return priced.shift if level == priced.market.levels[0] else 0


def _unshifted(
    progress: Callable[[Progress], None] | None, priced: Priced
) -> Callable[[Progress], None] | None:
    """Return what passes lines of the market's progress on as those of the tariff."""
    if progress is None:
        return None

    def tell(line: Progress) -> None:
        add = level_shift(priced, line.level)
        objective, bound = (None if x is None else x + add for x in (line.objective, line.bound))
        progress(replace(line, objective=objective, bound=bound))

    return tell


def choice_of(priced: Priced, outcome: Outcome) -> Ints:
    """Menu of each unit by its place in the market that was built; the outcome's market may list only some."""
    assert outcome.choice is not None  # noqa: S101 - the caller has looked
    labels: Mapping[str, Any] = outcome.market.labels
    if outcome.market is priced.market or "option" not in labels:
        return outcome.choice
    return np.asarray(labels["option"][outcome.choice], dtype=np.int64)


def prices_of(priced: Priced, outcome: Outcome) -> list[int | None]:
    """Price of each product in an outcome; None where not sold."""
    prices: list[int | None] = [int(terms.grid[0]) for terms in priced.ledger.offers.terms]
    for unit, menu in zip(priced.units, priced.menu_of(choice_of(priced, outcome)), strict=True):
        for k, asked in zip(unit.decided, menu.tolist(), strict=True):
            prices[k - 1] = None if asked == OFF else asked
    return prices


def _broken(priced: Priced, outcome: Outcome, between: list[Bundle]) -> list[Bundle]:
    sold = {k: p for k, p in enumerate(prices_of(priced, outcome), start=1) if p is not None}
    return [bundle for bundle in between if not allowed(bundle, sold)]
