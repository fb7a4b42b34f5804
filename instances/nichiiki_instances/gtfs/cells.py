"""Cells of a feed: whole numbers, positions, times, days and keys, with every fault named by file and line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from nichiiki_instances.gtfs.archive import Sheet
from nichiiki_instances.raw import Source, problem
from nichiiki_models.errors import InstanceError
from nichiiki_models.problems import Problem

T = TypeVar("T")
_TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")
_DAY = re.compile(r"\d{8}")
MOST_PROBLEMS = 1000


class Cells:
    """Reads cells and collects what is wrong with them.

    Parameters
    ----------
    sheets
        The files of the feed.
    label
        What the user calls it.
    """

    def __init__(self, sheets: Mapping[str, Sheet], label: str) -> None:
        self.sheets, self.label = sheets, label
        self.problems: list[Problem] = []

    def sheet(self, name: str, *columns: str, required: bool = True) -> Sheet:
        """Return a file; a missing file that is required or a missing column is a problem."""
        found = self.sheets.get(name)
        if found is None:
            if required:
                self.problems.append(problem("gtfs_no_file", self.label, value=f"{name}.txt"))
            return Sheet(Source(f"{self.label}/{name}.txt"), {column: [] for column in columns}, [])
        missing = [column for column in columns if column not in found.columns]
        for column in missing:
            self.problems.append(problem("gtfs_no_column", found.source, value=column))
        if not missing:
            return found
        return Sheet(
            found.source, {**found.columns, **{column: [""] * len(found) for column in missing}}, found.lines
        )

    def stop_if_broken(self) -> None:
        """Raise what was found so far.

        Raises
        ------
        InstanceError
            If anything was.
        """
        if self.problems:
            raise InstanceError(self.problems)

    def fault(self, code: str, sheet: Sheet, row: int, column: str, value: str, **params: object) -> None:
        """Note a problem of a cell."""
        if len(self.problems) < MOST_PROBLEMS:
            line = sheet.lines[row]
            found = problem(
                code, sheet.source, line=line, column=column, header=column, value=value, **params
            )
            self.problems.append(found)

    def read(
        self, sheet: Sheet, column: str, parse: Callable[[str], T | None], allowed: str, empty: T
    ) -> list[T]:
        """Parse a column; None from the parser is a problem, and `empty` stands in its place."""
        found: list[T] = []
        for row, cell in enumerate(sheet.get(column)):
            value = parse(cell)
            if value is None:
                self.fault("gtfs_bad_cell", sheet, row, column, cell, allowed=allowed)
            found.append(empty if value is None else value)
        return found

    def keys(self, sheet: Sheet, column: str) -> dict[str, int]:
        """Return the row of each key; an empty key or one that comes twice is a problem."""
        place: dict[str, int] = {}
        for row, cell in enumerate(sheet.get(column)):
            if not cell or cell in place:
                first = sheet.lines[place[cell]] if cell in place else 0
                code = "gtfs_key_twice" if cell else "gtfs_empty_key"
                self.fault(code, sheet, row, column, cell, first=first)
            place.setdefault(cell, row)
        return place

    def links(self, sheet: Sheet, column: str, keys: Mapping[str, Any], file: str) -> list[int]:
        """Return the row that each cell points to in another file; a key that is not there is a problem."""
        found = []
        for row, cell in enumerate(sheet.get(column)):
            if cell not in keys:
                self.fault("gtfs_unknown_key", sheet, row, column, cell, other_file=f"{file}.txt")
            found.append(keys.get(cell, -1))
        return found


def whole(low: int, high: int) -> Callable[[str], int | None]:
    """Return a parser of whole numbers in a range."""

    def parse(cell: str) -> int | None:
        return int(cell) if cell.isascii() and cell.isdigit() and low <= int(cell) <= high else None

    return parse


def whole_or(default: int, low: int, high: int) -> Callable[[str], int | None]:
    """Return a parser of whole numbers in a range; an empty cell is the default."""
    parse = whole(low, high)
    return lambda cell: parse(cell) if cell else default


def decimal(low: float, high: float) -> Callable[[str], float | None]:
    """Return a parser of numbers in a range."""

    def parse(cell: str) -> float | None:
        try:
            value = float(cell)
        except ValueError:
            return None
        return value if math.isfinite(value) and low <= value <= high else None

    return parse


def seconds(cell: str) -> int | None:
    """Parse a time of day, which may pass 24:00:00, into seconds; -1 where it is left out."""
    if not cell:
        return -1
    found = _TIME.fullmatch(cell)
    return 3600 * int(found[1]) + 60 * int(found[2]) + int(found[3]) if found else None


def day(cell: str) -> date | None:
    """Parse a day written as YYYYMMDD."""
    if not _DAY.fullmatch(cell):
        return None
    try:
        return date(int(cell[:4]), int(cell[4:6]), int(cell[6:]))
    except ValueError:
        return None


def yen(cell: str) -> int | None:
    """Parse a price in yen, which may be written with a fraction of zero."""
    value = decimal(0, 250_000)(cell)
    return int(value) if value is not None and value.is_integer() else None


def in_order(values: Sequence[int]) -> list[int]:
    """Return the places of values by rising value."""
    return sorted(range(len(values)), key=values.__getitem__)
