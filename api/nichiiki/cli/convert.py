"""``nichiiki convert``: the same instance in another form (folder, workbook, JSON) or with other headers."""

from __future__ import annotations

from pathlib import Path

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Word, argument, build, option
from nichiiki_models.texts import Lang


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "source"),
        argument(lang, "target", type=click.Path(path_type=Path)),
        option(lang, "--mapping", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"),
        option(lang, "--headers", type=Word("ja", "en"), default="en"),
    ]

    def convert(source: str, target: Path, mapping: Path | None, headers: Lang) -> int:
        return _convert(Screen(lang), source, target, mapping, headers)

    return build(lang, "convert", convert, params)


def _convert(screen: Screen, source: str, target: Path, mapping: Path | None, headers: Lang) -> int:
    import nichiiki
    from nichiiki.cli.opening import open_instance

    instance = open_instance(source, mapping)
    nichiiki.write(instance, target, lang=headers)
    screen.out.print(screen.say("convert.done", path=target), soft_wrap=True)
    screen.out.print(screen.say("check.hash", hash=instance.hash), style="dim", soft_wrap=True)
    return Exit.DONE
