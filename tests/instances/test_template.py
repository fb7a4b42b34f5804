"""The template: complete in both languages, and read back without loss once filled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

import nichiiki as nk
from nichiiki_defects import BASE
from nichiiki_instances import inspect, read
from nichiiki_instances.headers import column_title, table_title
from nichiiki_instances.rules_files import rules_document, sheet_rows
from nichiiki_instances.template import EXAMPLE, FIRST, HEADER, NOTE, meaning, notes, write_template
from nichiiki_instances.writing import cell_texts
from nichiiki_models.columns import column_specs
from nichiiki_models.errors import FileError
from nichiiki_models.instance import Instance
from nichiiki_models.tables import TABLES
from nichiiki_models.texts import LANGUAGES, Lang


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[Lang, Path]:
    folder = tmp_path_factory.mktemp("templates")
    found: dict[Lang, Path] = {}
    for lang in LANGUAGES:
        found[lang] = folder / f"{lang}.xlsx"
        write_template(found[lang], lang=lang)
    return found


def fill(template: Path, instance: Instance, lang: Lang, target: Path) -> None:
    """Type an instance into a template, cell by cell, below the headers."""
    book = openpyxl.load_workbook(template)
    for name, table in instance.tables.items():
        page = book[table_title(name, lang)]
        at = {cell.value: number for number, cell in enumerate(page[HEADER + 1], start=1)}
        for column, spec in table.specs.items():
            for row, text in enumerate(cell_texts(name, spec, table.columns[column], lang)):
                if text:
                    page.cell(FIRST + 1 + row, at[column_title(name, column, lang)], text).data_type = "s"
    page = book[table_title("rules", lang)]
    page.delete_rows(2, page.max_row)
    for key, value in sheet_rows(rules_document(instance)):
        page.append([key, value])
    book.save(target)


def test_every_table_and_column_has_a_japanese_note() -> None:
    assert set(TABLES) <= set(notes()["tables"])
    lacking = {
        name: set(column_specs(schema)) - set(notes()["columns"].get(name, {}))
        for name, schema in TABLES.items()
    }
    assert {name: columns for name, columns in lacking.items() if columns} == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sheet_for_each_table_with_notes_example_and_checks(
    templates: dict[Lang, Path], lang: Lang
) -> None:
    book = openpyxl.load_workbook(templates[lang])
    assert book.sheetnames == [table_title(name, lang) for name in ("guide", *TABLES, "rules")]
    for name, schema in TABLES.items():
        page = book[table_title(name, lang)]
        specs = column_specs(schema)
        assert [cell.value for cell in page[HEADER + 1]] == [column_title(name, each, lang) for each in specs]
        assert [cell.value for cell in page[NOTE + 1]] == [
            meaning(name, spec, lang) for spec in specs.values()
        ]
        for spec, cell, header in zip(specs.values(), page[EXAMPLE + 1], page[HEADER + 1], strict=True):
            assert cell.value or not spec.required, (name, spec.name)
            assert header.comment is not None
        assert page.freeze_panes == f"B{FIRST + 1}"
        drop_downs = [rule for rule in page.data_validations.dataValidation if rule.type == "list"]
        wanted = [spec for spec in specs.values() if str(spec.kind) in ("flag", "choice")]
        assert len(drop_downs) >= len(wanted)
        assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "n"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_empty_template_lacks_only_the_compulsory_rows(templates: dict[Lang, Path], lang: Lang) -> None:
    problems = inspect(templates[lang]).problems
    assert [p.code for p in problems] == ["missing_table"] * 5


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_examples_themselves_can_be_read(templates: dict[Lang, Path], lang: Lang, tmp_path: Path) -> None:
    """Typed into the first row, each example is understood: only what it refers to is missing."""
    book = openpyxl.load_workbook(templates[lang])
    for name in TABLES:
        page = book[table_title(name, lang)]
        for cell in page[EXAMPLE + 1]:
            if cell.value:
                page.cell(FIRST + 1, cell.column, cell.value)
    book.save(tmp_path / "examples.xlsx")
    unreadable = {"not_a_number", "not_an_integer", "unknown_word", "bad_flag", "bad_date", "bad_time", "bad_id",
                  "bad_code", "too_small", "too_large", "too_long", "empty_cell", "unknown_column"}  # fmt: skip
    found = inspect(tmp_path / "examples.xlsx").problems
    assert [p.message("en") for p in found if p.code in unreadable] == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("source", ["base", "generated", "flagship"])
def test_filled_and_read_back_without_loss(
    templates: dict[Lang, Path], lang: Lang, source: str, tmp_path: Path
) -> None:
    if (source, lang) == ("flagship", "en"):
        pytest.skip("the flagship is typed once, into the Japanese template")
    made = {"base": lambda: read(BASE), "generated": lambda: nk.generate(households=25, seed=3)}
    instance = made.get(source, lambda: nk.load("flagship"))()
    fill(templates[lang], instance, lang, tmp_path / "filled.xlsx")
    back = read(tmp_path / "filled.xlsx")
    assert back.hash == instance.hash
    assert (back.name, back.note) == (instance.name, instance.note)


def test_only_workbooks_are_written(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        nk.write_template(tmp_path / "template.csv")
    with pytest.raises(FileError):
        nk.write_template(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_command_never_replaces_a_file_unasked(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from nichiiki.cli.exits import Exit
    from nichiiki.cli.group import face

    def call(*words: Any) -> int:
        return CliRunner().invoke(face("ja"), ["template", *map(str, words)]).exit_code

    path = tmp_path / "template.xlsx"
    assert call(path) == Exit.DONE
    path.write_bytes(b"mine")
    assert call(path) == Exit.BAD_INPUT
    assert path.read_bytes() == b"mine"
    assert call(path, "--force", "--headers", "en") == Exit.DONE
    assert openpyxl.load_workbook(path).sheetnames[1] == "regions"
