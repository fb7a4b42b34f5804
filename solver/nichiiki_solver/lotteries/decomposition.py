"""Write chances over a market's options as a lottery over feasible choices.

If all rows that can bind are a bihierarchy, everything decomposes (`bihierarchy`). Otherwise feasible choices are generated
one after the other: a linear program in whole numbers mixes those found so far, and an exact search at its prices either
finds a choice that helps or proves that none does. What comes out is the largest part λ of the promised chances x such that

    x = λ · y + (1 - λ) · z

with y the chances of a lottery over feasible choices, and a bound on λ that holds whatever was found. Where that is less than
three quarters, or the market is large, the lottery keeps as large a part of every chance as can be kept (`covering`).

References
----------
Budish, Che, Kojima and Milgrom (2013), Designing random allocation mechanisms, AER 103; Gilmore and Gomory (1961), A
linear programming approach to the cutting-stock problem; Flanigan, Gölz, Gupta, Hennig and Procaccia (2021), Fair algorithms
for selecting citizens' assemblies, Nature 596 (lotteries by column generation).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from nichiiki_models.errors import MarketError
from nichiiki_solver import cp_sat
from nichiiki_solver.lotteries.bihierarchy import decompose, two_hierarchies
from nichiiki_solver.lotteries.covering import cover_shares
from nichiiki_solver.lotteries.exact_lp import Stopped, Tableau
from nichiiki_solver.lotteries.lottery import ONE, ZERO, Lottery, promises
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Bools, Ints

PRICE_LIMIT = 1 << 50
"""Largest sum of prices that a search gets; longer ones lose their last binary digits, which the bound allows for."""
MOST_ROWS = 80
"""Most undecided options and agents for which choices are generated exactly."""
LEAST_SHARE = Fraction(3, 4)
"""Smallest decomposable part that a lottery stands on; below, as much of every chance is kept as can be."""
Shares = Sequence[Fraction]


def decompose_shares(
    market: Market, shares: Shares, should_stop: Callable[[], bool] = lambda: False, workers: int = 1
) -> Lottery | None:
    """Decompose chances into a lottery over feasible choices.

    Parameters
    ----------
    market
        All of its options listed. Gates may be chosen freely: only the chances of other agents' options count.
    shares
        Chance of each option; those of an agent add up to at most 1.
    should_stop
        Asked now and then; True ends the search with what was found.
    workers
        Processor cores of a search.

    Returns
    -------
    Lottery or None
        With `share` 1 it reproduces the chances exactly; else `kept` says what part of every chance is kept. None if no
        promised option is in any feasible choice.

    Raises
    ------
    MarketError
        If the shares are no chances.
    """
    check_shares(market, shares)
    sets = roundable_rows(market, shares)
    side = None if sets is None else two_hierarchies(sets)
    if sets is None or side is None:
        small = len(_Rows.of(market, shares).limits) <= MOST_ROWS
        found = _Generation(market, shares, should_stop).run() if small else None
        if found is not None and found.share >= LEAST_SHARE:
            return found
        return cover_shares(market, shares, should_stop, workers)
    parts = ((weight, _choice(market, taken)) for weight, taken in decompose(shares, sets, side))
    return Lottery.of(market.n_options, parts, promised=promises(market, shares))


def check_shares(market: Market, shares: Shares) -> None:
    """Refuse shares that are no chances."""
    if len(shares) != market.n_options or any(not 0 <= share <= 1 for share in shares):
        raise MarketError("shares: one chance from 0 to 1 is needed for each option")
    if any(total > 1 for total in totals(market, shares)):
        raise MarketError("shares: the chances of an agent add up to more than 1")


def totals(market: Market, shares: Shares) -> list[Fraction]:
    """Chance of each agent of getting anything."""
    total = [ZERO] * market.n_agents
    for agent, share in zip(market.agent.tolist(), shares, strict=True):
        total[agent] += share
    return total


def _choice(market: Market, taken: Bools) -> Ints:
    choice = np.full(market.n_agents, -1, dtype=np.int64)
    rows = np.flatnonzero(taken)
    choice[market.agent[rows]] = rows
    return choice


def roundable_rows(market: Market, shares: Shares) -> list[frozenset[int]] | None:
    """Turn the rows that can bind into sets whose expected number only has to be rounded; None if some row is not such.

    Options whose chance is 0 or 1 are as good as decided: they leave the sets, and what they use leaves the capacities.
    """
    open_ = np.array([0 < share < 1 for share in shares], dtype=bool)
    fixed = np.array([share == 1 for share in shares], dtype=bool)
    left = market.capacity - market.usage(_choice(market, fixed))
    order, offsets = market.by_agent
    rows = [order[a:b][open_[order[a:b]]] for a, b in pairwise(offsets.tolist())]
    sets = [frozenset(row.tolist()) for row in rows if len(row)]
    for resource, options, amounts in _binding(market, open_, left):
        if not _rounds(amounts, int(left[resource]), sum((shares[o] for o in options.tolist()), ZERO)):
            return None
        sets.append(frozenset(options.tolist()))
    return list(dict.fromkeys(sets))


def _binding(market: Market, open_: Bools, left: Ints) -> list[tuple[int, Ints, Ints]]:
    """Resources that some choice of undecided options would break: options that use it, amounts."""
    option = market.entry_option
    kept = np.flatnonzero(open_[option] & (market.amount != 0))
    kept = kept[np.argsort(market.resource[kept], kind="stable")]
    bounds = np.searchsorted(market.resource[kept], np.arange(len(left) + 1)).tolist()
    found = []
    for resource, capacity in enumerate(left.tolist()):
        entries = kept[bounds[resource] : bounds[resource + 1]]
        options, amounts = option[entries], market.amount[entries]
        if most_used(market.agent[options], amounts) > capacity:
            found.append((resource, options, amounts))
    return found


def most_used(agents: Ints, amounts: Ints) -> int:
    """Most that agents can use together, one option each."""
    worst: dict[int, int] = {}
    for agent, amount in zip(agents.tolist(), amounts.tolist(), strict=True):
        worst[agent] = max(worst.get(agent, 0), amount)
    return sum(worst.values())


def _rounds(amounts: Ints, capacity: int, expected: Fraction) -> bool:
    """Whether rounding the expected number of options taken keeps a row: all amounts are alike, and it rounds to the right side."""
    if not len(amounts) or (amounts != amounts[0]).any():
        return False
    size = int(amounts[0])
    return math.ceil(expected) * size <= capacity if size > 0 else math.floor(expected) * size <= capacity


@dataclass(frozen=True)
class _Rows:
    """Rows of the mixing program: promised options, agents that may end with nothing, and the total."""

    options: list[int]
    agents: list[int]
    limits: list[Fraction]

    @classmethod
    def of(cls, market: Market, shares: Shares) -> _Rows:
        gate, owner = market.gate.tolist(), market.agent.tolist()
        options = [o for o, share in enumerate(shares) if 0 < share < 1 and not gate[owner[o]]]
        nothing = [1 - total for total in totals(market, shares)]
        agents = [a for a, chance in enumerate(nothing) if 0 < chance < 1 and not gate[a]]
        return cls(options, agents, [*(shares[o] for o in options), *(nothing[a] for a in agents), ONE])

    def column(self, choice: Ints) -> list[int]:
        """What a choice takes of each row."""
        taken = set(choice.tolist())
        return [
            *(int(o in taken) for o in self.options),
            *(int(a) for a in (choice[self.agents] < 0).tolist()),
            1,
        ]


class _Generation:
    """Column generation: the mixing program, and the search for choices that help it."""

    def __init__(self, market: Market, shares: Shares, should_stop: Callable[[], bool]) -> None:
        self.market, self.shares, self.should_stop = market, shares, should_stop
        self.rows = _Rows.of(market, shares)
        self.scale = math.lcm(*(limit.denominator for limit in self.rows.limits))
        limits = [int(limit * self.scale) for limit in self.rows.limits]
        blank = np.zeros((len(limits), 0), dtype=object)
        self.program = Tableau(blank, limits, should_stop)
        self.choices: list[Ints] = []
        self.bound = ONE
        promised = np.array([share > 0 for share in shares], dtype=bool) | market.gate[market.agent]
        self.kept = np.flatnonzero(promised)
        certain = np.array([total == 1 for total in totals(market, shares)], dtype=bool) & ~market.gate
        self.searched = replace(market.take(promised), must_assign=market.must_assign | certain)

    def run(self) -> Lottery | None:
        """Generate choices until none helps, or until told to stop."""
        try:
            while self.program.value < self.scale and self._extend():
                self.program.maximise()
        except Stopped:
            pass
        weights = self.program.solution
        share = sum(weights, ZERO) / self.scale
        if not share:
            return None
        parts = list(zip(weights, self.choices, strict=True))
        bound = max(share, min(ONE, self.bound))
        return Lottery.of(
            self.market.n_options,
            parts,
            promised=promises(self.market, self.shares),
            share=share,
            share_bound=bound,
        )

    def _extend(self) -> bool:
        """Add the choice that helps most at the prices; say whether there was one."""
        exact = self.program.prices
        digits = max(0, (sum(exact) // PRICE_LIMIT).bit_length())
        prices = [price >> digits for price in exact]
        if self.should_stop():
            return False
        found = self._cheapest(prices)
        if found is None:
            return False
        choice, least = found
        if least > 0:
            worth = sum((p * x for p, x in zip(prices, self.rows.limits, strict=True)), ZERO)
            self.bound = min(self.bound, worth / least)
        column = self.rows.column(choice)
        if sum(p * c for p, c in zip(exact, column, strict=True)) >= self.program.denominator:
            return False
        self.program.add_column(column, 1)
        self.choices.append(choice)
        return True

    def _cheapest(self, prices: list[int]) -> tuple[Ints, int] | None:
        """Find a feasible choice that costs least at the prices, and a bound on how little any one costs."""
        gains = np.zeros(self.market.n_options, dtype=np.int64)
        options, agents = len(self.rows.options), len(self.rows.agents)
        gains[self.rows.options] -= np.array(prices[:options], dtype=np.int64)
        refund = np.zeros(self.market.n_agents, dtype=np.int64)
        refund[self.rows.agents] = np.array(prices[options : options + agents], dtype=np.int64)
        gains += refund[self.market.agent]
        answer = cp_sat.solve_level(
            self.searched, gains[self.kept], workers=1, should_stop=self.should_stop, time_limit_s=600.0
        )
        if answer.choice is None or answer.bound is None:
            return None
        whole = np.append(self.kept, -1)[answer.choice]
        return whole, sum(prices[options:]) - answer.bound
