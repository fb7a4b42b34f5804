"""Reader of an allocation: its lists come in pieces, so that the answer of a nation is never held as objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from nichiiki_instances.json_files import MOST_JSON, OlderError, Piece, items_of, load_json
from nichiiki_instances.packing import Packed, end_to_end, packed
from nichiiki_instances.raw import Source, problem
from nichiiki_instances.text_files import open_file, text_of
from nichiiki_models.allocation import ROW_SCHEMAS, Allocation, rows_of
from nichiiki_models.errors import FileError
from nichiiki_models.table import Table

LISTS = ("placements", "unplaced", "measures", "payments", "standings")
"""Keys of the document whose values are lists that may be long."""


def read_allocation(path: str | Path) -> Allocation:
    """Read an allocation from its JSON file (``allocation.json``), in pieces: what is held of it are columns.

    Parameters
    ----------
    path
        File of at most 4 GiB.

    Returns
    -------
    Allocation
        As it was written; whether it keeps the rules of its instance says `nichiiki.verify`.

    Raises
    ------
    FileError
        If there is no such file, it is no JSON, or no allocation; with the list, the entry and the field.
    """
    label = str(path)
    with open_file(Path(path), label, limit=MOST_JSON) as stream:
        try:
            pieces = _Pieces(label)
            for key, value in items_of(stream, label):
                pieces.take(key, value)
            fields = pieces.fields()
        except OlderError:
            fields = load_json(text_of(stream, label), label)
    try:
        return Allocation.model_validate(fields)
    except ValidationError as error:
        raise FileError([problem("broken_allocation", label, header=_field(_way(error)))]) from None


class _Pieces:
    """The fields of a document, which come one after the other; the rows of its lists are kept as packed columns."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.plain: dict[str, Any] = {}
        self.rows: dict[str, list[dict[str, Packed]]] = {}

    def take(self, key: str, value: Any) -> None:
        """Take a field in, or the next entries of one."""
        first = value.first if isinstance(value, Piece) else 1
        if key in LISTS and isinstance(value, list):
            self._take_rows(key, value, first)
        elif first > 1:
            self.plain[key].extend(value)
        else:
            self.plain[key] = value

    def _take_rows(self, key: str, entries: list[Any], first: int) -> None:
        with self._refusing(key, first):
            made = rows_of(key, entries)
        for name, rows in made.items():
            with self._refusing(key):
                table = _TABLES[name].validate_python(rows)
            self.rows.setdefault(name, []).append({c: packed(cells) for c, cells in table.columns.items()})

    @contextmanager
    def _refusing(self, key: str, first: int | None = None) -> Iterator[None]:
        """Say in which list a fault is, and in which field; and in which entry, if the fault says so and `first` counts them."""
        try:
            yield
        except ValidationError as error:
            way = _way(error)
            line = None if first is None else first + int(way[0])
            source = Source(f"{self.label} [{key}]", unit="entry")
            header = _field(way if first is None else way[1:])
            raise FileError([problem("broken_allocation", source, line=line, header=header)]) from None

    def fields(self) -> dict[str, Any]:
        """Return all fields, the lists as tables; what was kept of those is let go."""
        tables = {
            name: Table(schema, {c: end_to_end([piece.pop(c) for piece in pieces]) for c in tuple(pieces[0])})
            for name, schema in ROW_SCHEMAS.items()
            if (pieces := self.rows.pop(name, None))
        }
        return {**self.plain, **tables}


def _way(error: ValidationError) -> tuple[int | str, ...]:
    """Return the way to the first fault."""
    return error.errors(include_url=False, include_input=False, include_context=False)[0]["loc"]


def _field(way: Iterable[int | str]) -> str | None:
    return ".".join(str(step) for step in way) or None


_TABLES: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(cast(Any, Allocation.model_fields[name].annotation)) for name in ROW_SCHEMAS
}
