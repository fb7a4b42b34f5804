"""``nichiiki verify``: check an allocation against the rules and its own claims."""

from __future__ import annotations

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import argument, build, option
from nichiiki_models.texts import Lang


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance"),
        argument(lang, "allocation"),
        option(lang, "--locks", metavar="FILE"),
        option(lang, "--previous", metavar="FILE"),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def verify(instance: str, allocation: str, locks: str | None, previous: str | None, as_json: bool) -> int:
        return _verify(Screen(lang), instance, allocation, locks, previous, as_json=as_json)

    return build(lang, "verify", verify, params)


def _verify(
    screen: Screen, name: str, answer: str, locks: str | None, previous: str | None, *, as_json: bool
) -> int:
    import nichiiki
    from nichiiki.cli import showing
    from nichiiki.cli.opening import open_allocation, open_instance, with_locks, with_previous
    from nichiiki.cli.saving import json_bytes
    from nichiiki.report.page import violation_text

    instance = with_previous(with_locks(open_instance(name), locks), previous)
    allocation = open_allocation(answer)
    found = nichiiki.verify(instance, allocation)
    if as_json:
        listed = [
            {**each.model_dump(mode="json"), "message": violation_text(each, screen.lang)} for each in found
        ]
        click.echo(json_bytes({"ok": not found, "violations": listed}).decode("utf-8"), nl=False)
    else:
        showing.violations(found, screen)
        counted = {"count": len(found), "placed": len(allocation.placements), "hash": instance.hash}
        screen.out.print(screen.say("verify.bad" if found else "verify.good", **counted), soft_wrap=True)
    return Exit.NEGATIVE if found else Exit.DONE
