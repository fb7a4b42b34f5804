"""Who holds what: a choice of a compiled market as a stay and options for each household, and open gates; and a first one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Bools, Ints, segment_sum

NONE = -1


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
    left = source.bundles.uses.resources.capacity.copy()
    gates = _gates_that_pay(source, weights, prices, left)
    count = source.bundles.n_households
    stay = np.full(count, NONE, dtype=np.int64)
    chosen = np.zeros((count, 0), dtype=np.int64)
    for at, least in ((prices, 0), (np.zeros_like(prices), 0)):
        while not should_stop():
            stays, picked, value = source.best_fitting(weights, at, left, stay < 0)
            kept = value > least
            stays, picked, value = stays[kept], picked[kept], value[kept]
            accepted = _first_that_fit(source.market_of(stays, picked), len(stays), value, left)
            if not len(accepted):
                break
            homes = source.bundles.stays.household[stays[accepted]]
            stay[homes] = stays[accepted]
            chosen = _as_wide(chosen, picked.shape[1])
            chosen[homes] = _as_wide(picked[accepted], chosen.shape[1])
            left -= source.used(stays[accepted], picked[accepted][picked[accepted] >= 0], gates[:0])
    held = np.zeros(len(source.bundles.uses.gates), dtype=bool)
    held[gates] = True
    return Held(stay, chosen, held)


def _as_wide(matrix: Ints, width: int) -> Ints:
    """Pad a matrix with -1 to a width."""
    missing = max(0, width - matrix.shape[1])
    return np.pad(matrix, ((0, 0), (0, missing)), constant_values=NONE)


def _first_that_fit(market: Market, count: int, value: Ints, left: Ints) -> Ints:
    """Those of the first `count` options that fit together, the most valuable ones served first."""
    place = np.empty(count, dtype=np.int64)
    place[np.argsort(-value, kind="stable")] = np.arange(count)
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
    return np.flatnonzero(fits)


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
