"""``nichiiki verify``: check an allocation against the rules and its own claims."""

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
    from nichiiki.auditing import Replay


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "instance", required=False),
        argument(lang, "allocation", required=False),
        option(lang, "--replay", type=click.Path(path_type=Path), metavar="DIR"),
        option(
            lang,
            "--time-limit",
            key="replay_time_limit",
            type=Number(0, whole=False, above=True),
            metavar="S",
        ),
        option(lang, "--locks", metavar="FILE"),
        option(lang, "--previous", metavar="FILE"),
        option(lang, "--json", "as_json", is_flag=True),
    ]

    def verify(
        instance: str | None,
        allocation: str | None,
        replay: Path | None,
        time_limit: float | None,
        locks: str | None,
        previous: str | None,
        as_json: bool,
    ) -> int:
        if replay is not None:
            return _replay(Screen(lang), replay, time_limit, as_json=as_json)
        if instance is None or allocation is None:
            raise Refusal("usage.verify_what")
        return _verify(Screen(lang), instance, allocation, locks, previous, as_json=as_json)

    return build(lang, "verify", verify, params)


def _verify(
    screen: Screen, name: str, answer: str, locks: str | None, previous: str | None, *, as_json: bool
) -> int:
    import nichiiki
    from nichiiki.cli import showing
    from nichiiki.cli.opening import open_allocation, open_instance, open_platform, with_locks, with_previous
    from nichiiki.cli.saving import json_bytes
    from nichiiki.cli.waiting import step
    from nichiiki.report.page import violation_text

    instance = with_previous(with_locks(open_instance(name), locks), previous)
    matching = open_platform(answer)
    if matching is None:
        allocation = open_allocation(answer)
        step("wait.checking", households=f"{len(instance.households):,}")
        found, good, bad = nichiiki.verify(instance, allocation), "verify.good", "verify.bad"
        counted: dict[str, object] = {"placed": len(allocation.placements)}
    else:
        found = nichiiki.platform.verify(instance, matching)
        good, bad = "verify.platform_good", "verify.platform_bad"
        counted = {"pairs": len(matching.pairs)}
    if as_json:
        listed = [
            {**each.model_dump(mode="json"), "message": violation_text(each, screen.lang)} for each in found
        ]
        click.echo(json_bytes({"ok": not found, "violations": listed}).decode("utf-8"), nl=False)
    else:
        showing.violations(found, screen)
        counted = {**counted, "count": len(found), "hash": instance.hash}
        screen.out.print(screen.say(bad if found else good, **counted), soft_wrap=True)
    return Exit.NEGATIVE if found else Exit.DONE


def _replay(screen: Screen, folder: Path, time_limit: float | None, *, as_json: bool) -> int:
    """Solve a run again from its folder, and compare."""
    import nichiiki
    from nichiiki.cli.saving import json_bytes

    screen.tell("replay.running", folder=folder)
    found = nichiiki.replay(folder, time_limit_s=time_limit)
    if as_json:
        document = {"ok": found.ok, **found.model_dump(mode="json")}
        click.echo(json_bytes(document).decode("utf-8"), nl=False)
    else:
        _show_replay(found, screen)
    return Exit.DONE if found.ok else Exit.NEGATIVE


def _show_replay(found: Replay, screen: Screen) -> None:
    from nichiiki.cli import showing

    table = showing.new_table()
    for key in ("file", "against_manifest", "solved_again"):
        table.add_column(screen.say(f"replay.{key}"))
    for name, state in {**found.outputs, **found.inputs}.items():
        again = found.resolved.get(name)
        table.add_row(name, screen.say(f"replay.{state}"), screen.say(f"replay.{again}") if again else "")
    showing.show(screen.say("replay.title"), table, screen)
    showing.violations(found.violations, screen)
    for name, (then, now) in found.versions.items():
        screen.out.print(screen.say("replay.version", name=name, then=then, now=now), soft_wrap=True)
    if not found.instance:
        screen.out.print(screen.say("replay.instance"), soft_wrap=True)
    if not found.finished:
        screen.out.print(screen.say("replay.unfinished"), soft_wrap=True)
    elif not found.resolved:
        screen.out.print(screen.say(f"replay.no.{found.promise}"), soft_wrap=True)
    screen.out.print(screen.say("replay.good" if found.ok else "replay.bad"), soft_wrap=True)
