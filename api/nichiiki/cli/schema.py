"""``nichiiki schema``: the JSON schemas of the documents that nichiiki reads and writes."""

from __future__ import annotations

from pathlib import Path

import click

from nichiiki.cli.console import Screen
from nichiiki.cli.exits import Exit
from nichiiki.cli.help import Command
from nichiiki.cli.options import Word, argument, build, option
from nichiiki_models.texts import Lang

WORDS = ("instance", "allocation", "result", "metrics", "tariff")


def command(lang: Lang) -> Command:
    """Return the command in a language."""
    params: list[click.Parameter] = [
        argument(lang, "document", type=Word(*WORDS), required=False),
        option(lang, "--out", key="schema_out", type=click.Path(path_type=Path, file_okay=False)),
    ]

    def schema(document: str | None, out: Path | None) -> int:
        return _schema(Screen(lang), document, out)

    return build(lang, "schema", schema, params)


def _schema(screen: Screen, document: str | None, out: Path | None) -> int:
    from nichiiki.outputs import json_bytes
    from nichiiki.report.files import write_all
    from nichiiki_models.json_schemas import DOCUMENTS, json_schema, schema_file

    chosen = (document,) if document else tuple(DOCUMENTS)
    if out is not None:
        files = ((schema_file(each), json_bytes(json_schema(each))) for each in chosen)
        for path in write_all(out, files):
            screen.out.print(str(path), soft_wrap=True)
    elif document:
        click.echo(json_bytes(json_schema(document)).decode("utf-8"), nl=False)
    else:
        for word, (name, _) in DOCUMENTS.items():
            screen.out.print(f"{word:12} {name}", soft_wrap=True)
        screen.out.print(screen.say("schema.next"), style="dim", soft_wrap=True)
    return Exit.DONE
