"""The table of systems in docs/explanation/mission.md is true: what it names exists."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import BaseModel

from nichiiki.outputs import OUTPUTS
from nichiiki_instances.bundled import bundled_names, load
from nichiiki_models.rules import Rules
from nichiiki_models.tables import TABLES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "explanation" / "mission.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("| ").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and "`" in line
]


def exists(name: str) -> bool:
    """Say whether a column (table.column) or a key of the rules (rules.part.key) exists."""
    first, *rest = name.split(".")
    if first in TABLES:
        return rest[0] in TABLES[first].model_fields and len(rest) == 1
    part: type[BaseModel] = Rules
    for key in rest[:-1]:
        inner = part.model_fields[key].annotation if key in part.model_fields else None
        if not isinstance(inner, type) or not issubclass(inner, BaseModel):
            return False
        part = inner
    return first == "rules" and rest[-1] in part.model_fields


def test_the_check_can_fail() -> None:
    assert exists("rules.limits.reach")
    assert not any(
        map(exists, ("rules.limits.riches", "houses.colour", "castles.kind", "rules.reach.kinds.x"))
    )


def test_the_table_is_there() -> None:
    assert len(ROWS) >= 24
    assert len({row[0] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_a_row_names_exists(row: list[str]) -> None:
    system, data, module, test, how_to, _ = row
    assert [name for name in re.findall("`([^`]+)`", data) if not exists(name)] == [], system
    assert re.findall("`([^`]+)`", data), system
    assert all(find_spec(name) for name in re.findall("`([^`]+)`", module)), system
    assert all((ROOT / name).is_file() for name in re.findall("`([^`]+)`", test)), system
    assert all((ROOT / name).is_file() for name in re.findall("`([^`]+)`", how_to)), system
    assert re.findall("`([^`]+)`", how_to), system


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_shows_it_in_the_flagship_is_there(row: list[str]) -> None:
    flagship = load("flagship")
    known = frozenset().union(*(table.ids for table in flagship.tables.values()))
    files = {*OUTPUTS, *bundled_names(), "programme_item"}
    assert [name for name in re.findall("`([^`]+)`", row[-1]) if name not in known | files] == []
    assert row[-1]
