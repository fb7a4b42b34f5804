"""``nichiiki map``: suggest which column of whose list fills which column, and read lists by it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Refusal, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nichiiki_instances.mapping_files import ColumnMapping, ColumnRule
    from nichiiki_instances.mapping_suggesting import Suggestion
    from nichiiki_models.table import Table

FILE = click.Path(path_type=Path, dir_okay=False)


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "files", nargs=-1, required=True, type=FILE),
        option(lang, "--out", key="map_out", type=FILE, metavar="FILE"),
        option(lang, "--set", "constants", multiple=True, metavar="COLUMN=VALUE"),
        option(lang, "--mapping", key="map_mapping", type=FILE, metavar="FILE"),
        option(lang, "--tables", type=click.Path(path_type=Path, file_okay=False), metavar="DIR"),
        option(lang, "--errors", type=FILE, metavar="FILE"),
        option(lang, "--marked", type=FILE, metavar="FILE"),
    ]

    def map_lists(files: tuple[Path, ...], constants: tuple[str, ...], **options: Any) -> int:
        return _map(Screen(lang), files, _constants(constants), **options)

    return build(lang, "map", map_lists, params)


def _constants(pairs: Sequence[str]) -> dict[str, str]:
    bad = next((pair for pair in pairs if not pair.partition("=")[2] or not pair.partition("=")[0]), None)
    if bad is not None:
        raise Refusal("usage.constant", value=bad)
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def _map(
    screen: Screen,
    files: Sequence[Path],
    constants: Mapping[str, str],
    *,
    out: Path | None,
    mapping: Path | None,
    tables: Path | None,
    errors: Path | None,
    marked: Path | None,
) -> int:
    from nichiiki.apart import carefully
    from nichiiki.cli.check import write_errors, write_marked
    from nichiiki.cli.failures import show_problems
    from nichiiki_instances.mapping_files import read_mapping
    from nichiiki_instances.reading import read_lists

    rules = read_mapping(mapping) if mapping else _suggested(screen, files, constants, out)
    found, problems = carefully(files, read_lists, tuple(files), rules)
    _show(screen, rules, found)
    if problems:
        show_problems(problems, screen)
    if errors:
        write_errors(errors, problems, screen.lang)
    if marked:
        write_marked(marked, files, problems, screen)
    if any(problem.severity == "error" for problem in problems):
        return Exit.BAD_INPUT
    if tables:
        _write_tables(screen, tables, found)
    return Exit.DONE


def _suggested(
    screen: Screen, files: Sequence[Path], constants: Mapping[str, str], out: Path | None
) -> ColumnMapping:
    from nichiiki.apart import carefully
    from nichiiki.report.files import write_whole
    from nichiiki_instances.mapping_files import mapping_text
    from nichiiki_instances.mapping_suggesting import suggest
    from nichiiki_instances.reading import grids_of

    grids = [grid for file in files for grid in carefully([file], grids_of, file)[0]]
    suggestion = suggest([grid for grid in grids if grid.rows], constants)
    for name in suggestion.unknown:
        screen.tell("map.unknown", file=name)
    _explain(screen, suggestion)
    if out:
        notes = {at: screen.say(f"map.why.{why}") for at, why in suggestion.why.items()}
        write_whole(out, mapping_text(suggestion.mapping, notes).encode("utf-8"))
        screen.tell("map.written", file=out)
    return suggestion.mapping


def _explain(screen: Screen, suggestion: Suggestion) -> None:
    from nichiiki.cli.showing import new_table, show
    from nichiiki_instances.headers import column_title, table_title

    for number, source in enumerate(suggestion.mapping.sources):
        table = new_table()
        for name in ("column", "origin", "why"):
            table.add_column(screen.say(f"map.{name}"))
        for column, rule in source.columns.items():
            why = screen.say(f"map.why.{suggestion.why[number, column]}")
            table.add_row(column_title(source.table, column, screen.lang), _origin(rule, screen), why)
        place = source.file if source.sheet == "*" else f"{source.file} [{source.sheet}]"
        title = screen.say("map.source", file=place, table=table_title(source.table, screen.lang))
        show(title, table, screen)
        if source.ignore:
            screen.out.print(screen.say("map.ignored", headers=", ".join(source.ignore)), style="dim")


def _origin(rule: ColumnRule, screen: Screen) -> str:
    if rule.value is not None:
        return screen.say("map.constant", value=rule.value)
    if rule.split:
        return screen.say("map.part", header=rule.header, part=rule.part)
    return rule.header or screen.say("map.letter", letter=rule.letter)


def _show(screen: Screen, rules: ColumnMapping, tables: Mapping[str, Table[Any]]) -> None:
    from nichiiki.cli.showing import new_table, show
    from nichiiki_instances.headers import table_title

    table = new_table()
    table.add_column(screen.say("check.table"))
    table.add_column(screen.say("check.rows"), justify="right")
    for name in dict.fromkeys(source.table for source in rules.sources):
        table.add_row(table_title(name, screen.lang), f"{len(tables[name]):,}" if name in tables else "-")
    show(screen.say("map.read"), table, screen)


def _write_tables(screen: Screen, folder: Path, tables: Mapping[str, Table[Any]]) -> None:
    from nichiiki.report.files import write_all
    from nichiiki_instances.headers import table_title
    from nichiiki_instances.writing import table_csv

    own = {
        f"{table_title(name, screen.lang)}.csv": table_csv(name, table, screen.lang)
        for name, table in tables.items()
    }
    there = [name for name in own if (folder / name).exists()]
    if there:
        raise Refusal("failed.table_there", folder=folder, name=there[0])
    for path in write_all(folder, own.items()):
        screen.out.print(str(path), soft_wrap=True)
