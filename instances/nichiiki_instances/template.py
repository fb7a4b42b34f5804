"""The template: a workbook with a sheet for each table, to be filled in and read as an instance."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
from xlsxwriter.exceptions import XlsxFileError
from xlsxwriter.utility import xl_col_to_name

from nichiiki_instances.building import COMPULSORY
from nichiiki_instances.bundled import load
from nichiiki_instances.headers import (
    GUIDE,
    RULE_HEADERS,
    RULES,
    column_title,
    table_title,
    units,
    words,
)
from nichiiki_instances.raw import problem
from nichiiki_instances.rules_files import INSTANCE, sheet_rows
from nichiiki_instances.writing import FLAGS, SAFE, cell_texts, replace_file
from nichiiki_models.columns import ColumnSpec, Kind, column_specs, default_column
from nichiiki_models.errors import FileError
from nichiiki_models.instance import INSTANCE_FORMAT
from nichiiki_models.rules import Rules
from nichiiki_models.tables import TABLES
from nichiiki_models.texts import Lang, text

NOTE, EXAMPLE, HEADER, FIRST = 1, 2, 3, 4
"""Rows of a sheet, from 0: what each column means, an example, the header, the first row to fill in."""
ROWS = 2_000
"""Rows that have drop-downs and validation; more may be filled in."""
EXAMPLES = "flagship"
"""Bundled instance whose first row of each table is the example."""
_FALLBACK: Mapping[Kind, str] = {Kind.ID: "X1", Kind.INT: "1", Kind.NUMBER: "1.0", Kind.DATE: "2026-04-01"}
_LONGEST_LIST = 255
_FAR = 10**9


def write_template(path: str | Path, *, lang: Lang = "ja") -> None:
    """Write an empty workbook with one sheet a table, to be filled in and read back as an instance.

    Each sheet says what its columns mean, shows an example above the header (where it is not read), marks the
    columns that must be filled, offers drop-downs for words, flags and ids of other sheets, and warns of numbers
    out of range.

    Parameters
    ----------
    path
        A file ending in ``.xlsx``, which is replaced.
    lang
        Language of names, headers, words and notes.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    path = Path(path)
    if path.suffix.casefold() != ".xlsx":
        raise FileError([problem("unknown_ending", path.name, value=path.suffix)])
    try:
        replace_file(path, lambda draft: _write(draft, lang))
    except (OSError, XlsxFileError):
        raise FileError([problem("not_writable", path.name)]) from None


def _write(path: Path, lang: Lang) -> None:
    with xlsxwriter.Workbook(path, SAFE) as book:
        styles = _styles(book)
        _write_guide(book.add_worksheet(table_title(GUIDE, lang)), styles, lang)
        for table in TABLES:
            page = book.add_worksheet(table_title(table, lang))
            page.set_tab_color("#1F6B52" if table in COMPULSORY else "#B9C7C0")
            _write_table(page, table, styles, lang)
        _write_rules(book.add_worksheet(table_title(RULES, lang)), styles, lang)


def _styles(book: Any) -> dict[str, Any]:
    head = {"bold": True, "border": 1, "border_color": "#9DB1A7", "text_wrap": True, "valign": "top"}
    soft = {"font_color": "#5D6B6A", "text_wrap": True, "valign": "top"}
    return {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "note": book.add_format({**soft, "font_size": 9}),
        "example": book.add_format({**soft, "italic": True, "bg_color": "#F4F6F3", "num_format": "@"}),
        "required": book.add_format({**head, "bg_color": "#CFE6DA"}),
        "optional": book.add_format({**head, "bg_color": "#EEF2EF", "bold": False}),
        "text": book.add_format({"num_format": "@"}),
        "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
    }


@cache
def notes() -> Mapping[str, Any]:
    """Return the content of notes.toml: Japanese meanings of tables and columns."""
    return tomllib.loads((resources.files("nichiiki_instances") / "notes.toml").read_text("utf-8"))


def meaning(table: str, spec: ColumnSpec, lang: Lang) -> str:
    """Return what a column means."""
    # a column that has no note yet is still there, in English; a test says that there is none
    known = notes()["columns"].get(table, {})
    return str(known.get(spec.name, spec.description)) if lang == "ja" else spec.description


def _table_meaning(table: str, lang: Lang) -> str:
    described = (TABLES[table].__doc__ or "").split("\n")[0]
    return str(notes()["tables"].get(table, described)) if lang == "ja" else described


def _say(key: str, lang: Lang, **values: object) -> str:
    return text(f"template.{key}", lang, package="nichiiki_instances", **values)


def _write_guide(page: Any, styles: Mapping[str, Any], lang: Lang) -> None:
    page.set_column(0, 0, 110)
    page.write_string(0, 0, _say("title", lang), styles["title"])
    for row, line in enumerate(_say("guide", lang).split("\n"), start=2):
        page.write_string(row, 0, line, styles["wrap"])
    page.hide_gridlines(2)


def _write_table(page: Any, table: str, styles: Mapping[str, Any], lang: Lang) -> None:
    page.write_string(0, 0, f"{table_title(table, lang)}: {_table_meaning(table, lang)}", styles["title"])
    for at, (spec, example) in enumerate(_examples(table, lang)):
        page.write_string(NOTE, at, meaning(table, spec, lang), styles["note"])
        page.write_string(EXAMPLE, at, example, styles["example"])
        style = styles["required" if spec.required else "optional"]
        page.write_string(HEADER, at, column_title(table, spec.name, lang), style)
        page.write_comment(HEADER, at, _comment(table, spec, lang), {"x_scale": 2, "y_scale": 1.4})
        page.set_column(at, at, _width(spec), styles["text"] if _is_text(spec) else None)
        rule = _validation(table, spec, lang)
        if rule:
            page.data_validation(FIRST, at, FIRST + ROWS - 1, at, rule)
    page.set_row(NOTE, 62)
    page.freeze_panes(FIRST, 1)


def _is_text(spec: ColumnSpec) -> bool:
    # ids and codes keep their leading zeros, lists their semicolons
    return spec.kind in (Kind.ID, Kind.TEXT, Kind.LIST)


def _width(spec: ColumnSpec) -> int:
    return 24 if spec.kind in (Kind.TEXT, Kind.LIST, Kind.TIME) else 15


@cache
def _first_rows(lang: Lang) -> Mapping[str, Mapping[str, str]]:
    """Cells of the first row of each table of the bundled example."""
    firsts = {name: table.take(np.array([0])) for name, table in load(EXAMPLES).tables.items() if len(table)}
    return {
        name: {
            column: cell_texts(name, spec, first.columns[column], lang)[0]
            for column, spec in first.specs.items()
        }
        for name, first in firsts.items()
    }


def _examples(table: str, lang: Lang) -> Iterator[tuple[ColumnSpec, str]]:
    known = _first_rows(lang).get(table, {})
    for name, spec in column_specs(TABLES[table]).items():
        yield spec, known.get(name) or _fallback(table, spec, lang)


def _fallback(table: str, spec: ColumnSpec, lang: Lang) -> str:
    """Return an example of a column that the bundled instance leaves empty."""
    named = words(table, spec.name) if spec.choices else {}
    if named:
        value, known = next(iter(named.items()))
        return known[0] if lang == "ja" else value
    if spec.references:
        first = column_specs(TABLES[spec.references[0]])
        return _first_rows(lang).get(spec.references[0], {}).get(next(iter(first)), "")
    if not spec.required and spec.kind is not Kind.ID:
        return cell_texts(table, spec, default_column(spec, 1), lang)[0]
    if not spec.required:
        return ""
    return _say("sample", lang) if spec.kind is Kind.TEXT else _FALLBACK.get(spec.kind, "")


def _comment(table: str, spec: ColumnSpec, lang: Lang) -> str:
    lines = [_say("required" if spec.required else "optional", lang)]
    unit = (units(spec) or ("",))[0] if lang == "ja" else spec.unit
    if unit:
        lines.append(_say("unit", lang, unit=unit))
    if spec.low is not None or spec.high is not None:
        lines.append(_say("range", lang, low=_number(spec.low), high=_number(spec.high)))
    if spec.kind is Kind.LIST:
        lines.append(_say("list", lang))
    if spec.choices:
        lines.append(_say("words", lang, words=" / ".join(_words(table, spec, lang))))
    if spec.references:
        sheets = ", ".join(table_title(name, lang) for name in spec.references)
        lines.append(_say("reference", lang, sheets=sheets))
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,g}" if abs(value) < _FAR else f"{value:,.0f}"


def _words(table: str, spec: ColumnSpec, lang: Lang) -> list[str]:
    return [known[0] if lang == "ja" else value for value, known in words(table, spec.name).items()]


def _validation(table: str, spec: ColumnSpec, lang: Lang) -> dict[str, Any] | None:
    """Return what the spreadsheet checks; None where it cannot (lists, free texts, dates in Japanese form)."""
    title = _say("check", lang)
    common = {"error_title": title, "ignore_blank": True}
    if spec.kind is Kind.FLAG:
        return {"validate": "list", "source": list(FLAGS[lang].values()), **common}
    if spec.kind is Kind.CHOICE and len(",".join(_words(table, spec, lang))) <= _LONGEST_LIST:
        return {"validate": "list", "source": _words(table, spec, lang), **common}
    if spec.kind is Kind.ID and len(spec.references) == 1 and not spec.wildcard:
        # a warning only: the other sheet may be filled later, and its list may be longer
        return {
            "validate": "list",
            "source": _ids(spec.references[0], lang),
            "error_type": "warning",
            **common,
        }
    if spec.kind in (Kind.INT, Kind.NUMBER) and spec.low is not None and spec.high is not None:
        kind = "integer" if spec.kind is Kind.INT else "decimal"
        limits = {"criteria": "between", "minimum": spec.low, "maximum": spec.high}
        told = _say("range", lang, low=_number(spec.low), high=_number(spec.high))
        # a warning only: "30,000円" and "３万円" are read too
        return {"validate": kind, **limits, "error_type": "warning", "error_message": told, **common}
    return None


def _ids(table: str, lang: Lang) -> str:
    """Return the range of the ids of another sheet."""
    schema = TABLES[table]
    key = schema.key[-1] if schema.key[0] == "starts_on" else schema.key[0]
    column = xl_col_to_name(list(column_specs(schema)).index(key))
    return f"='{table_title(table, lang)}'!${column}${FIRST + 1}:${column}${FIRST + ROWS}"


def _write_rules(page: Any, styles: Mapping[str, Any], lang: Lang) -> None:
    """Write all rules at their defaults: a key and a JSON value a row."""
    for at, name in enumerate(RULE_HEADERS):
        page.write_string(0, at, column_title(RULES, name, lang), styles["required"])
    document = {
        INSTANCE: {"format": INSTANCE_FORMAT, "note": ""},
        **Rules().model_dump(mode="json", exclude_none=True),
    }
    for row, (key, value) in enumerate(sheet_rows(document), start=1):
        page.write_string(row, 0, key, styles["text"])
        page.write_string(row, 1, value, styles["text"])
    page.set_column(0, 0, 40)
    page.set_column(1, 1, 70)
    page.freeze_panes(1, 0)
