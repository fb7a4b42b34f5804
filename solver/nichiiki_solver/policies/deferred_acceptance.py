"""Deferred acceptance: households propose bundles, resources hold the most urgent and publish who is the last they take.

Mechanism
    An agent without an option proposes the best one of its list that has not refused it (equal ranks in the order of the
    options). The proposal goes to every resource of the option; the agent is held if every one holds it.

    1. A resource refuses an amount larger than all there is of it, and everyone below its *line*. The line is the
       highest priority that it has refused for want of room; it only rises.
    2. It refuses a proposal for which there is no room beside the holders of higher priority, and its line rises to that
       priority; holders below the line lose their options. If several resources of an option have no room, the line
       rises at the one where this displaces fewest, the lowest number among equals.
    3. Where nobody refuses, the agent is held. A resource that then holds too much lets go of the least urgent until the
       rest fits, and its line rises to the most urgent of these.
    4. Who loses an option loses it at all its resources, and proposes its next one.

    Proposals go one at a time: of the agents without an option that have something left to propose, the first in the order
    of the procedure. Priority is the points at the resource's target; what is equal is decided by the lottery number of the seed. What
    ends below its minimum is closed and the procedure begins again (`closing`).
Properties
    On markets with unit demand and unit amounts it is the procedure of Gale and Shapley: stable, best for every agent
    among all stable matchings, strategy-proof for agents. On every market without gates priorities are respected: each
    option that an agent would prefer has a resource whose line is above or at the agent and whose holders are all more
    urgent (or that is too small for it). With bundles and amounts it may leave room behind a line, as an earlier
    holder moved on; stable outcomes need not exist there. Not Pareto-efficient.
Complexity
    Each option is proposed at most once a round of closing; a proposal looks through the holders of its resources.
Source
    Gale and Shapley (1962), College admissions and the stability of marriage, American Mathematical Monthly 69;
    Delacrétaz, Kominers and Teytelboym (2023), Matching mechanisms for refugee resettlement, American Economic Review
    113, whose variant that puts priorities before use of capacity is extended here to options with several resources.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.closing import Taken, clock, refuse_demands, run_rounds, stop_if
from nichiiki_solver.policies.in_turn import agents_in_order
from nichiiki_solver.policies.registry import PolicyCard, Settings
from nichiiki_solver.preferences import Preferences, Priority, Use, has_supply
from nichiiki_solver.ragged import Ints


class DeferredAcceptance:
    """Deferred acceptance; see the module's text."""

    card = PolicyCard(
        name="deferred_acceptance",
        strategy_proof="if_unit_demand",
        stable="if_unit_demand",
        efficient="never",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "closing", "priorities"),
        reference="Gale and Shapley (1962); Delacrétaz, Kominers and Teytelboym (2023)",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Run the procedure; see `Outcome` for what comes back."""
        return run(market, settings, Preferences(market, settings.seed), self.card.name)


def run(market: Market, settings: Settings, preferences: Preferences, name: str) -> Outcome:
    """Run the procedure with given preferences and priorities."""
    refuse_demands(preferences.source.has_demands, name)
    if has_supply(market):
        raise UnsupportedMarketError.of("policy_no_supply", argument="policy", value=name)
    order = agents_in_order(market, preferences.source.order(settings.seed))

    should_stop = clock(settings)

    def one_round(left: Ints) -> Taken:
        return _Round(preferences, left, should_stop).run(order)

    return run_rounds(market, settings, one_round, name=name)


@dataclass
class _Resource:
    """A resource: what there is, who holds how much by priority, and the line."""

    capacity: int
    line: Priority | None = None
    holders: dict[Priority, tuple[int, int]] = field(default_factory=dict)

    def is_closed_to(self, use: Use) -> bool:
        """Whether it refuses a proposal without looking at its holders."""
        return use.amount > self.capacity or (self.line is not None and use.priority <= self.line)

    def has_room(self, use: Use) -> bool:
        """Whether there is room beside the holders of higher priority."""
        above = sum(amount for priority, (_, amount) in self.holders.items() if priority > use.priority)
        return above + use.amount <= self.capacity

    def below(self, priority: Priority) -> list[int]:
        """Holders of lower priority."""
        return [agent for other, (agent, _) in self.holders.items() if other < priority]

    def raise_line(self, priority: Priority) -> None:
        """Refuse everyone from a priority downwards from now on."""
        self.line = priority if self.line is None else max(self.line, priority)

    def too_many(self) -> list[int]:
        """Let go of the least urgent until the rest fits; the line rises to the most urgent of these."""
        total = sum(amount for _, amount in self.holders.values())
        found = []
        for priority in sorted(self.holders):
            if total <= self.capacity:
                break
            agent, amount = self.holders[priority]
            total -= amount
            found.append(agent)
            self.raise_line(priority)
        return found


class _Round:
    """One round of the procedure: who holds what, and how far everybody has come in its list."""

    def __init__(self, preferences: Preferences, left: Ints, should_stop: Callable[[], bool]) -> None:
        self.should_stop = should_stop
        self.preferences = preferences
        self.resources = [_Resource(capacity) for capacity in left.tolist()]
        self.next: dict[int, int] = {}
        self.held: dict[int, int] = {}

    def run(self, order: list[int]) -> Taken:
        """Let agents propose until nobody is left who has something to propose."""
        place = {agent: number for number, agent in enumerate(order)}
        waiting = list(range(len(order)))
        while waiting:
            stop_if(self.should_stop)
            agent = order[heappop(waiting)]
            if agent not in self.held and self.next.get(agent, 0) < len(self.preferences.of(agent).uses):
                option = self.next.get(agent, 0)
                self.next[agent] = option + 1
                for other in [agent, *self._propose(agent, option)]:
                    heappush(waiting, place[other])
        return {agent: self.preferences.of(agent).option(option) for agent, option in self.held.items()}

    def _propose(self, agent: int, option: int) -> list[int]:
        """Propose an option; return those who lose theirs."""
        uses = self.preferences.of(agent).uses[option]
        if any(self.resources[use.resource].is_closed_to(use) for use in uses):
            return []
        full = [use for use in uses if not self.resources[use.resource].has_room(use)]
        if full:
            return self._refuse(full)
        self.held[agent] = option
        for use in uses:
            self.resources[use.resource].holders[use.priority] = (agent, use.amount)
        lost = []
        for use in uses:
            lost += self._let_go(self.resources[use.resource].too_many())
        return lost

    def _refuse(self, full: list[Use]) -> list[int]:
        """Raise the line at one of the resources without room."""
        below = {use: self.resources[use.resource].below(use.priority) for use in full}
        chosen = min(full, key=lambda use: (len(below[use]), use.resource))
        self.resources[chosen.resource].raise_line(chosen.priority)
        return self._let_go(below[chosen])

    def _let_go(self, agents: list[int]) -> list[int]:
        """Take their options from agents, at all resources."""
        for agent in agents:
            for use in self.preferences.of(agent).uses[self.held.pop(agent)]:
                del self.resources[use.resource].holders[use.priority]
        return agents
