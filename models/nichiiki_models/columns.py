"""Columns: what a field of a row schema is as a numpy array, and how a whole column is checked at once.

Nulls have one spelling each: ``""`` for texts, `NULL_INT` for integers, NaN for numbers, NaT for dates.
Strings are fixed-width unicode arrays, so that joins and sorts stay in numpy for a million rows.
"""

from __future__ import annotations

import re
import types
import typing
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

Array = npt.NDArray[Any]
NULL_INT = int(np.iinfo(np.int64).min)
ID_PATTERN = r"^\w[\w.\-:/#+]*$"
ID_OR_ALL_PATTERN = r"^(\*|\w[\w.\-:/#+]*)$"
WILDCARD = "*"
_BLOCK = 2**16
"""Texts that are Python objects at a time."""


class Kind(StrEnum):
    """How a column is held: each kind has one numpy dtype and one spelling of null."""

    ID = "id"
    TEXT = "text"
    CHOICE = "choice"
    INT = "int"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"
    TIME = "time"
    LIST = "list"


_DTYPES: dict[Kind, str] = {
    Kind.INT: "i8",
    Kind.NUMBER: "f8",
    Kind.FLAG: "?",
    Kind.DATE: "M8[D]",
    Kind.TIME: "M8[s]",
}
_SCALARS: dict[Any, Kind] = {
    bool: Kind.FLAG,
    int: Kind.INT,
    float: Kind.NUMBER,
    date: Kind.DATE,
    datetime: Kind.TIME,
    str: Kind.TEXT,
}


class ListColumn:
    """A column whose cells are lists of texts: flat values and offsets (CSR), never objects.

    Parameters
    ----------
    offsets
        int64, shape (rows + 1,): cell i holds ``values[offsets[i]:offsets[i + 1]]``.
    values
        unicode array of all entries.
    """

    __slots__ = ("offsets", "values")

    def __init__(self, offsets: Array, values: Array) -> None:
        self.offsets = np.asarray(offsets, dtype=np.int64)
        self.values = np.asarray(values, dtype=np.str_)
        self.offsets.setflags(write=False)
        self.values.setflags(write=False)

    @classmethod
    def from_lists(cls, cells: Iterable[Sequence[str]]) -> ListColumn:
        """Build from one sequence of texts a row."""
        cells = list(cells)
        offsets = np.zeros(len(cells) + 1, dtype=np.int64)
        np.cumsum([len(cell) for cell in cells], out=offsets[1:])
        return cls(offsets, np.array([entry for cell in cells for entry in cell], dtype=np.str_))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> tuple[str, ...]:
        return tuple(self.values[self.offsets[row] : self.offsets[row + 1]].tolist())

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return (self[row] for row in range(len(self)))

    @property
    def lengths(self) -> Array:
        """Number of entries of each row, int64."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> Array:
        """Row of each entry of `values`, int64."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, rows: Array) -> ListColumn:
        """Return the column of the given rows, in their order."""
        starts = self.offsets[:-1][rows]
        flat, offsets = spread(starts, self.offsets[1:][rows] - starts)
        return ListColumn(offsets, self.values[flat])

    def part(self, first: int, end: int) -> ListColumn:
        """Return the column of neighbouring rows, `first` to before `end`."""
        offsets = self.offsets[first : end + 1]
        return ListColumn(offsets - offsets[0], self.values[offsets[0] : offsets[-1]])

    def joined(self) -> Array:
        """Each row's entries as one text, separated by ``;``."""
        texts = [""] * len(self)
        for row in np.flatnonzero(self.lengths).tolist():
            texts[row] = ";".join(self[row])
        return np.array(texts, dtype=np.str_) if texts else np.zeros(0, dtype="U1")

    def holds(self, entry: str) -> Array:
        """Mask of the rows that list an entry."""
        mask = np.zeros(len(self), dtype=bool)
        mask[self.owners[self.values == entry]] = True
        return mask


Column = Array | ListColumn


def spread(starts: Array, lengths: Array) -> tuple[Array, Array]:
    """Return the numbers of every span that starts somewhere and has a length, one span after the other, and where each begins."""
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths), offsets


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a table, read off its pydantic field.

    Attributes
    ----------
    name, kind
        Canonical (English) header and how it is held.
    optional, default
        Whether a cell may be empty, and what an empty or absent cell means.
    low, high
        Inclusive range of integers and numbers, if any.
    choices
        Allowed values of a choice (or of each entry of a list of choices).
    max_length
        Most characters of a text, or of each entry of a list.
    references
        Tables in which an id (or each entry of a list of ids) must exist.
    wildcard
        Whether the entry ``*`` (all) is allowed in a list.
    unit, description
        What a planner reads beside the header.
    """

    name: str
    kind: Kind
    optional: bool
    default: Any
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    max_length: int
    is_id: bool
    references: tuple[str, ...]
    wildcard: bool
    unit: str
    description: str

    @property
    def required(self) -> bool:
        """Whether every row must fill the cell."""
        return self.default is PydanticUndefined

    @property
    def nullable(self) -> bool:
        """Whether null is a value of the column (and not only the spelling of a missing cell)."""
        return self.default is None or self.default in ("", ())


class Limits(TypedDict, total=False):
    """Limits of a field, as pydantic names them."""

    ge: float
    le: float
    max_length: int


def column(
    description: str,
    *,
    unit: str = "",
    references: Sequence[str] = (),
    default: Any = PydanticUndefined,
    **limits: Unpack[Limits],
) -> Any:
    """Declare a field of a row: its meaning, unit, what it refers to, and its limits (ge, le, max_length)."""
    extra: dict[str, Any] = {"unit": unit, "references": list(references)}
    return Field(default=default, description=description, json_schema_extra=extra, **limits)


@cache
def column_specs(schema: type[BaseModel]) -> dict[str, ColumnSpec]:
    """Return the column specs of a row schema, in the order of its fields."""
    return {name: _spec(name, field) for name, field in schema.model_fields.items()}


def _spec(name: str, field: FieldInfo) -> ColumnSpec:
    kind, choices, is_list = _kind(field.annotation)
    limits = {
        key: getattr(item, key)
        for item in _metadata(field)
        for key in ("ge", "le", "max_length")
        if hasattr(item, key)
    }
    extra = typing.cast(dict[str, Any], field.json_schema_extra or {})
    patterns = {getattr(item, "pattern", None) for item in _metadata(field)}
    is_id = bool(patterns & {ID_PATTERN, ID_OR_ALL_PATTERN})
    return ColumnSpec(
        name=name,
        kind=Kind.ID if is_id and not is_list else kind,
        optional=type(None) in typing.get_args(field.annotation) or not field.is_required(),
        default=field.default,
        low=limits.get("ge"),
        high=limits.get("le"),
        choices=choices,
        max_length=limits.get("max_length", 64 if is_id or is_list else 200),
        is_id=is_id,
        references=tuple(extra.get("references", ())),
        wildcard=ID_OR_ALL_PATTERN in patterns,
        unit=extra.get("unit", ""),
        description=field.description or "",
    )


def _metadata(field: FieldInfo) -> list[Any]:
    """All constraint objects of a field, also those inside ``Annotated`` members of unions and tuples."""
    found: list[Any] = list(field.metadata)
    stack: list[Any] = [field.annotation]
    while stack:
        annotation = stack.pop()
        if typing.get_origin(annotation) is typing.Annotated:
            found += [m for item in annotation.__metadata__ for m in getattr(item, "metadata", [item])]
        stack += [
            a for a in typing.get_args(annotation) if a is not Ellipsis and not isinstance(a, str | int)
        ]
    return found


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...], bool]:
    """Kind of an annotation, its choices, and whether it is a list."""
    origin = typing.get_origin(annotation)
    args = typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(args[0])
    if origin is types.UnionType or origin is typing.Union:
        members = [_kind(arg) for arg in args if arg is not type(None)]
        return members[0][0], tuple(choice for member in members for choice in member[1]), members[0][2]
    if origin is tuple:
        return Kind.LIST, _kind(args[0])[1], True
    if origin is Literal:
        return Kind.CHOICE, tuple(args), False
    return _SCALARS[annotation], (), False


def null_of(kind: Kind) -> Any:
    """The one spelling of null of a kind."""
    match kind:
        case Kind.INT:
            return NULL_INT
        case Kind.NUMBER:
            return np.nan
        case Kind.FLAG:
            return False
        case Kind.DATE | Kind.TIME:
            return np.datetime64("NaT")
        case Kind.LIST:
            return ()
        case _:
            return ""


def is_null(kind: Kind, values: Column) -> Array:
    """Mask of the empty cells of a column."""
    if isinstance(values, ListColumn):
        return np.asarray(values.lengths == 0)
    match kind:
        case Kind.INT:
            return np.asarray(values == NULL_INT)
        case Kind.NUMBER:
            return np.isnan(values)
        case Kind.FLAG:
            return np.zeros(len(values), dtype=bool)
        case Kind.DATE | Kind.TIME:
            return np.isnat(values)
        case _:
            return np.asarray(values == "")


def runs(values: Array) -> tuple[Array, Array]:
    """Return the first value of each run of equal neighbours, and how long the runs are."""
    starts = (
        np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
        if len(values)
        else np.zeros(0, dtype=np.int64)
    )
    heads = values[starts] if len(starts) < len(values) else values
    return heads, np.diff(np.append(starts, len(values)))


def is_in(values: Array, known: Iterable[str]) -> Array:
    """Mask of the texts that are among the known ones; a set is many times faster than sorting them."""
    members = known if isinstance(known, frozenset | set) else frozenset(known)
    found = np.zeros(len(values), dtype=bool)
    for start in range(0, len(values), _BLOCK):
        heads, lengths = runs(values[start : start + _BLOCK])
        held = np.fromiter(map(members.__contains__, heads.tolist()), dtype=bool, count=len(heads))
        found[start : start + _BLOCK] = np.repeat(held, lengths)
    return found


def as_column(spec: ColumnSpec, values: Iterable[Any]) -> Column:
    """Turn Python values (None = null) into the column of a spec."""
    null = null_of(spec.kind)
    cells = [null if value is None else value for value in values]
    if spec.kind is Kind.LIST:
        return ListColumn.from_lists(cells)
    return np.array(cells, dtype=_DTYPES.get(spec.kind, np.str_))


def freeze(spec: ColumnSpec, values: Column) -> Column:
    """Return the column in its kind's dtype, read-only."""
    if isinstance(values, ListColumn):
        return values
    array = np.asarray(values, dtype=_DTYPES.get(spec.kind, np.str_))
    if array.flags.writeable:
        array = array.view()
        array.setflags(write=False)
    return array


def default_column(spec: ColumnSpec, rows: int) -> Column:
    """Return a column that holds the default everywhere; it takes no more memory than one cell does."""
    default = None if spec.default is PydanticUndefined else spec.default
    null = null_of(spec.kind) if default is None else default
    if spec.kind is Kind.LIST and not null:
        return ListColumn(np.broadcast_to(np.int64(0), (rows + 1,)), np.zeros(0, dtype=np.str_))
    if spec.kind is Kind.LIST:
        return ListColumn.from_lists([null] * rows)
    one = np.array(null, dtype=_DTYPES.get(spec.kind) or f"U{max(1, len(null))}")
    return np.broadcast_to(one, (rows,))


def cell(spec: ColumnSpec, values: Column, row: int) -> Any:
    """Return one cell as the Python value of the row object."""
    if isinstance(values, ListColumn):
        return values[row]
    value = values[row]
    if spec.kind in (Kind.DATE, Kind.TIME, Kind.INT, Kind.NUMBER) and bool(
        is_null(spec.kind, values[row : row + 1])[0]
    ):
        return None
    value = value.item()
    return None if value == "" and spec.default is None else value


def cells(spec: ColumnSpec, values: Column) -> list[Any]:
    """Return all cells of a column as `cell` returns each of them."""
    if isinstance(values, ListColumn):
        return [values[row] for row in range(len(values))]
    found: list[Any] = values.tolist()
    if spec.kind in (Kind.DATE, Kind.TIME, Kind.INT, Kind.NUMBER):
        for row in np.flatnonzero(is_null(spec.kind, values)).tolist():
            found[row] = None
    elif spec.default is None:
        found = [None if value == "" else value for value in found]
    return found


def bad_cells(spec: ColumnSpec, values: Column) -> Iterator[tuple[str, Array]]:
    """Check a whole column and yield (problem code, rows) for each rule that some cells break.

    The rules are those of the pydantic field: required, range, choice, length, form of an id.
    """
    null = is_null(spec.kind, values)
    if not spec.nullable and spec.kind is not Kind.LIST and null.any():
        yield "empty_cell", np.flatnonzero(null)
    flat, owners = (
        (values.values, values.owners) if isinstance(values, ListColumn) else (values, np.arange(len(values)))
    )
    for code, mask in _bad_values(
        spec, flat, np.zeros(len(flat), bool) if isinstance(values, ListColumn) else null
    ):
        if mask.any():
            yield code, np.unique(owners[mask])


def _bad_values(spec: ColumnSpec, flat: Array, null: Array) -> Iterator[tuple[str, Array]]:
    if spec.kind in (Kind.INT, Kind.NUMBER):
        yield from _out_of_range(spec, flat, null)
    elif spec.choices:
        yield "unknown_choice", ~null & ~np.isin(flat, spec.choices)
    elif spec.kind in (Kind.ID, Kind.TEXT, Kind.LIST):
        yield "too_long", np.strings.str_len(flat) > spec.max_length
        if spec.is_id:
            allowed = (flat == WILDCARD) if spec.wildcard else np.zeros(len(flat), dtype=bool)
            yield "bad_id", ~null & ~allowed & ~is_id(flat)
        else:
            yield "control_character", has_control(flat)


def _out_of_range(spec: ColumnSpec, flat: Array, null: Array) -> Iterator[tuple[str, Array]]:
    finite = np.isfinite(flat)
    yield "not_finite", ~null & ~finite
    if spec.low is not None:
        yield "too_small", ~null & finite & (flat < spec.low)
    if spec.high is not None:
        yield "too_large", ~null & finite & (flat > spec.high)


def _code_points(values: Array) -> Array:
    width = max(1, values.dtype.itemsize // 4)
    wide = np.ascontiguousarray(values, dtype=f"U{width}")
    return wide.view(np.uint32).reshape(len(values), width)


def ascii_words(values: Array) -> list[Array] | None:
    """Return ASCII texts as big-endian words of 8 characters, which sort as the texts do; None for other texts."""
    points = _code_points(values)
    if (points > 127).any():
        return None
    padded = np.zeros((len(points), -(-points.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : points.shape[1]] = points
    return list(padded.view(">u8").astype(np.uint64).T)


_ID_FIRST = np.array([re.match(r"\w", chr(c)) is not None for c in range(128)])
_ID_REST = np.array([c == 0 or re.match(r"[\w.\-:/#+]", chr(c)) is not None for c in range(128)])


def is_one_id(value: str) -> bool:
    """Say whether one text is a well-formed id; the scalar twin of `is_id`."""
    if re.fullmatch(ID_PATTERN, value) is None or "\n" in value:
        return False
    return value.isascii() or (
        unicodedata.is_normalized("NFKC", value)
        # numbers that are no digits, such as an Aegean one, are word characters to Python, not to the row schemas
        and not any(unicodedata.category(c) == "No" for c in value)
    )


def is_plain(value: str) -> bool:
    """Say whether one text is free of control characters, lone surrogates and U+FFFE, U+FFFF; the scalar twin of `has_control`."""
    return not any(
        c < 32 or 127 <= c < 160 or 0xD800 <= c < 0xE000 or c in (0xFFFE, 0xFFFF) for c in map(ord, value)
    )


def is_id(values: Array) -> Array:
    """Mask of the texts that are well-formed ids: word characters and ``.-:/#+``, NFKC-normal, not empty."""
    if len(values) == 0:
        return np.zeros(0, dtype=bool)
    points = _code_points(values)
    ascii_only = (points < 128).all(axis=1)
    clipped = np.minimum(points, 127)
    good = ascii_only & _ID_FIRST[clipped[:, 0]] & _ID_REST[clipped].all(axis=1)
    good &= (points[:, 0] != 0) & ~_inner_nul(points)
    for row in np.flatnonzero(~ascii_only):
        good[row] = is_one_id(str(values[row]))
    return np.asarray(good)


def has_control(values: Array) -> Array:
    """Mask of the texts that hold a control character, half of a surrogate pair, or U+FFFE or U+FFFF."""
    if len(values) == 0:
        return np.zeros(0, dtype=bool)
    points = _code_points(values)
    control = (
        ((points < 32) & (points > 0))
        | ((points >= 127) & (points < 160))
        | ((points >= 0xD800) & (points < 0xE000))
    )
    control |= (points == 0xFFFE) | (points == 0xFFFF)
    return np.asarray(control.any(axis=1) | _inner_nul(points))


def _inner_nul(points: Array) -> Array:
    """Mask of the rows with a NUL before their last character (trailing ones only pad the fixed width)."""
    filled = points != 0
    return np.asarray((filled[:, 1:] & ~filled[:, :-1]).any(axis=1))
