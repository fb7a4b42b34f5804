"""Rows of a table, one by one and all together, are the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import nichiiki as nk
from nichiiki_models import table as module
from nichiiki_models.allocation import Stay
from nichiiki_models.table import Table
from nichiiki_models.tables import TABLES
from nichiiki_sample import sample


@pytest.mark.parametrize("name", sample(TABLES, 3))
def test_all_rows_are_each_row(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = nk.load("flagship").tables[name]
    monkeypatch.setattr(module, "BLOCK", 7)  # several blocks, the last one not full
    together = list(table.rows())
    assert together == [table.row(index) for index in range(len(table))]
    names = list(table.specs)[::-1]
    assert list(table.tuples(*names)) == [tuple(getattr(row, name) for name in names) for row in together]
    assert [[type(value) for value in vars(row).values()] for row in together] == [
        [type(value) for value in vars(table.row(index)).values()] for index in range(len(table))
    ]


def test_rows_of_an_empty_table() -> None:
    table = nk.load("flagship").households
    assert list(table.take(np.zeros(0, dtype=np.int64)).rows()) == []


@given(part=st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_a_part_is_its_rows(part: tuple[int, int]) -> None:
    rows = [
        Stay(household_id=f"H{n}", house_id="U", region_id="R", units=1, periods=("p",) * (n % 3))
        for n in range(9)
    ]
    table = Table.from_rows(Stay, rows)
    first, end = min(part), max(part)
    assert list(table.part(first, end).rows()) == rows[first:end]


def test_rows_are_what_pydantic_constructs() -> None:
    row = Stay(household_id="H", house_id="U", region_id="R", units=1, periods=("p",))
    (made,) = Table.from_rows(Stay, [row]).rows()
    assert made == row
    assert made.model_fields_set == row.model_fields_set
    assert made.model_copy(update={"units": 2}).units == 2
    assert (made.units, hash(made), repr(made)) == (1, hash(row), repr(row))
    with pytest.raises(ValidationError):
        made.units = 3
