"""``nichiiki fit``: the best places for one more household, without solving again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, Refusal, argument, build, option
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki_models.fits import Fit, ShadowPrice
    from nichiiki_models.instance import Instance


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        argument(lang, "allocation"),
        argument(lang, "applicant"),
        option(lang, "--withdrawn", multiple=True, metavar="ID"),
        option(lang, "--prices", type=click.Path(path_type=Path), metavar="FILE"),
        option(lang, "--most", type=Number(1, 1000), default=5, metavar="N"),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def fit(
        instance: str,
        allocation: str,
        applicant: str,
        withdrawn: tuple[str, ...],
        prices: Path | None,
        most: int,
        as_json: bool,
    ) -> int:
        import nichiiki
        from nichiiki.cli.opening import open_allocation, open_instance

        given, answer = open_instance(instance), open_allocation(allocation)
        known = _prices(given, _kept_in(allocation) if prices is None else prices)
        found = nichiiki.fit(given, answer, applicant, withdrawn=withdrawn, prices=known, most=most)
        return _show(Screen(lang), applicant, found, as_json=as_json)

    return build(lang, "fit", fit, params)


def _kept_in(allocation: str) -> Path | None:
    """Where prices are kept with a result: in its folder, if it has one."""
    from nichiiki.outputs import PRICES

    return Path(allocation) / PRICES if Path(allocation).is_dir() else None


def _prices(instance: Instance, file: Path | None) -> list[ShadowPrice]:
    """Prices of a file; found, and written to it, where it is not there."""
    from pydantic import TypeAdapter, ValidationError

    import nichiiki

    if file is not None and file.exists():
        try:
            known: list[ShadowPrice] = TypeAdapter(list[nichiiki.ShadowPrice]).validate_json(
                file.read_bytes()
            )
        except ValidationError as error:
            detail = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, detail["loc"])) or "-"
            raise Refusal("failed.no_prices", file=file, place=place) from None
        return known
    found = nichiiki.shadow_prices(instance)
    if file is not None:
        from nichiiki.cli.saving import json_bytes
        from nichiiki.report.files import write_whole

        write_whole(file, json_bytes([price.model_dump() for price in found]))
    return found


def _show(screen: Screen, household: str, found: list[Fit], *, as_json: bool) -> int:
    from nichiiki.cli.saving import json_bytes
    from nichiiki.cli.showing import new_table, show

    if as_json:
        listed = [{**each.model_dump(mode="json"), "net": each.net} for each in found]
        click.echo(json_bytes({"household_id": household, "places": listed}).decode("utf-8"), nl=False)
    elif not found:
        screen.out.print(screen.say("fit.none"), soft_wrap=True)
    else:
        table = new_table()
        for column in ("house", "periods", "yen", "gain", "cost", "state"):
            table.add_column(
                screen.say(f"fit.{column}"), justify="right" if column in ("yen", "gain", "cost") else "left"
            )
        for each in found:
            table.add_row(*_row(each, screen))
        show(screen.say("fit.title", household=household), table, screen)
    return Exit.DONE if found else Exit.NEGATIVE


def _row(each: Fit, screen: Screen) -> tuple[str, ...]:
    return (
        each.place.house_id,
        ", ".join(each.place.periods),
        f"{each.cost_yen:,}",
        f"{each.gain:,}",
        f"{each.cost:,}",
        screen.say("fit.free" if each.free else "fit.estimated"),
    )
