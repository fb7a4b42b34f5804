"""A column checked at once accepts and refuses what the row schema accepts and refuses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from nichiiki_models.columns import ColumnSpec, Kind, as_column, bad_cells, cell, column_specs, is_null
from nichiiki_models.tables import TABLES
from nichiiki_sample import sample

COLUMNS = [(table, name) for table, schema in TABLES.items() for name in schema.model_fields]
TEXTS = st.one_of(
    st.sampled_from(
        (
            "",
            "*",
            "a b",
            "ｱ",
            "e\u0301",
            "é",
            "a\n",
            "\x7f",
            "x" * 65,
            "x" * 201,
            "7" * 7,
            "①",
            "a\0b",
            "_",
            "-a",
            "\ufffe",
        )
    ),
    st.text(max_size=8).filter(lambda t: not t.endswith("\0")),
)


def what_is_checked(column: tuple[str, str]) -> tuple[object, ...]:
    """Return which checks a column has: where only the figures differ, one of them is enough for the sample."""
    spec = column_specs(TABLES[column[0]])[column[1]]
    limits = (spec.low is None, spec.high is None, spec.max_length)
    return spec.kind, spec.optional, bool(spec.choices), *limits, spec.is_id, spec.wildcard


def values_of(spec: ColumnSpec) -> st.SearchStrategy[Any]:
    """Values of a column's numpy kind, inside and outside its limits."""
    entries = TEXTS | st.sampled_from(spec.choices) if spec.choices else TEXTS
    edges = [int(limit) + step for limit in (spec.low, spec.high) if limit is not None for step in (-1, 0, 1)]
    match spec.kind:
        case Kind.INT:
            return st.none() | st.integers(-(2**62), 2**62) | st.sampled_from(edges)
        case Kind.NUMBER:
            return st.none() | st.floats() | st.sampled_from([float(edge) for edge in edges])
        case Kind.FLAG:
            return st.booleans()
        case Kind.DATE:
            return st.none() | st.dates()
        case Kind.TIME:
            return st.none() | st.datetimes().map(lambda t: t.replace(microsecond=0))
        case Kind.LIST:
            return st.lists(entries, max_size=3).map(tuple)
        case _:
            return entries


def accepted_by_schema(table: str, spec: ColumnSpec, value: Any) -> bool:
    """Whether the pydantic field takes a cell."""
    field = TABLES[table].model_fields[spec.name]
    constrained: Any = Annotated[field.annotation, field]
    adapter: TypeAdapter[Any] = TypeAdapter(
        constrained,
        config={"allow_inf_nan": False, "arbitrary_types_allowed": True},
    )
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("table", "name"), sample(COLUMNS, kind=what_is_checked), ids=lambda value: value)
@given(data=st.data())
def test_column_check_is_row_check(table: str, name: str, data: st.DataObject) -> None:
    spec = column_specs(TABLES[table])[name]
    column = as_column(spec, data.draw(st.lists(values_of(spec), min_size=1, max_size=5)))
    bad = {row for _, rows in bad_cells(spec, column) for row in rows.tolist()}
    null = is_null(spec.kind, column)
    for row in range(len(column)):
        empty = bool(null[row]) and spec.kind is not Kind.LIST
        value = (spec.default if spec.nullable else None) if empty else cell(spec, column, row)
        assert (row not in bad) == accepted_by_schema(table, spec, value), (row, value)


def test_kinds_hold_their_python_values() -> None:
    specs = column_specs(TABLES["households"])
    column = as_column(specs["applied_at"], [None, datetime(2026, 4, 1, 9, 30)])
    assert cell(specs["applied_at"], column, 0) is None
    assert cell(specs["applied_at"], column, 1) == datetime(2026, 4, 1, 9, 30)
    column = as_column(specs["registration_valid_until"], [date(2026, 4, 1)])
    assert np.asarray(column).dtype == np.dtype("M8[D]")
