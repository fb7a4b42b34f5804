"""Minimums and measures: what ends below its minimum is closed, what nobody needs is struck, and the procedure begins again.

Every procedure that knows no minimums runs inside these rounds (docs/explanation/rules.md, steps 2, 4 and 5 of section 8):

1. All roles in every period, and all experiences, are open; measures are taken in their order while budgets last. The market
   has those only that add something some bundle uses.
2. The procedure runs on what is open, from an empty allocation.
3. If everything open has no holder or at least its minimum, and every measure is needed: end. Otherwise what has holders
   but fewer than its minimum is closed, a measure that is not needed is struck, and step 1 begins again with the rest.
   Closed stays closed, so there are at most as many rounds as gates, and one more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from nichiiki_models.allocation import LevelResult, Status, StopReason
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_solver.market import Market, Outcome, joined
from nichiiki_solver.policies.registry import Progress, Settings
from nichiiki_solver.ragged import Bools, Ints

IGNORED = np.int64(1) << 40
"""What is "left" of a minimum while a procedure runs: it is looked at only at the end of a round."""
Taken = Mapping[int, Market]
"""What a round gave: for each agent that got something the market of its one option."""


def refuse_demands(has_demands: bool, policy: str) -> None:
    """Refuse a market in which several agents together must meet a minimum."""
    if has_demands:
        raise UnsupportedMarketError.of("policy_no_minimum", argument="policy", value=policy)


def run_rounds(
    market: Market, settings: Settings, one_round: Callable[[Ints], Taken], *, name: str
) -> Outcome:
    """Run a procedure round after round until nothing is closed any more.

    Parameters
    ----------
    market
        What to choose from; its gates are the minimums.
    settings
        Asked between rounds whether to stop.
    one_round
        The procedure: from what there is of each resource to what each agent gets.
    name
        Name of the procedure for progress.
    """
    started = time.perf_counter()
    gates = Gates(market)
    try:
        while True:
            taken = one_round(gates.supply())
            if not gates.close_failing(taken):
                return gates.outcome(taken, time.perf_counter() - started)
            stop_if(settings.should_stop)
            settings.progress(Progress(name, None, None, time.perf_counter() - started))
    except Stopped:
        seconds = time.perf_counter() - started
        late = seconds >= settings.time_limit_s
        reason = StopReason.TIME_LIMIT if late else StopReason.INTERRUPTED
        return Outcome(market, None, Status.UNKNOWN, reason, (), seconds)


class Stopped(Exception):
    """A round was left before its end: what part of a round gives is no answer."""


def stop_if(should_stop: Callable[[], bool]) -> None:
    """Leave the round if somebody asks to stop."""
    if should_stop():
        raise Stopped


def clock(settings: Settings) -> Callable[[], bool]:
    """Return what says whether the time of a run that begins now is up, or somebody asked to stop."""
    started = time.perf_counter()
    return lambda: time.perf_counter() - started > settings.time_limit_s or settings.should_stop()


class Gates:
    """The gates of a market: which are still open, and which measures are taken.

    Two kinds are told apart by what they use. A minimum asks for more than there is without its holders; what a
    measure uses is there (money).
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.gates = market.take(market.gate[market.agent])
        gates = self.gates
        self._demand = (gates.amount > 0) & (gates.amount > market.capacity[gates.resource])
        self.is_minimum = np.zeros(gates.n_options, dtype=bool)
        self.is_minimum[gates.entry_option[self._demand]] = True
        self.open: Bools = np.ones(gates.n_options, dtype=bool)
        self.bought: Bools = np.zeros(gates.n_options, dtype=bool)

    def supply(self) -> Ints:
        """Return what there is at the start of a round: capacities, and what open gates supply."""
        left = self.market.capacity.copy()
        option, supply = self.gates.entry_option, self.gates.amount < 0
        opened = supply & (self.open & self.is_minimum)[option]
        np.add.at(left, self.gates.resource[opened], -self.gates.amount[opened])
        left[self.gates.resource[self._demand]] = IGNORED
        self._buy(left)
        return left

    def _entries(self, option: int) -> slice:
        return slice(self.gates.offsets[option], self.gates.offsets[option + 1])

    def _buy(self, left: Ints) -> None:
        """Take measures in their order, each with its first plan that fits what is left."""
        self.bought[:] = False
        served: set[int] = set()
        for option in np.flatnonzero(self.open & ~self.is_minimum).tolist():
            entries, agent = self._entries(option), int(self.gates.agent[option])
            resource, amount = self.gates.resource[entries], self.gates.amount[entries]
            if agent not in served and (amount <= np.maximum(left[resource], 0)).all():
                np.subtract.at(left, resource, amount)
                self.bought[option] = True
                served.add(agent)

    def open_as_held(self, taken: Taken, plans: Ints) -> None:
        """Have open exactly what has holders, and the measures that are taken with some plans."""
        planned = np.isin(self.gates.labels["plan"], plans) if "plan" in self.gates.labels else self.bought
        self.open = np.where(self.is_minimum, self._holders(taken)[0] > 0, planned)

    def keep_needed(self, taken: Taken) -> None:
        """Leave out the measures that nobody needs."""
        self.bought[self._idle(taken)] = False

    def close_failing(self, taken: Taken) -> bool:
        """Close what has holders but fewer than its minimum, and measures nobody needs; say whether there were any."""
        holders, minimum = self._holders(taken)
        failing = self.open & (holders > 0) & (holders < minimum)
        failing |= np.isin(self.gates.agent, self.gates.agent[self._idle(taken)])
        self.open &= ~failing
        return bool(failing.any())

    def _use(self, taken: Taken) -> Ints:
        used = np.zeros(len(self.market.capacity), dtype=np.int64)
        for option in taken.values():
            np.add.at(used, option.resource, option.amount)
        return used

    def _idle(self, taken: Taken) -> Ints:
        """Measures that are not needed, from the last to the first, each beside those still kept."""
        room = self.market.capacity - self._use(taken)
        gates = self.gates
        supply = (gates.amount < 0) & (self.bought | (self.open & self.is_minimum))[gates.entry_option]
        np.subtract.at(room, gates.resource[supply], gates.amount[supply])
        found = []
        for option in np.flatnonzero(self.bought)[::-1].tolist():
            entries = self._entries(option)
            resource, amount = gates.resource[entries], np.minimum(gates.amount[entries], 0)
            if (room[resource] + amount >= 0).all():
                np.add.at(room, resource, amount)
                found.append(option)
        return np.array(found, dtype=np.int64)

    def _holders(self, taken: Taken) -> tuple[Ints, Ints]:
        """Return the holders at each gate, and its minimum."""
        used, demand = self._use(taken), self._demand
        gate = self.gates.entry_option[demand]
        holders, minimum = np.zeros(len(self.open), dtype=np.int64), np.zeros(len(self.open), dtype=np.int64)
        holders[gate], minimum[gate] = -used[self.gates.resource[demand]], self.gates.amount[demand]
        return holders, minimum

    def outcome(self, taken: Taken, seconds: float) -> Outcome:
        """Put the outcome together."""
        market, choice = self.chosen(taken)
        if (choice[market.must_assign] < 0).any():
            return Outcome(market, None, Status.INFEASIBLE, StopReason.PROCEDURE_ENDED, (), seconds)
        levels = plain_levels(market, choice)
        return Outcome(market, choice, Status.FEASIBLE, StopReason.PROCEDURE_ENDED, levels, seconds)

    def chosen(self, taken: Taken) -> tuple[Market, Ints]:
        """Open the gates in use. Return the market itself if it is listed and plain, else that of what was given, and the choice."""
        choice = np.full(self.market.n_agents, -1, dtype=np.int64)
        if self.market.source is None:
            for agent, option in taken.items():
                choice[agent] = option.labels["option"][0]
            return self.market, choice
        market = joined([self.gates, *taken.values()])
        used = (self._holders(taken)[0] > 0) | self.bought
        chosen = np.append(np.flatnonzero(used), np.arange(self.gates.n_options, market.n_options))
        choice[market.agent[chosen]] = chosen
        return market, choice


def measures_first(market: Market) -> tuple[Ints, Ints]:
    """Return the options of measures in a market, and those of them taken before anybody chooses: in order, while money lasts."""
    gates = Gates(market)
    gates.supply()
    options = np.flatnonzero(market.gate[market.agent])
    return options[~gates.is_minimum], options[gates.bought]


def plain_levels(market: Market, choice: Ints) -> tuple[LevelResult, ...]:
    """Return the value of every level of a choice, without a bound."""
    values = market.objectives(choice)
    return tuple(
        LevelResult(name=name, objective=int(value), bound=None)
        for name, value in zip(market.levels, values, strict=True)
    )
