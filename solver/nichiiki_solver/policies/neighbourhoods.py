"""Better answers by neighbourhoods: some households give back what they hold, and are placed anew exactly.

A block is a house where prices and answer disagree most, the households that gain most there, their other good houses, and so
on. All others keep what they hold, so that a block is a small market of its own whose capacities are what the others leave; what
it finds fits without repair. At fixed prices the block has a bound of its own, and pieces that fall short of it by more
than its gap are in no better answer: a block far from its bound is large, one near it vanishes.

Blocks are placed anew in rounds of several that have no household in common. What nobody holds goes to the first block that
could use it, and of a gate's resources the others have what their own households hold: so what each block finds fits beside what the
others find, whoever works them out and in whatever order. A round is settled before it begins: one helper and many
give the same answer, as long as no time limit ends a block.

Source: Shaw (1998), Using constraint programming and local search methods to solve vehicle routing problems; the sizes follow what
closes in time, as in the large-neighbourhood searches inside CP-SAT.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nichiiki_solver import mip
from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.dual_prices import SCALE, Priced, gains
from nichiiki_solver.factored import Factored, build_part
from nichiiki_solver.helping import Helpers
from nichiiki_solver.holding import Held
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import (
    Bools,
    Floats,
    Ints,
    best_of_each,
    expand_rows,
    group,
    offsets_of,
    segment_sum,
)
from nichiiki_solver.tree import NO_LIMIT
from nichiiki_solver.uses import KINDS

FIRST_SIZE, LEAST_SIZE, MOST_SIZE = 100, 10, 400
"""Households of a block: at first, at least, at most."""
BLOCK_S = 20.0
"""Most seconds for a block; blocks become smaller where that is not enough."""
GAP = 1e-3
"""A block is placed well enough if it falls short of its bound by so small a share."""
MOST_OPEN = 4
"""Blocks become smaller where more than one in so many is not closed in time."""
PIECES = 12_000, 24_000
"""Blocks become larger where the largest of a round has fewer stays and options, and smaller where it has more."""
GOOD_STAYS = 6
"""So many of its best stays at the prices tie a household to houses."""


class Neighbourhoods:
    """The search; `held` is the best answer so far.

    Parameters
    ----------
    source
        What makes the bundles; its further rows hold too.
    priced
        Prices of the resources of `source`, for the first level of the objective, which is maximised.
    held
        An answer that keeps every rule.
    seed
        Seed of the choice of blocks.
    helpers
        Who places blocks anew.
    """

    def __init__(
        self,
        source: BundleSource,
        priced: Priced,
        held: Held,
        seed: int,
        helpers: Helpers,
    ) -> None:
        self._helpers = helpers
        self.source, self.held = source, held
        market = source.unlisted()
        self._weights = np.eye(1, len(market.levels), dtype=np.int64)[0]
        self._prices, self._bound = priced.prices, priced.total
        self._at = source.at(self._weights * SCALE, priced.prices)
        self._gain = gains(market, priced.values)
        self._capacity = source.bundles.uses.resources.capacity
        self._used = held.used(source)
        self._rng = np.random.default_rng(seed)
        self._size = float(FIRST_SIZE)
        self._ties = _Ties.of(source, self._at.of_stay)

    @property
    def value(self) -> int:
        """Value of what is held."""
        bundles, held = self.source.bundles, self.held
        return int(
            bundles.stay_terms[0, held.stay[held.stay >= 0]].sum()
            + bundles.option_terms[0, held.chosen[held.chosen >= 0]].sum()
            + bundles.gate_terms[0, held.gates].sum()
        )

    def answer(self) -> tuple[Market, Ints]:
        """Return what is held as a market and its choice."""
        return self.held.choice(self.source)

    def improve(self, count: int, time_limit_s: float, should_stop: Callable[[], bool]) -> bool:
        """Place so many blocks anew; return whether the answer became better."""
        limit_s, before = max(0.05, min(BLOCK_S, time_limit_s)), self.value
        blocks = self._sub_markets(self._blocks(count))
        work = [(sub.market, sub.market.utility[0], limit_s, GAP, sub.hint) for sub in blocks]
        answers = self._helpers.each(mip.search_part, work, limit_s, should_stop)
        open_ = sum(answer is None or not answer.has_ended(2 * GAP) for answer in answers)
        self._take(
            [
                (sub, answer.choice[answer.choice >= 0])
                for sub, answer in zip(blocks, answers, strict=True)
                if answer is not None and answer.choice is not None and answer.objective >= sub.value
            ]
        )
        self._used = self.held.used(self.source)
        largest = max((sub.market.n_options for sub in blocks), default=0)
        too_hard = open_ * MOST_OPEN > len(blocks) or largest > PIECES[1]
        factor = 0.75 if too_hard else 1.25 if largest < PIECES[0] else 1.0
        self._size = min(MOST_SIZE, max(LEAST_SIZE, self._size * factor))
        return self.value > before

    # Which block

    def _losses(self) -> Ints:
        """What each household's gain at the prices exceeds the value of what it holds."""
        held = self.held
        worth = np.zeros(len(held.stay), dtype=np.int64)
        there = np.flatnonzero(held.stay >= 0)
        chosen = held.chosen[there]
        short = np.where(chosen >= 0, self._at.short(np.maximum(chosen, 0)), 0)
        worth[there] = self._at.of_stay[held.stay[there]] - short.sum(axis=1)
        return np.asarray(self._gain[: len(worth)] - worth)

    def _blocks(self, count: int) -> list[Ints]:
        """Blocks without a common household, around houses drawn by how much of the gap lies there."""
        losses = np.maximum(self._losses(), 0)
        weight = self._weights_of_houses(losses)
        taken, blocks = np.zeros(len(losses), dtype=bool), []
        for _ in range(count):
            if not weight.any():
                break
            seed = int(self._rng.choice(len(weight), p=weight / weight.sum()))
            block = self._ties.around(seed, round(self._size), losses, taken, self._rng)
            weight[seed] = 0.0
            if len(block):
                weight[self._ties.houses_of(block)] = 0.0
                taken[block] = True
                blocks.append(block)
        return blocks

    def _weights_of_houses(self, losses: Ints) -> Floats:
        """How much of the gap lies at each house: what its households lose against the prices, and what nobody holds."""
        ties = self._ties
        weight = np.bincount(
            ties.house_of, weights=losses[ties.home_of].astype(float), minlength=ties.n_houses
        )
        resources = self.source.bundles.uses.resources
        idle = self._prices * np.maximum(self._capacity - self._used, 0)
        at_house = np.flatnonzero(resources.kind == KINDS.index("house_units"))
        weight += np.bincount(
            resources.thing[at_house], weights=idle[at_house].astype(float), minlength=ties.n_houses
        )
        return np.asarray(weight, dtype=np.float64)

    # The block as a market

    def _sub_markets(self, blocks: list[Ints]) -> list[_Sub]:
        """State the markets of blocks that share nothing; those are left out whose own bound shows that nothing better is there."""
        free, open_gates, found = (
            np.ones(len(self._capacity), dtype=bool),
            np.ones(len(self.held.gates), dtype=bool),
            [],
        )
        for block in blocks:
            sub = self._sub_market(block, free, open_gates)
            if sub is not None:
                found.append(sub)
        return found

    def _sub_market(self, block: Ints, free: Bools, open_gates: Bools) -> _Sub | None:
        """State the market of a block; None if its own bound shows that nothing better is there.

        Parameters
        ----------
        free
            Resources of which what nobody holds is still to be had; those of the block are no longer.
        open_gates
            The same for gates.
        """
        source, held, uses = self.source, self.held, self.source.bundles.uses
        stays, options = source.pieces_of(block)
        here = np.zeros(len(self._capacity), dtype=bool)
        here[uses.resources_of(stays, options)] = True
        gates = uses.gates.at(here)
        gates = gates[open_gates[gates]]
        here[uses.of_gates(gates)[1]] = True
        mine = held.stay[block], held.chosen[block], gates[held.gates[gates]]
        current = mine[0][mine[0] >= 0], mine[1][mine[1] >= 0], mine[2]
        resources = np.flatnonzero(here)
        left = np.where(free[resources], self._capacity[resources] - self._used[resources], 0)
        used, amount = source.uses_of(*current)
        np.add.at(left, np.searchsorted(resources, used), amount)
        terms = source.bundles
        value = int(
            terms.stay_terms[0, current[0]].sum()
            + terms.option_terms[0, current[1]].sum()
            + terms.gate_terms[0, current[2]].sum()
        )
        bound = (
            int(self._gain[block].sum()) + self._gain_of_gates(gates) + int(self._prices[resources] @ left)
        )
        gap = bound - SCALE * value
        if gap < SCALE:
            return None
        free[resources], open_gates[gates] = False, False
        least = self._gain[source.bundles.stays.household[stays]] - gap
        room = np.where(np.isin(stays, current[0]), NO_LIMIT, self._at.of_stay[stays] - least)
        kept = room >= 0
        options = self._at.options_within(stays[kept], room[kept])
        factored, named = build_part(source, stays[kept], options, gates)
        of_source = named < len(here)
        capacity = np.zeros(len(named), dtype=np.int64)
        capacity[of_source] = left[np.searchsorted(resources, named[of_source])]
        there = mine[0] >= 0
        hint = factored.choice_of(mine[0][there], mine[1][there], mine[2])
        return _Sub(factored, block, replace(factored.market, capacity=capacity), value, hint)

    def _gain_of_gates(self, gates: Ints) -> int:
        """What the agents of some options of gates gain at most at the prices."""
        all_gates = self.source.bundles.uses.gates
        entry, size = expand_rows(all_gates.offsets, gates)[1], len(self.held.stay)
        value = SCALE * self.source.bundles.gate_terms[0, gates] - segment_sum(
            self._prices[all_gates.resource[entry]] * all_gates.amount[entry],
            offsets_of(np.diff(all_gates.offsets)[gates]),
        )
        best = np.zeros(len(self._gain) - size, dtype=np.int64)
        np.maximum.at(best, all_gates.agent[gates], value)
        return int(best.sum())

    def _take(self, found: list[tuple[_Sub, Ints]]) -> None:
        """Hold what was found for some blocks."""
        if not found:
            return
        blocks, gates = (
            np.concatenate(each)
            for each in zip(*((sub.block, sub.factored.gates) for sub, _ in found), strict=True)
        )
        self.held = self.held.without(blocks, gates).with_all(
            self.source, [sub.factored.read(taken) for sub, taken in found]
        )


@dataclass(frozen=True)
class _Sub:
    """A block as a market of its own, the value now held, and what is held as a choice of it."""

    factored: Factored
    block: Ints
    market: Market
    value: int
    hint: Ints | None


@dataclass(frozen=True)
class _Ties:
    """Which households and houses belong together: pairs of a household and a house of one of its best stays."""

    home_of: Ints
    house_of: Ints
    by_home: tuple[Ints, Ints]
    by_house: tuple[Ints, Ints]

    @property
    def n_houses(self) -> int:
        """Number of houses."""
        return len(self.by_house[1]) - 1

    @classmethod
    def of(cls, source: BundleSource, values: Ints) -> _Ties:
        """Tie households to the houses of their best stays at the prices."""
        table, homes = source.bundles.stays, source.bundles.n_households
        houses = len(source.bundles.instance.houses)
        low = np.full(source.n_agents, np.iinfo(np.int64).min, dtype=np.int64)
        best = best_of_each(values, table.household, low, GOOD_STAYS)
        pairs = np.unique(table.household[best] * houses + table.house[best])
        home, house = pairs // houses, pairs % houses
        return cls(home, house, group(home, homes), group(house, houses))

    def houses_of(self, homes: Ints) -> Ints:
        """Houses that households are tied to."""
        order, offsets = self.by_home
        return self.house_of[order[expand_rows(offsets, homes)[1]]]

    def around(self, house: int, size: int, losses: Ints, taken: Bools, rng: np.random.Generator) -> Ints:
        """Households of a house, of their other houses, and so on, until they are `size`; without those that are taken."""
        found: dict[int, None] = {}
        seen, waiting = {house}, [house]
        while waiting and len(found) < size:
            here = self._members(self.by_house, self.home_of, waiting.pop(0))
            ordered = here[np.argsort(-losses[here] * rng.random(len(here)), kind="stable")]
            for home in ordered.tolist():
                if home in found or taken[home] or len(found) >= size:
                    continue
                found[home] = None
                near = self._members(self.by_home, self.house_of, home).tolist()
                waiting += [each for each in near if each not in seen]
                seen.update(near)
        return np.array(sorted(found), dtype=np.int64)

    def _members(self, groups: tuple[Ints, Ints], of: Ints, key: int) -> Ints:
        order, offsets = groups
        return of[order[offsets[key] : offsets[key + 1]]]
