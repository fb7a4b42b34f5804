"""Random serial dictatorship: households choose one after the other, every order equally likely.

Mechanism
    In its turn each household takes its best option with which everybody before keeps theirs and the rest can still be
    completed (equal ranks: the option listed first). All orders are followed at once: orders that have led to the same
    choices so far are one state with a weight, so that the lottery is exact. With more than `MOST_STATES` states, or too
    little time, up to `SAMPLES` orders are drawn from the seed instead, and the lottery states the standard error of each
    chance. Markets with roles to open and more than `MOST_SEARCHED` options are sampled with another rule for minimums: nobody looks
    ahead, and what ends below its minimum is closed and the order begins again.
Properties
    Strategy-proof for strict wishes; every choice drawn is Pareto-efficient then; equal treatment of equals. Not ordinally
    efficient: lotteries may exist that everybody prefers (Bogomolnaia and Moulin 2001).
Complexity
    Exact chances are #P-complete (Aziz, Brandt and Brill 2013; Saban and Sethuraman 2015); a sampled order costs one
    pass over the wishes, or one exact search a household where roles must be filled or minimums met.
Source
    Abdulkadiroğlu and Sönmez (1998), Random serial dictatorship and the core from random endowments, Econometrica 66.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from nichiiki_models.allocation import Status, StopReason
from nichiiki_solver import cp_sat
from nichiiki_solver.lotteries.lottery import Lottery
from nichiiki_solver.lotteries.opened import Choosing, Opened, is_packing
from nichiiki_solver.lotteries.serial_rule import preference_lists
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.drawing import all_listed, drawn, stopper, without_choice
from nichiiki_solver.policies.registry import PolicyCard, Settings
from nichiiki_solver.ragged import Ints

MOST_STATES = 20_000
SAMPLES = 1_000
MOST_SEARCHED = 100
"""Most options of a market with gates whose every turn is searched for a completion."""
EXACT_SHARE = 0.25
"""Part of the time after which following all orders is given up and orders are sampled."""
WAITING = -2
"""Mark of an agent whose turn has not come."""
State = tuple[int, ...]


class RandomSerialDictatorship:
    """Random serial dictatorship; see the module's text."""

    card = PolicyCard(
        name="random_serial_dictatorship",
        strategy_proof="if_plain",
        stable="never",
        efficient="if_plain",
        deterministic=False,
        optimises=False,
        supports=("bundles", "ties", "must", "minimum_quotas"),
        reference="Abdulkadiroğlu and Sönmez (1998), Econometrica 66",
    )

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Follow all orders, or a sample of them, and draw; see `Outcome` for what comes back."""
        started = time.perf_counter()
        all_listed(market, "random_serial_dictatorship")
        stop = stopper(settings, started)
        opened = Opened.of(market) if market.n_options > MOST_SEARCHED else None
        if opened is not None and opened.gates:
            return self._closing(Choosing(opened), settings, stop, started)
        turn = Turns(market) if is_packing(market) else _Completed(market)
        if not turn.possible():
            return without_choice(market, Status.INFEASIBLE, StopReason.PROVEN, started)
        early = stopper(replace(settings, time_limit_s=EXACT_SHARE * settings.time_limit_s), started)

        def choose(order: list[int]) -> Ints:
            return turn.choice(dictatorship(turn, order))

        lottery = exact_lottery(turn, early) or sampled_lottery(
            choose, turn.agents, market.n_options, settings.seed, stop
        )
        if lottery is None:
            return without_choice(market, Status.UNKNOWN, StopReason.TIME_LIMIT, started)
        return drawn(market, lottery, settings.seed, started)

    def _closing(
        self, choosing: Choosing, settings: Settings, stop: Callable[[], bool], started: float
    ) -> Outcome:
        """Sample orders in which what ends below its minimum is closed."""

        def choose(order: list[int]) -> Ints:
            return choosing.run([(agent, choosing.wishes(agent)) for agent in order])

        market = choosing.opened.whole
        lottery = sampled_lottery(choose, choosing.agents, market.n_options, settings.seed, stop)
        if lottery is None:
            return without_choice(market, Status.UNKNOWN, StopReason.TIME_LIMIT, started)
        return drawn(market, lottery, settings.seed, started)


class Turns:
    """What an agent takes in its turn in a market of capacities only."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.agents = np.flatnonzero(~market.gate).tolist()
        self.lists = preference_lists(market)
        entries = list(zip(market.resource.tolist(), market.amount.tolist(), strict=True))
        ends = market.offsets.tolist()
        self.uses = [entries[ends[o] : ends[o + 1]] for o in range(market.n_options)]

    def possible(self) -> bool:
        """Whether any choice is feasible."""
        return True

    def left(self, state: State) -> list[int]:
        """What earlier agents have left."""
        left: list[int] = self.market.capacity.tolist()
        for option in state:
            if option >= 0:
                for resource, amount in self.uses[option]:
                    left[resource] -= amount
        return left

    def take(self, state: State, agent: int) -> int:
        """Option that an agent takes in its turn, -1 = none."""
        left = self.left(state)
        for option in self.lists[agent]:
            if all(amount <= left[resource] for resource, amount in self.uses[option]):
                return option
        return -1

    def choice(self, state: State) -> Ints:
        """Return the choice at the end."""
        return np.maximum(np.array(state, dtype=np.int64), -1)


class _Completed(Turns):
    """What an agent takes where roles must be filled or minimums met: each turn is an exact search for a completion."""

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        place = np.empty(market.n_options, dtype=np.int64)
        for wishes in self.lists:
            place[wishes] = np.arange(len(wishes))
        self.gain = int(place.max(initial=0)) + 1 - place
        self.known: dict[tuple[State, int], int] = {}

    def _search(self, state: State, gains: Ints, *, presolve: bool = True) -> Ints | None:
        """Find the best completion of the choices so far."""
        of_agent = np.array(state, dtype=np.int64)[self.market.agent]
        options = np.flatnonzero((of_agent == WAITING) | (of_agent == np.arange(self.market.n_options)))
        must = self.market.must_assign | (np.array(state) >= 0)
        searched = replace(self.market.take(options), must_assign=must)
        answer = cp_sat.solve_level(searched, gains[options], workers=1, presolve=presolve)
        if answer.choice is None:
            return None
        return np.asarray(np.append(options, -1)[answer.choice])

    def possible(self) -> bool:
        """Whether any choice is feasible; the answer no is confirmed without the presolve."""
        start, blank = (WAITING,) * self.market.n_agents, np.zeros(self.market.n_options, dtype=np.int64)
        return any(self._search(start, blank, presolve=presolve) is not None for presolve in (True, False))

    def take(self, state: State, agent: int) -> int:
        """Option that an agent takes in its turn, -1 = none."""
        if (state, agent) not in self.known:
            found = self._search(state, np.where(self.market.agent == agent, self.gain, 0))
            if found is None:
                raise RuntimeError("a turn has left nothing to complete")
            self.known[state, agent] = int(found[agent])
        return self.known[state, agent]

    def choice(self, state: State) -> Ints:
        """Return the choice at the end, with the gates that it needs."""
        found = self._search(state, np.zeros(self.market.n_options, dtype=np.int64))
        if found is None:
            raise RuntimeError("the last turn has left nothing to complete")
        return found


def exact_lottery(turn: Turns, should_stop: Callable[[], bool], most: int = MOST_STATES) -> Lottery | None:
    """Follow all orders at once; None if the states are too many or time is up."""
    states: dict[State, int] = {(WAITING,) * turn.market.n_agents: 1}
    seen = 1
    for _ in turn.agents:
        following: dict[State, int] = {}
        for state, weight in states.items():
            for agent in (a for a in turn.agents if state[a] == WAITING):
                after = (*state[:agent], turn.take(state, agent), *state[agent + 1 :])
                following[after] = following.get(after, 0) + weight
            if seen + len(following) > most or should_stop():
                return None
        states = following
        seen += len(states)
    total = sum(states.values())
    parts = ((Fraction(weight, total), turn.choice(state)) for state, weight in states.items())
    return Lottery.of(turn.market.n_options, parts)


def sampled_lottery(
    choose: Callable[[list[int]], Ints],
    agents: list[int],
    n_options: int,
    seed: int,
    should_stop: Callable[[], bool],
    samples: int = SAMPLES,
) -> Lottery | None:
    """Count what some random orders of agents lead to; None if there was not even time for one."""
    parts: list[tuple[Fraction, Ints]] = []
    for number in range(samples):
        if should_stop():
            break
        parts.append((Fraction(1), choose(shuffled(agents, seed, number))))
    return Lottery.of(n_options, parts, samples=len(parts)) if parts else None


def dictatorship(turn: Turns, order: list[int]) -> State:
    """Let agents choose in an order."""
    state: State = (WAITING,) * turn.market.n_agents
    for agent in order:
        state = (*state[:agent], turn.take(state, agent), *state[agent + 1 :])
    return state


def shuffled(agents: list[int], seed: int, number: int) -> list[int]:
    """A random order of agents: by SHA-256 of seed, number of the sample and agent."""
    return sorted(agents, key=lambda agent: hashlib.sha256(f"{seed}|{number}|{agent}".encode()).digest())
