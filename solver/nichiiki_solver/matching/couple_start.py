"""A start for the search with couples: agents apply in turn, who is displaced applies again, and so does who blocks.

This is deferred acceptance for singles and couples in the manner of Roth and Peranson; it need not end, and is stopped then.

References
----------
A. E. Roth, E. Peranson (1999). The redesign of the matching market for American physicians. American Economic Review 89.
"""

from __future__ import annotations

from collections import deque

from nichiiki_solver.matching.couple_checks import CoupleCheck
from nichiiki_solver.matching.couple_market import CouplesMarket, Option

STEPS = 20
"""Applications for each agent after which the attempt ends."""
ROUNDS = 50
"""Times that those who block apply again."""


def few_blocking(market: CouplesMarket) -> list[int]:
    """Return the index of an option for each agent (-1 = none): within the capacities, with few blocking pairs."""
    run = _Run(market)
    best, fewest = list(run.choice), len(CoupleCheck(market, run.choice).blocking())
    waiting = list(range(len(market.people)))
    for _ in range(ROUNDS):
        run.apply(waiting)
        blocking = CoupleCheck(market, run.choice).blocking()
        if len(blocking) < fewest:
            best, fewest = list(run.choice), len(blocking)
        waiting = list(dict.fromkeys(agent for agent, _ in blocking))
        if not blocking or run.steps <= 0:
            break
    return best


class _Run:
    """Who is where while agents apply."""

    def __init__(self, market: CouplesMarket) -> None:
        self.market = market
        self.choice = [-1] * len(market.people)
        self.members: list[dict[int, int]] = [{} for _ in market.rank]
        self.steps = STEPS * len(market.people)

    def apply(self, agents: list[int]) -> None:
        """Let agents apply from the top of their lists, until nobody is displaced or the steps are used up."""
        waiting = deque(agents)
        while waiting and self.steps > 0:
            self.steps -= 1
            waiting.extend(self._place(waiting.popleft()))

    def _place(self, agent: int) -> list[int]:
        """Give an agent the best option that takes it; return who is displaced."""
        self._leave(agent)
        for index, option in enumerate(self.market.options[agent]):
            displaced = self._displaced(agent, option)
            if displaced is not None:
                for other in displaced:
                    self._leave(other)
                self._take(agent, index)
                return displaced
        return []

    def _displaced(self, agent: int, option: Option) -> list[int] | None:
        """Return the agents that go if this one comes; None if a hospital refuses."""
        going: list[int] = []
        for hospital in sorted(set(option) - {-1}):
            coming = [r for r, h in zip(self.market.people[agent], option, strict=True) if h == hospital]
            worst = self._worst(hospital, coming)
            if worst is None:
                return None
            going += [self.members[hospital][resident] for resident in worst]
        return list(dict.fromkeys(going))

    def _worst(self, hospital: int, coming: list[int]) -> list[int] | None:
        """Return the members that make room; None if they are not all worse than those who come."""
        rank, have = self.market.rank[hospital], self.members[hospital]
        excess = max(0, len(have) + len(coming) - int(self.market.capacity[hospital]))
        worst = sorted(have, key=rank.__getitem__, reverse=True)[:excess]
        best = sorted(rank[r] for r in coming)[:excess][::-1]
        fits = len(worst) == len(best) == excess
        return worst if fits and all(b < rank[w] for b, w in zip(best, worst, strict=True)) else None

    def _take(self, agent: int, index: int) -> None:
        self.choice[agent] = index
        for resident, hospital in zip(
            self.market.people[agent], self.market.options[agent][index], strict=True
        ):
            if hospital >= 0:
                self.members[hospital][resident] = agent

    def _leave(self, agent: int) -> None:
        at, self.choice[agent] = self.choice[agent], -1
        for resident, hospital in (
            zip(self.market.people[agent], self.market.options[agent][at], strict=True) if at >= 0 else ()
        ):
            if hospital >= 0:
                del self.members[hospital][resident]
