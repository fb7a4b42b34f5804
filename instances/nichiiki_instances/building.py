"""From parsed files to typed tables, and from problems of rows to problems of lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any

import numpy as np

from nichiiki_instances.columns import read_column
from nichiiki_instances.headers import column_title
from nichiiki_instances.raw import BadCell, Cell, Parsed, RawTable, problem
from nichiiki_models.columns import Column, Kind, ListColumn, column_specs
from nichiiki_models.problems import Problem, few
from nichiiki_models.table import Table
from nichiiki_models.tables import TABLES

COMPULSORY = ("regions", "periods", "households", "houses", "choices")
PLATFORM = ("regions", "needs", "offers")
"""Tables that suffice for the platform alone, where no household is there to be placed."""
DANGLING = ("unknown_id", "settlement_unknown")
ABSENT = ("missing_column", "mapping_open", "mapping_no_header", "mapping_two_columns", "mapping_no_periods")
UNLISTED = (*ABSENT, "more_alike")
"""Problems of a whole column: what is found in its cells may only follow from them."""
LOST_IDS = (*ABSENT, "empty_cell", "bad_id", "too_long", "date_cell", "list_in_cell")
OF_ONE_CELL = (
    "empty_cell",
    "too_small",
    "too_large",
    "not_finite",
    "too_long",
    "bad_id",
    "control_character",
    "bad_check_digit",
)
_MAY_BE_DATES = (Kind.DATE, Kind.TIME)


def build_tables(parsed: Parsed) -> dict[str, Table[Any]]:
    """Build every table in the order of its file; what is wrong joins ``parsed.problems``."""
    tables = {name: Table.empty(schema) for name, schema in TABLES.items()}
    for name, raw in parsed.tables.items():
        built = [build_table(name, part) for part in raw.parts]
        tables[name] = _joined([table for table, _ in built])
        starts = accumulate((len(part.lines) for part in raw.parts), initial=0)
        for start, (_, problems) in zip(starts, built, strict=False):
            parsed.problems += [_shifted(each, start) for each in problems]
    for name in _compulsory(tables):
        if name not in parsed.broken and not len(tables[name]):
            source = parsed.tables[name].source if name in parsed.tables else ""
            parsed.problems.append(problem("missing_table", source, table=name))
    return tables


def _compulsory(tables: Mapping[str, Table[Any]]) -> tuple[str, ...]:
    """Tables that must have rows."""
    of_households = any(len(tables[name]) for name in ("households", "houses", "choices"))
    of_platform = len(tables["needs"]) and len(tables["offers"])
    return PLATFORM if of_platform and not of_households else COMPULSORY


def build_table(name: str, raw: RawTable) -> tuple[Table[Any], list[Problem]]:
    """Build one part of a table, and list the cells of it that cannot be read."""
    schema = TABLES[name]
    problems = list(_missing_columns(name, raw))
    columns = {}
    for column, spec in column_specs(schema).items():
        if column in raw.columns:
            cells = _without_dates(name, column, raw, problems)
            columns[column], bad = read_column(name, spec, cells, raw.source)
            problems += few(_cell_problems(name, column, raw, cells, bad))
            problems += few(_damaged(name, column, raw)) if spec.kind is Kind.TEXT else ()
    return Table(schema, columns, rows=len(raw.lines)), problems


def build_part(name: str, raw: RawTable) -> Table[Any]:
    """Return one table without its problems, for whoever needs it before the others."""
    return _joined([build_table(name, part)[0] for part in raw.parts])


def _joined(tables: Sequence[Table[Any]]) -> Table[Any]:
    first = tables[0]
    if len(tables) == 1:
        return first
    return Table(
        first.schema, {name: _end_to_end([t.columns[name] for t in tables]) for name in first.columns}
    )


def _end_to_end(columns: Sequence[Column]) -> Column:
    flat = [column for column in columns if not isinstance(column, ListColumn)]
    if flat:
        return np.concatenate(flat)
    return ListColumn.from_lists(list(chain.from_iterable(columns)))


def _shifted(found: Problem, start: int) -> Problem:
    return found if found.row is None or not start else found.model_copy(update={"row": found.row + start})


def _missing_columns(name: str, raw: RawTable) -> Iterator[Problem]:
    for column, spec in column_specs(TABLES[name]).items():
        # a header without cells: the mapping has told already why it has none
        if spec.required and column not in raw.columns and column not in raw.headers:
            yield problem(
                "missing_column",
                raw.source,
                table=name,
                column=column,
                title=column_title(name, column, "ja"),
            )


def _without_dates(name: str, column: str, raw: RawTable, problems: list[Problem]) -> Sequence[Cell]:
    """Cells of a column without those that a spreadsheet turned into dates where no date belongs."""
    dates = raw.dates.get(column, frozenset())
    if not dates or column_specs(TABLES[name])[column].kind in _MAY_BE_DATES:
        return raw.columns[column]
    cells = raw.columns[column]
    problems += few(_at(raw, name, column, row, "date_cell", cells[row]) for row in sorted(dates))
    return ["" if row in dates else cell for row, cell in enumerate(cells)]


def _cell_problems(
    name: str, column: str, raw: RawTable, cells: Any, bad: Mapping[Cell, BadCell]
) -> Iterator[Problem]:
    for row, cell in enumerate(cells) if bad else ():
        if cell in bad:
            yield _at(raw, name, column, row, bad[cell].code, cell, **bad[cell].params)


def _damaged(name: str, column: str, raw: RawTable) -> Iterator[Problem]:
    """Warn of the mark that another program left where it could not read a character."""
    for row, cell in enumerate(raw.columns[column]):
        if "\N{REPLACEMENT CHARACTER}" in cell:
            yield _at(raw, name, column, row, "damaged_text", cell, severity="warning")


def _at(raw: RawTable, table: str, column: str, row: int, code: str, cell: Cell, **params: Any) -> Problem:
    where = {
        "table": table,
        "column": column,
        "row": row,
        "line": raw.lines[row],
        "header": raw.headers[column],
        "cell": raw.cell(column, row),
    }
    return problem(code, raw.source, value=written(cell), **where, **params)


def written(cell: Cell) -> str:
    """Return a cell as it was written."""
    return cell if isinstance(cell, str) else ";".join(cell)


def in_files(problems: list[Problem], parsed: Parsed) -> Iterator[Problem]:
    """Turn problems of rows into problems of lines; drop those that only follow from one already known."""
    known = {(p.table, p.row, p.column) for p in parsed.problems if p.row is not None}
    absent = {(p.table, p.column) for p in parsed.problems if p.code in UNLISTED}
    hidden = _hidden_tables([*parsed.problems, *problems]) | parsed.broken
    for found in problems:
        spot = (found.table, found.row, found.column)
        if spot in known or spot[::2] in absent or (found.code in DANGLING and hidden & _targets(found)):
            continue
        yield _located(found, parsed)


def _hidden_tables(problems: list[Problem]) -> set[str]:
    """Tables whose ids are not all known: without rows, or with an id that is missing or cannot be read."""
    keys = {
        name: schema.key[-1] if schema.key[0] == "starts_on" else schema.key[0]
        for name, schema in TABLES.items()
    }
    unreadable = {
        p.table for p in problems if p.table in keys and p.column == keys[p.table] and p.code in LOST_IDS
    }
    return {str(table) for table in unreadable | {p.table for p in problems if p.code == "missing_table"}}


def _targets(found: Problem) -> set[str]:
    if found.code == "settlement_unknown":
        return {"houses"}
    return set(column_specs(TABLES[str(found.table)])[str(found.column)].references)


def _located(found: Problem, parsed: Parsed) -> Problem:
    if found.table == "rules":
        return found.model_copy(update={"file": parsed.rules_file, "header": found.column})
    raw = parsed.tables.get(found.table or "")
    if raw is None:
        return found
    part, row = (raw, None) if found.row is None else raw.part_of(found.row)
    where: dict[str, Any] = {"file": part.source.file, "unit": part.source.unit}
    if row is not None:
        where["line"] = part.lines[row]
    if found.other_row is not None:
        other, at = raw.part_of(found.other_row)
        where["other_line"] = other.lines[at]
    if found.column is not None and found.column in part.headers:
        where["header"] = part.headers[found.column]
        where |= _as_written(found, part, row)
    return found.model_copy(update=where)


def _as_written(found: Problem, part: RawTable, row: int | None) -> dict[str, str | None]:
    """Return the name of the cell, and what is written there for problems that are about its value alone."""
    if row is None:
        return {}
    column = str(found.column)
    named: dict[str, str | None] = {"cell": part.cell(column, row)}
    if found.code in OF_ONE_CELL:
        named["value"] = written(part.columns[column][row])
    return named


def in_order(problems: list[Problem]) -> list[Problem]:
    """Sort by table, line and column; what concerns no table comes first."""
    tables = {name: index for index, name in enumerate(TABLES)}
    columns = {
        name: {column: i for i, column in enumerate(schema.model_fields)} for name, schema in TABLES.items()
    }

    def place(found: Problem) -> tuple[int, int, int]:
        at = columns.get(found.table or "", {}).get(found.column or "", -1)
        return tables.get(found.table or "", -1), -1 if found.line is None else found.line, at

    return sorted(problems, key=place)
