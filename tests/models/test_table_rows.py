"""Rows of a table, one by one and all together, are the same."""

import numpy as np
import pytest

import nichiiki as nk
from nichiiki_models import table as module
from nichiiki_models.tables import TABLES


@pytest.mark.parametrize("name", TABLES)
def test_all_rows_are_each_row(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = nk.load("flagship").tables[name]
    monkeypatch.setattr(module, "BLOCK", 7)  # several blocks, the last one not full
    together = list(table.rows())
    assert together == [table.row(index) for index in range(len(table))]
    assert [[type(value) for value in vars(row).values()] for row in together] == [
        [type(value) for value in vars(table.row(index)).values()] for index in range(len(table))
    ]


def test_rows_of_an_empty_table() -> None:
    table = nk.load("flagship").households
    assert list(table.take(np.zeros(0, dtype=np.int64)).rows()) == []
