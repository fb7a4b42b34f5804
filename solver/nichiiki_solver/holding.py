"""Who holds what: a choice of a compiled market as a stay and options for each household, and open gates; and a first one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.factored import Factored
from nichiiki_solver.market import Market
from nichiiki_solver.price_ascent import ascend
from nichiiki_solver.ragged import Bools, Ints, segment_sum

NONE = -1
STAGES, A_STAGE, ROUNDS = 40, 0.1, 20
"""Most stages of a dive, the share of those who can be placed that is placed in one, and rounds of prices in each."""
FEWER = 0.8
"""Share of the stays at hand below which those that can still be had are made a source of their own."""
MOVES = (0.03, 0.005)
"""How far a price moves in the first round of a stage and in the last one, in shares of what a household gains."""


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
    def of(cls, source: BundleSource, market: Market, choice: Ints) -> Held:
        """Read the choice of a market of bundles."""
        taken = choice[: source.bundles.n_households]
        there, safe = taken >= 0, np.where(taken >= 0, taken, 0)
        opened = choice[source.bundles.n_households :]
        opened = opened[opened >= 0]
        if not market.n_options:
            blank = np.zeros((len(taken), 0), dtype=np.int64)
            return cls(np.full(len(taken), NONE), blank, np.zeros(len(source.bundles.uses.gates), dtype=bool))
        gates = source.bundles.uses.gates
        known = set(zip(market.agent[opened].tolist(), market.labels["plan"][opened].tolist(), strict=True))
        agent = (source.bundles.n_households + gates.agent).tolist()
        return cls(
            np.where(there, market.labels["stay"][safe], NONE),
            np.where(there[:, None], market.labels["chosen"][safe], NONE),
            np.array([pair in known for pair in zip(agent, gates.plan.tolist(), strict=True)], dtype=bool),
        )

    @classmethod
    def of_pieces(cls, factored: Factored, pieces: Ints) -> Held:
        """Read some pieces of a factored market that are taken together."""
        whole = np.full(factored.market.n_agents, NONE, dtype=np.int64)
        whole[factored.market.agent[pieces]] = pieces
        return cls.of(factored.source, *factored.bundles_of(whole))

    def with_part(self, other: Held, households: Ints, gates: Ints) -> Held:
        """Return what is held where some households and options of gates have what `other` has."""
        width = max(self.chosen.shape[1], other.chosen.shape[1])
        stay, opened, chosen = self.stay.copy(), self.gates.copy(), _as_wide(self.chosen, width)
        stay[households], opened[gates] = other.stay[households], other.gates[gates]
        chosen[households] = _as_wide(other.chosen, width)[households]
        return Held(stay, chosen, opened)

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

    In each round every household without a bundle asks for its best one among those whose parts fit what is left, and who
    gains most comes first. Roles that need a minimum stay closed, and demands may stay unmet: who asks checks.
    """
    placing = _Placing(source, weights, prices)
    placing.fill(prices, should_stop)
    placing.fill(np.zeros_like(prices), should_stop)
    return placing.held()


def held_by_diving(
    source: BundleSource, weights: Ints, prices: Ints, should_stop: Callable[[], bool]
) -> Held:
    """Place households in stages: those that are sure of their stay, then prices of what is left for the others.

    Sure is who asked for the same stay in most rounds of the prices, as one would that the linear program gives it as a whole. At
    5,000 generated households 0.5 % more comes of it than of placing those first who gain most.
    """
    placing = _Placing(source, weights, prices)
    for _ in range(STAGES):
        prices = placing.prices_of_the_rest(prices, should_stop)
        if should_stop() or not placing.accept(prices, A_STAGE):
            break
    placing.fill(prices, should_stop)
    placing.fill(np.zeros_like(prices), should_stop)
    return placing.held()


@dataclass(frozen=True)
class _Answer:
    """What households without a bundle ask for at prices, by the stays at hand, and the bound that proves on what they can gain."""

    prices: Ints
    stays: Ints
    picked: Ints
    values: Ints
    total: int


class _Placing:
    """Households that have a bundle, and what is left for the others."""

    def __init__(self, source: BundleSource, weights: Ints, prices: Ints) -> None:
        count = source.bundles.n_households
        self.source, self.weights = source, weights
        self.left = source.bundles.uses.resources.capacity.copy()
        self.gates = _gates_that_pay(source, weights, prices, self.left)
        self.stay = np.full(count, NONE, dtype=np.int64)
        self.chosen = np.zeros((count, 0), dtype=np.int64)
        self.part, self.numbers = source, np.arange(len(source.bundles.stays))
        self.shut = source.bundles.uses.beyond(self.left)
        self._rounds: list[Ints] = []
        self._last = self.ask(prices)

    def ask(self, prices: Ints) -> _Answer:
        """Ask everyone without a bundle for the best one at the prices, of which every part alone fits what is left."""
        stays, picked, values = self.part.best_fitting(self.weights, prices, self.shut, self.stay < 0)
        kept = values > 0
        total = int(values[kept].sum()) + int(prices @ np.maximum(self.left, 0))
        self._last = _Answer(prices, stays[kept], picked[kept], values[kept], total)
        return self._last

    def demand(self) -> Ints:
        """Return what was asked for last, and remember who asked for which stay."""
        asked = np.full(len(self.stay), NONE, dtype=np.int64)
        asked[self.part.bundles.stays.household[self._last.stays]] = self._last.stays
        self._rounds.append(asked)
        chosen = self._last.picked
        return self.part.used(self._last.stays, chosen[chosen >= 0], self.gates[:0])

    def prices_of_the_rest(self, prices: Ints, should_stop: Callable[[], bool]) -> Ints:
        """Go on from prices towards those of what is left."""
        first = self.ask(prices)
        gain = first.total / max(1, len(first.stays))
        moves = gain * MOVES[0], gain * MOVES[1]
        room = np.maximum(self.left, 0)
        self._rounds = []
        return ascend(first, self.ask, self.demand, room, self.source.unit, should_stop, ROUNDS, moves).prices

    def accept(self, prices: Ints, share: float = 1.0) -> bool:
        """Give households what they ask for at the prices, a share of those who can be: first who is sure, then who gains most."""
        asked = self.ask(prices)
        market = self.part.market_of(asked.stays, asked.picked)
        order = np.lexsort((-asked.values, -self._times_asked(asked.stays)))
        accepted = _first_that_fit(market, order, self.left)
        accepted = accepted[: int(np.ceil(share * len(accepted)))]
        stays, picked = asked.stays[accepted], asked.picked[accepted]
        homes = self.part.bundles.stays.household[stays]
        self.stay[homes] = self.numbers[stays]
        self.chosen = _as_wide(self.chosen, picked.shape[1])
        self.chosen[homes] = _as_wide(picked, self.chosen.shape[1])
        self.left -= self.part.used(stays, picked[picked >= 0], self.gates[:0])
        self._look_at_what_fits()
        return len(accepted) > 0

    def _look_at_what_fits(self) -> None:
        """See what is shut now, and go on with the stays that can still be had once many no longer can: none ever comes back."""
        uses = self.part.bundles.uses
        self.shut = uses.beyond(self.left)
        of_stay = np.repeat(np.arange(len(self.numbers)), np.diff(uses.stay_offsets))
        open_ = self.stay[self.part.bundles.stays.household] < 0
        open_[of_stay[self.shut[uses.stay_class]]] = False
        if open_.sum() < FEWER * len(open_):
            kept = np.flatnonzero(open_)
            self.part, self.numbers = self.part.among(kept), self.numbers[kept]
            self.shut = self.part.bundles.uses.beyond(self.left)

    def _times_asked(self, stays: Ints) -> Ints:
        """In how many of the last rounds the household of each stay asked for it."""
        homes, times = self.part.bundles.stays.household[stays], np.zeros(len(stays), dtype=np.int64)
        for asked in self._rounds:
            times += asked[homes] == stays
        return times

    def fill(self, prices: Ints, should_stop: Callable[[], bool]) -> None:
        """Place whoever can be at the prices, who gains most first."""
        self._rounds = []
        while not should_stop() and self.accept(prices):
            pass

    def held(self) -> Held:
        """Return what everybody has."""
        opened = np.zeros(len(self.source.bundles.uses.gates), dtype=bool)
        opened[self.gates] = True
        return Held(self.stay, self.chosen, opened)


def _as_wide(matrix: Ints, width: int) -> Ints:
    """Pad a matrix with -1 to a width."""
    missing = max(0, width - matrix.shape[1])
    return np.pad(matrix, ((0, 0), (0, missing)), constant_values=NONE)


def _first_that_fit(market: Market, served: Ints, left: Ints) -> Ints:
    """Those of the first options of a market that fit together when served in an order, in that order."""
    count = len(served)
    place = np.empty(count, dtype=np.int64)
    place[served] = np.arange(count)
    entries = np.flatnonzero((market.entry_option < count) & (market.amount > 0))
    option, resource = market.entry_option[entries], market.resource[entries]
    order = np.lexsort((place[option], resource))
    option, resource, amount = option[order], resource[order], market.amount[entries][order]
    running = np.cumsum(amount)
    first = np.searchsorted(resource, resource)
    before = np.where(first > 0, running[first - 1], 0)
    over = option[running - before > left[resource]]
    fits = np.ones(count, dtype=bool)
    fits[over] = False
    return served[fits[served]]


def _gates_that_pay(source: BundleSource, weights: Ints, prices: Ints, left: Ints) -> Ints:
    """Open gates that are worth it at the prices and ask for nothing in return, the best first; take their use from what is left."""
    gates = source.bundles.uses.gates
    value = weights @ source.bundles.gate_terms - segment_sum(
        prices[gates.resource] * gates.amount, gates.offsets
    )
    opened: list[int] = []
    decided: set[int] = set()
    for gate in np.argsort(-value, kind="stable").tolist():
        entry = slice(gates.offsets[gate], gates.offsets[gate + 1])
        resource, amount = gates.resource[entry], gates.amount[entry]
        agent = int(gates.agent[gate])
        if value[gate] <= 0 or agent in decided or (amount > np.maximum(left[resource], 0)).any():
            continue
        decided.add(agent)
        opened.append(gate)
        np.subtract.at(left, resource, amount)
    return np.array(opened, dtype=np.int64)
