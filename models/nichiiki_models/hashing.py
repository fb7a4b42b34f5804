"""The canonical content hash: the same content gives the same hash, whatever the file, order or width."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel

from nichiiki_models.columns import Column, ColumnSpec, Kind, ListColumn, default_column
from nichiiki_models.table import Table

HASH_VERSION = b"nichiiki-hash-1"


def content_hash(tables: Mapping[str, Table[Any]], document: BaseModel) -> str:
    """Return the SHA-256 of tables in canonical order and of a document beside them.

    Empty tables, columns that hold only their default, and fields at their default do not count, so a later
    optional table, column or rule leaves the hash of older content as it is.

    Parameters
    ----------
    tables
        Tables in canonical row order, by name.
    document
        The rules (or other settings) that belong to the content.

    Returns
    -------
    str
        ``sha256:`` and 64 hexadecimal digits.
    """
    digest = hashlib.sha256(HASH_VERSION)
    for name in sorted(tables):
        table = tables[name]
        if len(table):
            _part(digest, f"table {name} {len(table)}".encode())
            for column, spec in sorted(table.specs.items()):
                values = table.columns[column]
                if spec.required or not is_default(spec, values):
                    _part(digest, f"column {column} {spec.kind}".encode())
                    for block in _blocks(spec, values):
                        _part(digest, block)
    settings = document.model_dump(mode="json", exclude_defaults=True)
    _part(digest, json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode())
    return f"sha256:{digest.hexdigest()}"


def _part(digest: Any, block: bytes) -> None:
    # the length in front keeps "ab"+"c" and "a"+"bc" apart
    digest.update(len(block).to_bytes(8, "little"))
    digest.update(block)


def is_default(spec: ColumnSpec, values: Column) -> bool:
    """Say whether a column holds its default in every row."""
    default = default_column(spec, 1)
    if isinstance(values, ListColumn) or isinstance(default, ListColumn):
        return spec.default == () and not len(values.values if isinstance(values, ListColumn) else values)
    equal = values == default[0]
    if spec.kind in (Kind.NUMBER, Kind.DATE, Kind.TIME):
        equal = equal | (
            np.isnan(values) & np.isnan(default[0])
            if spec.kind is Kind.NUMBER
            else np.isnat(values) & np.isnat(default[0])
        )
    return bool(np.all(equal))


def _blocks(spec: ColumnSpec, values: Column) -> list[bytes]:
    if isinstance(values, ListColumn):
        return [values.offsets.astype("<i8").tobytes(), _texts(values.values)]
    match spec.kind:
        case Kind.INT | Kind.DATE | Kind.TIME:
            return [values.astype("<i8").tobytes()]
        case Kind.NUMBER:
            return [(values + 0.0).astype("<f8").tobytes()]  # + 0.0 makes -0.0 and 0.0 one
        case Kind.FLAG:
            return [np.packbits(values).tobytes()]
        case _:
            return [_texts(values)]


def _texts(values: Any) -> bytes:
    return "\x1f".join(values.tolist()).encode("utf-8", "surrogatepass")
