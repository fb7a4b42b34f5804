"""The workbook: the lists of a result as sheets with frozen headers and filters, never a formula."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import xlsxwriter

from nichiiki.outputs import OUTPUTS
from nichiiki.report.chart import flows_of
from nichiiki.report.marked import OPTIONS, sheet_names
from nichiiki.report.notices import Contact, notices
from nichiiki.report.recipients import sheets_of
from nichiiki.report.rest import MOST_SEARCHED
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
MOST_REGIONS, CHART_ROWS = 40, 18
MOST_ROWS = MOST_SEARCHED
"""Rows below the header that a sheet shows, as many as the page searches: a workbook of lists as long as Excel can hold takes
minutes to write, minutes to open, and gigabytes. The CSV files hold every row."""
MOST_LETTERS = 1_048_575
"""Rows of the letters where they have names: as many as a sheet of Excel can hold, since a mail merge reads them from nowhere else."""
FROZEN = {"house_calendar": 1, "roles": 2}
"""How many columns stay in view beside the header row."""

CREATED = datetime(2000, 1, 1)
"""A fixed date of creation: the same result gives the same bytes; when it was made is a matter of the file system."""


def workbook_bytes(rows: Rows, contacts: Mapping[str, Contact] | None = None) -> bytes:
    """Return the workbook of a result: charts, lists, data of the letters, and a sheet for each recipient.

    Parameters
    ----------
    rows
        The lists, in their language.
    contacts
        Who the households are, for the letters only.
    """
    buffer, say = io.BytesIO(), words(rows.lang)
    book = xlsxwriter.Workbook(buffer, OPTIONS)
    book.set_properties({"created": CREATED})
    formats = _formats(book)
    _write_summary(book, formats, rows, say)
    for sheet in (getattr(rows, name) for name in SHEETS):
        _write(book, formats, _shown(sheet, say), rows, say, say(f"sheet.{sheet.name}"))
    letters = _shown(notices(rows, contacts or {}), say, MOST_LETTERS if contacts else MOST_ROWS)
    _write(book, formats, letters, rows, say, say("sheet.notices"))
    recipients = list(sheets_of(rows))
    taken = [page.get_name() for page in book.worksheets()]
    titles = sheet_names([*taken, *(say(f"sheet.{kind}", name=name) for kind, name, _ in recipients)])
    for title, (_, _, sheet) in zip(titles[len(taken) :], recipients, strict=True):
        _write(book, formats, _shown(sheet, say), rows, say, title)
    book.close()
    return buffer.getvalue()


def _write_summary(book: Any, formats: dict[str, Any], rows: Rows, say: Words) -> None:
    """Write the sheet with the charts: three small tables, and a chart of each beside them."""
    page = book.add_worksheet(say("sheet.summary"))
    page.set_column(0, 0, 26)
    row = 0
    for key, kind, lines in _summaries(rows, say):
        _write_summary_table(book, page, formats, (key, kind), lines, row, say)
        row += max(len(lines) + 3, CHART_ROWS)


def _summaries(rows: Rows, say: Words) -> Iterator[tuple[str, str, list[tuple[str, int]]]]:
    facts = rows.facts
    ranks = +facts.rank_counts()
    order = sorted(ranks, key=lambda rank: (rank == 0, rank))
    yield (
        "ranks",
        "column",
        [(say("public.rank", rank=rank) if rank else say("public.unlisted"), ranks[rank]) for rank in order],
    )
    hosts: Counter[str] = Counter()
    for (_, host), households in flows_of(facts).items():
        hosts[host] += households
    named = [(facts.region_name(host), households) for host, households in hosts.most_common(MOST_REGIONS)]
    yield "hosts", "bar", named
    used = dict(zip(facts.periods, rows.uses.houses.sum(axis=1).tolist(), strict=True))
    yield "units", "line", [(period, used[period]) for period in facts.open_periods]


def _write_summary_table(
    book: Any,
    page: Any,
    formats: dict[str, Any],
    what: tuple[str, str],
    lines: list[tuple[str, int]],
    top: int,
    say: Words,
) -> None:
    key, kind = what
    page.write_string(top, 0, say(f"summary.{key}"), formats["head"])
    page.write_string(top, 1, say(f"summary.{key}.count"), formats["head"])
    for at, (name, count) in enumerate(lines, start=top + 1):
        page.write_string(at, 0, name, formats["text"])
        page.write_number(at, 1, count, formats["number"])
    if not lines:
        return
    chart = book.add_chart({"type": kind})
    sheet, last = page.get_name(), top + len(lines)
    chart.add_series(
        {
            "name": [sheet, top, 1],
            "categories": [sheet, top + 1, 0, last, 0],
            "values": [sheet, top + 1, 1, last, 1],
            "fill": {"color": "#1F6B52"},
            "line": {"color": "#1F6B52"},
        }
    )
    chart.set_title({"name": say(f"summary.{key}"), "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    if kind == "bar":
        chart.set_y_axis({"reverse": True})
    page.insert_chart(top, 3, chart, {"x_scale": 1.3, "y_scale": 1.0})


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


def _write(book: Any, formats: dict[str, Any], sheet: Sheet, rows: Rows, say: Words, title: str) -> None:
    page = book.add_worksheet(title)
    for column, name in enumerate(sheet.columns):
        page.write_string(0, column, header(name, rows, say), formats["head"])
    for number, row in enumerate(sheet.rows, start=1):
        for column, cell in enumerate(row):
            _write_cell(page, number, column, cell, formats)
    _lay_out(page, sheet, formats)


def _shown(sheet: Sheet, say: Words, most: int | None = None) -> Sheet:
    """Return the rows that a sheet shows; where a list is longer its last row says so, and where all of it is."""
    most = most or MOST_ROWS
    beyond = len(sheet) - most
    if beyond <= 0:
        return replace(sheet, rows=list(sheet.rows))
    file = f"{sheet.name}.csv"
    key = "sheet.beyond" if file in OUTPUTS else "sheet.beyond.nowhere"
    note = (say(key, count=f"{beyond + 1:,}", file=file), *[None] * (len(sheet.columns) - 1))
    return replace(sheet, rows=[*sheet.first(most - 1), note])


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
        shown = [str(row[column]) for row in sheet.first(200) if row[column] is not None]
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
