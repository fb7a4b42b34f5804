"""Whatever an allocation holds, the check lists violations and does not fall over."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_models.allocation import Allocation
from nichiiki_models.columns import Column, ListColumn
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_small import small_world
from nichiiki_solver.verify import verify

INSTANCE, ALLOCATION = small_world().build()
IDS = st.sampled_from(
    [
        "",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h1c",
        "h3a",
        "a1",
        "b1",
        "c1",
        "s1",
        "k1",
        "r1",
        "r2",
        "e1",
        "wide",
        "hill",
        "p1",
        "p5",
        "x",
        "*",
        "日",
    ]
)
LISTS = st.sampled_from(["school", "care", "desk", "role", "experience", "", "stay", "x"])
NUMBERS = st.sampled_from([0, 1, -1, 2, 130_000, 2**40, -(2**63), 2**62])
TABLES = ("placements", "stays", "items", "unplaced", "measures")


def damaged(draw: st.DrawFn, name: str, values: Column) -> Column:
    """Return a column with some cells exchanged."""
    if isinstance(values, ListColumn):
        cells = [draw(st.lists(IDS, max_size=4)) if draw(st.booleans()) else list(cell) for cell in values]
        return ListColumn.from_lists(cells)
    strategy: Any = LISTS if name == "list" else NUMBERS if values.dtype.kind == "i" else IDS
    cells = [draw(strategy) if draw(st.integers(0, 3)) == 0 else cell for cell in values.tolist()]
    return np.array(cells, dtype=None if values.dtype.kind == "U" else values.dtype)


@st.composite
def allocations(draw: st.DrawFn) -> Allocation:
    """Allocations with rows dropped, repeated and overwritten."""
    changes: dict[str, Any] = {}
    for name in TABLES:
        table: Table[Any] = getattr(ALLOCATION, name)
        rows = draw(st.lists(st.integers(0, len(table) - 1), max_size=len(table) + 2))
        taken = table.take(np.array(rows, dtype=np.int64))
        changed = (
            {column: damaged(draw, column, values) for column, values in taken.columns.items()}
            if rows
            else {}
        )
        changes[name] = taken.with_columns(**changed)
    return ALLOCATION.replace(**changes)


@given(allocations())
def test_damaged_allocations_never_make_the_check_fail(allocation: Allocation) -> None:
    found = verify(INSTANCE, allocation)
    assert found == sorted(
        found, key=lambda violation: (violation.rule, violation.where, str(violation.details))
    )
    assert all(violation.message for violation in found)


def test_empty_allocation_of_an_empty_instance_is_right() -> None:
    instance = Instance()
    empty = Allocation(instance_hash=instance.hash, policy="none", status="FEASIBLE", reason="PROVEN")  # type: ignore[arg-type]
    assert verify(instance, empty) == []


def test_empty_allocation_says_nothing_of_anybody() -> None:
    empty = Allocation(instance_hash=INSTANCE.hash, policy="none", status="FEASIBLE", reason="PROVEN")  # type: ignore[arg-type]
    assert {v.rule for v in verify(INSTANCE, empty)} == {"not_accounted", "lock", "quota_min"}


def test_anything_given_in_an_empty_instance_is_unknown() -> None:
    instance = Instance()
    found = verify(
        instance, ALLOCATION.replace(instance_hash=instance.hash, levels=(), objective=None, bound=None)
    )
    assert {v.rule for v in found} == {"unknown_id"}
