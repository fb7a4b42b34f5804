"""From a grid to the columns of a table by a mapping; what is not certain is reported, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import partial
from itertools import pairwise
from typing import Any

from nichiiki_instances.building import add_rows
from nichiiki_instances.headers import narrow
from nichiiki_instances.mapping_files import OPEN, ColumnMapping, ColumnRule, SourceRule
from nichiiki_instances.raw import BadCell, Cell, Grid, Parsed, RawTable, cell_name, column_number, problem
from nichiiki_instances.tabulating import date_rows, first_row, fitted, misfits
from nichiiki_models.columns import column_specs
from nichiiki_models.problems import Problem, few
from nichiiki_models.tables import TABLES

OF_ROWS = ("cell_without_header", "short_row")
"""Problems of a row that are told once, however many sources read it."""
WEEKDAYS = "月火水木金土日"
_WEEKDAYS = re.compile(rf"[{WEEKDAYS}]+")
_UNIT_ROW = re.compile(r"[(\[〔【].{1,10}[)\]〕】]")


@dataclass(frozen=True)
class Block:
    """One list inside a grid.

    Attributes
    ----------
    titles
        Headers, in the order of the columns.
    header, first, last
        Indices in the rows of the grid: of the header, of the first row of data, after the last one.
    """

    grid: Grid
    titles: tuple[str, ...]
    header: int
    first: int
    last: int

    @property
    def rows(self) -> list[Sequence[str]]:
        """Rows of data, all as wide as the header."""
        return list(fitted(self.grid.rows[self.first : self.last], len(self.titles)))

    @property
    def lines(self) -> Sequence[int]:
        """Number of each row of data as the user counts."""
        return self.grid.lines[self.first : self.last]

    @property
    def line(self) -> int:
        """Number of the header's row."""
        return self.grid.lines[self.header]


@dataclass(frozen=True)
class Calendar:
    """The periods of the calendar, where they are known: id, first day, last day."""

    periods: Sequence[tuple[str, date, date]]


def flat(title: str) -> str:
    """Return a header as headers are compared: narrow, without blanks and line ends."""
    return re.sub(r"\s+", "", narrow(title)).casefold()


def titles_of(rows: Sequence[Sequence[str]], at: int, header_rows: int) -> tuple[str, ...]:
    """Return the headers of a header of several rows: group and column joined by ``/``, a unit in brackets."""
    width = max((len(row) for row in rows[at : at + header_rows]), default=0)
    stacks = zip(*fitted(rows[at : at + header_rows], width), strict=True)
    return tuple(_title([narrow(re.sub(r"\s*\n\s*", "", part)) for part in stack]) for stack in stacks)


def _title(stack: list[str]) -> str:
    title = ""
    for part in stack:
        if part and part != title:
            title = f"{title}{part}" if not title or _UNIT_ROW.fullmatch(part) else f"{title}/{part}"
    return title


def is_unit_row(row: Sequence[str]) -> bool:
    """Say whether a row holds nothing but units in brackets."""
    held = [narrow(cell) for cell in row if cell.strip()]
    return bool(held) and all(map(_UNIT_ROW.fullmatch, held))


def filled(grid: Grid, header_rows: range) -> tuple[Grid, list[Problem]]:
    """Return a grid whose merged areas repeat their value: down in the data, everywhere in the header.

    Merged areas that span columns of the data stay as they are and are reported.
    """
    rows = [list(row) for row in grid.rows]
    problems: list[Problem] = []
    for top, left, bottom, right in grid.merged:
        where = [at for at, line in enumerate(grid.lines) if top <= line <= bottom]
        if not where or where[0] < header_rows.start:
            continue
        in_header = where[-1] in header_rows
        code = "merged_cells" if right > left and not in_header else "merged_filled"
        if not in_header:
            severity = "error" if code == "merged_cells" else "warning"
            cell = cell_name(top, left)
            problems.append(problem(code, grid.source, line=top, cell=cell, severity=severity))
        if code == "merged_filled":
            _fill(rows, where, range(left - 1, right))
    return replace(grid, rows=rows), problems


def _fill(rows: list[list[str]], where: Sequence[int], columns: range) -> None:
    value = rows[where[0]][columns.start]
    for at in where:
        rows[at] += [""] * (columns.stop - len(rows[at]))
        for column in columns:
            rows[at][column] = value


def find_blocks(grid: Grid, sources: Sequence[SourceRule]) -> tuple[list[Block | None], list[Problem]]:
    """Find the list of each source in a grid.

    A list begins below the first row that holds all headers of its source, and ends at its end or at the empty
    row before the next header.
    """
    heads: list[int | None] = []
    problems: list[Problem] = []
    for source in sources:
        at, missing = _header_at(grid, source)
        heads.append(at)
        if at is None:
            words = " / ".join(missing)
            problems.append(problem("mapping_no_header", grid.source, table=source.table, headers=words))
    starts = sorted({at for at in heads if at is not None})
    blocks: list[Block | None] = []
    for source, at in zip(sources, heads, strict=True):
        if at is None:
            blocks.append(None)
            continue
        header = range(at, at + source.header_rows)
        whole, found = filled(grid, header)
        problems += [each for each in found if each not in problems]
        following = [start for start in starts if start > at]
        last = _end(grid, header.stop, following[0]) if following else len(grid.rows)
        titles = titles_of(whole.rows, at, source.header_rows)
        blocks.append(Block(whole, titles, at, first_row(grid, header.stop - 1), last))
    return blocks, problems


def _header_at(grid: Grid, source: SourceRule) -> tuple[int | None, Sequence[str]]:
    """Index of the first row that holds all headers; else None and the ones the best row lacks."""
    wanted = {flat(title): title for title in source.headers}
    fewest: Sequence[str] = tuple(wanted.values())
    for at in range(len(grid.rows) - source.header_rows + 1):
        whole, _ = filled(grid, range(at, at + source.header_rows)) if grid.merged else (grid, [])
        held = {flat(title) for title in titles_of(whole.rows, at, source.header_rows)}
        missing = [title for key, title in wanted.items() if key not in held]
        if not missing:
            return at, ()
        fewest = min(fewest, missing, key=len)
    return None, fewest


def _end(grid: Grid, first: int, following: int) -> int:
    """Index of the row after the last one of a list that another one follows."""
    for at in range(following, first, -1):
        if grid.lines[at] - grid.lines[at - 1] > 1:
            return at
    return following


def add_mapped(
    parsed: Parsed, grids: Sequence[Grid], mapping: ColumnMapping, calendar: Calendar | None
) -> None:
    """Add the tables that a mapping makes of grids to what is parsed."""
    for grid in grids:
        own = [source for source in mapping.sources if source.reads(grid.source)]
        blocks, problems = find_blocks(grid, own)
        parsed.problems += problems
        for source, block in zip(own, blocks, strict=True):
            if block is None:
                parsed.broken.add(source.table)
            else:
                _add(parsed, read_block(block, source, calendar), source.table)
        parsed.problems += _unused(grid, own, blocks)
    for source in mapping.sources:
        if not any(source.reads(grid.source) for grid in grids):
            parsed.broken.add(source.table)
            parsed.problems.append(
                problem("mapping_no_file", source.file, table=source.table, sheet=source.sheet)
            )


def _add(parsed: Parsed, read: tuple[RawTable, list[Problem]], table: str) -> None:
    raw, problems = read
    told = {(p.code, p.file, p.line, p.cell) for p in parsed.problems if p.code in OF_ROWS}
    add_rows(parsed, table, raw, [p for p in problems if (p.code, p.file, p.line, p.cell) not in told])


def _unused(grid: Grid, sources: Sequence[SourceRule], blocks: Sequence[Block | None]) -> Iterator[Problem]:
    """Warn of columns that hold something and that no source reads or ignores."""
    known: dict[int, set[str]] = {}
    by_letter: dict[int, set[int]] = {}
    of_header = {block.header: block for block in blocks if block}
    for source, block in zip(sources, blocks, strict=True):
        if block:
            titles = map(flat, (*source.headers, *source.ignore))
            known.setdefault(block.header, set()).update(titles)
            letters = [rule.letter for rule in source.columns.values() if rule.letter]
            by_letter.setdefault(block.header, set()).update(column_number(each) - 1 for each in letters)
    for header, block in of_header.items():
        cells = list(zip(*block.rows, strict=True)) or [()] * len(block.titles)
        for at, title in enumerate(block.titles):
            seen = flat(title) in known[header] or at in by_letter[header]
            if not seen and any(cell.strip() for cell in cells[at]):
                where = {"line": block.line, "header": title, "cell": cell_name(block.line, at + 1)}
                yield problem("unmapped_column", grid.source, severity="warning", **where)


def read_block(block: Block, source: SourceRule, calendar: Calendar | None) -> tuple[RawTable, list[Problem]]:
    """Read the columns of a source.

    Parameters
    ----------
    block
        Where its rows are.
    source
        What its columns mean.
    calendar
        The periods; None where they are not known.

    Returns
    -------
    RawTable
        The columns under canonical names, with the headers and places of the columns they come from.
    list of Problem
        Headers that are not there or twice, marks, parts and weekdays that are not certain, values still open.
    """
    reader = _BlockReader(block, source, calendar)
    return reader.table(), reader.problems


class _BlockReader:
    """Reads one source; collects what is wrong."""

    def __init__(self, block: Block, source: SourceRule, calendar: Calendar | None) -> None:
        self.block, self.source = block, source
        self.problems: list[Problem] = []
        self.specs = column_specs(TABLES[source.table])
        self.rows = self._kept()
        self.periods: Sequence[tuple[str, date, date] | None] = [None]
        if source.each_period:
            self.periods = calendar.periods if calendar else []
            if not self.periods:
                self._say("mapping_no_periods")

    def _say(self, code: str, **fields: Any) -> None:
        self.problems.append(self._problem(code, **fields))

    def _problem(self, code: str, **fields: Any) -> Problem:
        return problem(code, self.block.grid.source, table=self.source.table, **fields)

    def _index(self, header: str, column: str) -> int | None:
        """Number of the column under a header; None and a problem where there are several."""
        found = [at for at, title in enumerate(self.block.titles) if flat(title) == flat(header)]
        if len(found) > 1:
            cells = ", ".join(cell_name(self.block.line, at + 1) for at in found)
            self._say("mapping_two_columns", column=column, line=self.block.line, header=header, cells=cells)
            return None
        return found[0]

    def _kept(self) -> list[tuple[int, Sequence[str]]]:
        """Rows of the block that are read, with their numbers in it; empty cells filled as asked for."""
        rows = [list(row) for row in self.block.rows]
        kept: list[tuple[int, Sequence[str]]]
        for header in self.source.fill_down:
            at = self._index(header, header)
            for above, row in pairwise(rows):
                if at is not None and not row[at].strip():
                    row[at] = above[at]
        skips = [(self._index(header, header), words) for header, words in self.source.skip.items()]
        kept = [
            (number, row)
            for number, row in enumerate(rows)
            if not any(at is not None and _fits(row[at], words) for at, words in skips)
        ]
        if len(kept) < len(rows):
            self._say("rows_left_out", severity="warning", count=len(rows) - len(kept))
        whole = self.block.grid.rows[self.block.first : self.block.last]
        written = [whole[number] for number, _ in kept]
        lines = [self.block.lines[number] for number, _ in kept]
        read = replace(self.block.grid, rows=written, lines=lines)
        self.problems += misfits(read, self.source.table, self.block.titles)
        return kept

    def table(self) -> RawTable:
        """Return the columns."""
        columns: dict[str, Sequence[Cell]] = {}
        headers: dict[str, str] = {}
        positions: dict[str, int] = {}
        dates: dict[str, frozenset[int]] = {}
        for column, rule in self.source.columns.items():
            index = self._column_index(rule, column)
            headers[column] = rule.header or (self.block.titles[index] if index is not None else column)
            if index is not None:
                positions[column] = index + 1
                dates[column] = self._dates(index)
            if self._is_filled(column, rule, index):
                columns[column] = self._cells(column, rule, index)
        repeat = len(self.periods)
        lines = [self.block.lines[number] for number, _ in self.rows for _ in range(repeat)]
        return RawTable(
            self.block.grid.source,
            columns,
            headers,
            lines,
            {name: rows for name, rows in dates.items() if rows},
            positions,
        )

    def _is_filled(self, column: str, rule: ColumnRule, index: int | None) -> bool:
        """Say whether a column has cells; where a value is still open, say so."""
        if rule.value == OPEN:
            self._say("mapping_open", column=column, meaning=self.specs[column].description)
        return rule.value != OPEN and not (index is None and (rule.header or rule.letter))

    def _column_index(self, rule: ColumnRule, column: str) -> int | None:
        if rule.letter is not None:
            at = column_number(rule.letter) - 1
            if at < len(self.block.titles):
                return at
            self._say("mapping_no_header", column=column, headers=rule.letter)
        return self._index(rule.header, column) if rule.header is not None else None

    def _dates(self, index: int) -> frozenset[int]:
        found = date_rows(self.block.grid, self.block.first, index)
        repeat = len(self.periods)
        order = {number: place for place, (number, _) in enumerate(self.rows)}
        return frozenset(
            order[row] * repeat + copy for row in found if row in order for copy in range(repeat)
        )

    def _cells(self, column: str, rule: ColumnRule, index: int | None) -> list[Cell]:
        marked = {self._index(header, column): entry for header, entry in rule.marks.items()}
        found: list[Cell] = []
        wrong: list[tuple[BadCell, int, int]] = []
        for number, row in self.rows:
            for period in self.periods:
                try:
                    found.append(self._cell(rule, row, index, marked, period))
                except BadCell as bad:
                    wrong.append((BadCell(bad.code, **bad.params), number, len(found)))
                    found.append("")
        self.problems += few(self._bad(bad, column, number, at, index) for bad, number, at in wrong)
        return found

    def _cell(
        self,
        rule: ColumnRule,
        row: Sequence[str],
        index: int | None,
        marked: Mapping[int | None, str],
        period: tuple[str, date, date] | None,
    ) -> Cell:
        if rule.marks:
            return _marked(rule, row, marked)
        if rule.period and period:
            return period[0]
        if index is None:
            return rule.value or ""
        text = _translated(rule, row[index])
        if rule.weekdays and period and text:
            return str(count_weekdays(text, period[1], period[2]))
        return text

    def _bad(self, bad: BadCell, column: str, number: int, row: int, index: int | None) -> Problem:
        params = dict(bad.params)
        at = int(params.pop("at", -1)) if index is None else index
        line = self.block.lines[number]
        where = {"column": column, "row": row, "line": line, "header": self.block.titles[at]}
        value = self.block.rows[number][at]
        return self._problem(bad.code, value=value, cell=cell_name(line, at + 1), **where, **params)


def _fits(cell: str, words: Sequence[str]) -> bool:
    return any(fnmatchcase(narrow(cell), narrow(word)) for word in words)


def _translated(rule: ColumnRule, cell: str) -> str:
    """Return a cell after value map, split and prefix."""
    plain = narrow(cell)
    known = {flat(word): value for word, value in rule.words.items()}
    if flat(cell) in known:
        return known[flat(cell)]
    if not plain:
        return rule.empty or ""
    if rule.pattern:
        return rule.prefix + _matched(rule.pattern, plain)
    if rule.split:
        parts = [part.strip() for part in plain.split(rule.split)]
        if len(parts) < rule.part or not parts[rule.part - 1]:
            raise BadCell("unclear_part", separator=rule.split, part=str(rule.part))
        cell = parts[rule.part - 1]
    return rule.prefix + cell.strip() if rule.prefix else cell


def _matched(pattern: str, cell: str) -> str:
    found = re.search(pattern, cell)
    if not found:
        raise BadCell("unclear_pattern", pattern=pattern)
    return found[1] or ""


def _marked(rule: ColumnRule, row: Sequence[str], marked: Mapping[int | None, str]) -> tuple[str, ...]:
    """Return the entries whose mark says yes."""
    yes, no = ({flat(word) for word in words} for words in (rule.yes, rule.no))
    entries: list[str] = []
    for at, entry in marked.items():
        mark = flat(row[at]) if at is not None else ""
        if at is not None and mark not in yes | no:
            raise BadCell("unclear_mark", at=str(at), choices=" / ".join([*rule.yes, *rule.no]))
        if mark in yes:
            entries.append(entry)
    return tuple(dict.fromkeys(entries))


def weekdays_in(text: str) -> frozenset[int]:
    """Return the weekdays a text names, Monday as 0: ``月火水木金土``, ``月・水・金``, ``月～金``, ``月曜日から土曜日``, ``毎日``.

    Raises
    ------
    BadCell
        If it says anything else.
    """
    plain = re.sub(r"曜日?|[\s・、,/]", "", narrow(text))
    if plain in ("毎日", "全日", "平日"):
        return frozenset(range(5 if plain == "平日" else 7))
    if span := re.fullmatch(rf"([{WEEKDAYS}])(?:~|～|〜|-|から)([{WEEKDAYS}])", plain):
        first, last = WEEKDAYS.index(span[1]), WEEKDAYS.index(span[2])
        if first < last:
            return frozenset(range(first, last + 1))
    if not _WEEKDAYS.fullmatch(plain) or len(set(plain)) < len(plain):
        raise BadCell("unclear_weekdays")
    return frozenset(map(WEEKDAYS.index, plain))


def count_weekdays(text: str, first: date, last: date) -> int:
    """Return how many days from the first to the last are among the weekdays that a text names."""
    wanted = weekdays_in(text)
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return sum(map(partial(_is_among, wanted), days))


def _is_among(wanted: frozenset[int], day: date) -> bool:
    return day.weekday() in wanted
