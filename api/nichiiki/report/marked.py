"""A copy of the files read, as one workbook with every cell that has a problem marked red and commented."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import xlsxwriter

from nichiiki.report.words import words
from nichiiki_instances.raw import Grid, column_number
from nichiiki_models.problems import Problem
from nichiiki_models.texts import Lang

OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""Options of a workbook in which no text becomes anything else."""
MOST_COMMENTS = 5_000
"""Comments a workbook holds; further cells are marked only, and every problem is in its list."""
MOST_ROWS = 1_048_576
LONGEST_CELL = 32_767
LONGEST_COMMENT = 2_000
LIST_COLUMNS = ("severity", "file", "line", "column", "value", "what", "allowed", "remedy")
_CELL = re.compile(r"([A-Z]+)(\d+)")
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\']")


def marked_bytes(grids: Sequence[Grid], problems: Sequence[Problem], lang: Lang) -> bytes:
    """Return the workbook: a list of all problems, then each file or sheet with its cells where they were.

    Parameters
    ----------
    grids
        What was read. Texts stay texts; layout and formulas of a workbook are not copied.
    problems
        What is wrong.
    lang
        Language of list and comments.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, OPTIONS)
    styles = {
        "error": book.add_format({"bg_color": "#F4B6AC", "font_color": "#7A1007", "num_format": "@"}),
        "warning": book.add_format({"bg_color": "#F9E6A8", "num_format": "@"}),
        "text": book.add_format({"num_format": "@"}),
        "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        "head": book.add_format({"bold": True, "bg_color": "#E7EFEA", "bottom": 1}),
    }
    first = words(lang)("marked.sheet")
    names = sheet_names([first, *(grid.source.file for grid in grids)])
    sheets = {grid.source.file: name for grid, name in zip(grids, names[1:], strict=True)}
    _write_list(book.add_worksheet(names[0]), problems, sheets, styles, lang)
    for grid, name in zip(grids, names[1:], strict=True):
        own = [problem for problem in problems if problem.file == grid.source.file]
        _write_grid(book.add_worksheet(name), grid, own, styles, lang)
    book.close()
    return buffer.getvalue()


def sheet_names(labels: Iterable[str]) -> list[str]:
    """Return names that sheets may have, one a label, all different: the sheet of ``file [sheet]``, else the file."""
    found: list[str] = []
    for label in labels:
        inner = re.search(r"\[(.*)\]$", label)
        plain = inner[1] if inner else label.rsplit(".", 1)[0]
        plain = _NOT_IN_A_NAME.sub("_", plain).strip() or "_"
        name, number = plain[:31], 2
        while name.casefold() in {other.casefold() for other in found}:
            name, number = f"{plain[:27]}_{number}", number + 1
        found.append(name)
    return found


def _write_list(
    page: Any, problems: Sequence[Problem], sheets: Mapping[str, str], styles: Mapping[str, Any], lang: Lang
) -> None:
    say = words(lang)
    for column, name in enumerate(("cell", *LIST_COLUMNS)):
        page.write_string(0, column, say(f"marked.{name}"), styles["head"])
        page.set_column(column, column, 44 if name in ("what", "allowed", "remedy") else 14)
    for row, problem in enumerate(problems[: MOST_ROWS - 1], start=1):
        sheet, cell = sheets.get(problem.file or ""), _place(problem)
        if sheet and cell:
            page.write_url(row, 0, f"internal:'{sheet}'!{cell}", string=cell)
        for column, text in enumerate(_list_row(problem, lang), start=1):
            page.write_string(row, column, text[:LONGEST_CELL], styles["wrap"])
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, max(1, len(problems)), len(LIST_COLUMNS))


def _list_row(problem: Problem, lang: Lang) -> Iterator[str]:
    parts = problem.parts(lang)
    yield words(lang)(f"marked.{problem.severity}")
    yield problem.file or problem.table or ""
    yield "" if problem.line is None else str(problem.line)
    yield problem.header or problem.column or ""
    yield problem.value or ""
    yield from (parts[part] for part in ("what", "allowed", "remedy"))


def _place(problem: Problem) -> str | None:
    """Name of the cell to mark: that of the problem, or the first of its row."""
    return problem.cell or (f"A{problem.line}" if problem.line is not None else None)


def _write_grid(
    page: Any, grid: Grid, problems: Sequence[Problem], styles: Mapping[str, Any], lang: Lang
) -> None:
    marks: dict[tuple[int, int], list[Problem]] = {}
    for problem in problems:
        place = _CELL.fullmatch(_place(problem) or "")
        if place:
            at = int(place[2]) - 1, column_number(place[1]) - 1
            marks.setdefault(at, []).append(problem)
    cells = _cells(grid)
    for (row, column), cell in cells.items():
        if cell and (row, column) not in marks:
            page.write_string(row, column, cell[:LONGEST_CELL], styles["text"])
    for number, ((row, column), found) in enumerate(marks.items()):
        style = styles["error" if any(each.severity == "error" for each in found) else "warning"]
        text = cells.get((row, column), "")
        if text:
            page.write_string(row, column, text[:LONGEST_CELL], style)
        else:
            page.write_blank(row, column, None, style)
        if number < MOST_COMMENTS:
            page.write_comment(row, column, _comment(found, lang), {"x_scale": 2.4, "y_scale": 1.6})
    last = max(grid.lines, default=1)
    page.ignore_errors({"number_stored_as_text": f"A1:XFD{last}"})
    page.set_column(0, 40, 14)


def _cells(grid: Grid) -> dict[tuple[int, int], str]:
    """Cells by row and column, from 0."""
    return {
        (line - 1, column): cell
        for line, row in zip(grid.lines, grid.rows, strict=True)
        for column, cell in enumerate(row)
    }


def _comment(problems: Sequence[Problem], lang: Lang) -> str:
    told = "\n\n".join("\n".join(problem.parts(lang).values()) for problem in problems)
    return told[:LONGEST_COMMENT]
