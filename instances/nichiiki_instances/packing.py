"""Pieces of typed columns in little memory: where all texts are ASCII, a character takes one byte instead of four."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.columns import Array, Column, ListColumn


@dataclass(frozen=True)
class PackedList:
    """Cells that are lists: how many entries each has, and all entries."""

    lengths: Array
    values: Array


Packed = Array | PackedList


def packed(column: Column) -> Packed:
    """Return a piece of a column as it is kept until all pieces are there."""
    if isinstance(column, ListColumn):
        return PackedList(column.lengths, _bytes(column.values))
    return _bytes(column)


def _bytes(values: Array) -> Array:
    points = _points(values) if values.dtype.kind == "U" else values
    if values.dtype.kind != "U" or points.max(initial=0) > 127:
        return values
    return points.astype(np.uint8).view(f"S{points.shape[1]}")[:, 0]


def _points(texts: Array) -> Array:
    """Return the characters of texts as numbers, a row each."""
    wide, kind = (4, np.uint32) if texts.dtype.kind == "U" else (1, np.uint8)
    return np.ascontiguousarray(texts).view(kind).reshape(len(texts), texts.dtype.itemsize // wide)


def end_to_end(pieces: list[Packed]) -> Column:
    """Return the pieces of a column, at least one, as a whole; each is let go once it is copied."""
    lists = [piece for piece in pieces if isinstance(piece, PackedList)]
    flat = [piece.values if isinstance(piece, PackedList) else piece for piece in pieces]
    pieces.clear()
    if not lists:
        return _joined(flat)
    offsets = np.concatenate(([0], np.cumsum(np.concatenate([piece.lengths for piece in lists]))))
    lists.clear()
    return ListColumn(offsets, _joined(flat))


def _joined(pieces: list[Array]) -> Array:
    if pieces[0].dtype.kind not in "SU":
        return np.concatenate(pieces)
    count = sum(map(len, pieces))
    width = max(piece.dtype.itemsize // (4 if piece.dtype.kind == "U" else 1) for piece in pieces)
    whole = np.zeros(count, dtype=f"U{width}")
    points, end = _points(whole), count
    while pieces:
        texts = _points(pieces.pop())
        points[end - len(texts) : end, : texts.shape[1]] = texts
        end -= len(texts)
    return whole
