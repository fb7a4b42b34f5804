"""Lists as municipalities have them: read by a mapping into correct tables, every doubt named with its cell."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_defects import BASE, DEFECTS, make, problems_of
from nichiiki_instances import inspect, read
from nichiiki_instances.building import OF_ONE_CELL, build_tables
from nichiiki_instances.mapping_files import ColumnMapping, ColumnRule, SourceRule, mapping_text, read_mapping
from nichiiki_instances.mapping_reading import add_mapped, count_weekdays, weekdays_in
from nichiiki_instances.mapping_suggesting import suggest
from nichiiki_instances.raw import BadCell, Grid, Parsed, Source, cell_name, column_number
from nichiiki_instances.reading import grids_of, read_lists
from nichiiki_models.errors import FileError
from nichiiki_models.problems import Problem
from nichiiki_models.texts import LANGUAGES

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("NICHIIKI_SHARED_DATA", ROOT.parent / "shared" / "data"))
TAKAMATSU = ROOT / "tests" / "data" / "mappings" / "takamatsu.toml"
PERIODS = "period_id,starts_on,ends_on\np1,2026-04-01,2026-04-30\np2,2026-05-01,2026-05-31\n"
HEAD = '[[source]]\nfile = "list.csv"\ntable = "{table}"\n{keys}\n[source.columns]\n'
FACILITY = """facility_id = { from = "番号", prefix = "n" }
region_id = { value = "nasu" }
lat = "緯度"
lon = "経度"
kind = { value = "nursery" }
name = "施設名"
"""
GOOD = "番号,施設名,緯度,経度\n1,あ保育所,37.0,140.1\n2,い保育所,37.1,140.2\n"


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"reference file {path} is not here")
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a list the plain way, beside the reader that is tested: header below ``#`` lines, then rows."""
    lines = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    at = next(index for index, line in enumerate(lines) if line[0] == "#property")
    named = (dict(zip(lines[at], line, strict=True)) for line in lines[at + 1 :])
    return [row for row in named if not row["#property"].startswith("#") and any(row.values())]


def mapped(
    tmp_path: Path, text: str, keys: str = "", columns: str = FACILITY, table: str = "facilities"
) -> Any:
    """Read one list by a mapping with one source; the periods are known."""
    (tmp_path / "list.csv").write_text(text, "utf-8")
    (tmp_path / "periods.csv").write_text(PERIODS, "utf-8")
    known = '[[source]]\nfile = "periods.csv"\ntable = "periods"\n[source.columns]\n'
    known += "".join(f'{name} = "{name}"\n' for name in ("period_id", "starts_on", "ends_on"))
    path = tmp_path / "mapping.toml"
    path.write_text(HEAD.format(table=table, keys=keys) + columns + known, "utf-8")
    return read_lists([tmp_path / "list.csv", tmp_path / "periods.csv"], path)


# ---- the real files


@pytest.mark.parametrize("name", ["takamatsu_nursery.csv", "takamatsu_nursery_original.xlsx"])
def test_real_nurseries(name: str) -> None:
    expected = rows_of(shared("takamatsu_nursery.csv"))
    tables, problems = read_lists([shared(name)], _with_periods(name))
    facilities, seats = tables["facilities"], tables["seats"]
    assert [problem for problem in problems if problem.severity == "error"] == []
    assert facilities["name"].tolist() == [row["name"] for row in expected]
    assert len(facilities) == 118
    assert np.allclose(facilities["lat"], [float(row["latitude"]) for row in expected])
    assert np.allclose(facilities["lon"], [float(row["longitude"]) for row in expected])
    given_seats = [row for row in expected if row["capacity"] and row["availableDate"]]
    held = [int(re.findall(r"\d+", row["capacity"])[-1]) for row in given_seats]
    assert seats["seats"].tolist() == [count for count in held for _ in range(2)]
    # April 2026 has 22 Mondays to Fridays and 4 Saturdays, May 21 and 5
    assert set(seats["days"].tolist()) == {26}


def _with_periods(name: str) -> ColumnMapping:
    """Return the Takamatsu mapping of one file, with two periods said by it to lie in the same file."""
    rules = read_mapping(TAKAMATSU)
    own = [source for source in rules.sources if source.reads(Source(name))]
    calendar = [
        SourceRule(
            file=name,
            table="periods",
            skip={"#property": ("[!1]", "??*")},
            ignore=("*",),
            columns={
                "period_id": ColumnRule(value=period),
                "starts_on": ColumnRule(value=first),
                "ends_on": ColumnRule(value=last),
            },
        )
        for period, first, last in (("p1", "2026-04-01", "2026-04-30"), ("p2", "2026-05-01", "2026-05-31"))
    ]
    return ColumnMapping(sources=(*calendar, *own))


def test_real_nurseries_below_a_preamble() -> None:
    path = shared("takamatsu_nursery_old_preamble.csv")
    expected = [row for row in rows_of(path) if row["#property"]]
    suggestion = suggest(grids_of(path)[0], {"region_id": "takamatsu", "seats.band": "age3"})
    tables, problems = read_lists([path], suggestion.mapping)
    lat, lon = tables["facilities"]["lat"], tables["facilities"]["lon"]
    places = [row["location"].split(",") for row in expected]
    assert len(expected) == len(lat) == 117
    known = [at for at, (north, _) in enumerate(places) if north]
    assert np.allclose(lat[known], [float(places[at][0]) for at in known])
    assert np.allclose(lon[known], [float(places[at][1]) for at in known])
    assert {p.cell for p in problems if p.code == "unclear_part"} == {"G77", "G83"}
    odd = [row for row in expected if not re.fullmatch(r"\d*", row["capacity"])]
    assert len([p for p in problems if p.code == "not_a_number"]) == len(odd) > 10


def test_real_schools_housing_and_fire_brigades() -> None:
    names = ("takamatsu_primary_school.csv", "takamatsu_municipal_housing.csv", "takamatsu_fire_brigade.csv")
    rules = read_mapping(TAKAMATSU)
    chosen = tuple(source for source in rules.sources if source.file in names)
    tables, problems = read_lists([shared(name) for name in names], ColumnMapping(sources=chosen))
    assert [(p.code, p.params) for p in problems] == [("rows_left_out", {"count": "2"})]
    assert {name: len(table) for name, table in tables.items()} == {
        "facilities": 53,
        "houses": 30,
        "roles": 91,
    }
    assert tables["facilities"]["name"][0] == "高松市立新番丁小学校"
    assert tables["facilities"]["facility_id"][0] == "s1"
    assert tables["roles"]["title"][1] == "高松市消防団西部分団第１部屯所"
    assert tables["houses"]["lon"][0] == pytest.approx(134.06490306)


def test_real_shelters_with_marks() -> None:
    path = shared("takamatsu_evacuation.csv")
    chosen = tuple(source for source in read_mapping(TAKAMATSU).sources if source.file == path.name)
    tables, problems = read_lists([path], ColumnMapping(sources=chosen))
    marks = {"flood_L1": "flood", "inundation": "inland_flood", "sedimentDisaster": "landslide",
             "stormSurge": "storm_surge", "tunami": "tsunami", "earthquake": "earthquake"}  # fmt: skip
    expected = [row for row in rows_of(path) if row["capacity"]]
    unclear = [row for row in expected if not {row[title] for title in marks} <= {"○", "×", ""}]
    clear = [row for row in expected if row not in unclear]
    assert len([p for p in problems if p.code == "unclear_mark"]) == len(unclear) > 50
    hazards = dict(zip(tables["houses"]["house_id"].tolist(), tables["houses"].lists("hazards"), strict=True))
    for row in clear:
        held = {entry for title, entry in marks.items() if row[title] == "×"}
        assert set(hazards[f"e{row['#property']}"]) == held
    assert tables["houses"]["units"].sum() == sum(int(row["capacity"]) for row in expected)


def test_real_list_in_cp932_with_lost_zeros() -> None:
    path = shared("sample_cp932_localgov.csv")
    suggestion = suggest(grids_of(path)[0])
    tables, problems = read_lists([path], suggestion.mapping)
    regions = tables["regions"]
    assert [p for p in problems if p.severity == "error"] == []
    assert len(regions) == 300
    assert (regions["name"][0], regions["municipality_code"][0]) == ("札幌市", "011002")
    assert regions["lat"][0] == pytest.approx(43.06208877)


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("takamatsu_nursery.csv", ["facilities", "seats"]),
        ("takamatsu_nursery_original.xlsx", ["facilities", "seats"]),
        ("takamatsu_primary_school.csv", ["facilities"]),
        ("takamatsu_municipal_housing.csv", ["houses"]),
        ("takamatsu_evacuation.csv", ["places"]),
        ("takamatsu_fire_brigade.csv", ["roles"]),
        ("sample_cp932_localgov.csv", ["regions"]),
    ],
)
def test_suggested_tables_of_real_files(name: str, tables: list[str]) -> None:
    suggestion = suggest(grids_of(shared(name))[0])
    assert [source.table for source in suggestion.mapping.sources] == tables
    for source in suggestion.mapping.sources:
        if source.table != "seats":
            found = {rule.header for rule in source.columns.values()}
            assert {"latitude", "longitude"} <= found or {"lat", "lng"} <= found


# ---- layouts


def test_header_of_two_rows_unit_row_and_merged_cells(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "一覧"
    for row in (
        ["令和8年度 保育施設一覧"],
        [],
        ["地区", "施設名", "位置", "", "定員"],
        ["", "", "緯度", "経度", "(人)"],
        ["黒田原", "あ保育所", 37.0, 140.1, "１２人"],
        ["", "い保育所", 37.1, 140.2, 20],
    ):
        page.append(row)
    for area in ("A1:E1", "C3:D3", "A3:A4", "B3:B4", "A5:A6"):
        page.merge_cells(area)
    path = tmp_path / "nursery.xlsx"
    book.save(path)
    suggestion = suggest(grids_of(path)[0], {"region_id": "nasu", "seats.band": "age3"})
    (facilities, seats) = suggestion.mapping.sources
    assert facilities.header_rows == 2
    assert facilities.columns["lat"].header == "位置/緯度"
    assert seats.columns["seats"].header == "定員(人)"
    columns = {**facilities.columns, "facility_id": ColumnRule(header="施設名")}
    rules = ColumnMapping(sources=(
        facilities.model_copy(update={"columns": columns}),
        seats.model_copy(update={"columns": {**seats.columns, "facility_id": ColumnRule(header="施設名")}}),
    ))  # fmt: skip
    tables, problems = read_lists([path], rules)
    assert tables["seats"]["seats"].tolist() == [12, 20]
    assert [(p.code, p.cell) for p in problems] == [("merged_filled", "A5")]


def test_several_lists_in_one_sheet(tmp_path: Path) -> None:
    text = "1. 保育所\n番号,施設名,緯度,経度,定員\n1,あ保育所,37.0,140.1,12\n合計,,,,12\n\n"
    text += "2. 住宅\n物件番号,緯度,経度,定員人数,賃料\n7,37.2,140.3,4,３万円\n"
    (tmp_path / "list.csv").write_text(text, "cp932")
    given = {"region_id": "nasu", "seats.band": "age3"}
    rules = suggest(grids_of(tmp_path / "list.csv")[0], given).mapping
    assert [source.table for source in rules.sources] == ["facilities", "seats", "houses"]
    skipped = tuple(
        source.model_copy(update={"skip": {"番号": ("合計",)}}) if "番号" in source.headers else source
        for source in rules.sources
    )
    tables, problems = read_lists([tmp_path / "list.csv"], ColumnMapping(sources=skipped))
    assert [p.code for p in problems] == ["rows_left_out", "rows_left_out"]
    assert tables["facilities"]["name"].tolist() == ["あ保育所"]
    assert tables["houses"]["rent_yen"].tolist() == [30_000]
    assert tables["houses"]["house_id"].tolist() == ["list-7"]


def test_cells_left_empty_under_a_merged_one(tmp_path: Path) -> None:
    text = "地区,番号,施設名,緯度,経度\n黒田原,1,あ保育所,37.0,140.1\n,2,い保育所,37.1,140.2\n"
    columns = FACILITY.replace(
        'region_id = { value = "nasu" }', 'region_id = { from = "地区", words = { "黒田原" = "nasu" } }'
    )
    tables, problems = mapped(tmp_path, text, 'fill_down = ["地区"]', columns)
    assert tables["facilities"]["region_id"].tolist() == ["nasu", "nasu"]
    assert problems == ()


def test_two_headers_alike_are_told_apart_by_letter(tmp_path: Path) -> None:
    text = GOOD.replace("経度", "経度,経度").replace("140.1", "140.1,141.1").replace("140.2", "140.2,141.2")
    _, problems = mapped(tmp_path, text)
    assert [(p.code, p.params["cells"]) for p in problems] == [("mapping_two_columns", "D1, E1")]
    tables, problems = mapped(tmp_path, text, "", FACILITY.replace('"経度"', '{ letter = "E" }'))
    assert tables["facilities"]["lon"].tolist() == [141.1, 141.2]
    assert [(p.code, p.cell) for p in problems] == [("unmapped_column", "D1")]


def test_lists_and_tables_fill_one_table(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    shutil.copytree(BASE, folder)
    (folder / "nurseries.csv").write_text(GOOD.replace("2,い", "x y,い"), "utf-8")
    columns = HEAD.format(table="facilities", keys="").replace("list.csv", "nurseries.csv") + FACILITY
    (folder / "mapping.toml").write_text(columns, "utf-8")
    (found,) = inspect(folder).problems
    assert (found.code, found.file, found.cell, found.value) == ("bad_id", "nurseries.csv", "A3", "nx y")
    (folder / "nurseries.csv").write_text(GOOD, "utf-8")
    instance = read(folder)
    assert {"n1", "n2"} < set(instance.facilities["facility_id"].tolist())
    assert len(instance.facilities) == len(read(BASE).facilities) + 2


# ---- planted defects: the code and the cell of each

# ruff: noqa: E501
DEFECTIVE: dict[str, tuple[str, str, str, str, str | None]] = {
    # name: (list, keys of the source, columns, code, cell)
    "no such header": (GOOD, "", FACILITY.replace('"経度"', '"東経"'), "mapping_no_header", None),
    "no header at all": ("1,2,3,4\n", "", FACILITY, "mapping_no_header", None),
    "open value": (GOOD, "", FACILITY.replace('"nasu"', '"?"'), "mapping_open", None),
    "no source for a required column": (GOOD, "", FACILITY.replace('kind = { value = "nursery" }\n', ""), "missing_column", None),
    "unread column": (GOOD.replace("経度", "経度,電話").replace("140.1", "140.1,0287"), "", FACILITY, "unmapped_column", "E1"),
    "number in words": (GOOD.replace("37.1", "約37"), "", FACILITY, "not_a_number", "C3"),
    "outside Japan": (GOOD.replace("37.1", "73.1"), "", FACILITY, "too_large", "C3"),
    "swapped coordinates": (GOOD.replace("37.1,140.2", "140.2,37.1"), "", FACILITY, "too_large", "C3"),
    "empty cell": (GOOD.replace("37.1", ""), "", FACILITY, "empty_cell", "C3"),
    "id twice": (GOOD.replace("2,い", "1,い"), "", FACILITY, "duplicate", "A3"),
    "id with a blank": (GOOD.replace("2,い", "2 b,い"), "", FACILITY, "bad_id", "A3"),
    "part missing": (GOOD, "", FACILITY.replace('"緯度"', '{ from = "施設名", split = ",", part = 2 }'), "unclear_part", "B2"),
    "pattern missing": (GOOD.replace("37.1", "北緯37.1"), "", FACILITY.replace('"緯度"', '{ from = "緯度", pattern = "^(\\\\d+\\\\.\\\\d+)" }'), "unclear_pattern", "C3"),
    "word not in the map": (GOOD.replace("施設名", "施設名,種類").replace("保育所,", "保育所,公立,"), "", FACILITY.replace('{ value = "nursery" }', '{ from = "種類", words = { "私立" = "nursery" } }'), "unknown_word", "C2"),
    "constant that is no choice": (GOOD, "", FACILITY.replace('"nursery"', '"保育室"'), "unknown_word", None),
    "mark in between": (GOOD.replace("経度", "経度,洪水").replace("140.1", "140.1,△").replace("140.2", "140.2,×"), "", FACILITY + 'consent_regions = { marks = { "洪水" = "nasu" }, yes = ["○"], no = ["×"] }\n', "unclear_mark", "E2"),
    "weekdays unclear": (GOOD.replace("経度", "経度,曜日").replace("140.1", "140.1,月火木他").replace("140.2", "140.2,月～土"), "each_period = true", 'facility_id = { from = "番号", prefix = "n" }\nband = { value = "age3" }\nperiod_id = { period = true }\nseats = { value = "1" }\ndays = { from = "曜日", weekdays = true }\n', "unclear_weekdays", "E2"),
    "letter beyond the list": (GOOD, "", FACILITY.replace('"経度"', '{ letter = "Z" }'), "mapping_no_header", None),
    "too many cells": (GOOD.replace("140.1", "140.1,9"), "", FACILITY, "cell_without_header", "E2"),
    "damaged text": (GOOD.replace("あ保", "\N{REPLACEMENT CHARACTER}保"), "", FACILITY, "damaged_text", "B2"),
    "name too long": (GOOD.replace("あ保", "あ" * 300), "", FACILITY, "too_long", "B2"),
    "date in a number": (GOOD.replace("37.1", "2026/4/1"), "", FACILITY, "not_a_number", "C3"),
    "rows left out": (GOOD, 'skip = { "番号" = ["2"] }', FACILITY, "rows_left_out", None),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFECTIVE)
def test_planted_defect_in_a_list(name: str, tmp_path: Path) -> None:
    text, keys, columns, code, cell = DEFECTIVE[name]
    table = "seats" if "weekdays" in columns else "facilities"
    _, problems = mapped(tmp_path, text, keys, columns, table)
    assert code in {p.code for p in problems}, [p.message("en") for p in problems]
    found = next(p for p in problems if p.code == code)
    assert found.cell == cell
    assert (found.file or "").startswith("list.csv")
    for lang in LANGUAGES:
        assert all(found.parts(lang).values())


def test_a_list_without_a_file_is_named(tmp_path: Path) -> None:
    rules = ColumnMapping(sources=(SourceRule(file="absent.csv", table="houses", columns={}),))
    (tmp_path / "other.csv").write_text(GOOD, "utf-8")
    _, problems = read_lists([tmp_path / "other.csv"], rules)
    assert {p.code for p in problems} == {"mapping_no_file", "unmapped_sheet"}


def test_each_period_needs_periods(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(GOOD, "utf-8")
    columns = {"facility_id": ColumnRule(header="番号"), "period_id": ColumnRule(period=True)}
    source = SourceRule(file="list.csv", table="seats", each_period=True, columns=columns)
    _, problems = read_lists([tmp_path / "list.csv"], ColumnMapping(sources=(source,)))
    assert "mapping_no_periods" in {p.code for p in problems}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("mapping_missing", "[[source]]\n"),
        ("mapping_table", HEAD.format(table="house", keys="")),
        ("mapping_column", HEAD.format(table="houses", keys="") + 'rooms = "x"\n'),
        ("mapping_origin", HEAD.format(table="houses", keys="") + 'lat = { from = "x", value = "1" }\n'),
        ("mapping_origin", HEAD.format(table="houses", keys="") + "lat = {}\n"),
        ("mapping_pattern", HEAD.format(table="houses", keys="") + 'lat = { from = "x", pattern = "(" }\n'),
        ("mapping_pattern", HEAD.format(table="houses", keys="") + 'lat = { from = "x", pattern = "x" }\n'),
        ("mapping_each_period", HEAD.format(table="houses", keys="") + "lat = { period = true }\n"),
        ("mapping_wrong", HEAD.format(table="houses", keys="header_rows = 9") + 'lat = "x"\n'),
        ("mapping_unknown", HEAD.format(table="houses", keys="unknown = 1") + 'lat = "x"\n'),
        ("mapping_wrong", 'format = "other/1"\n' + HEAD.format(table="houses", keys="") + 'lat = "x"\n'),
    ],
)
def test_a_mapping_without_meaning_is_refused(code: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text(text, "utf-8")
    with pytest.raises(FileError) as caught:
        read_mapping(tmp_path / "mapping.toml")
    assert {p.code for p in caught.value.problems} == {code}
    assert all(p.header for p in caught.value.problems)


def test_files_that_are_no_lists_are_refused(tmp_path: Path) -> None:
    (tmp_path / "list.pdf").write_bytes(b"%PDF")
    with pytest.raises(FileError) as caught:
        grids_of(tmp_path / "list.pdf")
    assert caught.value.problems[0].code == "not_a_list"
    (tmp_path / "mapping.toml").write_text("[[source\n", "utf-8")
    with pytest.raises(FileError) as caught:
        read_mapping(tmp_path / "mapping.toml")
    assert caught.value.problems[0].code == "broken_toml"


@pytest.mark.slow  # all defects once more; what `test_defect` reads names cells, too
def test_every_problem_names_the_very_cell(tmp_path: Path) -> None:
    """In all planted defects of the data format the named cell is under the header that the problem names.

    Its value is what is written there, or for rules about whole rows somewhere in the row.
    """
    checked: Counter[str] = Counter()
    for name in DEFECTS:
        target = make(name, tmp_path)
        for problem in problems_of(target):
            if problem.cell and problem.value and problem.row is not None:
                grid, line, column = _place(target, problem)
                row = grid.rows[list(grid.lines).index(line)]
                wanted = problem.value.split(" / ")[0]
                assert wanted in (row[column] if problem.code in OF_ONE_CELL else "\n".join(row)), (
                    name,
                    problem,
                )
                assert problem.header in [above[column] for above in grid.rows if len(above) > column], name
                checked[problem.code] += 1
    assert len(checked) >= 40
    assert sum(checked.values()) >= 60


def _place(target: Path, problem: Problem) -> tuple[Grid, int, int]:
    file, _, sheet = str(problem.file).partition(" [")
    path = target if target.is_file() else target / file
    grid = next(grid for grid in grids_of(path)[0] if not sheet or f"[{sheet}" in grid.source.file)
    match = re.fullmatch(r"([A-Z]+)(\d+)", str(problem.cell))
    assert match
    return grid, int(match[2]), column_number(match[1]) - 1


# ---- small parts


@given(st.integers(min_value=1, max_value=20_000))
def test_letters_of_columns_both_ways(number: int) -> None:
    assert column_number(cell_name(1, number)[:-1]) == number


POOL = ["", "番号", "施設名", "緯度", "経度", "定員", "(人)", "住宅", "家賃", "1", "37.0", "140.1", "37.0,140.1",
        "○", "△", "月火水", "011002", "合計", "\n", "あ保育所", "#property", "2026-04-01"]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(POOL), min_size=1, max_size=6), min_size=1, max_size=8), st.data())
def test_any_sheet_is_looked_at_without_a_crash(rows: list[list[str]], data: st.DataObject) -> None:
    lines = sorted(data.draw(st.sets(st.integers(1, 30), min_size=len(rows), max_size=len(rows))))
    grid = Grid(Source("list.csv"), rows, lines, merged=[(lines[0], 1, lines[-1], 2)])
    suggestion = suggest([grid], {"region_id": "nasu"})
    parsed = Parsed()
    add_mapped(parsed, [grid], suggestion.mapping, None)
    build_tables(parsed)
    for problem in parsed.problems:
        assert problem.message("ja")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("月火水木金土", "012345"),
        ("月・水・金", "024"),
        ("月～金", "01234"),
        ("月曜日から土曜日", "012345"),
        ("土、日", "56"),
        ("毎日", "0123456"),
        ("平日", "01234"),
        ("日", "6"),
    ],
)
def test_weekdays(text: str, days: str) -> None:
    assert weekdays_in(text) == {int(day) for day in days}


@pytest.mark.parametrize("text", ["", "月月", "金～月", "祝日", "月火 他", "月-火-水", "第1月曜"])
def test_weekdays_that_are_not_certain(text: str) -> None:
    with pytest.raises(BadCell):
        weekdays_in(text)


def test_weekdays_are_counted_in_a_period() -> None:
    assert count_weekdays("月火水木金", date(2026, 4, 1), date(2026, 4, 30)) == 22
    assert count_weekdays("日", date(2026, 4, 5), date(2026, 4, 5)) == 1


words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


@given(
    st.dictionaries(words, words, max_size=3),
    words,
    st.lists(words, max_size=3),
    st.dictionaries(words, st.lists(words, max_size=2), max_size=2),
)
def test_a_mapping_is_written_and_read_without_loss(
    tmp_path_factory: pytest.TempPathFactory,
    values: dict[str, str],
    header: str,
    ignore: list[str],
    skip: Any,
) -> None:
    columns = {
        "name": ColumnRule(header=header, words=values, empty="", prefix=header),
        "hazards": ColumnRule(marks=values or {"x": "flood"}, yes=("○",), no=("×", "")),
        "region_id": ColumnRule(value=header),
    }
    source = SourceRule(file=header, table="facilities", ignore=tuple(ignore), skip=skip, columns={
        name: rule for name, rule in columns.items() if name != "hazards"
    })  # fmt: skip
    homes = source.model_copy(update={"table": "houses", "columns": {"hazards": columns["hazards"]}})
    mapping = ColumnMapping(sources=(source, homes))
    path = tmp_path_factory.mktemp("mapping") / "mapping.toml"
    path.write_text(mapping_text(mapping, {(0, "name"): "remark"}), "utf-8", newline="\n")
    assert read_mapping(path) == mapping
