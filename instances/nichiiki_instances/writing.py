"""Write an instance: a folder of CSV tables, a workbook or JSON; whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
import xlsxwriter
from xlsxwriter.exceptions import XlsxFileError

from nichiiki_instances.cells import guard
from nichiiki_instances.headers import (
    CONTACTS,
    RULE_HEADERS,
    RULES,
    column_title,
    folded,
    table_names,
    table_title,
    words,
)
from nichiiki_instances.raw import problem
from nichiiki_instances.rules_files import rules_document, sheet_rows
from nichiiki_models.columns import Column, ColumnSpec, Kind, ListColumn, is_null
from nichiiki_models.errors import FileError
from nichiiki_models.hashing import is_default
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.texts import Lang

XLSX_CELL = 32_767
XLSX_ROWS = 1_048_575
SAFE = {
    "constant_memory": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""Options of a workbook in which no text becomes anything else."""
ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
FLAGS: dict[Lang, dict[bool, str]] = {"en": {True: "true", False: "false"}, "ja": {True: "○", False: "×"}}


def write(instance: Instance, path: str | Path, *, lang: Lang = "en") -> None:
    """Write an instance; reading it back gives an equal one.

    Parameters
    ----------
    instance
        What to write. Only tables with rows, and columns that are not at their default, are written.
    path
        A file ending in ``.xlsx`` or ``.json``, which is replaced; else a folder, which is replaced
        only if it
        holds nothing but an instance.
    lang
        Language of headers, names of tables, and values of choices; JSON has only the English ones.

    Raises
    ------
    FileError
        If it cannot be written; nothing is changed then.
    """
    path = Path(path)
    writers: dict[str, Callable[[Instance, Path, Lang], None]] = {".xlsx": _write_xlsx, ".json": _write_json}
    try:
        if path.suffix.casefold() in writers:
            replace_file(path, lambda temporary: writers[path.suffix.casefold()](instance, temporary, lang))
        else:
            _replace_folder(path, lambda temporary: _write_folder(instance, temporary, lang))
    except (OSError, UnicodeEncodeError, XlsxFileError):
        raise FileError([problem("not_writable", path.name)]) from None


def replace_file(path: Path, fill: Callable[[Path], None]) -> None:
    """Write a file beside its place and move it there, so that nobody ever sees half of it."""
    if path.is_dir():
        raise FileError([problem("folder_in_the_way", path.name)])
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".nichiiki-{secrets.token_hex(8)}{path.suffix}"
    try:
        fill(temporary)
        os.replace(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _replace_folder(path: Path, fill: Callable[[Path], None]) -> None:
    if path.exists() and not path.is_dir():
        raise FileError([problem("file_in_the_way", path.name)])
    if path.exists() and (foreign := _foreign(path)):
        raise FileError([problem("folder_not_ours", path.name, value=foreign)])
    path.parent.mkdir(parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(prefix=".nichiiki-", dir=path.parent))
    try:
        new, old = workshop / "new", workshop / "old"
        new.mkdir()
        fill(new)
        if path.exists():
            os.replace(path, old)
        os.replace(new, path)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _foreign(folder: Path) -> str:
    """Name of a file in a folder that no instance has; empty if there is none."""
    ours = {name for name, table in table_names().items() if table != CONTACTS}
    for file in sorted(folder.iterdir()):
        ending = ".toml" if table_names().get(folded(file.stem)) == RULES else ".csv"
        if not file.is_file() or folded(file.stem) not in ours or file.suffix != ending:
            return file.name
    return ""


def written_columns(table: Table[Any]) -> Iterator[tuple[ColumnSpec, Column]]:
    """Return the columns that are written: the required ones and those not at their default."""
    for name, spec in table.specs.items():
        if spec.required or not is_default(spec, table.columns[name]):
            yield spec, table.columns[name]


def cell_texts(table: str, spec: ColumnSpec, values: Column, lang: Lang) -> list[str]:
    """Return the cells of a column as texts, null as the empty text."""
    named = {value: known[0] for value, known in words(table, spec.name).items()} if lang == "ja" else {}
    if isinstance(values, ListColumn):
        return [";".join(named.get(entry, entry) for entry in cell) for cell in values]
    cells = values.tolist()
    if spec.kind is Kind.FLAG:
        return [FLAGS[lang][cell] for cell in cells]
    if spec.kind is Kind.CHOICE:
        return [named.get(cell, cell) for cell in cells]
    if values.dtype.kind == "U":
        return list(cells)
    show = repr if spec.kind is Kind.NUMBER else str
    return [
        "" if null else show(cell)
        for cell, null in zip(cells, is_null(spec.kind, values).tolist(), strict=True)
    ]


def _write_folder(instance: Instance, folder: Path, lang: Lang) -> None:
    encoding = "utf-8-sig" if lang == "ja" else "utf-8"
    for name, table in instance.tables.items():
        if len(table):
            with (folder / f"{table_title(name, lang)}.csv").open(
                "w", encoding=encoding, newline=""
            ) as stream:
                _write_csv(stream, name, table, lang)
    (folder / "rules.toml").write_bytes(tomli_w.dumps(rules_document(instance)).encode())


def table_csv(name: str, table: Table[Any], lang: Lang) -> bytes:
    """Return one table as the CSV file that an instance holds."""
    stream = io.StringIO(newline="")
    _write_csv(stream, name, table, lang)
    return stream.getvalue().encode("utf-8-sig" if lang == "ja" else "utf-8")


def _write_csv(stream: io.TextIOBase, name: str, table: Table[Any], lang: Lang) -> None:
    writer = csv.writer(stream, lineterminator="\r\n" if lang == "ja" else "\n")
    chosen = list(written_columns(table))
    writer.writerow([column_title(name, spec.name, lang) for spec, _ in chosen])
    texts = [cell_texts(name, spec, values, lang) for spec, values in chosen]
    guarded = [
        list(map(guard, t)) if s.kind is Kind.TEXT else t for (s, _), t in zip(chosen, texts, strict=True)
    ]
    writer.writerows(zip(*guarded, strict=True))


def _write_xlsx(instance: Instance, path: Path, lang: Lang) -> None:
    _check_fits(instance, lang)
    with xlsxwriter.Workbook(path, SAFE) as workbook:
        bold = workbook.add_format({"bold": True})
        for name, table in instance.tables.items():
            if len(table):
                sheet = _sheet(workbook, bold, name, [spec.name for spec, _ in written_columns(table)], lang)
                for at, (spec, values) in enumerate(written_columns(table)):
                    _write_cells(sheet, at, spec, values, cell_texts(name, spec, values, lang))
        sheet = _sheet(workbook, bold, RULES, RULE_HEADERS, lang)
        for row, (key, value) in enumerate(sheet_rows(rules_document(instance)), start=1):
            sheet.write_string(row, 0, key)
            sheet.write_string(row, 1, value)


def _check_fits(instance: Instance, lang: Lang) -> None:
    for name, table in instance.tables.items():
        if len(table) > XLSX_ROWS:
            raise FileError([problem("too_many_rows_for_xlsx", "", table=name, limit=XLSX_ROWS)])
        for spec, values in written_columns(table):
            if (
                isinstance(values, ListColumn)
                and max(map(len, cell_texts(name, spec, values, lang)), default=0) > XLSX_CELL
            ):
                raise FileError(
                    [problem("cell_too_long_for_xlsx", "", table=name, column=spec.name, limit=XLSX_CELL)]
                )
    for key, value in sheet_rows(rules_document(instance)):
        if len(value) > XLSX_CELL:
            raise FileError([problem("cell_too_long_for_xlsx", "", table=RULES, header=key, limit=XLSX_CELL)])


def _sheet(workbook: Any, bold: Any, name: str, columns: Any, lang: Lang) -> Any:
    sheet = workbook.add_worksheet(table_title(name, lang))
    for at, column in enumerate(columns):
        sheet.write_string(0, at, column_title(name, column, lang), bold)
    sheet.freeze_panes(1, 0)
    return sheet


def _write_cells(sheet: Any, at: int, spec: ColumnSpec, values: Column, texts: list[str]) -> None:
    """Write a column by the typed writers only: no text can become a formula or a link."""
    cells = values.tolist() if isinstance(values, np.ndarray) and _is_numeric(spec) else texts
    for row, (cell, null) in enumerate(zip(cells, _empty(spec, values), strict=True), start=1):
        if not null and isinstance(cell, int | float) and _is_exact(cell):
            sheet.write_number(row, at, cell)
        elif not null:
            sheet.write_string(row, at, texts[row - 1])


def _is_numeric(spec: ColumnSpec) -> bool:
    """Say whether a column is written as numbers where a workbook holds them exactly."""
    return spec.kind in (Kind.NUMBER, Kind.INT)


def _is_exact(number: float) -> bool:
    # the writer rounds to 16 digits; what that would change is written as text, which reads back exactly
    return float(f"{number:.16G}") == number and abs(number) < 2**53


def _empty(spec: ColumnSpec, values: Column) -> list[bool]:
    cells: list[bool] = is_null(spec.kind, values).tolist()
    return cells


def _write_json(instance: Instance, path: Path, lang: Lang) -> None:
    with path.open("wb") as stream:
        stream.writelines(instance_json(instance))


def instance_json(instance: Instance) -> Iterator[bytes]:
    """Yield an instance as the JSON document that a file holds, some thousand rows at a time."""
    head: dict[str, Any] = {"format": instance.format, "name": instance.name, "note": instance.note}
    head["rules"] = instance.rules.model_dump(mode="json", exclude_defaults=True)
    yield json.dumps(head, ensure_ascii=False, indent=1, allow_nan=False).removesuffix("\n}").encode()
    for name, table in instance.tables.items():
        if len(table):
            yield f',\n "{name}": [\n'.encode()
            yield from _json_rows(table)
            yield b"\n ]"
    yield b"\n}\n"


def _json_rows(table: Table[Any]) -> Iterator[bytes]:
    """Yield the rows as JSON objects without nulls; made by columns, so no row object is made."""
    names = {spec.name for spec, _ in written_columns(table)}
    for number, block in enumerate(table.blocks()):
        cells = [
            _json_cells(spec, block.columns[name]) for name, spec in table.specs.items() if name in names
        ]
        rows = ("  {\n" + ",\n".join(filter(None, row)) + "\n  }" for row in zip(*cells, strict=True))
        yield ((",\n" if number else "") + ",\n".join(rows)).encode()


def _json_cells(spec: ColumnSpec, values: Column) -> list[str]:
    """Return the members that the cells of a column are in the objects of their rows; empty for null."""
    head = f'   "{spec.name}": '
    if isinstance(values, ListColumn):
        return [head + _json_list(cell) for cell in values]
    cells: list[Any] = values.tolist()
    if spec.kind is Kind.DATE:
        cells = [str(cell) for cell in cells]
    if spec.kind is Kind.TIME:
        cells = [cell and cell.isoformat() for cell in cells]
    nulls = is_null(spec.kind, values).tolist()
    return ["" if null else head + ENCODE(cell) for cell, null in zip(cells, nulls, strict=True)]


def _json_list(cell: tuple[str, ...]) -> str:
    return "[\n    " + ",\n    ".join(map(ENCODE, cell)) + "\n   ]" if cell else "[]"
