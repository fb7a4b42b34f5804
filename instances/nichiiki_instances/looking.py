"""First look at large files: rows are read in pieces and nothing of them is kept, before all of them are.

Large tables with a wrong cell are thus refused in little memory. What spans rows and tables (keys, references, rules across
columns) shows only when all of it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from nichiiki_instances.building import build_table, in_files, in_order
from nichiiki_instances.headers import RULES, find_column
from nichiiki_instances.json_files import ABOUT, MOST_KEYS, add_rows, unknown_key
from nichiiki_instances.json_guard import Entry, check_json, entries_of
from nichiiki_instances.raw import Grid, Parsed, Source, problem
from nichiiki_instances.tabulating import PREAMBLE_MAX, find_header, first_row, tabulate
from nichiiki_instances.text_files import csv_rows, encoding_of, open_file
from nichiiki_models.checks import row_problems
from nichiiki_models.errors import FileError
from nichiiki_models.formats import migrated
from nichiiki_models.problems import Problem, few
from nichiiki_models.tables import TABLES

LARGE = 8 * 2**20
"""Bytes of tables from which on they are looked at first: reading takes up to 30 times their size."""
OF_HEADERS = ("unknown_column", "duplicate_column")
PART = 2**20
"""Characters of a piece."""


def is_large(files: Iterable[Path]) -> bool:
    """Say whether files are to be looked at first."""
    return sum(file.stat().st_size for file in files if file.is_file()) > LARGE


def look_at_tables(files: Iterable[tuple[Path, str]]) -> list[Problem]:
    """List what is wrong in single rows of CSV files, each with the name of its table."""
    return in_order(list(few(chain.from_iterable(_of_csv(file, table) for file, table in files))))


def _of_csv(file: Path, table: str) -> list[Problem]:
    """List what is wrong in single rows of a file, or, if it is broken somewhere, that alone."""
    try:
        return list(few(_of_rows(file, table)))
    except FileError as error:
        return [each.model_copy(update={"table": each.table or table}) for each in error.problems]


def _of_rows(file: Path, table: str) -> Iterator[Problem]:
    for grid, last in _grids(file, table):
        parsed = Parsed()
        raw, parsed.problems = tabulate(grid, table)
        if raw is not None:
            parsed.tables[table] = raw
        yield from (each for each in _of_part(table, parsed) if last is None or _is_below(each, last))


def _is_below(found: Problem, header: int) -> bool:
    """Say whether a problem is of rows below a line; those of the header are told with the first piece."""
    return _counts_rows(found) if found.line is None else found.line > header


def _counts_rows(found: Problem) -> bool:
    return found.code == "more_alike" and found.params["kind"] not in OF_HEADERS


def _grids(file: Path, table: str) -> Iterator[tuple[Grid, int | None]]:
    """Yield pieces of a file with its header before each, and its line from the second on: what is above is told."""
    head: list[tuple[int, list[str]]] = []
    with open_file(file, file.name) as stream:
        for number, part in enumerate(_parts(csv_rows(stream, file.name))):
            both = [*head, *part]
            grid = Grid(Source(file.name), [row for _, row in both], [line for line, _ in both])
            yield grid, head[-1][0] if number else None
            if not number:
                head = both[: _header(grid, table)]
                if not head:
                    return


def _header(grid: Grid, table: str) -> int:
    """Return how many rows end with the header; 0 if there is none."""
    at = find_header(grid.rows, lambda cell: find_column(table, cell.removeprefix("#")) is not None)
    return first_row(grid, at) if at >= 0 else 0


def _parts(rows: Iterable[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    """Cut rows into pieces; the first one has all among which the header may be."""
    part: list[tuple[int, list[str]]] = []
    size, least = 0, PREAMBLE_MAX
    for line, row in rows:
        part.append((line, row))
        size += sum(map(len, row)) + len(row)
        if size > PART and len(part) > least:
            yield part
            part, size, least = [], 0, 0
    if part:
        yield part


def look_at_json(file: Path) -> list[Problem]:
    """List what is wrong in single rows of an instance in JSON; nothing if it is one of an older version."""
    with open_file(file, file.name) as stream:
        encoding = encoding_of(stream, file.name)
        try:
            check_json(stream, encoding, file.name)
        except FileError:
            return []  # the reading begins with the same guard
        entries = entries_of(stream, encoding, file.name)
        try:
            return in_order(list(few(_of_entries(entries, file.name))))
        except FileError as error:
            return list(error.problems)
        except _OlderError:
            return []


class _OlderError(Exception):
    """The document is of a version that has to become today's before it can be looked at."""


def _of_entries(entries: Iterable[Entry], label: str) -> Iterator[Problem]:
    """List what is wrong with the rows of a document."""
    known: dict[str, set[str]] = {}
    for part, first in _batches(entries):
        key, at = part[0].key, Source(f"{label} [{part[0].key}]", unit="entry", verbatim=True)
        if key == "format" and migrated({key: part[0].value}) != {key: part[0].value}:
            raise _OlderError
        if key not in TABLES:
            yield from () if key in (*ABOUT, RULES) or first > 1 else (unknown_key(key, label),)
        elif part[0].listed:
            parsed, told = Parsed(), known.setdefault(key, set())
            add_rows(parsed, key, [each.value for each in part], at, first=first)
            yield from (each for each in _of_part(key, parsed) if each.line or _is_new(each, told, first))
            told.update(*(each.value for each in part if isinstance(each.value, dict)))
            if len(told) > MOST_KEYS:
                raise FileError([problem("too_many_columns", at, value=str(len(told)), limit=MOST_KEYS)])


def _is_new(found: Problem, told: set[str], first: int) -> bool:
    """Say whether a problem of a whole column was not told with an earlier piece."""
    return found.header not in told if found.code == "unknown_column" else first == 1 or _counts_rows(found)


def _batches(entries: Iterable[Entry]) -> Iterator[tuple[list[Entry], int]]:
    """Yield pieces of lists, and the number of the first entry of each; what is no list is a piece."""
    part: list[Entry] = []
    size, first = 0, 1
    for each in entries:
        if part and (each.key != part[0].key or size > PART):
            yield part, first
            first = first + len(part) if each.key == part[0].key else 1
            part, size = [], 0
        part.append(each)
        size += each.weight
    if part:
        yield part, first


def _of_part(table: str, parsed: Parsed) -> list[Problem]:
    """List what is wrong in some rows of a table."""
    if table not in parsed.tables:
        return parsed.problems
    built, problems = build_table(table, parsed.tables[table])
    parsed.problems += problems
    return [*parsed.problems, *in_files(list(few(row_problems(table, built))), parsed)]
