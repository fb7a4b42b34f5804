"""Prices in whole numbers that prove that demands cannot all be met: a certificate that anybody can add up.

Mechanism
    Let every resource r have a price λ_r ≥ 0 and every demand d (Σ_o w_do x_o ≥ l_d) a reward μ_d ≥ 0. Whatever is chosen,
    Σ_d μ_d (w_d · x − l_d) is at most Σ_a max(0, best of Σ_d μ_d w_do − Σ_r λ_r A_ro over the options o of agent a)
    + λ · b − μ · l. Is that below 0, some demand is not met: nothing is possible. The prices are found by subgradient
    steps, deflected by the step before, of the length that would bring one unit of shortfall; the proof is the sum in whole numbers.
Source
    Polyak (1969), Minimization of unsmooth functionals, USSR Comput. Math. 9. Camerini, Fratta, Maffioli (1975), On improving
    relaxation methods by modified gradient techniques, Math. Program. Study 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from nichiiki_solver.cp_sat import Floor
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Array, Bools, Ints

SCALE = 1 << 20
"""Prices and rewards are integer multiples of 1/SCALE of a unit of a demand."""
LARGEST = float(1 << 61)
"""Sums of magnitudes above this are not added up in 64 bits: there is then no proof."""
DEFLECTION = 1.5
HALVINGS = 6


@dataclass(frozen=True)
class Prices:
    """What a search for a proof came to.

    Attributes
    ----------
    resources, demands
        Price of each resource, reward of each demand, in 1/SCALE; at least 0.
    bound
        What they leave of the demands together, in units (a float); below 0 the demands cannot all be met.
    """

    resources: Ints
    demands: Ints
    bound: float


def shortfall(market: Market, floors: Sequence[Floor], *, rounds: int) -> Prices:
    """Look for prices under which demands cannot all be met; the best ones found.

    Parameters
    ----------
    market
        Nobody in it must be assigned.
    floors
        The demands; at least one.
    rounds
        Most steps; the search ends where the demands are proven impossible.
    """
    return _Search(market, floors).run(rounds)


def largest_shortfall(market: Market, floors: Sequence[Floor], *, rounds: int) -> Prices:
    """Look for prices that prove as large a shortfall as they can, by halving what is still open.

    Parameters
    ----------
    market, floors
        As for `shortfall`.
    rounds
        Most steps of each of the halvings.
    """
    search = _Search(market, floors)
    best = search.run(rounds)
    open_to = float(sum(max(0, floor.least) for floor in floors))
    for _ in range(HALVINGS):
        aim = (open_to - min(best.bound, 0.0)) / 2.0
        found = search.run(rounds, aim=aim, start=best)
        best = min(best, found, key=lambda prices: prices.bound)
        open_to = open_to if best.bound <= -aim else aim
    return best


def proves(market: Market, floors: Sequence[Floor], prices: Prices) -> bool:
    """Say whether prices prove that nothing can meet all demands.

    Parameters
    ----------
    market, floors
        What is asked.
    prices
        Any prices and rewards.
    """
    return proven_shortfall(market, floors, prices) > 0


def proven_shortfall(market: Market, floors: Sequence[Floor], prices: Prices) -> int:
    """Add the certificate up in whole numbers: units by which the demands together are missed at least; 0 proves nothing.

    Parameters
    ----------
    market, floors, prices
        As for `proves`; a reward above one unit is refused, since a unit of a demand costs one.
    """
    rewards = _rewards(market, floors)
    if not _is_safe(market, floors, rewards, prices):
        return 0
    values = rewards @ prices.demands
    np.subtract.at(values, market.entry_option, market.amount * prices.resources[market.resource])
    best = np.zeros(market.n_agents, dtype=np.int64)
    np.maximum.at(best, market.agent, values)
    asked = prices.demands @ np.array([floor.least for floor in floors], dtype=np.int64)
    missed = int(asked - best.sum() - prices.resources @ market.capacity)
    return max(0, -(-missed // SCALE))


def _rewards(market: Market, floors: Sequence[Floor]) -> csr_array:
    """What each option counts for each demand."""
    option = [np.flatnonzero(floor.weights) for floor in floors]
    demand = np.repeat(np.arange(len(floors)), [len(each) for each in option])
    weight = [floor.weights[each] for floor, each in zip(floors, option, strict=True)]
    values, rows = (np.concatenate([np.zeros(0, dtype=np.int64), *each]) for each in (weight, option))
    return csr_array((values, (rows, demand)), shape=(market.n_options, len(floors)))


def _is_safe(market: Market, floors: Sequence[Floor], rewards: csr_array, prices: Prices) -> bool:
    """Whether prices are allowed, nobody must be assigned, and no sum leaves 64 bits."""
    if market.must_assign.any() or min(prices.resources.min(initial=0), prices.demands.min(initial=0)) < 0:
        return False
    if prices.demands.max(initial=0) > SCALE:
        return False
    each = abs(rewards.astype(float)) @ prices.demands.astype(float)
    used = np.abs(market.amount.astype(float)) * prices.resources[market.resource]
    held = prices.resources.astype(float) @ np.abs(market.capacity.astype(float))
    least = sum(
        abs(floor.least) * float(reward) for floor, reward in zip(floors, prices.demands, strict=True)
    )
    return bool(each.sum() + used.sum() + held + least < LARGEST)


class _Search:
    """Subgradient steps in floating point; rows are scaled so that their largest amount is 1."""

    def __init__(self, market: Market, floors: Sequence[Floor]) -> None:
        self.market, self.floors = market, floors
        self.rewards = _rewards(market, floors).astype(float)
        self.least = np.array([floor.least for floor in floors], dtype=float)
        largest = np.ones(len(market.capacity))
        np.maximum.at(largest, market.resource, np.abs(market.amount).astype(float))
        self.unit = 1.0 / largest
        amounts = market.amount * self.unit[market.resource]
        shape = market.n_options, len(market.capacity)
        self.use = csr_array((amounts, market.resource, market.offsets), shape=shape)
        self.capacity = market.capacity * self.unit

    @cached_property
    def used_by(self) -> csr_array:
        """Uses by resource."""
        return csr_array(self.use.T)

    @cached_property
    def rewarded_by(self) -> csr_array:
        """Rewards by demand."""
        return csr_array(self.rewards.T)

    @cached_property
    def by_agent(self) -> tuple[Ints, Ints]:
        """Options sorted by agent, and where each agent with options begins."""
        order = np.argsort(self.market.agent, kind="stable")
        agent = self.market.agent[order]
        return order, np.flatnonzero(np.diff(agent, prepend=-1))

    def run(self, rounds: int, aim: float = 0.0, start: Prices | None = None) -> Prices:
        """Take steps until a shortfall of more than `aim` is proven, from some prices or from none."""
        prices, rewards = np.zeros(len(self.capacity)), np.ones(len(self.floors))
        if start is not None:
            prices, rewards = start.resources / SCALE / self.unit, start.demands / SCALE
        best, step = self.rounded(prices, rewards, np.inf), np.zeros(len(prices) + len(rewards))
        for _ in range(rounds):
            bound, slope = self.bound_and_slope(prices, rewards)
            if bound < best.bound:
                best = self.rounded(prices, rewards, bound)
                if bound < -aim and proves(self.market, self.floors, best):
                    break
            step = _deflected(slope, step)
            size = float(step @ step)
            if size == 0.0:
                break
            moved = np.concatenate((prices, rewards)) - (bound + aim + 1.0) / size * step
            prices, rewards = np.maximum(moved[: len(prices)], 0.0), np.clip(moved[len(prices) :], 0.0, 1.0)
        return best

    def bound_and_slope(self, prices: Array, rewards: Array) -> tuple[float, Array]:
        """Return the bound at prices and rewards, and a subgradient; none in the direction of a limit that is reached."""
        taken, value = self.taken(self.rewards @ rewards - self.use @ prices)
        bound = value + float(prices @ self.capacity) - float(rewards @ self.least)
        chosen = np.zeros(self.market.n_options)
        chosen[taken] = 1.0
        left = self.capacity - self.used_by @ chosen
        over = self.rewarded_by @ chosen - self.least
        left[(prices <= 0.0) & (left > 0.0)] = 0.0
        over[((rewards <= 0.0) & (over > 0.0)) | ((rewards >= 1.0) & (over < 0.0))] = 0.0
        return bound, np.concatenate((left, over))

    def taken(self, values: Array) -> tuple[Ints, float]:
        """Return the best option of each agent that is worth more than nothing, and what they are worth."""
        order, first = self.by_agent
        if not len(order):
            return order, 0.0
        ordered = values[order]
        best = np.maximum.reduceat(ordered, first)
        hit = np.flatnonzero(ordered == np.repeat(best, np.diff(first, append=len(order))))
        agent = np.searchsorted(first, hit, side="right")
        chosen = order[hit[np.diff(agent, prepend=0) > 0]]
        return chosen[values[chosen] > 0.0], float(np.maximum(best, 0.0).sum())

    def rounded(self, prices: Array, rewards: Array, bound: float) -> Prices:
        whole = np.rint(prices * self.unit * SCALE).astype(np.int64)
        return Prices(whole, np.rint(rewards * SCALE).astype(np.int64), bound)


def _deflected(slope: Array, before: Array) -> Array:
    """Turn a step away from the one before where they would undo each other."""
    size = float(before @ before)
    back = -DEFLECTION * float(slope @ before) / size if size > 0.0 else 0.0
    return np.asarray(slope + max(0.0, back) * before)


def promising(market: Market, floors: Sequence[Floor], prices: Prices, group: Ints, most: int) -> Bools:
    """Mark the options of each group that are worth most at prices.

    Parameters
    ----------
    market, floors, prices
        What is asked, and prices of it.
    group
        Group of each option; options of group -1 are all marked.
    most
        How many of a group.
    """
    values = (_rewards(market, floors) @ prices.demands).astype(float)
    used = market.amount * prices.resources[market.resource].astype(float)
    values -= np.bincount(market.entry_option, weights=used, minlength=market.n_options)
    order = np.lexsort((np.arange(market.n_options), -values, group))
    place = np.arange(market.n_options) - np.searchsorted(group[order], group[order])
    marked = np.zeros(market.n_options, dtype=bool)
    marked[order[(place < most) | (group[order] < 0)]] = True
    return marked
