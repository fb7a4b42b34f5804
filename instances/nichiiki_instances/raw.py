"""What a parser hands to the builder: texts, where each was found, and nothing interpreted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nichiiki_models.problems import Problem, make_problem

Cell = str | tuple[str, ...]
Unit = Literal["line", "row", "entry"]


class BadCell(ValueError):
    """A cell whose meaning is not certain: code of the problem and what its texts name."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class Source:
    """Where cells come from, and how far they may be interpreted.

    Attributes
    ----------
    file
        What the user calls it: file name, with the sheet or table in a workbook or JSON.
    unit
        How rows are counted there.
    verbatim
        Texts are taken as they are (workbook, JSON); in CSV they are trimmed and an apostrophe may
        guard them.
    serials
        A number may be a day number of a workbook.
    """

    file: str
    unit: Unit = "line"
    verbatim: bool = False
    serials: bool = False


@dataclass(frozen=True)
class Grid:
    """A rectangle of cells before its header is known.

    Attributes
    ----------
    rows, lines
        Cells, and the number of each row as the user counts.
    dates
        (row, column) of the cells that were dates, not texts.
    merged
        Merged areas: first row, first column, last row, last column, counted from 1 as the sheet counts.
    """

    source: Source
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    dates: frozenset[tuple[int, int]] = frozenset()
    merged: Sequence[tuple[int, int, int, int]] = ()


@dataclass(frozen=True)
class RawTable:
    """Columns of text of one table, under canonical names.

    Attributes
    ----------
    columns, headers
        Cells by canonical name, and each header as it was written.
    lines
        Number of each row as the user counts.
    dates
        Rows that were date cells, by canonical name.
    positions
        Number of each column in the file, from 1; absent where columns have no order (JSON).
    more
        Further parts of the same table, from other files or sheets: their rows follow.
    """

    source: Source
    columns: Mapping[str, Sequence[Cell]]
    headers: Mapping[str, str]
    lines: Sequence[int]
    dates: Mapping[str, frozenset[int]] = field(default_factory=dict)
    positions: Mapping[str, int] = field(default_factory=dict)
    more: tuple[RawTable, ...] = ()

    @property
    def parts(self) -> tuple[RawTable, ...]:
        """The part itself and those that follow."""
        return (self, *self.more)

    def part_of(self, row: int) -> tuple[RawTable, int]:
        """Return the part that holds a row of the whole table, and the row's number in it."""
        for part in self.parts:
            if row < len(part.lines):
                return part, row
            row -= len(part.lines)
        raise IndexError(row)

    def cell(self, column: str, row: int) -> str | None:
        """Return the name of a cell of this part, where its columns have an order."""
        at = self.positions.get(column)
        return cell_name(self.lines[row], at) if at else None


@dataclass
class Parsed:
    """A file set as parsed: tables, rules, and what was wrong so far.

    Attributes
    ----------
    broken
        Tables that are there but cannot be read; ids that point to them are not reported.
    about
        Name and note of the instance, and the format if it is written.
    """

    tables: dict[str, RawTable] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    rules: dict[str, Any] = field(default_factory=dict)
    rules_file: str = "rules.toml"
    about: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def cell_name(row: int, column: int) -> str:
    """Return the name of a cell as a spreadsheet shows it: (3, 28) is AB3."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def column_number(letters: str) -> int:
    """Return the number of a column from its letters, from 1: AB is 28."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def problem(code: str, source: Source | str, **fields: Any) -> Problem:
    """Make a problem of a file; fields that a `Problem` does not have become parameters of its texts."""
    where = {"file": source.file, "unit": source.unit} if isinstance(source, Source) else {"file": source}
    return make_problem(code, **{**fields, **where})
