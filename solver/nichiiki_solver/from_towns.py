"""An answer town by town: each town is searched exactly, over what is nearly best at the prices, for whom no town has taken yet.

Prices know what a house is worth, but not that it is taken whole: who is nearly as well off in several ways is placed in fractions.
A town searched exactly places nobody in fractions. It is small if only such stays and options are in it as fall short of a
household's best by a part of what households usually gain. What several towns could have is settled one town after the other, the
smallest first: a household pays what it could gain in the towns that are still to come, and what towns share costs its price and
is there as long as it lasts. Large towns are cut into groups of houses, which are towns in all of this. What a gate opens may be
opened by the first town that uses it, if that meets by itself what the gate asks for.

Towns are searched a few at a time. One that takes what another of its turn has taken waits for the next turn, so that what comes of
it is the same whoever searches. One whose search does not end is searched among fewer stays.

Source: the order of regret, as in Potvin and Rousseau (1993), A parallel route building algorithm; what is near enough to the best at
the prices: the core of Balas and Zemel (1980), An algorithm for large zero-one knapsack problems.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nichiiki_solver import mip
from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.cp_sat import Answer
from nichiiki_solver.dual_prices import SCALE, Priced
from nichiiki_solver.helping import Helpers
from nichiiki_solver.holding import Held, opened_by_prices
from nichiiki_solver.market import NO_VALUE
from nichiiki_solver.ragged import Bools, Ints, segment_max
from nichiiki_solver.towns import NOBODY, PARTS, Cut, Part

GAP, ENDED = 5e-4, 1e-2
"""A town is searched until its answer falls short of its bound by the first share; by more than the second, the search did not end."""
FEWER, TRIES = 4, 3
"""A town whose search does not end is searched among stays so many times as near; and how often in all."""
A_TURN = 12
"""One of so many towns is searched at a time, and at least two."""


def held_by_towns(
    source: BundleSource,
    weights: Ints,
    priced: Priced,
    near: float,
    most: int,
    helpers: Helpers,
    limit_s: float,
    should_stop: Callable[[], bool],
) -> Held:
    """Place households town by town; who is taken by none holds nothing.

    Parameters
    ----------
    source
        What makes the bundles.
    weights
        Weight of each level.
    priced
        Dual prices of the resources of `source`.
    near
        How far a stay falls short of its household's best at most, as a share of what households usually gain.
    most
        A town of more such stays is searched by groups of its houses.
    helpers
        Who searches towns.
    limit_s
        Most seconds for a town.
    should_stop
        Told to stop, what is left of the towns is not searched.
    """
    placing = _Placing(source, weights, priced.prices, near, most)
    while placing.waiting and not should_stop():
        placing.take_turn(helpers, limit_s, should_stop)
    return placing.held()


@dataclass(frozen=True)
class _Waiting:
    """A town to be searched: how near its stays must be (in what is short of the best), and how often it may be tried."""

    number: int
    near: int
    tries: int = TRIES


class _Placing:
    """Towns that wait, and what is held and left so far; values and prices are in 1/`PARTS`."""

    def __init__(self, source: BundleSource, weights: Ints, prices: Ints, near: float, most: int) -> None:
        self.source, self.worth = source, PARTS * weights
        price = np.maximum(prices, 0) * PARTS // SCALE
        self.at = source.at(self.worth, price)
        best = np.maximum(segment_max(self.at.of_stay, source.household_offsets, NO_VALUE), 0)
        reach = int(near * best[best > 0].mean()) if best.any() else 0
        household = source.bundles.stays.household
        self.short = best[household] - self.at.of_stay
        self.cut = Cut.of(source, np.flatnonzero(self.short <= reach), most)
        self.cost = np.where(self.cut.is_shared, price, 0)
        gates = source.bundles.uses.gates
        # what a gate opens or asks for is kept as it is by the town that opens it
        self.cost[gates.resource] = 0
        idle = segment_max(self.cut.owner[gates.resource] != NOBODY, gates.offsets, 0) == 0
        self.best = [self.cut.best_in(number, self.at.of_stay) for number in range(len(self.cut.stays))]
        size = np.bincount(self.cut.region, [len(stays) for stays in self.cut.stays])
        order = sorted(range(len(self.cut.stays)), key=lambda town: size[self.cut.region[town]])
        self.waiting = [_Waiting(town, reach) for town in order]
        self.a_turn = max(2, len(order) // A_TURN)
        self._opened = opened_by_prices(source, self.worth, price, idle)
        self._decided = np.zeros(gates.n_agents, dtype=bool)
        self._decided[gates.agent[self._opened.gates]] = True
        self.left = source.bundles.uses.resources.capacity - self._opened.used(source)
        self.placed = np.zeros(source.bundles.n_households, dtype=bool)
        self._found: list[tuple[Ints, Ints, Ints]] = []

    def take_turn(self, helpers: Helpers, limit_s: float, should_stop: Callable[[], bool]) -> None:
        """Search the next towns, each as if it were alone, and keep what fits together."""
        turn, later = self._next()
        best, second = self._best_of_waiting()
        # what towns must reach together is asked of none alone
        unmet = self.cut.is_shared & (self.left < 0)
        parts = [self._part(town, unmet) for town in turn]
        work = []
        for town, part in zip(turn, parts, strict=True):
            homes, (households, value) = part.household, self.best[town.number]
            is_best = value[np.searchsorted(households, homes)] == best[homes]
            worth = part.market.utility[0].copy()
            worth[: len(homes)] -= np.where(is_best, second[homes], best[homes])
            work.append((part.with_capacity(self.left), worth, limit_s, GAP))
        found = helpers.each(mip.search_part, work, limit_s, should_stop)
        again = [
            next_
            for town, part, answer in zip(turn, parts, found, strict=True)
            if (next_ := self._settle(town, part, answer)) is not None
        ]
        self.waiting = again + later

    def _next(self) -> tuple[list[_Waiting], list[_Waiting]]:
        """The next towns, one group of each region at most, and those after them."""
        turn: dict[int, _Waiting] = {}
        later = []
        for town in self.waiting:
            region = self.cut.region[town.number]
            if len(turn) < self.a_turn and region not in turn:
                turn[region] = town
            else:
                later.append(town)
        return list(turn.values()), later

    def _best_of_waiting(self) -> tuple[Ints, Ints]:
        """What each household could gain in the best of the towns that wait, and in the second best."""
        best = np.zeros(len(self.placed), dtype=np.int64)
        second = np.zeros_like(best)
        for town in self.waiting:
            households, value = self.best[town.number]
            second[households] = np.maximum(second[households], np.minimum(best[households], value))
            best[households] = np.maximum(best[households], value)
        return best, second

    def _part(self, town: _Waiting, unmet: Bools) -> Part:
        """State what is near enough in a town, for those whom no town has taken."""
        stays = self.cut.stays[town.number]
        room = town.near - self.short[stays]
        kept = (room >= 0) & ~self.placed[self.source.bundles.stays.household[stays]]
        options = self.at.options_within(stays[kept], room[kept])
        gates = self._gates_at(self.source.bundles.uses.resources_of(stays[kept], options))
        return self.cut.part(stays[kept], options, gates, self.worth, self.cost, unmet)

    def _gates_at(self, resources: Ints) -> Ints:
        """Options of gates that have to do with some resources, of gates that no town has opened."""
        gates = self.source.bundles.uses.gates
        here = np.zeros(len(self.left), dtype=bool)
        here[resources] = True
        rows = gates.at(here)
        return rows[~self._decided[gates.agent[rows]]]

    def _settle(self, town: _Waiting, part: Part, answer: Answer | None) -> _Waiting | None:
        """Keep what was found in a town if it still fits; return how the town waits on if it does."""
        if answer is None:
            return None
        if town.tries > 1 and not answer.has_ended(ENDED):
            return _Waiting(town.number, town.near // FEWER, town.tries - 1)
        if answer.choice is None:
            return None
        used, mine = part.market.usage(answer.choice), part.resource < len(self.left)
        resource, used = part.resource[mine], used[mine]
        stays, chosen, gates = part.factored.read(answer.choice[answer.choice >= 0])
        bundles = self.source.bundles
        homes, agents = bundles.stays.household[stays], bundles.uses.gates.agent[gates]
        is_taken = self.placed[homes].any() or self._decided[agents].any()
        if is_taken or ((used > 0) & (used > self.left[resource])).any():
            return town
        self.left[resource] -= used
        self.placed[homes] = self._decided[agents] = True
        self._found.append((stays, chosen, gates))
        return None

    def held(self) -> Held:
        """Return what the towns have taken together."""
        return self._opened.with_all(self.source, self._found)
