"""Changes of an instance, cell by cell: what a suggestion would have to alter, as data that anybody can apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from nichiiki_models.columns import ListColumn
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules
from nichiiki_models.table import Row, Table
from nichiiki_models.tables import TABLES

Value = int | bool | str | tuple[str, ...] | None


class Change(BaseModel):
    """One change of an instance.

    Attributes
    ----------
    table
        Name of the table; ``rules`` for an entry of the rules.
    row
        Columns that name the row (all rows that have these values are meant).
    action
        ``set`` a cell, ``remove`` the rows, or ``add`` a row made of `row` and the cell.
    column, value
        The cell; for rules the path of the key, steps joined by dots.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    row: Mapping[str, str] = {}
    action: Literal["set", "remove", "add"] = "set"
    column: str = ""
    value: Value = None


def apply_changes(instance: Instance, changes: Iterable[Change]) -> Instance:
    """Return the instance with changes made one after the other; the result is checked as any other.

    Parameters
    ----------
    instance
        What to change.
    changes
        Changes in the order in which they are made.

    Raises
    ------
    UsageError
        If a change names no table, row or key.
    InstanceError
        If the changed instance is no good one.
    """
    tables, rules = dict(instance.tables), instance.rules
    touched: set[str] = set()
    for change in changes:
        if change.table == "rules":
            rules = _with_rule(rules, change)
        elif change.table in TABLES:
            tables[change.table] = _with_change(tables[change.table], change)
            touched.add(change.table)
        else:
            raise UsageError(f"change: there is no table {change.table}")
    return instance.replace(rules=rules, **{name: tables[name] for name in touched})


def _with_rule(rules: Rules, change: Change) -> Rules:
    document = rules.model_dump()
    *path, last = change.column.split(".")
    part: Any = document
    for step in path:
        part = part[int(step)] if isinstance(part, (list, tuple)) else part.get(step)
    if not isinstance(part, dict) or last not in part:
        raise UsageError(f"change: there is no rule {change.column}")
    part[last] = change.value
    return Rules.model_validate(document)


def _with_change(table: Table[Any], change: Change) -> Table[Any]:
    if change.action == "add":
        row = table.schema.model_validate({**change.row, change.column: change.value})
        return Table.from_rows(table.schema, [*table.rows(), row])
    named = np.ones(len(table), dtype=bool)
    for column, value in change.row.items():
        named &= table[column] == value
    if not named.any():
        raise UsageError(f"change: {change.table} has no row {dict(change.row)}")
    if change.action == "remove":
        return table.take(~named)
    return table.with_columns(**{change.column: _changed(table, named, change)})


def _changed(table: Table[Row], named: Any, change: Change) -> Any:
    column = table.columns[change.column]
    if isinstance(column, ListColumn):
        entries = change.value if isinstance(change.value, tuple) else ()
        return ListColumn.from_lists(
            entries if is_named else cell for is_named, cell in zip(named.tolist(), column, strict=True)
        )
    if column.dtype.kind == "U":
        return np.where(named, str(change.value or ""), column)
    column = column.copy()
    column[named] = change.value
    return column
