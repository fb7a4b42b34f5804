"""Knapsack deferred acceptance: who has asked for something keeps a claim to it against all who are less urgent.

Mechanism
    Round by round, whatever the order of the agents:

    1. Every agent asks for the best option of its list that has not been refused to it (equal ranks in the order of the
       options).
    2. An option is refused if at some resource that it uses there is no room for its amount beside the *claims* of the more
       urgent agents. The claim of an agent at a resource is the largest amount there of the options that it has asked for
       so far, the refused ones included.
    3. If nothing was refused, every agent gets what it asks for; else the next round begins.

    Priority is the points at the resource's target; what is equal is decided by the lottery number of the seed. What
    ends below its minimum is closed and the procedure begins again (`closing`).
Properties
    No agent strongly envies: an option that an agent would prefer to what it gets has a resource without room beside what the
    more urgent agents hold or would prefer to what they get. Of all choices of which that is true the outcome is the best
    for every agent (without gates). A claim that is not used is kept, so that capacity may stay empty; with unit demand and
    unit amounts none does, and it is the procedure of Gale and Shapley. Not strategy-proof with amounts or bundles.
Complexity
    Each option is refused at most once a round of closing; a refusal looks through the claims at its resources.
Source
    Delacrétaz, Kominers and Teytelboym (2023), Matching mechanisms for refugee resettlement, American Economic Review 113,
    read in the authors' version of December 2019 (algorithm 3, "cascading multidimensional deferred acceptance", theorem 5),
    where a locality weakly accommodates a family if it does at every service that the family needs. Here each resource
    is such a service, and an option may use those of several localities.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass, field

from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.closing import Taken, clock, refuse_demands, run_rounds, stop_if
from nichiiki_solver.policies.registry import PolicyCard, Settings
from nichiiki_solver.preferences import Preferences, Priority, Use, has_supply
from nichiiki_solver.ragged import Ints


class KnapsackDeferredAcceptance:
    """Knapsack deferred acceptance; see the module's text."""

    card = PolicyCard(
        name="knapsack_deferred_acceptance",
        strategy_proof="if_unit_demand",
        stable="if_unit_demand",
        efficient="never",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "closing", "priorities"),
        reference="Delacrétaz, Kominers and Teytelboym (2023), American Economic Review 113",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Run the procedure; see `Outcome` for what comes back."""
        return run(market, settings, Preferences(market, settings.seed), self.card.name)


def run(market: Market, settings: Settings, preferences: Preferences, name: str) -> Outcome:
    """Run the procedure with given preferences and priorities."""
    refuse_demands(preferences.source.has_demands, name)
    if has_supply(market):
        raise UnsupportedMarketError.of("policy_no_supply", argument="policy", value=name)

    should_stop = clock(settings)

    def one_round(left: Ints) -> Taken:
        return _Round(preferences, left, should_stop).run()

    return run_rounds(market, settings, one_round, name=name)


@dataclass
class _Resource:
    """A resource: what there is, and the claims on it in order of urgency."""

    capacity: int
    claims: list[tuple[Priority, int, int]] = field(default_factory=list)

    def has_room(self, use: Use) -> bool:
        """Whether there is room beside the claims of higher priority."""
        above = sum(amount for priority, _, amount in self.claims if priority > use.priority)
        return above + use.amount <= self.capacity

    def claim(self, agent: int, use: Use) -> list[int]:
        """Raise an agent's claim to what it asks for; return the less urgent agents if that changed anything."""
        place = bisect_left(self.claims, (use.priority,))
        if place < len(self.claims) and self.claims[place][0] == use.priority:
            if self.claims[place][2] >= use.amount:
                return []
            self.claims[place] = (use.priority, agent, use.amount)
        else:
            insort(self.claims, (use.priority, agent, use.amount))
        return [other for _, other, _ in self.claims[:place]]


class _Round:
    """One round of closing: who asks for what, and the claims so far."""

    def __init__(self, preferences: Preferences, left: Ints, should_stop: Callable[[], bool]) -> None:
        self.should_stop = should_stop
        self.preferences = preferences
        self.resources = [_Resource(capacity) for capacity in left.tolist()]
        self.asked = dict.fromkeys(preferences.agents, -1)

    def run(self) -> Taken:
        """Ask and refuse until nothing is refused."""
        waiting = list(self.asked)
        while waiting:
            stop_if(self.should_stop)
            agent = waiting.pop()
            if not self._stands(agent):
                waiting += [*self._ask_next(agent)]
        held = {agent: at for agent, at in self.asked.items() if at < len(self.preferences.of(agent).uses)}
        return {agent: self.preferences.of(agent).option(at) for agent, at in held.items()}

    def _stands(self, agent: int) -> bool:
        """Whether what an agent asks for is not refused (or it has nothing left to ask for)."""
        uses, at = self.preferences.of(agent).uses, self.asked[agent]
        if at < 0:
            return False
        return at >= len(uses) or all(self.resources[use.resource].has_room(use) for use in uses[at])

    def _ask_next(self, agent: int) -> list[int]:
        """Let an agent ask for its next option; return who must be looked at again."""
        uses = self.preferences.of(agent).uses
        self.asked[agent] += 1
        if self.asked[agent] >= len(uses):
            return []
        found = [agent]
        for use in uses[self.asked[agent]]:
            found += self.resources[use.resource].claim(agent, use)
        return list(dict.fromkeys(found))
