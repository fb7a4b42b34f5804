"""Suggest a mapping: which table a list fills, and which of its columns fills which, from headers and values."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from nichiiki_instances.columns import read_column
from nichiiki_instances.headers import RULES, find_column, folded, table_names, values
from nichiiki_instances.mapping_files import OPEN, ColumnMapping, ColumnRule, SourceRule
from nichiiki_instances.mapping_reading import Block, filled, flat, is_unit_row, titles_of
from nichiiki_instances.raw import Grid, cell_name
from nichiiki_instances.tabulating import PREAMBLE_MAX, first_row
from nichiiki_models.columns import ColumnSpec, Kind, column_specs
from nichiiki_models.tables import TABLES

Why = Literal["header", "synonym", "values", "list", "open"]
"""Why a column is suggested: its header is known, or a synonym; its values fit; the list tells; or nothing does."""
MOSTLY = 0.9
"""Share of the filled cells that must fit a column before their values alone suggest it."""
LEAST_CERTAIN = 2
_SAMPLE = 500
_FIRST = ("regions", "houses", "facilities", "roles", "places")


@dataclass(frozen=True)
class Suggestion:
    """A mapping, and how each of its columns was found.

    Attributes
    ----------
    mapping
        To be looked over, and completed where a value is ``?``.
    why
        Reason by number of the source (from 0) and column.
    unknown
        Files and sheets in which no list was recognised.
    """

    mapping: ColumnMapping
    why: Mapping[tuple[int, str], Why]
    unknown: tuple[str, ...]


@dataclass
class _Draft:
    """A source being made."""

    table: str
    block: Block
    columns: dict[str, ColumnRule] = field(default_factory=dict)
    why: dict[str, Why] = field(default_factory=dict)

    def put(self, column: str, rule: ColumnRule, why: Why) -> None:
        self.columns[column] = rule
        self.why[column] = why

    @property
    def used(self) -> set[str]:
        return {flat(header) for rule in self.columns.values() for header in rule.headers}


def suggest(grids: Iterable[Grid], constants: Mapping[str, str] | None = None) -> Suggestion:
    """Suggest a mapping for the lists in some grids.

    Parameters
    ----------
    grids
        Files and sheets.
    constants
        Value by column (``region_id``) or table and column (``houses.rent_yen``), for columns no list holds.
    """
    sources: list[SourceRule] = []
    why: dict[tuple[int, str], Why] = {}
    unknown: list[str] = []
    for grid in grids:
        drafts = [draft for block, rows in blocks_of(grid) for draft in _drafts(block, rows, constants or {})]
        if not drafts:
            unknown.append(grid.source.file)
        for draft, rows in drafts:
            others = {title for each, _ in drafts if each.block is draft.block for title in each.used}
            why |= {(len(sources), column): reason for column, reason in draft.why.items()}
            sources.append(_source(grid, draft, rows, others))
    return Suggestion(ColumnMapping(sources=tuple(sources)), why, tuple(unknown))


def _source(grid: Grid, draft: _Draft, header_rows: int, used: set[str]) -> SourceRule:
    file, _, sheet = grid.source.file.partition(" [")
    ignored = [title for title in draft.block.titles if title and flat(title) not in used]
    return SourceRule(
        file=file,
        sheet=sheet.removesuffix("]") or "*",
        table=draft.table,
        header_rows=header_rows,
        ignore=tuple(dict.fromkeys(ignored)),
        columns=draft.columns,
    )


@cache
def synonyms() -> Mapping[str, Any]:
    """Return the content of synonyms.toml."""
    return tomllib.loads((resources.files("nichiiki_instances") / "synonyms.toml").read_text("utf-8"))


def column_of(table: str, title: str) -> tuple[str, Why] | None:
    """Return the column of a table that a header names, and whether by a known header or by a synonym.

    Of a header with a group (``位置/緯度``) the last part counts where the whole says nothing.
    """
    group, _, own = title.rpartition("/")
    return _column_of(table, title) or (_column_of(table, own) if group else None)


def _column_of(table: str, title: str) -> tuple[str, Why] | None:
    known = find_column(table, title.removeprefix("#"))
    if known:
        return known, "header"
    specs = column_specs(TABLES[table])
    named = (name for name, words in synonyms()["any"].items() if name in specs and _is_word(title, words))
    found = next(named, None)
    return (found, "synonym") if found else None


def _is_word(title: str, words: Sequence[str]) -> bool:
    return flat(title) in map(flat, words)


def _mappable() -> Iterator[str]:
    return (table for table in TABLES if table != RULES)


@cache
def _is_known(title: str) -> bool:
    """Say whether any table has a column of that header."""
    return bool(title) and (
        _is_word(title, synonyms()["ids"]["words"]) or any(column_of(table, title) for table in _mappable())
    )


def blocks_of(grid: Grid) -> list[tuple[Block, int]]:
    """Return the lists of a grid with the number of rows of each header."""
    heads: list[tuple[int, int]] = []
    at = 0
    while at < len(grid.rows):
        rows = _header_rows(grid, at, first=not heads)
        if rows:
            heads.append((at, rows))
        at += rows or 1
        if not heads and at >= PREAMBLE_MAX:
            break
    ends = [*(_block_end(grid, at) for at, _ in heads[1:]), len(grid.rows)][: len(heads)]
    return [(_block(grid, at, rows, end), rows) for (at, rows), end in zip(heads, ends, strict=True)]


def _block(grid: Grid, at: int, rows: int, end: int) -> Block:
    whole, _ = filled(grid, range(at, at + rows))
    return Block(whole, titles_of(whole.rows, at, rows), at, first_row(grid, at + rows - 1), end)


def _block_end(grid: Grid, header: int) -> int:
    """Index after the last row of the list above a header: the empty row before it, and titles below that."""
    for at in range(header, max(header - 4, 0), -1):
        if grid.lines[at] - grid.lines[at - 1] > 1:
            return at
    return header


def _header_rows(grid: Grid, at: int, *, first: bool) -> int:
    """Return how many rows the header has that begins in a row; 0 if none does."""
    hits = {rows: _hits(grid, at, rows) for rows in (1, 2) if at + rows <= len(grid.rows)}
    single, known = hits[1]
    if 2 in hits and hits[2][0] >= LEAST_CERTAIN:
        below = _hits(grid, at + 1, 1)[0]
        if hits[2][0] > max(single, below) or (hits[2][0] >= single and is_unit_row(grid.rows[at + 1])):
            return 2
    enough = single >= LEAST_CERTAIN and (first or 2 * single >= known)
    return 1 if enough else 0


def _hits(grid: Grid, at: int, rows: int) -> tuple[int, int]:
    """Known headers, and filled cells, of a header that begins in a row."""
    whole, _ = filled(grid, range(at, at + rows)) if grid.merged else (grid, [])
    titles = [title for title in titles_of(whole.rows, at, rows) if title]
    return sum(map(_is_known, titles)), len(titles)


def _drafts(block: Block, rows: int, constants: Mapping[str, str]) -> Iterator[tuple[_Draft, int]]:
    table = _table_of(block)
    if table is None:
        return
    main = _draft(table, block, constants)
    yield main, rows
    if table == "facilities":
        seats = _draft("seats", block, constants, taken=main.used)
        if seats.why["seats"] != "open":
            seats.put("facility_id", main.columns["facility_id"], main.why["facility_id"])
            yield _complete(seats, constants), rows


def _table_of(block: Block) -> str | None:
    """Return the table that a list most likely fills; None if nothing speaks for one."""
    named = table_names().get(folded(_label(block)))
    if named in TABLES:
        return named
    scores = {table: _score(table, block) for table in TABLES}
    order = [*_FIRST, *(table for table in TABLES if table not in _FIRST)]
    best = max(order, key=lambda table: scores[table])
    return best if scores[best] >= LEAST_CERTAIN else None


def _label(block: Block) -> str:
    file, _, sheet = block.grid.source.file.partition(" [")
    return sheet.removesuffix("]") if sheet else Path(file).stem


def _score(table: str, block: Block) -> float:
    """Say how much speaks for a table: known headers, words in the name of the list and in its names."""
    found = {match[0] for title in block.titles if title and (match := column_of(table, title))}
    specs = column_specs(TABLES[table])
    required = [name for name, spec in specs.items() if spec.required]
    hints = synonyms()["tables"].get(table, ())
    score = len(found) + 2 * len(found & set(required)) / max(1, len(required))
    score += 3 * _mentions(block.grid.source.file, hints) + 2 * _share_of_names(block, hints)
    if table == "regions" and _codes(block):
        score += 3
    return score


def _mentions(text: str, hints: Sequence[str]) -> bool:
    plain = flat(text)
    return any(flat(hint) in plain for hint in hints)


def _share_of_names(block: Block, hints: Sequence[str]) -> float:
    at = next(
        (at for at, title in enumerate(block.titles) if _is_word(title, synonyms()["any"]["name"])), None
    )
    names = [row[at] for row in block.rows[:_SAMPLE] if row[at]] if at is not None else []
    return sum(_mentions(name, hints) for name in names) / len(names) if names and hints else 0.0


def _codes(block: Block) -> bool:
    spec = column_specs(TABLES["regions"])["municipality_code"]
    return any(_fit(cells, "regions", spec, block) >= MOSTLY for _, cells in _filled_columns(block))


def _filled_columns(block: Block) -> Iterator[tuple[str, list[str]]]:
    for title, cells in zip(block.titles, zip(*block.rows[:_SAMPLE], strict=True), strict=False):
        if any(cell.strip() for cell in cells):
            yield title, list(cells)


def _fit(cells: Sequence[str], table: str, spec: ColumnSpec, block: Block) -> float:
    """Share of the filled cells that the column can read and whose values are in its range."""
    filled_cells = [cell for cell in cells if cell.strip()]
    column, bad = read_column(table, spec, filled_cells, block.grid.source)
    good = [
        cell not in bad and _in_range(value, spec)
        for cell, value in zip(filled_cells, list(column), strict=True)
    ]
    return sum(good) / len(good) if good else 0.0


def _in_range(value: Any, spec: ColumnSpec) -> bool:
    low = spec.low is None or value >= spec.low
    return bool(low and (spec.high is None or value <= spec.high))


def _draft(table: str, block: Block, constants: Mapping[str, str], taken: Iterable[str] = ()) -> _Draft:
    draft = _Draft(table, block)
    _by_header(draft, frozenset(taken))
    _by_values(draft, frozenset(taken))
    _by_row_number(draft)
    _by_list(draft)
    return _complete(draft, constants)


def _by_header(draft: _Draft, taken: frozenset[str]) -> None:
    for wanted in ("header", "synonym"):
        for title in draft.block.titles:
            match = column_of(draft.table, title) if title and flat(title) not in taken | draft.used else None
            if match and match[1] == wanted and match[0] not in draft.columns:
                _put(draft, match[0], title, match[1])


def _put(draft: _Draft, column: str, title: str, why: Why) -> None:
    """Map a header, by letter where it stands twice."""
    places = [at for at, other in enumerate(draft.block.titles) if flat(other) == flat(title)]
    if len(places) == 1:
        draft.put(column, ColumnRule(header=title), why)
        return
    draft.put(column, ColumnRule(letter=cell_name(1, places[0] + 1)[:-1]), why)


def _by_values(draft: _Draft, taken: frozenset[str]) -> None:
    """Map coordinates, municipality codes and choices by what stands in the cells."""
    for title, cells in _filled_columns(draft.block):
        if flat(title) in draft.used | taken:
            continue
        if _is_pair(cells) and {"lat", "lon"} <= set(column_specs(TABLES[draft.table])) - set(draft.columns):
            for part, column in enumerate(("lat", "lon"), start=1):
                draft.put(column, ColumnRule(header=title, split=",", part=part), "values")
        for name, spec in column_specs(TABLES[draft.table]).items():
            telling = name in ("lat", "lon", "municipality_code") or len(spec.choices) > 1
            if telling and name not in draft.columns and _says(cells, draft, spec):
                _put(draft, name, title, "values")
                break


def _is_pair(cells: Sequence[str]) -> bool:
    """Say whether nearly all filled cells hold latitude and longitude, joined by a comma."""
    held = [cell for cell in cells if cell.strip(" ,")]
    return bool(held) and sum(map(_is_position, held)) / len(held) >= MOSTLY


def _is_position(cell: str) -> bool:
    try:
        lat, lon = map(float, cell.split(","))
    except ValueError:
        return False
    return 20 <= lat <= 46 and 122 <= lon <= 154


def _says(cells: Sequence[str], draft: _Draft, spec: ColumnSpec) -> bool:
    if spec.choices:
        known = values(draft.table, spec.name)
        held = [cell for cell in cells if cell.strip()]
        words = {folded(cell) for cell in held}
        # numbers and ○× are words of many columns, and say nothing
        spoken = [word for word in words if word in known and not word.isascii()]
        return len(spoken) == len(words) and len(words) > 1
    decimal = spec.kind is not Kind.NUMBER or all("." in cell for cell in cells if cell.strip())
    return decimal and _fit(cells, draft.table, spec, draft.block) >= MOSTLY


def _by_row_number(draft: _Draft) -> None:
    """Map the id of the rows: a numbering without repetition, with the name of the table in front."""
    key = next((name for name in TABLES[draft.table].key if name.endswith("_id")), None)
    if key is None or key in draft.columns or len(TABLES[draft.table].key) > 1:
        return
    ids = [title for title in draft.block.titles if _is_word(title, synonyms()["ids"]["words"])]
    code = draft.columns.get("municipality_code")
    if code and code.header:
        ids = [code.header, *ids]
    for title in ids:
        at = draft.block.titles.index(title)
        cells = [row[at].strip() for row in draft.block.rows if row[at].strip()]
        if len(set(cells)) == len(cells) >= MOSTLY * len(draft.block.rows):
            prefix = "" if code and title == code.header else f"{Path(_label(draft.block)).stem}-"
            draft.put(key, ColumnRule(header=title, prefix=_id_text(prefix)), "synonym")
            return


def _id_text(prefix: str) -> str:
    """Return a text with only such signs as an id may have."""
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in prefix).lstrip("-_")[:40]


def _by_list(draft: _Draft) -> None:
    """Fill the kind where the name of the list, or the names in it, say it."""
    kinds = synonyms()["kinds"].get(draft.table, {})
    if "kind" in draft.columns or not kinds:
        return
    names = {kind: 2 * _mentions(draft.block.grid.source.file, words) + _share_of_names(draft.block, words)
             for kind, words in kinds.items()}  # fmt: skip
    best = max(names, key=lambda kind: names[kind])
    if names[best] > 0.5:
        draft.put("kind", ColumnRule(value=best), "list")


def _complete(draft: _Draft, constants: Mapping[str, str]) -> _Draft:
    """Fill required columns that nothing fills by the given constants, else leave them open."""
    ordered: dict[str, ColumnRule] = {}
    for name, spec in column_specs(TABLES[draft.table]).items():
        rule = draft.columns.get(name)
        given = constants.get(f"{draft.table}.{name}", constants.get(name) if spec.required else None)
        if (rule is None or rule.value == OPEN) and given is not None:
            rule, draft.why[name] = ColumnRule(value=given), "list"
        elif rule is None and spec.required:
            rule, draft.why[name] = ColumnRule(value=OPEN), "open"
        if rule is not None:
            ordered[name] = rule
    draft.columns = ordered
    return draft
