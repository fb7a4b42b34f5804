"""A problem of the input: where it is, what is wrong, what is allowed, what to do, in two languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from nichiiki_models.texts import Lang, text

VALUE_SHOWN = 60
MOST_ALIKE = 200
"""Problems of one kind in one column that are listed one by one; of the others their number is."""
PARTS = ("what", "allowed", "remedy")


class Problem(BaseModel):
    """One thing wrong with the input.

    Attributes
    ----------
    code
        Key of the texts ``problem.<code>.what``, ``.allowed`` and ``.remedy``.
    table, row, column
        Table name, 0-based row in the order given, and canonical column; None where not about one.
    argument
        Argument of a function or option of a command that it is about, where not about a file or table.
    value
        The offending value as it was written.
    params
        What else the texts name, for example the allowed values.
    other_row, other_line
        The other row of a pair (the first of two equal keys), counted as `row` and `line` are.
    file, line, header
        Where the reader found it: file (and sheet), line or row number as the user counts, header as written.
    cell
        The cell as a spreadsheet names it (``C12``), where the problem is in one; in a text file the row is
        the line.
    unit
        Whether `line` counts the lines of a text file, the rows of a sheet, or the entries of a JSON list.
    severity
        A warning does not stop anything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    table: str | None = None
    row: int | None = None
    column: str | None = None
    argument: str | None = None
    value: str | None = None
    params: Mapping[str, str] = Field(default_factory=dict)
    other_row: int | None = None
    file: str | None = None
    line: int | None = None
    other_line: int | None = None
    header: str | None = None
    cell: str | None = None
    unit: Literal["line", "row", "entry"] = "line"
    severity: Literal["error", "warning"] = "error"

    def message(self, lang: Lang) -> str:
        """Return the whole message: place, what, allowed, remedy."""
        return text("problem.frame", lang, place=self.place(lang), **self.parts(lang))

    def parts(self, lang: Lang) -> dict[str, str]:
        """Return the texts ``what``, ``allowed`` and ``remedy``."""
        values: dict[str, Any] = {
            "file": self.file or "",
            "table": self.table or "",
            "column": self.header or self.column or "",
            "value": shown(self.value),
            "cell": self.cell or "",
            "other": _line(self.other_line, self.other_row),
            **self.params,
        }
        return {part: text(f"problem.{self.code}.{part}", lang, **values) for part in PARTS}

    def place(self, lang: Lang) -> str:
        """Return where the problem is, in words."""
        line = _line(self.line, self.row)
        parts = [self.file or self.table or self.argument or ""]
        if line is not None:
            parts.append(text(f"problem.place.{self.unit}", lang, line=line))
        if self.header or self.column:
            parts.append(text("problem.place.column", lang, column=self.header or self.column))
        return text("problem.place.join", lang).join(part for part in parts if part)


def make_problem(code: str, **fields: object) -> Problem:
    """Make a problem.

    Parameters
    ----------
    code
        As in `Problem`.
    fields
        Fields of `Problem`; others become parameters of its texts.
    """
    own: dict[str, Any] = {name: fields.pop(name) for name in tuple(fields) if name in Problem.model_fields}
    if own.get("value") is not None:
        own["value"] = str(own["value"])
    return Problem(code=code, params={name: str(value) for name, value in fields.items()}, **own)


def few(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield problems, but of those alike only the first `MOST_ALIKE`; how many more there are comes at the end.

    A file of nothing but mistakes would otherwise take more memory to refuse than to read. What has been through here may
    come through again, joined with others.

    Parameters
    ----------
    problems
        Problems of any files and tables; alike are those of one code, file, table, column and severity.
    """
    shown: Counter[tuple[str | None, ...]] = Counter()
    more: Counter[tuple[str | None, ...]] = Counter()
    last: dict[tuple[str | None, ...], Problem] = {}
    for each in problems:
        kind = (_kind(each), each.file, each.table, each.column, each.severity)
        if each.code != "more_alike" and shown[kind] < MOST_ALIKE:
            shown[kind] += 1
            yield each
        else:
            more[kind] += int(each.params["count"]) if each.code == "more_alike" else 1
            last[kind] = each
    for alike, count in more.items():
        yield more_alike(last[alike], count)


def of_rows(rows: Sequence[int] | npt.NDArray[np.int64], make: Callable[[int], Problem]) -> Iterator[Problem]:
    """Yield the problem of each row, but of the rows beyond `MOST_ALIKE` only how many there are, as `few` would.

    Parameters
    ----------
    rows
        Rows in which the same is wrong with the same column.
    make
        Says it of one row.
    """
    for row in rows[:MOST_ALIKE]:
        yield make(int(row))
    if len(rows) > MOST_ALIKE:
        last = make(int(rows[MOST_ALIKE]))
        yield more_alike(last, len(rows) - MOST_ALIKE)


def more_alike(last: Problem, count: int) -> Problem:
    """Say that there are so many more problems alike one of them, or alike those whose number it is."""
    kept = last.model_dump(include={"table", "column", "argument", "file", "header", "unit", "severity"})
    return make_problem("more_alike", **kept, kind=_kind(last), count=count, most=MOST_ALIKE)


def _kind(found: Problem) -> str:
    """Return the code of a problem, or of those whose number it is."""
    return found.params["kind"] if found.code == "more_alike" else found.code


def _line(line: int | None, row: int | None) -> int | None:
    return line if line is not None or row is None else row + 1


def shown(value: str | None) -> str:
    """Return a value as it may be shown: printable, at most `VALUE_SHOWN` characters."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value or "")
    return clean if len(clean) <= VALUE_SHOWN else clean[: VALUE_SHOWN - 1] + "…"
