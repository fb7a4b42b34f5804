"""What is written reads back as the same instance, in every format and language."""

from __future__ import annotations

import csv
import json
import sys
import zipfile
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from nichiiki_instances import json_files, read, write
from nichiiki_instances.generators import generate
from nichiiki_instances.writing import instance_json
from nichiiki_models.errors import FileError, InstanceError
from nichiiki_models.formats import Step, migrated
from nichiiki_models.instance import Instance
from nichiiki_models.texts import LANGUAGES, Lang

sys.path.insert(0, str(Path(__file__).parent))
from strategies import AWKWARD, instances  # type: ignore[import-not-found]

from nichiiki_sample import sample

BASE = Path(__file__).parents[1] / "data" / "base"
NAMES = ("folder", "book.xlsx", "data.json")


def full_base() -> Instance:
    return read(BASE)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=settings().max_examples // 4)
@given(instance=instances())
def test_any_instance_survives(name: str, lang: Lang, instance: Instance) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(instance, path, lang=lang)
        again = read(path)
    assert again == instance
    assert again.hash == instance.hash
    assert (again.name, again.note) == (instance.name, instance.note)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_table_survives(name: str, lang: Lang, tmp_path: Path) -> None:
    instance = full_base()
    write(instance, tmp_path / name, lang=lang)
    assert read(tmp_path / name) == instance
    write(instance, tmp_path / name, lang=lang)  # over itself
    assert read(tmp_path / name).hash == instance.hash
    assert [path.name for path in tmp_path.iterdir()] == [name]


@settings(max_examples=settings().max_examples // 4)
@given(instance=instances())
def test_rows_of_json_are_laid_out_as_the_whole_document(instance: Instance) -> None:
    text = b"".join(instance_json(instance)).decode()
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1) + "\n"


def test_what_pydantic_writes_is_read(tmp_path: Path) -> None:
    """It writes tables without rows too: they miss no column."""
    instance = generate(households=5, seed=1)
    (tmp_path / "own.json").write_text(instance.model_dump_json(), "utf-8")
    assert read(tmp_path / "own.json") == instance


def test_a_file_of_an_older_version_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = generate(households=5, seed=1)
    document = json.loads(instance.model_dump_json())
    older = {**document, "format": "nichiiki-instance/0", "dwellings": document.pop("houses")}
    del older["houses"]
    step = Step(
        "nichiiki-instance/0",
        "nichiiki-instance/1",
        lambda old: {("houses" if key == "dwellings" else key): value for key, value in old.items()},
    )
    (tmp_path / "older.json").write_text(json.dumps(older), "utf-8")
    with pytest.raises(InstanceError):
        read(tmp_path / "older.json")
    monkeypatch.setattr(json_files, "migrated", partial(migrated, steps=[step]))
    assert read(tmp_path / "older.json") == instance


@pytest.mark.parametrize("text", sample(AWKWARD, 4))
def test_no_text_becomes_a_formula_in_csv(text: str, tmp_path: Path) -> None:
    base = full_base()
    write(
        base.replace(regions=[*(row.model_copy(update={"name": text}) for row in base.regions.rows())]),
        tmp_path / "x",
    )
    with (tmp_path / "x" / "regions.csv").open(encoding="utf-8", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert not [
        cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    ]


def test_no_text_becomes_a_formula_or_link_in_a_workbook(tmp_path: Path) -> None:
    base = full_base()
    rows = [
        row.model_copy(update={"region_id": f"x{at}", "name": text, "municipality_code": None})
        for at, text in enumerate(AWKWARD)
        for row in [base.regions.row(0)]
    ]
    write(base.replace(regions=[*base.regions.rows(), *rows]), tmp_path / "x.xlsx")
    with zipfile.ZipFile(tmp_path / "x.xlsx") as archive:
        sheets = b"".join(archive.read(name) for name in archive.namelist() if "worksheets" in name)
    assert b"<f" not in sheets.replace(b"<formatPr", b"")
    assert b"hyperlink" not in sheets


def test_japanese_csv_has_a_mark_and_english_csv_has_none(tmp_path: Path) -> None:
    write(full_base(), tmp_path / "ja", lang="ja")
    write(full_base(), tmp_path / "en", lang="en")
    assert (tmp_path / "ja" / "世帯.csv").read_bytes().startswith(b"\xef\xbb\xbf\xe4\xb8\x96")
    assert (tmp_path / "en" / "households.csv").read_bytes().startswith(b"household_id")


def test_japanese_csv_reads_as_cp932_too(tmp_path: Path) -> None:
    instance = full_base()
    write(instance, tmp_path / "x", lang="ja")
    for file in (tmp_path / "x").glob("*.csv"):
        file.write_bytes(file.read_text("utf-8-sig").encode("cp932"))
    assert read(tmp_path / "x") == instance


@pytest.mark.parametrize("lang", LANGUAGES)
def test_workbook_has_a_bold_header_that_stays(lang: Lang, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    write(full_base(), tmp_path / "x.xlsx", lang=lang)
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert book.sheetnames[0] == {"en": "regions", "ja": "地域"}[lang]
    assert all(sheet.freeze_panes == "A2" and sheet["A1"].font.bold for sheet in book)


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(FileError) as caught:
        write(full_base(), tmp_path)
    assert [problem.code for problem in caught.value.problems] == ["folder_not_ours"]
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_contacts_are_not_swept_away(tmp_path: Path) -> None:
    write(full_base(), tmp_path / "x")
    (tmp_path / "x" / "contacts.csv").write_text("id,name\n")
    with pytest.raises(FileError):
        write(full_base(), tmp_path / "x")
    assert read(tmp_path / "x") == full_base()  # and reading passes over them


@pytest.mark.parametrize(
    ("name", "code"), [("taken.xlsx", "folder_in_the_way"), ("taken", "file_in_the_way")]
)
def test_what_is_in_the_way_stays(name: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "taken.xlsx").mkdir()
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(FileError) as caught:
        write(full_base(), tmp_path / name)
    assert [problem.code for problem in caught.value.problems] == [code]


@pytest.mark.parametrize("name", NAMES)
def test_a_failed_write_leaves_the_old_result(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(full_base(), tmp_path / name)

    def fail(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("nichiiki_instances.writing.rules_document", fail)
    monkeypatch.setattr("nichiiki_instances.writing._json_cells", fail)
    with pytest.raises(FileError) as caught:
        write(full_base(), tmp_path / name)
    assert [problem.code for problem in caught.value.problems] == ["not_writable"]
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert read(tmp_path / name) == full_base()


def test_a_list_too_long_for_a_cell_is_refused(tmp_path: Path) -> None:
    base = full_base()
    groups = tuple(f"{at:064d}" for at in range(600))
    household = base.households.row(0).model_copy(update={"groups": groups})
    large = base.replace(households=[household, base.households.row(1)])
    with pytest.raises(FileError) as caught:
        write(large, tmp_path / "x.xlsx")
    assert [problem.code for problem in caught.value.problems] == ["cell_too_long_for_xlsx"]
    assert not list(tmp_path.iterdir())
    write(large, tmp_path / "x")
    assert read(tmp_path / "x") == large


def test_too_many_rows_for_a_sheet_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nichiiki_instances.writing.XLSX_ROWS", 2)
    with pytest.raises(FileError) as caught:
        write(full_base(), tmp_path / "x.xlsx")
    assert [problem.code for problem in caught.value.problems] == ["too_many_rows_for_xlsx"]
