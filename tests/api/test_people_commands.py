"""The commands alone and evacuation: what the library says, on the terminal and as JSON."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.cli.exits import Exit


@pytest.fixture(scope="module")
def done(small_result: nk.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("done") / "allocation.json"
    assert small_result.allocation is not None
    path.write_text(small_result.allocation.model_dump_json(), "utf-8")
    return path


def test_alone_says_what_each_town_loses(run: Any, folder: Path, small: nk.Instance) -> None:
    shown = run("alone", folder, "--policy", "points", "--json")
    assert shown.exit_code == Exit.DONE
    listed, known = json.loads(shown.output), nk.alone(small, policy="points")
    assert listed["towns"] == [asdict(town) for town in known.towns]
    assert listed["lost"] == known.lost == sum(town["lost"] for town in listed["towns"])


@pytest.mark.parametrize(("lang", "word"), [("en", "hosted together"), ("ja", "全体での受入れ")])
def test_alone_in_both_languages(run: Any, folder: Path, lang: str, word: str) -> None:
    shown = run("alone", folder, "--policy", "points", "--lang", lang)
    assert shown.exit_code == Exit.DONE
    assert word in shown.output


def test_alone_refuses_an_unknown_policy(run: Any, folder: Path) -> None:
    assert run("alone", folder, "--policy", "chance").exit_code == Exit.BAD_INPUT


def test_evacuation_counts_everybody(run: Any, folder: Path, small: nk.Instance, done: Path) -> None:
    home, period = str(small.households["home_region"][0]), str(small.periods["period_id"][0])
    shown = run("evacuation", folder, done, "--region", home, "--period", period, "--json")
    (failure,) = json.loads(shown.output)["failures"]
    assert (failure["region_id"], failure["period_id"]) == (home, period)
    at_home = small.households["household_id"][small.households["home_region"] == home].tolist()
    assert failure["persons"] == int(sum(small.persons["household_id"] == name for name in at_home).sum())
    assert failure["persons"] == failure["own_base"] + failure["sheltered"] + failure["uncovered"]


@pytest.mark.parametrize(("lang", "word"), [("en", "uncovered"), ("ja", "行き先なし")])
def test_evacuation_in_both_languages(run: Any, folder: Path, done: Path, lang: str, word: str) -> None:
    shown = run("evacuation", folder, done, "--lang", lang)
    assert shown.exit_code == Exit.DONE
    assert word in shown.output


def test_evacuation_refuses_a_region_that_is_not_there(run: Any, folder: Path, done: Path) -> None:
    shown = run("evacuation", folder, done, "--region", "atlantis")
    assert shown.exit_code == Exit.BAD_INPUT
    assert "atlantis" in shown.output
