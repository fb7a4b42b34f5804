"""Their lists in, their mistakes shown: ``map`` and ``check`` with mapping, errors.csv and marked workbook."""

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from nichiiki.cli.exits import Exit
from nichiiki.report.marked import sheet_names
from nichiiki_defects import BASE, DEFECTS, make
from nichiiki_sample import sample

LIST = "番号,施設名,緯度,経度,定員\n1,あ保育所,37.0,140.1,12\n2,い保育所,37.1,140.2,約20\n"
RED, YELLOW = "FFF4B6AC", "FFF9E6A8"


def marks(path: Path) -> dict[str, dict[str, tuple[str, str]]]:
    """Colour and comment of the marked cells of each sheet but the first."""
    book = load_workbook(path)
    return {
        sheet.title: {
            cell.coordinate: (str(cell.fill.fgColor.rgb), cell.comment.text if cell.comment else "")
            for row in sheet.iter_rows()
            for cell in row
            if cell.fill.fill_type
        }
        for sheet in book.worksheets[1:]
    }


def test_a_list_is_mapped_mended_and_read(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    shutil.copytree(BASE, folder)
    source, mapping = folder / "nurseries.csv", folder / "mapping.toml"
    source.write_text(LIST, "cp932")
    shown = run("map", source, "--out", mapping, "--set", "region_id=nasu", "--lang", "ja")
    assert shown.exit_code == Exit.BAD_INPUT
    assert "要入力" in shown.output
    assert "約20" in shown.output
    assert "?" in mapping.read_text("utf-8")
    assert run("check", folder).exit_code == Exit.BAD_INPUT
    mapping.write_text(mapping.read_text("utf-8").replace('"?"', '"age3"'), "utf-8")
    source.write_text(LIST.replace("約", ""), "cp932")
    assert run("check", folder).exit_code == Exit.DONE
    assert run("convert", folder, tmp_path / "clean", "--headers", "ja").exit_code == Exit.DONE
    assert "い保育所" in (tmp_path / "clean" / "施設.csv").read_text("utf-8-sig")
    tables = tmp_path / "tables"
    assert run("map", source, "--mapping", mapping, "--tables", tables).exit_code == Exit.DONE
    assert sorted(path.name for path in tables.iterdir()) == ["facilities.csv", "seats.csv"]
    assert run("map", source, "--mapping", mapping, "--tables", tables).exit_code == Exit.BAD_INPUT
    outside = tmp_path / "elsewhere.toml"
    mapping.rename(outside)
    assert run("check", folder).exit_code == Exit.BAD_INPUT
    assert run("check", folder, "--mapping", outside).exit_code == Exit.DONE


def test_what_no_table_fits_is_said(run: Any, tmp_path: Path) -> None:
    (tmp_path / "menu.csv").write_text("月,献立\n4,カレー\n", "utf-8")
    shown = run("map", tmp_path / "menu.csv")
    assert "menu.csv" in shown.stderr
    assert run("map", tmp_path / "menu.csv", "--set", "region_id").exit_code == Exit.BAD_INPUT


def test_a_marked_copy_of_a_folder(run: Any, tmp_path: Path) -> None:
    target = make("several_at_once", tmp_path)
    before = {path: path.read_bytes() for path in target.iterdir()}
    marked, errors = tmp_path / "marked.xlsx", tmp_path / "errors.csv"
    assert run("check", target, "--marked", marked, "--errors", errors).exit_code == Exit.BAD_INPUT
    assert {path: path.read_bytes() for path in target.iterdir()} == before
    found = marks(marked)
    rows = list(csv.DictReader(errors.read_text("utf-8-sig").splitlines()))
    assert rows
    for row in rows:
        if row["cell"]:
            colour, comment = found[Path(row["file"]).stem][row["cell"]]
            assert colour == (RED if row["severity"] == "error" else YELLOW)
            assert row["what"].removeprefix("'") in comment
            assert row["remedy"] in comment


@pytest.mark.parametrize(
    "name", sample((name for name, defect in DEFECTS.items() if defect.get("as") == "book.xlsx"), 3)
)
def test_a_marked_copy_of_a_workbook(name: str, run: Any, tmp_path: Path) -> None:
    target = make(name, tmp_path)
    before = target.read_bytes()
    shown = run("check", target, "--marked", tmp_path / "marked.xlsx", "--errors", tmp_path / "errors.csv")
    assert shown.exit_code == Exit.BAD_INPUT
    assert target.read_bytes() == before
    rows = list(csv.DictReader((tmp_path / "errors.csv").read_text("utf-8-sig").splitlines()))
    found = marks(tmp_path / "marked.xlsx")
    for row in rows:
        if row["cell"] and row["severity"] == "error":
            assert found[row["file"].partition("[")[2][:-1]][row["cell"]][0] == RED


def test_a_marked_copy_holds_no_formula_and_the_cells_as_they_were(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    shutil.copytree(BASE, folder)
    text = (folder / "roles.csv").read_text("utf-8").replace("消防団", '"=HYPERLINK(""http://x"")"')
    (folder / "roles.csv").write_text(text.replace("nasu", "nowhere"), "utf-8")
    run("check", folder, "--marked", tmp_path / "marked.xlsx")
    book = load_workbook(tmp_path / "marked.xlsx")
    assert {cell.data_type for page in book for row in page.iter_rows() for cell in row} <= {"s", "n"}
    written = [[cell.value or "" for cell in row] for row in book["roles"].iter_rows()]
    assert written == list(csv.reader((folder / "roles.csv").read_text("utf-8").splitlines()))


def test_the_marked_copy_never_replaces_what_was_read(run: Any, tmp_path: Path) -> None:
    name = next(name for name, defect in DEFECTS.items() if defect.get("as") == "book.xlsx")
    target = make(name, tmp_path)
    before = target.read_bytes()
    assert run("check", target, "--marked", target).exit_code == Exit.BAD_INPUT
    assert run("check", target, "--marked", tmp_path / "marked.csv").exit_code == Exit.BAD_INPUT
    assert target.read_bytes() == before


def test_sheet_names_are_legal_and_differ() -> None:
    labels = [
        "a.csv",
        "b.xlsx [a]",
        "c.xlsx [A]",
        "x/y:z?*[].csv",
        "long" * 20 + ".csv",
        "long" * 20 + ".xlsx",
    ]
    names = sheet_names(labels)
    assert names[:2] == ["a", "a_2"]
    assert len({name.casefold() for name in names}) == len(labels)
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)
