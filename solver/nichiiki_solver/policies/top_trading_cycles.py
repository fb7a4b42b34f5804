"""Top trading cycles: agents trade their priorities before they use them.

Mechanism
    Every option is one place at one resource (or nothing at all, which is always there). Again and again:

    1. Each agent points to its best option with a place left (equal ranks in the order of the options); an agent without
       one leaves.
    2. Each resource with places left points to the most urgent agent left among those that list it.
    3. In every cycle each agent gets the place it points to and leaves; the resource has one place fewer.

    Equal priorities are decided by the lottery number of the seed. An agent that does not list a resource has no
    priority there that it could trade.
Properties
    Pareto-efficient where no agent is indifferent; strategy-proof over the orders of the options an agent lists, and
    dropping some of them does not help either. Listing a place that it does not want may help, as a priority to trade
    comes with it. Not stable: a traded priority lets the partner in before others. Bundles, larger amounts, gates,
    minimums and supply are refused, as no promise is known for them.
Complexity
    Linear in the number of options, after sorting the agents at each resource by priority.
Source
    Shapley and Scarf (1974), On cores and indivisibility, Journal of Mathematical Economics 1; with capacities and
    priorities: Abdulkadiroğlu and Sönmez (2003), School choice: a mechanism design approach, American Economic Review
    93.
"""

from __future__ import annotations

from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.closing import Taken, run_rounds
from nichiiki_solver.policies.registry import PolicyCard, Settings
from nichiiki_solver.preferences import Preferences, Priority, has_supply
from nichiiki_solver.ragged import Ints

NOTHING = -1
"""Stands for the resource of an option that uses none."""


class TopTradingCycles:
    """Top trading cycles; see the module's text."""

    card = PolicyCard(
        name="top_trading_cycles",
        strategy_proof="if_unit_demand",
        stable="never",
        efficient="if_unit_demand",
        deterministic=True,
        optimises=False,
        supports=("unit_demand", "ties", "must", "priorities"),
        reference="Abdulkadiroğlu and Sönmez (2003), American Economic Review 93",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Run the procedure; see `Outcome` for what comes back."""
        preferences = Preferences(market, settings.seed)
        if preferences.source.has_demands or has_supply(market) or market.gate.any():
            raise UnsupportedMarketError(
                "policy top_trading_cycles knows no minimums and no supply; use deferred_acceptance or welfare"
            )
        places = {agent: _places(preferences, agent) for agent in preferences.agents}

        def one_round(left: Ints) -> Taken:
            found = _Trade(preferences, places, left).run()
            return {agent: preferences.of(agent).option(option) for agent, option in found.items()}

        return run_rounds(market, settings, one_round, name="top_trading_cycles")


def _places(preferences: Preferences, agent: int) -> list[int]:
    """Resource of each option of an agent, best first."""
    uses = preferences.of(agent).uses
    if any(len(mine) > 1 or any(use.amount != 1 for use in mine) for mine in uses):
        raise UnsupportedMarketError(
            f"policy top_trading_cycles needs unit demand; an option of agent {agent} uses several resources or"
            " more than 1 of one; use deferred_acceptance, serial_dictatorship or welfare"
        )
    return [mine[0].resource if mine else NOTHING for mine in uses]


class _Trade:
    """Who is left, and what agents and resources point to; both pointers only move forward."""

    def __init__(self, preferences: Preferences, places: dict[int, list[int]], left: Ints) -> None:
        self.places, self.left = places, left
        self.wish = dict.fromkeys(places, 0)
        self.queues = _queues(preferences, places)
        self.gone: set[int] = set()
        self.given: dict[int, int] = {}

    def run(self) -> dict[int, int]:
        """Walk along the pointers from every agent, and clear each cycle that closes."""
        for start in self.places:
            path = [] if start in self.gone else [start]
            while path:
                self._step(path)
        return self.given

    def _step(self, path: list[int]) -> None:
        """Go one step from the last agent of the path, all of whose agents are left."""
        place = self._wanted(path[-1])
        if place is None or place == NOTHING:
            self._leave(path.pop(), given=place is not None)
            return
        owner = self._owner(place)
        if owner not in path:
            path.append(owner)
            return
        cycle = path[path.index(owner) :]
        del path[-len(cycle) :]
        for agent in cycle:
            self.left[self.places[agent][self.wish[agent]]] -= 1
            self._leave(agent, given=True)

    def _wanted(self, agent: int) -> int | None:
        """Best place of an agent with room, None if there is none left."""
        mine = self.places[agent]
        while self.wish[agent] < len(mine):
            place = mine[self.wish[agent]]
            if place == NOTHING or self.left[place] > 0:
                return place
            self.wish[agent] += 1
        return None

    def _owner(self, place: int) -> int:
        """Most urgent agent left at a resource; the one who asks is left, so there is one."""
        queue = self.queues[place]
        while queue[-1] in self.gone:
            queue.pop()
        return queue[-1]

    def _leave(self, agent: int, *, given: bool) -> None:
        self.gone.add(agent)
        if given:
            self.given[agent] = self.wish[agent]


def _queues(preferences: Preferences, places: dict[int, list[int]]) -> dict[int, list[int]]:
    """Agents that list each resource, the most urgent last."""
    found: dict[int, dict[int, Priority]] = {}
    for agent in places:
        for mine in preferences.of(agent).uses:
            for use in mine:
                at = found.setdefault(use.resource, {})
                at[agent] = max(use.priority, at.get(agent, use.priority))
    return {resource: sorted(at, key=at.__getitem__) for resource, at in found.items()}
