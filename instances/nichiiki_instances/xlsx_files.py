"""Parser of workbooks: one sheet after another, and its rows in pieces or as one grid."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from nichiiki_instances.raw import Grid, Source, cell_name, problem
from nichiiki_instances.tabulating import in_pieces
from nichiiki_instances.xlsx_guard import check_workbook, error_cells
from nichiiki_models.errors import FileError
from nichiiki_models.problems import Problem, few

_TIMES = (date, time, timedelta)
_DATE_1904 = re.compile(rb'<workbookPr\b[^>]*\bdate1904="(1|true)"')
_SHEET = re.compile(rb"<sheet\b[^>]*>")
_RELATION = re.compile(rb"<Relationship\b[^>]*>")


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook, whose rows become texts when they are asked for.

    Attributes
    ----------
    name, source
        What it is called in the workbook, and as a source.
    merged
        As in `Grid`.
    content
        The sheet as the reader underneath holds it.
    """

    name: str
    source: Source
    merged: Sequence[tuple[int, int, int, int]]
    content: CalamineSheet

    def grids(self) -> Iterator[Grid]:
        """Yield the rows that are not blank in pieces, the first of which has the header."""
        dates: dict[int, list[int]] = {}
        for lines, rows in in_pieces(self._rows(dates)):
            where = ((index, at) for index, line in enumerate(lines) for at in dates.pop(line, ()))
            yield Grid(self.source, rows, lines, frozenset(where), self.merged)

    def grid(self) -> Grid:
        """Return all rows that are not blank."""
        dates: dict[int, list[int]] = {}
        rows = [(line, row) for line, row, _ in self._rows(dates)]
        where = ((index, at) for index, (line, _) in enumerate(rows) for at in dates.get(line, ()))
        return Grid(
            self.source, [row for _, row in rows], [line for line, _ in rows], frozenset(where), self.merged
        )

    def _rows(self, dates: dict[int, list[int]]) -> Iterator[tuple[int, list[str], int]]:
        """Yield number, cells and weight of the rows that are not blank, and note which of their cells were dates."""
        left = [""] * (self.content.start[1] if self.content.start else 0)
        for line, row in enumerate(self.content.iter_rows(), start=1):
            if any(cell != "" for cell in row):
                found = [at for at, cell in enumerate(row, len(left)) if isinstance(cell, _TIMES)]
                if found:
                    dates[line] = found
                texts = [*left, *(cell if isinstance(cell, str) else _text(cell) for cell in row)]
                yield line, texts, sum(map(len, texts)) + len(texts)


def sheets_of(content: BinaryIO, label: str) -> Iterator[Sheet]:
    """Yield the sheets of a workbook, one at a time; only one of them is held.

    Raises
    ------
    FileError
        If the guard refuses the file or the reader cannot open it.
    """
    check_workbook(content, label)
    serials = not _DATE_1904.search(_part(content, "xl/workbook.xml"))
    try:
        content.seek(0)
        workbook = CalamineWorkbook.from_filelike(content)
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            source = Source(f"{label} [{name}]", unit="row", verbatim=True, serials=serials)
            merged = [
                (r + 1, c + 1, last_r + 1, last_c + 1)
                for (r, c), (last_r, last_c) in sheet.merged_cell_ranges or ()
            ]
            yield Sheet(name, source, merged, sheet)
    except (CalamineError, ValueError):
        raise FileError([problem("broken_workbook", label)]) from None


def parse_workbook(content: BinaryIO, label: str) -> tuple[dict[str, Grid], list[Problem]]:
    """Return the grid of each sheet by its name, and the cells that hold an error; see `sheets_of`."""
    grids = {sheet.name: sheet.grid() for sheet in sheets_of(content, label)}
    return grids, list(few(error_problems(content, label)))


def merged_problems(sheet: Sheet) -> Iterator[Problem]:
    """List the merged areas of a sheet."""
    for row, column, _, _ in sheet.merged:
        yield problem("merged_cells", sheet.source, line=row, cell=cell_name(row, column))


def _text(cell: Any) -> str:
    """Return the text of a cell: whole numbers without a fraction, dates in ISO form."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        case datetime():
            return cell.isoformat(sep=" ", timespec="auto")
        case _:
            return str(cell)


def _part(content: BinaryIO, name: str) -> bytes:
    with zipfile.ZipFile(content) as archive:
        return archive.read(name) if name in archive.namelist() else b""


def error_problems(content: BinaryIO, label: str) -> Iterator[Problem]:
    """List the cells of a workbook that hold an error."""
    names = _sheet_names(content)
    for part, row, column in error_cells(content):
        source = Source(f"{label} [{names.get(part, part)}]", unit="row")
        yield problem("error_cell", source, line=row, cell=cell_name(row, column))


def _sheet_names(content: BinaryIO) -> dict[str, str]:
    """Name of the sheet in each part of the zip."""
    targets = {
        _attribute(tag, b"Id"): _attribute(tag, b"Target")
        for tag in _RELATION.findall(_part(content, "xl/_rels/workbook.xml.rels"))
    }
    sheets = _SHEET.findall(_part(content, "xl/workbook.xml"))
    return {
        "xl/" + targets.get(_attribute(tag, b"r:id"), "").removeprefix("/xl/"): _attribute(tag, b"name")
        for tag in sheets
    }


def _attribute(tag: bytes, name: bytes) -> str:
    found = re.search(rb"\s" + re.escape(name) + rb'="([^"]*)"', tag)
    return found[1].decode("utf-8", "backslashreplace") if found else ""
