"""The optimum policy: equal to complete enumeration, with bounds that hold, on every way it may take."""

import os
from dataclasses import replace

import numpy as np
import pytest

from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Allocation, Status, StopReason
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_oracle.brute_force import optimum
from nichiiki_oracle.market import Market
from nichiiki_oracle.measures import settled
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver import dual_prices
from nichiiki_solver.allocating import allocate
from nichiiki_solver.dual_prices import SCALE
from nichiiki_solver.policies import welfare
from nichiiki_solver.verify import verify

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = 1000 if FULL else 5
MEDIUM = 40 if FULL else 1


def assert_equals_enumeration(instance: Instance) -> None:
    best = optimum(instance)
    result = allocate(instance, time_limit_s=60)
    if best is None:
        assert result.status is Status.INFEASIBLE
        assert result.allocation is None
    else:
        assert result.status is Status.OPTIMAL
        assert [level.objective for level in result.levels] == list(best.levels)
        assert [level.bound for level in result.levels] == list(best.levels)
        assert result.allocation is not None
        assert_who_pays(instance, result.allocation)


def assert_who_pays(instance: Instance, allocation: Allocation) -> None:
    """Plans are those of the rules for the measures taken."""
    names = allocation.measures["measure_id"].tolist()
    expected = settled(Market(instance), names) if names else {}
    paid = {(row.measure_id, row.programme_id): row.amount_yen for row in allocation.payments.rows()}
    assert paid == {
        (name, who): yen
        for name, plan in expected.items()
        for who, yen in (*plan.shares, (None, plan.own_yen))
        if yen
    }


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whole_market_equals_complete_enumeration(seed: int) -> None:
    assert_equals_enumeration(random_instance(seed))


def test_a_bound_below_an_answer_is_an_error_and_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever says that nothing is worth more than an answer at hand by far is at fault, and nothing is returned."""
    prices = dual_prices.find_tight_prices
    monkeypatch.setattr(welfare, "SMALL", -1)
    monkeypatch.setattr(welfare, "find_tight_prices", lambda *how: replace(prices(*how), total=SCALE))
    with pytest.raises(RuntimeError, match="lies below"):
        allocate(generate(households=40, houses=14, hosts=2, seed=1))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_priced_market_equals_complete_enumeration(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of large markets (prices, fixing, HiGHS) on markets small enough to enumerate."""
    monkeypatch.setattr(welfare, "SMALL", -1)
    assert_equals_enumeration(random_instance(seed))


@pytest.mark.parametrize("seed", range(MEDIUM))
def test_medium_markets_pass_the_check_and_both_ways_agree(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = medium_instance(seed)
    whole = allocate(instance, time_limit_s=60)
    monkeypatch.setattr(welfare, "SMALL", -1)
    priced = allocate(instance, time_limit_s=60)
    for result in (whole, priced):
        assert result.allocation is None or verify(instance, result.allocation) == []
    if whole.status is priced.status is Status.OPTIMAL:
        assert whole.objective == priced.objective
    for one, other in ((whole, priced), (priced, whole)):
        if one.bound is not None and other.objective is not None and len(one.levels) == 1:
            assert one.bound >= other.objective


@pytest.mark.parametrize("seed", sample(range(8), 2))
def test_the_same_people_get_the_same_places_whatever_the_workers(seed: int) -> None:
    instance = random_instance(seed)
    results = [allocate(instance, seed=5, workers=workers) for workers in (1, 2, 4)]
    placements = [None if r.allocation is None else r.allocation.model_dump()["placements"] for r in results]
    assert placements[0] == placements[1] == placements[2]


@pytest.mark.parametrize("seed", sample(range(10), 3))
def test_more_capacity_is_never_worse(seed: int) -> None:
    instance = random_instance(seed)
    houses = instance.houses.with_columns(units=instance.houses["units"] + 1)
    before, after = allocate(instance), allocate(instance.replace(houses=houses))
    if before.status is Status.OPTIMAL:
        assert after.levels[0].objective is not None
        assert before.levels[0].objective is not None
        assert after.levels[0].objective >= before.levels[0].objective


@pytest.mark.parametrize("seed", sample(range(4), 2))
def test_a_large_market_has_an_answer_before_prices_are_sought(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(welfare, "SMALL", -1)
    monkeypatch.setattr(welfare, "PROCEDURE_AGENTS", 0)
    told: list[tuple[int | None, int | None]] = []
    instance = medium_instance(seed)
    found = allocate(
        instance, progress=lambda line: told.append((line.objective, line.bound)), should_stop=lambda: True
    )
    assert told[0][0] is not None and told[0][0] > 0
    assert found.allocation is not None and verify(instance, found.allocation) == []
    assert (
        found.objective is not None
        and found.bound is not None
        and 0 < told[0][0] <= found.objective <= found.bound
    )


def test_a_stopped_run_keeps_its_best_answer_with_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(welfare, "SMALL", -1)
    seen: list[int] = []

    def stop() -> bool:
        return len(seen) > 1

    instance = medium_instance(1)
    result = allocate(
        instance,
        progress=lambda line: seen.append(line.objective or 0) if line.objective else None,
        should_stop=stop,
    )
    assert result.status in (Status.OPTIMAL, Status.FEASIBLE)
    if result.status is Status.FEASIBLE:
        assert result.reason is StopReason.INTERRUPTED
    assert result.allocation is not None
    assert result.bound is not None
    assert result.objective is not None
    assert result.bound >= result.objective


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_limit_s", 0),
        ("time_limit_s", float("nan")),
        ("relative_gap", 1),
        ("relative_gap", -0.1),
        ("seed", -1),
        ("workers", 0),
    ],
)
def test_arguments_without_meaning_are_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=name):
        allocate(random_instance(0), **{name: value})  # type: ignore[arg-type]


def test_an_unknown_policy_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="Allowed: welfare, points"):
        allocate(random_instance(0), policy="best")


def test_the_result_and_its_allocation_survive_json() -> None:
    result = allocate(random_instance(3))
    again = type(result).model_validate_json(result.model_dump_json())
    assert again.allocation == result.allocation
    assert again.instance.hash == result.instance.hash
    assert np.isclose(again.seconds, result.seconds)


@pytest.mark.parametrize("seed", sample(range(12), 3))
def test_a_market_too_large_for_a_search_gets_an_answer_and_a_bound(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With only the bundles met during pricing the answer may fall short, but never the bound."""
    instance = random_instance(seed)
    best = optimum(instance)
    monkeypatch.setattr(welfare, "SMALL", -1)
    monkeypatch.setattr(welfare, "MOST_PIECES", -1)
    result = allocate(instance, time_limit_s=60)
    if result.allocation is not None:
        assert best is not None
        assert result.levels[0].objective is not None
        assert result.levels[0].bound is not None
        assert result.levels[0].objective <= best.levels[0] <= result.levels[0].bound
    else:
        assert result.status is Status.UNKNOWN
