"""Deferred acceptance, in rounds over arrays while many propose, then one by one.

Each receiver goes down its list from the end: `cut` is the position from which it accepts nobody any more. A receiver
above its capacity moves `cut` up over the worst it holds. No entry is passed twice, so that the whole run is linear in
the number of pairs whatever the capacities are.

References
----------
D. Gale, L. S. Shapley (1962). College admissions and the stability of marriage. American Mathematical Monthly 69.
A. E. Roth (1984). Stability and polarization of interests in job matching. Econometrica 52 (many-to-many).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nichiiki_solver.matching.market import TwoSided
from nichiiki_solver.ragged import Bools, Ints, expand, first_of_group, offsets_of

FEW = 256
"""With fewer proposers than this a round over arrays costs more than a loop over them."""
WINDOW = 8
"""Least number of entries that a receiver above its capacity looks at together."""


def propose(market: TwoSided, *, few: int = FEW) -> Bools:
    """Let the left side propose; ties are broken by the order of the lists.

    Parameters
    ----------
    market
        Capacities on both sides; preferences over sets are responsive to the lists.
    few
        Number of proposers below which they propose one by one.

    Returns
    -------
    held
        Mask of the pairs that are matched: the stable matching all left agents like best.
    """
    state = _State(market)
    asking = state.needy(np.arange(market.n_left))
    while len(asking) > few:
        asking = state.round(asking)
    state.one_by_one(asking)
    return np.asarray(state.held[market.right_position])


class _State:
    """Who holds whom; positions are those of the right side's order."""

    def __init__(self, market: TwoSided) -> None:
        self.market = market
        self.pair_at, self.position = market.by_right, market.right_position
        self.next = market.left_offsets[:-1].copy()
        self.end = market.left_offsets[1:]
        self.wanted = market.left_capacity.copy()
        self.held = np.zeros(market.n_pairs, dtype=bool)
        self.free = market.right_capacity.copy()
        self.cut = market.right_offsets[1:].copy()
        self.cut[market.right_capacity == 0] = market.right_offsets[:-1][market.right_capacity == 0]

    def needy(self, agents: Ints) -> Ints:
        """Those who want more partners and have somebody left to ask."""
        return agents[(self.wanted[agents] > 0) & (self.next[agents] < self.end[agents])]

    def round(self, asking: Ints) -> Ints:
        """All who want more ask the next on their lists; return who asks in the next round."""
        count = np.minimum(self.wanted[asking], self.end[asking] - self.next[asking])
        _, pairs = expand(self.next[asking], count)
        self.next[asking] += count
        receiver, position = self.market.right[pairs], self.position[pairs]
        welcome = position < self.cut[receiver]
        self.held[position[welcome]] = True
        np.subtract.at(self.free, receiver[welcome], 1)
        np.subtract.at(self.wanted, self.market.left[pairs[welcome]], 1)
        dropped = self._drop(receiver[welcome])
        losers = self.market.left[self.pair_at[dropped]]
        np.add.at(self.wanted, losers, 1)
        return _distinct(self.needy(np.concatenate([asking, losers])))

    def _drop(self, receivers: Ints) -> Ints:
        """Take the worst from those who hold too many; return their positions."""
        dropped = [np.zeros(0, dtype=np.int64)]
        over = _distinct(receivers[self.free[receivers] < 0])
        while len(over):
            dropped.append(self._drop_in_window(over))
            over = over[self.free[over] < 0]
        return np.concatenate(dropped)

    def _drop_in_window(self, over: Ints) -> Ints:
        """Look at the last entries above each cut, and drop the held ones among them as far as needed."""
        excess = -self.free[over]
        width = np.minimum(np.maximum(excess, WINDOW), self.cut[over] - self.market.right_offsets[over])
        owner, step = expand(np.zeros(len(over), dtype=np.int64), width)
        position = self.cut[over][owner] - 1 - step
        held = self.held[position]
        so_far = offsets_of(held)
        ordinal = so_far[1:] - so_far[offsets_of(width)[:-1]][owner]
        passed = (ordinal < excess[owner]) | (held & (ordinal == excess[owner]))
        drop = position[passed & held]
        self.held[drop] = False
        self.cut[over] -= np.bincount(owner[passed], minlength=len(over))
        self.free[over] += np.bincount(owner[passed & held], minlength=len(over))
        return np.asarray(drop)

    def one_by_one(self, asking: Ints) -> None:
        """Finish with a stack of proposers; the arrays are read and written in place through views."""
        right, left = _view(self.market.right), _view(self.market.left)
        next_, end, wanted = _view(self.next), _view(self.end), _view(self.wanted)
        position, pair_at = _view(self.position), _view(self.pair_at)
        held, free, cut = _view(self.held), _view(self.free), _view(self.cut)
        stack = asking.tolist()
        while stack:
            agent = stack[-1]
            pair = next_[agent]
            if not wanted[agent] or pair == end[agent]:
                stack.pop()
                continue
            next_[agent] = pair + 1
            receiver, place = right[pair], position[pair]
            if place >= cut[receiver]:
                continue
            held[place], wanted[agent], free[receiver] = True, wanted[agent] - 1, free[receiver] - 1
            if free[receiver] >= 0:
                continue
            worst = cut[receiver] - 1
            while not held[worst]:
                worst -= 1
            held[worst], cut[receiver], free[receiver] = False, worst, 0
            loser = left[pair_at[worst]]
            wanted[loser] += 1
            stack.append(loser)


def _distinct(values: Ints) -> Ints:
    ordered = np.sort(values)
    return np.asarray(ordered[first_of_group(ordered)])


def _view(values: Any) -> memoryview[int]:
    """Return a view that reads and writes single entries several times as fast as the array itself."""
    return memoryview(values)
