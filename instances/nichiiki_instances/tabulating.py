"""From a grid to the columns of a table: finds the header under a preamble and names its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nichiiki_instances.headers import column_names, find_column, narrow, nearest
from nichiiki_instances.raw import Grid, RawTable, cell_name, problem
from nichiiki_models.problems import Problem, few

PREAMBLE_MAX = 50


def find_header(rows: Sequence[Sequence[str]], is_known: Callable[[str], bool]) -> int:
    """Return the index of the header: the first row with most known names, -1 if none has any."""
    hits = [sum(map(is_known, row)) for row in rows[:PREAMBLE_MAX]]
    best = max(hits, default=0)
    return hits.index(best) if best else -1


def tabulate(grid: Grid, table: str) -> tuple[RawTable | None, list[Problem]]:
    """Name the columns of a grid.

    Returns
    -------
    RawTable or None
        The known columns; None if there is no header.
    list of Problem
        Unknown, repeated and unnamed columns, and rows that do not fit the header. No cell of an
        unknown column
        is ever shown.
    """
    at = find_header(grid.rows, lambda cell: find_column(table, cell.removeprefix("#")) is not None)
    if at < 0:
        expected = ", ".join(list(dict.fromkeys(column_names(table).values()))[:4])
        code = "no_header" if grid.rows else "empty_file"
        return None, [problem(code, grid.source, table=table, columns=expected)]
    header = [narrow(cell) for cell in grid.rows[at]]
    first = first_row(grid, at)
    rows, lines = grid.rows[first:], grid.lines[first:]
    names, problems = _name_columns(grid, table, header, grid.lines[at])
    problems += few(misfits(grid, table, header, rows, lines))
    used = {name: index for index, name in names.items()}
    cells = list(zip(*fitted(rows, len(header)), strict=True)) or [()] * len(header)
    return (
        RawTable(
            source=grid.source,
            columns={name: cells[index] for name, index in used.items()},
            headers={name: header[index] for name, index in used.items()},
            lines=lines,
            dates={name: date_rows(grid, first, index) for name, index in used.items()} if grid.dates else {},
            positions={name: index + 1 for name, index in used.items()},
        ),
        problems,
    )


def fitted(rows: Sequence[Sequence[str]], width: int) -> Iterator[Sequence[str]]:
    """Return rows all of one width: cut, or filled with empty cells."""
    return (row if len(row) == width else [*row[:width], *[""] * (width - len(row))] for row in rows)


def first_row(grid: Grid, header: int) -> int:
    """Return the row after the header; below a ``#`` header further ``#`` lines are passed over."""
    row = header + 1
    if grid.rows[header][0].startswith("#"):
        while row < len(grid.rows) and grid.rows[row][0].startswith("#"):
            row += 1
    return row


def date_rows(grid: Grid, first: int, column: int) -> frozenset[int]:
    """Return which rows from the first on were dates in a column, counted from the first."""
    return frozenset(row - first for row, at in grid.dates if at == column and row >= first)


def _name_columns(
    grid: Grid, table: str, header: Sequence[str], line: int
) -> tuple[dict[int, str], list[Problem]]:
    names: dict[int, str] = {}
    problems: list[Problem] = []
    for index, title in enumerate(header):
        name = find_column(table, title.removeprefix("#"))
        if name is None and title:
            near = nearest(title, column_names(table))
            problems.append(
                problem("unknown_column", grid.source, nearest=near, **_at(table, title, line, index))
            )
        elif name in names.values():
            problems.append(problem("duplicate_column", grid.source, **_at(table, title, line, index)))
        elif name:
            names[index] = name
    return names, problems


def _at(table: str, title: str, line: int, index: int) -> dict[str, Any]:
    return {"table": table, "line": line, "header": title, "cell": cell_name(line, index + 1)}


def misfits(
    grid: Grid, table: str, header: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[int]
) -> Iterator[Problem]:
    """List cells under no header, and rows that end early."""
    unnamed = [index for index, title in enumerate(header) if not title]
    width = len(header)
    for row, line in zip(rows, lines, strict=True):
        if len(row) > width and any(row[width:]):
            yield _unnamed(grid, table, line, _first_filled(row, width))
        elif len(row) < width:
            yield problem("short_row", grid.source, table=table, line=line, cells=len(row), expected=width)
        for index in unnamed:
            if index < len(row) and row[index].strip():
                yield _unnamed(grid, table, line, index + 1)


def _unnamed(grid: Grid, table: str, line: int, number: int) -> Problem:
    where = {"table": table, "line": line, "cell": cell_name(line, number)}
    return problem("cell_without_header", grid.source, number=number, **where)


def _first_filled(row: Sequence[str], start: int) -> int:
    return next(index + 1 for index in range(start, len(row)) if row[index])
