"""What a parser hands to the builder: texts, where each was found, and nothing interpreted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nichiiki_models.problems import Problem

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
    """

    source: Source
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    dates: frozenset[tuple[int, int]] = frozenset()


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
    """

    source: Source
    columns: Mapping[str, Sequence[Cell]]
    headers: Mapping[str, str]
    lines: Sequence[int]
    dates: Mapping[str, frozenset[int]] = field(default_factory=dict)


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


def problem(code: str, source: Source | str, **fields: Any) -> Problem:
    """Make a problem of a file; fields that a `Problem` does not have become parameters of its texts."""
    own = {key: fields.pop(key) for key in tuple(fields) if key in Problem.model_fields}
    if isinstance(source, Source):
        own |= {"file": source.file, "unit": source.unit}
    else:
        own |= {"file": source}
    return Problem(code=code, params={key: str(value) for key, value in fields.items()}, **own)
