"""Official answers and second opinions on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from nichiiki.cli.exits import Exit
from nichiiki_models.errors import CrossCheckError
from nichiiki_models.problems import make_problem
from nichiiki_oracle.random_instances import random_instance
from nichiiki_sample import sample
from nichiiki_solver import narrowing
from nichiiki_solver.allocating import allocate


def test_an_official_answer_is_said_to_be_one(run: Any, folder: Path) -> None:
    shown = run("allocate", str(folder), "--official", "--cross-check", "--lang", "en")
    assert shown.exit_code == Exit.DONE
    assert "it is proven to be the only one" in shown.output
    assert "confirmed 1 of 1 levels" in shown.output


def test_an_answer_that_is_not_official_says_so(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nichiiki

    def hurried(instance: Any, **asked: Any) -> Any:
        return allocate(instance, **asked).model_copy(update={"official": False})

    monkeypatch.setattr(nichiiki, "allocate", hurried)
    shown = run("allocate", str(folder), "--official", "--lang", "en")
    assert shown.exit_code == Exit.NEGATIVE
    assert "Not official" in shown.output


def test_a_disagreement_leaves_both_answers(
    run: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nichiiki

    first = next(
        a for a in (allocate(random_instance(seed)).allocation for seed in range(20)) if a is not None
    )

    def divided(*_: Any, **__: Any) -> None:
        names = {"argument": "cross_check", "value": 1, "other": 2, "level": "welfare"}
        raise CrossCheckError(make_problem("engines_value", **names), (first, first))

    monkeypatch.setattr(nichiiki, "allocate", divided)
    shown = run("allocate", str(folder), "--cross-check", "--out", str(tmp_path / "out"), "--lang", "en")
    assert shown.exit_code == Exit.NEGATIVE
    assert "Two engines do not agree: level welfare" in shown.output
    kept = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert kept == ["allocation-first.json", "allocation-second.json"]
    assert json.loads((tmp_path / "out" / kept[0]).read_text("utf-8"))["policy"] == "welfare"


def test_a_run_with_changes_says_what_its_locks_cost(run: Any, folder: Path, tmp_path: Path) -> None:
    last, new = tmp_path / "last", tmp_path / "new"
    assert run("allocate", folder, "--policy", "points", "--out", last).exit_code == Exit.DONE
    household = json.loads((last / "allocation.json").read_text("utf-8"))["placements"][0]["household_id"]
    locks = tmp_path / "locks.csv"
    locks.write_text(
        f"household_id,target_kind,target_id,effect,reason\n{household},placed,,never,withdrew\n"
    )
    with_both = ("--previous", last, "--locks", locks)
    shown = run("allocate", folder, *with_both, "--lock-prices", "--out", new)
    assert shown.exit_code == Exit.DONE
    assert "What each override costs" in shown.output
    assert "withdrew" in shown.output
    assert "proven" in shown.output
    assert run("verify", folder, new, *with_both).exit_code == Exit.DONE
    assert run("verify", folder, new).exit_code == Exit.NEGATIVE


@pytest.mark.parametrize(("lang", "words"), sample([("en", "houses were looked at"), ("ja", "戸と")], 2))
def test_a_narrowed_run_says_so_and_passes_its_check(
    run: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str, words: str
) -> None:
    monkeypatch.setattr(narrowing, "MOST_HOUSES", -1)
    out = tmp_path / "out"
    shown = run("allocate", folder, "--policy", "welfare", "--time-limit", "20", "--out", out, "--lang", lang)
    assert shown.exit_code == Exit.DONE, shown.output
    assert words in shown.output and str(narrowing.HOUSES) in shown.output
    assert run("verify", folder, out).exit_code == Exit.DONE
