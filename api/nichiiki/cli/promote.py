"""``nichiiki promote``: declined places go down the waiting list, everything else stays."""

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
    from nichiiki_models.allocation import Allocation
    from nichiiki_models.instance import Instance
    from nichiiki_models.promotion import Promotion

FIRST_WAITING = 15


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        argument(lang, "allocation"),
        option(lang, "--declined", default="", metavar="IDS"),
        option(lang, "--accepted", default="", metavar="IDS"),
        option(lang, "--out", type=click.Path(path_type=Path), metavar="DIR"),
        option(lang, "--locks", metavar="FILE"),
        option(lang, "--previous", metavar="FILE"),
        option(lang, "--force", is_flag=True),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def promote(
        instance: str,
        allocation: str,
        declined: str,
        accepted: str,
        out: Path | None,
        locks: str | None,
        previous: str | None,
        force: bool,
        as_json: bool,
    ) -> int:
        from nichiiki.cli.allocate import read_paths
        from nichiiki.cli.opening import open_allocation, open_instance, with_locks, with_previous
        from nichiiki.cli.saving import claim

        screen = Screen(lang)
        if out is not None:
            claim(out, force=force)
        opened = with_previous(with_locks(open_instance(instance), locks), previous)
        answers = (_ids(declined), _ids(accepted))
        inputs = [*read_paths(instance, locks, previous), *read_paths("", None, allocation)]
        return _promote(
            screen, opened, open_allocation(allocation), answers, out, as_json=as_json, inputs=inputs
        )

    return build(lang, "promote", promote, params)


def _ids(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _promote(
    screen: Screen,
    instance: Instance,
    allocation: Allocation,
    answers: tuple[list[str], list[str]],
    out: Path | None,
    *,
    as_json: bool,
    inputs: list[Path],
) -> int:
    import nichiiki
    from nichiiki.auditing import Answers, audited_promotion
    from nichiiki.cli.saving import json_bytes
    from nichiiki.cli.showing import files, violations
    from nichiiki.report.files import write_all

    found = nichiiki.promote(instance, allocation, declined=answers[0], accepted=answers[1])
    if as_json:
        click.echo(json_bytes(found.model_dump(mode="json")).decode("utf-8"), nl=False)
    if found.allocation is None:
        screen.tell("promote.impossible")
        if not as_json:
            violations(found.broken, screen)
        return Exit.NEGATIVE
    written: list[Path] = []
    if out is not None:
        given = Answers(declined=tuple(answers[0]), accepted=tuple(answers[1]))
        made = audited_promotion(
            instance, allocation, found.allocation, given, inputs=inputs, lang=screen.lang
        )
        written = write_all(out, made)
    if not as_json:
        _show(found, found.allocation, screen)
        if written:
            files(written, screen)
        else:
            screen.tell("show.nothing_written")
    return Exit.DONE


def _show(found: Promotion, allocation: Allocation, screen: Screen) -> None:
    """Show the new offers, and who waits next."""
    from nichiiki.cli.showing import new_table, show

    offers = new_table()
    for key in ("household", "houses", "periods"):
        offers.add_column(screen.say(f"diff.{key}"))
    stays = {stay.household_id: stay for stay in allocation.stays.rows()}
    for household in found.offered:
        stay = stays[household]
        offers.add_row(household, stay.house_id, ", ".join(stay.periods))
    if found.offered:
        show(screen.say("promote.offered", count=len(found.offered)), offers, screen)
    else:
        screen.out.print(screen.say("promote.nobody"), soft_wrap=True)
    waiting = sorted((row.number or 0, row.household_id) for row in allocation.standings.rows() if row.number)
    table = new_table()
    for key in ("promote.number", "diff.household"):
        table.add_column(screen.say(key))
    for number, household in waiting[:FIRST_WAITING]:
        table.add_row(str(number), household)
    show(screen.say("promote.waiting", count=len(waiting)), table, screen)
