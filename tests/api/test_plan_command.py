"""``nichiiki plan``: both sides' files, the rounds, and who moves."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.cli.exits import Exit
from nichiiki.cli.plan import FARES, MOVES_FILE, PLAN_FILE
from nichiiki.cli.saving import OUTPUTS
from nichiiki.report.tariff_files import TARIFF_OUTPUTS
from nichiiki_models.rules import DemandRule
from nichiiki_tariff_small import riders, sold, tree


def folder_of(path: Path, budget: int) -> Path:
    """The town of tests/solver/pricing/test_plan.py: a pass lets a household live where it wants to."""
    line = tree(
        [2500, 100], costs=[1500, 0], demand=[riders(trips=2, value=1_000_000, name="rider")],
        products=[sold("flat", name="pass", links=("l0",), low=100, high=20_000)], rules=DemandRule(elasticity_percent=0),
    )  # fmt: skip
    at = {"lat": 35, "lon": 139, "capacity_persons": 2}
    instance = line.replace(
        households=[{"household_id": "hh1", "home_region": "h", "budget_yen": budget, "round_trips": 4.0}],
        houses=[
            {"house_id": f"house-{end}", "region_id": end, "rent_yen": rent, **at}
            for end, rent in (("d0", 20_000), ("d1", 1_000))
        ],
        choices=[
            {"household_id": "hh1", "list": "stay", "rank": rank, "target_kind": "house", "target_id": house}
            for rank, house in ((1, "house-d0"), (2, "house-d1"))
        ],
    )  # fmt: skip
    nk.write(instance, path)
    return path


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_writes_both_sides(run: Any, tmp_path: Path, lang: str) -> None:
    shown = run("plan", folder_of(tmp_path / "town", 30_000), "--out", tmp_path / "out", "--lang", lang)
    assert shown.exit_code == Exit.DONE, shown.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*OUTPUTS, PLAN_FILE, MOVES_FILE, FARES}
    assert {path.name for path in (tmp_path / "out" / FARES).iterdir()} == set(TARIFF_OUTPUTS)
    story = json.loads((tmp_path / "out" / PLAN_FILE).read_text("utf-8"))
    assert (story["reason"], story["prices"]) == ("PROVEN", {"pass": 9000})
    with (tmp_path / "out" / MOVES_FILE).open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.DictReader(stream)) == [
            {
                "household_id": "hh1",
                "before_house": "house-d1",
                "after_house": "house-d0",
                "needs_product": "yes",
            }
        ]
    assert "house-d1 → house-d0" in shown.stdout


def test_a_cycle_is_said(run: Any, tmp_path: Path) -> None:
    town = folder_of(tmp_path / "town", 27_000)
    shown = run("plan", town)
    assert shown.exit_code == Exit.DONE, shown.output
    assert "The states repeat" in shown.stdout
    assert json.loads(run("plan", town, "--json").stdout)["cycle"] == [1, 2]


def test_an_unknown_policy(run: Any, tmp_path: Path) -> None:
    shown = run("plan", folder_of(tmp_path / "town", 27_000), "--policy", "luck")
    assert shown.exit_code == Exit.BAD_INPUT
