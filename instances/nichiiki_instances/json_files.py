"""Parser of JSON: an instance as one object, its tables as lists of row objects."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from nichiiki_instances.building import add_rows
from nichiiki_instances.headers import nearest
from nichiiki_instances.json_guard import check_json
from nichiiki_instances.raw import Cell, Parsed, RawTable, Source, problem
from nichiiki_instances.tabulating import PART
from nichiiki_instances.text_files import (
    MOST_ROW,
    PIECE,
    decode,
    encoding_of,
    open_file,
    pieces_of,
    text_of,
)
from nichiiki_models.errors import FileError
from nichiiki_models.formats import migrated
from nichiiki_models.problems import Problem
from nichiiki_models.tables import TABLES

ABOUT = ("format", "name", "note")
MOST_ODD = 100
"""Entries of a table that are no rows and are named one by one; the table is not read then."""
MOST_KEYS = 1000
"""Keys of one object; each unknown one is compared with every known one."""
MOST_JSON = 2**32
"""Bytes of a file of JSON: the answer for a million households takes 1.2e9, and their instance 1.9e9."""


class _Repeated(ValueError):
    """A key that stands twice in one object."""


def parse_json(text: str, label: str) -> Parsed:
    """Return the tables, rules and name of an instance in JSON.

    Raises
    ------
    FileError
        If it is no JSON, not an object, or repeats a key.
    """
    return parse_document(load_json(text, label), label)


def parse_document(document: Any, label: str) -> Parsed:
    """Return the tables, rules and name of an instance that is JSON read already; see `load_json`.

    Raises
    ------
    FileError
        If it is not an object.
    """
    if not isinstance(document, dict):
        raise FileError([problem("not_an_object", label)])
    return _take_in(migrated(document).items(), label, Parsed())


def _take_in(items: Iterable[tuple[str, Any]], label: str, parsed: Parsed) -> Parsed:
    """Take in what stands at the top of a document; a list may come in pieces, each a `Piece`."""
    parsed.rules_file = f"{label} [rules]"
    objects: dict[str, Objects] = {}
    count = 0
    for key, value in items:
        goes_on = isinstance(value, Piece) and value.first > 1
        count += not goes_on
        if count > MOST_KEYS:
            continue  # only the number of keys is told then
        if key in ABOUT:
            parsed.about[key] = value
        elif key == "rules" and isinstance(value, dict):
            parsed.rules = value
        elif key in TABLES and isinstance(value, list):
            source = Source(f"{label} [{key}]", unit="entry", verbatim=True)
            objects.setdefault(key, Objects(parsed, key, source)).add(value)
        elif key in TABLES or key == "rules":
            parsed.broken.add(key)
            parsed.problems += [] if goes_on else [problem("wrong_shape", label, header=key)]
        elif not goes_on:
            parsed.problems.append(unknown_key(key, label))
    if count > MOST_KEYS:
        raise FileError([problem("too_many_columns", label, value=str(count), limit=MOST_KEYS)])
    return parsed


def unknown_key(key: str, label: str) -> Problem:
    """Say that a key at the top is none of an instance."""
    return problem("unknown_key", label, header=key, nearest=nearest(key, [*TABLES, "rules", *ABOUT]))


def read_json(path: Path, label: str, parsed: Parsed) -> Parsed:
    """Return the tables, rules and name of an instance in a JSON file; a large one is taken in piece by piece.

    Parameters
    ----------
    path, label
        The file, and what the user calls it.
    parsed
        What they join, with nothing in it so far; a small file, or one of an older version, makes its own.

    Raises
    ------
    FileError
        See `open_file`, `checked_bytes`, `decode` and `parse_json`.
    """
    with open_file(path, label, limit=MOST_JSON) as stream:
        if stream.seek(0, os.SEEK_END) <= PIECE:
            return parse_json(decode(checked_bytes(stream, label), label), label)
        return json_of(stream, label, parsed)


def json_of(stream: BinaryIO, label: str, parsed: Parsed) -> Parsed:
    """Take an instance in piece by piece from JSON that can be read several times over; see `read_json`."""
    try:
        return _take_in(items_of(stream, label), label, parsed)
    except OlderError:
        return parse_json(text_of(stream, label), label)


class OlderError(Exception):
    """The document is of a version that has to become today's, as a whole, before it can be taken in."""


class Piece(list[Any]):
    """Some entries of a list; `first` is the number of the first of them in it."""

    first = 1


def items_of(stream: BinaryIO, label: str) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of a document of JSON that can be read several times over; lists in pieces, each a `Piece`.

    Raises
    ------
    FileError
        If it is no JSON, not an object, or repeats a key; before the first key, unless only the parser sees it.
    OlderError
        See there.
    """
    encoding = encoding_of(stream, label)
    check_json(stream, encoding, label)
    # behind the guard it is JSON, or almost
    text = _Text(codecs.iterdecode(pieces_of(stream), encoding), label)
    if text.next() != "{":
        raise FileError([problem("not_an_object", label)])
    text.skip()
    seen: set[str] = set()
    while text.next() != "}":
        key = text.value()
        if key in seen:
            raise FileError([problem("repeated_key", label, key=key[:60])])
        if len(seen) <= MOST_KEYS:
            seen.add(key)
        text.next()
        text.skip()  # the colon
        text.key = key
        for value in _pieces(text) if text.next() == "[" else [text.value()]:
            if key == "format" and migrated({key: value}) != {key: value}:
                raise OlderError
            yield key, value
        if text.next() == ",":
            text.skip()
    text.skip()
    if text.next():
        raise FileError([problem("broken_json", label, line=text.line)])


def _pieces(text: _Text) -> Iterator[Piece]:
    """Yield the entries of a list in pieces; at least one."""
    text.skip()
    piece, begin = Piece(), text.place
    while text.next() != "]":
        if piece and text.place - begin > PART:
            yield piece
            first = piece.first + len(piece)
            piece, begin = Piece(), text.place
            piece.first = first
        piece.append(text.value())
        if text.next() == ",":
            text.skip()
    text.skip()
    yield piece


class _Text:
    """A text of JSON that comes in pieces, of which little is held, and a place in it.

    Attributes
    ----------
    label, key
        What the user calls it, and under which key the place is.
    place
        How many characters are behind.
    """

    def __init__(self, pieces: Iterator[str], label: str) -> None:
        self.pieces, self.label, self.key = pieces, label, ""
        self.held, self.at = "", 0
        self.behind = self.lines = 0
        self.decode = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant).raw_decode

    @property
    def place(self) -> int:
        return self.behind + self.at

    @property
    def line(self) -> int:
        """Line of the place, from 1."""
        return 1 + self.lines + self.held.count("\n", 0, self.at)

    def skip(self) -> None:
        """Go on by one character."""
        self.at += 1

    def next(self) -> str:
        """Return the next character that is no blank; an empty text at the end."""
        while True:
            self.at = _BLANKS.match(self.held, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.held):
                return self.held[self.at]
            if not self._more():
                return ""

    def value(self) -> Any:
        """Go on behind the next value, and return it."""
        while True:
            try:
                found, end = self.decode(self.held, self.at)
                if end < len(self.held) or not self._more():
                    self.at = end
                    return found
            except _Repeated as error:
                raise FileError([problem("repeated_key", self.label, key=str(error)[:60])]) from None
            except (ValueError, RecursionError):
                if len(self.held) - self.at > MOST_ROW:
                    raise FileError(
                        [problem("row_too_large", f"{self.label} [{self.key}]", limit=MOST_ROW)]
                    ) from None
                if not self._more():
                    raise FileError([problem("broken_json", self.label, line=self.line)]) from None

    def _more(self) -> bool:
        """Take the next piece, and let go what is behind; say whether there was one."""
        piece = next(self.pieces, "")
        if piece:
            self.lines += self.held.count("\n", 0, self.at)
            self.behind += self.at
            self.held, self.at = self.held[self.at :] + piece, 0
        return bool(piece)


_BLANKS = re.compile(r"[ \t\n\r]*")


def checked_bytes(stream: BinaryIO, label: str) -> bytes:
    """Return the content of a JSON file that can be read several times over; a large one is looked at before.

    Raises
    ------
    FileError
        If it is large and no JSON; see `check_json`.
    """
    if stream.seek(0, os.SEEK_END) > PIECE:
        check_json(stream, encoding_of(stream, label), label)
    stream.seek(0)
    return stream.read()


def load_json(text: str, label: str) -> Any:
    """Return the content of a JSON text; a repeated key, NaN and Infinity are refused."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise FileError([problem("broken_json", label, line=error.lineno)]) from None
    except _Repeated as error:
        raise FileError([problem("repeated_key", label, key=str(error)[:60])]) from None
    except (RecursionError, ValueError):
        raise FileError([problem("broken_json", label)]) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise _Repeated(next(key for key, count in counts.items() if count > 1))
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)


class Objects:
    """Rows of a table that come as objects, all at once or in pieces, and join what is parsed.

    Parameters
    ----------
    parsed, table
        What they join, as rows of which table.
    source
        What the user calls their list.
    """

    def __init__(self, parsed: Parsed, table: str, source: Source) -> None:
        self.parsed, self.table, self.source = parsed, table, source
        self.keys: set[str] = set()
        self.count = self.odd = 0

    def add(self, rows: Sequence[Any]) -> None:
        """Add the next rows; one that is no object is named, and the table is not read then."""
        numbers = range(self.count + 1, self.count + len(rows) + 1)
        odd = (at for at, row in zip(numbers, rows, strict=True) if not isinstance(row, dict))
        found = [
            problem("wrong_shape", self.source, line=at, header=self.table)
            for at in islice(odd, MOST_ODD - self.odd)
        ]
        self.odd += len(found)
        self.parsed.problems += found
        if self.odd:
            self.parsed.give_up(self.table)
        elif rows:  # no rows, no columns to miss
            self._add(rows, numbers)
        self.count += len(rows)

    def _add(self, rows: Sequence[Mapping[str, Any]], numbers: range) -> None:
        fields = TABLES[self.table].model_fields
        here = list(dict.fromkeys(chain.from_iterable(rows)))
        unknown = [
            problem("unknown_column", self.source, table=self.table, header=key, nearest=nearest(key, fields))
            for key in here[: MOST_KEYS + 1]
            if key not in fields and key not in self.keys
        ]
        self.keys.update(here)
        if len(self.keys) > MOST_KEYS:
            width = str(len(self.keys))
            where = {"table": self.table, "value": width, "limit": MOST_KEYS}
            raise FileError([problem("too_many_columns", self.source, **where)])
        columns = {key: [_cell(row.get(key)) for row in rows] for key in here if key in fields}
        raw = RawTable(self.source, columns, {key: key for key in columns}, numbers)
        add_rows(self.parsed, self.table, raw, unknown, goes_on=self.count > 0)


def _cell(value: Any) -> Cell:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case list():
            return tuple(_cell_text(entry) for entry in value)
        case dict():
            return (
                "",
                "{}",
            )  # an object is no value of any column: a list with an empty entry is refused everywhere
        case _:
            return repr(value)


def _cell_text(entry: Any) -> str:
    cell = _cell(entry)
    return cell if isinstance(cell, str) else ""
