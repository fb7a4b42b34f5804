"""Letters, charts and maps of a result: names come from the contacts alone, and go nowhere else."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

import nichiiki as nk
from nichiiki.cli.exits import Exit
from nichiiki.report.facts import Facts
from nichiiki.report.geojson import geojson
from nichiiki.report.notices import Contact, notices, read_contacts
from nichiiki.report.rows import Rows
from nichiiki.report.workbook import workbook_bytes
from nichiiki_models.errors import InstanceError

CANARY = "カナリア9Q7"
FORMULA = '=HYPERLINK("http://x.example","pay")'


@pytest.fixture
def rows(small_result: nk.Result) -> Rows:
    assert small_result.allocation is not None
    return Rows(Facts(small_result.instance, small_result.allocation), "ja")


def test_each_household_gets_a_letter_in_its_language(rows: Rows) -> None:
    placed, *_ = rows.facts.placements
    unplaced = next(each for each in rows.facts.households if each not in rows.facts.placements)
    contacts = {placed: Contact(CANARY, "東京都", "en"), unplaced: Contact("山田", "", None)}
    sheet = notices(rows, contacts)
    letters = {str(row[0]): dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows}
    assert list(letters) == list(rows.facts.households)
    assert str(letters[placed]["notice"]).startswith(f"Dear {CANARY},")
    assert str(letters[placed]["house_id"]) in str(letters[placed]["notice"])
    assert f"{letters[placed]['cost_yen']:,}" in str(letters[placed]["notice"])
    assert str(letters[unplaced]["notice"]).startswith("山田 様")
    assert str(letters[unplaced]["reason"])
    nameless = next(each for each in rows.facts.households if each not in contacts)
    assert nameless in str(letters[nameless]["notice"])


def test_each_recipient_has_a_sheet_of_its_own() -> None:
    result = nk.allocate(nk.load("flagship"), policy="points")
    assert result.allocation is not None
    rows = Rows(Facts(result.instance, result.allocation), "ja")
    book = load_workbook(io.BytesIO(workbook_bytes(rows)))
    items = [item for item in rows.facts.allocation.items.rows() if item.list in ("school", "care", "desk")]
    supported = [row for row in rows.facts.allocation.placements.rows() if row.supporter_id]
    for start, expected in (("施設_", len(items)), ("支援_", len(supported))):
        own = [book[name] for name in book.sheetnames if name.startswith(start)]
        assert sum(page.max_row - 1 for page in own) == expected > 0
        for page in own:
            assert page.freeze_panes == "B2"
            assert page.auto_filter.ref
    persons = {
        row[0].value
        for name in book.sheetnames
        if name.startswith("施設_")
        for row in book[name].iter_rows(2)
    }
    assert persons == {item.person_id for item in items}


def test_the_workbook_has_charts_letters_and_a_sheet_for_each_host_region(rows: Rows) -> None:
    contacts = {household: Contact(FORMULA, FORMULA, None) for household in rows.facts.households}
    content = workbook_bytes(rows, contacts)
    book = load_workbook(io.BytesIO(content))
    assert len(vars(book["まとめ"])["_charts"]) == 3
    hosts = {stay.region_id for stay in rows.facts.allocation.stays.rows()}
    own = [name for name in book.sheetnames if name.startswith("受入_")]
    assert len(own) == len(hosts)
    assert sum(book[name].max_row - 1 for name in own) == len(rows.placements)
    letters = book["通知文"]
    assert letters.max_row == len(rows.facts.households) + 1
    assert letters.cell(2, 2).value == FORMULA
    assert {cell.data_type for page in book for row in page.iter_rows() for cell in row} <= {"s", "n"}
    assert [cell for page in book for row in page.iter_rows() for cell in row if cell.hyperlink] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("氏名,住所\nx,y\n", "missing_column"),
        ("番号,住所\nh1,y\n", "missing_column"),
        (f"番号,氏名,電話\nh1,{CANARY},090\n", "unknown_column"),
        (f"番号,氏名\nh1,{CANARY}\nh1,{CANARY}\n", "duplicate"),
        (f"番号,氏名\n,{CANARY}\n", "empty_cell"),
        (f"番号,氏名,言語\nh1,{CANARY},フランス語\n", "unknown_word"),
    ],
)
def test_what_is_wrong_with_contacts_is_named_without_names(text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text(text, "utf-8")
    with pytest.raises(InstanceError) as caught:
        read_contacts(tmp_path / "contacts.csv")
    assert code in {problem.code for problem in caught.value.problems}
    assert CANARY not in str(caught.value)
    assert all(CANARY not in problem.message("ja") for problem in caught.value.problems)


def test_contacts_are_read_from_either_file(tmp_path: Path) -> None:
    (tmp_path / "連絡先.csv").write_text("番号,氏名,住所,言語\nh1,髙橋,那須町,en\nh2,李,,\n", "cp932")
    found = read_contacts(tmp_path / "連絡先.csv")
    assert found == {"h1": Contact("髙橋", "那須町", "en"), "h2": Contact("李", "", None)}


def test_geojson_is_what_the_loads_say(rows: Rows) -> None:
    document = geojson(rows)
    points = [each for each in document["features"] if each["geometry"]["type"] == "Point"]
    lines = [each for each in document["features"] if each["geometry"]["type"] == "LineString"]
    facts = rows.facts
    assert len(points) == len(facts.houses) + len(facts.facilities) + len(facts.roles)
    for each in points:
        lon, lat = each["geometry"]["coordinates"]
        assert 122 <= lon <= 154
        assert 20 <= lat <= 46
    used = {load.target_id: 0 for load in rows.loads()}
    for load in rows.loads():
        if load.rule == "house_units":
            used[load.target_id] = max(used[load.target_id], load.used)
    for each in points:
        if each["properties"]["kind"] == "house":
            house = facts.houses[each["properties"]["id"]]
            closed = set(house.closed_periods) >= set(facts.open_periods)
            assert closed or each["properties"]["used_at_peak"] == used[house.house_id]
    pairs = {(facts.households[stay.household_id].home_region, stay.region_id, stay.household_id)
             for stay in facts.allocation.stays.rows()}  # fmt: skip
    assert sum(each["properties"]["households"] for each in lines) == len(pairs)
    assert json.loads(json.dumps(document)) == document
    assert not any(household in json.dumps(document) for household in facts.households)


def test_the_command_joins_contacts_in_the_workbook_only(run: Any, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("allocate", folder, "--policy", "points", "--out", out)
    household = nk.read(folder).households["household_id"].tolist()[0]
    contacts = tmp_path / "contacts.csv"
    contacts.write_text(f"id,name\n{household},{CANARY}\nstranger,{CANARY}\n", "utf-8")
    book, places = tmp_path / "letters.xlsx", tmp_path / "places.geojson"
    shown = run("report", folder, out, "--contacts", contacts, "--workbook", book, "--geojson", places)
    assert shown.exit_code == Exit.DONE
    assert "1 contacts belong to no household" in shown.stderr
    assert CANARY not in shown.output
    assert any(CANARY in str(row[1].value) for row in load_workbook(book)["notices"].iter_rows())
    assert json.loads(places.read_text("utf-8"))["type"] == "FeatureCollection"
    assert CANARY not in "".join(path.read_text("utf-8") for path in out.glob("*.html"))
    assert run("report", folder, out, "--contacts", contacts).exit_code == Exit.BAD_INPUT
