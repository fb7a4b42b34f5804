"""Allocate: compile, choose by a policy, build the allocation, check it, return it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

from pydantic import ValidationError

from nichiiki_models.allocation import Allocation, StopReason
from nichiiki_models.errors import CrossCheckError, UsageError, VerificationError
from nichiiki_models.fits import ShadowPrice
from nichiiki_models.instance import Instance
from nichiiki_models.result import Result
from nichiiki_models.table import Table
from nichiiki_models.tables import Lock
from nichiiki_solver.bundles import BundleSource, compile_market
from nichiiki_solver.cross_checking import CONFIRMED
from nichiiki_solver.helping import Helpers
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.narrowing import EVERYTHING, narrowing_for
from nichiiki_solver.policies.registry import Engine, Progress, get_policy
from nichiiki_solver.priced import named_prices
from nichiiki_solver.rerunning import placed_bundles, with_previous
from nichiiki_solver.solving import make_settings, solve
from nichiiki_solver.verify import verify
from nichiiki_solver.widening import compile_narrowed

NOT_YET_BINDING = (
    "products",
    "operators",
    "demand",
    "offers",
    "needs",
)
"""Tables whose rows an allocation does not look at in this version; a result that had any says so."""
NARROWED = "welfare"
"""The policy that need not look at everything that is worth the same, since its bound does."""


def allocate(
    instance: Instance,
    *,
    policy: str = "welfare",
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    seed: int = 0,
    workers: int = 2,
    hint: Allocation | None = None,
    previous: Allocation | None = None,
    locks: Iterable[Lock | Mapping[str, Any]] = (),
    progress: Callable[[Progress], None] | None = None,
    answers: Callable[[Allocation], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    bound: bool = False,
    official: bool = False,
    engine: Engine = "auto",
    cross_check: bool = False,
    helpers: Helpers | None = None,
) -> Result:
    """Allocate houses, seats, places and roles to households.

    Parameters
    ----------
    instance
        What is to be allocated under which rules.
    policy
        Name of a policy: ``welfare`` (optimum with a bound), ``points`` (the clerk's procedure), or another one that
        ``nichiiki policies`` lists.
    time_limit_s
        Wall time in seconds after which the best answer so far is returned; positive.
    relative_gap
        Gap ``(bound - objective) / max(1, |objective|)`` that is good enough; 0 asks for a proof.
    seed
        Seed of every draw and of the tie-break; not negative.
    workers
        Processor cores to use; at least 1.
    hint
        An allocation from which ``welfare`` begins its search, where it still keeps the rules; it changes the way, not the optimum.
    previous
        The last allocation, folded into the instance as its table `previous`: the objective then counts what each household keeps
        (docs/explanation/rules.md, section 6). It is the hint as well, unless another one is given. What it gave that the
        instance no longer has is left out, and counted in the provenance.
    locks
        Overrides beside those of the instance.
    progress
        Called with each `Progress`.
    answers
        Called by ``welfare`` with each better allocation on the way, perhaps from another thread; each has passed the check.
    should_stop
        Asked now and then; True ends the run with the best answer.
    bound
        Whether a policy that does not optimise is to be compared with a bound on the first level over all allocations.
    official
        Whether the answer must be the only one: the same input, rules and seed then give the same people the same places
        on every machine, with any number of workers and any engine. An optimum is followed by the public tie-break to its
        proof; ``result.official`` says whether that was reached in time. Needs ``relative_gap=0``.
    engine
        The exact engine of ``welfare``: ``cp_sat``, ``highs``, ``scip``; ``auto`` takes the one that measures best.
    cross_check
        Whether another exact engine is to confirm the optimum of ``welfare``, in as much time again; the provenance of the
        allocation says how far it came.
    helpers
        Who does independent pieces of ``welfare``'s work on large markets, such as `nichiiki.helping.ProcessHelpers`; this process if
        None. The answer is the same whoever they are, as far as no time limit ends a piece.

    Returns
    -------
    Result
        Infeasible is a result (``status``), not an error.

    Raises
    ------
    UsageError
        If an argument has no meaning.
    InstanceError
        If the locks do not fit the instance.
    UnsupportedMarketError
        If the policy makes no promise for such an instance.
    VerificationError
        If the answer failed its independent check; nothing is returned then.
    CrossCheckError
        If two engines do not agree; its ``answers`` are both allocations.
    RuntimeError
        If an engine fails, or contradicts itself or what is known: a bound below a known value, nothing possible beside an answer.
    """
    make_settings(time_limit_s, relative_gap, seed, workers, official=official, engine=engine)
    started = time.perf_counter()
    notes: dict[str, Any] = {}
    solved = with_locks(instance, locks)
    if previous is not None:
        solved, gone = with_previous(solved, previous)
        notes = {"previous_rows_gone": gone}
    begin = hint if hint is not None else previous
    narrowing = EVERYTHING if policy != NARROWED or official else narrowing_for(solved, begin)
    if not narrowing.is_everything:
        notes["narrowed"] = {"houses": narrowing.houses, "supporters": narrowing.supporters}
    if narrowing.leaves_out(solved):
        watch = _Watch(solved, started, time_limit_s, progress, should_stop)
        market, first = compile_narrowed(solved, narrowing, watch.is_over, watch.tell, workers)
    else:
        market, first = compile_market(solved, narrowing), None
    asked = {
        "workers": workers,
        "relative_gap": relative_gap,
        "engine": engine,
        "official": official,
        **notes,
    }
    build = partial(_allocation, solved, policy=policy, seed=seed, asked=asked)
    with _both_answers(build):
        outcome = solve(
            market,
            policy=policy,
            time_limit_s=max(0.1, time_limit_s - (time.perf_counter() - started)),
            relative_gap=relative_gap,
            seed=seed,
            workers=workers,
            progress=progress,
            answers=None if answers is None else partial(_pass_on, solved, build, answers),
            should_stop=should_stop,
            bound=bound,
            official=official,
            engine=engine,
            cross_check=cross_check,
            hint=first if begin is None else placed_bundles(market, begin).choice,
            helpers=helpers,
        )
    allocation = build(outcome)
    _check(solved, allocation)
    return _result(solved, market, outcome, allocation, policy, seed, time.perf_counter() - started)


@dataclass(frozen=True)
class _Watch:
    """The clock while an instance is compiled, and whom to tell."""

    instance: Instance
    started: float
    limit_s: float
    progress: Callable[[Progress], None] | None
    should_stop: Callable[[], bool] | None

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def is_over(self, share: float) -> bool:
        return self.seconds > share * self.limit_s or (self.should_stop is not None and self.should_stop())

    def tell(self, value: int | None, bound: int | None) -> None:
        if self.progress is not None:
            self.progress(Progress(self.instance.levels[0].name, value, bound, self.seconds))


def _pass_on(
    instance: Instance,
    build: Callable[[Outcome], Allocation | None],
    answers: Callable[[Allocation], None],
    outcome: Outcome,
) -> None:
    """Pass an answer on the way on, if it passes the check: one that does not is none."""
    allocation = build(outcome)
    if allocation is not None and not verify(instance, allocation):
        answers(allocation)


@contextmanager
def _both_answers(build: Callable[[Outcome], Allocation | None]) -> Iterator[None]:
    """Turn the outcomes that a cross-check keeps into allocations."""
    try:
        yield
    except CrossCheckError as error:
        first, second = error.answers
        raise CrossCheckError(error.difference, (build(first), build(second))) from None


def with_locks(instance: Instance, locks: Iterable[Lock | Mapping[str, Any]]) -> Instance:
    """Fold the locks into the instance, so that its hash covers them."""
    extra = [_lock(number, lock) for number, lock in enumerate(locks)]
    if not extra:
        return instance
    return instance.replace(locks=Table.from_rows(Lock, [*instance.locks.rows(), *extra]))


def _lock(number: int, lock: Lock | Mapping[str, Any]) -> Lock:
    """Read one lock; what is refused names its place, never its content."""
    try:
        return lock if isinstance(lock, Lock) else Lock.model_validate(lock)
    except ValidationError as error:
        wrong = "; ".join(
            ".".join(map(str, each["loc"])) + ": " + each["msg"]
            for each in error.errors(include_input=False, include_url=False)
        )
        raise UsageError(f"locks[{number}]: {wrong}") from None


def _allocation(
    instance: Instance, outcome: Outcome, *, policy: str, seed: int, asked: dict[str, Any]
) -> Allocation | None:
    if outcome.choice is None:
        return None
    return outcome.market.to_allocation(
        outcome.choice,
        policy=policy,
        seed=seed,
        status=outcome.status,
        reason=outcome.reason,
        objective=outcome.objective,
        bound=outcome.bound,
        levels=outcome.levels,
        provenance={**_provenance(instance, asked), **_trust(outcome, policy, asked)},
    )


def _trust(outcome: Outcome, policy: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Whether the answer is the only one, where that was asked for, and how far another engine confirmed it."""
    official = {"official": is_official(outcome, policy)} if asked["official"] else {}
    return {**official, **{name: value for name, value in outcome.facts.items() if name in CONFIRMED}}


def is_official(outcome: Outcome, policy: str) -> bool:
    """Say whether input, rules and seed alone decide an outcome: a unique optimum, or a procedure that ran to its end."""
    ended = outcome.choice is not None and outcome.reason is StopReason.PROCEDURE_ENDED
    return outcome.unique or (ended and get_policy(policy).card.deterministic)


def _provenance(instance: Instance, settings: dict[str, Any]) -> dict[str, Any]:
    """Where the answer comes from: versions, settings, tables that did not bind."""
    return {
        "nichiiki": version("nichiiki"),
        "ortools": version("ortools"),
        "highspy": version("highspy"),
        "rules": f"{instance.rules.rules_id} {instance.rules.version}",
        **settings,
        "not_yet_binding": [name for name in NOT_YET_BINDING if len(instance.tables[name])],
    }


def _check(instance: Instance, allocation: Allocation | None) -> None:
    if allocation is None:
        return
    violations = verify(instance, allocation)
    if violations:
        raise VerificationError(violations)


def _result(
    instance: Instance,
    market: Market,
    outcome: Outcome,
    allocation: Allocation | None,
    policy: str,
    seed: int,
    seconds: float,
) -> Result:
    return Result(
        status=outcome.status,
        reason=outcome.reason,
        allocation=allocation,
        objective=outcome.objective,
        bound=outcome.bound,
        seconds=seconds,
        levels=outcome.levels,
        instance=instance,
        policy=policy,
        seed=seed,
        official=is_official(outcome, policy),
        prices=_prices(market, outcome),
    )


def _prices(market: Market, outcome: Outcome) -> tuple[ShadowPrice, ...]:
    """The prices that a run found on its way, by name."""
    if outcome.prices is None or not isinstance(market.source, BundleSource):
        return ()
    return named_prices(market.source, outcome.prices)
