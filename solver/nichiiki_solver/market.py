"""The market: agents each take at most one option, options use resources, resources have capacities.

    max Σ u_o x_o   s.t.   Σ_{o of a} x_o ≤ 1 for each agent a (= 1 if it must be assigned),
                           Σ_o A_ro x_o ≤ b_r for each resource r,   x ∈ {0, 1}

Amounts are signed: an option with a negative amount supplies. Every policy reads only this.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from nichiiki_models.allocation import Allocation, LevelResult, Status, StopReason
from nichiiki_models.errors import MarketError
from nichiiki_solver.public_weights import plain_weights
from nichiiki_solver.ragged import (
    Array,
    Bools,
    Floats,
    Ints,
    best_of_each,
    group,
    offsets_of,
    segment_max,
    segment_sum,
)

NO_VALUE = -(1 << 60)
"""Value of an agent without options: below any other, and safe to add to."""
SAFE = 1 << 53
"""Largest total of utilities or amounts that every engine holds exactly."""
LARGEST_SUM, LARGEST_AMOUNT = 1 << 61, 10**15
"""Largest sum of all utilities in CP-SAT's 64 bits, and largest amount: what is larger HiGHS takes for infinite."""


Order = Literal["procedure", "application", "lottery", "random"]
"""Points and tie order; time of application; weighted lottery numbers; lottery numbers of one ticket each."""


class Factoring(Protocol):
    """A market that states the options of another one in fewer pieces."""

    @property
    def market(self) -> Market:
        """The market of the pieces."""
        ...

    def bundles_of(self, choice: Ints) -> tuple[Market, Ints]:
        """Turn a choice of pieces into a market of whole options and the choice of those."""
        ...

    def tie_weights(self, seed: int, level: int) -> Ints:
        """Public weight of each piece; those of a whole option's pieces add up to its own. 0 gives nobody anything."""
        ...


class Source(Protocol):
    """Makes options on demand, so that not all of them need to be listed."""

    def best_values(self, weights: Ints, prices: Ints) -> Ints:
        """Return for each agent the largest ``weights @ utility - prices · use`` over all its options."""
        ...

    def demand(self) -> Ints:
        """Return what the best options at the last prices use together, of the agents that must have one or gain by it."""
        ...

    @property
    def unit(self) -> Floats:
        """Amount of each resource that one agent takes, on the average of those that take any; at least 1."""
        ...

    def improving(self, least: Ints, most: int) -> Market:
        """List options worth more than `least` at the last prices, at most `most` an agent."""
        ...

    def pieces(self, weights: Ints, prices: Ints, least: Ints) -> int:
        """Count the pieces that `factored` would list, or a few more."""
        ...

    def factored(self, weights: Ints, prices: Ints, least: Ints) -> Factoring:
        """State the options whose value at the prices is at least their agent's entry as a smaller market for one exact search."""
        ...

    def everything(self) -> Factoring:
        """State all options as a smaller market for one exact search."""
        ...

    @property
    def procedure(self) -> str:
        """The variant of the clerk's procedure."""
        ...

    @property
    def has_demands(self) -> bool:
        """Whether some minimum must be met by several agents together."""
        ...

    def order(self, seed: int, kind: Order = "procedure") -> Ints:
        """Agents in one of the orders of `Order`, first served first."""
        ...

    def priorities(self, market: Market) -> Ints:
        """Priority of the agent of each entry of `market` at the entry's resource; larger wins, equal is a tie."""
        ...

    def options_of(self, agent: int) -> Market:
        """List all options of an agent that keep its own locks, best first, ranked among themselves."""
        ...

    def stay_ranks(self, agent: int) -> Ints:
        """Distinct ranks of what counts as a first wish, ascending."""
        ...

    def first_fit(self, agent: int, left: Ints, stay_rank: int | None = None) -> Market | None:
        """List the agent's best option for which everything is left; None if there is none."""
        ...

    def first_fits(self, agents: Ints, left: Ints, stay_rank: int | None = None) -> list[Market | None]:
        """List for each of some agents what `first_fit` does, were it alone."""
        ...

    @property
    def supplies(self) -> bool:
        """Whether what an agent takes may open options for others."""
        ...

    def settled(self, market: Market, choice: Ints) -> Ints:
        """Return the choice with the options of its gates that are best for who pays, the rest as it is."""
        ...

    def tie_weights(self, market: Market, seed: int, level: int) -> Ints:
        """Public weight of each option of `market` at a level of the tie-break (`nichiiki_solver.tie_break`)."""
        ...

    def to_allocation(self, market: Market, choice: Ints, **claims: Any) -> Allocation:
        """Turn a choice of the market's options into an allocation."""
        ...


@dataclass(frozen=True)
class Market:
    """A market as flat arrays.

    Attributes
    ----------
    n_agents
        Number of agents.
    agent, utility, rank
        Of each option: its agent; levels × options; rank for its agent (1 = best).
    offsets, resource, amount
        What each option uses (CSR by option).
    capacity
        Of each resource; may be negative (a demand that must be met).
    must_assign
        Agents that must take an option.
    gate
        Agents that are no households but decisions that open resources.
    priority
        Of each entry: the agent's priority at the resource, larger wins.
    levels
        Names of the levels.
    source
        What the market was compiled from, if it was; makes options at prices.
    complete
        Whether all options are listed.
    """

    n_agents: int
    agent: Ints
    utility: Ints
    rank: Ints
    offsets: Ints
    resource: Ints
    amount: Ints
    capacity: Ints
    must_assign: Bools
    gate: Bools
    priority: Ints | None = None
    levels: tuple[str, ...] = ("welfare",)
    source: Source | None = None
    complete: bool = True
    labels: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_columns(
        cls,
        *,
        agent: npt.ArrayLike,
        utility: npt.ArrayLike,
        resource: npt.ArrayLike,
        option: npt.ArrayLike,
        amount: npt.ArrayLike,
        capacity: npt.ArrayLike,
        rank: npt.ArrayLike | None = None,
        priority: npt.ArrayLike | None = None,
        must_assign: npt.ArrayLike | None = None,
        n_agents: int | None = None,
    ) -> Market:
        """Build a market from flat integer columns.

        Parameters
        ----------
        agent, utility
            Agent of each option, and its utility (or levels × options, maximised in order).
        resource, option, amount
            Entry j: ``option[j]`` uses ``amount[j]`` (signed) of ``resource[j]``; repeated entries add up.
        capacity
            Capacity of each resource.
        rank
            1 = best; by falling utility of the first level if None.
        priority
            One per entry, larger wins, equal = tie.
        must_assign
            Mask of the agents, or None for nobody.
        n_agents
            Number of agents if some have no option.

        Raises
        ------
        MarketError
            If lengths, indices or ranges do not fit.
        """
        agents, levels = _ints("agent", agent), np.atleast_2d(_ints("utility", utility))
        entry = [
            _ints(name, values)
            for name, values in (("option", option), ("resource", resource), ("amount", amount))
        ]
        size = int(agents.max(initial=-1)) + 1 if n_agents is None else n_agents
        limits = _ints("capacity", capacity)
        _check_columns(agents, levels, entry, limits, size)
        kept, owner, things, amounts = merged(entry[0], entry[1], entry[2], len(limits))
        ranks = _ranks(agents, levels[0]) if rank is None else _ints("rank", rank)
        must = np.zeros(size, dtype=bool) if must_assign is None else np.asarray(must_assign, dtype=bool)
        weight = None if priority is None else _ints("priority", priority)
        _check_length("rank", ranks, len(agents), "option")
        _check_length("must_assign", must, size, "agent")
        if weight is not None:
            _check_length("priority", weight, len(entry[0]), "entry")
        market = cls(
            n_agents=size,
            agent=agents,
            utility=levels,
            rank=ranks,
            offsets=offsets_of(np.bincount(owner, minlength=len(agents))),
            resource=things,
            amount=amounts,
            capacity=limits,
            must_assign=must,
            gate=np.zeros(size, dtype=bool),
            priority=None if weight is None else weight[kept],
            levels=("welfare",) if len(levels) == 1 else tuple(f"level{k + 1}" for k in range(len(levels))),
        )
        market.check_ranges()
        return market

    @property
    def n_options(self) -> int:
        """Number of listed options."""
        return len(self.agent)

    @cached_property
    def entry_option(self) -> Ints:
        """Option of each entry."""
        return np.repeat(np.arange(self.n_options), np.diff(self.offsets))

    @cached_property
    def by_agent(self) -> tuple[Ints, Ints]:
        """Options grouped by agent: order and offsets."""
        return group(self.agent, self.n_agents)

    def usage(self, choice: Ints) -> Ints:
        """Amount of each resource that a choice uses."""
        taken = np.zeros(self.n_options, dtype=bool)
        taken[choice[choice >= 0]] = True
        entries = taken[self.entry_option]
        total = np.zeros(len(self.capacity), dtype=np.int64)
        np.add.at(total, self.resource[entries], self.amount[entries])
        return total

    def objectives(self, choice: Ints) -> Ints:
        """Value of each level of a choice."""
        return np.asarray(self.utility[:, choice[choice >= 0]].sum(axis=1), dtype=np.int64)

    def is_feasible(self, choice: Ints) -> bool:
        """Whether a choice keeps every capacity and assigns everybody who must be."""
        return bool((self.usage(choice) <= self.capacity).all() and (choice[self.must_assign] >= 0).all())

    def value_at(self, weights: Ints, prices: Ints) -> Ints:
        """Value of each option at prices: ``weights @ utility - prices · use``."""
        return np.asarray(
            (weights @ self.utility) - segment_sum(prices[self.resource] * self.amount, self.offsets)
        )

    def take(self, options: Array) -> Market:
        """Return the market in which only some options are listed."""
        rows = np.flatnonzero(options) if options.dtype == bool else options
        counts = np.diff(self.offsets)[rows]
        entries = np.repeat(self.offsets[:-1][rows] - offsets_of(counts)[:-1], counts) + np.arange(
            int(counts.sum())
        )
        return replace(
            self,
            agent=self.agent[rows],
            utility=self.utility[:, rows],
            rank=self.rank[rows],
            offsets=offsets_of(counts),
            resource=self.resource[entries],
            amount=self.amount[entries],
            priority=None if self.priority is None else self.priority[entries],
            labels={name: values[rows] for name, values in self.labels.items()},
        )

    def compact(self) -> Market:
        """Return the market with the agents and resources that its options name, renumbered."""
        agents, agent = np.unique(self.agent, return_inverse=True)
        resources, resource = np.unique(self.resource, return_inverse=True)
        return replace(
            self,
            n_agents=len(agents),
            agent=agent.astype(np.int64),
            resource=resource.astype(np.int64),
            capacity=self.capacity[resources],
            must_assign=self.must_assign[agents],
            gate=self.gate[agents],
        )

    def join(self, other: Market) -> Market:
        """Return the market that also lists the options of another one on the same agents and resources."""
        return joined([self, other])

    def with_resources_of(self, other: Market) -> Market:
        """Return the market without the resources after those of another one, which come first here, and with its source."""
        size = len(other.capacity)
        if len(self.capacity) == size:
            return self
        return replace(
            self.without_entries(self.resource >= size), capacity=self.capacity[:size], source=other.source
        )

    def without_entries(self, gone: Bools) -> Market:
        """Return the market in which options do not use what some of their entries say."""
        kept = ~gone
        return replace(
            self,
            offsets=offsets_of(np.bincount(self.entry_option[kept], minlength=self.n_options)),
            resource=self.resource[kept],
            amount=self.amount[kept],
            priority=None if self.priority is None else self.priority[kept],
        )

    def has_options_of(self, other: Market) -> bool:
        """Whether another market lists the same options for the same agents."""
        return self.n_agents == other.n_agents and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("agent", "utility", "offsets", "resource", "amount", "capacity")
        )

    def to_allocation(self, choice: Ints, **claims: Any) -> Allocation:
        """Turn a choice into the allocation of the instance that the market was compiled from.

        Parameters
        ----------
        choice
            Option of each agent, -1 = none.
        claims
            Fields of the allocation: policy, seed, status, reason, objective, bound, levels, provenance.
        """
        if self.source is None:
            raise MarketError("this market was not compiled from an instance; its choice is the answer")
        return self.source.to_allocation(self, choice, **claims)

    def check_ranges(self) -> None:
        """Refuse a market whose sums could leave the range in which integers are exact."""
        worst = np.zeros((len(self.utility), self.n_agents), dtype=np.float64)
        for level, row in zip(worst, self.utility, strict=True):
            np.maximum.at(level, self.agent, np.abs(row.astype(np.float64)))
        if (worst.sum(axis=1) >= SAFE).any():
            raise MarketError(
                "utility: the sum of the largest utilities passes 2^53; divide utilities by a common factor"
            )
        if (np.abs(self.utility.astype(np.float64)).sum(axis=1) >= LARGEST_SUM).any():
            raise MarketError(
                "utility: the sum of all utilities passes 2^61; divide utilities by a common factor"
            )
        load = np.zeros(len(self.capacity), dtype=np.float64)
        np.add.at(load, self.resource, np.abs(self.amount.astype(np.float64)))
        if (load >= SAFE).any():
            raise MarketError(
                f"amount: resource {int(load.argmax())} may use more than 2^53; divide its amounts and capacity by a common factor"
            )
        if len(self.amount) and (np.abs(self.amount) >= LARGEST_AMOUNT).any():
            raise MarketError(
                f"amount: {int(np.abs(self.amount).max())} passes 10^15; divide amounts and capacities by a common factor"
            )


def in_largest_units(market: Market) -> Market:
    """Return a plain market with the amounts of each resource divided by their common divisor.

    Prices are whole numbers for a unit of a resource: amounts in millionths would have prices that round to nothing. What is left
    of a capacity after the division can never be used, so it is dropped.
    """
    divisor = np.zeros(len(market.capacity), dtype=np.int64)
    np.gcd.at(divisor, market.resource, market.amount)
    divisor = np.maximum(divisor, 1)
    return replace(
        market,
        amount=market.amount // divisor[market.resource],
        capacity=market.capacity // divisor,
        labels={**market.labels, "option": np.arange(market.n_options)},
    )


def merged(option: Ints, resource: Ints, amount: Ints, n_resources: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Add up the entries of one option at one resource.

    Returns
    -------
    first, option, resource, amount
        Index of the first entry of each pair, and the pairs in order of option, then resource.
    """
    keys = option * max(1, n_resources) + resource
    if (keys[1:] > keys[:-1]).all():
        return np.arange(len(keys)), option, resource, amount
    distinct, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    total = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(total, inverse.reshape(-1), amount)
    return first, distinct // max(1, n_resources), distinct % max(1, n_resources), total


def joined(markets: Sequence[Market]) -> Market:
    """Return the market that lists the options of several, at least one, on the same agents and resources."""
    first = markets[0]
    shifts = offsets_of(np.array([len(market.resource) for market in markets]))
    ends = [shift + market.offsets[1:] for shift, market in zip(shifts.tolist(), markets, strict=False)]
    with_priority = all(market.priority is not None for market in markets)
    return replace(
        first,
        agent=np.concatenate([market.agent for market in markets]),
        utility=np.concatenate([market.utility for market in markets], axis=1),
        rank=np.concatenate([market.rank for market in markets]),
        offsets=np.concatenate([first.offsets[:1], *ends]),
        resource=np.concatenate([market.resource for market in markets]),
        amount=np.concatenate([market.amount for market in markets]),
        priority=np.concatenate([market.priority for market in markets if market.priority is not None])
        if with_priority
        else None,
        labels={name: _joined_labels([market.labels[name] for market in markets]) for name in first.labels},
    )


def _joined_labels(labels: Sequence[Array]) -> Array:
    width = max(label.shape[1:] for label in labels)
    return np.concatenate([_widen(label, width) for label in labels])


def lottery_number(seed: int, name: str, tickets: int) -> int:
    """Return the smallest number on the tickets of an agent: HMAC-SHA256 of its name and the ticket's number."""
    key = str(seed).encode()
    return min(
        int.from_bytes(hmac.digest(key, f"{name}#{k}".encode(), "sha256")) for k in range(1, tickets + 1)
    )


def _widen(values: Array, width: tuple[int, ...]) -> Array:
    """Pad the columns of a matrix with -1."""
    return (
        values if not width else np.pad(values, ((0, 0), (0, width[0] - values.shape[1])), constant_values=-1)
    )


def _ints(name: str, values: npt.ArrayLike) -> Ints:
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(array.shape, dtype=np.int64)
    if array.dtype.kind not in "iub":
        raise MarketError(f"{name}: whole numbers are needed, got {array.dtype}")
    if array.max() > np.iinfo(np.int64).max:
        raise MarketError(f"{name}: {array.max()} is no number of 64 bits with a sign")
    return array.astype(np.int64)


def _check_columns(agent: Ints, utility: Ints, entry: list[Ints], capacity: Ints, n_agents: int) -> None:
    if utility.shape[1] != len(agent):
        raise MarketError(f"utility: {utility.shape[1]} values for {len(agent)} options; give one per option")
    if len({len(column) for column in entry}) != 1:
        raise MarketError("option, resource, amount: the three columns must have one length")
    for name, values, size in (
        ("agent", agent, n_agents),
        ("option", entry[0], len(agent)),
        ("resource", entry[1], len(capacity)),
    ):
        if len(values) and (values.min() < 0 or values.max() >= size):
            raise MarketError(
                f"{name}: indices must lie in 0 … {size - 1}, got {int(values.min())} … {int(values.max())}"
            )


def _check_length(name: str, values: Array, size: int, each: str) -> None:
    if values.shape != (size,):
        raise MarketError(f"{name}: {values.size} values for {size}; give one per {each}")


def _ranks(agent: Ints, utility: Ints) -> Ints:
    """Rank of each option by falling utility: equal utility, equal rank."""
    order = np.lexsort((-utility, agent))
    new_agent = np.append(True, agent[order][1:] != agent[order][:-1])
    step = new_agent | np.append(True, utility[order][1:] != utility[order][:-1])
    count = np.cumsum(step)
    start = np.maximum.accumulate(np.where(new_agent, count, 0))
    rank = np.empty(len(agent), dtype=np.int64)
    rank[order] = count - start + 1
    return rank


@dataclass(frozen=True)
class Whole:
    """The factoring of a market whose options are whole already."""

    market: Market

    def bundles_of(self, choice: Ints) -> tuple[Market, Ints]:
        """Return the choice as it is."""
        return self.market, choice

    def tie_weights(self, seed: int, level: int) -> Ints:
        """Public weights of the options, by who and what if the market was compiled from an instance."""
        source = self.market.source
        if source is None:
            return plain_weights(self.market, seed, level)
        return source.tie_weights(self.market, seed, level)


def mean_amount(resource: Ints, amount: Ints, size: int) -> Floats:
    """Mean of the amounts, taken without their signs, of each of `size` resources; at least 1."""
    total = np.bincount(resource, np.abs(amount), minlength=size)
    return np.asarray(np.maximum(1.0, total / np.maximum(1, np.bincount(resource, minlength=size))))


class ListedSource:
    """The source of a market whose options are all listed."""

    def __init__(self, market: Market) -> None:
        self.market = replace(market, labels={"option": np.arange(market.n_options)})
        self._last = np.zeros(0, dtype=np.int64)

    def best_values(self, weights: Ints, prices: Ints) -> Ints:
        """Return each agent's largest value at the prices."""
        self._last = self.market.value_at(weights, prices)
        order, offsets = self.market.by_agent
        return segment_max(self._last[order], offsets, NO_VALUE)

    def demand(self) -> Ints:
        """Return what the best options at the last prices use together, of the agents that must have one or gain by it."""
        market = self.market
        order, offsets = market.by_agent
        best = segment_max(self._last[order], offsets, NO_VALUE)
        best = np.where((best > 0) | market.must_assign, best, -NO_VALUE)[market.agent]
        hit = np.flatnonzero(self._last == best)
        choice = np.full(market.n_agents, -1, dtype=np.int64)
        choice[market.agent[hit[::-1]]] = hit[::-1]
        return market.usage(choice)

    @property
    def unit(self) -> Floats:
        """Amount of each resource that one option takes."""
        return mean_amount(self.market.resource, self.market.amount, len(self.market.capacity))

    def improving(self, least: Ints, most: int) -> Market:
        """List the options worth more than `least` at the last prices, the best `most` of each agent."""
        return self.market.take(best_of_each(self._last, self.market.agent, least, most))

    def pieces(self, weights: Ints, prices: Ints, least: Ints) -> int:
        """Count the options that reach `least` at the prices."""
        return int((self.market.value_at(weights, prices) >= least[self.market.agent]).sum())

    def factored(self, weights: Ints, prices: Ints, least: Ints) -> Whole:
        """List the options that reach `least` at the prices; they are whole."""
        return Whole(self.market.take(self.market.value_at(weights, prices) >= least[self.market.agent]))

    def everything(self) -> Whole:
        """Return the market with all its options; they are whole."""
        return Whole(self.market)

    @property
    def procedure(self) -> str:
        """A plain market has one list."""
        return "one_list"

    @property
    def has_demands(self) -> bool:
        """Whether some capacity is a demand."""
        return bool((self.market.capacity < 0).any())

    def order(self, seed: int, kind: Order = "procedure") -> Ints:
        """Agents by number, or by lottery number: in a plain market everybody has one ticket."""
        agents = range(self.market.n_agents)
        if kind in ("procedure", "application"):
            return np.array(agents, dtype=np.int64)
        return np.array(sorted(agents, key=lambda agent: lottery_number(seed, str(agent), 1)), dtype=np.int64)

    def priorities(self, market: Market) -> Ints:
        """Priorities of the entries as given; all equal if none are."""
        return np.zeros(len(market.resource), dtype=np.int64) if market.priority is None else market.priority

    def options_of(self, agent: int) -> Market:
        """List the agent's options, best first; equal ranks in the order of the options."""
        order, offsets = self.market.by_agent
        mine = order[offsets[agent] : offsets[agent + 1]]
        return self.market.take(mine[np.argsort(self.market.rank[mine], kind="stable")])

    def stay_ranks(self, agent: int) -> Ints:
        """Distinct ranks of the agent's options."""
        order, offsets = self.market.by_agent
        return np.unique(self.market.rank[order[offsets[agent] : offsets[agent + 1]]])

    def first_fit(self, agent: int, left: Ints, stay_rank: int | None = None) -> Market | None:
        """List the agent's best option that fits; equal ranks in the order of the options."""
        order, offsets = self.market.by_agent
        mine = order[offsets[agent] : offsets[agent + 1]]
        mine = mine[np.argsort(self.market.rank[mine], kind="stable")]
        for option in mine.tolist():
            entries = slice(self.market.offsets[option], self.market.offsets[option + 1])
            wanted = stay_rank is None or int(self.market.rank[option]) == stay_rank
            if (
                wanted
                and (self.market.amount[entries] <= np.maximum(left[self.market.resource[entries]], 0)).all()
            ):
                return self.market.take(np.array([option]))
        return None

    def first_fits(self, agents: Ints, left: Ints, stay_rank: int | None = None) -> list[Market | None]:
        """List for each of some agents what `first_fit` does, were it alone."""
        return [self.first_fit(agent, left, stay_rank) for agent in agents.tolist()]

    @property
    def supplies(self) -> bool:
        """Whether some option supplies a resource."""
        return bool((self.market.amount < 0).any())

    def settled(self, market: Market, choice: Ints) -> Ints:
        """Return the choice: a plain market has no gates."""
        return choice

    def tie_weights(self, market: Market, seed: int, level: int) -> Ints:
        """Public weights by agent, use and utility."""
        return plain_weights(market, seed, level)

    def to_allocation(self, market: Market, choice: Ints, **claims: Any) -> Allocation:
        """Refuse: a plain market has no households."""
        raise MarketError("this market was not compiled from an instance; its choice is the answer")


@dataclass(frozen=True)
class Outcome:
    """What a policy found.

    Attributes
    ----------
    market
        The market whose option numbers `choice` uses: the one that was given, if all its options are listed; else one of
        options that its source made on the way.
    choice
        Option of each agent, -1 = none; None if nothing feasible is known.
    status, reason
        How it ended, and why it stopped.
    levels
        Value, bound and gap of each level; without a choice the first level's bound at most, if one is known.
    seconds
        Wall time.
    lottery
        None, or the lottery of which `choice` is a draw.
    facts
        Figures that only some policies know, such as how many options block.
    criteria
        Value and bound of each criterion of a policy that maximises something else than the levels, in their order.
    unique
        Whether it is proven that no other choice is as good and as high in the public tie-break.
    prices
        Price of each resource of the market that was given at the first level, in 1/4096 (`dual_prices`); None if not found.
    """

    market: Market
    choice: Ints | None
    status: Status
    reason: StopReason
    levels: tuple[LevelResult, ...]
    seconds: float = 0.0
    lottery: Any = None
    facts: Mapping[str, int] = field(default_factory=dict)
    criteria: tuple[LevelResult, ...] = ()
    unique: bool = False
    prices: Ints | None = None

    @property
    def leading(self) -> LevelResult | None:
        """The first unproven level, else the last."""
        unproven = [level for level in self.levels if not level.proven]
        return unproven[0] if unproven else self.levels[-1] if self.levels else None

    @property
    def objective(self) -> int | None:
        """Value of the leading level."""
        return self.leading.objective if self.leading else None

    @property
    def bound(self) -> int | None:
        """Bound of the leading level."""
        return self.leading.bound if self.leading else None
