"""The command group: commands loaded lazily, help in both languages, one funnel for what goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import click

from nichiiki.cli.help import LocalisedHelp, help_option
from nichiiki.cli.options import lang_option
from nichiiki_models.texts import Lang, text

COMMANDS = (
    "demo",
    "template",
    "map",
    "check",
    "allocate",
    "price",
    "plan",
    "verify",
    "diff",
    "promote",
    "replay-hand",
    "explain",
    "report",
    "fit",
    "alone",
    "evacuation",
    "platform",
    "compare",
    "batch",
    "generate",
    "convert",
    "schema",
    "policies",
    "lottery",
)


class Face(LocalisedHelp, click.Group):
    """The command ``nichiiki``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands, in the order in which one needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> LocalisedHelp | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        build: Callable[[Lang], LocalisedHelp] = import_module(
            f"nichiiki.cli.{cmd_name.replace('-', '_')}"
        ).command
        return build(self.lang)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the process with its exit code."""
        from nichiiki.cli.engines_apart import engines_apart
        from nichiiki.cli.failures import guarded
        from nichiiki.cli.waiting import Waiting

        run = partial(super().main, args, prog_name or "nichiiki", complete_var, False, **extra)
        say = partial(_say, self.lang)
        with engines_apart(), Waiting(sys.stderr, say):
            code = guarded(run, self.lang)
        sys.exit(code)


def _say(lang: Lang, key: str, /, **values: object) -> str:
    return text(f"cli.{key}", lang, package="nichiiki", **values)


def face(lang: Lang) -> Face:
    """Return the command group in a language.

    Parameters
    ----------
    lang
        Language of help texts, messages and reports.
    """

    def say(key: str) -> str:
        return text(f"cli.{key}", lang, package="nichiiki")

    version = click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        help=say("help.version"),
    )
    return Face(
        name="nichiiki",
        lang=lang,
        help=say("help.nichiiki"),
        epilog=say("help.epilog"),
        params=[lang_option(lang), version, help_option(lang)],
        add_help_option=False,
        no_args_is_help=False,
        invoke_without_command=True,
        callback=_without_command,
    )


@click.pass_context
def _without_command(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"nichiiki {version('nichiiki')}")
        ctx.exit()
