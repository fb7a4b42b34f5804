"""Parser of JSON: an instance as one object, its tables as lists of row objects."""

from __future__ import annotations

import json
import os
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from nichiiki_instances.headers import nearest
from nichiiki_instances.json_guard import check_json
from nichiiki_instances.raw import Cell, Parsed, RawTable, Source, problem
from nichiiki_instances.text_files import PIECE, decode, encoding_of, open_file
from nichiiki_models.errors import FileError
from nichiiki_models.formats import migrated
from nichiiki_models.problems import Problem
from nichiiki_models.tables import TABLES

ABOUT = ("format", "name", "note")
MOST_ODD = 100
"""Entries of a table that are no rows and are named one by one; the table is not read then."""
MOST_KEYS = 1000
"""Keys of one object; each unknown one is compared with every known one."""


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
    if len(document) > MOST_KEYS:
        raise FileError([problem("too_many_columns", label, value=str(len(document)), limit=MOST_KEYS)])
    parsed = Parsed(rules_file=f"{label} [rules]")
    for key, value in migrated(document).items():
        if key in ABOUT:
            parsed.about[key] = value
        elif key == "rules" and isinstance(value, dict):
            parsed.rules = value
        elif key in TABLES and isinstance(value, list):
            add_rows(parsed, key, value, Source(f"{label} [{key}]", unit="entry", verbatim=True))
        elif key in TABLES or key == "rules":
            parsed.broken.add(key)
            parsed.problems.append(problem("wrong_shape", label, header=key))
        else:
            parsed.problems.append(unknown_key(key, label))
    return parsed


def unknown_key(key: str, label: str) -> Problem:
    """Say that a key at the top is none of an instance."""
    return problem("unknown_key", label, header=key, nearest=nearest(key, [*TABLES, "rules", *ABOUT]))


def read_json(path: Path, label: str) -> Any:
    """Return the content of a JSON file; see `open_file`, `checked_bytes`, `decode` and `load_json`."""
    with open_file(path, label) as stream:
        return load_json(decode(checked_bytes(stream, label), label), label)


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


def add_rows(parsed: Parsed, table: str, rows: list[Any], source: Source, *, first: int = 1) -> None:
    """Add the rows of a table, given as objects, to what is parsed; `first` is the number of the first one."""
    if not rows:
        return  # no rows, no columns to miss
    numbers = range(first, first + len(rows))
    odd = list(
        islice((at for at, row in zip(numbers, rows, strict=True) if not isinstance(row, dict)), MOST_ODD)
    )
    parsed.problems += [problem("wrong_shape", source, line=index, header=table) for index in odd]
    if odd:
        parsed.broken.add(table)
        return
    fields = TABLES[table].model_fields
    keys = list(dict.fromkeys(key for row in rows for key in row))
    if len(keys) > MOST_KEYS:
        raise FileError(
            [problem("too_many_columns", source, table=table, value=str(len(keys)), limit=MOST_KEYS)]
        )
    parsed.problems += [
        problem("unknown_column", source, table=table, header=key, nearest=nearest(key, fields))
        for key in keys
        if key not in fields
    ]
    columns = {key: [_cell(row.get(key)) for row in rows] for key in keys if key in fields}
    parsed.tables[table] = RawTable(source, columns, {key: key for key in columns}, numbers)


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
