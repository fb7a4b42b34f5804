"""The registry of policies: built-in ones, and those of the entry-point group ``nichiiki.policies``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol

from nichiiki_models.errors import UsageError
from nichiiki_solver.market import Market, Outcome

GROUP = "nichiiki.policies"
_BUILT_IN = {
    "welfare": "nichiiki_solver.policies.welfare:Welfare",
    "points": "nichiiki_solver.policies.points:Points",
    "probabilistic_serial": "nichiiki_solver.policies.probabilistic_serial:ProbabilisticSerial",
    "random_serial_dictatorship": "nichiiki_solver.policies.random_serial_dictatorship:RandomSerialDictatorship",
    "rank_maximal": "nichiiki_solver.policies.rank_maximal:RankMaximal",
    "leximin": "nichiiki_solver.policies.leximin:Leximin",
    "nash": "nichiiki_solver.policies.nash:Nash",
}


@dataclass(frozen=True)
class Progress:
    """One line of progress: level, value so far, bound, seconds since the start."""

    level: str
    objective: int | None
    bound: int | None
    seconds: float


@dataclass(frozen=True)
class Settings:
    """How to run a policy.

    Attributes
    ----------
    time_limit_s, relative_gap
        When to stop: wall time, and gap that is good enough.
    seed, workers
        Seed of every draw; processor cores to use.
    hint
        Option of each agent to start from, or None.
    progress
        Called with each `Progress`; whatever it raises ends the run.
    should_stop
        Asked now and then; True ends the run with the best answer.
    """

    time_limit_s: float = 60.0
    relative_gap: float = 0.0
    seed: int = 0
    workers: int = 2
    hint: object = None
    progress: Callable[[Progress], None] = field(default=lambda _: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)


class Policy(Protocol):
    """A rule that turns a market into a choice."""

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Choose an option for each agent."""
        ...


def policy_names() -> tuple[str, ...]:
    """Return the names of all policies at hand, built-in ones first."""
    return (
        *_BUILT_IN,
        *sorted(point.name for point in entry_points(group=GROUP) if point.name not in _BUILT_IN),
    )


def get_policy(name: str) -> Policy:
    """Return a policy by name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        policy: Policy = getattr(import_module(module), attribute)()
        return policy
    for point in entry_points(group=GROUP):
        if point.name == name:
            found: Policy = point.load()()
            return found
    raise UsageError(f"unknown policy {name!r}; known are {', '.join(policy_names())}")
