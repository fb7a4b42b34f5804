"""The clerk's procedure against its literal reading, written separately (nichiiki_oracle.clerk)."""

import os

import numpy as np
import pytest

from nichiiki_differential import CLERK, of_kind
from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Allocation, Status, StopReason
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_models.instance import Instance
from nichiiki_oracle.allocations import choice_of
from nichiiki_oracle.per_target import per_target
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.tiny import tiny
from nichiiki_solver.allocating import allocate
from nichiiki_solver.market import Market
from nichiiki_solver.solving import solve

SEEDS = 500 if os.environ.get("NICHIIKI_FULL") == "1" else 6


@pytest.mark.parametrize("kind", list(CLERK))
@pytest.mark.parametrize("seed", range(SEEDS))
def test_equals_the_clerk(seed: int, kind: str) -> None:
    instance = of_kind(random_instance(seed), kind)
    expected = CLERK[kind](instance, seed)
    result = allocate(instance, policy="points", seed=seed)
    if not expected.feasible:
        assert result.status is Status.INFEASIBLE
        assert result.allocation is None
        return
    assert result.status is Status.FEASIBLE
    assert result.bound is None
    assert result.allocation is not None
    assert choice_of(instance, result.allocation) == expected.choice
    assert plans_of(result.allocation) == {
        name: {who: yen for who, yen in (*plan.shares, (None, plan.own_yen)) if yen}
        for name, plan in expected.taken.items()
    }


def plans_of(allocation: Allocation) -> dict[str, dict[str | None, int]]:
    found: dict[str, dict[str | None, int]] = {row.measure_id: {} for row in allocation.measures.rows()}
    for row in allocation.payments.rows():
        found[row.measure_id][row.programme_id] = row.amount_yen
    return found


def contested(seed: int) -> Instance:
    """A generated market with points of every household at every house, region and facility, drawn anew."""
    instance = generate(households=14, houses=4, hosts=1, periods=3, roles=3, seed=seed)
    rng = np.random.default_rng(seed)
    rows = [
        {
            "target_kind": kind,
            "target_id": target,
            "household_id": household,
            "points": int(rng.integers(0, 15)),
        }
        for kind, table in (("house", "houses"), ("region", "regions"), ("facility", "facilities"))
        for target in instance.tables[table][f"{kind}_id"].tolist()
        for household in instance.households["household_id"].tolist()
    ]
    return of_kind(instance.replace(priorities=rows), "per_target")


@pytest.mark.parametrize("seed", range(12, 12 + SEEDS // 5))
def test_contested_places_equal_the_clerk(seed: int) -> None:
    instance = contested(seed)
    allocation = allocate(instance, policy="points", seed=seed).allocation
    assert allocation is not None
    assert choice_of(instance, allocation) == per_target(instance, seed).choice


def test_a_minimum_quota_is_refused() -> None:
    instance = random_instance(0).replace(quotas=[{"quota_id": "q", "min": 1}])
    with pytest.raises(UnsupportedMarketError, match="minimum quotas"):
        allocate(instance, policy="points")


def test_points_at_a_place_beat_total_points() -> None:
    """Section 10: who has fewer points in all and more at the house gets it; by one list the other does."""
    extra = {"target_kind": "house", "target_id": "house", "household_id": "b", "points": 10}
    instance = tiny("a", "b", houses__0__units=1, households__0__points=5, priorities=[extra])
    for kind, winner in (("one_list", "a"), ("by_rank", "a"), ("per_target", "b")):
        allocation = allocate(of_kind(instance, kind), policy="points").allocation
        assert allocation is not None
        assert allocation.placements["household_id"].tolist() == [winner]


def test_the_procedure_stops_when_time_is_up_or_somebody_asks() -> None:
    market = Market.from_columns(
        agent=[0, 1], utility=[3, 5], resource=[0, 0], option=[0, 1], amount=[1, 1], capacity=[1]
    )
    late = solve(market, policy="points", time_limit_s=1e-9)
    assert (late.choice, late.status, late.reason) == (None, Status.UNKNOWN, StopReason.TIME_LIMIT)
    asked = solve(market, policy="points", should_stop=lambda: True)
    assert (asked.choice, asked.status, asked.reason) == (None, Status.UNKNOWN, StopReason.INTERRUPTED)
