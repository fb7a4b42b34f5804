"""The builder: columns of text to typed columns, each distinct text read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from pydantic_core import PydanticUndefined

from nichiiki_instances import cells
from nichiiki_instances.headers import narrow
from nichiiki_instances.raw import BadCell, Cell, Source
from nichiiki_models.checks import limits_of
from nichiiki_models.columns import (
    NULL_INT,
    Array,
    Column,
    ColumnSpec,
    Kind,
    ListColumn,
    is_id,
    is_one_id,
    null_of,
)
from nichiiki_models.columns import WILDCARD as ANY

Bad = Mapping[Cell, BadCell]
_DAY_ZERO = date(1970, 1, 1).toordinal()
_MOMENT_ZERO = datetime(1970, 1, 1)


def read_column(table: str, spec: ColumnSpec, raw: Sequence[Cell], source: Source) -> tuple[Column, Bad]:
    """Turn a column of text into its typed column.

    Parameters
    ----------
    table, spec
        Which column it is.
    raw
        Its cells as written.
    source
        Where they come from.

    Returns
    -------
    Column
        Typed; a cell that cannot be read is null, an empty one has the default.
    Mapping
        The texts that cannot be read, each with what is wrong.
    """
    distinct = set(raw)
    bad: dict[Cell, BadCell] = {}
    if spec.kind is not Kind.LIST:
        bad |= {text: BadCell("list_in_cell") for text in distinct if isinstance(text, tuple)}
    match spec.kind:
        case Kind.ID:
            bad |= {
                text: BadCell("too_long", **limits_of(spec)) for text in distinct if _is_too_long(text, spec)
            }
            return _ids(spec, raw, bad), bad
        case Kind.LIST:
            found = _read_each(distinct, partial(_list, table, spec), bad, (), ())
            return _list_column([found[text] for text in raw]), bad
        case _:
            read, null, empty, dtype = _reader(table, spec, source)
            found = _read_each(distinct, read, bad, empty, null)
            flat = np.array([found[text] for text in raw], dtype=dtype)
            return flat.view(_VIEWS.get(spec.kind, flat.dtype)), bad


_VIEWS = {Kind.DATE: np.dtype("M8[D]"), Kind.TIME: np.dtype("M8[s]")}


def _is_too_long(cell: Cell, spec: ColumnSpec) -> bool:
    # kept out of fixed-width arrays, where one such cell would widen every row
    return len(cell) > spec.max_length and isinstance(cell, str) and len(narrow(cell)) > spec.max_length


def _reader(table: str, spec: ColumnSpec, source: Source) -> tuple[Callable[[str], Any], Any, Any, str]:
    """How to read a text of a column, its null, the value of an empty cell, and the numpy dtype."""
    default = null_of(spec.kind) if spec.default in (PydanticUndefined, None) else spec.default
    match spec.kind:
        case Kind.INT:
            return partial(cells.integer, spec=spec), NULL_INT, default, "i8"
        case Kind.NUMBER:
            return partial(cells.number, spec=spec), np.nan, default, "f8"
        case Kind.FLAG:
            return cells.flag, False, default, "?"
        case Kind.CHOICE:
            return partial(cells.choice, table=table, spec=spec), "", default, "U"
        case Kind.DATE:
            return (
                lambda text: cells.day(text, serials=source.serials).toordinal() - _DAY_ZERO,
                NULL_INT,
                NULL_INT,
                "i8",
            )
        case Kind.TIME:
            return partial(_seconds, serials=source.serials), NULL_INT, NULL_INT, "i8"
        case _:
            return _text_reader(spec, source), "", default, "U"


def _seconds(text: str, *, serials: bool) -> int:
    return int((cells.moment(text, serials=serials) - _MOMENT_ZERO).total_seconds())


def _text_reader(spec: ColumnSpec, source: Source) -> Callable[[str], str]:
    if spec.name == "municipality_code":
        return cells.municipality_code
    return partial(_short_text, spec=spec, read=str if source.verbatim else cells.unguard)


def _short_text(text: str, *, spec: ColumnSpec, read: Callable[[str], str]) -> str:
    found = read(text)
    if len(found) > spec.max_length:
        raise BadCell("too_long", **limits_of(spec))
    if "\0" in found:
        raise BadCell("control_character")  # numpy would drop one at the end
    return found


def _read_each(
    distinct: Iterable[Cell], read: Callable[[Any], Any], bad: dict[Cell, BadCell], empty: Any, null: Any
) -> dict[Cell, Any]:
    """Read every distinct text once; what cannot be read is null and joins the bad ones, each kind of which is kept once."""
    found: dict[Cell, Any] = dict.fromkeys(bad, null)
    kinds: dict[tuple[str, ...], BadCell] = {}
    for text in distinct:
        if text not in found:
            try:
                found[text] = empty if _is_empty(text, read) else read(text)
            except BadCell as error:
                found[text] = null
                kind = (error.code, *error.params.values())
                # a new one: that which was raised holds the frames, and these hold all the cells
                bad[text] = kinds.setdefault(kind, BadCell(error.code, **error.params))
    return found


def _is_empty(cell: Cell, read: Callable[[Any], Any]) -> bool:
    # a text taken as it is may consist of blanks; nothing else may
    verbatim = isinstance(read, partial) and read.keywords.get("read") is str
    return not cell or (isinstance(cell, str) and not verbatim and not cell.strip())


def _ids(spec: ColumnSpec, raw: Sequence[Cell], bad: Bad) -> Array:
    default = spec.default if isinstance(spec.default, str) else ""
    texts = ["" if text in bad else str(text) for text in raw] if bad else list(raw)
    ids = np.array(texts, dtype=np.str_) if texts else np.zeros(0, dtype="U1")
    odd = np.flatnonzero(~is_id(ids) & (ids != "")).tolist()
    if odd:
        for row in odd:
            texts[row] = narrow(str(texts[row])).replace("\0", "\N{REPLACEMENT CHARACTER}")
        ids = np.array(texts, dtype=np.str_)
    return np.where(ids == "", default, ids) if default else ids


def _list(table: str, spec: ColumnSpec, cell: Cell) -> tuple[str, ...]:
    parts = cells.entries(cell)
    if spec.choices:
        return tuple(cells.choice(part, table, spec) for part in parts)
    for part in parts:
        if len(part) > spec.max_length:
            raise BadCell("too_long", **limits_of(spec))
        if not is_one_id(part) and not (spec.wildcard and part == ANY):
            raise BadCell("bad_id")
    return parts


def _list_column(lists: Sequence[tuple[str, ...]]) -> ListColumn:
    offsets = np.zeros(len(lists) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, lists), dtype=np.int64, count=len(lists)), out=offsets[1:])
    return ListColumn(offsets, np.array(list(chain.from_iterable(lists)), dtype=np.str_))
