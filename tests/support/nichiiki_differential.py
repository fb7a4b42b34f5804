"""One instance, solved in every way there is: enumeration, CP-SAT, prices, HiGHS, SCIP, and the clerk's procedure written twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from nichiiki_models.allocation import Status
from nichiiki_models.instance import Instance
from nichiiki_models.result import Result
from nichiiki_oracle.allocations import choice_of
from nichiiki_oracle.brute_force import optimum
from nichiiki_oracle.clerk import by_rank, one_list
from nichiiki_oracle.per_target import per_target
from nichiiki_solver.allocating import allocate
from nichiiki_solver.policies import welfare
from nichiiki_solver.verify import verify

CLERK: dict[str, Callable[[Instance, int], Any]] = {
    "one_list": one_list,
    "by_rank": by_rank,
    "per_target": per_target,
}


def disagreements(instance: Instance, seed: int) -> Iterator[str]:
    """Say in what two ways of solving an instance differ; nothing if all agree."""
    best = optimum(instance)
    wanted = None if best is None else list(best.levels)
    for way, result in _optima(instance, seed):
        found = None if result.allocation is None else [level.objective for level in result.levels]
        if found != wanted:
            yield f"{way}: levels {found}, enumeration {wanted}"
        elif found is not None and result.status is not Status.OPTIMAL:
            yield f"{way}: not proven in 60 s"
        yield from _broken(way, instance, result)
    yield from _clerks(instance, seed)


def _optima(instance: Instance, seed: int) -> Iterator[tuple[str, Result]]:
    yield "CP-SAT, whole", allocate(instance, seed=seed, time_limit_s=60)
    with mock.patch.object(welfare, "SMALL", -1):
        yield "prices and HiGHS", allocate(instance, seed=seed, time_limit_s=60)
    for engine in ("highs", "scip"):
        yield engine, allocate(instance, seed=seed, time_limit_s=60, engine=engine)


def _clerks(instance: Instance, seed: int) -> Iterator[str]:
    for kind, clerk in CLERK.items():
        ruled = of_kind(instance, kind)
        expected = clerk(ruled, seed)
        result = allocate(ruled, policy="points", seed=seed)
        choice = None if result.allocation is None else choice_of(ruled, result.allocation)
        if choice != (expected.choice if expected.feasible else None):
            yield f"points by {kind}: other places than the clerk's"
        yield from _broken(f"points by {kind}", ruled, result)


def of_kind(instance: Instance, kind: str) -> Instance:
    """Return an instance under a kind of procedure, without the minimum quotas that no procedure can promise."""
    procedure = instance.rules.procedure.model_copy(update={"kind": kind})
    return instance.replace(
        rules=instance.rules.model_copy(update={"procedure": procedure}),
        quotas=[quota for quota in instance.quotas.rows() if quota.kind == "reserved" or not quota.min],
    )


def _broken(way: str, instance: Instance, result: Result) -> Iterator[str]:
    if result.allocation is not None:
        yield from (f"{way}: breaks {each.rule}" for each in verify(instance, result.allocation))
