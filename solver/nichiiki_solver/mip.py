"""A listed market as a mixed-integer program for HiGHS: the engine for markets that are large and linear.

On 240 generated households CP-SAT had a gap of 4.5 % after 60 s where HiGHS, whose cuts see that stays in one house exclude
each other, had 0.7 % (docs/explanation/national-scale.md). HiGHS computes in
floating point; what it returns is rounded, checked in integers, and its bound loses the tolerance it was proved with.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from nichiiki_solver.background import in_background
from nichiiki_solver.cp_sat import Answer, Floor, is_near
from nichiiki_solver.highs import Found, Program, minimise
from nichiiki_solver.market import NO_VALUE, Market
from nichiiki_solver.ragged import Bools, Floats, Ints

TOLERANCE = 1e-6
"""Relative tolerance of HiGHS' bound; the reported bound is weaker by as much."""
LEADERS_SHARE = 0.85
"""Share of the time for the search over what leads; the rest is for what follows."""


def solve_level(
    market: Market,
    weights: Ints,
    *,
    floors: tuple[Floor, ...] = (),
    hint: Ints | None = None,
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    should_stop: Callable[[], bool] | None = None,
    leaders_share: float = LEADERS_SHARE,
    probing: bool = True,
) -> Answer:
    """Maximise integer weights of options over a listed market.

    The search runs beside the caller. When `should_stop` says so it ends with what it has; only where it does not listen (in its
    presolve), or overruns the limit by far, is it left, and the answer is unknown.

    Parameters
    ----------
    market, weights, floors, hint, time_limit_s, relative_gap, should_stop
        As in `nichiiki_solver.cp_sat.solve_level`.
    leaders_share
        Share of the time after which what leads makes way for what follows.
    probing
        As in `nichiiki_solver.highs.minimise`.
    """
    if market.n_options == 0:
        return nothing_to_choose(market, floors)
    search = _Search(market, weights, floors, hint, time_limit_s, relative_gap, should_stop, probing)
    follows = market.labels.get("follows")
    if follows is None or not follows.any():
        return search.at_once()
    return search.leaders_first(follows, leaders_share)


def search_part(
    market: Market, weights: Ints, limit_s: float, relative_gap: float, hint: Ints | None = None
) -> Answer:
    """Search a part of a market; a helper calls it."""
    return solve_level(
        market, weights, hint=hint, time_limit_s=limit_s, relative_gap=relative_gap, probing=False
    )


def bound_part(market: Market, weights: Ints, limit_s: float, relative_gap: float) -> Answer:
    """Search a part of a market for its bound above all: what leads may take all of the time; a helper calls it.

    To begin once more with everything would take HiGHS' presolve, which heeds no limit, for nothing.
    """
    return solve_level(
        market, weights, time_limit_s=limit_s, relative_gap=relative_gap, leaders_share=1.0, probing=False
    )


class _Search:
    """One market and objective with the clock running: the program is built once and may be solved in several ways."""

    def __init__(
        self,
        market: Market,
        weights: Ints,
        floors: tuple[Floor, ...],
        hint: Ints | None,
        time_limit_s: float,
        relative_gap: float,
        should_stop: Callable[[], bool] | None,
        probing: bool,
    ) -> None:
        self.market, self.weights, self.gap, self.probing = market, weights, relative_gap, probing
        # a bound on the divided objective is a whole number, so that the tolerance costs nothing until it is very large
        self.divisor = max(1, int(np.gcd.reduce(weights)))
        begun = None if hint is None else shares_of(market, hint)
        self.program = replace(_program(market, weights // self.divisor, floors), begun=begun)
        self.ends, self.should_stop = time.monotonic() + time_limit_s, should_stop

    def at_once(self) -> Answer:
        """Decide every option in one search."""
        return self._answer(self._run())

    def leaders_first(self, follows: Bools, share: float) -> Answer:
        """Decide the options that lead with the others in fractions, then these; all at once only if that lost anything.

        Once stays and gates are decided, seats and roles are nearly a transport problem, whose solutions are whole by
        themselves: to branch on them costs much and proves little.
        """
        led = self._run(share, whole=~follows)
        found = self._answer(led)
        if led is None or led.x is None or found.is_near(self.gap) or self._is_over():
            return found
        bound = found.bound
        if found.choice is None:
            taken = np.rint(led.x)
            kept: dict[str, Any] = {
                "least": np.where(follows, 0.0, taken),
                "most": np.where(follows, 1.0, taken),
                "begun": None,
            }
            found = replace(self._answer(self._run(**kept)), infeasible=False)
        if not is_near(found.objective, bound, self.gap) and not self._is_over():
            every = self.at_once()
            if every.infeasible and found.choice is not None:
                raise RuntimeError("HiGHS calls a market infeasible of which it has found an allocation")
            if every.infeasible:
                return every
            bound = min((b for b in (bound, every.bound) if b is not None), default=None)
            found = max((found, every), key=_value)
        return replace(found, bound=not_below(bound, _value(found)))

    def _is_over(self) -> bool:
        return time.monotonic() >= self.ends or (self.should_stop is not None and self.should_stop())

    def _answer(self, result: Found | None) -> Answer:
        if result is None:
            return Answer(None, None, None)
        return _answer(self.market, self.weights, self.divisor, result)

    def _run(self, share: float = 1.0, **changed: Any) -> Found | None:
        program = replace(self.program, **changed)
        left_s = max(0.05, share * (self.ends - time.monotonic()))
        asked = Event()
        limits: dict[str, Any] = {"time_limit_s": left_s, "relative_gap": self.gap, "probing": self.probing}
        return in_background(
            lambda: minimise(program, is_over=asked.is_set, **limits),
            time_over(time.monotonic(), left_s, self.should_stop),
            name="highs",
            ask_to_end=asked.set,
        )


def _value(answer: Answer) -> int:
    """Value of an answer; very small where there is none."""
    return NO_VALUE if answer.objective is None else answer.objective


def nothing_to_choose(market: Market, floors: tuple[Floor, ...]) -> Answer:
    """Return the answer of a market without options."""
    choice = np.full(market.n_agents, -1, dtype=np.int64)
    kept = market.is_feasible(choice) and all(floor.least <= 0 for floor in floors)
    return Answer(choice, 0, 0) if kept else Answer(None, None, None, infeasible=True)


def time_over(
    started: float, time_limit_s: float, should_stop: Callable[[], bool] | None
) -> Callable[[], bool]:
    """Return what says whether an engine that began then is to be left: told to stop, or far beyond its limit."""
    deadline = started + 1.5 * time_limit_s + 10
    user_stop = should_stop or (lambda: False)
    return lambda: user_stop() or time.monotonic() > deadline


def _program(market: Market, weights: Ints, floors: tuple[Floor, ...]) -> Program:
    n = market.n_options
    owners = csr_array((np.ones(n), (market.agent, np.arange(n))), shape=(market.n_agents, n))
    use = csr_array(
        (market.amount.astype(float), (market.resource, market.entry_option)), shape=(len(market.capacity), n)
    )
    kept = [csr_array(floor.weights[None, :].astype(float)) for floor in floors]
    ones = np.ones(market.n_agents)
    return Program(
        cost=-weights.astype(float),
        matrix=csr_array(vstack([owners, use, *kept])),
        row_least=np.concatenate(
            (market.must_assign, np.full(len(market.capacity), -np.inf), [floor.least for floor in floors])
        ),
        row_most=np.concatenate((ones, market.capacity, np.full(len(floors), np.inf))),
        least=np.zeros(n),
        most=np.ones(n),
        whole=np.ones(n, dtype=bool),
    )


def shares_of(market: Market, choice: Ints) -> Floats:
    """1 for every option of a choice, 0 for the others: how an engine is told what to begin with."""
    taken = np.zeros(market.n_options)
    taken[choice[choice >= 0]] = 1.0
    return taken


def _answer(market: Market, weights: Ints, divisor: int, result: Found) -> Answer:
    if result.infeasible:
        return Answer(None, None, None, infeasible=True)
    bound = None if result.bound is None else -result.bound
    if result.x is None:
        return Answer(None, None, _scaled(bound, divisor))
    return checked(market, weights, divisor, np.flatnonzero(result.x > 0.5), bound)


def checked(market: Market, weights: Ints, divisor: int, taken: Ints, bound: float | None) -> Answer:
    """Check in whole numbers what an engine that computes in floating point says is taken.

    Parameters
    ----------
    market, weights
        What was solved.
    divisor
        By which the objective was divided.
    taken
        Options taken.
    bound
        The engine's bound on the divided objective.
    """
    limit = _scaled(bound, divisor)
    choice = np.full(market.n_agents, -1, dtype=np.int64)
    choice[market.agent[taken]] = taken
    if len(np.unique(market.agent[taken])) != len(taken) or not market.is_feasible(choice):
        return Answer(None, None, limit)
    value = int(weights[taken].sum())
    return Answer(choice, value, not_below(limit, value))


def not_below(bound: int | None, value: int) -> int | None:
    """A bound of an engine that computes in floating point, if an answer it found agrees; else nothing is proven."""
    return None if bound is None or bound < value else bound


def _scaled(bound: float | None, divisor: int) -> int | None:
    whole = None if bound is None else _whole_bound(bound)
    return None if whole is None else whole * divisor


def _whole_bound(bound: float) -> int | None:
    """Largest whole number that the proof leaves possible."""
    return int(np.floor(bound + TOLERANCE * max(1.0, abs(bound)))) if np.isfinite(bound) else None
