"""The zip of a feed: refused where it is hostile or broken, else one sheet of texts for each file."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from nichiiki_instances.raw import Source, problem
from nichiiki_instances.text_files import csv_of, is_blank
from nichiiki_instances.xlsx_guard import MAX_TOTAL, is_plain_zip, is_small_index, is_swollen
from nichiiki_models.columns import is_plain
from nichiiki_models.errors import FileError
from nichiiki_models.problems import Problem

FILES = (
    "agency",
    "calendar",
    "calendar_dates",
    "fare_attributes",
    "fare_rules",
    "frequencies",
    "routes",
    "stop_times",
    "stops",
    "trips",
)
"""Files that are read; others in the feed are passed over."""


@dataclass(frozen=True)
class Sheet:
    """One file of a feed.

    Attributes
    ----------
    source
        What it is called in messages.
    columns
        Cells by header, without blanks around them.
    lines
        Line of each row.
    """

    source: Source
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.lines)

    def get(self, column: str, default: str = "") -> Sequence[str]:
        """Return a column; the default everywhere if the file does not have it."""
        return self.columns.get(column, [default] * len(self))


def open_feed(content: BinaryIO, label: str) -> dict[str, Sheet]:
    """Return the sheets of a feed by name without ending.

    Parameters
    ----------
    content
        The zip.
    label
        What the user calls it.

    Raises
    ------
    FileError
        If it is no zip, locked, holds odd names, or swells far beyond its size; if a file in it is no table.
    """
    try:
        if not is_small_index(content):
            raise FileError([problem("swollen_zip", label, limit=MAX_TOTAL // 2**20)])
        with zipfile.ZipFile(content) as archive:
            _check(archive, label)
            return dict(_sheets(archive, label))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise FileError([problem("broken_zip", label)]) from None


def _sheets(archive: zipfile.ZipFile, label: str) -> Iterator[tuple[str, Sheet]]:
    within = set(archive.namelist())
    for name in FILES:
        if f"{name}.txt" in within:
            with archive.open(f"{name}.txt") as stream:
                if not is_blank(cast(BinaryIO, stream)):
                    yield name, _sheet(cast(BinaryIO, stream), f"{label}/{name}.txt")


def _check(archive: zipfile.ZipFile, label: str) -> None:
    parts = archive.infolist()
    if not is_plain_zip(parts):
        raise FileError([problem("broken_zip", label)])
    if is_swollen(parts):
        raise FileError([problem("swollen_zip", label, limit=MAX_TOTAL // 2**20)])
    names = [part.filename for part in parts]
    for name in names:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
            raise FileError([problem("odd_name_in_zip", label, value=name)])
    for name in names:
        if names.count(name) > 1:
            raise FileError([problem("odd_name_in_zip", label, value=name)])


def _sheet(content: BinaryIO, label: str) -> Sheet:
    grid = csv_of(content, label)
    if not grid.rows:
        raise FileError([problem("empty_file", label)])
    header = [cell.strip() for cell in grid.rows[0]]
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice is not None:
        raise FileError([problem("gtfs_header_twice", label, line=grid.lines[0], value=twice)])
    width, problems = len(header), list[Problem]()
    for row, line in zip(grid.rows[1:], grid.lines[1:], strict=True):
        text = "".join(row)
        if not (
            text.isprintable() or is_plain(text)
        ):  # the first is fast, and says no more often than need be
            odd = next(at for at, cell in enumerate(row) if not is_plain(cell))
            where = {"header": header[odd]} if odd < width else {}
            problems.append(problem("control_character", grid.source, line=line, value=row[odd], **where))
        if len(row) > width:
            problems.append(
                problem("gtfs_long_row", grid.source, line=line, value=str(len(row)), width=width)
            )
    if problems:
        raise FileError(problems)
    rows = [[cell.strip() for cell in row] + [""] * (width - len(row)) for row in grid.rows[1:]]
    columns = {name: [row[at] for row in rows] for at, name in enumerate(header) if name}
    return Sheet(grid.source, columns, grid.lines[1:])
