"""Markets whose gates ask for nothing that a fraction cannot give: what they are with every gate open.

A gate opens a resource (a role in a period) if its minimum of holders is met. In fractions of choices a gate can be open in
part, as far as it is used: with `supply` units opened and `minimum` holders asked for, y = used / supply is enough of the gate, and
the minimum asks for minimum · y ≤ used, which holds as the minimum is not above the supply. So the fractional choices
are those of the market of plain capacities in which every gate is open. Measures are taken before anybody chooses, in their order
while money lasts, so that they are capacities, too. Whole choices must still meet the minimums:
what ends below its minimum is closed, and the choosing begins again (docs/explanation/rules.md, section 8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nichiiki_solver.market import Market
from nichiiki_solver.policies.closing import measures_first
from nichiiki_solver.ragged import Bools, Ints, offsets_of


def is_packing(market: Market) -> bool:
    """Whether options only use what there is: no supply, no demand, no gates, nobody who must get something."""
    return bool(
        (market.amount >= 0).all()
        and (market.capacity >= 0).all()
        and not market.gate.any()
        and not market.must_assign.any()
    )


@dataclass(frozen=True)
class Gate:
    """A gate: its option in the market, the resource that it opens and by how much, and the one whose holders it counts."""

    option: int
    opens: int
    supply: int
    counts: int
    minimum: int


@dataclass(frozen=True)
class Opened:
    """A market with all gates open.

    Attributes
    ----------
    whole
        The market that was opened.
    market
        Plain capacities; its options are `whole`'s, without those of gates, in their order.
    options
        Their numbers in `whole`.
    gates
        The gates that were opened.
    bought
        Options of measures that are taken.
    """

    whole: Market
    market: Market
    options: Ints
    gates: tuple[Gate, ...]
    bought: Ints

    @classmethod
    def of(cls, market: Market) -> Opened | None:
        """Open the gates of a market; None if it has other demands, supplies, or agents that must get something."""
        if not market.gate.any():
            everything, nothing = np.arange(market.n_options), np.zeros(0, dtype=np.int64)
            return cls(market, market, everything, (), nothing) if is_packing(market) else None
        mine = market.gate[market.agent]
        measures, bought = measures_first(market)
        minimums = np.setdiff1d(np.flatnonzero(mine), measures)
        gates = [_gate(market, option) for option in minimums.tolist()]
        known = [gate for gate in gates if gate is not None]
        if len(known) < len(gates) or not all(_is_free(market, gate, mine) for gate in known):
            return None
        capacity = market.capacity - np.minimum(_total_use(market, bought), 0)
        for gate in known:
            capacity[gate.opens] += gate.supply
        counted = np.isin(market.resource, [gate.counts for gate in known])
        plain = _without(market.take(~mine), [gate.counts for gate in known])
        plain = replace(plain, capacity=capacity, gate=np.zeros_like(market.gate))
        if not is_packing(plain) or (market.amount[~counted & ~mine[market.entry_option]] < 0).any():
            return None
        return cls(market, plain, np.flatnonzero(~mine), tuple(known), bought)

    def choice(self, taken: Mapping[int, int]) -> Ints:
        """Return the choice of `whole`, with the gates that are used, for what agents take here."""
        found = np.full(self.whole.n_agents, -1, dtype=np.int64)
        found[self.whole.agent[self.bought]] = self.bought
        found[list(taken)] = self.options[list(taken.values())]
        used = self.whole.usage(found)
        for gate in self.gates:
            if used[gate.counts]:
                found[self.whole.agent[gate.option]] = gate.option
        return found


def _total_use(market: Market, options: Ints) -> Ints:
    """What some options use together."""
    choice = np.full(market.n_agents, -1, dtype=np.int64)
    choice[market.agent[options]] = options
    return market.usage(choice)


def _gate(market: Market, option: int) -> Gate | None:
    """Read a gate that opens one resource and counts the holders of one."""
    entries = slice(market.offsets[option], market.offsets[option + 1])
    resource, amount = market.resource[entries], market.amount[entries]
    opens, counts = np.flatnonzero(amount < 0), np.flatnonzero(amount > 0)
    if len(opens) != 1 or len(counts) != 1 or len(amount) != 2:
        return None
    return Gate(
        option,
        int(resource[opens[0]]),
        -int(amount[opens[0]]),
        int(resource[counts[0]]),
        int(amount[counts[0]]),
    )


def _is_free(market: Market, gate: Gate, of_gates: Bools) -> bool:
    """Whether who uses what a gate opens counts as much for its minimum as a fraction of the gate asks for."""
    used, counted = (
        _per_option(market, resource, of_gates, sign)
        for resource, sign in ((gate.opens, 1), (gate.counts, -1))
    )
    enough = (counted * gate.supply >= used * gate.minimum).all() and ((counted > 0) == (used > 0)).all()
    closed = market.capacity[gate.opens] == market.capacity[gate.counts] == 0
    others = np.count_nonzero((market.resource == gate.opens) & of_gates[market.entry_option])
    return bool(enough and closed and others == 1)


def _per_option(market: Market, resource: int, of_gates: Bools, sign: int) -> Ints:
    entries = (market.resource == resource) & ~of_gates[market.entry_option]
    total = np.zeros(market.n_options, dtype=np.int64)
    np.add.at(total, market.entry_option[entries], sign * market.amount[entries])
    return total


def _without(market: Market, resources: Sequence[int]) -> Market:
    """Leave out the entries at some resources."""
    kept = ~np.isin(market.resource, list(resources))
    counts = np.bincount(market.entry_option[kept], minlength=market.n_options)
    return replace(
        market,
        offsets=offsets_of(counts),
        resource=market.resource[kept],
        amount=market.amount[kept],
        priority=None if market.priority is None else market.priority[kept],
    )


class Choosing:
    """Agents choose one after the other on an opened market; what ends below its minimum is closed.

    Parameters
    ----------
    opened
        The market.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        market = opened.market
        counts = np.bincount(market.agent, minlength=market.n_agents)
        self.order, self.starts = _in_order(market).tolist(), offsets_of(counts).tolist()
        self.resource, self.amount = market.resource.tolist(), market.amount.tolist()
        self.ends = market.offsets.tolist()
        self.single = bool((np.diff(market.offsets) == 1).all())
        self.agents: list[int] = np.flatnonzero(counts).tolist()

    def wishes(self, agent: int) -> list[int]:
        """Options of an agent, best first."""
        wishes: list[int] = self.order[self.starts[agent] : self.starts[agent + 1]]
        return wishes

    def run(self, turns: Iterable[tuple[int, Sequence[int]]]) -> Ints:
        """Let agents take the first of some options that fits, in turn, until nothing is closed any more.

        Parameters
        ----------
        turns
            Agents, and options of the opened market in the order in which each is offered them.

        Returns
        -------
        Choice of the whole market.
        """
        turns, closed = list(turns) if self.opened.gates else turns, set[int]()
        while True:
            taken = self._pass(turns, closed)
            choice = self.opened.choice(taken)
            used = self.opened.whole.usage(choice)
            failing = {
                number
                for number, gate in enumerate(self.opened.gates)
                if used[gate.counts] > 0  # it counts holders as negative amounts, and asks for its minimum
            }
            if not failing - closed:
                return choice
            closed |= failing

    def _pass(self, turns: Iterable[tuple[int, Sequence[int]]], closed: set[int]) -> dict[int, int]:
        left: list[int] = self.opened.market.capacity.tolist()
        for number in closed:
            gate = self.opened.gates[number]
            left[gate.opens] -= gate.supply
        return self._take_one(turns, left) if self.single else self._take_several(turns, left)

    def _take_one(self, turns: Iterable[tuple[int, Sequence[int]]], left: list[int]) -> dict[int, int]:
        """Let agents choose where every option uses one resource; entry k is that of option k."""
        resource, amount, taken = self.resource, self.amount, dict[int, int]()
        for agent, wishes in turns:
            for option in wishes:
                if amount[option] <= left[resource[option]]:
                    left[resource[option]] -= amount[option]
                    taken[agent] = option
                    break
        return taken

    def _take_several(self, turns: Iterable[tuple[int, Sequence[int]]], left: list[int]) -> dict[int, int]:
        taken: dict[int, int] = {}
        for agent, wishes in turns:
            for option in wishes:
                entries = range(self.ends[option], self.ends[option + 1])
                if all(self.amount[k] <= left[self.resource[k]] for k in entries):
                    for k in entries:
                        left[self.resource[k]] -= self.amount[k]
                    taken[agent] = option
                    break
        return taken


def _in_order(market: Market) -> Ints:
    """Options by agent, then rank; sorted only if they do not stand so already."""
    agent, rank = market.agent, market.rank
    ahead = (agent[1:] > agent[:-1]) | ((agent[1:] == agent[:-1]) & (rank[1:] >= rank[:-1]))
    return np.arange(market.n_options) if ahead.all() else np.lexsort((rank, agent))
