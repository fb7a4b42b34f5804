"""``nichiiki evacuation``: who finds a bed in second bases if a region fails, and who does not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nichiiki_models.instance import Instance
    from nichiiki_solver.evacuation import RegionFailure

COLUMNS = ("persons", "own_base", "sheltered", "uncovered")
"""Figures on the terminal, as many as fit in 80 characters; ``--json`` gives the minutes too."""
MOST_NAMED = 2
"""Houses and links of a cut that are named on the terminal."""


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        argument(lang, "allocation"),
        option(lang, "--region", multiple=True, key="failed_region", metavar="ID"),
        option(lang, "--period", multiple=True, key="failed_period", metavar="ID"),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def evacuation(
        instance: str, allocation: str, region: tuple[str, ...], period: tuple[str, ...], as_json: bool
    ) -> int:
        import nichiiki
        from nichiiki.cli.opening import open_allocation, open_instance

        opened, answer = open_instance(instance), open_allocation(allocation)
        found = nichiiki.evacuation(opened, answer, regions=region or None, periods=period or None)
        return _print_json(found) if as_json else _show(found, opened, Screen(lang))

    return build(lang, "evacuation", evacuation, params)


def _print_json(found: Sequence[RegionFailure]) -> int:
    from nichiiki.cli.saving import json_bytes

    click.echo(json_bytes({"failures": [asdict(each) for each in found]}).decode("utf-8"), nl=False)
    return Exit.DONE


def _show(found: Sequence[RegionFailure], instance: Instance, screen: Screen) -> int:
    from rich.cells import cell_len

    from nichiiki.cli.showing import new_table, show

    names = dict(zip(instance.regions["region_id"].tolist(), instance.regions["name"].tolist(), strict=True))
    table = new_table()
    for column in ("region", "period"):
        table.add_column(screen.say(f"evacuation.{column}"), no_wrap=True)
    for column in COLUMNS:
        header = screen.say(f"evacuation.{column}")
        table.add_column(header, justify="right", min_width=max(map(cell_len, header.split())))
    table.add_column(screen.say("evacuation.cut"), overflow="fold")
    for each in found:
        figures = (f"{getattr(each, column):,}" for column in COLUMNS)
        table.add_row(names[each.region_id] or each.region_id, each.period_id, *figures, _named(each.cut))
    show(screen.say("evacuation.title"), table, screen)
    screen.out.print(screen.say("evacuation.note"), style="dim", soft_wrap=True)
    return Exit.DONE


def _named(cut: Sequence[str]) -> str:
    more = "" if len(cut) <= MOST_NAMED else f" … +{len(cut) - MOST_NAMED}"
    return ", ".join(cut[:MOST_NAMED]) + more
