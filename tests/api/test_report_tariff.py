"""The fares of an allocation inside its report: found beside it, refused if they are another's, short for the public."""

import csv
import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.cli import main
from nichiiki.cli.exits import Exit
from nichiiki.outputs import contents
from nichiiki.report.tariff_section import compared
from nichiiki_tariff_small import riders, sold, tree


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an instance of a household, a house and a pass."""
    given = tree(
        [700],
        trunk_yen=400,
        costs=[200],
        trunk_cost=100,
        demand=[riders(trips=3, value=4000, step=300, mass=5)],
        products=[sold("flat", name="pass", low=500, high=9000, step=500)],
    )
    house = {"house_id": "ho1", "region_id": "d0", "lat": 35, "lon": 139, "capacity_persons": 2}
    instance = given.replace(
        households=[{"household_id": "hh1", "home_region": "h", "budget_yen": 90_000, "round_trips": 1.0}],
        houses=[{**house, "rent_yen": 10_000}],
        choices=[
            {"household_id": "hh1", "list": "stay", "rank": 1, "target_kind": "house", "target_id": "ho1"}
        ],
    )
    path = tmp_path_factory.mktemp("town") / "town"
    nk.write(instance, path)
    return path


@pytest.fixture(scope="module")
def priced(town: Path) -> Path:
    """Return a folder with an allocation and, below it, its fares."""
    folder = town.with_name("out")
    asked = ("--goal", "uptake", "--subsidy", "20000", "--baseline", "single-fares", "--lang", "en")
    for words in (
        ("allocate", town, "--policy", "points", "--out", folder, "--lang", "en"),
        ("price", town, "--allocation", folder, *asked, "--out", folder / "fares"),
    ):
        assert main([str(word) for word in words]) == Exit.DONE
    return folder


@pytest.fixture
def out(priced: Path, tmp_path: Path) -> Path:
    """Return a copy of it that a test may write to."""
    return copytree(priced, tmp_path / "out")


def test_fares_beside_an_allocation_are_in_its_report(run: Any, town: Path, out: Path) -> None:
    assert 'id="tariff"' not in (out / "report.html").read_text("utf-8")
    assert run("report", town, out).exit_code == Exit.DONE
    page = (out / "report.html").read_text("utf-8")
    tariff = nk.TariffResult.model_validate_json((out / "fares" / "tariff.json").read_bytes())
    assert 'id="tariff"' in page
    assert f"{tariff.prices['pass']:,}" in page
    for line in compared(tariff):
        assert f">{line.without}</td>" in page
        assert f">{line.with_products}</td>" in page


@pytest.mark.parametrize("price", [500, 2199, 2200, None])
def test_the_cost_table_sets_a_pass_beside_single_fares(town: Path, out: Path, price: int | None) -> None:
    """A round trip at 1,100 yen each way costs 2,200 yen a month; the rent is 10,000 yen."""
    tariff = nk.TariffResult.model_validate_json((out / "fares" / "tariff.json").read_bytes())
    products = tuple(
        row.model_copy(update={"price_yen": price or 0, "offered": price is not None})
        for row in tariff.products
    )
    instance = nk.read(town)
    allocation = nk.Allocation.model_validate_json((out / "allocation.json").read_bytes())
    made = dict(contents(instance, allocation, [], "en", tariff.model_copy(update={"products": products})))
    (row,) = csv.DictReader(made["costs.csv"].decode("utf-8-sig").splitlines())
    is_cheaper = price is not None and price < 2200
    after = 10_000 + (price if is_cheaper and price else 2200)
    figures = (row["before_yen"], row["after_yen"], row["saved_yen"], row["pass_yen"])
    assert figures == ("12200", str(after), str(12_200 - after), str(price) if is_cheaper else "")
    shown = made["report.html"].decode()
    for yen in (12_200, after, 12_200 - after):
        assert f'<td class="n">{yen:,}</td>' in shown


def test_the_public_sees_prices_and_no_buyers(run: Any, town: Path, out: Path) -> None:
    assert run("report", town, out, "--level", "public").exit_code == Exit.DONE
    section = (out / "report-public.html").read_text("utf-8").split('<section id="tariff">')[1]
    section = section.split("</section>")[0]
    tariff = nk.TariffResult.model_validate_json((out / "fares" / "tariff.json").read_bytes())
    buyers = f"{tariff.total.buyers / 1000:,.1f}"
    assert f"{tariff.prices['pass']:,}" in section
    assert tariff.total.buyers
    assert f">{buyers}<" not in section


def test_fares_of_another_allocation_are_passed_over_or_refused(run: Any, town: Path, out: Path) -> None:
    path = out / "fares" / "tariff.json"
    document = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**document, "allocation_hash": "sha256:0"}), "utf-8")
    assert run("report", town, out).exit_code == Exit.DONE
    assert 'id="tariff"' not in (out / "report.html").read_text("utf-8")
    named = run("report", town, out, "--tariff", path)
    assert named.exit_code == Exit.BAD_INPUT
    assert "another allocation" in named.output
    broken = out / "broken.json"
    broken.write_text('{"format": "nichiiki-tariff/1"}', "utf-8")
    refused = run("report", town, out, "--tariff", broken)
    assert refused.exit_code == Exit.BAD_INPUT
    assert "instance_hash" in refused.output


def test_the_differences_are_those_of_the_tariff(out: Path) -> None:
    tariff = nk.TariffResult.model_validate_json((out / "fares" / "tariff.json").read_bytes())
    lines = {line.key: line for line in compared(tariff)}
    assert lines["buyers"].without == "0.0"
    assert lines["need_yen"].change == f"{tariff.total.need_yen - tariff.without.need_yen:+,}"
    trips = [f.trips_existing + f.trips_induced + f.trips_new for f in (tariff.without, tariff.total)]
    assert lines["trips"].change == f"{(trips[1] - trips[0]) / 1000:+,.1f}"
