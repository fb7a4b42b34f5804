"""Guard in front of the JSON reader: a large text that is no JSON is refused before it is held as a whole.

Python reads JSON all at once, and holds many times its size before it finds a fault at the end. The guard reads it
piece by piece and keeps nothing.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

import ijson

from nichiiki_instances.raw import problem
from nichiiki_instances.text_files import pieces_of
from nichiiki_models.errors import FileError

MOST_DEPTH = 100
MOST_VALUE = 2**22
"""Bytes of one value or name."""
_SHORT = 2**16
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
