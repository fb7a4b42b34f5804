"""Files written whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from nichiiki.report.rows import Cell, Sheet

RISKY = "=+-@\t\r＝＋－＠"
"""First characters that a spreadsheet takes for a formula, also in full width."""
TRIES, PAUSE_S = 6, 0.4
BOM = "\ufeff"


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file in one step, so that nobody ever sees half of it.

    Parameters
    ----------
    path
        Where; an older file there is replaced.
    content
        The bytes.

    Returns
    -------
    Path
        Where it was written: beside it with ``_2`` in its name if another program keeps the older file locked
        (Excel does).
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        return _replace(draft, path)
    except OSError as error:
        error.filename = os.fspath(path)  # the name that was asked for, not that of the draft
        raise
    finally:
        with suppress(OSError):  # where there is no folder there is no draft either
            draft.unlink(missing_ok=True)


def _replace(draft: Path, path: Path) -> Path:
    for _ in range(TRIES):
        try:
            os.replace(draft, path)
            return path
        except PermissionError:
            if path.is_dir() or os.name != "nt":
                raise
            time.sleep(PAUSE_S)
    second = path.with_stem(f"{path.stem}_2")
    os.replace(draft, second)
    return second


def write_all(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write several files into a folder, which is made if need be; return where each one is."""
    folder.mkdir(parents=True, exist_ok=True)
    return [write_whole(folder / name, content) for name, content in files.items()]


def csv_bytes(sheet: Sheet) -> bytes:
    """Return a list as CSV for spreadsheets: UTF-8 with BOM, quoted, no cell that could be a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(sheet.columns)
    writer.writerows(_harmless(row) for row in sheet.rows)
    return (BOM + buffer.getvalue()).encode("utf-8")


def _harmless(row: Iterable[Cell]) -> list[Cell]:
    return [f"'{cell}" if isinstance(cell, str) and cell[:1] and cell[0] in RISKY else cell for cell in row]
