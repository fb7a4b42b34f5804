"""``nichiiki template``: a workbook to be filled in."""

from __future__ import annotations

from pathlib import Path

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Refusal, Word, argument, build, option
from nichiiki_models.texts import Lang


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "template", type=click.Path(path_type=Path, dir_okay=False)),
        option(lang, "--headers", key="template_headers", type=Word("ja", "en"), default="ja"),
        option(lang, "--force", key="template_force", is_flag=True),
    ]

    def template(template: Path, headers: Lang, force: bool) -> int:
        return _template(Screen(lang), template, headers, force=force)

    return build(lang, "template", template, params)


def _template(screen: Screen, path: Path, headers: Lang, *, force: bool) -> int:
    import nichiiki

    if path.exists() and not force:
        raise Refusal("failed.file_there", file=path)
    nichiiki.write_template(path, lang=headers)
    screen.out.print(screen.say("template.done", path=path), soft_wrap=True)
    return Exit.DONE
