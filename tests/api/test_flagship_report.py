"""What a reader of the flagship's report and lists sees of each rule that the flagship shows."""

import csv
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.cli.exits import Exit
from nichiiki.outputs import contents
from nichiiki_flagship import flagship_optimum

Row = dict[str, str]


class Lists(HTMLParser):
    """The sections of a page: their text, and the rows of their tables as lists of cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self.text: dict[str, str] = {}
        self._section, self._span = "", 1
        self._in_cell = self._silent = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self._section = dict(attrs).get("id") or ""
            self.rows[self._section], self.text[self._section] = [], ""
        if tag in ("script", "style"):
            self._silent = True
        if tag == "tr" and self._section:
            self.rows[self._section].append([])
        if tag in ("td", "th") and self._section:
            self._in_cell, self._span = True, int(dict(attrs).get("colspan") or 1)
            self.rows[self._section][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._section = "" if tag == "section" else self._section
        self._silent &= tag not in ("script", "style")
        if tag in ("td", "th") and self._section:
            self._in_cell = False
            self.rows[self._section][-1] += self.rows[self._section][-1][-1:] * (self._span - 1)

    def handle_data(self, data: str) -> None:
        if self._section and not self._silent:
            self.text[self._section] += data
            if self._in_cell:
                self.rows[self._section][-1][-1] += data

    def named(self, section: str, part: str) -> list[str]:
        """The row of a section whose first cell says something."""
        (row,) = (row for row in self.rows[section] if row and part in row[0])
        return [cell.strip() for cell in row]


@pytest.fixture(scope="module")
def optimum() -> nk.Result:
    return flagship_optimum()


@pytest.fixture(scope="module")
def files(optimum: nk.Result) -> dict[str, bytes]:
    assert optimum.allocation is not None
    return dict(contents(optimum.instance, optimum.allocation, [], "ja"))


@pytest.fixture(scope="module")
def page(files: dict[str, bytes]) -> Lists:
    return Lists(files["report.html"].decode())


def read(files: dict[str, bytes], name: str) -> list[Row]:
    return list(csv.DictReader(files[name].decode("utf-8-sig").splitlines()))


def test_a_renovation_is_shown_with_who_pays_and_another_with_the_money_it_lacks(
    page: Lists, files: dict[str, bytes]
) -> None:
    taken, refused = (page.named("budget", f"m-h-{name}") for name in ("daimon-1", "shiojiri-higashi-1"))
    assert taken[2:4] == ["4,700,000", "2,350,000 PG12-vacant"]
    assert taken[-1] == "2,350,000 塩尻市"
    assert "自己負担の予算が足りません" in refused[3]
    assert "4,200,000 円が必要" in refused[3]
    (line,) = (
        row
        for row in read(files, "budget.csv")
        if row["measure_id"] == "m-h-shiojiri-higashi-1" and row["payer"] == "自己負担"
    )
    assert (line["taken"], line["note"], line["need_yen"]) == ("×", "自己負担の予算が足りない", "4200000")
    left = int(line["left_yen"])
    assert left < 4_200_000
    assert f"塩尻市の残りは {left:,} 円" in refused[3]


def test_fares_are_refused_with_the_rule(page: Lists) -> None:
    assert "PG02-trial: 対象外の経費" in page.named("budget", "m-fares")[3]


def test_the_calendar_of_a_trial_house_shows_a_gap_after_every_stay(page: Lists, optimum: nk.Result) -> None:
    periods = optimum.instance.periods["period_id"].tolist()
    houses = optimum.instance.houses["house_id"].tolist()
    seen = 0
    gapped = [row.house_id for row in optimum.instance.houses.rows() if row.gap_periods == 1]
    for house in gapped:
        cells = page.named("calendar", f"{house} ")[1:]
        assert len(cells) == len(periods)
        closed = optimum.instance.houses.row(houses.index(house)).closed_periods
        left = [
            (period, after)
            for (now, after), period in zip(pairwise(cells), periods[1:], strict=True)
            if now.startswith("hh") and now != after
        ]
        assert all(after == "清掃" for period, after in left if period not in closed), (house, cells)
        seen += len(left) > 1
    assert seen >= 3


def test_winter_jobs_are_filled_and_the_august_festival_is_red(page: Lists, optimum: nk.Result) -> None:
    periods = optimum.instance.periods["period_id"].tolist()
    jobs = [row.role_id for row in optimum.instance.roles.rows() if row.title == "スキー場・宿"]
    assert len(jobs) == 10
    for job in jobs:
        cells = page.named("roles", job)[2:]
        assert {cells[periods.index(month)] for month in ("2027-01", "2027-02")} <= {"1", "2"}, job
    (festival,) = (
        row.role_id
        for row in optimum.instance.roles.rows()
        if row.title == "夏祭り" and row.region_id == "hakuba"
    )
    assert "−" in page.named("roles", festival)[2:][periods.index("2026-08")]


def test_pairs_of_osaka_and_tanabe_are_refused_for_tsunami(page: Lists, files: dict[str, bytes]) -> None:
    rows = [row for row in read(files, "unplaced.csv") if row["rule"] == "hazard_shared"]
    of_osaka = [row for row in rows if row["home_region"] == "osaka"]
    houses = {row["target_id"] for row in of_osaka}
    assert houses and all(house.startswith("h-motomachi") for house in houses)
    assert all("津波" in row["reason"] for row in of_osaka)
    shown = [page.named("unplaced", f"{row['household_id']} ") for row in of_osaka]
    assert any(cells[1] == "大阪市" and "（津波）" in cells[2] for cells in shown)


def test_the_premium_holder_sees_the_limit_of_three(page: Lists, optimum: nk.Result) -> None:
    (full,) = (
        row.household_id for row in optimum.instance.households.rows() if len(row.other_municipalities) == 3
    )
    assert "登録自治体が 4 件となり、上限の 3 件を超えます" in page.named("unplaced", f"{full} ")[2]


def test_the_cost_table_has_every_household_placed(page: Lists, files: dict[str, bytes]) -> None:
    costs = read(files, "costs.csv")
    for row in costs:
        shown = page.named("budget", row["household_id"])
        numbers = [row[name] for name in ("rent_yen", "fares_yen", "before_yen", "burden_yen", "budget_yen")]
        assert [cell.replace(",", "") for cell in shown[2:]] == numbers
        assert int(row["rent_yen"]) + int(row["fares_yen"]) == int(row["before_yen"])
    assert sum(row["burden_yen"] != "" for row in costs) > 10


def test_a_mixed_stay_is_shown_as_one_plan(page: Lists, optimum: nk.Result) -> None:
    kinds = {row.house_id: row.kind for row in optimum.instance.houses.rows()}
    parts = [row.household_id for row in optimum.instance.households.rows() if row.all_bases]
    rows = [page.named("allocation", f"{part} ") for part in parts]
    assert all("fa-2 一つの滞在計画" in row[-1] for row in rows)
    assert sorted(kinds[row[3]] for row in rows) == ["hotel", "room"]


def test_the_command_line_tells_the_same(run: Any, tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "allocation.json").write_bytes(files["allocation.json"])
    checked = run("verify", "flagship", tmp_path, "--lang", "ja")
    assert checked.exit_code == Exit.DONE, checked.output
