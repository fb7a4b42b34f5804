"""Solve a market by a policy, and check what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nichiiki_models.allocation import LevelResult, Status, Violation
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_solver.dual_prices import find_prices, source_of
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.registry import Progress, Settings, get_policy


def solve(
    market: Market,
    *,
    policy: str = "welfare",
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    seed: int = 0,
    workers: int = 2,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    bound: bool = False,
) -> Outcome:
    """Choose an option for each agent of a market.

    Parameters
    ----------
    market
        What to choose from.
    policy
        Name of a policy; see `nichiiki_solver.policies.registry.policy_names`.
    time_limit_s
        Wall time in seconds after which the best answer so far is returned; positive.
    relative_gap
        Gap (bound - objective) / max(1, |objective|) that is good enough, from 0 to below 1; 0 asks for a proof.
    seed
        Seed of every draw and of the tie-break; not negative.
    workers
        Processor cores to use; at least 1.
    progress
        Called with each `Progress`.
    should_stop
        Asked now and then; True ends the run with the best answer.
    bound
        Whether a policy that does not optimise is to be compared with a bound on the first level over all choices.

    Returns
    -------
    Outcome
        Infeasible is an outcome (``status``), not an error.

    Raises
    ------
    UsageError
        If an argument has no meaning.
    UnsupportedMarketError
        If the policy makes no promise for such a market.
    VerificationError
        If the choice does not fit the market or its stated value; nothing is returned then.
    """
    settings = make_settings(time_limit_s, relative_gap, seed, workers, progress, should_stop)
    chosen = get_policy(policy)
    outcome = with_gates_settled(chosen.solve(market, settings))
    if bound and not chosen.card.optimises:
        outcome = with_bound(market, outcome, settings)
    violations = check_outcome(outcome)
    if violations:
        raise VerificationError(violations)
    return outcome


def with_gates_settled(outcome: Outcome) -> Outcome:
    """Leave out gates that nobody needs, and settle who pays for the others.

    A measure costs nothing in most objectives, and engines take it in passing. Gates are looked at from the last to the
    first, each beside those still kept. What levels are worth can only grow.
    """
    if outcome.choice is None:
        return outcome
    market, choice = outcome.market, outcome.choice.copy()
    used = market.usage(choice)
    for agent in np.flatnonzero(market.gate & (choice >= 0))[::-1].tolist():
        entries = slice(market.offsets[choice[agent]], market.offsets[choice[agent] + 1])
        resource, without = market.resource[entries], used[market.resource[entries]] - market.amount[entries]
        if (without <= market.capacity[resource]).all():
            used[resource], choice[agent] = without, -1
    choice = source_of(market).settled(market, choice)
    if (choice == outcome.choice).all():
        return outcome
    levels = tuple(
        level.model_copy(update={"objective": int(value)})
        for level, value in zip(outcome.levels, market.objectives(choice), strict=False)
    )
    return replace(outcome, choice=choice, levels=levels, status=_status(outcome.status, levels))


def _status(status: Status, levels: tuple[LevelResult, ...]) -> Status:
    return Status.OPTIMAL if levels and all(level.proven for level in levels) else status


def with_bound(market: Market, outcome: Outcome, settings: Settings) -> Outcome:
    """Return an outcome with a bound on its first level, valid over all choices of the market.

    If the first level, and no other, is thereby proven best, the outcome is optimal.
    """
    if outcome.choice is None or not outcome.levels:
        return outcome
    weights = np.zeros(len(market.levels), dtype=np.int64)
    weights[0] = 1
    first, *others = outcome.levels
    found = find_prices(market, weights, settings.should_stop).bound
    levels = (first.model_copy(update={"bound": max(found, first.objective or 0)}), *others)
    return replace(outcome, levels=levels, status=_status(outcome.status, levels))


def make_settings(
    time_limit_s: float,
    relative_gap: float,
    seed: int,
    workers: int,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Settings:
    """Check the arguments of a run and put them together."""
    if not time_limit_s > 0:
        raise UsageError(f"time_limit_s: a positive number of seconds is needed, got {time_limit_s}")
    if not 0 <= relative_gap < 1:
        raise UsageError(f"relative_gap: a number from 0 to below 1 is needed, got {relative_gap}")
    if seed < 0:
        raise UsageError(f"seed: a whole number from 0 is needed, got {seed}")
    if workers < 1:
        raise UsageError(f"workers: at least 1 is needed, got {workers}")
    return Settings(
        time_limit_s=time_limit_s,
        relative_gap=relative_gap,
        seed=seed,
        workers=workers,
        progress=progress or (lambda _: None),
        should_stop=should_stop or (lambda: False),
    )


def check_outcome(outcome: Outcome) -> list[Violation]:
    """List what a choice breaks of its market: agents, capacities, stated values, bounds."""
    if outcome.choice is None:
        return []
    market, choice = outcome.market, outcome.choice
    taken = choice[choice >= 0]
    found = [
        Violation(rule="market_agent", where=str(a))
        for a in np.flatnonzero(choice >= 0)
        if market.agent[choice[a]] != a
    ]
    found += [
        Violation(rule="market_agent", where=str(a))
        for a in np.flatnonzero(market.must_assign & (choice < 0))
    ]
    used = market.usage(choice)
    for resource in np.flatnonzero(used > market.capacity).tolist():
        details = {"value": int(used[resource]), "limit": int(market.capacity[resource])}
        found.append(Violation(rule="market_capacity", where=str(resource), details=details))
    for level, row in zip(outcome.levels, market.utility, strict=False):
        value = int(row[taken].sum())
        if level.objective != value or (level.bound is not None and level.bound < value):
            stated: dict[str, int | str] = {"value": str(level.objective), "limit": value}
            found.append(Violation(rule="market_value", where=level.name, details=stated))
    return found
