"""Parser of workbooks: one grid a sheet."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from nichiiki_instances.raw import Grid, Source, cell_name, problem
from nichiiki_instances.xlsx_guard import check_workbook, error_cells
from nichiiki_models.errors import FileError
from nichiiki_models.problems import Problem, few

_DATE_1904 = re.compile(rb'<workbookPr\b[^>]*\bdate1904="(1|true)"')
_SHEET = re.compile(rb"<sheet\b[^>]*>")
_RELATION = re.compile(rb"<Relationship\b[^>]*>")


def parse_workbook(content: BinaryIO, label: str) -> tuple[dict[str, Grid], list[Problem]]:
    """Return the grid of each sheet by its name, and the cells that hold an error.

    Raises
    ------
    FileError
        If the guard refuses the file or the reader cannot open it.
    """
    check_workbook(content, label)
    serials = not _DATE_1904.search(_part(content, "xl/workbook.xml"))
    grids: dict[str, Grid] = {}
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
            grids[name] = _grid(sheet.to_python(skip_empty_area=False), source, merged)
    except (CalamineError, ValueError):
        raise FileError([problem("broken_workbook", label)]) from None
    return grids, list(few(_error_problems(content, label)))


def merged_problems(grid: Grid) -> Iterator[Problem]:
    """List the merged areas of a sheet."""
    for row, column, _, _ in grid.merged:
        yield problem("merged_cells", grid.source, line=row, cell=cell_name(row, column))


def _grid(rows: list[list[Any]], source: Source, merged: list[tuple[int, int, int, int]]) -> Grid:
    kept = [(line, row) for line, row in enumerate(rows, start=1) if any(cell != "" for cell in row)]
    dates = frozenset(
        (index, at)
        for index, (_, row) in enumerate(kept)
        for at, cell in enumerate(row)
        if isinstance(cell, date | time | timedelta)
    )
    texts = [[_text(cell) for cell in row] for _, row in kept]
    return Grid(source, texts, [line for line, _ in kept], dates, merged)


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


def _error_problems(content: BinaryIO, label: str) -> Iterator[Problem]:
    names = _sheet_names(content)
    for part, places in error_cells(content).items():
        source = Source(f"{label} [{names.get(part, part)}]", unit="row")
        for row, column in places:
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
