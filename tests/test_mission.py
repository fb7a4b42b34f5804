"""The table of systems in docs/explanation/mission.md is true: what it names exists."""

from __future__ import annotations

import ast
import csv
import re
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import BaseModel

from nichiiki.outputs import OUTPUTS
from nichiiki_instances.bundled import bundled_names, load
from nichiiki_models.rules import Rules
from nichiiki_models.tables import TABLES
from nichiiki_models.texts import has_text
from nichiiki_oracle.cases import RULES_OF_BUNDLES, SHARED_RULES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "explanation" / "mission.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("| ").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and "`" in line
]
RULES_WITH_CASES = {case[1] for case in RULES_OF_BUNDLES} | {case[0] for case in SHARED_RULES}
BY_MEASURES = "tests/solver/test_measures.py::test_a_renovation_is_taken_exactly_as_long_as_somebody_may_pay"
ELSEWHERE = {
    "all_bases": "tests/solver/test_plans.py::test_without_the_house_nobody_wants_the_nights",
    "one_measure": "tests/solver/test_measures.py::test_a_house_that_is_not_ready_is_renovated_once",
    "chain": "tests/solver/test_rules.py::test_seasonal_work_leaves_no_gap_exactly_where_that_is_asked",
    "not_listed": "tests/oracle/test_rules_of_bundles.py::test_an_unlisted_house_comes_after_the_listed_ones_with_no_utility",
    **dict.fromkeys(
        ("own_budget", "programme_budget", "programme_item", "programme_requires", "programme_dates"),
        BY_MEASURES,
    ),
}
"""Rules whose cases are no single change of the tiny market: the test that has them."""


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
    system, data, module, test, _, how_to, _ = row
    assert [name for name in re.findall("`([^`]+)`", data) if not exists(name)] == [], system
    assert re.findall("`([^`]+)`", data), system
    assert all(find_spec(name) for name in re.findall("`([^`]+)`", module)), system
    assert all((ROOT / name).is_file() for name in re.findall("`([^`]+)`", test)), system
    assert all((ROOT / name).is_file() for name in re.findall("`([^`]+)`", how_to)), system
    assert re.findall("`([^`]+)`", how_to), system


def functions_of(file: str) -> set[str]:
    """Names of the tests in a file."""
    path = ROOT / file
    tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_cases_of_a_row_are_there(row: list[str]) -> None:
    named = re.findall("`([^`]+)`", row[4])
    functions = [name.split("::") for name in named if "::" in name]
    assert named
    assert [name for name in named if "::" not in name and name not in RULES_WITH_CASES] == []
    assert [name for file, name in functions if name not in functions_of(file)] == []


def test_every_rule_of_the_text_has_its_cases() -> None:
    """Rules of sections 2, 3 and 13 either have a change that just keeps them and one that just breaks them, or a test by name."""
    text = (ROOT / "docs" / "explanation" / "rules.md").read_text("utf-8")
    sections = {part.split(".")[0]: part for part in text.split("\n## ")}
    heads = [
        cell
        for number in ("2", "3", "13")
        for line in sections[number].splitlines()
        if line.startswith("| ") and "`" in line
        for cell in line.split("|")[1:3]
    ]
    rules = {
        name
        for cell in heads
        if len(cell) < 60
        for name in re.findall("`([a-z_]+)`", cell)
        if has_text(f"rule.{name}", "en")
    }
    assert len(rules) > 60
    assert rules - RULES_WITH_CASES - set(ELSEWHERE) == set()
    assert all(name.split("::")[1] in functions_of(name.split("::")[0]) for name in ELSEWHERE.values())


def test_the_programmes_are_the_lines_of_the_overview() -> None:
    lines = ROOT.parent / "shared" / "data" / "programmes_mlit_overview.csv"
    if not lines.is_file():
        pytest.skip(f"reference file {lines} is not here")
    with lines.open(encoding="utf-8-sig", newline="") as file:
        overview = {row["programme_id"]: row for row in csv.DictReader(file)}
    known = {row.programme_id: row for row in load("flagship").programmes.rows()}
    here = {name.partition("-")[0] for name in known} & overview.keys()
    assert (len(overview), overview.keys() - here) == (17, {"PG03", "PG05"})
    assert not overview["PG03"]["amount_million_yen"]
    assert overview["PG05"]["eligible_bodies"] == "国"
    for name in here & known.keys():
        million = sum(Fraction(part) for part in overview[name]["amount_million_yen"].split("+"))
        assert known[name].budget_yen == million * 1_000_000, name
        assert known[name].valid_until is not None
        assert (known[name].rate_percent > 0) == bool(overview[name]["rate"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_shows_it_in_the_flagship_is_there(row: list[str]) -> None:
    flagship = load("flagship")
    known = frozenset().union(*(table.ids for table in flagship.tables.values()))
    files = {*OUTPUTS, *bundled_names(), "programme_item"}
    assert [name for name in re.findall("`([^`]+)`", row[-1]) if name not in known | files] == []
    assert row[-1]
