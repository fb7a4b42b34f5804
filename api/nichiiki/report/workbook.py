"""The workbook: the lists of a result as sheets with frozen headers and filters, never a formula."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import xlsxwriter

from nichiiki.report.rows import Cell, Rows, Sheet
from nichiiki.report.words import Words, words
from nichiiki_models.texts import has_text

SHEETS = (
    "placements",
    "unplaced",
    "house_calendar",
    "roles",
    "load_sheet",
    "budget",
    "costs",
    "certificates",
    "kpi",
)
WIDE, NARROW = 60, 8
FROZEN = {"house_calendar": 1, "roles": 2}
"""How many columns stay in view beside the header row."""
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}

CREATED = datetime(2000, 1, 1)
"""A fixed date of creation: the same result gives the same bytes; when it was made is a matter of the file system."""


def workbook_bytes(rows: Rows) -> bytes:
    """Return the workbook of a result.

    Parameters
    ----------
    rows
        The lists, in their language.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, OPTIONS)
    book.set_properties({"created": CREATED})
    formats = _formats(book)
    for name in SHEETS:
        _write(book, formats, getattr(rows, name), rows, words(rows.lang))
    book.close()
    return buffer.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    base = {"valign": "top"}
    return {
        "head": book.add_format(
            {"bold": True, "bg_color": "#E7EFEA", "bottom": 1, "text_wrap": True, "valign": "top"}
        ),
        "text": book.add_format({**base, "num_format": "@"}),
        "number": book.add_format({**base, "num_format": "#,##0"}),
        "gap": book.add_format({**base, "bg_color": "#F9D9D2"}),
        "full": book.add_format({**base, "bg_color": "#F6E7B8"}),
    }


def _write(book: Any, formats: dict[str, Any], sheet: Sheet, rows: Rows, say: Words) -> None:
    page = book.add_worksheet(say(f"sheet.{sheet.name}"))
    for column, name in enumerate(sheet.columns):
        page.write_string(0, column, header(name, rows, say), formats["head"])
    for number, row in enumerate(sheet.rows, start=1):
        for column, cell in enumerate(row):
            _write_cell(page, number, column, cell, formats)
    _lay_out(page, sheet, formats)


def header(name: str, rows: Rows, say: Words) -> str:
    """Return the header of a column; periods have no word of their own."""
    known = has_text(f"report.column.{name}", rows.lang, package="nichiiki")
    return say(f"column.{name}") if known else name


def _write_cell(page: Any, row: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:
    if isinstance(cell, int):
        page.write_number(row, column, cell, formats["number"])
    elif cell:
        page.write_string(row, column, cell, formats["text"])


def _lay_out(page: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    last_row, last_column = max(1, len(sheet)), len(sheet.columns) - 1
    page.freeze_panes(1, FROZEN.get(sheet.name, 1))
    page.autofilter(0, 0, last_row, last_column)
    for column, name in enumerate(sheet.columns):
        shown = [str(row[column]) for row in sheet.rows[:200] if row[column] is not None]
        widest = max([_width(text) for text in [name, *shown]], default=NARROW)
        page.set_column(column, column, min(WIDE, max(NARROW, widest + 2)))
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    _mark(page, sheet, formats, last_row)


def _mark(page: Any, sheet: Sheet, formats: dict[str, Any], last_row: int) -> None:
    if sheet.name == "loads":
        for row, cells in enumerate(sheet.rows, start=1):
            used, capacity, least = cells[-3:]
            if isinstance(used, int) and isinstance(capacity, int) and capacity and used >= capacity:
                page.write_number(row, len(cells) - 3, used, formats["full"])
    if sheet.name == "roles":
        for row, cells in enumerate(sheet.rows, start=1):
            least = cells[3]
            for column, cell in enumerate(cells[5:], start=5):
                if isinstance(cell, int) and isinstance(least, int) and cell < least:
                    page.write_number(row, column, cell, formats["gap"])


def _width(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
