"""Read an instance: parser (files to text) and builder (text to tables), every problem in one pass."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nichiiki_instances.building import add_rows, build_tables, everything, wrong_cells
from nichiiki_instances.headers import PASSED_OVER, RULES, folded, nearest, table_names
from nichiiki_instances.json_files import read_json
from nichiiki_instances.ledger import Ledger
from nichiiki_instances.mapping_files import MAPPING_FILE, ColumnMapping, read_mapping
from nichiiki_instances.mapping_reading import Calendar, add_mapped
from nichiiki_instances.raw import Grid, Parsed, Watch, problem
from nichiiki_instances.rules_files import about_problems, build_rules, parse_sheet, parse_toml, split_about
from nichiiki_instances.tabulating import tabulate, tabulated
from nichiiki_instances.text_files import MAX_TEXT, csv_grids, open_file, read_csv, read_text
from nichiiki_instances.xlsx_files import Sheet, error_problems, merged_problems, parse_workbook, sheets_of
from nichiiki_models.errors import FileError, InstanceError
from nichiiki_models.instance import Instance
from nichiiki_models.problems import Problem, few
from nichiiki_models.rules import Rules
from nichiiki_models.table import Table
from nichiiki_models.tables import TABLES

RULES_FILE = "rules.toml"
LARGE = {".csv": 24 * 2**20, ".json": 96 * 2**20}
"""Bytes of a file set, by ending, from which on it is looked at once before its values are kept: they take four times as much
(CSV) or as much (JSON), and a wrong cell, key or id is to be refused in little memory, however large the files are."""
TABULAR = (".csv", ".tsv", ".toml", ".xlsx", ".xlsm", ".xls", ".ods")
"""Endings of files that hold tables; others in a folder (notes, licences) are passed over."""


@dataclass(frozen=True)
class Reading:
    """What came out of a file set.

    Attributes
    ----------
    instance
        None if there is an error.
    problems
        Every error and warning, in the order of table, line and column.
    """

    instance: Instance | None
    problems: tuple[Problem, ...]


def read(path: str | Path, *, mapping: str | Path | ColumnMapping | None = None) -> Instance:
    """Read an instance from a folder of CSV tables, a workbook or a JSON file.

    Parameters
    ----------
    path
        Folder with ``<table>.csv`` and ``rules.toml``, or a file ``.xlsx`` or ``.json``.
    mapping
        Column mapping for files and sheets that are not laid out as tables, or its file; None takes the
        ``mapping.toml`` of a folder that has one.

    Returns
    -------
    Instance
        Checked, in canonical order.

    Raises
    ------
    InstanceError
        If anything is wrong with the content; every problem of the whole file set is listed.
    FileError
        If the file cannot be read at all.
    """
    reading = inspect(path, mapping=mapping)
    if reading.instance is None:
        raise InstanceError(reading.problems)
    return reading.instance


def inspect(path: str | Path, *, mapping: str | Path | ColumnMapping | None = None) -> Reading:
    """Read an instance and return its problems instead of raising them; see `read`.

    Raises
    ------
    FileError
        If the file cannot be read at all.
    """
    path = Path(path)
    with _no_cycle_search():
        wrong = _look(path) if _is_large(path, mapping) else []
        if any(each.severity == "error" for each in wrong):
            return Reading(None, tuple(wrong))
        return reading_of(parse(path, mapping), path.stem)


def _look(path: Path) -> list[Problem]:
    """List what is wrong with cells of a large file set, else with keys and references; nothing of it is kept."""
    ledger = Ledger()
    wrong = wrong_cells(parse(path, watch=ledger.note))
    if not any(each.severity == "error" for each in wrong) and (suspects := ledger.suspects()):
        return wrong_cells(parse(path, watch=suspects.name))
    return wrong


def _is_large(path: Path, mapping: object) -> bool:
    """Say whether a file set is looked at once before its values are kept."""
    if mapping is not None or (path / MAPPING_FILE).is_file():
        return False
    files = _tabular(path) if path.is_dir() else [path]
    sizes = Counter[str]()
    for file in files:
        sizes[file.suffix.casefold()] += file.stat().st_size if file.is_file() else 0
    return any(sizes[ending] > size for ending, size in LARGE.items())


def _tabular(folder: Path) -> list[Path]:
    """Return the files of a folder that may hold tables, in order."""
    return [
        file
        for file in sorted(folder.iterdir())
        if file.suffix.casefold() in TABULAR and not file.name.startswith((".", "~$"))
    ]


def parse(
    path: Path, mapping: str | Path | ColumnMapping | None = None, *, watch: Watch | None = None
) -> Parsed:
    """Parse a file set, with a mapping where one is given or lies in the folder; keep the values or have a `Watch` look at them."""
    if mapping is None and path.is_dir() and (path / MAPPING_FILE).is_file():
        mapping = path / MAPPING_FILE
    rules = read_mapping(mapping) if isinstance(mapping, str | Path) else mapping
    return _parser(path)(path, rules, Parsed(watch=watch))


@contextmanager
def _no_cycle_search() -> Iterator[None]:
    """Hold the search for reference cycles while cells are made: none has one, and it costs a third."""
    active = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if active:
            gc.enable()


def reading_of(parsed: Parsed, called: str) -> Reading:
    """Build the instance of what was parsed, or list its problems; `called` names it if it has no name."""
    rules, problems = build_rules(parsed.rules, parsed.rules_file)
    parsed.problems += problems
    parsed.problems += about_problems(parsed.about, parsed.rules_file)
    tables = build_tables(parsed)
    found = tuple(everything(parsed, tables, rules or Rules()))
    if any(each.severity == "error" for each in found):
        return Reading(None, found)
    name, note = parsed.about.get("name", called), parsed.about.get("note", "")
    return Reading(Instance.from_tables(tables, rules, name=name, note=note, checked=True), found)


Mapped = ColumnMapping | None


def _parser(path: Path) -> Callable[[Path, Mapped, Parsed], Parsed]:
    if path.is_dir():
        return _parse_folder
    parsers = {".xlsx": _parse_xlsx, ".json": _parse_json}
    if path.suffix.casefold() not in parsers:
        code = "unknown_ending" if path.exists() else "file_not_found"
        raise FileError([problem(code, path.name, value=path.suffix)])
    return parsers[path.suffix.casefold()]


def _parse_json(path: Path, _: Mapped, parsed: Parsed) -> Parsed:
    return read_json(path, path.name, parsed)


def _parse_xlsx(path: Path, mapping: Mapped, parsed: Parsed) -> Parsed:
    parsed.rules_file = path.name
    with open_file(path, path.name) as stream:
        if mapping:
            read = [sheet.grid() for sheet in sheets_of(stream, path.name) if mapping.reads(sheet.source)]
            _add_lists(parsed, read, mapping)
        for sheet in sheets_of(stream, path.name):
            if not (mapping and mapping.reads(sheet.source)):
                _add_sheet(parsed, sheet, path.name)
        parsed.problems[:0] = few(error_problems(stream, path.name))
    return parsed


def _add_sheet(parsed: Parsed, sheet: Sheet, label: str) -> None:
    parsed.problems += few(merged_problems(sheet))
    table = table_names().get(folded(sheet.name))
    if table is None:
        known = nearest(sheet.name, table_names())
        parsed.problems.append(problem("unknown_sheet", label, value=sheet.name, nearest=known))
    elif table == RULES:
        _add_rules_sheet(parsed, sheet.grid())
    elif table not in PASSED_OVER:
        _add_grids(parsed, table, sheet.grids())


def _parse_folder(path: Path, mapping: Mapped, parsed: Parsed) -> Parsed:
    lists: list[Grid] = []
    for file in _tabular(path):
        if mapping and mapping.names(file.name):
            lists += _lists_of(parsed, file, mapping)
        elif file.name != MAPPING_FILE:
            _add_file(parsed, file)
    _add_lists(parsed, lists, mapping)
    return parsed


def grids_of(file: Path) -> tuple[list[Grid], list[Problem]]:
    """Return the grids of a CSV file or a workbook, and its cells that hold an error.

    Raises
    ------
    FileError
        If it cannot be read, or is neither.
    """
    if file.suffix.casefold() == ".csv":
        return [read_csv(file, file.name)], []
    if file.suffix.casefold() != ".xlsx":
        raise FileError([problem("not_a_list", file.name, value=file.suffix)])
    with open_file(file, file.name) as stream:
        grids, problems = parse_workbook(stream, file.name)
    return list(grids.values()), problems


def _lists_of(parsed: Parsed, file: Path, mapping: ColumnMapping) -> list[Grid]:
    """Return the grids of a file that a mapping reads, and warn of sheets that it does not."""
    try:
        grids, problems = grids_of(file)
    except FileError as error:
        parsed.broken.update(source.table for source in mapping.sources)
        parsed.problems += error.problems
        return []
    parsed.problems += problems
    parsed.problems += [
        problem("unmapped_sheet", grid.source, severity="warning")
        for grid in grids
        if grid.rows and not mapping.reads(grid.source)
    ]
    return [grid for grid in grids if mapping.reads(grid.source)]


def _add_lists(parsed: Parsed, lists: Sequence[Grid], mapping: Mapped) -> None:
    """Add what a mapping makes of lists; the periods first, since others may have a row for each."""
    if mapping is None:
        return
    calendars, others = mapping.split(lambda source: source.table == "periods")
    add_mapped(parsed, lists, calendars, None)
    add_mapped(parsed, lists, others, _calendar(parsed))


def _calendar(parsed: Parsed) -> Calendar | None:
    if "periods" not in parsed.tables:
        return None
    rows = [
        row
        for part in parsed.tables["periods"]
        for piece in part.tables("periods")
        for row in zip(*(piece[name].tolist() for name in ("period_id", "starts_on", "ends_on")), strict=True)
    ]
    return Calendar([row for row in rows if None not in row])


def read_lists(
    files: Sequence[str | Path], mapping: str | Path | ColumnMapping
) -> tuple[dict[str, Table[Any]], tuple[Problem, ...]]:
    """Read lists on their own, without the rest of an instance.

    Parameters
    ----------
    files
        CSV files and workbooks.
    mapping
        What their columns mean, or its file.

    Returns
    -------
    dict
        The tables that the mapping fills.
    tuple of Problem
        What is wrong with them; what they refer to in other tables is not looked at.

    Raises
    ------
    FileError
        If the mapping cannot be read.
    """
    rules = read_mapping(mapping) if isinstance(mapping, str | Path) else mapping
    parsed = Parsed()
    lists = [grid for file in files for grid in _lists_of(parsed, Path(file), rules)]
    _add_lists(parsed, lists, rules)
    parsed.broken |= set(TABLES) - set(parsed.tables)
    tables = build_tables(parsed)
    problems = tuple(everything(parsed, tables, Rules(), only=parsed.tables))
    return {name: tables[name] for name in parsed.tables}, problems


def _add_file(parsed: Parsed, file: Path) -> None:
    table = table_names().get(folded(file.stem)) if file.suffix.casefold() in (".csv", ".toml") else None
    if table is None or (table == RULES) != (file.suffix.casefold() == ".toml"):
        known = nearest(file.stem, table_names())
        ending = ".toml" if table_names()[known] == RULES else ".csv"
        parsed.problems.append(problem("unknown_file", file.name, nearest=known + ending))
    elif table not in PASSED_OVER:
        try:
            if table == RULES:
                _add_rules(
                    parsed, parse_toml(read_text(file, file.name, limit=MAX_TEXT), file.name), file.name
                )
            else:
                _add_grids(parsed, table, csv_grids(file, file.name, at_once=parsed.watch is not None))
        except FileError as error:
            parsed.give_up(table)
            parsed.problems += [
                each.model_copy(update={"table": each.table or table}) for each in error.problems
            ]


def _add_grids(parsed: Parsed, table: str, grids: Iterable[Grid]) -> None:
    """Add a table that comes in pieces to what is parsed."""
    first = parsed.tables.get(table)
    for number, (raw, problems) in enumerate(tabulated(grids, table)):
        if raw is None:
            parsed.broken.add(table)
        if raw is None or first:
            parsed.problems = list(few([*parsed.problems, *problems]))
        else:
            add_rows(parsed, table, raw, problems, goes_on=number > 0)
        if raw and first and not number:
            twice = problem("table_twice", raw.source, table=table, first=first[0].source.file)
            parsed.problems.append(twice)


def _add_rules_sheet(parsed: Parsed, grid: Grid) -> None:
    raw, problems = tabulate(grid, RULES)
    parsed.problems += problems
    if raw is None:
        parsed.broken.add(RULES)
        return
    document, problems = parse_sheet(raw)
    parsed.problems += problems
    _add_rules(parsed, document, grid.source.file)


def _add_rules(parsed: Parsed, document: dict[str, object], label: str) -> None:
    parsed.rules, parsed.about, problems = split_about(document, label)
    parsed.rules_file = label
    parsed.problems += problems
