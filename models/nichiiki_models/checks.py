"""What can be wrong with tables, found column by column: cells, keys, references; then rules across tables.

`find_problems` lists everything in one pass, on tables in the order in which they were given, so that a row
index means the row a person wrote. Rules across tables are in `nichiiki_models.cross_checks`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from nichiiki_models.columns import (
    WILDCARD,
    Array,
    Column,
    ColumnSpec,
    Kind,
    ListColumn,
    bad_cells,
    cell,
    is_in,
    is_null,
)
from nichiiki_models.cross_checks import CROSS_CHECKS
from nichiiki_models.municipality_codes import is_municipality_code
from nichiiki_models.problems import Problem, few, of_rows
from nichiiki_models.rules import Rules
from nichiiki_models.table import Table, key_hashes, rank_codes
from nichiiki_models.tables import TABLES

Tables = Mapping[str, Table[Any]]
RESERVED = {"period_id": ("all",)}
"""Ids that need no row of their own: ``all`` as a period."""


def find_problems(tables: Tables, rules: Rules) -> list[Problem]:
    """List the problems of a set of tables and rules, in the order of table, row and column; of many alike only the first.

    Parameters
    ----------
    tables
        Every table by name (see `nichiiki_models.tables.TABLES`), rows in the order given.
    rules
        The rules they are used under.

    Returns
    -------
    list of Problem
        Empty when the tables can become an `Instance`.
    """
    of_cells = (each for name, table in tables.items() if len(table) for each in row_problems(name, table))
    return _in_order(few(chain(of_cells, _whole_problems(tables, rules))))


def whole_problems(tables: Tables, rules: Rules) -> list[Problem]:
    """List what only the whole shows: keys, references, rules across columns and tables; ordered as by `find_problems`.

    Parameters
    ----------
    tables, rules
        As of `find_problems`; `row_problems` tells the rest.
    """
    return _in_order(few(_whole_problems(tables, rules)))


def row_problems(
    name: str, table: Table[Any], *, but: Mapping[str, Collection[int]] | None = None
) -> Iterator[Problem]:
    """List what is wrong with single cells of a table, whatever stands in other rows.

    Parameters
    ----------
    name, table
        The table.
    but
        Rows by column of which it is told already; their cells are null.
    """
    yield from _cell_problems(name, table, but or {})
    yield from _repeated_entries(name, table)
    if name == "regions":
        yield from _check_digits(table)


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    position = {name: index for index, name in enumerate(TABLES)}
    return sorted(problems, key=lambda p: (position.get(p.table or "", -1), -1 if p.row is None else p.row))


def _whole_problems(tables: Tables, rules: Rules) -> Iterator[Problem]:
    for name, table in tables.items():
        if len(table):
            yield from _duplicates(name, table)
            for spec in table.specs.values():
                if spec.references:
                    yield from _dangling(name, spec, table, tables)
    for check in CROSS_CHECKS:
        yield from check(tables, rules)


def _cell_problems(name: str, table: Table[Any], but: Mapping[str, Collection[int]]) -> Iterator[Problem]:
    for spec in table.specs.values():
        told = np.array(sorted(but.get(spec.name, ())), dtype=np.int64)
        for code, rows in bad_cells(spec, table.columns[spec.name]):
            yield from of_rows(rows[~np.isin(rows, told)], partial(_bad_cell, name, table, spec, code))


def _bad_cell(name: str, table: Table[Any], spec: ColumnSpec, code: str, row: int) -> Problem:
    return Problem(
        code=code,
        table=name,
        row=row,
        column=spec.name,
        value=_as_text(spec, table.columns[spec.name], row),
        params=limits_of(spec),
    )


def _repeated_entries(name: str, table: Table[Any]) -> Iterator[Problem]:
    for column, values in table.columns.items():
        if isinstance(values, ListColumn) and len(values.values) > 1:
            codes, size = rank_codes(values.values)
            pairs = values.owners * size + codes
            order = np.argsort(pairs, kind="stable")
            again = order[1:][pairs[order][1:] == pairs[order][:-1]]
            for entry in np.sort(again).tolist():
                value = str(values.values[entry])
                yield Problem(
                    code="repeated_entry",
                    table=name,
                    row=int(values.owners[entry]),
                    column=column,
                    value=value,
                )


def _check_digits(regions: Table[Any]) -> Iterator[Problem]:
    """List municipality codes that have not six digits of which the last one is right."""
    for row, code in enumerate(regions["municipality_code"].tolist()):
        if code != "" and not is_municipality_code(code):
            yield Problem(
                code="bad_check_digit", table="regions", row=row, column="municipality_code", value=code
            )


def limits_of(spec: ColumnSpec) -> dict[str, str]:
    """Return what the texts of cell problems name: range, choices, length."""
    return {
        "low": "" if spec.low is None else f"{spec.low:g}" if spec.low % 1 else str(int(spec.low)),
        "high": "" if spec.high is None else f"{spec.high:g}" if spec.high % 1 else str(int(spec.high)),
        "choices": " / ".join(spec.choices),
        "max_length": str(spec.max_length),
    }


def _as_text(spec: ColumnSpec, values: Column, row: int) -> str:
    value = cell(spec, values, row)
    return ";".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _duplicates(name: str, table: Table[Any]) -> Iterator[Problem]:
    """Keys that stand twice. Few rows are compared: those whose hashes are the same."""
    hashes = key_hashes(table)
    ranked = np.sort(hashes)
    again = ranked[1:][ranked[1:] == ranked[:-1]]
    rows = np.flatnonzero(np.isin(hashes, again)) if len(again) else again.astype(np.int64)
    for row, first in _same_keys(table.take(rows)):
        yield same_key(name, table, int(rows[row]), int(rows[first]))


def same_key(name: str, table: Table[Any], row: int, other_row: int) -> Problem:
    """Say of a row of a table that its key is that of an earlier one."""
    return Problem(
        code="duplicate",
        table=name,
        row=row,
        column=table.schema.key[0],
        value=" / ".join(text for text in key_of(table, row) if text),
        params={"key": ", ".join(table.schema.key)},
        other_row=other_row,
    )


def key_of(table: Table[Any], row: int) -> tuple[str, ...]:
    """Return the key of a row as texts."""
    return tuple(_as_text(table.specs[key], table.columns[key], row) for key in table.schema.key)


def _same_keys(table: Table[Any]) -> Iterator[tuple[int, int]]:
    """Yield each row whose key an earlier one has, and the first such row."""
    codes = table.key_codes
    order = np.argsort(codes, kind="stable")
    same = codes[order][1:] == codes[order][:-1]
    starts = np.maximum.accumulate(np.where(np.concatenate(([False], same)), 0, np.arange(len(order))))
    for place in np.flatnonzero(same).tolist():
        yield int(order[place + 1]), int(order[starts[place + 1]])


def asked_ids(name: str, spec: ColumnSpec, table: Table[Any]) -> tuple[Array, Array, Array]:
    """Return the ids that a column refers to.

    Parameters
    ----------
    name, spec, table
        The table, and its column.

    Returns
    -------
    ndarray of str, of int, of bool
        Every entry of the column, its row, and whether it must be an id of a table that the column refers to; empty cells
        are another check's business.
    """
    values = table.columns[spec.name]
    flat, rows = (
        (values.values, values.owners) if isinstance(values, ListColumn) else (values, np.arange(len(values)))
    )
    asked = ~is_null(Kind.ID, flat)
    if spec.name in RESERVED:
        asked &= ~np.isin(flat, RESERVED[spec.name])
    if spec.wildcard:
        asked &= flat != WILDCARD
    if (name, spec.name) == ("quotas", "target_id"):
        asked &= ~np.isin(table["target_kind"], ("settlement", "employer"))
    return flat, rows, asked


def unknown_ids(name: str, spec: ColumnSpec, flat: Array, rows: Array, unknown: Array) -> Iterator[Problem]:
    """Say of the entries of a column, as `asked_ids` returns them, that some are the ids of no row."""

    def one(entry: int) -> Problem:
        return Problem(
            code="unknown_id",
            table=name,
            row=int(rows[entry]),
            column=spec.name,
            value=str(flat[entry]),
            params={"tables": " / ".join(spec.references)},
        )

    return of_rows(np.flatnonzero(unknown), one)


def _dangling(name: str, spec: ColumnSpec, table: Table[Any], tables: Tables) -> Iterator[Problem]:
    """Ids that no referenced table holds."""
    flat, rows, unknown = asked_ids(name, spec, table)
    for target in spec.references:
        if unknown.all():
            unknown = ~is_in(flat, tables[target].ids)
        elif unknown.any():
            unknown[unknown] = ~is_in(flat[unknown], tables[target].ids)
    return unknown_ids(name, spec, flat, rows, unknown)
