"""Write the reference pages that follow from the code: the data format, the command line, Python.

Without arguments it writes them. With `--check` it writes nothing and fails if one is stale.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from nichiiki.cli.group import COMMANDS, face
from nichiiki_instances.headers import column_title, table_title
from nichiiki_models.columns import ColumnSpec, Kind, column_specs
from nichiiki_models.json_schemas import DOCUMENTS, json_schema, schema_file
from nichiiki_models.rules import Part, Rules
from nichiiki_models.table import Row
from nichiiki_models.tables import TABLES

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
MARK = "% Written by tools/write_reference.py; do not edit."
KINDS = {
    Kind.INT: "whole number",
    Kind.NUMBER: "number",
    Kind.FLAG: "yes or no",
    Kind.DATE: "date",
    Kind.TIME: "date and time",
    Kind.ID: "id",
    Kind.TEXT: "text",
    Kind.CHOICE: "word",
    Kind.LIST: "list",
}
INTRODUCTION = """# Data format

An instance is a set of tables and the rules of a run. It is stored as

- a **folder** with one CSV file a table (`households.csv` or `世帯.csv`) and `rules.toml`,
- a **workbook** (`.xlsx`) with one sheet a table and a sheet `rules`, or
- a **JSON** file with one list of objects a table.

`nichiiki convert` turns each into the others, and `nichiiki check` lists everything that is wrong with one.

Names of tables, columns and words are understood in English and in Japanese. CSV files may be UTF-8 (with or
without BOM) or CP932. A list is written with semicolons between its entries (`2026-04;2026-05`); in JSON it
is a list. An empty cell means the default. Ids are letters, digits and `_ . - : / # +`; they are never the names
of people. A column in **bold** must be filled in every row.

What the tables mean together is said in [the rules in full](../explanation/rules.md).
"""


def data_format() -> str:
    """Return the page on the data format."""
    parts = [MARK, "", INTRODUCTION, "## Tables", ""]
    for name, schema in TABLES.items():
        parts += [*_table(name, schema), ""]
    parts += ["## Rules", "", RULES_INTRODUCTION, ""]
    for part_name, part in _parts("", Rules):
        parts += [*_part(part_name, part), ""]
    return "\n".join(parts).rstrip() + "\n"


RULES_INTRODUCTION = """\
`rules.toml` holds what a run is decided by. A key that is left out has its default. A table `[instance]` in
the same file holds `name` and `note` of the instance. A workbook has the same as dotted keys with JSON
values."""


def _table(name: str, schema: type[Row]) -> Iterator[str]:
    yield f"### {name} ({table_title(name, 'ja')})"
    yield ""
    yield f"{_first_line(schema)} Key: {', '.join(f'`{key}`' for key in schema.key)}."
    yield ""
    yield "| column | 列名 | meaning | kind | unit | allowed | default | refers to |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for spec in column_specs(schema).values():
        yield _line(_column(name, spec))


def _column(table: str, spec: ColumnSpec) -> list[str]:
    title = f"**`{spec.name}`**" if spec.required else f"`{spec.name}`"
    return [
        title,
        column_title(table, spec.name, "ja"),
        spec.description,
        KINDS[spec.kind],
        spec.unit,
        _allowed(spec),
        "" if spec.required else _shown(spec.default),
        ", ".join(spec.references),
    ]


def _allowed(spec: ColumnSpec) -> str:
    if spec.choices:
        return ", ".join(f"`{choice}`" for choice in spec.choices)
    return _range(spec.low, spec.high)


def _range(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f"from {low:,}"
    return f"to {high:,}" if low is None else f"{low:,} to {high:,}"


def _shown(default: Any) -> str:
    if default in (None, "", ()):
        return "empty"
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"`{default}`"


def _parts(name: str, part: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield name, part
    for key, field in part.model_fields.items():
        inner = _inner(field.annotation)
        if inner is not None:
            yield from _parts(f"{name}.{key}" if name else key, inner)


def _inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    found = (_inner(each) for each in typing.get_args(annotation) if each is not Ellipsis)
    return next((each for each in found if each is not None), None)


def _part(name: str, part: type[BaseModel]) -> Iterator[str]:
    yield f"### `{name or 'rules'}`"
    yield ""
    yield _first_line(part)
    yield ""
    yield "| key | meaning | default |"
    yield "| --- | --- | --- |"
    for key, field in part.model_fields.items():
        yield _line([f"`{key}`", field.description or "", _default(field)])


def _default(field: FieldInfo) -> str:
    if _inner(field.annotation) is not None:
        return "see below"
    default = field.default
    if default is PydanticUndefined:
        return "must be given"
    if isinstance(default, tuple) and default:
        return ", ".join(f"`{entry}`" for entry in default)
    return _shown(default)


def _first_line(schema: type[BaseModel]) -> str:
    return (schema.__doc__ or "").strip().split("\n")[0]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def command_line() -> str:
    """Return the page on the command line: the help of every command."""
    group = face("en")
    parts = [MARK, "", "# Command line", "", COMMANDS_INTRODUCTION, ""]
    with click.Context(group, info_name="nichiiki", terminal_width=100) as context:
        parts += _help("nichiiki", group.get_help(context))
        for name in COMMANDS:
            command = group.get_command(context, name)
            if command is not None:
                with click.Context(command, info_name=name, parent=context, terminal_width=100) as inner:
                    parts += _helps(f"nichiiki {name}", command, inner)
    return "\n".join(parts).rstrip() + "\n"


COMMANDS_INTRODUCTION = """\
Results go to standard output, progress and messages to standard error. `--lang ja` or `--lang en` chooses the
language, else the locale does.

| exit code | means |
| --- | --- |
| 0 | done |
| 1 | a negative answer: impossible, nothing found in time, rules broken |
| 2 | bad input or usage; the message says where, what is allowed, and what to do |
| 130 | interrupted; with `--out` the best answer so far is saved, if there is one |"""


def _helps(title: str, command: click.Command, context: click.Context) -> list[str]:
    """Help of a command, and of the commands below it."""
    parts = _help(title, command.get_help(context))
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        with click.Context(below, info_name=name, parent=context, terminal_width=100) as inner:
            parts += _help(f"{title} {name}", below.get_help(inner))
    return parts


def _help(title: str, page: str) -> list[str]:
    return [f"## {title}", "", "```text", page, "```", ""]


PYTHON_INTRODUCTION = """\
`import nichiiki as nk` gives everything below; it is loaded when it is first used. What a function is about may be
given by position (an instance, an allocation, a household); everything that sets how it works is named.
Researchers' modules: {modules}."""
MODULES = ("nichiiki.market", "nichiiki.matching", "nichiiki.flow", "nichiiki.tariffs", "nichiiki.testing")


def python() -> str:
    """Return the page on the Python face: every public name by its docstring."""
    import nichiiki

    modules = ", ".join(f"`{name}`" for name in MODULES)
    parts = [MARK, "", "# Python", "", PYTHON_INTRODUCTION.format(modules=modules), ""]
    found = {name: getattr(nichiiki, name) for name in nichiiki.__all__}
    functions = [name for name, thing in found.items() if inspect.isfunction(thing)]
    classes = [name for name, thing in found.items() if inspect.isclass(thing)]
    for title, kind, names in (("Functions", "autofunction", functions), ("Classes", "autoclass", classes)):
        parts += [f"## {title}", "", "```{eval-rst}"]
        parts += [f".. {kind}:: nichiiki.{name}" for name in names]
        parts += ["```", ""]
    return "\n".join(parts).rstrip() + "\n"


def pages() -> Mapping[str, str]:
    """Return every generated page by file name."""
    schemas = {f"schemas/{schema_file(each)}": _json(json_schema(each)) for each in DOCUMENTS}
    return {"data-format.md": data_format(), "cli.md": command_line(), "python.md": python(), **schemas}


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def stale_pages() -> list[str]:
    """List the pages that are missing or not what the code says."""
    return [name for name, text in pages().items() if not _is_current(REFERENCE / name, text)]


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or check them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is stale")
    check = parser.parse_args(arguments).check
    stale = stale_pages()
    for name in stale:
        if check:
            print(f"docs/reference/{name}: stale; run python tools/write_reference.py", file=sys.stderr)
        else:
            (REFERENCE / name).parent.mkdir(exist_ok=True)
            (REFERENCE / name).write_text(pages()[name], encoding="utf-8")
    print(f"{len(pages())} pages, {len(stale)} {'stale' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
