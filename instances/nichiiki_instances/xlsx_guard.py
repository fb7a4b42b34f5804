"""Guard in front of the workbook reader: hostile or broken files are refused before it sees them.

The reader underneath reserves memory for what a file claims (a last cell XFD1048576, a count of
shared strings),
and a claim of a few bytes can abort the whole process. The guard reads the parts of the zip as a stream.
"""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from nichiiki_instances.raw import column_number, problem
from nichiiki_models.errors import FileError

MAX_PARTS = 2_000
MAX_TOTAL = 2**30
MAX_RATIO = 200
RATIO_FROM = 2**23
MAX_EMPTY = 1_000_000
"""Cells that a sheet may span beyond 100 for each cell it really has."""
MOST_CELLS = 2_500_000
"""Cells that a sheet may span: the reader underneath holds all of them, and those that are filled twice, with some 100 bytes."""
MAX_INDEX = 2**20
"""Bytes of the index of a zip; `MAX_PARTS` with names of ordinary length take a quarter of it."""
_END, _END_SIZE, _COMMENT = b"PK\5\6", 22, 2**16
_LARGE_END, _LARGE_END_SIZE = b"PK\6\7", 20
_CHUNK = 2**20
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])")
_ROW_NUMBER = re.compile(rb"<(?:\w+:)?row\s(?:[^>]*?\s)?r\s*=\s*[\"'](\d{1,7})")
_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s/>])(?:\s(?:[^>]*?\s)?r\s*=\s*[\"']([A-Za-z]{1,3})(\d{1,7}))?")
"""A cell, with its name if it has one: the reader underneath also takes tags with a prefix, small letters and single quotes."""
_PLAIN = re.compile(rb'<c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')
"""A cell as every program writes it, which is found four times faster."""
_DIMENSION = re.compile(rb"<(?:\w+:)?dimension\s[^>]*?\bref\s*=\s*[\"']([^\"']*)")
_COUNT = re.compile(rb"<(?:\w+:)?sst\b[^>]*?\buniqueCount\s*=\s*[\"'](\d+)")
_COUNT_ANY = re.compile(rb"<(?:\w+:)?sst\b[^>]*?\bcount\s*=\s*[\"'](\d+)")
_CORNER = re.compile(rb"([A-Za-z]{1,3})(\d{1,7})")
_DTD = re.compile(rb"<!DOCTYPE|<!ENTITY", re.IGNORECASE)


def check_workbook(content: BinaryIO, label: str) -> None:
    """Refuse a workbook that is broken, locked, too large unpacked, or claims what it does not hold.

    Raises
    ------
    FileError
        With the reason.
    """
    content.seek(0)
    if content.read(8) == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise FileError([problem("old_or_locked_workbook", label)])
    if not is_small_index(content):
        raise FileError([problem("swollen_workbook", label, limit=MAX_TOTAL // 2**20)])
    try:
        with zipfile.ZipFile(content) as archive:
            _check_sizes(archive, label)
            for info in archive.infolist():
                _check_part(archive, info, label)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise FileError([problem("broken_workbook", label)]) from None


def _check_sizes(archive: zipfile.ZipFile, label: str) -> None:
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names or len(names) != len(parts) or not is_plain_zip(parts):
        raise FileError([problem("broken_workbook", label)])
    if is_swollen(parts):
        raise FileError([problem("swollen_workbook", label, limit=MAX_TOTAL // 2**20)])


def is_small_index(content: BinaryIO) -> bool:
    """Say whether the index of a zip, which is read as a whole, is as small as that of any ordinary file.

    What is no zip has none, and is left to the reader of zips to refuse.
    """
    content.seek(max(0, content.seek(0, os.SEEK_END) - _END_SIZE - _COMMENT - _LARGE_END_SIZE))
    tail = content.read()
    # the last record is where that reader looks for it: at the very end, else where its mark stands last
    is_bare = tail[-_END_SIZE:].startswith(_END) and tail.endswith(b"\0\0")
    at = len(tail) - _END_SIZE if is_bare else tail.rfind(_END)
    if at < 0:
        return True
    # in front of it may stand where to find the record of a zip beyond 4 GiB, which then counts instead
    is_vast = tail[max(0, at - _LARGE_END_SIZE) :].startswith(_LARGE_END)
    return not is_vast and int.from_bytes(tail[at + 12 : at + 16], "little") <= MAX_INDEX


def is_plain_zip(parts: Sequence[zipfile.ZipInfo]) -> bool:
    """Say whether all parts of a zip are stored or deflated, as every program that writes such files does."""
    return all(part.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts)


def is_swollen(parts: Sequence[zipfile.ZipInfo]) -> bool:
    """Say whether a zip has too many parts, is too large unpacked, or packed at a rate that no ordinary file has."""
    total = sum(part.file_size for part in parts)
    dense = any(
        part.file_size > RATIO_FROM and part.file_size > MAX_RATIO * part.compress_size for part in parts
    )
    return len(parts) > MAX_PARTS or total > MAX_TOTAL or dense


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Content in pieces that end at a ``>``, so that no tag is cut."""
    rest = b""
    with archive.open(info) as stream:
        while chunk := stream.read(_CHUNK):
            block = rest + chunk
            cut = block.rfind(b">") + 1
            if not cut and len(block) > 4 * _CHUNK:
                raise ValueError("a tag without end")
            yield block[:cut]
            rest = block[cut:]
    yield rest


def _check_part(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> None:
    if not info.filename.endswith((".xml", ".rels")):
        return
    is_sheet = info.filename.startswith("xl/worksheets/")
    sheet = _Extent()
    for number, block in enumerate(_chunks(archive, info)):
        if _DTD.search(block) or (number == 0 and b"\0" in block[:64]):
            raise FileError([problem("dtd_in_workbook", label)])
        if is_sheet:
            sheet.add(block)
        for pattern in (_COUNT, _COUNT_ANY) if number == 0 else ():
            claim = pattern.search(block)
            if claim and int(claim[1]) > MAX_EMPTY + 100 * info.file_size:
                raise FileError([problem("false_extent", label)])
            if claim and pattern is _COUNT and int(claim[1]) > info.file_size:
                raise FileError([problem("false_extent", label)])
    if sheet.is_false():
        raise FileError([problem("false_extent", label)])
    if sheet.span > MOST_CELLS:
        raise FileError([problem("too_many_cells", label, limit=MOST_CELLS)])


class _Extent:
    """Corner that a sheet claims or reaches, and cells that it has."""

    def __init__(self) -> None:
        self.cells = 0
        self.column = 0
        self.row = 0
        self.widest = 0
        self.rows = 0
        self.in_row = 0

    def add(self, block: bytes) -> None:
        for found in _DIMENSION.findall(block):
            for letters, digits in _CORNER.findall(found):
                self._reach(letters, int(digits))
        cells = _PLAIN.findall(block)
        if b":c" in block or len(cells) < block.count(b"<c"):
            cells = _CELL.findall(block)
            if (b"", b"") in cells:
                self._count_in_rows(block)
        self.cells += len(cells)
        self.rows += block.count(b"<row") + block.count(b":row")
        for letters in {letters for letters, _ in cells}:
            self._reach(letters, 0)
        self._reach(b"A", max((int(digits or 0) for _, digits in cells), default=0))

    def _count_in_rows(self, block: bytes) -> None:
        """Count cells without a name along their rows: they reach no further than that, as rows do one below another."""
        first, *rows = (len(_CELL.findall(part)) for part in _ROW.split(block))
        self._reach(b"A", max(map(int, _ROW_NUMBER.findall(block)), default=0))
        self.in_row += first
        self.widest = max(self.widest, self.in_row, *rows)
        self.in_row = rows[-1] if rows else self.in_row

    def _reach(self, letters: bytes, row: int) -> None:
        self.column = max(self.column, column_number(letters.decode().upper()))
        self.row = max(self.row, row)

    @property
    def span(self) -> int:
        """Cells from the first corner to the last."""
        return (self.column + self.widest) * (self.row + (self.rows if self.widest else 0))

    def is_false(self) -> bool:
        return self.span > MAX_EMPTY + 100 * self.cells


def error_cells(content: BinaryIO) -> Iterator[tuple[str, int, int]]:
    """Yield part name, row and column of every cell with an error such as #N/A, counted from 1."""
    with zipfile.ZipFile(content) as archive:
        for info in archive.infolist():
            if info.filename.startswith("xl/worksheets/") and info.filename.endswith(".xml"):
                for block in _chunks(archive, info):
                    for cell in _CELL_TAG.finditer(block) if b't="e"' in block else ():
                        if b't="e"' in cell[0]:
                            yield info.filename, int(cell[2]), column_number(cell[1].decode())


_CELL_TAG = re.compile(rb'<c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*>')
