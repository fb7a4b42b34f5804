"""Guard in front of the JSON reader: a large text that is no JSON is refused before it is held as a whole.

Python reads JSON all at once, and holds many times its size before it finds a fault at the end. The guard reads it
piece by piece and keeps nothing.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO

import ijson

from nichiiki_instances.raw import problem
from nichiiki_instances.text_files import MOST_ROW, pieces_of
from nichiiki_models.errors import FileError

MOST_DEPTH = 100
MOST_VALUE = 2**22
"""Bytes of one value or name."""
_SHORT = 2**16
_WEIGHT = 32
"""What a value weighs besides its characters."""
_STEP = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


def check_json(stream: BinaryIO, encoding: str, label: str) -> None:
    """Refuse what is no JSON, or nests beyond `MOST_DEPTH`, or holds a value beyond `MOST_VALUE`.

    Parameters
    ----------
    stream
        A text that can be read several times over.
    encoding
        Its encoding.
    label
        What the user calls it.

    Raises
    ------
    FileError
        With the line.
    """
    form, line = _Form(), 1
    for number, piece in enumerate(_utf8(stream, encoding)):
        if not form.takes(piece):
            line += _line_of_fault(stream, encoding, number)
            raise FileError([problem("broken_json", label, line=line)])
        line += piece.count(b"\n")
    if not form.ends():
        raise FileError([problem("broken_json", label, line=line)])


def _utf8(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    for text in codecs.iterdecode(pieces_of(stream, _SHORT), encoding):
        yield text.encode()


def _line_of_fault(stream: BinaryIO, encoding: str, number: int) -> int:
    """Return how many lines end before the fault in a piece, which the parser itself does not say."""
    form = _Form()
    for before, piece in enumerate(_utf8(stream, encoding)):
        if before == number:
            at = next(at for at in range(len(piece)) if not form.takes(piece[at : at + 1]))
            return piece.count(b"\n", 0, at)
        form.takes(piece)
    return 0


class _Form:
    """A parser that keeps nothing but how deep it is, and how long nothing has ended."""

    def __init__(self) -> None:
        self.events = ijson.sendable_list()
        self.parser = ijson.basic_parse_coro(self.events)
        self.depth = 0
        self.waited = 0

    def takes(self, piece: bytes) -> bool:
        """Go on with the next bytes; say whether they may stand there."""
        try:
            self.parser.send(piece)
        except (ijson.JSONError, ValueError):
            return False
        self.waited = 0 if self.events else self.waited + len(piece)
        for kind, _ in self.events:
            self.depth += _STEP.get(kind, 0)
            if self.depth > MOST_DEPTH:
                return False
        self.events.clear()
        return self.waited <= MOST_VALUE

    def ends(self) -> bool:
        """Say whether the text may end here."""
        try:
            self.parser.close()
        except (ijson.JSONError, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Entry:
    """What stands at the top of a document under a key: an entry of its list, or all of it.

    Attributes
    ----------
    key
        The key.
    value
        As `json.loads` makes it; an object that is in no list is None.
    weight
        About how many bytes it takes as text.
    listed
        Whether the key has a list.
    """

    key: str
    value: Any
    weight: int
    listed: bool


def entries_of(stream: BinaryIO, encoding: str, label: str) -> Iterator[Entry]:
    """Yield what stands at the top of a document, the entries of lists one by one.

    Parameters
    ----------
    stream, encoding, label
        As in `check_json`, which the text has passed.

    Raises
    ------
    FileError
        If it is no object, or an entry, or what is no list, is larger than a row may be.
    """
    document = _Document()
    for event, value in _events(stream, encoding):
        if document.depth == 0 and event not in ("start_map", "end_map"):
            raise FileError([problem("not_an_object", label)])
        ended = document.takes(event, value)
        if document.weight > MOST_ROW:
            raise FileError([problem("row_too_large", f"{label} [{document.key}]", limit=MOST_ROW)])
        if ended:
            yield Entry(document.key, document.value, document.weight, document.is_list)
            document.value, document.weight = None, 0


def _events(stream: BinaryIO, encoding: str) -> Iterator[tuple[str, Any]]:
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events)
    for piece in _utf8(stream, encoding):
        parser.send(piece)
        yield from events
        events.clear()
    parser.close()
    yield from events


class _Document:
    """Builds what stands at the top of a document from the events of a parser."""

    def __init__(self) -> None:
        self.key, self.is_list = "", False
        self.value: Any = None
        self.weight = self.depth = 0
        self.builder: Any = None

    def takes(self, event: str, value: Any) -> bool:
        """Go on with the next event; say whether with it an entry has ended."""
        step = _STEP.get(event, 0)
        self.depth += min(step, 0)
        self.weight += _WEIGHT + (len(value) if isinstance(value, str) else 0)
        plain = float(value) if isinstance(value, Decimal) else value
        ended = self._below(event, plain) if self.depth > 1 else self._at_top(event, plain)
        self.depth += max(step, 0)
        return ended

    def _at_top(self, event: str, value: Any) -> bool:
        if event == "map_key":
            self.key, self.weight = value, 0
        if event in ("map_key", "start_array", "start_map") or self.depth == 0:
            self.is_list = event == "start_array"
            return False
        self.value = value
        return event != "end_array"

    def _below(self, event: str, value: Any) -> bool:
        if not self.is_list:
            return False
        self.builder = self.builder or ijson.ObjectBuilder()
        self.builder.event(event, value)
        if self.depth > 2 or _STEP.get(event) == 1:
            return False
        self.value, self.builder = self.builder.value, None
        return True
