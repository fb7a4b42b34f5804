"""``nichiiki report``: the report of an allocation, for staff, for the council, or for the public."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Refusal, Word, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki.report.privacy import Level
    from nichiiki.report.rows import Rows

FILE = click.Path(path_type=Path, dir_okay=False)


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        argument(lang, "allocation"),
        option(lang, "--level", type=Word("staff", "council", "public"), default="staff"),
        option(
            lang, "--out", key="report_out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
        ),
        option(lang, "--workbook", type=FILE, metavar="FILE"),
        option(lang, "--contacts", type=FILE, metavar="FILE"),
        option(lang, "--geojson", type=FILE, metavar="FILE"),
        option(lang, "--tariff", metavar="FILE"),
    ]

    def report(instance: str, allocation: str, level: Level, out: Path | None, **more: Any) -> int:
        return _report(Screen(lang), instance, allocation, level, out, **more)

    return build(lang, "report", report, params)


def _report(
    screen: Screen,
    name: str,
    answer: str,
    level: Level,
    out: Path | None,
    *,
    workbook: Path | None,
    contacts: Path | None,
    geojson: Path | None,
    tariff: str | None,
) -> int:
    import nichiiki
    from nichiiki.cli.opening import open_allocation, open_instance, tariff_of
    from nichiiki.cli.waiting import step
    from nichiiki.report.facts import Facts
    from nichiiki.report.levels import report_of
    from nichiiki.report.rows import Rows

    if contacts and not workbook:
        raise Refusal("failed.contacts_alone")
    instance, allocation = open_instance(name), open_allocation(answer)
    step("wait.report", households=f"{len(instance.households):,}")
    broken = nichiiki.verify(instance, allocation)
    folder = Path(answer) if Path(answer).is_dir() else Path(answer).parent
    prices = tariff_of(allocation, folder, tariff)
    shown: dict[str, Any] = {"lang": screen.lang, "level": level, "tariff": prices}
    rows = Rows(Facts(instance, allocation), screen.lang, prices)
    page = report_of(instance, allocation, violations=broken, metrics=rows.metrics, **shown)
    _put(screen, out or folder / ("report.html" if level == "staff" else f"report-{level}.html"), page)
    if workbook:
        _put_workbook(screen, workbook, contacts, rows)
    if geojson:
        _put_geojson(screen, geojson, rows)
    return Exit.NEGATIVE if broken else Exit.DONE


def _put(screen: Screen, path: Path, content: str | bytes) -> None:
    from nichiiki.report.files import write_whole

    path.parent.mkdir(parents=True, exist_ok=True)
    written = write_whole(path, content.encode("utf-8") if isinstance(content, str) else content)
    screen.out.print(screen.say("report.done", path=written), soft_wrap=True)


def _put_workbook(screen: Screen, path: Path, contacts: Path | None, rows: Rows) -> None:
    from nichiiki.report.notices import read_contacts
    from nichiiki.report.workbook import workbook_bytes

    people = read_contacts(contacts) if contacts else {}
    _put(screen, path, workbook_bytes(rows, people))
    if contacts:
        known = rows.facts.households.keys()
        screen.tell(
            "report.strangers", strangers=len(people.keys() - known), nameless=len(known - people.keys())
        )


def _put_geojson(screen: Screen, path: Path, rows: Rows) -> None:
    from nichiiki.cli.saving import json_bytes
    from nichiiki.report.geojson import geojson

    _put(screen, path, json_bytes(geojson(rows)))
