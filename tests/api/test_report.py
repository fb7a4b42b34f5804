"""The report and the workbook: complete, self-contained, and deaf to hostile names."""

import base64
import hashlib
import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from openpyxl import load_workbook

import nichiiki as nk
from nichiiki.outputs import allocation_json, json_bytes
from nichiiki.report import workbook
from nichiiki.report.calendar_runs import house_lines
from nichiiki.report.facts import Facts
from nichiiki.report.files import csv_bytes, write_all, write_whole
from nichiiki.report.land import land_path
from nichiiki.report.page import report_html
from nichiiki.report.payers_view import bill, monthly
from nichiiki.report.rows import Rows, Sheet
from nichiiki.report.words import percent, reason_text
from nichiiki.report.workbook import workbook_bytes
from nichiiki_models import allocation as allocation_module
from nichiiki_models import table as table_module
from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.texts import LANGUAGES, Lang

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><b>'"
FORMULA = '=HYPERLINK("http://x.example","pay")'
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
)


class Outline(HTMLParser):
    """What a browser would see of a page: its tags with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def rows_of(result: nk.Result, lang: Lang = "en", instance: nk.Instance | None = None) -> Rows:
    assert result.allocation is not None
    return Rows(Facts(instance or result.instance, result.allocation), lang)


@pytest.fixture(scope="module")
def hostile(small_result: nk.Result) -> Rows:
    """Return the lists of an instance all of whose names attack."""
    given = small_result.instance
    instance = given.replace(
        name=HOSTILE,
        note=HOSTILE,
        regions=[row.model_copy(update={"name": HOSTILE}) for row in given.regions.rows()],
        roles=[row.model_copy(update={"title": FORMULA}) for row in given.roles.rows()],
        facilities=[row.model_copy(update={"name": HOSTILE}) for row in given.facilities.rows()],
    )
    return rows_of(small_result, "ja", instance)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_report_has_every_section_and_household(small_result: nk.Result, lang: Lang) -> None:
    page = report_html(rows_of(small_result, lang), violations=())
    sections = {"map", "allocation", "unplaced", "calendar", "facilities", "roles", "audit"}
    assert sections <= {attributes.get("id") for tag, attributes in Outline(page).tags if tag == "section"}
    for household in small_result.instance.households["household_id"].tolist():
        assert household in page
    assert small_result.instance.hash in page
    assert f'<html lang="{lang}">' in page


def test_report_refers_to_nothing_outside(hostile: Rows) -> None:
    page = report_html(hostile, violations=())
    for tag, attributes in Outline(page).tags:
        assert not {"src", "action", "srcset", "style"} & set(attributes), tag
        assert not any(name.startswith("on") for name in attributes), tag
        assert str(attributes.get("href", "#")).startswith("#"), tag
    assert "@import" not in page
    assert "url(" not in page


def test_policy_allows_exactly_the_two_inline_blocks(small_result: nk.Result) -> None:
    page = report_html(rows_of(small_result), violations=())
    (policy,) = [
        a["content"] for tag, a in Outline(page).tags if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy


def test_hostile_names_stay_text(hostile: Rows) -> None:
    tags = [tag for tag, _ in Outline(report_html(hostile, violations=())).tags]
    assert tags.count("script") == 1
    assert "img" not in tags


def test_report_of_500_households_is_small() -> None:
    result = nk.allocate(nk.generate(households=500, seed=1), policy="points")
    assert len(report_html(rows_of(result, "ja"), violations=()).encode()) <= 500_000


def test_calendar_bars_are_the_cells_of_the_calendar(small_result: nk.Result) -> None:
    rows = rows_of(small_result)
    for line, (house, _, _, *cells) in zip(house_lines(rows, 10**6), rows.house_calendar.rows, strict=True):
        shown = [run.households or run.text for run in line.runs for _ in range(run.periods)]
        assert (line.house, shown) == (house, [str(cell or "") for cell in cells])
        closed = [run.kind == "shut" for run in line.runs for _ in range(run.periods)]
        facts = rows.facts
        row, at = facts.houses[line.house], facts.row_of(line.house)
        assert closed == [
            not cell and (period in row.closed_periods or not facts.units[facts.position[period], at])
            for cell, period in zip(cells, rows.facts.open_periods, strict=True)
        ]


def test_who_pays_adds_up() -> None:
    result = nk.allocate(nk.generate(households=40, seed=7), time_limit_s=60)
    assert result.allocation is not None
    assert len(result.allocation.measures)
    found = bill(rows_of(result))
    taken = {measure.measure_id: measure.cost_yen for measure in result.allocation.measures.rows()}
    assert {measure.measure: measure.cost_yen for measure in found.measures} == taken
    assert sum(found.totals.values()) == found.cost_yen == sum(taken.values())
    costs = monthly(rows_of(result))
    assert costs["before_yen"] == sum(row.cost_yen for row in result.allocation.placements.rows())
    assert costs["rent_yen"] + costs["fares_yen"] == costs["before_yen"]


def test_violations_are_shown(small_result: nk.Result) -> None:
    broken = [nk.Violation(rule="budget", where="H1", details={"value": 9, "limit": 5})]
    page = report_html(rows_of(small_result), violations=broken)
    assert "found 1 violations" in page
    assert "card bad" in page


@pytest.fixture(scope="session")
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: install it to load the report in a browser")
    return found


def dump(browser: str, page: Path, profile: Path) -> tuple[str, str]:
    """Load a page and return its document afterwards, and the browser's log."""
    command = [browser, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_report_loads_without_an_error(browser: str, hostile: Rows, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(report_html(hostile, violations=()), "utf-8")
    document, log = dump(browser, page, tmp_path / "profile")
    assert "CONSOLE" not in log
    assert "<title>owned" not in document


def test_policy_stops_an_injected_script(browser: str, small_result: nk.Result, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    injected = "<script>document.title = 'owned'</script></body>"
    page.write_text(report_html(rows_of(small_result), violations=()).replace("</body>", injected), "utf-8")
    document, log = dump(browser, page, tmp_path / "profile")
    assert "<title>owned" not in document
    assert "Content Security Policy" in log


def test_workbook_holds_no_formula_and_no_link(hostile: Rows) -> None:
    book = load_workbook(io.BytesIO(workbook_bytes(hostile)))
    lists = [
        "配分一覧",
        "配分なし",
        "住宅カレンダー",
        "役割",
        "利用状況",
        "予算表",
        "費用負担",
        "証明書一覧",
        "KPI",
        "通知文",
    ]
    assert book.sheetnames[:11] == ["まとめ", *lists]
    for sheet in (book[name] for name in lists):
        assert sheet.freeze_panes is not None
        assert sheet.auto_filter.ref
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert {cell.data_type for cell in cells} <= {"s", "n"}
        assert [cell for cell in cells if cell.hyperlink] == []
    assert FORMULA in {row[1].value for row in book["役割"].iter_rows()}


def test_a_list_longer_than_a_sheet_says_so_in_its_last_row(
    small_result: nk.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 7)
    rows = rows_of(small_result)
    page = load_workbook(io.BytesIO(workbook_bytes(rows)))["loads"]
    assert page.max_row == 8
    beyond = len(rows.load_sheet) - 6
    assert str(page.cell(8, 1).value).startswith(f"… and {beyond:,} more rows")


def test_workbook_has_all_rows(small_result: nk.Result) -> None:
    rows = rows_of(small_result)
    book = load_workbook(io.BytesIO(workbook_bytes(rows)))
    assert book["placements"].max_row == len(rows.placements) + 1
    assert book["loads"].max_row == len(rows.load_sheet) + 1


@pytest.mark.parametrize("sign", "=+-@\t＝＋－＠")
def test_csv_cells_are_no_formulas(sign: str) -> None:
    content = csv_bytes(Sheet("x", ("a",), [(f"{sign}cmd",), (-5,)])).decode("utf-8-sig")
    assert f'"\'{sign}cmd"' in content
    assert "\r\n-5\r\n" in content


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    assert write_whole(target, b"one") == target
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "folder.html", b"two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.html", "report.html"]
    assert target.read_bytes() == b"one"


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_bytes(b"before")

    def files() -> Iterator[tuple[str, bytes]]:
        yield "one.csv", b"after"
        yield "two.csv", b"new"
        assert len(list(tmp_path.iterdir())) == 3  # two drafts and the old file
        raise ValueError("the third cannot be made")

    with pytest.raises(ValueError, match="third"):
        write_all(tmp_path, files())
    assert [path.name for path in tmp_path.iterdir()] == ["one.csv"]
    assert (tmp_path / "one.csv").read_bytes() == b"before"
    assert write_all(tmp_path, [("one.csv", b"after")]) == [tmp_path / "one.csv"]
    assert (tmp_path / "one.csv").read_bytes() == b"after"


def test_each_file_is_let_go_before_the_next_is_made(tmp_path: Path) -> None:
    gone: list[bytes] = []

    class File(bytes):
        """Bytes that say when they are let go."""

        def __del__(self) -> None:
            gone.append(bytes(self))

    def files() -> Iterator[tuple[str, bytes]]:
        for number in range(3):
            assert len(gone) == number
            yield f"{number}.csv", File(b"x")

    assert len(write_all(tmp_path, files())) == 3


def test_blocks_of_an_allocation_are_its_whole_document(monkeypatch: pytest.MonkeyPatch) -> None:
    result = nk.allocate(nk.generate(households=40, seed=7), policy="points")
    assert result.allocation is not None
    whole = json_bytes(result.allocation.model_dump(mode="json"))
    for rows in (1, 2, 7, 4096):
        monkeypatch.setattr(allocation_module, "BLOCK", rows)
        monkeypatch.setattr(table_module, "BLOCK", rows)
        assert allocation_json(result.allocation) == whole
    assert nk.Allocation.model_validate_json(whole) == result.allocation
    empty = nk.Allocation(instance_hash="x", policy="", status=Status.FEASIBLE, reason=StopReason.PROVEN)
    assert allocation_json(empty) == json_bytes(empty.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (None, ""),
        (0.0, "0.0 %"),
        (0.0312, "3.1 %"),
        (0.0019, "0.19 %"),
        (0.00002, "0.0020 %"),
        (30, "> 1,000 %"),
    ],
)
def test_percent(share: float | None, shown: str) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("rule", ["capacity", "commute", "budget", "some_later_rule"])
def test_reasons_without_numbers_are_whole_sentences(rule: str, lang: Lang) -> None:
    sentence = reason_text(rule, "U1", None, None, lang)
    assert "U1" in sentence
    assert "?" not in sentence


def test_ranks_are_those_of_the_metrics(small_result: nk.Result) -> None:
    assert small_result.allocation is not None
    counted: dict[str, int] = {}
    facts = rows_of(small_result).facts
    for stay in small_result.allocation.stays.rows():
        rank = str(facts.stay_rank(stay) or "unlisted")
        counted[rank] = counted.get(rank, 0) + 1
    metrics = nk.evaluate(small_result.instance, small_result.allocation)
    assert counted == {rank: count for rank, count in metrics.stay_ranks.items() if count}


def test_the_land_lies_under_the_towns_and_not_in_the_sea() -> None:
    def place(lat: float, lon: float) -> tuple[float, float]:
        return (lon - 120) * 100, (50 - lat) * 100

    def is_land(lat: float, lon: float) -> bool:
        x, y = place(lat, lon)
        runs = re.findall(r"M(\d+) (\d+)H(\d+)", land_path(place, 4000, 4000))
        return any(abs(int(middle) - y) <= 5 and int(left) <= x <= int(right) for left, middle, right in runs)

    regions = nk.load("flagship").regions.rows()
    assert all(is_land(row.lat, row.lon) for row in regions)
    assert is_land(35.6, 138.0)  # mountains without a school
    assert not is_land(34.0, 138.0)  # the Pacific
    assert not is_land(38.0, 136.0)  # the Sea of Japan
