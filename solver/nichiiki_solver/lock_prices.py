"""Prices of locks: the best allocation with every lock beside the best one without one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nichiiki_models.allocation import Allocation, Status
from nichiiki_models.instance import Instance
from nichiiki_models.lock_prices import LockPrice
from nichiiki_models.result import Result
from nichiiki_models.table import Table
from nichiiki_models.tables import Lock
from nichiiki_solver.allocating import allocate, with_locks
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.wishes import Wishes


def lock_prices(
    instance: Instance,
    *,
    locks: Iterable[Lock | Mapping[str, Any]] = (),
    policy: str = "welfare",
    time_limit_s: float = 60.0,
    seed: int = 0,
    workers: int = 2,
) -> tuple[LockPrice, ...]:
    """Say what each lock costs, by solving the instance without it.

    Parameters
    ----------
    instance
        With its own locks.
    locks
        More locks.
    policy
        Policy that is asked; a procedure gives the change of its own result, not proven to be a loss.
    time_limit_s
        Seconds for each of the runs, of which there is one more than locks.
    seed, workers
        As in `allocate`. Optima are official where time allows, so that first choices and moves are those of the one answer.

    Returns
    -------
    tuple of LockPrice
        In the order of the table.

    Notes
    -----
    Prices do not add up: two locks may cost nothing alone and much together.
    """
    locked = with_locks(instance, locks)
    asked: dict[str, Any] = {"policy": policy, "time_limit_s": time_limit_s, "seed": seed, "workers": workers}
    every = tuple(locked.locks.rows())
    with_all = allocate(locked, official=True, **asked)
    found = []
    for lock in every:
        others = Table.from_rows(Lock, [other for other in every if other != lock])
        # what is allowed with the lock is allowed without it, so the answer with it is a good beginning
        without = allocate(locked.replace(locks=others), official=True, hint=with_all.allocation, **asked)
        found.append(_price(lock, without, with_all))
    return tuple(found)


def _price(lock: Lock, without: Result, with_it: Result) -> LockPrice:
    if without.allocation is None or with_it.allocation is None:
        blocks = without.allocation is not None and with_it.status is Status.INFEASIBLE
        impossible = without.status is Status.INFEASIBLE  # then so it is with one more lock
        return LockPrice(lock=lock, blocks=blocks, impossible=impossible, proven=blocks or impossible)
    pairs = list(zip(without.levels, with_it.levels, strict=True))
    first, other = pairs[0]
    return LockPrice(
        lock=lock,
        lost={a.name: (a.objective or 0) - (b.objective or 0) for a, b in pairs},
        lost_at_least=None if other.bound is None else (first.objective or 0) - other.bound,
        lost_at_most=None if first.bound is None else first.bound - (other.objective or 0),
        first_choices_lost=_first_choices(without) - _first_choices(with_it),
        moved_households=_moved(without.allocation, with_it.allocation),
        proven=all(each.proven for pair in pairs for each in pair),
    )


def _first_choices(result: Result) -> int:
    """Count the households whose stay has their first rank."""
    if result.allocation is None:
        return 0
    return int((Wishes(Book(result.instance, result.allocation)).stay.rank == 1).sum())


def _moved(one: Allocation, other: Allocation) -> int:
    """Count the households that get something else."""
    left, right = (
        {entry["household_id"]: entry for entry in allocation.model_dump()["placements"]}
        for allocation in (one, other)
    )
    return sum(left.get(household) != right.get(household) for household in {**left, **right})
