"""Top trading cycles: agents trade their priorities before they use them.

Mechanism
    An option *stands at* the first resource that it uses (in a compiled market the house), or at nothing. Again and again:

    1. Each agent points to its best option for which everything is left (equal ranks in the order of the options); an agent
       without one leaves.
    2. Each resource points to the most urgent agent left of those that list an option there for which everything is left.
    3. In a cycle each agent gets the option it points to and leaves. Where that cannot be done for all of them at once, as their
       options meet at other resources, only the first of them in the order of the agents gets its option and leaves.

    Equal priorities are decided by the lottery number of the seed. An agent that does not list a resource has no
    priority there that it could trade. What ends below its minimum is closed and the procedure begins again (`closing`).
Properties
    Pareto-efficient where no agent is indifferent and nothing is closed: whoever leaves has the best of all that is left. With
    one resource an option, whatever the amounts, strategy-proof over the orders of the options an agent lists, and
    dropping some of them does not help either. Listing a place that it does not want may help, as a priority to trade comes
    with it. With bundles whose options meet elsewhere that is not proven. Not stable: a traded priority lets the partner
    in before others.
Complexity
    One walk along the pointers a cycle; a step looks through what an option uses.
Source
    Shapley and Scarf (1974), On cores and indivisibility, Journal of Mathematical Economics 1; with capacities and
    priorities: Abdulkadiroğlu and Sönmez (2003), School choice: a mechanism design approach, American Economic Review
    93; with amounts of several services: Delacrétaz, Kominers and Teytelboym (2023), Matching mechanisms for refugee
    resettlement, American Economic Review 113 (multidimensional top trading cycles; read in the version of December 2019,
    algorithm 1, proposition 1), where all that an option uses is at one locality.
"""

from __future__ import annotations

from collections.abc import Callable

from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.closing import Taken, clock, refuse_demands, run_rounds, stop_if
from nichiiki_solver.policies.registry import PolicyCard, Settings
from nichiiki_solver.preferences import Preferences, Priority, Use, has_supply
from nichiiki_solver.ragged import Ints


class TopTradingCycles:
    """Top trading cycles; see the module's text."""

    card = PolicyCard(
        name="top_trading_cycles",
        strategy_proof="if_unit_demand",
        stable="never",
        efficient="if_plain",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "closing", "priorities"),
        reference="Abdulkadiroğlu and Sönmez (2003); Delacrétaz, Kominers and Teytelboym (2023)",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Run the procedure; see `Outcome` for what comes back."""
        preferences = Preferences(market, settings.seed)
        refuse_demands(preferences.source.has_demands, "top_trading_cycles")
        if has_supply(market):
            raise UnsupportedMarketError.of("policy_no_supply", argument="policy", value="top_trading_cycles")

        should_stop = clock(settings)

        def one_round(left: Ints) -> Taken:
            found = _Trade(preferences, left, should_stop).run()
            return {agent: preferences.of(agent).option(option) for agent, option in found.items()}

        return run_rounds(market, settings, one_round, name="top_trading_cycles")


class _Trade:
    """Who is left, and what agents and resources point to; both pointers only move forward."""

    def __init__(self, preferences: Preferences, left: Ints, should_stop: Callable[[], bool]) -> None:
        self.should_stop = should_stop
        self.left: list[int] = left.tolist()
        self.uses = {agent: preferences.of(agent).uses for agent in preferences.agents}
        self.wish = dict.fromkeys(self.uses, 0)
        self.queues, self.offers = _queues(self.uses)
        self.gone: set[int] = set()
        self.given: dict[int, int] = {}

    def run(self) -> dict[int, int]:
        """Walk along the pointers from every agent, and clear each cycle that closes."""
        for start in self.uses:
            path: list[int] = []
            while start not in self.gone:
                stop_if(self.should_stop)
                path = path or [start]
                self._step(path)
        return self.given

    def _step(self, path: list[int]) -> None:
        """Go one step from the last agent of the path, all of whose agents are left."""
        uses = self._wanted(path[-1])
        if not uses:
            self._leave(path.pop(), given=uses is not None)
            return
        owner = self._owner(uses[0].resource)
        if owner not in path:
            path.append(owner)
            return
        self._clear(path[path.index(owner) :])
        path.clear()

    def _clear(self, cycle: list[int]) -> None:
        """Give the agents of a cycle what they point to, or the first of them alone if not all of it is there."""
        used: dict[int, int] = {}
        for use in (use for agent in cycle for use in self.uses[agent][self.wish[agent]]):
            used[use.resource] = used.get(use.resource, 0) + use.amount
        together = all(amount <= self.left[resource] for resource, amount in used.items())
        for agent in cycle if together else [min(cycle)]:
            for use in self.uses[agent][self.wish[agent]]:
                self.left[use.resource] -= use.amount
            self._leave(agent, given=True)

    def _fits(self, uses: tuple[Use, ...]) -> bool:
        return all(use.amount <= self.left[use.resource] for use in uses)

    def _wanted(self, agent: int) -> tuple[Use, ...] | None:
        """What the best option of an agent that is left uses, None if there is none left."""
        mine = self.uses[agent]
        while self.wish[agent] < len(mine):
            if self._fits(mine[self.wish[agent]]):
                return mine[self.wish[agent]]
            self.wish[agent] += 1
        return None

    def _owner(self, place: int) -> int:
        """Most urgent agent left with an option at a resource; the one who asks has one."""
        queue = self.queues[place]
        while queue[-1] in self.gone or not self._has_offer(queue[-1], place):
            queue.pop()
        return queue[-1]

    def _has_offer(self, agent: int, place: int) -> bool:
        """Whether some option of an agent at a resource is left; those that are not are dropped."""
        offers = self.offers[place, agent]
        while offers and not self._fits(self.uses[agent][offers[-1]]):
            offers.pop()
        return bool(offers)

    def _leave(self, agent: int, *, given: bool) -> None:
        self.gone.add(agent)
        if given:
            self.given[agent] = self.wish[agent]


def _queues(
    uses: dict[int, list[tuple[Use, ...]]],
) -> tuple[dict[int, list[int]], dict[tuple[int, int], list[int]]]:
    """Agents with options at each resource, the most urgent last, and these options, the best last."""
    found: dict[int, dict[int, Priority]] = {}
    offers: dict[tuple[int, int], list[int]] = {}
    for agent, mine in uses.items():
        for option in range(len(mine) - 1, -1, -1):
            for use in mine[option][:1]:
                found.setdefault(use.resource, {})[agent] = use.priority
                offers.setdefault((use.resource, agent), []).append(option)
    return {resource: sorted(at, key=at.__getitem__) for resource, at in found.items()}, offers
