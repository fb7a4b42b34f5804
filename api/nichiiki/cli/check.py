"""``nichiiki check``: read an instance and list every problem."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nichiiki_models.instance import Instance
    from nichiiki_models.problems import Problem

COLUMNS = ("severity", "file", "line", "column", "value", "what", "allowed", "remedy")


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        option(lang, "--errors", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def check(instance: str, errors: Path | None, as_json: bool) -> int:
        return _check(Screen(lang), instance, errors, as_json=as_json)

    return build(lang, "check", check, params)


def _check(screen: Screen, name: str, errors: Path | None, *, as_json: bool) -> int:
    instance, problems = _look(name)
    if errors is not None:
        _write(errors, problems, screen.lang)
    if as_json:
        _print_json(instance, problems, screen.lang)
    else:
        _print(instance, problems, screen)
    return Exit.BAD_INPUT if instance is None else Exit.DONE


def _look(name: str) -> tuple[Instance | None, Sequence[Problem]]:
    from nichiiki.cli.opening import is_bundled, open_instance
    from nichiiki_instances import inspect
    from nichiiki_models.errors import FileError

    if not Path(name).exists() and is_bundled(name):
        return open_instance(name), ()
    try:
        reading = inspect(name)
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
        "value": problem.value,
        **problem.parts(lang),
        "message": problem.message(lang),
    }


def _write(path: Path, problems: Sequence[Problem], lang: Lang) -> None:
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
