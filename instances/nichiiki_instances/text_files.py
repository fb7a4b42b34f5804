"""Parser of text files: bytes to text, and CSV to a grid.

A file is looked at from end to end before any of it is kept. One that is refused for its form thus takes little memory,
however large it is.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TextIO

from nichiiki_instances.raw import Grid, Source, problem
from nichiiki_instances.tabulating import in_pieces
from nichiiki_models.errors import FileError
from nichiiki_models.problems import Problem

MAX_BYTES = 2**30
MAX_TEXT = 2**20
"""Bytes of a text that is no table: rules, a mapping. Ordinary ones have 20,000."""
MOST_COLUMNS = 16_384
"""Columns of a sheet in the widest spreadsheet program."""
MOST_ROW = 2**22
"""Characters of a row; a cell has at most `csv.field_size_limit`."""
PIECE = 2**20
"""Bytes that are held at once while a file is looked at."""
_NOT_CP932 = re.compile("[\x80\xa0\uf8f1\uf8f2\uf8f3]")


def open_file(path: Path, label: str, *, limit: int | None = None) -> BinaryIO:
    """Open a regular file of at most so many bytes; of `MAX_BYTES` if None.

    Raises
    ------
    FileError
        If it is no file, too large, or cannot be opened.
    """
    limit = limit or MAX_BYTES
    try:
        if not path.is_file():
            raise FileError([problem("file_not_found" if not path.exists() else "not_a_file", label)])
        if path.stat().st_size > limit:
            raise FileError([problem("file_too_large", label, limit=limit // 2**20)])
        return path.open("rb")
    except OSError:
        raise FileError([problem("not_readable", label)]) from None


def read_text(path: Path, label: str, *, limit: int | None = None) -> str:
    """Return the text of a file; see `open_file` and `decode`."""
    with open_file(path, label, limit=limit) as stream:
        return text_of(stream, label)


def read_csv(path: Path, label: str) -> Grid:
    """Return the rows of a CSV file; see `open_file`, `decode` and `parse_csv`."""
    with open_file(path, label) as stream:
        return csv_of(stream, label)


def csv_grids(path: Path, label: str, *, at_once: bool = False) -> Iterator[Grid]:
    """Yield the rows of a CSV file in pieces, the first of which has the header; see `read_csv`.

    Parameters
    ----------
    path, label
        The file, and what the user calls it.
    at_once
        Whether rows are yielded before all of them are looked at, which is for who keeps none of them.
    """
    with open_file(path, label) as stream, csv_text(stream, label, at_once=at_once) as text:
        for lines, rows in in_pieces(_rows(text, label)):
            yield Grid(Source(label), rows, lines)


def csv_of(stream: BinaryIO, label: str) -> Grid:
    """Return the rows of a CSV that can be read several times over; see `decode` and `parse_csv`."""
    with csv_text(stream, label) as text:
        return _grid(text, label)


@contextmanager
def csv_text(stream: BinaryIO, label: str, *, at_once: bool = False) -> Iterator[TextIO]:
    """Open the text of a CSV; if not at once, after a look at all of it.

    Raises
    ------
    FileError
        As `decode` and `parse_csv`.
    """
    text = io.TextIOWrapper(stream, encoding_of(stream, label), newline="")
    try:
        for _ in () if at_once else _rows(text, label):
            pass
        yield text
    finally:
        text.detach()  # else the stream is closed with it


def decode(content: bytes, label: str) -> str:
    """Return the text of a file that is UTF-8, with or without BOM, or CP932; nothing is ever replaced.

    Raises
    ------
    FileError
        If it is neither, or holds a NUL; the place is named.
    """
    return text_of(io.BytesIO(content), label)


def text_of(stream: BinaryIO, label: str) -> str:
    """Return the text of what can be read several times over; see `decode`."""
    encoding = encoding_of(stream, label)
    stream.seek(0)
    return stream.read().decode(encoding)


def encoding_of(stream: BinaryIO, label: str) -> str:
    """Return the encoding of a text as Python calls it, after a look at all of it.

    Raises
    ------
    FileError
        As `decode`.
    """
    if is_blank(stream):
        raise FileError([problem("empty_file", label)])
    at = _undecodable(stream, "utf-8-sig")
    encoding = "utf-8-sig" if at is None else "cp932"
    if at is not None:
        other = _undecodable(stream, encoding)
        if other is not None:
            raise FileError([_bad_encoding(stream, max(at, other), label)])
    _refuse_nul(stream, label)
    return encoding


def is_blank(stream: BinaryIO) -> bool:
    """Say whether there is nothing but blanks."""
    return not any(piece.strip() for piece in pieces_of(stream))


def pieces_of(stream: BinaryIO, size: int | None = None) -> Iterator[bytes]:
    """Return the content from its begin, in pieces of so many bytes; of `PIECE` if None."""
    stream.seek(0)
    while piece := stream.read(size or PIECE):
        yield piece


def _undecodable(stream: BinaryIO, encoding: str) -> int | None:
    """Return the place of the first byte that is no text in an encoding; None if all of it is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    end = 0
    for piece in chain(pieces_of(stream), [b""]):
        begin = end - len(decoder.getstate()[0])
        end += len(piece)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            return end - len(error.object) + error.start
        odd = _NOT_CP932.search(text) if encoding == "cp932" else None
        if odd:
            return begin + len(text[: odd.start()].encode(encoding))
    return None


def _bad_encoding(stream: BinaryIO, at: int, label: str) -> Problem:
    line = 1 + _lines_before(stream, at)
    stream.seek(at)
    return problem("bad_encoding", label, line=line, position=at + 1, byte=f"0x{stream.read(1)[0]:02X}")


def _refuse_nul(stream: BinaryIO, label: str) -> None:
    """Refuse a NUL: neither encoding has that byte, or a line break, within a character."""
    end = 0
    for piece in pieces_of(stream):
        at = piece.find(b"\0")
        if at >= 0:
            raise FileError([problem("nul_byte", label, line=1 + _lines_before(stream, end + at))])
        end += len(piece)


def _lines_before(stream: BinaryIO, at: int) -> int:
    count = 0
    for piece in pieces_of(stream):
        count += piece[:at].count(b"\n")
        at -= len(piece)
        if at <= 0:
            break
    return count


def parse_csv(text: str, label: str) -> Grid:
    """Return the rows of a CSV text that are not blank, each with the line it begins on.

    Raises
    ------
    FileError
        If quotes do not close, a cell is beyond the limit of the csv module, or a row beyond `MOST_COLUMNS` or
        `MOST_ROW`.
    """
    return _grid(io.StringIO(text, newline=""), label)


def _grid(text: TextIO, label: str) -> Grid:
    rows, lines = [], []
    for line, row, _ in _rows(text, label):
        rows.append(row)
        lines.append(line)
    return Grid(Source(label), rows, lines)


def _rows(text: TextIO, label: str) -> Iterator[tuple[int, list[str], int]]:
    """Yield rows that are not blank, from the first: the line each begins on, its cells, and how many characters it has."""
    text.seek(0)
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    begin = 1
    try:
        for row in reader:
            if len(row) > MOST_COLUMNS:
                width = str(len(row))
                raise FileError(
                    [problem("too_many_columns", label, line=begin, value=width, limit=MOST_COLUMNS)]
                )
            if row and (row[0] or any(row)):
                yield begin, row, lines.size
            begin, lines.size = reader.line_num + 1, 0
    except _RowTooLarge:
        raise FileError([problem("row_too_large", label, line=begin, limit=MOST_ROW)]) from None
    except (csv.Error, UnicodeDecodeError) as error:  # the latter if it changed since it was looked at
        code = "cell_too_large" if "limit" in str(error) else "broken_csv"
        raise FileError([problem(code, label, line=begin, limit=csv.field_size_limit())]) from None


class _RowTooLarge(csv.Error):
    """More characters before the end of a row than a row may have."""


class _Lines:
    """Lines of a text, counted until the reader of rows says that a row has ended."""

    def __init__(self, text: TextIO) -> None:
        self.text = text
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        while line := self.text.readline(MOST_ROW):
            self.size += len(line)
            if self.size >= MOST_ROW:
                raise _RowTooLarge
            yield line
