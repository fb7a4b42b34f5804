"""``nichiiki lottery``: fix a public draw before its value is known, and draw with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command, LocalisedHelp, help_option
from nichiiki.cli.options import argument, build, lang_option, option
from nichiiki_models.texts import Lang, text

if TYPE_CHECKING:
    from nichiiki_models.instance import Instance


class Group(LocalisedHelp, click.Group):
    """A command with commands of its own."""


def command(lang: Lang) -> Group:
    """Return the command in a language."""
    return Group(
        name="lottery",
        lang=lang,
        help=text("cli.help.lottery", lang, package="nichiiki"),
        params=[lang_option(lang), help_option(lang)],
        commands={"commit": _commit_command(lang), "reveal": _reveal_command(lang)},
        add_help_option=False,
        no_args_is_help=False,
        invoke_without_command=True,
        callback=without_command,
    )


@click.pass_context
def without_command(ctx: click.Context) -> None:
    """Show the help of a command that was called without one of its own."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _shared(lang: Lang) -> list[click.Parameter]:
    return [argument(lang, "instance"), option(lang, "--value-name", required=True, metavar="NAME")]


def _commit_command(lang: Lang) -> Command:
    def commit(instance: str, value_name: str, as_json: bool) -> int:
        return _commit(Screen(lang), instance, value_name, as_json=as_json)

    as_json = option(lang, "--json", "as_json", is_flag=True)
    return build(lang, "commit", commit, [*_shared(lang), as_json])


def _reveal_command(lang: Lang) -> Command:
    def reveal(instance: str, value_name: str, value: str, digest: str, as_json: bool) -> int:
        return _reveal(Screen(lang), instance, value_name, value, digest, as_json=as_json)

    own = [
        option(lang, "--value", required=True, metavar="VALUE"),
        option(lang, "--digest", required=True, metavar="HEX"),
        option(lang, "--json", "as_json", is_flag=True),
    ]
    return build(lang, "reveal", reveal, [*_shared(lang), *own])


def _opened(name: str) -> tuple[list[str], str]:
    from nichiiki.cli.opening import open_instance

    return roll_and_rules(open_instance(name))


def roll_and_rules(instance: Instance) -> tuple[list[str], str]:
    """Return what is fixed before a draw: ids of the households, and the rules as canonical JSON."""
    import json

    rules = json.dumps(instance.rules.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
    return instance.households["household_id"].tolist(), rules


def _commit(screen: Screen, name: str, value_name: str, *, as_json: bool) -> int:
    from nichiiki.cli.saving import json_bytes
    from nichiiki_solver.lotteries.public import commit

    roll, rules = _opened(name)
    digest = commit(roll, rules, value_name)
    if as_json:
        facts = {"digest": digest, "value_name": value_name, "households": len(roll)}
        click.echo(json_bytes(facts).decode("utf-8"), nl=False)
        return Exit.DONE
    click.echo(digest)
    screen.tell("lottery.committed", count=len(roll), name=value_name)
    return Exit.DONE


def _reveal(screen: Screen, name: str, value_name: str, value: str, digest: str, *, as_json: bool) -> int:
    from nichiiki.cli.saving import json_bytes
    from nichiiki_models.errors import CommitmentError
    from nichiiki_solver.lotteries.public import reveal

    roll, rules = _opened(name)
    try:
        drawn = reveal(value, roll, rules, value_name, digest)
    except CommitmentError:
        screen.tell("lottery.changed", digest=digest)
        return Exit.NEGATIVE
    if as_json:
        rows = [{"place": k, "household_id": each.id, "number": each.hex} for k, each in enumerate(drawn, 1)]
        click.echo(json_bytes({"digest": digest, "drawn": rows}).decode("utf-8"), nl=False)
        return Exit.DONE
    for place, each in enumerate(drawn, 1):
        click.echo(f"{place}\t{each.id}\t{each.hex}")
    screen.tell("lottery.revealed", count=len(drawn))
    return Exit.DONE
