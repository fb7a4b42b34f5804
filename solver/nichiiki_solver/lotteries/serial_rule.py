"""Eating: all agents take probability of their best options left, at equal speed, until they have one unit in all.

Where options only use what there is and nobody is indifferent, the rule is a simulation: an option is gone once something it
needs is. Gates that ask for nothing that a fraction cannot give count as open (`opened`). Otherwise it is the constrained
serial rule: at every moment each agent's chance of getting an option at least as good as the one it eats is as large as it
can be for all at once, which is one linear program a step. Both are exact. Markets too large for that are eaten in ticks of
2^-40 (`eating`), equal ranks in the order of the options.

References
----------
Bogomolnaia and Moulin (2001), A new solution to the random assignment problem, Journal of Economic Theory 100. Katta and
Sethuraman (2006), A solution to the random assignment problem on the full preference domain, JET 131 (ties). Budish et
al. (2013), AER 103, section 4 (several constraints). Balbuzanov (2022), Constrained random matching, JET 203 (any
polytope).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.lotteries.decomposition import most_used
from nichiiki_solver.lotteries.eating import eat_in_ticks
from nichiiki_solver.lotteries.exact_lp import Tableau
from nichiiki_solver.lotteries.lottery import ONE, ZERO
from nichiiki_solver.lotteries.opened import Opened
from nichiiki_solver.market import Market

MOST_ENTRIES = 40_000
"""Largest tableau (rows · columns) that the constrained rule starts on."""
MOST_EXACT = 3_000
"""Most options that are eaten at exact moments."""


def has_ties(market: Market) -> bool:
    """Whether an agent is indifferent between two options."""
    pairs = np.stack((market.agent, market.rank), axis=1)
    return len(np.unique(pairs, axis=0)) < len(pairs)


def serial_shares(market: Market, should_stop: Callable[[], bool] = lambda: False) -> list[Fraction] | None:
    """Work out the chance of each option under the (constrained) serial rule.

    Parameters
    ----------
    market
        All of its options listed.
    should_stop
        Asked now and then; True raises `Stopped`.

    Returns
    -------
    list of Fraction or None
        None if not even a fractional assignment keeps all rows. Gates get what they must be open for the others.

    Raises
    ------
    UnsupportedMarketError
        If the market has demands or agents that must get something, and is too large for exact linear programs.
    """
    opened = Opened.of(market)
    ties = has_ties(market)
    if opened is not None and not ties and market.n_options <= MOST_EXACT:
        return _of_whole(opened, eat(opened.market))
    if opened is None or (ties and _Serial.size_of(market) <= MOST_ENTRIES):
        return _Serial(market, should_stop).run()
    return _of_whole(opened, eat_in_ticks(opened.market, should_stop))


def _of_whole(opened: Opened, shares: Sequence[Fraction]) -> list[Fraction]:
    """Return the chances as those of the whole market, with what its gates must be open for them."""
    found = [ZERO] * opened.whole.n_options
    used = [ZERO] * len(opened.whole.capacity)
    for option, share in ((o, share) for o, share in enumerate(shares) if share):
        found[opened.options[option]] = share
        entries = slice(opened.market.offsets[option], opened.market.offsets[option + 1])
        for resource, amount in zip(
            opened.market.resource[entries].tolist(), opened.market.amount[entries].tolist(), strict=True
        ):
            used[resource] += share * amount
    for gate in opened.gates:
        found[gate.option] = used[gate.opens] / gate.supply
    for option in opened.bought.tolist():
        found[option] = Fraction(1)
    return found


def eat(market: Market) -> list[Fraction]:
    """Simulate eating in a packing market without ties."""
    lists = preference_lists(market)
    uses = _uses(market)
    left = [Fraction(amount) for amount in market.capacity.tolist()]
    shares = [ZERO] * market.n_options
    at = [0] * market.n_agents
    clock = ZERO
    while clock < 1:
        eaten = _advance(lists, at, uses, left)
        if not eaten:
            break
        rate: dict[int, int] = {}
        for option in eaten:
            for resource, amount in uses[option]:
                rate[resource] = rate.get(resource, 0) + amount
        step = min([1 - clock, *(left[resource] / speed for resource, speed in rate.items())])
        clock += step
        for option in eaten:
            shares[option] += step
        for resource, speed in rate.items():
            left[resource] -= step * speed
    return shares


def preference_lists(market: Market) -> list[list[int]]:
    """Options of each agent, best first; equal ranks in the order of the options."""
    order = np.lexsort((np.arange(market.n_options), market.rank, market.agent))
    ends = market.by_agent[1].tolist()
    return [order[a:b].tolist() for a, b in pairwise(ends)]


def _uses(market: Market) -> list[list[tuple[int, int]]]:
    entries = list(zip(market.resource.tolist(), market.amount.tolist(), strict=True))
    ends = market.offsets.tolist()
    return [[(r, amount) for r, amount in entries[a:b] if amount] for a, b in pairwise(ends)]


def _advance(
    lists: list[list[int]], at: list[int], uses: list[list[tuple[int, int]]], left: list[Fraction]
) -> list[int]:
    """Move every agent on to its best option of which something is left; return what is eaten now."""
    eaten = []
    for agent, wishes in enumerate(lists):
        while at[agent] < len(wishes) and any(left[r] <= 0 for r, _ in uses[wishes[at[agent]]]):
            at[agent] += 1
        if at[agent] < len(wishes):
            eaten.append(wishes[at[agent]])
    return eaten


class _Serial:
    """The constrained serial rule: what is promised to each agent so far, and at which rank each one eats."""

    def __init__(self, market: Market, should_stop: Callable[[], bool]) -> None:
        self.market, self.should_stop = market, should_stop
        self.ranks = [
            sorted(set(market.rank[wishes].tolist())) if not gate else []
            for wishes, gate in zip(preference_lists(market), market.gate.tolist(), strict=True)
        ]
        self.at = {agent: 0 for agent, ranks in enumerate(self.ranks) if ranks}
        self.promised: list[tuple[int, int, Fraction]] = []
        self.fixed = self._market_rows()
        if self.size_of(market) > MOST_ENTRIES:
            raise UnsupportedMarketError.of(
                "policy_too_large", argument="policy", value="probabilistic_serial", most=f"{MOST_ENTRIES:,}"
            )

    @staticmethod
    def size_of(market: Market) -> int:
        """About how many entries the tableau of a step has."""
        people = int((~market.gate).sum())
        height = market.n_agents + int(market.must_assign.sum()) + len(market.capacity) + 2 * people
        return height * (height + market.n_options + people + 1)

    def run(self) -> list[Fraction] | None:
        """Step until every agent has one unit or nothing more to eat."""
        clock, shares = ZERO, None
        while shares is None or (self.at and clock < 1):
            program = self._program()
            if not program.make_feasible():
                return None
            program.set_objective(self._gains(time=1))
            program.maximise()
            clock, shares = program.value, program.solution[: self.market.n_options]
            self._move_on(clock, self._stuck(program))
        return shares

    def _market_rows(self) -> list[tuple[dict[int, int], int]]:
        """Rows that every assignment keeps, as entries and limit: one option each, capacities that can bind."""
        order, offsets = self.market.by_agent
        rows: list[tuple[dict[int, int], int]] = []
        for agent in range(self.market.n_agents):
            mine = order[offsets[agent] : offsets[agent + 1]].tolist()
            rows.append((dict.fromkeys(mine, 1), 1))
            if self.market.must_assign[agent]:
                rows.append((dict.fromkeys(mine, -1), -1))
        option = self.market.entry_option
        for resource, capacity in enumerate(self.market.capacity.tolist()):
            entries = self.market.resource == resource
            users, amounts = option[entries], self.market.amount[entries]
            if most_used(self.market.agent[users], amounts) > capacity:
                rows.append((dict(zip(users.tolist(), amounts.tolist(), strict=True)), capacity))
        return rows

    def _program(self) -> Tableau:
        """Build the program of a step: options, then the clock, then what each active agent gets beyond it."""
        clock = self.market.n_options
        rows = list(self.fixed)
        for agent, rank, promise in self.promised:
            up_to = dict.fromkeys(self._up_to(agent, rank), -promise.denominator)
            rows.append((up_to, -promise.numerator))
        for place, (agent, at) in enumerate(self.at.items()):
            up_to = dict.fromkeys(self._up_to(agent, self.ranks[agent][at]), -1)
            rows.append(({**up_to, clock: 1, clock + 1 + place: 1}, 0))
        rows.append(({clock: 1}, 1))
        matrix = np.zeros((len(rows), clock + 1 + len(self.at)), dtype=object)
        for row, (entries, _) in zip(matrix, rows, strict=True):
            row[list(entries)] = list(entries.values())
        return Tableau(matrix, [limit for _, limit in rows], self.should_stop)

    def _up_to(self, agent: int, rank: int) -> list[int]:
        order, offsets = self.market.by_agent
        mine = order[offsets[agent] : offsets[agent + 1]]
        return [int(option) for option in mine if self.market.rank[option] <= rank]

    def _gains(self, *, time: int = 0, extra: tuple[int, ...] = ()) -> list[int]:
        """Objective: the clock, or what the active agents in some places get beyond it."""
        more = [int(place in extra) for place in range(len(self.at))]
        return [*([0] * self.market.n_options), time, *more]

    def _stuck(self, program: Tableau) -> list[int]:
        """Active agents that cannot get more than the clock without others getting less."""
        program.keep_optimum()
        waiting = tuple(range(len(self.at)))
        while waiting:
            program.set_objective(self._gains(extra=waiting))
            program.maximise()
            if not program.value:
                break
            beyond = program.solution[self.market.n_options + 1 :]
            waiting = tuple(place for place in waiting if not beyond[place])
        agents = list(self.at)
        return [agents[place] for place in waiting]

    def _move_on(self, clock: Fraction, stuck: list[int]) -> None:
        """Promise stuck agents what they have, and let them eat at their next rank."""
        if clock == ONE:
            return
        if self.at and not stuck:
            raise ArithmeticError("a serial step ended without a reason")
        for agent in stuck:
            self.promised.append((agent, self.ranks[agent][self.at[agent]], clock))
            self.at[agent] += 1
            if self.at[agent] == len(self.ranks[agent]):
                del self.at[agent]
