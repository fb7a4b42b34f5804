"""``nichiiki alone``: every town by itself beside all together, and what each loses."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki_models.instance import Instance
    from nichiiki_solver.alone import Alone

COLUMNS = ("together", "offered", "accepted", "lost")


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        option(lang, "--policy", default="welfare", metavar="NAME"),
        option(lang, "--time-limit", type=Number(0, whole=False, above=True), default=60.0, metavar="S"),
        option(lang, "--seed", type=Number(0), default=0, metavar="N"),
        option(lang, "--workers", type=Number(1, 1024), default=2, metavar="N"),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def alone(instance: str, policy: str, time_limit: float, seed: int, workers: int, as_json: bool) -> int:
        import nichiiki
        from nichiiki.cli.allocate import check_policy
        from nichiiki.cli.opening import open_instance

        check_policy(policy)
        opened = open_instance(instance)
        found = nichiiki.alone(opened, policy=policy, time_limit_s=time_limit, seed=seed, workers=workers)
        return _print_json(found) if as_json else _show(found, opened, Screen(lang))

    return build(lang, "alone", alone, params)


def _print_json(found: Alone) -> int:
    from nichiiki.cli.saving import json_bytes

    document = {
        "together": {
            "status": found.together.status.value,
            "objective": found.together.objective,
            "bound": found.together.bound,
        },
        "towns": [asdict(town) for town in found.towns],
        "lost": found.lost,
        "promised_twice": [violation.model_dump(mode="json") for violation in found.promised_twice],
    }
    click.echo(json_bytes(document).decode("utf-8"), nl=False)
    return Exit.DONE


def _show(found: Alone, instance: Instance, screen: Screen) -> int:
    from nichiiki.cli.showing import new_table, show, violations

    names = dict(zip(instance.regions["region_id"].tolist(), instance.regions["name"].tolist(), strict=True))
    table = new_table()
    table.add_column(screen.say("alone.town"))
    for column in COLUMNS:
        table.add_column(screen.say(f"alone.{column}"), justify="right")
    for town in found.towns:
        figures = (f"{getattr(town, column):,}" for column in COLUMNS)
        table.add_row(names[town.region_id] or town.region_id, *figures)
    show(screen.say("alone.title"), table, screen)
    screen.out.print(screen.say("alone.sum", lost=found.lost), soft_wrap=True)
    if found.promised_twice:
        screen.out.print(screen.say("alone.twice", count=len(found.promised_twice)), soft_wrap=True)
        violations(found.promised_twice, screen)
    return Exit.DONE
