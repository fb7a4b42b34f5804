"""Term `kept`: what the check counts is what the oracle counts, kind by kind."""

import os
from functools import cache
from typing import Any

import pytest

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Moves
from nichiiki_models.table import Table
from nichiiki_models.tables import Previous
from nichiiki_oracle.allocations import choice_of
from nichiiki_oracle.market import Market
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.shared import _kept
from nichiiki_solver.allocating import allocate
from nichiiki_solver.rerunning import previous_rows
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.claims import objective_terms
from nichiiki_solver.verify.wishes import Wishes

SEEDS = 25 if os.environ.get("NICHIIKI_FULL") == "1" else int(os.environ.get("NICHIIKI_DRAWS", "6"))
WEIGHTS = {"stay": 512, "school": 256, "care": 128, "desk": 64, "role": 32, "supporter": 16, "experience": 8}


def counted(instance: Instance, allocation: Allocation) -> int:
    book = Book(instance, allocation.replace(instance_hash=instance.hash))
    return objective_terms(book, Wishes(book))["kept"]


def with_rows(instance: Instance, rows: list[Previous]) -> Instance:
    rules = instance.rules.model_copy(update={"moves": Moves.model_validate(WEIGHTS)})
    return instance.replace(rules=rules, previous=Table.from_rows(Previous, rows))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_check_counts_as_the_oracle(seed: int) -> None:
    instance = random_instance(seed)
    old, new = (
        (allocate(instance, seed=seed + k, policy=p).allocation for k, p in ((0, "welfare"), (9, "lottery")))
        if not (instance.quotas["min"] > 0).any()
        else (None, None)
    )
    if old is None or new is None:
        return
    remembered = with_rows(instance, list(previous_rows(old)))
    market = Market(remembered)
    for allocation in (old, new):
        choice = choice_of(remembered, allocation)
        expected = sum(_kept(market, bundle) for bundle in choice.values() if bundle is not None)
        assert counted(remembered, allocation) == expected
    assert counted(remembered, old) == sum(WEIGHTS[row.item_kind] for row in previous_rows(old))


@cache
def allocated(seed: int) -> tuple[Instance, Allocation | None]:
    instance = random_instance(seed)
    return instance, allocate(instance).allocation


def one_of(kind: str) -> tuple[Instance, Allocation, Previous]:
    for seed in range(200):
        instance, allocation = allocated(seed)
        rows = [] if allocation is None else [r for r in previous_rows(allocation) if r.item_kind == kind]
        if rows and allocation is not None:
            return instance, allocation, rows[0]
    raise AssertionError(f"no random instance gives {kind}")


@pytest.mark.parametrize("kind", list(WEIGHTS))
def test_each_kind_has_its_weight(kind: str) -> None:
    instance, allocation, row = one_of(kind)
    assert counted(with_rows(instance, [row]), allocation) == WEIGHTS[kind]


def changed(instance: Instance, row: Previous, **values: Any) -> Previous:
    return row.model_copy(update=values)


def test_a_stay_is_kept_in_its_house_and_over_its_periods_only() -> None:
    instance, allocation, row = one_of("stay")
    other = next(h for h in instance.houses["house_id"].tolist() if h != row.target_id)
    more = tuple(sorted({*row.periods, *instance.periods["period_id"].tolist()}))
    assert counted(with_rows(instance, [changed(instance, row, periods=())]), allocation) == WEIGHTS["stay"]
    assert counted(with_rows(instance, [changed(instance, row, target_id=other)]), allocation) == 0
    if set(more) != set(row.periods):
        assert counted(with_rows(instance, [changed(instance, row, periods=more)]), allocation) == 0


def test_what_another_household_had_is_not_kept() -> None:
    instance, allocation, row = one_of("stay")
    other = next(h for h in instance.households["household_id"].tolist() if h != row.household_id)
    rows = [row for row in previous_rows(allocation) if row.household_id == other and row.item_kind == "stay"]
    expected = (
        WEIGHTS["stay"] if any(r.target_id == row.target_id and r.periods == row.periods for r in rows) else 0
    )
    assert counted(with_rows(instance, [changed(instance, row, household_id=other)]), allocation) == expected


def test_a_household_without_a_place_keeps_nothing() -> None:
    instance, allocation, row = one_of("stay")
    without = {
        "placements": [
            entry
            for entry in allocation.model_dump()["placements"]
            if entry["household_id"] != row.household_id
        ]
    }
    fewer = Allocation.model_validate({**allocation.model_dump(), **without})
    assert counted(with_rows(instance, [row]), fewer) == 0
