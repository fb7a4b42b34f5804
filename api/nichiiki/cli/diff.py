"""``nichiiki diff``: who gains and who loses from one result to another, and by what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nichiiki.report.rows import Sheet
    from nichiiki_models.difference import Cause, Change, Difference, Got, Total

FIRST_CHANGES = 30
COLUMNS = (
    "household_id",
    "change",
    "before",
    "after",
    "rank_before",
    "rank_after",
    "utility",
    "why",
    "broken",
)


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        argument(lang, "first"),
        argument(lang, "second"),
        option(lang, "--before", metavar="INSTANCE"),
        option(lang, "--locks", metavar="FILE"),
        option(lang, "--previous", metavar="FILE"),
        option(lang, "--csv", type=click.Path(path_type=Path), metavar="FILE"),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def diff(
        instance: str,
        first: str,
        second: str,
        before: str | None,
        locks: str | None,
        previous: str | None,
        csv: Path | None,
        as_json: bool,
    ) -> int:
        import nichiiki
        from nichiiki.cli.opening import open_allocation, open_instance, with_locks, with_previous

        today = with_previous(with_locks(open_instance(instance), locks), previous)
        then = None if before is None else open_instance(before)
        found = nichiiki.diff(today, open_allocation(first), open_allocation(second), before=then)
        return present(found, Screen(lang), csv, as_json=as_json)

    return build(lang, "diff", diff, params)


def present(found: Difference, screen: Screen, csv: Path | None, *, as_json: bool) -> int:
    """Show a difference, and write its list."""
    from nichiiki.cli.saving import json_bytes
    from nichiiki.report.files import csv_bytes, write_whole

    if csv is not None:
        screen.tell("diff.written", file=write_whole(csv, csv_bytes(sheet(found, screen))))
    if as_json:
        click.echo(json_bytes(found.model_dump(mode="json")).decode("utf-8"), nl=False)
    else:
        _totals(found, screen)
        _changes(found, screen)
    return Exit.DONE


def sheet(found: Difference, screen: Screen) -> Sheet:
    """Return the list of changes as rows, one a household."""
    from nichiiki.report.rows import Sheet

    rows = [
        (
            change.household_id,
            screen.say(f"diff.kind.{change.kind}"),
            _shown(change.before, screen),
            _shown(change.after, screen),
            _rank(change.before),
            _rank(change.after),
            _worth(change),
            "; ".join(cause_texts(change, screen)),
            "; ".join(_broken_texts(change, screen)),
        )
        for change in found.changes
    ]
    return Sheet("diff", COLUMNS, rows)


def _shown(got: Got | None, screen: Screen) -> str:
    if got is None:
        return ""
    return "; ".join(
        (*got.houses, ", ".join(got.periods), *(_worded(target, screen) for target in got.targets))
    )


def _worded(target: str, screen: Screen) -> str:
    """What a household has beside its stay, with the list in words."""
    name, _, rest = target.partition(" ")
    return f"{screen.say(f'list.{name}')} {rest}"


def _differing(got: Got | None, other: Got | None, screen: Screen) -> str:
    """The house of one side, and what else it has that the other side has not."""
    if got is None:
        return "–"
    known = () if other is None else (*other.targets, other.periods)
    periods = "" if got.periods in known else ", ".join(got.periods)
    targets = (_worded(target, screen) for target in got.targets if other is not None and target not in known)
    return "; ".join(each for each in (*got.houses, periods, *targets) if each)


def _rank(got: Got | None) -> int | None:
    return None if got is None else got.stay_rank


def _worth(change: Change) -> int:
    before, after = (0 if got is None else got.utility for got in (change.before, change.after))
    return after - before


def cause_texts(change: Change, screen: Screen) -> Iterator[str]:
    """Yield why a household does not have the better of the two, in words."""
    from nichiiki.report.words import rule_name

    for cause in change.causes:
        rule = rule_name(cause.rule, screen.lang) if cause.rule else ""
        yield screen.say(
            f"diff.cause.{_key(cause)}", rule=rule, where=cause.where, ahead=cause.ahead, behind=cause.behind
        )


def _broken_texts(change: Change, screen: Screen) -> Iterator[str]:
    """Yield the rules that what a household has in one of the results breaks."""
    from nichiiki.report.words import rule_name

    for entry in change.broken:
        side, _, rule = entry.partition(":")
        yield screen.say(f"diff.broken.{side}", rule=rule_name(rule, screen.lang))


def _key(cause: Cause) -> str:
    passed_over = cause.kind == "capacity" and cause.behind > 0 and cause.ahead == 0
    return "passed_over" if passed_over else cause.kind


def _totals(found: Difference, screen: Screen) -> None:
    from nichiiki.cli.showing import new_table, show

    table = new_table()
    for key in ("group", "placed", "persons", "first_choices", "utility", "gains", "loses", "moves"):
        table.add_column(screen.say(f"diff.{key}"), justify="left" if key == "group" else "right")
    table.add_row(screen.say("diff.all"), *_cells(found.total))
    for group, total in found.by_group.items():
        table.add_row(group, *_cells(total))
    show(screen.say("diff.totals"), table, screen)


def _cells(total: Total) -> Iterator[str]:
    for before, after in (total.placed, total.persons, total.first_choices, total.utility):
        yield f"{before:,} → {after:,}"
    yield from (str(count) for count in (total.gains, total.loses, total.moves))


def _changes(found: Difference, screen: Screen) -> None:
    from nichiiki.cli.showing import new_table, show

    table = new_table()
    for key in ("household", "change", "before", "after", "why"):
        table.add_column(screen.say(f"diff.{key}"), no_wrap=key == "household", overflow="fold")
    for change in found.changes[:FIRST_CHANGES]:
        why = [*cause_texts(change, screen), *_broken_texts(change, screen)]
        sides = (
            _differing(change.before, change.after, screen),
            _differing(change.after, change.before, screen),
        )
        table.add_row(change.household_id, screen.say(f"diff.kind.{change.kind}"), *sides, "; ".join(why))
    show(screen.say("diff.changes", count=len(found.changes)), table, screen)
    more = len(found.changes) - FIRST_CHANGES
    if more > 0:
        screen.out.print(screen.say("diff.more", count=more), style="dim", soft_wrap=True)
