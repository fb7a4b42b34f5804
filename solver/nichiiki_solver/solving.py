"""Solve a market by a policy, and check what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import numpy as np

from nichiiki_models.allocation import LevelResult, Status, Violation
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_solver.cp_sat import sound
from nichiiki_solver.cross_checking import SECOND, confirmed, refuse_cross_check
from nichiiki_solver.dual_prices import can_be_priced, find_tight_prices, free_bound, source_of
from nichiiki_solver.helping import Helpers, Threads
from nichiiki_solver.market import Market, Outcome, in_largest_units
from nichiiki_solver.policies.registry import Engine, Progress, Settings, get_policy
from nichiiki_solver.ragged import Ints, unique_rows


def solve(
    market: Market,
    *,
    policy: str = "welfare",
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    seed: int = 0,
    workers: int = 2,
    progress: Callable[[Progress], None] | None = None,
    answers: Callable[[Outcome], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    bound: bool = False,
    official: bool = False,
    engine: Engine = "auto",
    cross_check: bool = False,
    hint: tuple[Market, Ints] | None = None,
    helpers: Helpers | None = None,
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
    answers
        Called by ``welfare`` with each better answer on the way: a feasible outcome without bounds, whose choice names the
        options of its own market; perhaps from another thread.
    should_stop
        Asked now and then; True ends the run with the best answer.
    bound
        Whether a policy that does not optimise is to be compared with a bound on the first level over all choices, which may take
        as much time again.
    official
        Whether an optimum is to be followed by the public tie-break to the proof that the choice is the only one;
        `Outcome.unique` says whether it was. Needs ``relative_gap=0``.
    engine
        The exact engine of ``welfare``; ``auto`` takes the one that measures best.
    cross_check
        Whether another exact engine is to confirm the optimum, in as much time again.
    hint
        A choice for ``welfare`` to begin from, and the market that numbers its options; left aside if it breaks a rule.
    helpers
        Who does independent pieces of ``welfare``'s work; threads of this process, as many as `workers`, if None.

    Returns
    -------
    Outcome
        Infeasible is an outcome (``status``), not an error.

    Raises
    ------
    UsageError
        If an argument has no meaning, or a hint belongs to another market.
    UnsupportedMarketError
        If the policy makes no promise for such a market.
    VerificationError
        If the choice does not fit the market or its stated value; nothing is returned then.
    CrossCheckError
        If two engines do not agree; it keeps both outcomes.
    RuntimeError
        If an engine fails, or contradicts itself or what is known: a bound below a known value, nothing possible beside an answer.
    """
    settings = make_settings(
        time_limit_s, relative_gap, seed, workers, progress, should_stop, official=official, engine=engine
    )
    if hint is not None and market.source is None:
        _refuse_another(market, *hint)
    settings = replace(settings, hint=hint, answers=answers, helpers=helpers or Threads(workers))
    chosen = get_policy(policy)
    if cross_check:
        refuse_cross_check(policy)
    outcome = in_terms_of(market, with_gates_settled(chosen.solve(market, settings)))
    if bound and not chosen.card.optimises:
        outcome = with_bound(market, outcome, settings)
    violations = check_outcome(outcome)
    if violations:
        raise VerificationError(violations)
    if not cross_check:
        return outcome
    again = replace(settings, engine=SECOND[engine])
    return confirmed(outcome, in_terms_of(market, chosen.solve(market, again)))


def _refuse_another(market: Market, other: Market, choice: Ints) -> None:
    """Refuse a first answer that numbers other options than those of a plain market."""
    fits = other.has_options_of(market) and choice.shape == (market.n_agents,)
    if not fits or (choice < -1).any() or (choice >= market.n_options).any():
        raise UsageError.of("hint_other", argument="hint")


def with_gates_settled(outcome: Outcome) -> Outcome:
    """Return an outcome whose gates are settled (`settled_gates`); what levels are worth can only grow."""
    if outcome.choice is None:
        return outcome
    market, choice = outcome.market, settled_gates(outcome.market, outcome.choice)
    if (choice == outcome.choice).all():
        return outcome
    levels = tuple(
        level.model_copy(update={"objective": int(value)})
        for level, value in zip(outcome.levels, market.objectives(choice), strict=False)
    )
    return replace(outcome, choice=choice, levels=levels, status=_status(outcome.status, levels))


def settled_gates(market: Market, choice: Ints) -> Ints:
    """Leave out gates that nobody needs, and settle who pays for the others.

    A measure costs nothing in most objectives, and engines take it in passing. Gates are looked at from the last to the
    first, each beside those still kept.
    """
    choice, used = choice.copy(), market.usage(choice)
    for agent in np.flatnonzero(market.gate & (choice >= 0))[::-1].tolist():
        entries = slice(market.offsets[choice[agent]], market.offsets[choice[agent] + 1])
        resource, without = market.resource[entries], used[market.resource[entries]] - market.amount[entries]
        if (without <= market.capacity[resource]).all():
            used[resource], choice[agent] = without, -1
    return source_of(market).settled(market, choice)


def _status(status: Status, levels: tuple[LevelResult, ...]) -> Status:
    return Status.OPTIMAL if levels and all(level.proven for level in levels) else status


def with_bound(market: Market, outcome: Outcome, settings: Settings) -> Outcome:
    """Return an outcome with a bound on its first level, valid over all choices of the market.

    If the first level, and no other, is thereby proven best, the outcome is optimal.
    """
    if outcome.choice is None or not outcome.levels:
        return outcome
    first, *others = outcome.levels
    found = sound(_bound_of(market, settings), first.objective or 0)
    levels = (first.model_copy(update={"bound": found}), *others)
    return replace(outcome, levels=levels, status=_status(outcome.status, levels))


def _bound_of(market: Market, settings: Settings) -> int:
    """Bound on the first level: by dual prices, or what everybody would have if nothing were scarce where these do not fit 64 bits."""
    weights = np.zeros(len(market.levels), dtype=np.int64)
    weights[0] = 1
    if market.complete and not can_be_priced(market):
        return free_bound(market, weights)
    ends = time.monotonic() + settings.time_limit_s

    def is_over() -> bool:
        return time.monotonic() >= ends or settings.should_stop()

    plain = market.source is None
    coarse = in_largest_units(market) if plain else market
    return find_tight_prices(coarse, weights, is_over, settings.time_limit_s).bound


def in_terms_of(market: Market, outcome: Outcome) -> Outcome:
    """Return an outcome whose choice names the options of `market`, if all of them are listed there.

    Policies work on options that a source makes; who listed the options wants to read the choice in that list.
    """
    if not market.complete or outcome.market is market:
        return outcome
    numbers = _numbers_in(market, outcome.market)
    choice = outcome.choice
    if choice is not None:
        choice = np.where(choice >= 0, numbers[choice], -1) if len(numbers) else choice
    return replace(outcome, market=market, choice=choice)


def _numbers_in(market: Market, part: Market) -> Ints:
    """Number in `market` of each option of a market made by its source."""
    if "option" in part.labels:
        return np.asarray(part.labels["option"])
    width = max(market.labels["chosen"].shape[1], part.labels["chosen"].shape[1])
    _, number = unique_rows(
        *(
            np.concatenate(pair)
            for pair in zip(_label_columns(market, width), _label_columns(part, width), strict=True)
        )
    )
    where = np.zeros(int(number.max(initial=0)) + 1, dtype=np.int64)
    where[number[: market.n_options]] = np.arange(market.n_options)
    return where[number[market.n_options :]]


def _label_columns(market: Market, width: int) -> list[Ints]:
    """What tells the options of a compiled market apart: agent, stay, plan, and the chosen option of each slot."""
    chosen = market.labels["chosen"]
    blank = np.full((len(chosen), width - chosen.shape[1]), -1, dtype=np.int64)
    own = market.labels["stay"], market.labels["plan"]
    return [market.agent, *own, *np.concatenate((chosen, blank), axis=1).T]


def make_settings(
    time_limit_s: float,
    relative_gap: float,
    seed: int,
    workers: int,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    *,
    official: bool = False,
    engine: Engine = "auto",
) -> Settings:
    """Check the arguments of a run and put them together."""
    if not time_limit_s > 0:
        raise UsageError.of("arg_above", argument="time_limit_s", value=time_limit_s, low=0)
    if not 0 <= relative_gap < 1:
        raise UsageError.of("arg_share", argument="relative_gap", value=relative_gap)
    if seed < 0:
        raise UsageError.of("arg_from", argument="seed", value=seed, low=0)
    if workers < 1:
        raise UsageError.of("arg_from", argument="workers", value=workers, low=1)
    if official and relative_gap > 0:
        raise UsageError.of("official_gap", argument="official", value=relative_gap)
    if engine not in get_args(Engine):
        raise UsageError.of(
            "arg_unknown", argument="engine", value=engine, choices=", ".join(get_args(Engine))
        )
    return Settings(
        time_limit_s=time_limit_s,
        relative_gap=relative_gap,
        seed=seed,
        workers=workers,
        progress=progress or (lambda _: None),
        should_stop=should_stop or (lambda: False),
        official=official,
        engine=engine,
    )


def check_outcome(outcome: Outcome) -> list[Violation]:
    """List what a choice breaks of its market: agents, capacities, stated values, bounds."""
    if outcome.choice is None:
        return []
    market, choice = outcome.market, outcome.choice
    holders = np.flatnonzero(choice >= 0)
    taken = choice[holders]
    wrong = holders[market.agent[taken] != holders]
    without = np.flatnonzero(market.must_assign & (choice < 0))
    found = [Violation(rule="market_agent", where=str(a)) for a in (*wrong.tolist(), *without.tolist())]
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
