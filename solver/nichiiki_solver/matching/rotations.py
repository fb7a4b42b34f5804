"""The lattice of stable matchings by its rotations: which there are, and which must come before which.

A rotation is a cycle of residents who each pass to the next place that would have them. Every stable matching is what is left of
the resident-optimal one after the rotations of a closed set (with each all that come before it). Hospitals are taken as
places in a row, which gives the same matchings (Gusfield and Irving 1989, section 1.6).

References
----------
R. W. Irving, P. Leather (1986). The complexity of counting stable marriages. SIAM Journal on Computing 15.
D. Gusfield, R. W. Irving (1989). The stable marriage problem: structure and algorithms. MIT Press.
C. Cheng, E. McDermid, I. Suzuki (2008). A unified approach to finding good stable matchings in the hospitals/residents setting.
ISAAC 2008.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.matching.deferred_acceptance import propose
from nichiiki_solver.matching.market import TwoSided
from nichiiki_solver.ragged import Bools, Ints, expand, offsets_of

Move = tuple[int, int, int]
"""A resident, the pair it leaves, and the pair it takes (numbers of pairs of the market of places)."""


@dataclass(frozen=True)
class Lattice:
    """Rotations of a market.

    Attributes
    ----------
    market
        The market, strict, left agents with one partner at most.
    places
        The same market with one right agent for each place; `pair_of` gives the pair of the market for each of its pairs.
    first
        The pair of places of each left agent in the left-optimal matching; -1 = none.
    rotations
        Moves of each rotation, in an order in which they can be carried out.
    before
        Of each rotation, rotations that must come directly before it.
    """

    market: TwoSided
    places: TwoSided
    pair_of: Ints
    first: Ints
    rotations: tuple[tuple[Move, ...], ...]
    before: tuple[tuple[int, ...], ...]

    def mask(self, chosen: set[int]) -> Bools:
        """Matched pairs of the market after a closed set of rotations."""
        now = self.first.copy()
        for index in sorted(chosen):
            for agent, _, to in self.rotations[index]:
                now[agent] = to
        held = np.zeros(self.market.n_pairs, dtype=bool)
        held[self.pair_of[now[now >= 0]]] = True
        return held

    def closure(self, needed: set[int]) -> set[int]:
        """Rotations needed, with all that come before them."""
        closed: set[int] = set()
        stack = list(needed)
        while stack:
            index = stack.pop()
            if index not in closed:
                closed.add(index)
                stack.extend(self.before[index])
        return closed


def find_lattice(market: TwoSided) -> Lattice:
    """Find all rotations of a market.

    Raises
    ------
    UnsupportedMarketError
        If there are ties, or a left agent may have several partners.
    """
    if market.has_ties:
        raise UnsupportedMarketError(
            "all stable matchings: preferences have ties; break them first (shuffled_ties, or the lists)"
        )
    if (market.left_capacity > 1).any():
        raise UnsupportedMarketError(
            "all stable matchings: the left side has a capacity above 1; allowed are 0 and 1"
        )
    places, pair_of = _places(market)
    finder = _Finder(places)
    finder.run()
    before = tuple(tuple(sorted(found)) for found in finder.before)
    return Lattice(market, places, pair_of, finder.first, tuple(finder.rotations), before)


def _places(market: TwoSided) -> tuple[TwoSided, Ints]:
    """Turn each right agent into its places, in a row on every list."""
    times = market.right_capacity[market.right]
    first_place = offsets_of(market.right_capacity)
    owner, _ = expand(np.zeros(market.n_pairs, dtype=np.int64), times)
    nth = np.arange(len(owner)) - offsets_of(times)[:-1][owner]
    right = first_place[market.right[owner]] + nth
    order = np.lexsort((market.right_rank[owner], right))
    position = np.empty(len(owner), dtype=np.int64)
    position[order] = np.arange(len(owner))
    n_places = int(first_place[-1])
    places = TwoSided(
        left_offsets=offsets_of(times)[market.left_offsets],
        right=right,
        left_rank=market.left_rank[owner],
        right_rank=market.right_rank[owner],
        right_offsets=offsets_of(np.bincount(right, minlength=n_places)),
        right_position=position,
        left_capacity=market.left_capacity,
        right_capacity=np.ones(n_places, dtype=np.int64),
    )
    return places, owner


class _Finder:
    """Follows one chain from the left-optimal matching to the right-optimal one; it passes every rotation once."""

    def __init__(self, places: TwoSided) -> None:
        self.right, self.left = places.right.tolist(), places.left.tolist()
        self.rank, self.end = places.right_rank.tolist(), places.left_offsets[1:].tolist()
        held = np.flatnonzero(propose(places))
        self.first = np.full(places.n_left, -1, dtype=np.int64)
        self.first[places.left[held]] = held
        self.now: list[int] = self.first.tolist()
        self.partner = {self.right[pair]: pair for pair in held.tolist()}
        self.history: dict[int, list[tuple[int, int]]] = {
            r: [(self.rank[p], -1)] for r, p in self.partner.items()
        }
        self.rotations: list[tuple[Move, ...]] = []
        self.before: list[set[int]] = []
        self.ahead = [pair + 1 for pair in self.now]
        self.passed: list[set[int]] = [set() for _ in self.now]

    def run(self) -> None:
        """From each left agent follow who would be displaced, until that closes a cycle or leads nowhere, again and again."""
        for agent in range(len(self.now)):
            path, depth = [agent], {agent: 0}
            while path:
                self._follow(path, depth)
                if not path and self.ahead[agent] < self.end[agent]:
                    path.append(agent)
                    depth[agent] = 0

    def _follow(self, path: list[int], depth: dict[int, int]) -> None:
        """Follow the path one step; carry out the rotation it closes, or give it up: who leads nowhere never moves again."""
        to = self._next(path[-1])
        if to < 0:
            for agent in path:
                self.ahead[agent] = self.end[agent]
            path.clear()
            return
        follows = self.left[self.partner[self.right[to]]]
        if follows not in depth:
            depth[follows] = len(path)
            path.append(follows)
            return
        cycle = path[depth[follows] :]
        self._eliminate(cycle)
        del path[depth[follows] :]
        for agent in cycle:
            del depth[agent]

    def _next(self, agent: int) -> int:
        """Return the next pair whose right agent would rather have this one than its partner; -1 = none.

        A place that is free here is free in every stable matching, and would block with whoever passed it.
        """
        if self.now[agent] < 0:
            return -1
        pair = self.ahead[agent]
        while pair < self.end[agent]:
            partner = self.partner.get(self.right[pair], -1)
            if partner < 0:
                return -1
            if self.rank[pair] < self.rank[partner]:
                break
            self._note_passed(agent, pair)
            pair += 1
        self.ahead[agent] = pair
        return pair if pair < self.end[agent] else -1

    def _note_passed(self, agent: int, pair: int) -> None:
        """Remember the rotation by which the right agent came to somebody better than this one."""
        for rank, rotation in self.history.get(self.right[pair], [])[::-1]:
            if rank < self.rank[pair]:
                last = rotation
            else:
                self.passed[agent].add(last)
                return

    def _eliminate(self, cycle: list[int]) -> None:
        index = len(self.rotations)
        moves = tuple((agent, self.now[agent], self.ahead[agent]) for agent in cycle)
        before: set[int] = set()
        for agent, from_, _ in moves:
            before |= self.passed[agent] | {self.history[self.right[from_]][-1][1]}
            self.passed[agent] = set()
        for agent, _, to in moves:
            self.now[agent] = to
            self.ahead[agent] = to + 1
            self.partner[self.right[to]] = to
            self.history[self.right[to]].append((self.rank[to], index))
        self.rotations.append(moves)
        self.before.append(before - {-1})
