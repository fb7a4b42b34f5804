"""From parsed files to typed tables, and from problems of rows to problems of lines.

Rows are built as they come, in pieces, and their texts let go: a file takes the memory of its values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from nichiiki_instances.columns import read_column
from nichiiki_instances.headers import column_title
from nichiiki_instances.packing import end_to_end, packed
from nichiiki_instances.raw import BadCell, Cell, Parsed, Part, RawTable, cell_name, problem
from nichiiki_models.checks import row_problems, whole_problems
from nichiiki_models.columns import Array, Column, Kind, column_specs, default_column
from nichiiki_models.problems import Problem, few, of_rows
from nichiiki_models.rules import Rules
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
    """Join what was built into whole tables in the order of their files; what is wrong joins ``parsed.problems``.

    The pieces are gone then.
    """
    tables = {name: Table.empty(schema) for name, schema in TABLES.items()}
    for name, parts in parsed.tables.items():
        parsed.problems += [each for part in parts for each in _missing_columns(name, part)]
        tables[name] = _joined(name, parts)
    parsed.problems += _missing_tables(parsed)
    return tables


def _missing_tables(parsed: Parsed) -> Iterator[Problem]:
    filled = {name for name, parts in parsed.tables.items() if any(map(len, parts))}
    of_platform = {"needs", "offers"} <= filled and filled.isdisjoint(("households", "houses", "choices"))
    for name in PLATFORM if of_platform else COMPULSORY:
        if name not in filled | parsed.broken:
            source = parsed.tables[name][0].source if name in parsed.tables else ""
            yield problem("missing_table", source, table=name)


def add_rows(
    parsed: Parsed, name: str, raw: RawTable, problems: Iterable[Problem] = (), *, goes_on: bool = False
) -> None:
    """Build rows of a table and add them to what is parsed; their texts are not kept.

    Parameters
    ----------
    parsed
        What they join; so does what is wrong with them.
    name, raw
        The table, and its rows.
    problems
        What the parser found in them; a ``row`` counts from the first of them.
    goes_on
        Whether they are further rows of the list that was added last.
    """
    parts = parsed.tables.setdefault(name, [])
    start = sum(map(len, parts))
    if not goes_on:
        parts.append(Part(raw.source, positions=dict(raw.positions)))
    columns, found, unread = _built(name, raw)
    problems = list(problems)
    for column, rows in _not_understood(problems, len(raw.lines)):
        unread.setdefault(column, set()).update(rows)
    table = Table(TABLES[name], columns, rows=len(raw.lines))
    watched = parsed.watch(name, table, raw, start) if parsed.watch else ()
    of_cells = _of_cells(raw, chain(row_problems(name, table, but=unread), watched))
    if unread.get(_key(name)):
        parsed.broken.add(name)
    parsed.problems = _with(parsed.problems, [*problems, *found], start)
    parsed.of_cells = _with(parsed.of_cells, of_cells, start)
    parts[-1].headers |= raw.headers
    parts[-1].lines.append(_compact(raw.lines) if not parsed.watch else range(len(raw.lines)))
    parts[-1].pieces.append({} if parsed.watch else {each: packed(columns[each]) for each in columns})


def _built(name: str, raw: RawTable) -> tuple[dict[str, Column], list[Problem], dict[str, set[int]]]:
    """Return the columns that are there, what is wrong with their texts, and in which rows of which columns that is so."""
    problems: list[Problem] = []
    columns: dict[str, Column] = {}
    unread: dict[str, set[int]] = {}
    for column, spec in column_specs(TABLES[name]).items():
        if column in raw.columns:
            cells = _without_dates(name, column, raw, problems, unread)
            columns[column], bad = read_column(name, spec, cells, raw.source)
            rows = [row for row, cell in enumerate(cells) if cell in bad] if bad else []
            problems += _cell_problems(name, column, raw, rows, bad)
            problems += few(_damaged(name, column, raw)) if spec.kind is Kind.TEXT else ()
            unread.setdefault(column, set()).update(rows)
    return columns, problems, unread


def _not_understood(problems: Sequence[Problem], rows: int) -> Iterator[tuple[str, Iterable[int]]]:
    """Yield the columns of problems, and the rows that each concerns; all of them where not all are listed."""
    for each in problems:
        if each.column is not None and (each.row is not None or each.code == "more_alike"):
            yield each.column, range(rows) if each.row is None else (each.row,)


def _of_cells(raw: RawTable, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Give problems of rows their places in the file, and those of one cell its value as it was written."""
    for each in few(problems):
        located = _located(each, raw, each.row)
        as_written = each.code in OF_ONE_CELL and each.row is not None and each.column in raw.columns
        yield (
            located.model_copy(update={"value": written(raw.columns[str(each.column)][each.row or 0])})
            if as_written
            else located
        )


def _with(before: list[Problem], more: Iterable[Problem], start: int) -> list[Problem]:
    """Return problems with those of further rows, which begin at a row of the table; of many alike only the first."""
    shifted = [
        each if each.row is None else each.model_copy(update={"row": each.row + start}) for each in more
    ]
    return list(few([*before, *shifted])) if shifted else before


def _compact(lines: Sequence[int]) -> range | Array:
    """Return numbers of lines as a range, if no line is left out or stands twice."""
    numbers = np.asarray(lines, dtype=np.int64)
    return range(lines[0], lines[-1] + 1) if len(lines) and (np.diff(numbers) == 1).all() else numbers


def _joined(name: str, parts: Sequence[Part]) -> Table[Any]:
    """Return the pieces of lists as one table, column by column; each piece of a column is let go once it is joined."""
    pieces = [
        (len(lines), piece) for part in parts for lines, piece in zip(part.lines, part.pieces, strict=True)
    ]
    columns: dict[str, Column] = {}
    for column, spec in column_specs(TABLES[name]).items():
        if any(column in piece for _, piece in pieces):
            columns[column] = end_to_end(
                [
                    piece.pop(column) if column in piece else packed(default_column(spec, rows))
                    for rows, piece in pieces
                ]
            )
    return Table(TABLES[name], columns, rows=sum(rows for rows, _ in pieces))


def _missing_columns(name: str, part: Part) -> Iterator[Problem]:
    for column, spec in column_specs(TABLES[name]).items():
        # a header without cells: the mapping has told already why it has none
        if spec.required and column not in part.headers:
            yield problem(
                "missing_column",
                part.source,
                table=name,
                column=column,
                title=column_title(name, column, "ja"),
            )


def _without_dates(
    name: str, column: str, raw: RawTable, problems: list[Problem], unread: dict[str, set[int]]
) -> Sequence[Cell]:
    """Cells of a column without those that a spreadsheet turned into dates where no date belongs."""
    dates = raw.dates.get(column, frozenset())
    if not dates or column_specs(TABLES[name])[column].kind in _MAY_BE_DATES:
        return raw.columns[column]
    cells = raw.columns[column]
    problems += few(_at(raw, name, column, row, "date_cell", cells[row]) for row in sorted(dates))
    unread[column] = set(dates)
    return ["" if row in dates else cell for row, cell in enumerate(cells)]


def _cell_problems(
    name: str, column: str, raw: RawTable, rows: Sequence[int], bad: Mapping[Cell, BadCell]
) -> Iterator[Problem]:
    cells = raw.columns[column]

    def one(row: int) -> Problem:
        found = bad[cells[row]]
        return _at(raw, name, column, row, found.code, cells[row], **found.params)

    alike: dict[str, list[int]] = {}
    for row in rows:
        alike.setdefault(bad[cells[row]].code, []).append(row)
    for of_code in alike.values():
        yield from of_rows(of_code, one)


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
        "line": raw.line(row),
        "header": raw.headers[column],
        "cell": _cell_name(raw, column, row),
    }
    return problem(code, raw.source, value=written(cell), **where, **params)


def written(cell: Cell) -> str:
    """Return a cell as it was written."""
    return cell if isinstance(cell, str) else ";".join(cell)


def everything(
    parsed: Parsed, tables: Mapping[str, Table[Any]], rules: Rules, *, only: Collection[str] | None = None
) -> list[Problem]:
    """List all that is wrong with what was parsed, in order.

    Parameters
    ----------
    parsed, tables
        What was parsed, and the tables it became.
    rules
        The rules they are used under.
    only
        Tables whose problems with other tables and rows count; all if None.
    """
    found = [each for each in whole_problems(tables, rules) if only is None or each.table in only]
    return in_order([*parsed.problems, *_of_known_columns(parsed), *_in_files(found, parsed)])


def wrong_cells(parsed: Parsed) -> list[Problem]:
    """List all that is wrong with what was parsed, kept or not, as far as single rows and a watch tell; in order."""
    absent = [
        each
        for name, parts in parsed.tables.items()
        for part in parts
        for each in _missing_columns(name, part)
    ]
    parsed.problems += [*absent, *_missing_tables(parsed)]
    return in_order([*parsed.problems, *_of_known_columns(parsed)])


def _of_known_columns(parsed: Parsed) -> list[Problem]:
    """Return what is wrong with values of columns that are there."""
    absent = {(p.table, p.column) for p in parsed.problems if p.code in ABSENT}
    return [each for each in parsed.of_cells if (each.table, each.column) not in absent]


def _in_files(problems: list[Problem], parsed: Parsed) -> Iterator[Problem]:
    """Turn problems of rows into problems of lines; drop those that only follow from one already known."""
    known = {(p.table, p.row, p.column) for p in parsed.problems if p.row is not None}
    absent = {(p.table, p.column) for p in parsed.problems if p.code in UNLISTED}
    hidden = _hidden_tables([*parsed.problems, *parsed.of_cells]) | parsed.broken
    for found in problems:
        spot = (found.table, found.row, found.column)
        if spot in known or spot[::2] in absent or (found.code in DANGLING and hidden & _targets(found)):
            continue
        yield _in_file(found, parsed)


def _hidden_tables(problems: list[Problem]) -> set[str]:
    """Tables whose ids are not all known: without rows, or with an id that is missing or cannot be read."""
    keys = {name: _key(name) for name in TABLES}
    unreadable = {
        p.table for p in problems if p.table in keys and p.column == keys[p.table] and p.code in LOST_IDS
    }
    return {str(table) for table in unreadable | {p.table for p in problems if p.code == "missing_table"}}


def _key(table: str) -> str:
    """Return the column that names the rows of a table."""
    key = TABLES[table].key
    return key[-1] if key[0] == "starts_on" else key[0]


def _targets(found: Problem) -> set[str]:
    if found.code == "settlement_unknown":
        return {"houses"}
    return set(column_specs(TABLES[str(found.table)])[str(found.column)].references)


def _in_file(found: Problem, parsed: Parsed) -> Problem:
    if found.table == "rules":
        return found.model_copy(update={"file": parsed.rules_file, "header": found.column})
    if found.table not in parsed.tables:
        return found
    if found.row is None:
        return _located(found, parsed.tables[found.table][0], None)
    located = _located(found, *parsed.part_of(found.table, found.row))
    if found.other_row is None:
        return located
    other, row = parsed.part_of(found.table, found.other_row)
    return located.model_copy(update={"other_line": other.line(row)})


def _located(found: Problem, part: RawTable | Part, row: int | None) -> Problem:
    """Return a problem with its place in a file, where a row of a list is meant."""
    where: dict[str, Any] = {"file": part.source.file, "unit": part.source.unit}
    if row is not None:
        where["line"] = part.line(row)
    if found.column is not None and found.column in part.headers:
        where["header"] = part.headers[found.column]
        where |= {} if row is None else {"cell": _cell_name(part, found.column, row)}
    return found.model_copy(update=where)


def _cell_name(part: RawTable | Part, column: str, row: int) -> str | None:
    """Return the name of a cell, where columns have an order."""
    at = part.positions.get(column)
    return cell_name(part.line(row), at) if at else None


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
