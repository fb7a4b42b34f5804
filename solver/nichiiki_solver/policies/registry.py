"""The registry of policies: built-in ones, and those of the entry-point group ``nichiiki.policies``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import Literal, Protocol

from nichiiki_models.errors import UsageError
from nichiiki_solver.helping import Helpers, Threads
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.ragged import Ints

GROUP = "nichiiki.policies"
_BUILT_IN = {
    "welfare": "nichiiki_solver.policies.welfare:Welfare",
    "points": "nichiiki_solver.policies.points:Points",
    "first_come": "nichiiki_solver.policies.first_come:FirstCome",
    "lottery": "nichiiki_solver.policies.lottery:Lottery",
    "serial_dictatorship": "nichiiki_solver.policies.serial_dictatorship:SerialDictatorship",
    "immediate_acceptance": "nichiiki_solver.policies.immediate_acceptance:ImmediateAcceptance",
    "deferred_acceptance": "nichiiki_solver.policies.deferred_acceptance:DeferredAcceptance",
    "knapsack_deferred_acceptance": "nichiiki_solver.policies.knapsack_deferred_acceptance:KnapsackDeferredAcceptance",
    "top_trading_cycles": "nichiiki_solver.policies.top_trading_cycles:TopTradingCycles",
    "stable": "nichiiki_solver.policies.stable:Stable",
    "probabilistic_serial": "nichiiki_solver.policies.probabilistic_serial:ProbabilisticSerial",
    "random_serial_dictatorship": "nichiiki_solver.policies.random_serial_dictatorship:RandomSerialDictatorship",
    "rank_maximal": "nichiiki_solver.policies.rank_maximal:RankMaximal",
    "leximin": "nichiiki_solver.policies.leximin:Leximin",
    "nash": "nichiiki_solver.policies.nash:Nash",
}
Engine = Literal["auto", "cp_sat", "highs", "scip"]
"""Exact engines: CP-SAT and SCIP inside ortools, HiGHS by highspy."""
Holds = Literal["always", "if_plain", "if_unit_demand", "never"]
"""Where a theorem holds: on every market, on those without gates and supply, on those with unit demand, or nowhere."""


@dataclass(frozen=True)
class PolicyCard:
    """What a policy promises, and for which markets.

    Attributes
    ----------
    name
        Name in the registry.
    strategy_proof
        Where no agent gains by reporting other ranks of its options.
    stable
        Where no option blocks (see `nichiiki_solver.stability`).
    efficient
        Where nobody can be better off without somebody being worse off, ranks being what counts and no two of an
        agent's options having the same.
    deterministic
        Whether the same market and seed always give the same choice, on any machine.
    optimises
        Whether it searches for the best value of the objective.
    supports
        What it takes: unit_demand, bundles, ties, must, closing (of what stays below its minimum), minimum_quotas,
        priorities.
    reference
        The paper.
    """

    name: str
    strategy_proof: Holds
    stable: Holds
    efficient: Holds
    deterministic: bool
    optimises: bool
    supports: tuple[str, ...]
    reference: str


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
    progress
        Called with each `Progress`; whatever it raises ends the run.
    should_stop
        Asked now and then; True ends the run with the best answer.
    official
        Whether the answer must be the only one: an optimum is followed by the public tie-break to its proof.
    engine
        The exact engine; ``auto`` takes the one that measures best.
    answers
        Called by ``welfare`` with each better answer on the way, a feasible outcome without bounds; perhaps from another
        thread.
    hint
        A choice to begin from, and the market that numbers it; left aside where it does not fit.
    helpers
        Who does independent pieces of the work; the answer is the same whoever they are.
    """

    time_limit_s: float = 60.0
    relative_gap: float = 0.0
    seed: int = 0
    workers: int = 2
    official: bool = False
    engine: Engine = "auto"
    hint: tuple[Market, Ints] | None = None
    helpers: Helpers = field(default_factory=Threads)
    progress: Callable[[Progress], None] = field(default=lambda _: None)
    answers: Callable[[Outcome], None] | None = None
    should_stop: Callable[[], bool] = field(default=lambda: False)


class Policy(Protocol):
    """A rule that turns a market into a choice."""

    @property
    def card(self) -> PolicyCard:
        """What the policy promises, and for which markets."""
        ...

    def solve(self, market: Market, settings: Settings) -> Outcome:
        """Choose an option for each agent."""
        ...


def policy_names() -> tuple[str, ...]:
    """Return the names of all policies at hand, built-in ones first."""
    return (
        *_BUILT_IN,
        *sorted(point.name for point in entry_points(group=GROUP) if point.name not in _BUILT_IN),
    )


def list_policies() -> tuple[PolicyCard, ...]:
    """Return the cards of all policies at hand, built-in ones first."""
    return tuple(get_policy(name).card for name in policy_names())


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
    raise UsageError.of("arg_unknown", argument="policy", value=name, choices=", ".join(policy_names()))
