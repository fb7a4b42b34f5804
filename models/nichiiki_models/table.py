"""A column table: numpy columns described and checked by a pydantic row schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Generic, Self, TypeVar, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from nichiiki_models.columns import (
    Array,
    Column,
    ColumnSpec,
    Kind,
    ListColumn,
    as_column,
    ascii_words,
    cell,
    cells,
    column_specs,
    default_column,
    freeze,
    runs,
    spread,
)
from nichiiki_models.notebook import table


class Row(BaseModel):
    """One row of a table: frozen, no unknown fields, input never echoed in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    key: ClassVar[tuple[str, ...]]
    """Columns that tell rows apart; a table is kept in their order."""


R = TypeVar("R", bound=Row)
_SET = object.__setattr__
BLOCK = 4096
"""Rows whose cells are taken out of their columns at a time."""


class Table(Generic[R]):
    """Rows of one kind as read-only numpy columns; a row object is made only when asked for.

    Parameters
    ----------
    schema
        The pydantic row class that describes the columns.
    columns
        A column for each field that is not at its default everywhere; others are filled with the default.

    Notes
    -----
    The constructor trusts its columns; `nichiiki_models.checks` finds what is wrong with them, and an
    `Instance` holds only checked tables.
    """

    __slots__ = ("__dict__", "columns", "schema")

    def __init__(self, schema: type[R], columns: Mapping[str, Column], *, rows: int | None = None) -> None:
        size = rows if rows is not None else len(next(iter(columns.values()), ()))
        specs = column_specs(schema)
        unknown = set(columns) - set(specs)
        if unknown:
            raise KeyError(f"{schema.__name__} has no column {sorted(unknown)}")
        if any(len(values) != size for values in columns.values()):
            raise ValueError(f"columns of {schema.__name__} differ in length")
        self.schema = schema
        self.columns: dict[str, Column] = {
            name: freeze(spec, columns[name]) if name in columns else default_column(spec, size)
            for name, spec in specs.items()
        }

    @classmethod
    def from_rows(cls, schema: type[R], rows: Iterable[R]) -> Self:
        """Build from row objects."""
        rows = list(rows)
        return cls(
            schema,
            {
                name: as_column(spec, (getattr(row, name) for row in rows))
                for name, spec in column_specs(schema).items()
            },
            rows=len(rows),
        )

    @classmethod
    def empty(cls, schema: type[R]) -> Self:
        """Build a table without rows."""
        return cls(schema, {}, rows=0)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> Array:
        """Return a flat column by name."""
        values = self.columns[name]
        if isinstance(values, ListColumn):
            raise TypeError(f"column {name!r} holds lists; use .lists({name!r})")
        return values

    def lists(self, name: str) -> ListColumn:
        """Return a list column by name."""
        values = self.columns[name]
        if not isinstance(values, ListColumn):
            raise TypeError(f"column {name!r} holds single values; use [{name!r}]")
        return values

    @property
    def specs(self) -> dict[str, ColumnSpec]:
        """The column specs by name."""
        return column_specs(self.schema)

    def row(self, index: int) -> R:
        """Return one row as its pydantic object."""
        return self.schema.model_construct(
            **{name: cell(spec, self.columns[name], index) for name, spec in self.specs.items()}
        )

    def rows(self) -> Iterator[R]:
        """Iterate over the rows as pydantic objects (small tables, JSON; never in a hot loop)."""
        names = tuple(self.specs)
        every = set(names)
        for values in self.tuples(*names):
            yield _whole_row(self.schema, dict(zip(names, values, strict=True)), every)

    def tuples(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """Iterate over some cells of each row, as `rows` has them: where row objects would be many millions."""
        for block in self.blocks():
            yield from zip(*(cells(self.specs[name], block.columns[name]) for name in names), strict=True)

    def blocks(self) -> Iterator[Table[R]]:
        """Iterate over the table in parts of a few thousand rows."""
        for start in range(0, len(self), BLOCK):
            yield self.part(start, min(start + BLOCK, len(self)))

    def part(self, first: int, end: int) -> Table[R]:
        """Return the table of neighbouring rows, `first` to before `end`; it shares their cells."""
        columns = {
            name: values.part(first, end) if isinstance(values, ListColumn) else values[first:end]
            for name, values in self.columns.items()
        }
        return Table(self.schema, columns, rows=end - first)

    def take(self, rows: Array) -> Table[R]:
        """Return the table of the given rows (indices or mask), in their order."""
        index = np.flatnonzero(rows) if rows.dtype == bool else rows
        taken = {n: c.take(index) if isinstance(c, ListColumn) else c[index] for n, c in self.columns.items()}
        return Table(self.schema, taken, rows=len(index))

    def with_columns(self, **columns: Column) -> Table[R]:
        """Return a table with some columns exchanged."""
        return Table(self.schema, {**self.columns, **columns}, rows=len(self))

    @property
    def id_column(self) -> str:
        """The column that names a row (the first key column if none does)."""
        key = self.schema.key
        return key[-1] if key[0] == "starts_on" else key[0]

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids of the rows: the values of `id_column`."""
        return frozenset(self[self.id_column].tolist())

    @cached_property
    def key_codes(self) -> Array:
        """One integer a row that sorts as the key does: equal keys, equal codes (a list counts as its joined text)."""
        codes = np.zeros(len(self), dtype=np.int64)
        size = 1
        for name in self.schema.key:
            ranks, distinct = rank_codes(self.columns[name])
            if size * distinct >= 2**62:
                codes, size = rank_codes(codes)
            codes = codes * distinct + ranks
            size *= distinct
        return codes

    def order(self) -> Array:
        """Row indices in canonical order: by the key columns, first key first; stable."""
        codes = self.key_codes
        return (
            np.arange(len(self))
            if bool((codes[:-1] <= codes[1:]).all())
            else np.argsort(codes, kind="stable")
        )

    def sorted(self) -> Table[R]:
        """Return the table in canonical order."""
        order = self.order()
        return self if bool((order[:-1] < order[1:]).all()) else self.take(order)

    @cached_property
    def _index(self) -> tuple[Array, Array]:
        ids = self[self.schema.key[0]]
        order = np.argsort(ids, kind="stable")
        return ids[order], order

    def find(self, ids: Array) -> Array:
        """Return the row of each id (first key column), or -1 where there is none.

        Parameters
        ----------
        ids
            unicode array of any length.
        """
        known, order = self._index
        ids = np.asarray(ids)
        if len(known) == 0:
            return np.full(ids.shape, -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
        return np.where(known[at] == ids, order[at], -1)

    def spans(self, ids: Array) -> tuple[Array, Array]:
        """Return the first row of each id (first key column), and how many rows it has; of a table in canonical order."""
        known, ids = self[self.schema.key[0]], np.asarray(ids)
        starts = np.searchsorted(known, ids)
        return starts, np.searchsorted(known, ids, side="right") - starts

    def of(self, ids: Array) -> Table[R]:
        """Return the rows of some ids (first key column), id by id; of a table in canonical order."""
        return self.take(spread(*self.spans(ids))[0])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table) or other.schema is not self.schema or len(other) != len(self):
            return NotImplemented if not isinstance(other, Table) else False
        return all(_same(spec, self.columns[name], other.columns[name]) for name, spec in self.specs.items())

    __hash__ = None  # type: ignore[assignment]

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the first rows."""
        columns = tuple(self.columns)
        return table(columns, ([getattr(row, name) for name in columns] for row in self.rows()), len(self))

    def __repr__(self) -> str:
        return f"Table({self.schema.__name__}, {len(self)} rows)"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let a table be a pydantic field: JSON both ways as a list of row objects."""
        schema = get_args(source)[0]
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, Table) else _from_objects(cls, schema, value),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda table: [row.model_dump(mode="json", exclude_defaults=True) for row in table.rows()],
                return_schema=core_schema.list_schema(core_schema.dict_schema()),
            ),
            metadata={"row_schema": schema},
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe a table as an array of its rows."""
        row_schema: type[Row] = schema["metadata"]["row_schema"]
        return {"type": "array", "items": handler(row_schema.__pydantic_core_schema__)}


def _whole_row(schema: type[R], values: dict[str, Any], names: set[str]) -> R:
    """Return what ``schema.model_construct`` makes of a value for every field, in a third of the time; rows share the names."""
    row = schema.__new__(schema)
    _SET(row, "__dict__", values)
    _SET(row, "__pydantic_fields_set__", names)
    _SET(row, "__pydantic_extra__", None)
    _SET(row, "__pydantic_private__", None)
    return row


def key_hashes(table: Table[Any]) -> Array:
    """Return a number for the key of each row, uint64: equal keys have the same, in any table; others hardly ever."""
    found = np.zeros(len(table), dtype=np.uint64)
    for name in table.schema.key:
        found = _mixed(found ^ hashes(table.columns[name]))
    return found


def hashes(values: Column) -> Array:
    """Return a number for each cell of a column, uint64: equal cells have the same, in any column; others hardly ever."""
    if isinstance(values, ListColumn):
        places = np.arange(len(values.values)) - np.repeat(values.offsets[:-1], values.lengths)
        found = np.zeros(len(values), dtype=np.uint64)
        np.add.at(
            found, values.owners, _mixed(hashes(values.values) + places.astype(np.uint64) + np.uint64(1))
        )
        return found
    if values.dtype.kind != "U":
        return (
            np.ascontiguousarray(values).view(np.uint64) if values.itemsize == 8 else values.astype(np.uint64)
        )
    blocks = [_text_hashes(values[start : start + BLOCK]) for start in range(0, len(values), BLOCK)]
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.uint64)


def _text_hashes(texts: Array) -> Array:
    """Hash texts two characters at a time; how wide their column is makes no difference."""
    width = 2 * -(-texts.itemsize // 8)
    found = np.zeros(len(texts), dtype=np.uint64)
    for word in np.ascontiguousarray(texts, dtype=f"U{width}").view(np.uint64).reshape(len(texts), -1).T:
        found = np.where(word == 0, found, _mixed(found ^ word))
    return found


def _mixed(numbers: Array) -> Array:
    """Return numbers of which every bit depends on every bit before it, or nearly so (finalizer of MurmurHash3)."""
    numbers = (numbers ^ (numbers >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    mixed: Array = numbers ^ (numbers >> np.uint64(29))
    return mixed


def rank_codes(values: Column) -> tuple[Array, int]:
    """Replace values by their rank among the distinct ones; return the ranks and how many there are.

    A comparison sort of fixed-width unicode is slow: ASCII texts are ranked as whole words of 8 characters,
    others through a Python dict.
    """
    if isinstance(values, ListColumn):
        values = values.joined()
    if values.dtype.kind != "U":
        distinct, ranks = np.unique(values, return_inverse=True)
        return ranks.astype(np.int64), max(1, len(distinct))
    heads, lengths = runs(values)
    if (words := ascii_words(heads)) is not None:
        ranks, size = _rank_words(words)
        return np.repeat(ranks, lengths), size
    cells = heads.tolist()
    rank = {text: index for index, text in enumerate(sorted(set(cells)))}
    ranks = np.fromiter(map(rank.__getitem__, cells), dtype=np.int64, count=len(cells))
    return np.repeat(ranks, lengths), max(1, len(rank))


def _rank_words(words: Sequence[Array]) -> tuple[Array, int]:
    codes, size = np.zeros(len(words[0]), dtype=np.int64), 1
    for word in words:
        distinct, ranks = np.unique(word, return_inverse=True)
        if size * len(distinct) >= 2**62:
            _, codes = np.unique(codes, return_inverse=True)
        codes = codes * len(distinct) + ranks
        size = int(codes.max(initial=0)) + 1
    return codes, max(1, size)


def _from_objects(cls: Any, schema: type[R], value: Any) -> Table[R]:
    """Build a table of JSON; what is no list, or a whole number beyond 64 bits, is refused like any other bad value."""
    if not isinstance(value, Iterable):
        raise ValueError("a list of rows is needed")
    try:
        table: Table[R] = cls.from_rows(schema, _rows(schema, value))
    except OverflowError:
        raise ValueError("a whole number is beyond 64 bits") from None
    return table


def _rows(schema: type[R], value: Any) -> list[R]:
    return [row if isinstance(row, schema) else schema.model_validate(row) for row in value]


def _same(spec: ColumnSpec, left: Column, right: Column) -> bool:
    if isinstance(left, ListColumn) and isinstance(right, ListColumn):
        return np.array_equal(left.offsets, right.offsets) and np.array_equal(left.values, right.values)
    if isinstance(left, ListColumn) or isinstance(right, ListColumn):
        return False
    return np.array_equal(left, right, equal_nan=spec.kind in (Kind.NUMBER, Kind.DATE, Kind.TIME))
