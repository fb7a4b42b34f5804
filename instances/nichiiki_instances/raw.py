"""What a parser hands to the builder: texts and where each was found; and what the builder keeps of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nichiiki_instances.packing import Packed, end_to_end
from nichiiki_models.columns import Array
from nichiiki_models.problems import Problem, make_problem
from nichiiki_models.table import Table
from nichiiki_models.tables import TABLES

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
    """Columns of text of one table, or of some rows of it, under canonical names.

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
    """

    source: Source
    columns: Mapping[str, Sequence[Cell]]
    headers: Mapping[str, str]
    lines: Sequence[int]
    dates: Mapping[str, frozenset[int]] = field(default_factory=dict)
    positions: Mapping[str, int] = field(default_factory=dict)

    def line(self, row: int) -> int:
        """Return the number of a row as the user counts."""
        return self.lines[row]


@dataclass
class Part:
    """Rows of one list as they were built: typed, in the pieces in which they came, and without their texts.

    Attributes
    ----------
    source, positions
        As in `RawTable`.
    headers
        As in `RawTable`; with a later piece one may join.
    lines
        Numbers of the rows as the user counts, for each piece.
    pieces
        Columns that were there by canonical name, packed, for each piece.
    """

    source: Source
    headers: dict[str, str] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    lines: list[range | Array] = field(default_factory=list)
    pieces: list[dict[str, Packed]] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(map(len, self.lines))

    def tables(self, name: str) -> Iterator[Table[Any]]:
        """Yield the pieces as tables of a name."""
        for lines, columns in zip(self.lines, self.pieces, strict=True):
            own = {column: end_to_end([values]) for column, values in columns.items()}
            yield Table(TABLES[name], own, rows=len(lines))

    def line(self, row: int) -> int:
        """Return the number of a row as the user counts."""
        for lines in self.lines:
            if row < len(lines):
                return int(lines[row])
            row -= len(lines)
        raise IndexError(row)


Watch = Callable[[str, Table[Any], RawTable, int], Iterator[Problem]]


@dataclass
class Parsed:
    """A file set as parsed: tables, rules, and what was wrong so far.

    Attributes
    ----------
    watch
        What looks at the values of each piece and says what is wrong with them, in place of their being kept; None if they
        are. It is given the name of the table, the piece with and without its types, and the number of its first row.
    tables
        The lists that a table is made of, by its name.
    broken
        Tables that are there but cannot be read, or whose ids are not all known; ids that point to them are not reported.
    about
        Name and note of the instance, and the format if it is written.
    problems
        What kept texts from being understood.
    of_cells
        What is wrong with single cells that were.
    """

    watch: Watch | None = None
    tables: dict[str, list[Part]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    rules: dict[str, Any] = field(default_factory=dict)
    rules_file: str = "rules.toml"
    about: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    of_cells: list[Problem] = field(default_factory=list)

    def give_up(self, table: str) -> None:
        """Let a table go that turns out to be none, and what was wrong with its rows."""
        self.broken.add(table)
        if self.tables.pop(table, None):
            self.problems = [each for each in self.problems if each.table != table]
            self.of_cells = [each for each in self.of_cells if each.table != table]

    def part_of(self, table: str, row: int) -> tuple[Part, int]:
        """Return the list that holds a row of a table, and the row's number in it."""
        for part in self.tables[table]:
            if row < len(part):
                return part, row
            row -= len(part)
        raise IndexError(row)


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
