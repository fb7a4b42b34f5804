"""Widen what was narrowed by what proves to be missing: column generation over the houses of towns.

Prices of the bundles that are looked at are put to everybody about everything (`nichiiki_solver.asking`). Who would gain more
elsewhere is shown those houses too, and prices go on from where they were. After a few rounds hardly anybody would: then the
bundles at hand are worth what all of them are, and the bound over everything stands where theirs does.

Source: Lübbecke and Desrosiers (2005), Selected topics in column generation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.asking import ask_everyone
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.carrying import Carried
from nichiiki_solver.cp_sat import Report
from nichiiki_solver.dual_prices import SCALE, approach, go_on
from nichiiki_solver.holding import held_at_once
from nichiiki_solver.known_prices import Prices, Proven
from nichiiki_solver.market import Market
from nichiiki_solver.measures import Plans
from nichiiki_solver.narrowing import Narrowing
from nichiiki_solver.ragged import Ints

Answer = tuple[Market, Ints]
"""A market of bundles, and a choice of them."""
ROUNDS, ENOUGH = 5, 1e-3
"""Most rounds, and the distance of both bounds at which they end."""
FIRST_ANSWER_SHARE = 0.08
"""Share of the time until which a first answer may become better."""
FIRST_SHARE, NEXT_SHARE, LAST_SHARE = 0.25, 0.45, 0.8
"""Shares of the time until which prices are sought in the first round, until which another round begins, and until which everybody
is asked: without that there is no bound."""
REFINED = 100
"""Rounds of prices that go on after houses have joined."""


def compile_narrowed(
    instance: Instance,
    narrowing: Narrowing,
    is_over: Callable[[float], bool],
    report: Report,
    workers: int = 1,
) -> tuple[Market, Answer | None]:
    """Compile an instance to a market in which bundles are left out that are hardly missed at its prices.

    Parameters
    ----------
    instance, narrowing
        What is to be compiled, and what is looked at in the first round.
    is_over
        Says whether a share of the time is used up, or somebody asked to stop; the market is then that of the round.
    report
        Called with the value of the answer and with each better bound over everything.
    workers
        Blocks of households that are asked at a time.

    Returns
    -------
    market
        Gates are listed; its source knows prices of the first level, and what they prove over all bundles.
    hint
        A market of the bundles of a first answer, and its choice; None if that breaks a rule.
    """
    weights = np.eye(len(instance.levels), dtype=np.int64)[0]
    proven, plans = Proven(None, Prices.none()), Plans.of(instance)
    first = _FirstAnswer(weights, is_over, report)
    for turn in range(ROUNDS):
        source = BundleSource(find_bundles(instance, narrowing, plans=plans), proven)
        if not turn:
            first.find(source)
        if is_over(NEXT_SHARE):
            return source.unlisted(), first.in_source(source)
        inside, prices = _better_prices(source, proven.prices, weights, turn, is_over)
        asked = ask_everyone(source, weights, prices, lambda: is_over(LAST_SHARE), workers)
        if asked is None:
            source = BundleSource(source.bundles, Proven(proven.bound, prices))
            return source.unlisted(), first.in_source(source)
        bound = asked.bound if proven.bound is None else min(proven.bound, asked.bound)
        proven, narrowing = Proven(bound, prices), narrowing.also(asked.household, asked.house)
        report(first.value, bound)
        del source  # the next one takes as much memory
        if asked.bound - inside <= ENOUGH * abs(asked.bound):
            break
    source = BundleSource(find_bundles(instance, narrowing, plans=plans), proven)
    return source.unlisted(), first.in_source(source)


class _FirstAnswer:
    """What everybody gets as long as it lasts, found in the first source and told to the last one."""

    def __init__(self, weights: Ints, is_over: Callable[[float], bool], report: Report) -> None:
        self._weights, self._is_over, self._report = weights, is_over, report
        self._carried: Carried | None = None
        self.value: int | None = None

    def find(self, source: BundleSource) -> None:
        """Find it and tell what it is worth; houses that join later do not change that."""
        held = held_at_once(source, self._weights * SCALE, lambda: self._is_over(FIRST_ANSWER_SHARE))
        self._carried = Carried.of(source, held)
        answer = self.in_source(source)
        if answer is not None:
            self.value = int(answer[0].objectives(answer[1])[0])
            self._report(self.value, None)

    def in_source(self, source: BundleSource) -> Answer | None:
        """The market of the bundles that are held, and the choice of all of them; None if that breaks a rule."""
        if self._carried is None:
            return None
        market, choice = self._carried.in_source(source).choice(source)
        return (market, choice) if market.is_feasible(choice) else None


def _better_prices(
    source: BundleSource, known: Prices, weights: Ints, turn: int, is_over: Callable[[float], bool]
) -> tuple[int, Prices]:
    """Go on from prices, in the first round from nothing; the bound that they prove over what is looked at, and the prices."""
    resources = source.bundles.uses.resources
    share = NEXT_SHARE if turn else FIRST_SHARE

    def should_stop() -> bool:
        return is_over(share)

    if turn:
        priced = go_on(source, weights, should_stop, known.at(resources), REFINED)
    else:
        priced = approach(source.unlisted(), source, weights, should_stop)
    return priced.bound, Prices.of(resources, priced.prices)
