"""A bound from towns that are searched exactly: no fraction of a house, a seat or a role is left in it.

What is shared is shared within a town, nearly all of it: only households wish for several. So a household pays for being
taken by a town (μ ≥ 0), each town takes whom it likes best at that, and is searched as a market of its own. Whatever the μ are,
no allocation is worth more than

    Σ_h μ_h + Σ over towns of the best value of the town at μ,

where what several towns share costs its dual price. At the gains of households at the dual prices that is the bound of these prices,
less what fractions within towns were worth; from there μ falls where no town takes a household and rises where several do. A town
whose households pay what they paid is not searched again.

Source: Geoffrion (1974), Lagrangean relaxation for integer programming; Guignard and Kim (1987), Lagrangean decomposition.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nichiiki_solver import mip
from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.cp_sat import Answer
from nichiiki_solver.dual_prices import SCALE, Priced, gains
from nichiiki_solver.helping import Helpers
from nichiiki_solver.market import Market
from nichiiki_solver.price_ascent import ascend
from nichiiki_solver.ragged import Ints, segment_sum
from nichiiki_solver.towns import NOBODY, PARTS, Cut

GAP = 1e-4
"""A town is searched well enough if its answer falls short of its bound by so small a share."""
MOVES = (0.12, 0.006)
"""How far a payment moves in the first round and in the last one, in shares of what a household gains."""


@dataclass(frozen=True)
class Town:
    """A town as a market of its own.

    Attributes
    ----------
    market
        Stays, options and gates; utility in 1/`PARTS`, less the dual prices of what other towns use too.
    household
        Household of each stay; the stays come first.
    households
        Who may stay there, each once.
    best, rest
        What is known without a search, in 1/`PARTS`: value of the best bundle of each of `households` at the dual prices, and
        of everything else.
    """

    market: Market
    household: Ints
    households: Ints
    best: Ints
    rest: int


@dataclass(frozen=True)
class _Asked:
    """What towns answer to payments: the bound, and how many towns take each household."""

    prices: Ints
    total: int
    taken: Ints


@dataclass(frozen=True)
class _Known:
    """What is known of a town: what its households paid, a bound on its value then, and whom it took."""

    paid: Ints
    most: int
    taken: Ints


class ByTowns:
    """The search for better payments; `bound` is the best one so far, in units.

    Parameters
    ----------
    source
        What makes the bundles, further rows included.
    weights
        Weight of each level of utility.
    priced
        Dual prices of the resources of `source`.
    helpers
        Who searches towns.
    """

    def __init__(self, source: BundleSource, weights: Ints, priced: Priced, helpers: Helpers) -> None:
        self.towns, self._outside = towns_of(source, weights, priced.prices)
        self._helpers, self._size = helpers, source.bundles.n_households
        gain = gains(source.unlisted(), priced.values)[: self._size]
        several = np.zeros(self._size, dtype=np.int64)
        for town in self.towns:
            several[town.households] += 1
        self._gain = np.where(several > 1, np.maximum(gain, 0) * PARTS // SCALE, 0)
        self.bound = priced.bound
        self._known: dict[int, _Known] = {}

    def improve(
        self,
        rounds: int,
        limit_s: float,
        should_stop: Callable[[], bool],
        left_s: Callable[[], float],
        report: Callable[[int], None],
    ) -> None:
        """Look for better payments; the first round is always begun.

        Parameters
        ----------
        rounds
            Most rounds.
        limit_s
            Most seconds for a town.
        should_stop
            Asked during searches and between rounds.
        left_s
            Says how much time there is; a round begins only if there is as much as the last one took.
        report
            Called with each better bound.
        """
        took_s = 0.0

        def ask(payments: Ints) -> _Asked:
            nonlocal took_s
            begun = time.monotonic()
            found = self._ask(payments, limit_s, should_stop)
            took_s = time.monotonic() - begun
            if found.total // PARTS < self.bound:
                self.bound = found.total // PARTS
                report(self.bound)
            self._last = found
            return found

        first = ask(self._gain)
        usual = float(self._gain[self._gain > 0].mean()) if (self._gain > 0).any() else 0.0
        one = np.ones(self._size, dtype=np.int64)

        def is_over() -> bool:
            return should_stop() or left_s() < took_s

        move = usual * MOVES[0], usual * MOVES[1]
        ascend(first, ask, lambda: self._last.taken, one, one.astype(float), is_over, rounds, move)

    def _ask(self, payments: Ints, limit_s: float, should_stop: Callable[[], bool]) -> _Asked:
        """Search every town whose households pay something else than before."""
        changed = [
            number
            for number, town in enumerate(self.towns)
            if number not in self._known or (self._known[number].paid != payments[town.households]).any()
        ]
        # a small town is searched to the end in no time, so that what is left when time is over are the largest
        changed.sort(key=lambda number: self.towns[number].market.n_options)
        work = [(*_at(self.towns[number], payments), limit_s, GAP) for number in changed]
        for number, answer in zip(
            changed, self._helpers.each(mip.bound_part, work, limit_s, should_stop), strict=True
        ):
            town, before = self.towns[number], self._known.get(number)
            self._known[number] = _learned(town, payments, answer, before)
        total = self._outside + int(payments.sum()) + sum(known.most for known in self._known.values())
        taken = np.zeros(self._size, dtype=np.int64)
        for known in self._known.values():
            taken[known.taken] += 1
        return _Asked(payments, total, taken)


def _learned(town: Town, payments: Ints, answer: Answer | None, before: _Known | None) -> _Known:
    """What the search of a town says; where it did not end, what dual prices say and what was known at other payments."""
    paid = payments[town.households]
    gain = np.maximum(town.best - paid, 0)
    most, taken = town.rest + int(gain.sum()), town.households[gain > 0]
    if before is not None:
        # the best value at the new payments was worth no more before than what it pays less now
        most = min(most, before.most + int(np.maximum(before.paid - paid, 0).sum()))
        taken = before.taken
    if answer is not None and answer.choice is not None:
        chosen = answer.choice[answer.choice >= 0]
        taken = np.unique(town.household[chosen[chosen < len(town.household)]])
    if answer is not None and answer.bound is not None:
        most = min(most, answer.bound)
    return _Known(paid, most, taken)


def _at(town: Town, payments: Ints) -> tuple[Market, Ints]:
    """The market of a town, and the worth of what is in it where households pay for being taken."""
    worth = town.market.utility[0].copy()
    worth[: len(town.household)] -= payments[town.household]
    return town.market, worth


def towns_of(source: BundleSource, weights: Ints, prices: Ints) -> tuple[list[Town], int]:
    """Cut a source into towns, and say what that which several of them share is worth at dual prices.

    Parameters
    ----------
    source, weights
        What is cut, and the weight of each level.
    prices
        Of each resource, in 1/`SCALE`.

    Returns
    -------
    towns, outside
        The towns; price of all that several share, and gain of gates that are in none, in 1/`PARTS`.
    """
    bundles, gates = source.bundles, source.bundles.uses.gates
    price, worth = np.maximum(prices, 0) * PARTS // SCALE, PARTS * weights
    cut = Cut.of(source, np.arange(len(bundles.stays)))
    cost = price * bundles.uses.resources.capacity
    gain = worth @ bundles.gate_terms - segment_sum(price[gates.resource] * gates.amount, gates.offsets)
    of_stay = source.at(worth, price).of_stay
    shared_price = np.where(cut.is_shared, price, 0)
    towns = []
    for number, stays in enumerate(cut.stays):
        options = source.tree.options_of(stays)
        own = cut.of_gate == number
        part = cut.part(stays, options, np.flatnonzero(own), worth, shared_price, cut.is_shared)
        households, best = cut.best_in(number, of_stay)
        rest = int(cost[cut.owner == number].sum()) + _best_of_agents(gates.agent[own], gain[own])
        towns.append(Town(part.market, part.household, households, best, rest))
    free = cut.of_gate == NOBODY
    return towns, int(cost[cut.is_shared].sum()) + _best_of_agents(gates.agent[free], gain[free])


def _best_of_agents(agent: Ints, worth: Ints) -> int:
    """What agents gain at most, each by one of its options or by none."""
    best = np.zeros(int(agent.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(best, agent, worth)
    return int(best.sum())
