"""``nichiiki generate``: make an instance of any size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Number, Word, build, option
from nichiiki_models.texts import Lang


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    count = Number(1, 10_000_000)
    params: list[click.Parameter] = [
        option(lang, "--households", type=count, default=60, metavar="N"),
        option(lang, "--houses", type=count, metavar="N"),
        option(lang, "--hosts", type=count, metavar="N"),
        option(lang, "--roles", type=count, metavar="N"),
        option(lang, "--municipalities", type=click.Path(path_type=Path), metavar="FILE"),
        option(lang, "--periods", type=Number(1, 1000), default=12, metavar="N"),
        option(lang, "--seed", type=Number(0), default=0, metavar="N"),
        option(lang, "--headers", type=Word("ja", "en"), default="en"),
        option(
            lang,
            "--out",
            "target",
            key="file",
            type=click.Path(path_type=Path),
            required=True,
            metavar="PATH",
        ),
    ]

    def generate(target: Path, headers: Lang, **given: int | Path | None) -> int:
        return _generate(Screen(lang), target, headers, given)

    return build(lang, "generate", generate, params)


def _generate(screen: Screen, target: Path, headers: Lang, given: dict[str, Any]) -> int:
    import nichiiki

    instance = nichiiki.generate(**{name: value for name, value in given.items() if value is not None})
    nichiiki.write(instance, target, lang=headers)
    households = f"{len(instance.households):,}"
    screen.out.print(screen.say("generate.done", households=households, path=target), soft_wrap=True)
    screen.tell("generate.next", path=target)
    return Exit.DONE
