"""The way of a newcomer: the tutorial on the first workbook works as written, in both languages."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

import nichiiki as nk
from nichiiki.cli.exits import Exit

TUTORIALS = Path(__file__).resolve().parents[2] / "docs" / "tutorials"
PAGES = [TUTORIALS / name for name in ("first-workbook.md", "first-workbook.ja.md")]
HEADERS = 4
"""Row of a sheet of the template that holds the headers."""


def tables(page: str) -> list[tuple[str, list[list[str]]]]:
    """Return the tables that are to be typed: name of the sheet, and its rows with the headers first."""
    found = re.findall(r"^\*\*(\w+)\*\*.*?\n\n((?:\|.*\n)+)", page, flags=re.MULTILINE)
    lines = [(sheet, table.splitlines()) for sheet, table in found]
    return [
        (sheet, [[cell.strip() for cell in line.strip("| ").split("|")] for line in (head, *rows)])
        for sheet, (head, _, *rows) in lines
    ]


def type_in(path: Path, page: str) -> None:
    """Type the tables of the tutorial into the workbook as a person would."""
    book = load_workbook(path)
    for sheet, (head, *rows) in tables(page):
        columns = {cell.value: number for number, cell in enumerate(book[sheet][HEADERS], start=1)}
        for number, row in enumerate(rows, start=HEADERS + 1):
            for name, value in zip(head, row, strict=True):
                book[sheet].cell(number, columns[name]).value = value
    book.save(path)


def commands(page: str) -> list[str]:
    blocks = re.findall(r"^```bash\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_the_first_workbook_works_as_written(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = PAGES[0].read_text("utf-8")
    template, check, marked, *rest = commands(page)

    def does(line: str, code: Exit = Exit.DONE) -> str:
        done = run(*shlex.split(line)[1:])
        assert done.exit_code == code, (line, done.output)
        shown: str = done.output
        return shown

    does(template)
    type_in(Path("my-town.xlsx"), page)
    does(check)
    wrong = page.replace("| h4 | 住まい | 1 | 住宅 | akiya-2 |", "| h4 | 住まい | 1 | 住宅 | akiya-9 |")
    type_in(Path("my-town.xlsx"), wrong)
    assert "akiya-9" in does(marked, Exit.BAD_INPUT)
    assert Path("marked.xlsx").is_file()
    type_in(Path("my-town.xlsx"), page)
    for line in rest:
        does(line)
    unplaced = Path("result/unplaced.csv").read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0].strip('"') for line in unplaced[1:]] == ["h4"]
    assert {path.name for path in Path("result").iterdir()} >= {"report-council.html", "report-public.html"}


def test_both_languages_type_the_same() -> None:
    english, japanese = (page.read_text("utf-8") for page in PAGES)
    assert tables(english) == tables(japanese)
    assert commands(english) == commands(japanese)


def test_without_links_it_is_said_that_nobody_can_travel(small: nk.Instance) -> None:
    instance = small.replace(links=[], products=[])
    result = nk.allocate(instance, policy="points")
    assert result.allocation is not None
    assert len(result.allocation.placements) == 0
    assert "no_route" in result.allocation.unplaced["rule"].tolist()
    assert nk.verify(instance, result.allocation) == []
