"""Running a batch: results whole, limits kept from outside, kills survived, nothing personal in log or store."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

import nichiiki as nk
from nichiiki.batch import Store, run_batch
from nichiiki.batch.child import Keeper
from nichiiki.batch.store import State
from nichiiki.cli import main
from nichiiki.cli.exits import Exit
from nichiiki.executing import LocalExecutor
from nichiiki_models.allocation import Allocation
from nichiiki_models.errors import UsageError

KILLS = 1000 if os.environ.get("NICHIIKI_FULL") else 1


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return written(tmp_path)


def written(folder: Path) -> Path:
    """A manifest of two jobs and its instance."""
    nk.write(nk.generate(households=8, seed=1), folder / "small.json")
    path = folder / "plan.toml"
    path.write_text(
        "[batch]\nworkers = 2\ntime_limit_s = 20\n"
        "[[runs]]\ninstances = ['small.json']\npolicies = ['points', 'welfare']\nseeds = [0]\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[State, int]]:
    """A batch that was run to its end, once for the tests that look at it, and what it said."""
    path = written(tmp_path_factory.mktemp("finished"))
    return path, run_batch(path)


@pytest.fixture
def done(finished: tuple[Path, dict[State, int]], tmp_path: Path) -> Path:
    """A copy of it that a test may go on with."""
    return copytree(finished[0].parent, tmp_path / "done") / finished[0].name


def test_every_job_leaves_whole_verified_results(finished: tuple[Path, dict[State, int]]) -> None:
    manifest, counts = finished
    assert counts == {"waiting": 0, "running": 0, "done": 2, "failed": 0, "withdrawn": 0}
    folder = manifest.with_name("plan.batch")
    instance = nk.read(manifest.with_name("small.json"))
    for record in Store(folder).records():
        result = folder / "results" / record.job.key
        allocation = Allocation.model_validate_json((result / "allocation.json").read_bytes())
        assert nk.verify(instance, allocation) == []
        expected = nk.allocate(instance, policy=record.job.policy, seed=record.job.seed)
        assert record.outcome["objective"] == expected.objective
        assert json.loads((result / "metrics.json").read_bytes())
    assert not list((folder / "work").iterdir()), "no leftovers"


@pytest.mark.slow  # the workers of a cluster leave the same: test_dask_executor.py
def test_an_executor_leaves_the_same_results(manifest: Path, tmp_path: Path) -> None:
    nk.write(nk.generate(households=4, seed=2), tmp_path / "other.json")
    words = manifest.read_text("utf-8").replace("['small.json']", "['small.json', 'other.json']")
    manifest.write_text(words, "utf-8")
    here = run_batch(manifest, out=tmp_path / "here")
    there = run_batch(manifest, out=tmp_path / "there", executor=lambda: LocalExecutor(2))
    assert here == there
    for mine, other in zip(
        Store(tmp_path / "here").records(), Store(tmp_path / "there").records(), strict=True
    ):
        assert (mine.job, mine.state, mine.outcome) == (other.job, other.state, other.outcome)
        for name in ("allocation.json", "metrics.json", "outcome.json", "job.json"):
            kept = [tmp_path / where / "results" / mine.job.key / name for where in ("here", "there")]
            assert without_time(kept[0]) == without_time(kept[1])


def without_time(file: Path) -> object:
    document = json.loads(file.read_bytes())
    document.pop("provenance", None)
    return document


@pytest.mark.slow  # the tests below say the same of this machine, those above of executors
def test_bad_input_and_limits_hold_on_an_executor(manifest: Path) -> None:
    nk.write(nk.generate(households=300, seed=1), manifest.with_name("large.json"))
    manifest.write_text(
        "[batch]\nworkers = 1\ntime_limit_s = 600\nwall_limit_s = 8\n"
        "[[runs]]\ninstances = ['large.json', 'small.json']\npolicies = ['welfare']\n",
        encoding="utf-8",
    )
    (folder := manifest.with_name("small.json")).write_text(
        folder.read_text("utf-8").replace('"household_id": "', '"household_id": "?', 1), "utf-8"
    )
    assert run_batch(manifest, executor=lambda: LocalExecutor(2))["failed"] == 2
    errors = [record.outcome for record in Store(manifest.with_name("plan.batch")).records()]
    assert errors == [{"error": "TIME_LIMIT"}, {"error": "InstanceError"}]


def test_a_begun_batch_is_not_begun_again_and_done_jobs_stay_done(done: Path) -> None:
    with pytest.raises(UsageError, match="batch resume"):
        run_batch(done)
    run_batch(done, resume=True)
    assert {record.attempts for record in Store(done.with_name("plan.batch")).records()} == {1}


def test_a_stopped_batch_goes_on(manifest: Path) -> None:
    asked = iter([False] * 3)
    counts = run_batch(manifest, should_stop=lambda: next(asked, True))
    assert counts["running"] == 0 and counts["waiting"] > 0
    assert run_batch(manifest, resume=True)["done"] == 2


def test_on_an_executor_jobs_under_way_are_stopped_and_wait_again(manifest: Path) -> None:
    counts = run_batch(manifest, should_stop=lambda: True, executor=lambda: LocalExecutor(2))
    assert (counts["waiting"], counts["running"], counts["done"]) == (2, 0, 0)
    asked = iter([False] * 3)
    counts = run_batch(
        manifest, resume=True, should_stop=lambda: next(asked, True), executor=lambda: LocalExecutor(2)
    )
    assert (counts["waiting"], counts["running"], counts["done"]) == (2, 0, 0)
    assert run_batch(manifest, resume=True, executor=lambda: LocalExecutor(2))["done"] == 2


def test_limits_hold_from_outside_and_the_best_answer_is_kept(manifest: Path) -> None:
    nk.write(nk.generate(households=300, seed=1), manifest.with_name("large.json"))
    manifest.write_text(
        "[batch]\nworkers = 1\ntime_limit_s = 600\nwall_limit_s = 15\n"
        "[[runs]]\ninstances = ['large.json']\npolicies = ['welfare']\n",
        encoding="utf-8",
    )
    assert run_batch(manifest)["failed"] == 1
    folder = manifest.with_name("plan.batch")
    record = Store(folder).records()[0]
    assert record.outcome == {"error": "TIME_LIMIT", "answer_kept": True}
    kept = Allocation.model_validate_json(
        (folder / "results" / record.job.key / "allocation.json").read_bytes()
    )
    assert nk.verify(nk.read(manifest.with_name("large.json")), kept) == []


def test_memory_is_limited_from_outside_and_a_failed_job_can_be_retried(manifest: Path) -> None:
    words = manifest.read_text(encoding="utf-8").replace("['points', 'welfare']", "['points']")
    manifest.write_text(words.replace("workers = 2", "workers = 2\nmemory_mb = 64"), encoding="utf-8")
    assert run_batch(manifest)["failed"] == 1
    errors = {record.outcome["error"] for record in Store(manifest.with_name("plan.batch")).records()}
    assert errors == {"MEMORY_LIMIT"}
    manifest.write_text(words, encoding="utf-8")
    assert run_batch(manifest, resume=True)["failed"] == 1, "resume leaves what failed"
    assert run_batch(manifest, retry=True)["done"] == 1


def test_bad_input_fails_its_job_alone_and_nothing_of_it_is_told(manifest: Path) -> None:
    canary = "canary-7f3a"
    document = json.loads(manifest.with_name("small.json").read_bytes())
    document["households"][0]["budget_yen"] = canary
    manifest.with_name("bad.json").write_text(json.dumps(document), encoding="utf-8")
    words = manifest.read_text(encoding="utf-8").replace("['small.json']", "['bad.json', 'small.json']")
    manifest.write_text(words.replace("['points', 'welfare']", "['points']"), encoding="utf-8")
    counts = run_batch(manifest)
    assert (counts["done"], counts["failed"]) == (1, 1)
    folder = manifest.with_name("plan.batch")
    assert {r.outcome["error"] for r in Store(folder).records() if r.state == "failed"} == {"InstanceError"}
    for path in folder.rglob("*"):
        assert not path.is_file() or canary.encode() not in path.read_bytes()


def test_the_log_holds_no_id_of_a_household(finished: tuple[Path, dict[State, int]]) -> None:
    manifest, _ = finished
    log = (manifest.with_name("plan.batch") / "log.jsonl").read_text(encoding="utf-8")
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert events[0] == "begun" and events[-1] == "ended" and events.count("job_done") == 2
    instance = nk.read(manifest.with_name("small.json"))
    assert not any(name in log for name in instance.households["household_id"].tolist())


def begin(manifest: Path) -> subprocess.Popen[bytes]:
    """Go on with a batch in a process of its own."""
    words = "import sys; from nichiiki.cli import main; sys.exit(main(sys.argv[1:]))"
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(
        [sys.executable, "-c", words, "batch", "resume", str(manifest)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.timeout(14_400)
def test_kills_at_any_moment_lose_nothing_and_do_nothing_twice(manifest: Path) -> None:
    draw = np.random.default_rng(7)
    folder = manifest.with_name("plan.batch")
    for kill in range(KILLS):
        process = begin(manifest)
        time.sleep(draw.uniform(0.0, 4.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (folder / "batch.sqlite").exists() and Store(folder).counts()["done"] >= 2:
            # all done: begin anew with other seeds, so that every kill hits a running batch
            words = manifest.read_text(encoding="utf-8")
            start = words.rindex("seeds")
            manifest.write_text(
                f"{words[:start]}seeds = [{2 * kill + 2}, {2 * kill + 3}]\n", encoding="utf-8"
            )
    process = begin(manifest)
    assert process.wait(timeout=120) == Exit.DONE
    records = Store(folder).records()
    assert sum(record.state == "done" for record in records) >= 2
    assert not any(record.state in ("running", "failed") for record in records)
    for record in records:
        if record.state == "done":
            result = folder / "results" / record.job.key
            Allocation.model_validate_json((result / "allocation.json").read_bytes())
            assert json.loads((result / "outcome.json").read_bytes()) == record.outcome


def test_answers_are_kept_whole_and_not_too_often(tmp_path: Path) -> None:
    instance = nk.generate(households=8, seed=1)
    allocation = nk.allocate(instance, policy="points").allocation
    assert allocation is not None
    keeper = Keeper(tmp_path)
    keeper(allocation)
    (tmp_path / "allocation.json").unlink()
    keeper(allocation)
    assert not (tmp_path / "allocation.json").exists(), "one was kept just now"
    keeper.keep(allocation)
    assert Allocation.model_validate_json((tmp_path / "allocation.json").read_bytes()) == allocation


def test_on_the_command_line(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "status", str(manifest), "--lang", "en"]) == Exit.BAD_INPUT
    assert "holds no batch" in capsys.readouterr().err
    assert main(["batch", "run", str(manifest), "--lang", "en"]) == Exit.DONE
    found = capsys.readouterr()
    assert "2 done" in found.out and "2/2 small.json" in found.err
    assert main(["batch", "status", str(manifest), "--json"]) == Exit.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["counts"]["done"] == 2 and len(document["jobs"]) == 2
    assert main(["batch", "status", str(manifest), "--lang", "ja"]) == Exit.DONE
    assert "完了2件" in capsys.readouterr().out
