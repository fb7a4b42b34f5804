"""Words of the files: which names of tables, columns and values are known, in Japanese and in English."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from nichiiki_models.columns import ColumnSpec, column_specs
from nichiiki_models.tables import TABLES
from nichiiki_models.texts import Lang

RULES, CONTACTS, GUIDE = "rules", "contacts", "guide"
PASSED_OVER = (CONTACTS, GUIDE)
"""Sheets and files that belong to an instance and hold no table: who is who, and the guide of a template."""
RULE_HEADERS = ("key", "value")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xFFE5: "¥", 0x2212: "-"}
_BRACKETED = re.compile(r"^(.+?)\s*[(\[]([^()\[\]]+)[)\]]$")


def narrow(value: str) -> str:
    """Return a text with full-width letters, digits and signs as ASCII, trimmed.

    Only these: full NFKC would turn ``10²`` into ``102``.
    """
    return value.strip() if value.isascii() else value.translate(_WIDE).strip()


def folded(name: str) -> str:
    """Return a name as names are compared: narrow, without case, blanks as underscores."""
    return re.sub(r"\s+", "_", narrow(name).casefold())


@cache
def vocabulary() -> Mapping[str, Any]:
    """Return the content of headers.toml."""
    return tomllib.loads((resources.files("nichiiki_instances") / "headers.toml").read_text("utf-8"))


def table_title(table: str, lang: Lang) -> str:
    """Return what a table's file or sheet is called when written."""
    return table if lang == "en" else str(vocabulary()["tables"][table][0])


def column_title(table: str, column: str, lang: Lang) -> str:
    """Return the header of a column when written."""
    return column if lang == "en" else str(vocabulary()["columns"][table][column][0])


@cache
def table_names() -> Mapping[str, str]:
    """Return every known name of a table, folded, with the canonical name."""
    return {folded(word): name for name, words in vocabulary()["tables"].items() for word in [name, *words]}


@cache
def column_names(table: str) -> Mapping[str, str]:
    """Return every known header of a table, folded, with the canonical header."""
    return {
        folded(word): name
        for name, words in vocabulary()["columns"][table].items()
        for word in [name, *words]
    }


def find_column(table: str, header: str) -> str | None:
    """Return the canonical header of a header as written; a unit in brackets must be the column's."""
    names = column_names(table)
    known = names.get(folded(header))
    bracketed = _BRACKETED.match(narrow(header))
    if known or not bracketed or table not in TABLES:
        return known
    known = names.get(folded(bracketed[1]))
    return known if known and bracketed[2] in units(column_specs(TABLES[table])[known]) else None


def units(spec: ColumnSpec) -> tuple[str, ...]:
    """Return the units that may stand behind a number of a column."""
    return tuple(vocabulary()["units"].get(spec.unit, ()))


@cache
def words(table: str, column: str) -> Mapping[str, tuple[str, ...]]:
    """Return the Japanese words of each value of a choice column, the written one first."""
    spec = column_specs(TABLES[table])[column]
    special = vocabulary()["words_of"].get(f"{table}.{column}", {})
    return {choice: tuple(special.get(choice) or vocabulary()["words"][choice]) for choice in spec.choices}


@cache
def values(table: str, column: str) -> Mapping[str, str]:
    """Return every known word of a choice column, folded, with the value."""
    return {folded(word): value for value, known in words(table, column).items() for word in (value, *known)}


@cache
def flags() -> Mapping[str, bool]:
    """Return every known word of a flag, folded, with its meaning."""
    known = vocabulary()["flags"]
    return {folded(word): name == "yes" for name in ("yes", "no") for word in known[name]}


LONGEST = 100
"""Characters of a name that are compared: what is longer is no slip of the pen."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that looks most like a name."""
    return next(iter(difflib.get_close_matches(folded(name[:LONGEST]), list(known), n=1, cutoff=0.0)), "")
