"""Files written whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nichiiki.report.rows import Cell, Sheet

RISKY = frozenset("=+-@\t\r＝＋－＠")
"""First characters that a spreadsheet takes for a formula, also in full width."""
TRIES, PAUSE_S = 6, 0.4


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
    (written,) = _write(path.parent, [(path.name, content)])
    return written


def write_all(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Write several files into a folder, which is made if need be; where one cannot be made or written, none is.

    Parameters
    ----------
    folder
        Where.
    files
        Name and content; each is written, beside its place, and let go before the next is asked for.

    Returns
    -------
    list of Path
        Where each one is, as `write_whole` says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return _write(folder, files)


def _write(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Write every file as a draft, and then move them all to their places."""
    drafts: list[tuple[Path, Path]] = []
    try:
        for name, content in files:
            drafts.append((folder / f".{name}.{secrets.token_hex(4)}.tmp", folder / name))
            _write_draft(*drafts[-1], content)
            del content  # nothing holds it while the next one is made
        return [_replace(draft, path) for draft, path in drafts]
    finally:
        for draft, _ in drafts:
            with suppress(OSError):  # where there is no folder there is no draft either
                draft.unlink(missing_ok=True)


def _write_draft(draft: Path, path: Path, content: bytes) -> None:
    with _named(path), draft.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let an error of the system name the file that was asked for, not its draft."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def _replace(draft: Path, path: Path) -> Path:
    with _named(path):
        return _moved(draft, path)


def _moved(draft: Path, path: Path) -> Path:
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


def csv_bytes(sheet: Sheet) -> bytes:
    """Return a list as CSV for spreadsheets: UTF-8 with BOM, quoted, no cell that could be a formula."""
    buffer = io.BytesIO()
    with io.TextIOWrapper(buffer, "utf-8-sig", newline="") as text:
        writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
        writer.writerow(sheet.columns)
        writer.writerows(map(_harmless, sheet.rows))
        text.flush()
        return buffer.getvalue()


def _harmless(row: Iterable[Cell]) -> list[Cell]:
    return [f"'{cell}" if isinstance(cell, str) and cell[:1] in RISKY else cell for cell in row]
