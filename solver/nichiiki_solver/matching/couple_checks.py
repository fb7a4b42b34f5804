"""Check of a matching with couples, read off the definition; shares only the data with the search.

References
----------
E. McDermid, D. F. Manlove (2010). Keeping partners together: algorithmic results for the hospitals/residents problem with couples.
Journal of Combinatorial Optimization 19.
"""

from __future__ import annotations

import numpy as np

from nichiiki_solver.matching.couple_market import CouplesMarket, Option


class CoupleCheck:
    """The members of each hospital under a choice of options, and whom it would rather have.

    Parameters
    ----------
    market
        The market.
    choice
        Index of the option of each agent; -1 = none.
    """

    def __init__(self, market: CouplesMarket, choice: list[int]) -> None:
        self.market, self.choice = market, choice
        self.members: list[list[int]] = [[] for _ in market.rank]
        for people, options, at in zip(market.people, market.options, choice, strict=True):
            for resident, hospital in zip(people, options[at] if at >= 0 else (), strict=False):
                if hospital >= 0:
                    self.members[hospital].append(resident)

    def over_capacity(self) -> list[int]:
        """Hospitals with more residents than places."""
        load = np.array([len(m) for m in self.members], dtype=np.int64)
        return np.flatnonzero(load > self.market.capacity).tolist()

    def blocking(self) -> list[tuple[int, Option]]:
        """Agents and the options with which they block."""
        return [
            (agent, option)
            for agent, options in enumerate(self.market.options)
            for option in (options if self.choice[agent] < 0 else options[: self.choice[agent]])
            if self._blocks(agent, option)
        ]

    def _blocks(self, agent: int, option: Option) -> bool:
        people, at = self.market.people[agent], self.choice[agent]
        now = self.market.options[agent][at] if at >= 0 else (-2,) * len(people)
        moving = [k for k in range(len(people)) if option[k] != now[k]]
        if len(moving) == 2 and option[0] == option[1]:
            return self._takes_both(option[0], people)
        staying = [people[k] for k in range(len(people)) if k not in moving]
        return all(self._willing(option[k], people[k], staying) for k in moving)

    def _worse(self, hospital: int, resident: int, but: list[int]) -> int:
        """Number of members a hospital ranks below a resident."""
        rank = self.market.rank[hospital]
        return sum(rank[m] > rank[resident] for m in self.members[hospital] if m not in but)

    def _room(self, hospital: int) -> int:
        return int(self.market.capacity[hospital]) - len(self.members[hospital])

    def _willing(self, hospital: int, resident: int, but: list[int]) -> bool:
        return hospital < 0 or self._room(hospital) > 0 or self._worse(hospital, resident, but) > 0

    def _takes_both(self, hospital: int, people: tuple[int, ...]) -> bool:
        """Two come at once: two places, or one and somebody worse than either, or two members, one worse than each."""
        fewer, more = sorted(self._worse(hospital, resident, []) for resident in people)
        room = self._room(hospital)
        return room >= 2 or (room == 1 and more >= 1) or (room == 0 and fewer >= 1 and more >= 2)
