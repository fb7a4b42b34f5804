"""Three levels of the report: what each may say, in the file itself and in a browser with the network cut."""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nichiiki as nk
from nichiiki.cli.exits import Exit
from nichiiki.report.facts import Facts
from nichiiki.report.levels import report_of
from nichiiki.report.privacy import LEAST, LEVELS, Level, Pseudonyms, hide_small, pseudonymous
from nichiiki.report.words import words
from nichiiki_browser import Page, find_browser, open_page
from nichiiki_models.texts import LANGUAGES, Lang

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><b>'"
FORMULA = '=HYPERLINK("http://x.example","pay")'
PRIVATE = ("household_id", "person_id")


@pytest.fixture(scope="module")
def result() -> nk.Result:
    return nk.allocate(nk.load("flagship"), policy="points")


def page_of(result: nk.Result, level: Level, lang: Lang = "ja", **changes: Any) -> str:
    assert result.allocation is not None
    instance = result.instance.replace(**changes) if changes else result.instance
    metrics = nk.evaluate(result.instance, result.allocation)
    return report_of(instance, result.allocation, violations=(), metrics=metrics, lang=lang, level=level)


def ids_of(instance: nk.Instance) -> set[str]:
    tables = (instance.households["household_id"], instance.persons["person_id"])
    return {each for column in tables for each in column.tolist()}


# ---- what the file holds


@pytest.mark.parametrize("lang", LANGUAGES)
def test_only_staff_see_the_ids_of_people(result: nk.Result, lang: Lang) -> None:
    ids = ids_of(result.instance)
    pages = {level: page_of(result, level, lang) for level in LEVELS}
    assert all(each in pages["staff"] for each in result.instance.households["household_id"].tolist())
    for level in ("council", "public"):
        assert [each for each in ids if each in pages[level]] == []
    assert 'id="placements"' in pages["council"]
    assert 'id="placements"' not in pages["public"]
    assert result.instance.hash in pages["public"]
    for column in ("income_class", "burden_yen", "budget_yen"):
        label = words(lang)(f"column.{column}")
        assert [level for level in LEVELS if f">{label}</th>" in pages[level]] == ["staff"]


def test_violations_with_their_households_are_for_staff(result: nk.Result) -> None:
    assert result.allocation is not None
    household = result.instance.households["household_id"].tolist()[0]
    broken = [nk.Violation(rule="budget", where=household, details={"value": 9, "limit": 5})]
    metrics = nk.evaluate(result.instance, result.allocation)
    for level in LEVELS:
        page = report_of(
            result.instance, result.allocation, violations=broken, metrics=metrics, lang="en", level=level
        )
        assert (household in page) is (level == "staff")
        assert "card bad" in page


def test_pseudonyms_hold_together_and_change_with_each_run(result: nk.Result) -> None:
    assert result.allocation is not None
    facts = Facts(result.instance, result.allocation)
    one, again, other = (pseudonymous(facts, key) for key in (b"k" * 32, b"k" * 32, None))
    assert (
        one.allocation.placements["household_id"].tolist()
        == again.allocation.placements["household_id"].tolist()
    )
    assert set(one.households) & set(other.households) == set()
    assert len(one.households) == len(facts.households)
    assert len(one.placements) == len(facts.placements)
    assert sorted(one.members.values()) == sorted(facts.members.values())
    ranks = [sorted(str(f.stay_rank(stay)) for stay in f.allocation.stays.rows()) for f in (one, facts)]
    assert ranks[0] == ranks[1]
    names = Pseudonyms(b"k" * 32).of(result.instance.households["household_id"], "H")
    order = [names[each] for each in sorted(names)]
    assert order != sorted(order)


@given(st.dictionaries(st.integers(0, 30), st.integers(1, 60), max_size=12), st.integers(0, 40))
def test_no_small_cell_is_shown(counts: dict[int, int], empty: int) -> None:
    hidden = hide_small(counts, len(counts) + empty)
    assert all(hidden.shown[key] == counts[key] >= LEAST for key in hidden.shown)
    rest = sum(counts.values()) - sum(hidden.shown.values())
    assert hidden.rest == (None if 0 < rest < LEAST else rest)
    assert rest == 0 or len(counts) + empty - len(hidden.shown) >= 2 or not hidden.shown


@pytest.mark.parametrize(("cells", "most", "least"), [(2, 14, 5), (3, 12, 4), (3, 14, 5), (4, 7, 3)])
def test_no_small_cell_can_be_worked_out(cells: int, most: int, least: int) -> None:
    """Try every table: two or more of those with the same published view differ in each cell that may be small."""
    worlds: dict[Any, list[tuple[int, ...]]] = defaultdict(list)
    for table in product(range(most + 1), repeat=cells):
        hidden = hide_small({at: count for at, count in enumerate(table) if count}, cells, least=least)
        worlds[tuple(sorted(hidden.shown.items())), hidden.rest].append(table)
    for (shown, rest), tables in worlds.items():
        # of a view with a larger rest not every table was tried
        if rest is None or 0 < rest <= most:
            for at in set(range(cells)) - set(dict(shown)):
                held = {table[at] for table in tables}
                assert len(held) >= 2 or min(held) >= least, (shown, rest)


def test_the_command_writes_each_level(run: Any, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("allocate", folder, "--policy", "points", "--out", out).exit_code == Exit.DONE
    for level in LEVELS:
        assert run("report", folder, out, "--level", level).exit_code == Exit.DONE
    assert {"report.html", "report-council.html", "report-public.html"} <= {
        path.name for path in out.iterdir()
    }
    assert run("allocate", folder, "--policy", "points", "--out", out).exit_code == Exit.DONE
    assert (
        run("report", folder, out, "--out", tmp_path / "a" / "b.html", "--lang", "ja").exit_code == Exit.DONE
    )
    assert '<html lang="ja">' in (tmp_path / "a" / "b.html").read_text("utf-8")
    assert run("report", folder, out, "--level", "press").exit_code == Exit.BAD_INPUT


# ---- in a browser


@pytest.fixture(scope="module")
def page(result: nk.Result, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Return the staff's report with hostile names, open in a browser."""
    browser = find_browser()
    if browser is None:
        pytest.skip("no Chromium on this machine: install it to use the report in a browser")
    folder = tmp_path_factory.mktemp("browser")
    given = result.instance
    hostile = {
        "regions": [row.model_copy(update={"name": row.name + HOSTILE}) for row in given.regions.rows()],
        "roles": [row.model_copy(update={"title": FORMULA}) for row in given.roles.rows()],
    }
    (folder / "report.html").write_text(page_of(result, "staff", "ja", **hostile), "utf-8")
    with open_page(browser, folder / "report.html", folder / "profile") as opened:
        yield opened


def visible(page: Page, table: str) -> int:
    found: int = page.run(f"document.querySelectorAll('{table} tbody tr[data-host]:not([hidden])').length")
    return found


def test_it_loads_without_an_error_and_asks_for_nothing(page: Page) -> None:
    assert page.log == []
    assert [url for url in page.requests if not url.startswith("file:")] == []
    assert "owned" not in page.run("document.title")
    assert page.run("document.images.length") == 0


def test_a_click_on_the_map_filters_the_tables(page: Page, result: nk.Result) -> None:
    assert result.allocation is not None
    every, calendar = visible(page, "#placements"), visible(page, "#calendar")
    host = str(result.allocation.stays["region_id"][0])
    expected = int((result.allocation.stays["region_id"] == host).sum())
    page.click(f"circle[data-region='{host}']")
    assert visible(page, "#placements") == expected < every
    assert 0 < visible(page, "#calendar") < calendar
    assert (
        page.run(f"document.querySelector(\"circle[data-region='{host}']\").getAttribute('aria-pressed')")
        == "true"
    )
    page.click("#all")
    assert (visible(page, "#placements"), visible(page, "#calendar")) == (every, calendar)


def test_words_filter_the_list(page: Page, result: nk.Result) -> None:
    assert result.allocation is not None
    household = str(result.allocation.placements["household_id"][0])
    page.run(
        f"(f => {{ f.value = '{household}'; f.dispatchEvent(new Event('input')); }})(document.getElementById('filter'))"
    )
    assert visible(page, "#placements") == 1
    page.click("#clear")
    assert visible(page, "#placements") == len(result.allocation.stays)


def test_the_map_works_from_the_keyboard(page: Page) -> None:
    every = visible(page, "#placements")
    page.run("document.querySelector('nav a:last-child').focus()")
    for _ in range(40):
        page.press("Tab")
        if page.run("document.activeElement.classList.contains('host')"):
            break
    assert page.run("document.activeElement.dataset.region")
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.press("Enter")
    assert 0 < visible(page, "#placements") < every
    page.press("Enter")
    assert visible(page, "#placements") == every


def test_a_long_list_shows_its_first_rows_and_all_on_demand_and_on_paper(page: Page) -> None:
    seen = "[...document.querySelectorAll('#refused tbody tr')].filter(r => r.offsetHeight).length"
    rows = page.run("document.querySelectorAll('#refused tbody tr').length")
    assert 0 < page.run(seen) < rows
    page.emulate_media("print")
    assert page.run(seen) == rows
    page.emulate_media("")
    page.click("#refused + button")
    assert page.run(seen) == rows
    assert page.run("document.querySelector('#refused + button').hidden")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out_of_the_window(page: Page, width: int) -> None:
    page.resize(width, 900)
    assert page.run("document.documentElement.scrollWidth") <= width
    page.resize(1280, 900)


def test_it_prints_on_pages(page: Page) -> None:
    printed = page.printed()
    assert printed.startswith(b"%PDF")
    pages = printed.count(b"/Type /Page") - printed.count(b"/Type /Pages")
    assert 3 <= pages <= 50
    (box,) = set(re.findall(rb"/MediaBox \[([\d. ]+)\]", printed))
    width, height = (float(number) for number in box.split()[2:])
    assert (round(width), round(height)) == (842, 595)  # A4 landscape in points


# ---- lists too long to lay out


@pytest.fixture
def long_page(result: nk.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """Return a report that lays out ten households of either list and keeps the others as data."""
    browser = find_browser()
    if browser is None:
        pytest.skip("no Chromium on this machine: install it to use the report in a browser")
    monkeypatch.setattr("nichiiki.report.page.MOST_ROWS", 10)
    given = result.instance
    regions = [row.model_copy(update={"name": row.name + HOSTILE}) for row in given.regions.rows()]
    (tmp_path / "report.html").write_text(page_of(result, "staff", "en", regions=regions), "utf-8")
    with open_page(browser, tmp_path / "report.html", tmp_path / "profile") as opened:
        yield opened


def test_rows_that_are_not_laid_out_are_found(long_page: Page, result: nk.Result) -> None:
    assert result.allocation is not None
    stays = result.allocation.stays
    seen = "[...document.querySelectorAll('#placements tbody tr')].filter(r => r.offsetHeight)"
    last = str(result.allocation.placements["household_id"][-1])
    long_page.run(
        f"(f => {{ f.value = '{last}'; f.dispatchEvent(new Event('input')); }})(document.getElementById('filter'))"
    )
    texts = long_page.run(f"{seen}.map(r => r.textContent)")
    assert len(texts) == int((stays["household_id"] == last).sum())
    assert all(
        last in text and str(stays["house_id"][stays["household_id"] == last][0]) in text for text in texts
    )
    long_page.click("#clear")
    host = str(stays["region_id"][0])
    long_page.click(f"circle[data-region='{host}']")
    long_page.run(
        "document.querySelector('#placements + button').click()"
    )  # all of the region, if it has many
    assert long_page.run(f"{seen}.length") == int((stays["region_id"] == host).sum())
    assert long_page.run("document.getElementById('shown').textContent") == (
        f"{int((stays['region_id'] == host).sum())} / {len(stays)}"
    )
    assert long_page.log == []
    assert "owned" not in long_page.run("document.title")
    assert long_page.run("document.images.length") == 0
