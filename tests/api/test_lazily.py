"""Lists that are made when they are asked for hold what plain lists would."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from openpyxl import load_workbook

import nichiiki as nk
from nichiiki.report import lazily, loads, page, rest, workbook
from nichiiki.report.facts import Facts
from nichiiki.report.lazily import Lines, Numbers, all_of, one_each
from nichiiki.report.notices import Contact
from nichiiki.report.page import report_html
from nichiiki.report.rows import Rows, Sheet
from nichiiki.report.workbook import workbook_bytes


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Return the lists of a town in which most households get nothing."""
    result = nk.allocate(nk.generate(households=60, houses=12, hosts=3, seed=7), policy="points")
    assert result.allocation is not None
    return Rows(Facts(result.instance, result.allocation), "en")


@pytest.mark.parametrize(("at_once", "kept"), [(1, 1), (7, 2), (64, 8)])
def test_mappings_are_those_of_all_rows(
    rows: Rows, at_once: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazily, "AT_ONCE", at_once)
    monkeypatch.setattr(lazily, "KEPT", kept)
    households, reasons = rows.facts.instance.households, rows.facts.allocation.unplaced
    plain = {row.household_id: row for row in households.rows()}
    made = one_each(households)
    assert dict(made) == plain
    backwards = list(reversed(plain))
    assert [made[key] for key in backwards] == [plain[key] for key in backwards]
    groups: dict[str, list[object]] = {}
    for row in reasons.rows():
        groups.setdefault(row.household_id, []).append(row)
    found = all_of(reasons)
    assert (list(found), dict(found)) == (list(groups), groups)
    assert len(found) == len(groups)


def test_an_unknown_id_has_no_rows(rows: Rows) -> None:
    households = rows.facts.households
    longer = next(iter(households)) + "x"
    for unknown in ("", "~", "0", longer, longer * 20):
        assert unknown not in households
        assert households.get(unknown) is None
        assert rows.facts.members.get(unknown, 0) == 0
    empty = one_each(rows.facts.instance.households.take(np.zeros(0, dtype=np.int64)))
    assert (list(empty), "x" in empty) == ([], False)
    assert dict(Numbers(np.array(["a", "bb"]), np.array([1, 2]))) == {"a": 1, "bb": 2}


def test_lists_are_made_anew_whenever_they_are_read() -> None:
    made: list[int] = []

    def make() -> Iterator[int]:
        for each in range(3):
            made.append(each)
            yield each

    lines = Lines(make)
    assert (list(lines), list(lines), len(lines), len(lines), 0 in lines) == (
        [0, 1, 2],
        [0, 1, 2],
        3,
        3,
        True,
    )
    assert made == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


def test_counts_are_those_of_the_rows(rows: Rows) -> None:
    for sheet in (rows.placements, rows.unplaced, rows.load_sheet, rows.house_calendar, rows.costs):
        assert len(sheet) == len(list(sheet.rows)), sheet.name
    facts = rows.facts
    sizes = Counter(facts.instance.persons["household_id"].tolist())
    assert dict(facts.members) == {key: sizes[key] for key in facts.households}
    assert facts.placed_persons == sum(sizes[key] for key in facts.placements)
    waiting = [key for key in facts.households if key not in facts.placements]
    assert facts.waiting.tolist() == waiting
    assert facts.silent.tolist() == [key for key in waiting if key not in facts.unplaced]
    refused = list(rows.refused(10**6, reasons=10**6))
    assert [(key, len(said), count) for key, said, count in refused] == [
        (key, len(facts.unplaced.get(key, [])), len(facts.unplaced.get(key, []))) for key in waiting
    ]
    assert list(rows.refused(3, after=2)) == [(key, said[:1], count) for key, said, count in refused[2:5]]


def test_loads_of_some_rules_are_those_among_all(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    every = list(rows.loads())
    monkeypatch.setattr(loads, "BLOCK", 2)
    assert list(rows.loads()) == every
    for rule in {load.rule for load in every}:
        assert list(rows.loads(rule)) == [load for load in every if load.rule == rule]


def test_units_taken_are_counted_stay_by_stay(rows: Rows) -> None:
    used: Counter[tuple[str, str]] = Counter()
    for stay in rows.facts.allocation.stays.rows():
        for period in stay.periods:
            used[stay.house_id, period] += stay.units
    gaps = {house.house_id for house in rows.facts.houses.values() if house.gap_periods}
    shown = {(load.target_id, load.period_id): load.used for load in rows.loads("house_units")}
    assert {key: count for key, count in shown.items() if count and key[0] not in gaps} == {
        key: count for key, count in used.items() if key[0] not in gaps
    }


def test_a_sheet_that_is_cut_names_the_file_that_is_not(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 5)
    book = load_workbook(io.BytesIO(workbook_bytes(rows)))
    for name, sheet in (("unplaced", rows.unplaced), ("house calendar", rows.house_calendar)):
        last = str(book[name].cell(book[name].max_row, 1).value)
        assert book[name].max_row == 6
        assert last.startswith(f"… and {len(sheet) - 4:,} more rows")
        assert (f"{sheet.name}.csv" in last) == (name == "unplaced")


def test_letters_with_names_are_never_cut(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 5)
    size = len(rows.facts.households)
    someone = {next(iter(rows.facts.households)): Contact("A", "B", None)}
    for contacts, shown in ((someone, size), (None, 5)):
        book = load_workbook(io.BytesIO(workbook_bytes(rows, contacts)))
        assert book["notices"].max_row == shown + 1


def test_the_page_says_how_many_households_it_searches(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_ROWS", 3)
    assert "bring the others" in report_html(rows, violations=())
    for module in (page, rest):
        monkeypatch.setattr(module, "MOST_SEARCHED", 4)
    shown = report_html(rows, violations=())
    assert "up to 7 households in all" in shown
    seen = [key for key in rows.facts.waiting.tolist() if f'"{key}"' in shown or f">{key} " in shown]
    assert seen == rows.facts.waiting.tolist()[:7]


def test_the_first_rows_of_a_list_are_a_list() -> None:
    assert Sheet("x", ("a",), Lines(lambda: iter([(1,), (2,)]), 2)).first(1) == [(1,)]
