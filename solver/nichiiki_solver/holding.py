"""Who holds what: a choice of a compiled market as a stay and options for each household, and open gates; and a first one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Bools, Ints, segment_sum

NONE = -1
REWARD = 1 << 45
"""What serving an unmet demand brings beside all else: more than bundles are worth, and less than what nothing may cost."""


@dataclass(frozen=True)
class Held:
    """What is held.

    Attributes
    ----------
    stay
        Of each household, -1 = none.
    chosen
        Options of each household (matrix, -1 = none), ascending.
    gates
        Which options of gates are taken.
    """

    stay: Ints
    chosen: Ints
    gates: Bools

    @classmethod
    def nothing(cls, source: BundleSource) -> Held:
        """Nobody holds anything, and no gate is open."""
        size = source.bundles.n_households
        stay, chosen = np.full(size, NONE, dtype=np.int64), np.zeros((size, 0), dtype=np.int64)
        return cls(stay, chosen, np.zeros(len(source.bundles.uses.gates), dtype=bool))

    @classmethod
    def of(cls, source: BundleSource, market: Market, choice: Ints) -> Held:
        """Read the choice of a market of bundles."""
        taken = choice[: source.bundles.n_households]
        there, safe = taken >= 0, np.where(taken >= 0, taken, 0)
        opened = choice[source.bundles.n_households :]
        opened = opened[opened >= 0]
        if not market.n_options:
            return cls.nothing(source)
        gates = source.bundles.uses.gates
        known = set(zip(market.agent[opened].tolist(), market.labels["plan"][opened].tolist(), strict=True))
        agent = (source.bundles.n_households + gates.agent).tolist()
        return cls(
            np.where(there, market.labels["stay"][safe], NONE),
            np.where(there[:, None], market.labels["chosen"][safe], NONE),
            np.array([pair in known for pair in zip(agent, gates.plan.tolist(), strict=True)], dtype=bool),
        )

    def without(self, households: Ints, gates: Ints) -> Held:
        """Return what is held where some households have nothing, and some options of gates are not taken."""
        stay, chosen, opened = self.stay.copy(), self.chosen.copy(), self.gates.copy()
        stay[households], chosen[households], opened[gates] = NONE, NONE, False
        return Held(stay, chosen, opened)

    def with_more(self, source: BundleSource, stays: Ints, chosen: Ints, gates: Ints) -> Held:
        """Return what is held where the households of some stays have these, with options (matrix), and some gates are open too."""
        homes = source.bundles.stays.household[stays]
        width = max(self.chosen.shape[1], chosen.shape[1])
        stay, options, opened = self.stay.copy(), as_wide(self.chosen, width), self.gates.copy()
        stay[homes], options[homes], opened[gates] = stays, as_wide(chosen, width), True
        return Held(stay, options, opened)

    def with_all(self, source: BundleSource, found: list[tuple[Ints, Ints, Ints]]) -> Held:
        """Return what is held where households that are in one of several findings have what it says, as `with_more` does for one."""
        if not found:
            return self
        width = max(chosen.shape[1] for _, chosen, _ in found)
        stays, gates = (np.concatenate([each[k] for each in found]) for k in (0, 2))
        return self.with_more(
            source, stays, np.concatenate([as_wide(chosen, width) for _, chosen, _ in found]), gates
        )

    def choice(self, source: BundleSource) -> tuple[Market, Ints]:
        """Return the market of the bundles held, every gate included, and the choice of all that is held."""
        homes = np.flatnonzero(self.stay >= 0)
        market = source.market_of(self.stay[homes], self.chosen[homes])
        choice = np.full(market.n_agents, NONE, dtype=np.int64)
        choice[homes] = np.arange(len(homes))
        opened = len(homes) + np.flatnonzero(self.gates)
        choice[market.agent[opened]] = opened
        return market, choice

    def used(self, source: BundleSource) -> Ints:
        """Amount of each resource that is used."""
        return source.used(
            self.stay[self.stay >= 0], self.chosen[self.chosen >= 0], np.flatnonzero(self.gates)
        )


def held_by_prices(
    source: BundleSource, weights: Ints, prices: Ints, should_stop: Callable[[], bool]
) -> Held:
    """Let households take what is best for them at the prices as long as it lasts, then what is best without prices.

    Roles that need a minimum stay closed, and demands may stay unmet (`filled`): who asks checks.
    """
    every = np.ones(len(source.bundles.uses.gates), dtype=bool)
    return filled(source, weights, prices, opened_by_prices(source, weights, prices, every), should_stop)


def held_at_once(source: BundleSource, weights: Ints, is_over: Callable[[], bool]) -> Held:
    """Let everybody take what is best as long as it lasts, who gains most first: an answer before any price is known.

    One round is made in any case, so that a run that is stopped at once has an answer too.
    """
    rounds = count()
    prices = np.zeros(len(source.bundles.uses.resources), dtype=np.int64)
    return held_by_prices(source, weights, prices, lambda: next(rounds) > 0 and is_over())


def opened_by_prices(source: BundleSource, weights: Ints, prices: Ints, which: Bools) -> Held:
    """Open those of some gates that are worth it at the prices and ask for nothing in return, the best first."""
    gates, left = source.bundles.uses.gates, source.bundles.uses.resources.capacity.copy()
    value = weights @ source.bundles.gate_terms - segment_sum(
        prices[gates.resource] * gates.amount, gates.offsets
    )
    opened = np.zeros(len(gates), dtype=bool)
    decided: set[int] = set()
    for gate in np.argsort(-value, kind="stable").tolist():
        entry = slice(gates.offsets[gate], gates.offsets[gate + 1])
        resource, amount = gates.resource[entry], gates.amount[entry]
        agent = int(gates.agent[gate])
        if not which[gate] or value[gate] <= 0 or agent in decided:
            continue
        if (amount > np.maximum(left[resource], 0)).any():
            continue
        decided.add(agent)
        opened[gate] = True
        np.subtract.at(left, resource, amount)
    return replace(Held.nothing(source), gates=opened)


def filled(
    source: BundleSource, weights: Ints, prices: Ints, held: Held, should_stop: Callable[[], bool]
) -> Held:
    """Place households that hold nothing where there is room: who must be placed, as many as minimums ask for, the others.

    The others come at the prices first, then without. In each round every one of them asks for its best bundle among those
    whose parts fit what is left, and who gains most comes first. Demands that only meet in another way stay unmet.
    """
    left = source.bundles.uses.resources.capacity - held.used(source)
    held, left = _with_demanded(source, weights, prices, held, left, should_stop)
    for at in (prices, np.zeros_like(prices)) if prices.any() else (prices,):
        while not should_stop():
            stays, chosen, used = _accepted(source, weights, at, left, held.stay < 0)
            if not len(stays):
                break
            held, left = held.with_more(source, stays, chosen, stays[:0]), left - used
    return held


def _with_demanded(
    source: BundleSource, weights: Ints, prices: Ints, held: Held, left: Ints, should_stop: Callable[[], bool]
) -> tuple[Held, Ints]:
    """Place those who must be placed, and others by whom demands are met, while there are some; what is held and left then."""
    must = source.must_assign[: source.bundles.n_households]
    while (asked := (held.stay < 0) & (must | (left < 0).any())).any() and not should_stop():
        stays, chosen, used = _demanded(source, weights, prices, left, asked, must)
        if not len(stays):
            break
        held, left = held.with_more(source, stays, chosen, stays[:0]), left - used
    return held, left


def _demanded(
    source: BundleSource, weights: Ints, prices: Ints, left: Ints, asked: Bools, must: Bools
) -> tuple[Ints, Ints, Ints]:
    """Stays and options of those of some households that are demanded, and what these use; who must be placed comes first."""
    rewarded = np.where(left < 0, prices + REWARD, prices)
    stays, chosen, values = source.best_fitting(weights, rewarded, source.bundles.uses.beyond(left), asked)
    obliged = must[source.bundles.stays.household[stays]]
    order = np.lexsort((-values, ~obliged))
    kept = obliged | _first_needed(source.market_of(stays, chosen), order, left)
    order = np.lexsort((-values[kept], ~obliged[kept]))
    return _served(source, stays[kept], chosen[kept], order, left)


def _accepted(
    source: BundleSource, weights: Ints, prices: Ints, left: Ints, asked: Bools
) -> tuple[Ints, Ints, Ints]:
    """Stays and options of those of some households that get what they ask for at prices, and what these use."""
    stays, chosen, values = source.best_fitting(weights, prices, source.bundles.uses.beyond(left), asked)
    gains = values > 0
    order = np.argsort(-values[gains], kind="stable")
    return _served(source, stays[gains], chosen[gains], order, left)


def _served(
    source: BundleSource, stays: Ints, chosen: Ints, order: Ints, left: Ints
) -> tuple[Ints, Ints, Ints]:
    """Those of some stays with options that fit together when served in an order, and what these use."""
    first = _first_that_fit(source.market_of(stays, chosen), order, left)
    stays, chosen = stays[first], chosen[first]
    return stays, chosen, source.used(stays, chosen[chosen >= 0], stays[:0])


def as_wide(matrix: Ints, width: int) -> Ints:
    """Pad a matrix with -1 to a width."""
    missing = max(0, width - matrix.shape[1])
    return np.pad(matrix, ((0, 0), (0, missing)), constant_values=NONE)


def _first_that_fit(market: Market, served: Ints, left: Ints) -> Ints:
    """Those of the first options of a market that fit together when served in an order, in that order."""
    option, resource, amount, before = _in_order(market, served, market.amount)
    fits = np.ones(len(served), dtype=bool)
    fits[option[before + amount > left[resource]]] = False
    return served[fits[served]]


def _first_needed(market: Market, served: Ints, left: Ints) -> Bools:
    """Mask of the first options of a market: those by which a demand comes nearer when all are served in an order."""
    meets = np.where(left[market.resource] < 0, -market.amount, 0)
    option, resource, _, before = _in_order(market, served, meets)
    needed = np.zeros(len(served), dtype=bool)
    needed[option[before < -left[resource]]] = True
    return needed


def _in_order(market: Market, served: Ints, amounts: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Entries above 0 of the first options of a market, by resource and as they are served: option, resource, amount, sum before."""
    size = len(served)
    place = np.empty(size, dtype=np.int64)
    place[served] = np.arange(size)
    entries = np.flatnonzero((market.entry_option < size) & (amounts > 0))
    option, resource = market.entry_option[entries], market.resource[entries]
    order = np.lexsort((place[option], resource))
    option, resource, amount = option[order], resource[order], amounts[entries][order]
    before = np.cumsum(amount) - amount
    return option, resource, amount, before - before[np.searchsorted(resource, resource)]
