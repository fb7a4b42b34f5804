"""``nichiiki report``: the report of an allocation, for staff, for the council, or for the public."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Word, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki.report.privacy import Level


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        argument(lang, "allocation"),
        option(lang, "--level", type=Word("staff", "council", "public"), default="staff"),
        option(
            lang, "--out", key="report_out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
        ),
    ]

    def report(instance: str, allocation: str, level: Level, out: Path | None) -> int:
        return _report(Screen(lang), instance, allocation, level, out)

    return build(lang, "report", report, params)


def _report(screen: Screen, name: str, answer: str, level: Level, out: Path | None) -> int:
    import nichiiki
    from nichiiki.cli.opening import open_allocation, open_instance
    from nichiiki.report.files import write_whole
    from nichiiki.report.levels import report_of

    instance, allocation = open_instance(name), open_allocation(answer)
    broken = nichiiki.verify(instance, allocation)
    page = report_of(
        instance,
        allocation,
        violations=broken,
        metrics=nichiiki.evaluate(instance, allocation),
        lang=screen.lang,
        level=level,
    )
    folder = Path(answer) if Path(answer).is_dir() else Path(answer).parent
    target = out or folder / ("report.html" if level == "staff" else f"report-{level}.html")
    target.parent.mkdir(parents=True, exist_ok=True)
    screen.out.print(
        screen.say("report.done", path=write_whole(target, page.encode("utf-8"))), soft_wrap=True
    )
    return Exit.NEGATIVE if broken else Exit.DONE
