"""Re-runs: the fewest moves, exactly as the rules count them, and the earlier allocation as a first answer."""

import os
from typing import Any

import pytest

import nichiiki_oracle.brute_force as brute_force
from nichiiki_models.allocation import Allocation, Status
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Level, Moves, Objective
from nichiiki_models.table import Table
from nichiiki_models.tables import Lock
from nichiiki_oracle.allocations import choice_of
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.bundles import compile_market
from nichiiki_solver.policies import welfare
from nichiiki_solver.rerunning import placed_bundles, with_previous
from nichiiki_solver.verify import verify

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = 300 if FULL else 3


def before_and_after(seed: int, **moves: Any) -> tuple[Instance, Allocation | None]:
    """Return an instance that remembers what the procedure gave, and that allocation."""
    instance = random_instance(seed)
    if instance.quotas["min"].max(initial=0) > 0:
        instance = instance.replace(quotas=instance.quotas.with_columns(min=instance.quotas["min"] * 0))
    old = allocate(instance, policy="points", seed=seed).allocation
    if old is None:
        return instance, None
    rules = instance.rules.model_copy(update={"moves": Moves(**moves)})
    return with_previous(instance.replace(rules=rules), old)[0], old


def assert_is_optimum(instance: Instance) -> None:
    best, result = brute_force.optimum(instance), allocate(instance)
    if best is None:
        assert result.status is Status.INFEASIBLE
    else:
        assert tuple(level.objective for level in result.levels) == best.levels
        assert result.status is Status.OPTIMAL


@pytest.mark.parametrize("where", ["first", "last"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_moves_are_as_few_as_enumeration_finds(
    seed: int, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, old = before_and_after(seed, level=where, stay=7, role=3, school=4)
    if old is None:
        return
    assert_is_optimum(instance)
    monkeypatch.setattr(welfare, "SMALL", -1)
    assert_is_optimum(instance)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_move_may_be_weighed_against_utility(seed: int) -> None:
    instance, old = before_and_after(seed)
    if old is None:
        return
    level = Level(name="both", weights={"utility": 1, "kept": 40})
    rules = instance.rules.model_copy(update={"objective": Objective(levels=(level,))})
    instance = instance.replace(rules=rules)
    assert [level.name for level in instance.levels] == ["both"]
    assert_is_optimum(instance)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_moves_where_moves_come_first_and_nothing_changed(seed: int) -> None:
    instance, old = before_and_after(seed, level="first", supporter=1, desk=1, care=1, experience=1)
    if old is None or allocate(instance).status is not Status.OPTIMAL:
        return
    new = allocate(instance).allocation
    assert new is not None
    for entry in old.model_dump()["placements"]:
        again = next(e for e in new.model_dump()["placements"] if e["household_id"] == entry["household_id"])
        assert again["stays"] == entry["stays"]
        assert entry["schools"].items() <= again["schools"].items()


def test_without_an_earlier_allocation_there_is_no_level_of_moves() -> None:
    assert [level.name for level in random_instance(0).levels] == [
        level.name for level in random_instance(0).rules.objective.levels
    ]


@pytest.mark.parametrize("seed", sample(range(30), 5))
def test_the_bundles_of_an_allocation_are_found_again(seed: int) -> None:
    instance = random_instance(seed)
    result = allocate(instance)
    if result.allocation is None:
        return
    placed = placed_bundles(compile_market(instance), result.allocation)
    market, choice = placed.choice
    assert market.is_feasible(choice)
    again = market.to_allocation(choice, policy="welfare")
    assert again.model_dump()["placements"] == result.allocation.model_dump()["placements"]


def test_the_hint_is_kept_when_time_is_up_at_once() -> None:
    instance = medium_instance(1)
    best = allocate(instance, policy="points")
    assert best.allocation is not None
    result = allocate(instance, hint=best.allocation, time_limit_s=0.001, engine="scip")
    assert result.allocation is not None
    assert result.levels[0].objective is not None
    assert result.levels[0].objective >= (best.levels[0].objective or 0)


def test_a_hint_that_breaks_a_rule_is_left_aside() -> None:
    instance = random_instance(6).replace(measures=[])
    old = allocate(instance).allocation
    assert old is not None
    assert len(old.placements)
    smaller = instance.replace(houses=instance.houses.with_columns(units=instance.houses["units"] * 0))
    result = allocate(smaller, hint=old)
    assert result.status is Status.OPTIMAL
    assert result.allocation is not None
    assert len(result.allocation.placements) == 0


def test_what_is_gone_is_counted_and_no_move() -> None:
    instance = random_instance(6)
    old = allocate(instance).allocation
    assert old is not None
    assert len(old.placements) > 1
    gone = old.placements["household_id"][0]
    kept = {
        name: Table.from_rows(
            table.schema, [row for row in table.rows() if getattr(row, "household_id", "") != gone]
        )
        for name, table in instance.tables.items()
        if "household_id" in table.specs
    }
    result = allocate(instance.replace(**kept), previous=old)
    assert result.allocation is not None
    assert result.allocation.provenance["previous_rows_gone"] > 0
    assert result.levels[-1].name == "moves"
    assert verify(result.instance, result.allocation) == []


def test_a_false_claim_of_moves_is_found() -> None:
    instance, old = before_and_after(3)
    assert old is not None
    allocation = allocate(instance).allocation
    assert allocation is not None
    moves = allocation.levels[-1].model_copy(update={"objective": 1, "bound": 1})
    lie = allocation.replace(levels=(*allocation.levels[:-1], moves), objective=1, bound=1)
    assert [each.rule for each in verify(instance, lie)] == ["claim_objective"]
    assert choice_of(instance, allocation)


def test_locks_and_previous_together() -> None:
    instance = random_instance(6)
    old = allocate(instance).allocation
    assert old is not None
    household = old.placements["household_id"][0]
    lock = Lock(household_id=household, target_kind="placed", effect="never", reason="withdrew")
    result = allocate(instance, previous=old, locks=[lock])
    assert result.allocation is not None
    assert household not in result.allocation.placements["household_id"].tolist()
