"""Immediate acceptance (the Boston mechanism): first wishes first, and what is given is final.

Mechanism
    For k = 1, 2, … the agents that have nothing yet and have options of rank k do this until none of them has an option
    of rank k that fits what is left:

    1. Each asks for the first of its options of rank k that fits what is left; one that has none waits for the next k.
    2. Each resource goes through those who ask for some of it, by falling priority, and accepts everyone who fits beside
       those it accepted before.
    3. Who is accepted by every resource of its option gets it for good. If that is nobody (two who block each other at
       two resources), the first in the order of the procedure gets its option.

    Ranks are those of whole options: a household's third best bundle has rank 3. Priorities are points at the resource's
    target, what is equal is decided by the lottery number. What ends below its minimum is closed and the procedure
    begins again (`closing`).
Properties
    Pareto-efficient on markets with unit demand where no agent is indifferent. Neither strategy-proof (a place lost in
    the first round may be gone in the second) nor stable.
Complexity
    Every option of an agent is asked for at most once a round of closing, sorted at each of its resources.
Source
    Abdulkadiroğlu and Sönmez (2003), School choice: a mechanism design approach, American Economic Review 93.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.closing import Taken, refuse_demands, run_rounds
from nichiiki_solver.policies.registry import PolicyCard, Settings
from nichiiki_solver.preferences import Preferences, Use, has_supply
from nichiiki_solver.ragged import Ints


class ImmediateAcceptance:
    """Immediate acceptance; see the module's text."""

    card = PolicyCard(
        name="immediate_acceptance",
        strategy_proof="never",
        stable="never",
        efficient="if_unit_demand",
        deterministic=True,
        optimises=False,
        supports=("bundles", "ties", "must", "closing", "priorities"),
        reference="Abdulkadiroğlu and Sönmez (2003), American Economic Review 93",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Run the procedure; see `Outcome` for what comes back."""
        preferences = Preferences(market, settings.seed)
        refuse_demands(preferences.source.has_demands, "immediate_acceptance")
        if has_supply(market):
            raise UnsupportedMarketError.of(
                "policy_no_supply", argument="policy", value="immediate_acceptance"
            )
        order = preferences.source.order(settings.seed).tolist()
        place = {agent: position for position, agent in enumerate(order)}

        def one_round(left: Ints) -> Taken:
            return _Round(preferences, place, left).run()

        return run_rounds(market, settings, one_round, name="immediate_acceptance")


class _Round:
    """One round of the procedure: what is left, and who has what."""

    def __init__(self, preferences: Preferences, place: dict[int, int], left: Ints) -> None:
        self.preferences, self.place, self.left = preferences, place, left
        self.taken: dict[int, Market] = {}

    def run(self) -> Taken:
        """Go through the ranks."""
        options: dict[int, dict[int, list[int]]] = {}
        for agent in self.preferences.agents:
            for option, rank in enumerate(self.preferences.of(agent).ranks):
                options.setdefault(rank, {}).setdefault(agent, []).append(option)
        for rank in sorted(options):
            waiting = {a: mine for a, mine in options[rank].items() if a not in self.taken}
            while asked := self._asked(waiting):
                for agent in self._accepted(asked):
                    self._give(agent, asked[agent])
                    del waiting[agent]
        return self.taken

    def _asked(self, waiting: dict[int, list[int]]) -> dict[int, int]:
        """Option that each agent asks for; agents without one are taken off the list."""
        found: dict[int, int] = {}
        for agent, options in list(waiting.items()):
            uses = self.preferences.of(agent).uses
            fitting = [o for o in options if all(use.amount <= self.left[use.resource] for use in uses[o])]
            waiting[agent] = fitting
            if fitting:
                found[agent] = fitting[0]
            else:
                del waiting[agent]
        return found

    def _accepted(self, asked: dict[int, int]) -> list[int]:
        """Agents that every resource of their option accepts; never nobody."""
        queues: dict[int, list[tuple[Use, int]]] = {}
        for agent, option in asked.items():
            for use in self.preferences.of(agent).uses[option]:
                queues.setdefault(use.resource, []).append((use, agent))
        refused: set[int] = set()
        for resource, queue in queues.items():
            refused |= _refused(queue, int(self.left[resource]))
        first = min(asked, key=self.place.__getitem__)
        return [agent for agent in asked if agent not in refused] or [first]

    def _give(self, agent: int, option: int) -> None:
        own = self.preferences.of(agent).option(option)
        self.taken[agent] = own
        np.subtract.at(self.left, own.resource, own.amount)


def _refused(queue: list[tuple[Use, int]], left: int) -> set[int]:
    """Agents that a resource does not accept."""
    refused = set()
    for use, agent in sorted(queue, key=lambda asked: asked[0].priority, reverse=True):
        if use.amount <= left:
            left -= use.amount
        else:
            refused.add(agent)
    return refused
