"""Broken file sets: the base instance with one defect each, made on disk from defects.toml."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

from nichiiki_instances import inspect, read, write
from nichiiki_models.errors import InputError
from nichiiki_models.problems import Problem

DATA = Path(__file__).parents[1] / "data"
BASE = DATA / "base"
DEFECTS: dict[str, Any] = tomllib.loads((DATA / "invalid" / "defects.toml").read_text("utf-8"))
MESSAGES: dict[str, Any] = tomllib.loads((DATA / "invalid" / "messages.toml").read_text("utf-8"))


def make(name: str, folder: Path) -> Path:
    """Make the files of a defect below a folder and return what is to be read."""
    defect = DEFECTS[name]
    root = folder / name
    shutil.copytree(BASE, root)
    converted = defect.get("as", "")
    if converted:
        write(read(BASE), root / converted)
    for file in defect.get("remove", ()):
        (root / file).unlink()
    for file, old, new in defect.get("edit", ()):
        text = (root / file).read_text("utf-8")
        assert old in text, f"{name}: {old!r} is not in {file}"
        (root / file).write_text(text.replace(old, new, 1), "utf-8")
    for file, line in defect.get("append", ()):
        (root / file).write_text((root / file).read_text("utf-8") + line + "\n", "utf-8")
    for file, text in defect.get("write", ()):
        (root / file).write_text(text, "utf-8")
    for file, content in defect.get("bytes", ()):
        (root / file).write_bytes(bytes.fromhex(content))
    if converted.endswith(".xlsx"):
        _change_workbook(root / converted, defect)
    target = defect.get("read", converted)
    return root / target if target else root


def _change_workbook(path: Path, defect: dict[str, Any]) -> None:
    import openpyxl

    book = openpyxl.load_workbook(path)
    for old, new in defect.get("sheets", ()):
        book[old].title = new
    for sheet, cell, value in defect.get("cells", ()):
        book[sheet][cell] = _value(value)
    for sheet, cells in defect.get("merge", ()):
        book[sheet].merge_cells(cells)
    book.save(path)


def _value(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text) if text.startswith("2026-") else text


def problems_of(path: Path) -> list[Problem]:
    """Return every problem of a file set, whether it is listed or raised."""
    try:
        return list(inspect(path).problems)
    except InputError as error:
        return list(error.problems)
