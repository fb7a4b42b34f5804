"""``nichiiki plan``: allocation and tariff in turn, until nothing changes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, argument, build, option
from nichiiki.cli.price import arguments, check_names, question
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki_models.tariff import PlanResult

FARES = "fares"
"""Folder of the tariff, inside that of the allocation."""
PLAN_FILE, MOVES_FILE = "plan.json", "moves.csv"


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        option(lang, "--policy", default="welfare", metavar="NAME"),
        *question(lang),
        option(lang, "--out", type=click.Path(path_type=Path), metavar="DIR"),
        option(lang, "--time-limit", type=Number(0, whole=False, above=True), default=300.0, metavar="S"),
        option(lang, "--seed", type=Number(0), default=0, metavar="N"),
        option(lang, "--workers", type=Number(1, 1024), default=2, metavar="N"),
        option(lang, "--force", is_flag=True),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def plan(instance: str, **given: Any) -> int:
        return _plan(Screen(lang), instance, **given)

    return build(lang, "plan", plan, params)


def _plan(screen: Screen, name: str, *, out: Path | None, force: bool, as_json: bool, **given: Any) -> int:
    import nichiiki
    from nichiiki.cli.allocate import check_policy
    from nichiiki.cli.opening import open_instance
    from nichiiki.cli.progress import Watch, beside
    from nichiiki.cli.saving import OUTPUTS, claim, json_bytes

    if out is not None:
        claim(out, force=force, own=(*OUTPUTS, PLAN_FILE, MOVES_FILE, FARES))
    check_policy(given["policy"])
    effort = {"policy": given["policy"], "seed": given["seed"], "workers": given["workers"]}
    instance, limit = open_instance(name), given["time_limit"]
    check_names(instance, given)
    with Watch(screen, households=len(instance.households), time_limit_s=limit) as watch:
        signals = {"progress": watch, "should_stop": watch.should_stop}
        asked = {**effort, **arguments(given), **signals}
        found = beside(partial(nichiiki.plan, instance, time_limit_s=limit, **asked))
    written = _save(screen, out, found) if out else []
    if as_json:
        click.echo(json_bytes(_story(found)).decode("utf-8"), nl=False)
    else:
        _show(screen, found, written)
    if watch.stopped:
        screen.tell("interrupted.saved")
        return Exit.INTERRUPTED
    return Exit.DONE


def _story(found: PlanResult) -> dict[str, Any]:
    """The plan without its two sides, which have files of their own."""
    story: dict[str, Any] = found.model_dump(mode="json", exclude={"allocation", "tariff"})
    return {**story, "prices": found.tariff.prices}


def _save(screen: Screen, out: Path, found: PlanResult) -> list[Path]:
    import nichiiki
    from nichiiki.cli.saving import json_bytes, save
    from nichiiki.report.files import csv_bytes, write_all
    from nichiiki.report.rows import Sheet
    from nichiiki.report.tariff_files import write_tariff

    instance, allocation = found.allocation.instance, found.allocation.allocation
    assert allocation is not None  # noqa: S101 - a plan has both sides
    broken = nichiiki.verify(instance, allocation)
    rows = [
        (
            move.household_id,
            move.before_house or "",
            move.after_house or "",
            "yes" if move.needs_product else "no",
        )
        for move in found.moves
    ]
    moves = Sheet("moves", ("household_id", "before_house", "after_house", "needs_product"), rows)
    written = save(out, instance, allocation, broken, screen.lang, found.tariff)
    written += write_all(out, [(PLAN_FILE, json_bytes(_story(found))), (MOVES_FILE, csv_bytes(moves))])
    return written + write_tariff(out / FARES, instance, found.tariff, lang=screen.lang)


def _show(screen: Screen, found: PlanResult, written: list[Path]) -> None:
    from nichiiki.cli import showing
    from nichiiki.cli.price import show
    from nichiiki.report.words import number

    table = showing.new_table()
    for key in ("round", "placed", "welfare", "prices"):
        table.add_column(screen.say(f"plan.{key}"))
    for each in found.rounds:
        prices = ", ".join(f"{name} {number(price) or '–'}" for name, price in each.prices.items())
        table.add_row(str(each.number), f"{each.placed:,}", number(each.welfare), prices)
    showing.show(screen.say("plan.title"), table, screen)
    values = {
        "moves": len(found.moves),
        "strained": len(found.strained),
        "allocation": "–" if found.allocation_regret is None else f"{found.allocation_regret:,}",
        "tariff": "–" if found.tariff_regret is None else f"{found.tariff_regret:,}",
    }
    screen.out.print(screen.say(f"plan.{found.reason.value}", **values), soft_wrap=True)
    screen.out.print(screen.say("plan.enabled", enabled=len(found.enabled)), soft_wrap=True)
    for move in found.moves[: showing.FIRST_ROWS]:
        ends = {"before": move.before_house or "–", "after": move.after_house or "–"}
        key = "plan.move_enabled" if move.needs_product else "plan.move"
        screen.out.print(screen.say(key, household=move.household_id, **ends), soft_wrap=True)
    show(screen, found.tariff, written)
