"""Every command: what it prints, what it writes, how it ends."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
from nichiiki.cli.console import PLAIN
from nichiiki.cli.exits import Exit
from nichiiki.cli.group import COMMANDS
from nichiiki.cli.language import choose_language
from nichiiki.cli.progress import Watch
from nichiiki.outputs import AUDIT, OUTPUTS, PRICES
from nichiiki_sample import sample

JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")


@pytest.fixture(scope="module")
def outcome(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that `allocate` has written."""
    out = tmp_path_factory.mktemp("outcome") / "out"
    assert (
        call("allocate", folder, "--policy", "points", "--out", out, "--lang", "en").returncode == Exit.DONE
    )
    return out


def call(*words: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line as a process of its own."""
    command = [sys.executable, "-m", "nichiiki", *map(str, words)]
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        command, capture_output=True, env={**os.environ, "PYTHONPATH": paths, **environment}
    )


@pytest.mark.parametrize("name", ["", *COMMANDS])
@pytest.mark.parametrize("lang", ["ja", "en"])
def test_help_is_in_one_language(run: Any, name: str, lang: str) -> None:
    shown = run(*([name] if name else []), "--help", "--lang", lang)
    assert shown.exit_code == Exit.DONE
    assert bool(JAPANESE.search(shown.output)) == (lang == "ja")
    assert ("Options:" in shown.output) == (lang == "en")
    assert max(map(len, shown.output.splitlines())) <= 100


def test_no_words_shows_help(run: Any) -> None:
    assert run().output.startswith("Usage: nichiiki")


@pytest.mark.parametrize(
    ("words", "environment", "lang"),
    [
        (["--lang", "en"], {"LANG": "ja_JP.UTF-8"}, "en"),
        (["check", "x", "--lang=ja"], {}, "ja"),
        ([], {"LANG": "ja_JP.UTF-8"}, "ja"),
        ([], {"LC_ALL": "en_GB.UTF-8", "LANG": "ja_JP.UTF-8"}, "en"),
        (["--", "--lang", "ja"], {"LANG": "C"}, "en"),
    ],
)
def test_language(words: list[str], environment: dict[str, str], lang: str) -> None:
    assert choose_language(words, environment) == lang


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        (["frob"], "no such command"),
        (["check"], "instance is missing"),
        (["check", "a", "b"], "too many"),
        (["check", "a", "--frob"], "no option --frob"),
        (["check", "a", "--lang", "de"], "Allowed: ja, en"),
        (["check", "no/such/folder"], "Errors: 1. Warnings: 0."),
        (["allocate", "a", "--seed", "x"], "a whole number from 0"),
        (["allocate", "a", "--seed", "-1"], "a whole number from 0"),
        (["allocate", "a", "--time-limit", "0"], "above 0"),
        (["allocate", "a", "--time-limit", "1e400"], "above 0"),
        (["allocate", "a", "--time-limit", "nan"], "above 0"),
        (["allocate", "a", "--gap", "2"], "from 0 to 1"),
        (["allocate", "a", "--policy", "magic"], "Allowed: welfare, points"),
        (["generate", "--households", "0", "--out", "x"], "from 1 to"),
        (["generate"], "--out is missing"),
    ],
)
def test_bad_usage_is_said_in_words(run: Any, words: list[str], needle: str) -> None:
    shown = run(*words)
    assert shown.exit_code == Exit.BAD_INPUT
    assert needle.lower() in shown.stderr.lower()
    assert "Traceback" not in shown.output


@pytest.mark.parametrize(
    "words", [["frob"], ["check"], ["check", "a", "--frob"], ["allocate", "a", "--seed", "x"]]
)
def test_bad_usage_in_japanese(run: Any, words: list[str]) -> None:
    shown = run(*words, "--lang", "ja")
    assert shown.exit_code == Exit.BAD_INPUT
    assert all(JAPANESE.search(line) for line in shown.stderr.splitlines())


def test_check_of_a_good_folder(run: Any, folder: Path, small: nk.Instance) -> None:
    shown = run("check", folder)
    assert shown.exit_code == Exit.DONE
    assert small.hash in shown.stdout
    document = json.loads(run("check", folder, "--json").stdout)
    assert document["ok"] is True
    assert document["problems"] == []
    assert document["tables"]["households"] == 25


@pytest.fixture
def broken(folder: Path, tmp_path: Path) -> Path:
    """Return the small instance with three bad cells."""
    target = tmp_path / "broken"
    target.mkdir()
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    rows = list(csv.reader(io.StringIO((target / "households.csv").read_text("utf-8-sig"))))
    column = rows[0].index("budget_yen")
    for number, value in ((1, "-5"), (2, "lots"), (3, "")):
        rows[number][column] = value
    with (target / "households.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return target


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_check_names_every_bad_cell(run: Any, broken: Path, lang: str) -> None:
    shown = run("check", broken, "--lang", lang)
    assert shown.exit_code == Exit.BAD_INPUT
    lines = shown.stderr.splitlines()
    assert len([line for line in lines if "households.csv" in line and "budget_yen" in line]) == 3
    assert bool(JAPANESE.search(shown.stderr)) == (lang == "ja")
    assert "3" in lines[-1]


def test_check_json_and_csv_list_the_same(run: Any, broken: Path, tmp_path: Path) -> None:
    shown = run("check", broken, "--json", "--errors", tmp_path / "errors.csv")
    assert shown.exit_code == Exit.BAD_INPUT
    document = json.loads(shown.stdout)
    assert document["ok"] is False
    assert {"file", "line", "column", "value", "what", "allowed", "remedy"} <= set(document["problems"][0])
    listed = list(csv.DictReader(io.StringIO((tmp_path / "errors.csv").read_text("utf-8-sig"))))
    assert [row["what"].lstrip("'") for row in listed] == [
        problem["what"] for problem in document["problems"]
    ]


def test_allocate_refuses_a_broken_instance_without_a_traceback(
    run: Any, broken: Path, tmp_path: Path
) -> None:
    shown = run("allocate", broken, "--out", tmp_path / "out")
    assert shown.exit_code == Exit.BAD_INPUT
    assert "households.csv" in shown.stderr
    assert not (tmp_path / "out").exists()


def test_allocate_writes_every_file(outcome: Path) -> None:
    assert sorted(path.name for path in outcome.iterdir()) == sorted([*OUTPUTS, *AUDIT])
    rows = list(csv.DictReader(io.StringIO((outcome / "placements.csv").read_text("utf-8-sig"))))
    allocation = json.loads((outcome / "allocation.json").read_text("utf-8"))
    assert {row["household_id"] for row in rows} == {
        entry["household_id"] for entry in allocation["placements"]
    }
    assert json.loads((outcome / "metrics.json").read_text("utf-8"))["total"]["households"] == 25


def test_loads_stay_within_capacity(outcome: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((outcome / "loads.csv").read_text("utf-8-sig"))))
    assert [row for row in rows if row["capacity"] and int(row["used"]) > int(row["capacity"])] == []
    assert {row["rule"] for row in rows} >= {
        "house_units",
        "school_seats",
        "care_places",
        "desks",
        "role_max",
    }


def test_every_household_is_in_one_list(outcome: Path, small: nk.Instance) -> None:
    def households(name: str) -> set[str]:
        rows = csv.DictReader(io.StringIO((outcome / name).read_text("utf-8-sig")))
        return {row["household_id"] for row in rows}

    placed, unplaced = households("placements.csv"), households("unplaced.csv")
    assert placed | unplaced == set(small.households["household_id"].tolist())
    assert placed & unplaced == set()


def test_allocate_prints_json_for_machines(run: Any, folder: Path) -> None:
    shown = run("allocate", folder, "--policy", "points", "--json")
    assert shown.exit_code == Exit.DONE
    assert nk.Allocation.model_validate_json(shown.stdout).policy == "points"


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_policies_are_listed_with_what_they_promise(run: Any, lang: str) -> None:
    shown = run("policies", "--lang", lang)
    assert shown.exit_code == Exit.DONE
    assert bool(JAPANESE.search(shown.stdout)) == (lang == "ja")
    cards = json.loads(run("policies", "--json").stdout)["policies"]
    assert {card["name"] for card in cards} >= {"welfare", "points", "deferred_acceptance", "stable"}
    assert all(f" {card['name']} " in shown.stdout for card in cards)


def test_a_foreign_folder_is_refused(run: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    words = ("allocate", folder, "--policy", "points", "--out", tmp_path)
    refused = run(*words)
    assert refused.exit_code == Exit.BAD_INPUT
    assert "thesis.docx" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]
    assert run(*words, "--force").exit_code == Exit.DONE
    assert (tmp_path / "thesis.docx").read_text() == "mine"


def test_our_own_folder_is_written_again(run: Any, folder: Path, outcome: Path) -> None:
    assert run("allocate", folder, "--policy", "points", "--out", outcome).exit_code == Exit.DONE
    assert [path.name for path in outcome.iterdir() if path.name.startswith(".")] == []


def test_locks_bind_and_verify_knows_them(run: Any, folder: Path, outcome: Path, tmp_path: Path) -> None:
    placed = json.loads((outcome / "allocation.json").read_text("utf-8"))["placements"][0]["household_id"]
    locks = tmp_path / "locks.csv"
    locks.write_text(
        f"household_id,target_kind,target_id,effect,reason\n{placed},placed,,never,withdrew\n", "utf-8"
    )
    out = tmp_path / "out"
    assert (
        run("allocate", folder, "--policy", "points", "--locks", locks, "--out", out).exit_code == Exit.DONE
    )
    again = json.loads((out / "allocation.json").read_text("utf-8"))["placements"]
    assert placed not in {entry["household_id"] for entry in again}
    assert run("verify", folder, out, "--locks", locks).exit_code == Exit.DONE
    assert run("verify", folder, out).exit_code == Exit.NEGATIVE


def test_bad_locks_are_problems_of_their_file(run: Any, folder: Path, tmp_path: Path) -> None:
    locks = tmp_path / "locks.csv"
    locks.write_text("household_id,target_kind,target_id,effect,reason\nnobody,placed,,never,x\n", "utf-8")
    shown = run("allocate", folder, "--locks", locks)
    assert shown.exit_code == Exit.BAD_INPUT
    assert "locks.csv" in shown.stderr
    assert "nobody" in shown.stderr


def test_verify_passes_what_allocate_wrote(run: Any, folder: Path, outcome: Path) -> None:
    assert "0 violations" in run("verify", folder, outcome).stdout
    assert json.loads(run("verify", folder, outcome / "allocation.json", "--json").stdout) == {
        "ok": True,
        "violations": [],
    }


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_verify_finds_a_false_claim(run: Any, folder: Path, outcome: Path, tmp_path: Path, lang: str) -> None:
    document = json.loads((outcome / "allocation.json").read_text("utf-8"))
    document["placements"][0]["cost_yen"] += 1
    false = tmp_path / "allocation.json"
    false.write_text(json.dumps(document), "utf-8")
    shown = run("verify", folder, false, "--lang", lang)
    assert shown.exit_code == Exit.NEGATIVE
    assert document["placements"][0]["household_id"] in shown.stdout
    assert json.loads(run("verify", folder, false, "--json").stdout)["ok"] is False


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("[]", "one object"),
        ("{}", 'column "instance_hash": This is no allocation'),
        ('{"format": "other"}', 'column "format": This is no allocation'),
        ('{"placements": [1], "unplaced": []}', "[placements], entry 1: This is no allocation"),
        ("\xff", "UTF-8"),
    ],
)
def test_what_is_no_allocation_is_refused(
    run: Any, folder: Path, tmp_path: Path, content: str, words: str
) -> None:
    file = tmp_path / "allocation.json"
    file.write_text(content, "latin-1")
    shown = run("verify", folder, file)
    assert shown.exit_code == Exit.BAD_INPUT
    assert words in shown.stderr


def test_generate_and_convert_keep_the_content(run: Any, tmp_path: Path) -> None:
    made = run("generate", "--households", "25", "--seed", "3", "--out", tmp_path / "made", "--headers", "ja")
    assert made.exit_code == Exit.DONE
    assert run("convert", tmp_path / "made", tmp_path / "made.xlsx").exit_code == Exit.DONE
    assert run("convert", tmp_path / "made.xlsx", tmp_path / "made.json").exit_code == Exit.DONE
    assert nk.read(tmp_path / "made.json").hash == nk.generate(households=25, seed=3).hash


def test_generate_draws_from_a_table_of_municipalities(run: Any, tmp_path: Path) -> None:
    table = tmp_path / "towns.csv"
    table.write_text(
        "code6,name,pref_code,lat,lon,pop_2020\n131016,Tokyo,13,35.69,139.69,9000000\n"
        "204854,Hakuba,20,36.70,137.86,8000\n204862,Otari,20,36.78,137.91,2500\n",
        "utf-8",
    )
    made = run("generate", "--households", "9", "--municipalities", table, "--out", tmp_path / "made.json")
    assert made.exit_code == Exit.DONE
    assert set(nk.read(tmp_path / "made.json").houses["region_id"].tolist()) == {"R204854", "R204862"}


def test_too_little_memory_is_said(
    run: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starve(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(nk, "allocate", starve)
    shown = run("allocate", folder, "--out", tmp_path / "out")
    assert shown.exit_code == Exit.BAD_INPUT
    assert "More memory" in shown.stderr
    assert not (tmp_path / "out").exists()


def test_an_impossible_instance_is_a_negative_answer(
    run: Any, folder: Path, small: nk.Instance, tmp_path: Path
) -> None:
    # nobody without a place in any policy can be made to have one by an override alone
    ids = small.households["household_id"].tolist()
    locks = tmp_path / "locks.csv"
    lines = [f"{household},placed,,must,test" for household in ids]
    locks.write_text("household_id,target_kind,target_id,effect,reason\n" + "\n".join(lines), "utf-8")
    shown = run("allocate", folder, "--locks", locks, "--policy", "points", "--out", tmp_path / "out")
    assert shown.exit_code == Exit.NEGATIVE
    assert "Impossible" in shown.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "encoding"),
    sample(
        product(
            [["--help"], ["allocate", "FOLDER", "--policy", "points"], ["check", "no/such"]],
            ["ascii:strict", "cp932:strict"],
        ),
        3,
    ),
)
def test_a_narrow_console_breaks_nothing(folder: Path, words: list[str], encoding: str) -> None:
    shown = call(
        *[str(folder) if word == "FOLDER" else word for word in words],
        "--lang",
        "ja",
        PYTHONIOENCODING=encoding,
    )
    assert shown.returncode in (Exit.DONE, Exit.BAD_INPUT)
    assert b"Traceback" not in shown.stderr
    assert b"UnicodeEncodeError" not in shown.stderr


def test_plain_signs_fit_cp932() -> None:
    for sign in PLAIN.values():
        sign.encode("cp932")


def test_an_interrupted_run_saves_its_best_answer(
    run: Any, folder: Path, small_result: nk.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = small_result.model_copy(update={"reason": nk.StopReason.INTERRUPTED})
    monkeypatch.setattr(nk, "allocate", lambda *_, **__: stopped)
    shown = run("allocate", folder, "--out", tmp_path / "out")
    assert shown.exit_code == Exit.INTERRUPTED
    assert "best answer" in shown.stderr
    assert (tmp_path / "out" / "allocation.json").exists()


def test_an_interrupt_without_an_answer_says_so(
    run: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(nk, "allocate", interrupted)
    shown = run("allocate", folder, "--out", tmp_path / "out")
    assert shown.exit_code == Exit.INTERRUPTED
    assert "Nothing was saved" in shown.stderr


@pytest.mark.slow
def test_ctrl_c_ends_a_real_run_with_its_best_answer(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Press it as soon as there is an answer that is not proven."""
    nk.write(nk.generate(households=200, seed=5), tmp_path / "instance")

    def press(watch: Watch, progress: Any) -> None:
        if progress.objective is not None and progress.objective != progress.bound and not watch.stopped:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Watch, "__call__", press)
    shown = run("allocate", tmp_path / "instance", "--time-limit", "200", "--out", tmp_path / "out")
    assert shown.exit_code == Exit.INTERRUPTED, shown.output
    allocation = json.loads((tmp_path / "out" / "allocation.json").read_text("utf-8"))
    assert allocation["reason"] == "INTERRUPTED"
    assert allocation["placements"]


def test_progress_without_a_terminal_is_plain_lines(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from nichiiki.cli import progress
    from nichiiki.cli.console import Screen
    from nichiiki_solver.policies.registry import Progress

    monkeypatch.setattr(progress, "PLAIN_EVERY_S", 0.0)
    with Watch(Screen("en"), households=1200, time_limit_s=60) as watch:
        assert "preparing" in watch.line()
        watch(Progress("welfare", 990, 1000, 1.0))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "1,200 households, level welfare: objective 990, bound 1,000, gap 1.0 %" in shown.err
    watch.time_limit_s = 0.0
    assert watch.line().endswith("time is up, the answer is put together and checked")


def test_a_second_ctrl_c_ends_at_once(capsys: Any) -> None:
    from nichiiki.cli.console import Screen

    with Watch(Screen("en"), households=1, time_limit_s=60) as watch:
        signal.raise_signal(signal.SIGINT)
        assert watch.should_stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert "best answer" in capsys.readouterr().err


def test_explain_says_why_and_confirms_it(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("allocate", "flagship", "--policy", "points", "--out", str(out)).exit_code == 0
    for lang, word in (("ja", "かなわなかった希望"), ("en", "Wishes that did not come true")):
        shown = run("explain", "flagship", str(out), "hh001", "hh002", "--check", "--lang", lang)
        assert shown.exit_code == 0
        assert word in shown.stdout
    reasons = json.loads(run("explain", "flagship", str(out), "hh001", "--json").stdout)["reasons"]
    assert reasons
    assert {each["household_id"] for each in reasons} == {"hh001"}
    assert all(each["sentence_ja"] and each["sentence_en"] for each in reasons)
    assert run("explain", "flagship", str(out), "nobody").exit_code == 2


def test_allocate_says_which_overrides_clash(run: Any, tmp_path: Path) -> None:
    locks = tmp_path / "locks.csv"
    rows = ("household_id,target_kind,target_id,effect,reason", "hh001,placed,,must,promised")
    locks.write_text("\n".join(rows) + "\nhh001,house,h-oto-1,must,promised\n", "utf-8")
    shown = run("allocate", "flagship", "--policy", "points", "--locks", str(locks), "--lang", "en")
    assert shown.exit_code == 1
    assert "household hh001 must have h-oto-1 (reason given: promised)" in shown.stderr
    assert "give up" in shown.stderr


def test_fit_keeps_its_prices(run: Any, tmp_path: Path) -> None:
    out, prices = tmp_path / "out", tmp_path / "prices.json"
    assert run("allocate", "flagship", "--policy", "points", "--out", str(out)).exit_code == 0
    first = run("fit", "flagship", str(out), "hh003", "--prices", str(prices), "--json")
    again = run("fit", "flagship", str(out), "hh003", "--prices", str(prices), "--json")
    assert first.exit_code == again.exit_code == 0
    assert json.loads(first.stdout) == json.loads(again.stdout)
    assert json.loads(first.stdout)["places"]
    assert (
        "h-yumoto"
        in run("fit", "flagship", str(out), "hh003", "--prices", str(prices), "--lang", "ja").stdout
    )
    (out / PRICES).write_bytes(prices.read_bytes())
    with pytest.MonkeyPatch.context() as patch:  # the prices beside the result are enough: nothing is solved
        patch.setattr("nichiiki_solver.fitting.find_prices", None)
        beside = run("fit", "flagship", str(out), "hh003", "--json")
    assert json.loads(beside.stdout) == json.loads(first.stdout)
    prices.write_text("[1]", "utf-8")
    assert run("fit", "flagship", str(out), "hh003", "--prices", str(prices)).exit_code == 2


def test_fit_writes_prices_beside_a_result_that_has_none(run: Any, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("allocate", folder, "--policy", "points", "--out", out).exit_code == 0
    placed = json.loads((out / "allocation.json").read_text("utf-8"))["placements"][0]["household_id"]
    assert run("fit", folder, out, placed).exit_code == 0
    assert isinstance(json.loads((out / PRICES).read_text("utf-8")), list)
    assert run("allocate", folder, "--policy", "points", "--out", out).exit_code == 0
