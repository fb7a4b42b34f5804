"""Parser of text files: bytes to text, and CSV to a grid."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from nichiiki_instances.raw import Grid, Source, problem
from nichiiki_models.errors import FileError

MAX_BYTES = 2**30
MOST_COLUMNS = 16_384
"""Columns of a sheet in the widest spreadsheet program."""
_NOT_CP932 = re.compile("[\x80\xa0\uf8f1\uf8f2\uf8f3]")


def read_bytes(path: Path, label: str) -> bytes:
    """Return the content of a regular file.

    Raises
    ------
    FileError
        If it is no file, too large, or cannot be opened.
    """
    try:
        if not path.is_file():
            raise FileError([problem("file_not_found" if not path.exists() else "not_a_file", label)])
        if path.stat().st_size > MAX_BYTES:
            raise FileError([problem("file_too_large", label, limit=MAX_BYTES // 2**20)])
        return path.read_bytes()
    except OSError:
        raise FileError([problem("not_readable", label)]) from None


def decode(content: bytes, label: str) -> str:
    """Return the text of a file that is UTF-8, with or without BOM, or CP932; nothing is ever replaced.

    Raises
    ------
    FileError
        If it is neither, or holds a NUL; the place is named.
    """
    if not content.strip():
        raise FileError([problem("empty_file", label)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = _decode_cp932(content, label, error.start)
    if "\0" in text:
        raise FileError([problem("nul_byte", label, line=1 + text.count("\n", 0, text.index("\0")))])
    return text


def _decode_cp932(content: bytes, label: str, not_utf8: int) -> str:
    try:
        text = content.decode("cp932")
        at = -1
    except UnicodeDecodeError as error:
        text, at = "", error.start
    if odd := _NOT_CP932.search(text):
        at = len(text[: odd.start()].encode("cp932"))
    if at < 0:
        return text
    at = max(at, not_utf8)
    line = 1 + content.count(b"\n", 0, at)
    raise FileError([problem("bad_encoding", label, line=line, position=at + 1, byte=f"0x{content[at]:02X}")])


def parse_csv(text: str, label: str) -> Grid:
    """Return the rows of a CSV text that are not blank, each with the line it begins on.

    Raises
    ------
    FileError
        If quotes do not close, a cell is beyond the limit of the csv module, or a row beyond `MOST_COLUMNS`.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, lines, begin = [], [], 1
    try:
        for row in reader:
            if len(row) > MOST_COLUMNS:
                width = str(len(row))
                raise FileError(
                    [problem("too_many_columns", label, line=begin, value=width, limit=MOST_COLUMNS)]
                )
            if row and (row[0] or any(row)):
                rows.append(row)
                lines.append(begin)
            begin = reader.line_num + 1
    except csv.Error as error:
        code = "cell_too_large" if "limit" in str(error) else "broken_csv"
        raise FileError([problem(code, label, line=begin, limit=csv.field_size_limit())]) from None
    return Grid(Source(label), rows, lines)
