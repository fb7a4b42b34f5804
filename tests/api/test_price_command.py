"""``nichiiki price``: files, words and exit codes."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.cli.exits import Exit
from nichiiki.report.tariff_files import TARIFF_OUTPUTS
from nichiiki_models.tables import Operator
from nichiiki_tariff_small import riders, sold, tree


def with_household(instance: nk.Instance) -> nk.Instance:
    """A file needs somebody to house."""
    return instance.replace(
        households=[{"household_id": "hh1", "home_region": "h", "budget_yen": 90_000, "round_trips": 1.0}],
        houses=[
            {
                "house_id": "ho1",
                "region_id": "d0",
                "lat": 35,
                "lon": 139,
                "capacity_persons": 2,
                "rent_yen": 10_000,
            }
        ],
        choices=[
            {"household_id": "hh1", "list": "stay", "rank": 1, "target_kind": "house", "target_id": "ho1"}
        ],
    )


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tariff") / "line"
    crowd = [riders(trips=n, value=4000, step=300, mass=5, name=f"q{n}") for n in (1, 3, 5)]
    products = [
        sold("flat", name="pass", low=500, high=9000, step=500),
        sold("percentage", name="back", links=("t",), percent_back=40),
    ]
    instance = tree(
        [700], trunk_yen=400, costs=[200], trunk_cost=100, trunk_seats=60, demand=crowd, products=products,
        operators=[Operator(operator_id="o")], operator="o",
    )  # fmt: skip
    nk.write(with_household(instance), folder)
    return folder


def test_prices_are_tied(run: Any, line: Path) -> None:
    shown = run("price", line, "--goal", "revenue", "--ratio", "pass=back:300", "--json")
    assert shown.exit_code == Exit.BAD_INPUT and "back" in shown.output, "the price of 'back' is given"
    for wrong in ("pass", "pass=back", "pass=back:x", "=back:3"):
        refused = run("price", line, "--ratio", wrong, "--lang", "en")
        assert refused.exit_code == Exit.BAD_INPUT and "PRODUCT=OTHER:PERCENT" in refused.output


def test_money_is_capped_for_a_head_and_a_town(run: Any, line: Path) -> None:
    asked = (
        "price",
        line,
        "--goal",
        "uptake",
        "--subsidy",
        "20000",
        "--baseline",
        "single-fares",
        "--lang",
        "en",
    )
    free = json.loads(run(*asked, "--json").stdout)
    capped = json.loads(run(*asked, "--town-cap", f"d0={free['subsidy_used_yen'] - 1}", "--json").stdout)
    assert capped["settings"]["town_caps_yen"] == {"d0": free["subsidy_used_yen"] - 1}
    assert sum(zone["figures"]["need_yen"] for zone in capped["zones"]) < free["subsidy_used_yen"]
    by_head = json.loads(run(*asked, "--per-head", "300", "--json").stdout)
    assert by_head["subsidy_used_yen"] * 1000 <= 300 * by_head["total"]["buyers"]
    for wrong in ("d0", "=5", "d0=x", "d0=-1"):
        refused = run(*asked, "--town-cap", wrong)
        assert refused.exit_code == Exit.BAD_INPUT and "REGION=YEN" in refused.output
    unknown = run(*asked, "--town-cap", "nowhere=5").output
    assert '--town-cap: "nowhere" is not known. Allowed: d0, h, m' in unknown


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_writes_everything(run: Any, line: Path, tmp_path: Path, lang: str) -> None:
    asked = ("--goal", "uptake", "--subsidy", "20000", "--baseline", "single-fares", "--compare", "pass")
    shown = run("price", line, *asked, "--out", tmp_path / "out", "--lang", lang)
    assert shown.exit_code == Exit.DONE, shown.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(TARIFF_OUTPUTS)
    tariff = nk.TariffResult.model_validate_json((tmp_path / "out" / "tariff.json").read_text("utf-8"))
    assert nk.verify_tariff(nk.read(line), tariff) == []
    with (tmp_path / "out" / "prices.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["product_id"]: row for row in csv.DictReader(stream)}
    assert {
        name: int(row["price_yen"]) if row["price_yen"] else None for name, row in rows.items()
    } == tariff.prices
    with (tmp_path / "out" / "settlement.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert {row["rule"] for row in csv.DictReader(stream)} >= {
            "by_fare",
            "products_by_holder",
            "products_by_flow",
        }
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert not re.search(r"https?://", page)
    for product in tariff.products:
        assert product.product_id in page
    with (tmp_path / "out" / "frontier.csv").open(encoding="utf-8-sig", newline="") as stream:
        answered = sum(row["buyers"] != "" for row in csv.DictReader(stream))
    assert page.count("<rect") == 2 * answered >= 4, "two bars for each budget with an answer"


def test_json_and_goals(run: Any, line: Path) -> None:
    for goal in ("break-even", "revenue", "welfare"):
        shown = run("price", line, "--goal", goal, "--json")
        assert shown.exit_code == Exit.DONE, shown.output
        assert json.loads(shown.stdout)["goal"] == goal.replace("-", "_")


def test_death_spiral_is_a_negative_answer(run: Any, tmp_path: Path) -> None:
    crowd = [riders(trips=1, value=100_000, mass=4, name="a"), riders(trips=3, value=100_000, name="b")]
    instance = tree([500], costs=[600], demand=crowd, products=[sold("flat", low=100, high=5000)])
    nk.write(with_household(instance), tmp_path / "line")
    shown = run("price", tmp_path / "line")
    assert shown.exit_code == Exit.NEGATIVE
    assert "a lump sum of 600 yen is the least that would help" in shown.stdout


def test_with_an_allocation(run: Any, line: Path, tmp_path: Path) -> None:
    instance = nk.load("flagship")
    allocation = nk.allocate(instance, policy="points").allocation
    assert allocation is not None
    (tmp_path / "allocation.json").write_text(allocation.model_dump_json(), "utf-8")
    shown = run(
        "price", "flagship", "--allocation", tmp_path / "allocation.json", "--goal", "revenue", "--json"
    )
    assert shown.exit_code == Exit.DONE, shown.output
    assert json.loads(shown.stdout)["allocation_hash"].startswith("sha256:")
    other = run("price", line, "--allocation", tmp_path / "allocation.json")
    assert other.exit_code == Exit.BAD_INPUT and "was allocated for another instance" in other.output


def test_what_cannot_be_used(run: Any, line: Path, tmp_path: Path) -> None:
    for words, said in (
        (("--goal", "fame"), "break-even"),
        (("--equity-yen", "5"), "give both or neither"),
        (
            ("--compare", "nothing", "--out", tmp_path / "x"),
            '--compare: "nothing" is not known. Allowed: back, pass',
        ),
    ):
        shown = run("price", line, *words)
        assert shown.exit_code == Exit.BAD_INPUT, shown.output
        assert said in shown.output


def test_frontier_never_falls(line: Path) -> None:
    budgets = [0, 5_000, 20_000, 100_000]
    points = nk.tariffs.frontier(nk.read(line), budgets_yen=budgets, baseline="single_fares")
    buyers = [point.buyers or 0 for point in points]
    assert buyers == sorted(buyers)
    assert all(point.used_yen <= point.subsidy_yen for point in points)
    for point in points:
        found = nk.price(nk.read(line), goal="uptake", baseline="single_fares", subsidy_yen=point.subsidy_yen)
        assert (found.total.buyers, found.prices) == (point.buyers or 0, point.prices)
        assert (found.total.riders, found.total.paid_yen) == (point.riders, point.paid_yen)


def test_kinds_on_the_same_people(line: Path) -> None:
    kinds = nk.tariffs.compare_products(nk.read(line), product_id="pass", goal="revenue", subsidy_yen=None)
    assert [*kinds] == ["flat", "capped", "percentage", "fixed_ride", "threshold"]
    assert len({tariff.without.riders for tariff in kinds.values()}) == 1
    assert all(tariff.products[0].kind == kind for kind, tariff in kinds.items())
