"""From a grid to the columns of a table: finds the header under a preamble and names its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nichiiki_instances.headers import column_names, find_column, narrow, nearest
from nichiiki_instances.raw import Grid, RawTable, cell_name, problem
from nichiiki_models.problems import Problem, of_rows

PREAMBLE_MAX = 50
PART = 2**20
"""Characters of a piece of a table, about."""


def find_header(rows: Sequence[Sequence[str]], is_known: Callable[[str], bool]) -> int:
    """Return the index of the header: the first row with most known names, -1 if none has any."""
    hits = [sum(map(is_known, row)) for row in rows[:PREAMBLE_MAX]]
    best = max(hits, default=0)
    return hits.index(best) if best else -1


def in_pieces(
    rows: Iterable[tuple[int, list[str], int]],
) -> Iterator[tuple[list[int], list[list[str]]]]:
    """Cut a table into pieces, of which the first has all rows among which the header may be.

    Parameters
    ----------
    rows
        Number, cells and weight (characters) of each row.

    Yields
    ------
    list of int, list of list of str
        Numbers and cells of the rows of a piece; of at least one piece.
    """
    lines: list[int] = []
    cells: list[list[str]] = []
    size, least = 0, PREAMBLE_MAX
    for line, row, weight in rows:
        is_remark = least and row[0].startswith("#")
        if size > PART and len(lines) > least and not is_remark:
            yield lines, cells
            lines, cells, size, least = [], [], 0, 0
        lines.append(line)
        cells.append(row)
        size += weight
    yield lines, cells


def tabulate(grid: Grid, table: str) -> tuple[RawTable | None, list[Problem]]:
    """Name the columns of a grid; see `tabulated`."""
    return next(tabulated([grid], table))


def tabulated(grids: Iterable[Grid], table: str) -> Iterator[tuple[RawTable | None, list[Problem]]]:
    """Name the columns of a grid that comes in pieces, the first of which has the header.

    Yields
    ------
    RawTable or None
        The known columns of a piece; None, and nothing more, if there is no header.
    list of Problem
        Unknown, repeated and unnamed columns, and rows that do not fit the header. No cell of an
        unknown column is ever shown.
    """
    layout: _Layout | None = None
    for grid in grids:
        problems: list[Problem] = []
        first = 0
        if layout is None:
            at = find_header(grid.rows, lambda cell: find_column(table, cell.removeprefix("#")) is not None)
            if at < 0:
                yield None, [_no_header(grid, table)]
                return
            names, problems = _name_columns(grid, table, at)
            layout = _Layout(table, [narrow(cell) for cell in grid.rows[at]], names)
            first = first_row(grid, at)
        rest = replace(grid, rows=grid.rows[first:], lines=grid.lines[first:])
        yield layout.columns_of(rest, first), [*problems, *misfits(rest, table, layout.header)]


def _no_header(grid: Grid, table: str) -> Problem:
    expected = ", ".join(list(dict.fromkeys(column_names(table).values()))[:4])
    return problem("no_header" if grid.rows else "empty_file", grid.source, table=table, columns=expected)


@dataclass(frozen=True)
class _Layout:
    """Which column of a grid is which: headers as written, and the known ones by their number."""

    table: str
    header: Sequence[str]
    names: Mapping[int, str]

    def columns_of(self, grid: Grid, first: int) -> RawTable:
        """Return the known columns of rows, which begin at a row of their piece."""
        used = {name: index for index, name in self.names.items()}
        cells = list(zip(*fitted(grid.rows, len(self.header)), strict=True)) or [()] * len(self.header)
        return RawTable(
            source=grid.source,
            columns={name: cells[index] for name, index in used.items()},
            headers={name: self.header[index] for name, index in used.items()},
            lines=grid.lines,
            dates={name: date_rows(grid, first, index) for name, index in used.items()} if grid.dates else {},
            positions={name: index + 1 for name, index in used.items()},
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


def _name_columns(grid: Grid, table: str, at: int) -> tuple[dict[int, str], list[Problem]]:
    """Return the known columns of a header by their number, and what is wrong with the others."""
    names: dict[int, str] = {}
    problems: list[Problem] = []
    line = grid.lines[at]
    for index, title in enumerate(map(narrow, grid.rows[at])):
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


def misfits(grid: Grid, table: str, header: Sequence[str]) -> Iterator[Problem]:
    """List cells of the rows below a header that are under none of it, and rows that end early; of many only the first."""
    unnamed = [index for index, title in enumerate(header) if not title]
    width = len(header)
    short: list[int] = []
    beside: list[tuple[int, int]] = []
    for at, row in enumerate(grid.rows):
        if len(row) > width and any(row[width:]):
            beside.append((at, _first_filled(row, width)))
        elif len(row) < width:
            short.append(at)
        for index in unnamed:
            if index < len(row) and row[index].strip():
                beside.append((at, index + 1))

    def ends_early(at: int) -> Problem:
        where = {"table": table, "line": grid.lines[at], "cells": len(grid.rows[at])}
        return problem("short_row", grid.source, expected=width, **where)

    yield from of_rows(short, ends_early)
    yield from of_rows(range(len(beside)), lambda at: _unnamed(grid, table, *beside[at]))


def _unnamed(grid: Grid, table: str, at: int, number: int) -> Problem:
    line = grid.lines[at]
    where = {"table": table, "line": line, "cell": cell_name(line, number)}
    return problem("cell_without_header", grid.source, number=number, **where)


def _first_filled(row: Sequence[str], start: int) -> int:
    return next(index + 1 for index in range(start, len(row)) if row[index])
