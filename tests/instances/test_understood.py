"""What is understood because its meaning is certain, what is refused because it is not, and hostile files."""

from __future__ import annotations

import io
import shutil
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest

from nichiiki_instances import inspect, read, write
from nichiiki_instances.cells import day, entries, flag, guard, integer, moment, municipality_code, unguard
from nichiiki_instances.headers import find_column, table_names, vocabulary, words
from nichiiki_instances.raw import BadCell
from nichiiki_instances.tabulating import find_header
from nichiiki_instances.text_files import decode, parse_csv
from nichiiki_instances.xlsx_guard import check_workbook
from nichiiki_models.columns import column_specs
from nichiiki_models.errors import FileError
from nichiiki_models.tables import TABLES

ROOT = Path(__file__).parents[2]
BASE = ROOT / "tests" / "data" / "base"
SHARED = ROOT.parent / "shared" / "data"
RENT = column_specs(TABLES["houses"])["rent_yen"]


@pytest.mark.parametrize(
    "text",
    [
        "30000",
        "３００００",
        "30,000",
        "30,000円",
        "３万円",
        "3.0万円",
        "30千円",
        "¥30,000",
        "￥30000",
        " 30000 ",
        "30000.0",
        "+30000",
    ],
)
def test_numbers(text: str) -> None:
    assert integer(text, RENT) == 30_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-01",
        "2026/4/1",
        "2026.4.1",
        "２０２６年４月１日",
        "令和8年4月1日",
        "R8.4.1",
        "r8/4/1",
        "2026-04-01 00:00:00",
    ],
)
def test_dates(text: str) -> None:
    assert day(text) == date(2026, 4, 1)


def test_first_years_of_eras() -> None:
    assert day("令和元年5月1日") == date(2019, 5, 1)
    assert day("H31.4.30") == date(2019, 4, 30)
    assert day("S64.1.7") == date(1989, 1, 7)
    for text in ("平成31年5月1日", "令和元年4月30日", "S64.1.8", "R0.5.1"):
        with pytest.raises(BadCell):
            day(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-01 09:30",
        "2026-04-01T09:30:00",
        "2026/4/1 9:30",
        "令和8年4月1日 9時30分",
        "2026-04-01T09:30:00+09:00",
    ],
)
def test_times(text: str) -> None:
    assert moment(text) == datetime(2026, 4, 1, 9, 30)


def test_day_numbers_only_in_workbooks() -> None:
    assert day("46113", serials=True) == date(2026, 4, 1)
    with pytest.raises(BadCell):
        day("46113")


def test_flags_and_lists() -> None:
    assert [flag(text) for text in ("○", "有", "はい", "TRUE", "１")] == [True] * 5
    assert [flag(text) for text in ("×", "無", "いいえ", "no", "0")] == [False] * 5
    assert entries("a；b、 c;") == ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("131016", "131016"),
        ("13101", "131016"),
        ("１３１０１６", "131016"),
        ("1100", "011002"),
        ("11002", None),
        ("01100", "011002"),
        ("94072", "094072"),
    ],
)
def test_municipality_codes(text: str, code: str | None) -> None:
    if code is None:
        with pytest.raises(BadCell):
            municipality_code(text)
    else:
        assert municipality_code(text) == code


@pytest.mark.parametrize("text", ["=1", "'=1", "''", "'a", " a", "a ", "a", "", "+", "＝1"])
def test_guard_is_reversible(text: str) -> None:
    assert unguard(guard(text)) == text


def test_words_are_unambiguous_and_complete() -> None:
    known = vocabulary()
    assert len(table_names()) == len(
        {word for name, all_words in known["tables"].items() for word in (name, *all_words)}
    )
    for table, schema in TABLES.items():
        titles = known["columns"][table]
        assert list(titles) == list(schema.model_fields)
        flat = [word for name, all_words in titles.items() for word in (name, *all_words)]
        assert len(flat) == len(set(flat)), table
        for name, spec in column_specs(schema).items():
            said = [word for value, all_words in words(table, name).items() for word in (value, *all_words)]
            assert len(said) == len(set(said)), (table, name)
            assert not spec.choices or all(words(table, name).values())


def test_headers_may_carry_the_unit_of_the_column() -> None:
    assert find_column("houses", "家賃（円）") == "rent_yen"
    assert find_column("houses", "家賃(万円)") is None


def changed(folder: Path, file: str, old: str, new: str) -> Path:
    shutil.copytree(BASE, folder / "x")
    text = (folder / "x" / file).read_text("utf-8")
    assert old in text
    (folder / "x" / file).write_text(text.replace(old, new, 1), "utf-8")
    return folder / "x"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("houses.csv", "50000", '"５０,０００円"'),
        ("houses.csv", "whole", "一戸"),
        ("houses.csv", "house_id", "\n# 令和8年度\n住宅一覧,,\n住宅ID"),
        ("households.csv", "true", "○"),
        ("households.csv", "p1;p2,,", "p1、p2,,"),
        ("regions.csv", "094072", "９４０７２"),
        ("periods.csv", "2026-05-31", "令和8年5月31日"),
        ("persons.csv", "a1,h1,38", " a1 ,h1,38歳"),
        ("persons.csv", "\na2", "\n\n,,,,,\na2"),
    ],
)  # fmt: skip
def test_understood_in_files(file: str, old: str, new: str, tmp_path: Path) -> None:
    if "住宅一覧" in new:
        target = changed(tmp_path, file, "house_id", "# 令和8年度\nx,,,,,,,,,,\nhouse_id")
    else:
        target = changed(tmp_path, file, old, new)
    assert inspect(target).problems == ()
    assert read(target).hash == read(BASE).hash


def attack(name: str, content: str, folder: Path) -> Path:
    """A good workbook with one part replaced."""
    write(read(BASE), folder / "good.xlsx")
    target = folder / "bad.xlsx"
    with (
        zipfile.ZipFile(folder / "good.xlsx") as good,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for part in good.namelist():
            bad.writestr(part, content if part == name else good.read(part))
    return target


SHEET = (
    '<worksheet><dimension ref="{0}"/><sheetData><row r="1">'
    '<c r="{1}"><v>1</v></c></row></sheetData></worksheet>'
)


@pytest.mark.parametrize(
    ("part", "content", "code"),
    [
        ("xl/worksheets/sheet1.xml", SHEET.format("A1", "XFD1048576"), "false_extent"),
        ("xl/worksheets/sheet1.xml", SHEET.format("A1:XFD1048576", "A1"), "false_extent"),
        ("xl/worksheets/sheet1.xml", SHEET.format("A1", "xfd1048576"), "false_extent"),
        ("xl/worksheets/sheet1.xml", SHEET.format("A1", "XFD1048576").replace("<c", "<x:c"), "false_extent"),
        ("xl/worksheets/sheet1.xml", SHEET.format("A1", "XFD1048576").replace('"', "'"), "false_extent"),
        (
            "xl/worksheets/sheet1.xml",
            SHEET.format("A1", "XFD1048576").replace("r=", "t='n' r ="),
            "false_extent",
        ),
        ("xl/worksheets/sheet1.xml", '<row r="1048576">' + "<c><v>1</v></c>" * 20 + "</row>", "false_extent"),
        ("xl/worksheets/sheet1.xml", "<row><c/></row>" * 2000 + "<row>" + "<c/>" * 2000, "false_extent"),
        (
            "xl/worksheets/sheet1.xml",
            ("<row>" + "<c/>" * 100 + "</row>") * 300 + "<row/>" * 25_000,
            "too_many_cells",
        ),
        (
            "xl/sharedStrings.xml",
            '<sst count="1" uniqueCount="4000000000"><si><t>a</t></si></sst>',
            "false_extent",
        ),
        ("xl/sharedStrings.xml", '<!DOCTYPE x [<!ENTITY a "b">]><sst/>', "dtd_in_workbook"),
        ("xl/worksheets/sheet1.xml", "<worksheet>" + " " * 20_000_000 + "</worksheet>", "swollen_workbook"),
    ],
)
def test_hostile_workbooks_are_refused(part: str, content: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        read(attack(part, content, tmp_path))
    assert [problem.code for problem in caught.value.problems] == [code]


def test_too_many_parts_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(2_001):
            archive.writestr(f"{number}.xml", "")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(FileError):
        check_workbook(buffer, "x.xlsx")


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.json").mkdir()
    (tmp_path / "data.json").write_text("{}")
    codes = {"none.json": "file_not_found", "none": "file_not_found", "odd.json": "missing_table"}
    for name, code in codes.items():
        found = caught_codes(tmp_path / name)
        assert code in found
    monkeypatch.setattr("nichiiki_instances.json_files.MOST_JSON", 1)
    assert caught_codes(tmp_path / "data.json") == ["file_too_large"]

    def fail(*_: object) -> bytes:
        raise PermissionError

    monkeypatch.setattr("nichiiki_instances.json_files.MOST_JSON", 9)
    monkeypatch.setattr(Path, "open", fail)
    assert caught_codes(tmp_path / "data.json") == ["not_readable"]


def caught_codes(path: Path) -> list[str]:
    try:
        return [problem.code for problem in inspect(path).problems]
    except FileError as error:
        return [problem.code for problem in error.problems]


def test_a_folder_in_place_of_a_table_and_a_huge_cell(tmp_path: Path) -> None:
    target = changed(tmp_path, "roles.csv", "消防団", "x" * 200_000)
    (target / "needs.csv").mkdir()
    assert set(caught_codes(target)) >= {"cell_too_large", "not_a_file"}


def shared(name: str) -> bytes:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"reference file {path} is not here")
    return path.read_bytes()


def test_real_file_with_a_preamble() -> None:
    grid = parse_csv(decode(shared("takamatsu_nursery_old_preamble.csv"), "nursery"), "nursery")
    known = {"name", "address", "capacity", "starttime", "#property"}
    assert find_header(grid.rows, lambda cell: cell.casefold() in known) == 6
    assert grid.lines[6] == 7
    assert grid.rows[9][1] == "高松市立瀬戸内保育所"


def test_real_file_in_cp932() -> None:
    grid = parse_csv(decode(shared("sample_cp932_localgov.csv"), "localgov"), "localgov")
    assert len(grid.rows) == 301
    assert grid.rows[1][1:4] == ["北海道", "1100", "札幌市"]
