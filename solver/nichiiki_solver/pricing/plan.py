"""Plan: allocation and tariff that fit each other.

A round allocates with the travel costs that the last prices make (`passes`), then prices the products for the households
placed. Prices lie on a finite grid and both sides answer the same question in the same way, so after finitely many rounds a
state (prices and who stays where) comes again: either the same one, a fixed point, or a cycle. Of a cycle the state with the best
allocation counts, by welfare first and then by the tariff's objective.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.result import Result
from nichiiki_models.tariff import Move, PlanResult, PlanRound, TariffResult
from nichiiki_solver.allocating import allocate
from nichiiki_solver.policies.registry import Progress
from nichiiki_solver.pricing.passes import PassTable
from nichiiki_solver.pricing.price import allocation_hash, price
from nichiiki_solver.verify import verify

Prices = dict[str, int | None]
COSTLY = ("budget", "burden")
"""Rules that a stay breaks if it costs its household too much."""
Told = Callable[[Progress], None] | None


@dataclass(frozen=True)
class _State:
    """A round: the prices that the allocation saw, the allocation, and the tariff that answers it."""

    seen: Prices
    allocation: Result
    tariff: TariffResult

    @property
    def key(self) -> str:
        """What decides all that follows."""
        return _key(self.seen)

    @property
    def value(self) -> tuple[int, int]:
        """Welfare of the allocation, then the tariff's objective."""
        return self.allocation.objective or 0, self.tariff.objective or 0


def _key(prices: Prices) -> str:
    return hashlib.sha256(json.dumps(prices, sort_keys=True).encode()).hexdigest()[:16]


def plan(
    instance: Instance,
    *,
    policy: str = "welfare",
    most_rounds: int = 12,
    time_limit_s: float = 300.0,
    seed: int = 0,
    workers: int = 2,
    progress: Told = None,
    should_stop: Callable[[], bool] | None = None,
    **tariff: Any,
) -> PlanResult:
    """Allocate and price in turn until nothing changes.

    Parameters
    ----------
    instance
        Houses, households, links and products; its own table `passes` is replaced.
    policy, seed, workers, progress, should_stop
        As for `allocate`; `progress` tells of both sides, of the tariff's levels as ``tariff …``. A fixed point is one only for a
        policy that answers the same question in the same way.
    most_rounds
        Rounds after which the best state so far is returned (reason TIME_LIMIT).
    time_limit_s
        Wall time for all rounds; each allocation gets a fourth of what is left.
    tariff
        Arguments of `price`: goal, subsidy_yen, baseline and so on.

    Returns
    -------
    PlanResult
        Both sides verified; reason PROVEN at a fixed point, CYCLE where states repeat.

    Raises
    ------
    UsageError
        If there are no products, or no allocation is possible.
    """
    started = time.perf_counter()
    if not len(instance.products):
        raise UsageError.of("no_products", table="products")
    passes = PassTable(instance)
    common: dict[str, Any] = {"seed": seed, "workers": workers, "should_stop": should_stop}
    told = {"allocate": progress, "price": _of_tariff(progress)}
    states: list[_State] = []
    known: dict[str, int] = {}
    prices: Prices = dict.fromkeys(instance.products["product_id"].tolist())
    while _key(prices) not in known and len(states) < most_rounds:
        left = time_limit_s - (time.perf_counter() - started)
        if states and (left <= 0 or (should_stop is not None and should_stop())):
            break
        known[_key(prices)] = len(states)
        states.append(_round(passes, prices, policy, max(1.0, left / 4), common, tariff, told))
        prices = states[-1].tariff.prices
    first = known.get(_key(prices))
    return _result(states, first, passes, time.perf_counter() - started)


def _round(
    passes: PassTable,
    prices: Prices,
    policy: str,
    limit: float,
    common: dict[str, Any],
    tariff: dict[str, Any],
    told: dict[str, Told],
) -> _State:
    here = passes.instance.replace(passes=passes.at(prices))
    result = allocate(here, policy=policy, time_limit_s=limit, progress=told["allocate"], **common)
    if result.allocation is None:
        raise UsageError.of("plan_impossible", argument="instance", value=result.status.value)
    answer = price(here, result.allocation, time_limit_s=limit, progress=told["price"], **common, **tariff)
    return _State(prices, result, answer)


def _of_tariff(progress: Told) -> Told:
    """Return what passes lines of the tariff's progress on under names of their own."""
    if progress is None:
        return None
    return lambda line: progress(replace(line, level=f"tariff {line.level}"))


def _result(states: list[_State], first: int | None, passes: PassTable, seconds: float) -> PlanResult:
    last = len(states) - 1
    fixed = first is not None and first == last
    members = list(range(first, len(states))) if first is not None else list(range(len(states)))
    best = last if fixed else max(members, key=lambda at: states[at].value)
    state, answer = states[best], _next(states, first, best)
    enabled = _over_budget(passes, state, dict.fromkeys(state.seen))
    proven = fixed and state.allocation.status is Status.OPTIMAL and state.tariff.status is Status.OPTIMAL
    reason = StopReason.PROVEN if fixed else StopReason.CYCLE if first is not None else StopReason.TIME_LIMIT
    return PlanResult(
        status=Status.OPTIMAL if proven else Status.FEASIBLE,
        reason=reason,
        allocation=state.allocation,
        tariff=state.tariff,
        rounds=tuple(_told(number, each) for number, each in enumerate(states)),
        cycle=tuple(members) if reason is StopReason.CYCLE else (),
        allocation_regret=0 if fixed else _regret(answer, state),
        tariff_regret=_tariff_regret(state),
        strained=() if fixed else _over_budget(passes, state, state.tariff.prices),
        enabled=enabled,
        moves=tuple(moves(states[0].allocation, state.allocation, enabled)),
        seconds=seconds,
    )


def _next(states: list[_State], first: int | None, at: int) -> _State | None:
    """The state that follows one, where it is known."""
    if at + 1 < len(states):
        return states[at + 1]
    return states[first] if first is not None else None


def _regret(answer: _State | None, state: _State) -> int | None:
    """What households would gain by being allocated again at the tariff of this state."""
    if answer is None or answer.allocation.objective is None or state.allocation.objective is None:
        return None
    return max(0, answer.allocation.objective - state.allocation.objective)


def _tariff_regret(state: _State) -> int | None:
    """What better prices for this allocation could gain at most: the tariff is the answer to it, so only its gap is left."""
    levels = state.tariff.levels
    if not levels or levels[0].bound is None or levels[0].objective is None:
        return None
    return levels[0].bound - levels[0].objective


def _over_budget(passes: PassTable, state: _State, prices: Prices) -> tuple[str, ...]:
    """Households whose stay would cost more than their budget, or the limit of their burden, at other prices."""
    allocation = state.allocation.allocation
    assert allocation is not None  # noqa: S101 - rounds without one end the plan
    here = passes.instance.replace(passes=passes.at(prices))
    broken = verify(here, allocation.replace(instance_hash=here.hash))
    return tuple(sorted({violation.where.split()[0] for violation in broken if violation.rule in COSTLY}))


def _told(number: int, state: _State) -> PlanRound:
    allocation = state.allocation.allocation
    assert allocation is not None  # noqa: S101 - rounds without one end the plan
    return PlanRound(
        number=number,
        state=f"{state.key}:{allocation_hash(allocation)[7:23]}",
        prices=state.tariff.prices,
        placed=len(allocation.placements),
        welfare=state.allocation.objective,
        tariff_objective=state.tariff.objective,
    )


def moves(before: Result, after: Result, enabled: Collection[str] = ()) -> list[Move]:
    """List the households whose house differs between two allocations.

    Parameters
    ----------
    before, after
        The allocations.
    enabled
        Households that can pay for the second one only with a product.
    """
    left, right = _houses(before), _houses(after)
    return [
        Move(
            household_id=name,
            before_house=left.get(name),
            after_house=right.get(name),
            needs_product=name in enabled,
        )
        for name in sorted(left.keys() | right.keys())
        if left.get(name) != right.get(name)
    ]


def _houses(result: Result) -> dict[str, str]:
    allocation = result.allocation
    if allocation is None:
        return {}
    stays = allocation.stays
    return dict(zip(stays["household_id"].tolist(), stays["house_id"].tolist(), strict=True))
