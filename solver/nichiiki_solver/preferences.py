"""What agents want, best first, and how urgent each is at each resource: what matching procedures read."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from nichiiki_solver.dual_prices import source_of
from nichiiki_solver.market import Market, Order

Priority = tuple[int, int]
"""Points at the resource, then the place in an order counted from the end: larger wins, and no two are equal."""


class Use(NamedTuple):
    """What an option takes of a resource, and the priority of its agent there."""

    resource: int
    amount: int
    priority: Priority


@dataclass(frozen=True)
class Wishes:
    """The options of an agent, best first.

    Attributes
    ----------
    market
        The options.
    ranks
        Rank of each.
    uses
        What each takes; entries that take nothing (the share in a minimum, a filled lock) are left out.
    """

    market: Market
    ranks: list[int]
    uses: list[tuple[Use, ...]]

    def option(self, place: int) -> Market:
        """Return the market of one option."""
        return self.market.take(np.array([place]))


class Preferences:
    """Wishes of all agents, made when they are asked for and kept.

    Parameters
    ----------
    market
        The market.
    seed
        Seed of the order that decides between equal points.
    ties
        That order.
    """

    def __init__(self, market: Market, seed: int, ties: Order = "lottery") -> None:
        self.market = market
        self.source = source_of(market)
        drawn = [agent for agent in self.source.order(seed, ties).tolist() if agent < market.n_agents]
        self.draw = {agent: -place for place, agent in enumerate(drawn)}
        self._known: dict[int, Wishes] = {}

    @property
    def agents(self) -> list[int]:
        """Agents that are no gates, by number."""
        return np.flatnonzero(~self.market.gate).tolist()

    def of(self, agent: int) -> Wishes:
        """Return the wishes of an agent."""
        if agent not in self._known:
            self._known[agent] = self._find(agent)
        return self._known[agent]

    def _find(self, agent: int) -> Wishes:
        options = self.source.options_of(agent)
        points, draw = self.source.priorities(options).tolist(), self.draw[agent]
        entries = [
            Use(resource, amount, (own, draw))
            for resource, amount, own in zip(
                options.resource.tolist(), options.amount.tolist(), points, strict=True
            )
        ]
        ends = options.offsets.tolist()
        uses = [tuple(use for use in entries[low:high] if use.amount > 0) for low, high in pairwise(ends)]
        return Wishes(options, options.rank.tolist(), uses)


def has_supply(market: Market) -> bool:
    """Whether options of a plain market supply what others use."""
    return market.source is None and bool((market.amount < 0).any())
