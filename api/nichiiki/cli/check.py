"""``nichiiki check``: read an instance and list every problem."""

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
    from collections.abc import Sequence

    from nichiiki_models.instance import Instance
    from nichiiki_models.problems import Problem

COLUMNS = ("severity", "file", "line", "column", "cell", "value", "what", "allowed", "remedy")


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        option(lang, "--mapping", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"),
        option(lang, "--errors", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"),
        option(lang, "--marked", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def check(
        instance: str, mapping: Path | None, errors: Path | None, marked: Path | None, as_json: bool
    ) -> int:
        return _check(Screen(lang), instance, mapping, errors, marked, as_json=as_json)

    return build(lang, "check", check, params)


def _check(
    screen: Screen,
    name: str,
    mapping: Path | None,
    errors: Path | None,
    marked: Path | None,
    *,
    as_json: bool,
) -> int:
    instance, problems = _look(name, mapping)
    if errors is not None:
        write_errors(errors, problems, screen.lang)
    if marked is not None:
        write_marked(marked, files_of(name), problems, screen)
    if as_json:
        _print_json(instance, problems, screen.lang)
    else:
        _print(instance, problems, screen)
    return Exit.BAD_INPUT if instance is None else Exit.DONE


def files_of(name: str) -> list[Path]:
    """Return the CSV files and workbooks of an instance."""
    path = Path(name)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [
        file
        for file in files
        if file.suffix.casefold() in (".csv", ".xlsx")
        and file.is_file()
        and not file.name.startswith((".", "~$"))
    ]


def write_marked(path: Path, files: Sequence[Path], problems: Sequence[Problem], screen: Screen) -> None:
    """Write a copy of some files in which the cells with problems are marked; the files stay as they are.

    Parameters
    ----------
    path
        Workbook to write; it must not be one of the files.
    files
        What was read.
    problems
        What is wrong with it.
    screen
        Where to say where it is, and in which language.
    """
    from nichiiki.apart import carefully
    from nichiiki.report.files import write_whole
    from nichiiki.report.marked import marked_bytes
    from nichiiki_instances.reading import grids_of
    from nichiiki_models.errors import FileError

    if path.suffix.casefold() != ".xlsx" or any(path.resolve() == file.resolve() for file in files):
        raise Refusal("failed.marked", file=path)
    grids = []
    for file in files:
        try:
            grids += carefully([file], grids_of, file)[0]
        except FileError:
            continue  # among the problems already; there is nothing to copy
    screen.tell("check.marked", file=write_whole(path, marked_bytes(grids, problems, screen.lang)))


def _look(name: str, mapping: Path | None) -> tuple[Instance | None, Sequence[Problem]]:
    from nichiiki.apart import carefully
    from nichiiki.cli.opening import is_bundled, open_instance
    from nichiiki.cli.waiting import step
    from nichiiki_instances import inspect
    from nichiiki_models.errors import FileError

    if not Path(name).exists() and is_bundled(name):
        return open_instance(name, mapping), ()
    step("wait.reading", name=Path(name).name)
    try:
        reading = carefully([Path(name)], inspect, name, mapping=mapping)
    except FileError as error:
        return None, error.problems
    return reading.instance, reading.problems


def record(problem: Problem, lang: Lang) -> dict[str, Any]:
    """Return a problem as one flat record: where it is, what is wrong, what is allowed, what to do."""
    line = problem.line if problem.line is not None else None if problem.row is None else problem.row + 1
    return {
        "severity": problem.severity,
        "code": problem.code,
        "file": problem.file or problem.table,
        "line": line,
        "column": problem.header or problem.column,
        "cell": problem.cell,
        "value": problem.value,
        **problem.parts(lang),
        "message": problem.message(lang),
    }


def write_errors(path: Path, problems: Sequence[Problem], lang: Lang) -> None:
    """Write problems as CSV."""
    from nichiiki.report.files import csv_bytes, write_whole
    from nichiiki.report.rows import Sheet

    records = [record(problem, lang) for problem in problems]
    write_whole(
        path, csv_bytes(Sheet("errors", COLUMNS, [tuple(each[name] for name in COLUMNS) for each in records]))
    )


def _print_json(instance: Instance | None, problems: Sequence[Problem], lang: Lang) -> None:
    from nichiiki.cli.saving import json_bytes

    document = {
        "ok": instance is not None,
        "hash": instance.hash if instance else None,
        "tables": {name: len(table) for name, table in instance.tables.items() if len(table)}
        if instance
        else {},
        "problems": [record(problem, lang) for problem in problems],
    }
    click.echo(json_bytes(document).decode("utf-8"), nl=False)


def _print(instance: Instance | None, problems: Sequence[Problem], screen: Screen) -> None:
    from nichiiki.cli.failures import show_problems
    from nichiiki.cli.showing import new_table, show
    from nichiiki_instances.headers import table_title

    if problems:
        show_problems(problems, screen)
    if instance is None:
        return
    table = new_table()
    table.add_column(screen.say("check.table"))
    table.add_column(screen.say("check.rows"), justify="right")
    for name, rows in instance.tables.items():
        if len(rows):
            table.add_row(table_title(name, screen.lang), f"{len(rows):,}")
    show(screen.say("check.good", name=instance.name), table, screen)
    screen.out.print(screen.say("check.hash", hash=instance.hash), style="dim", soft_wrap=True)
