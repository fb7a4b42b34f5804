"""Faults of the machine under a batch: a full disk, a folder that nobody may write to, a clock that jumps, two at once."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import nichiiki as nk
from nichiiki.batch import Store, run_batch
from nichiiki.cli import main
from nichiiki.cli.exits import Exit
from nichiiki_models.allocation import Allocation

DEVICE_SIZE = "400k"
FULL = os.environ.get("NICHIIKI_FULL") == "1"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    nk.write(nk.generate(households=8, seed=1), tmp_path / "small.json")
    path = tmp_path / "plan.toml"
    path.write_text(
        "[batch]\nworkers = 2\ntime_limit_s = 20\n"
        "[[runs]]\ninstances = ['small.json']\npolicies = ['points']\nseeds = [0, 1, 2, 3]\n",
        encoding="utf-8",
    )
    return path


def with_jobs(manifest: Path, count: int) -> None:
    """Have the batch do the first jobs only."""
    words = manifest.read_text("utf-8").replace("[0, 1, 2, 3]", str(list(range(count))))
    manifest.write_text(words, "utf-8")


@contextmanager
def device(folder: Path, *options: str) -> Iterator[Path]:
    """Mount a small disk of its own on a folder."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(words, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("needs the right to mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607 - where it lies differs


def whole(folder: Path) -> int:
    """Count the results of a batch, each of which must be whole."""
    results = folder / "results"
    found = list(results.iterdir()) if results.is_dir() else []
    for result in found:
        Allocation.model_validate_json((result / "allocation.json").read_bytes())
        assert "error" not in json.loads((result / "outcome.json").read_bytes())
    return len(found)


def test_a_full_disk_stops_a_batch_in_words_and_it_goes_on_when_there_is_room(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = 4 if FULL else 2
    with_jobs(manifest, jobs)
    with device(tmp_path / "disk", f"size={DEVICE_SIZE}") as disk:
        filler = disk / "filler"
        words = ["batch", "{}", str(manifest), "--out", str(disk / "batch"), "--lang", "en"]
        for free in (0, 8_192, 40_960, 90_112) if FULL else (0, 40_960):
            stat = os.statvfs(disk)
            with filler.open("ab") as stream:
                stream.write(b"x" * max(0, stat.f_bavail * stat.f_frsize - free))
            code = main([words[0], "resume", *words[2:]])
            said = capsys.readouterr().err
            assert "Traceback" not in said
            if code != Exit.DONE:
                assert said.strip()
            whole_or_failed(disk / "batch")
            filler.unlink()
        assert main([words[0], "retry", *words[2:]]) == Exit.DONE
        assert whole(disk / "batch") == jobs


def whole_or_failed(folder: Path) -> None:
    """Every job that the store calls done has whole results."""
    try:
        records = Store(folder).records()
    except nk.FileError:
        return  # there was not even room for the store
    for record in records:
        if record.state == "done":
            result = folder / "results" / record.job.key
            Allocation.model_validate_json((result / "allocation.json").read_bytes())


def test_a_read_only_folder_is_named(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with device(tmp_path / "disk", "ro") as disk:
        assert (
            main(["batch", "run", str(manifest), "--out", str(disk / "batch"), "--lang", "en"])
            == Exit.BAD_INPUT
        )
        said = capsys.readouterr().err
        assert "batch" in said and "Traceback" not in said
        assert main(
            [
                "allocate",
                str(manifest.with_name("small.json")),
                "--policy",
                "points",
                "--out",
                str(disk / "o"),
            ]
        )
        assert "Traceback" not in capsys.readouterr().err


def test_a_clock_that_jumps_changes_nothing(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true, calls = time.time, iter(range(10**9))
    with_jobs(manifest, 2)
    monkeypatch.setattr(time, "time", lambda: true() + (1 if next(calls) % 2 else -1) * 3e7)
    assert run_batch(manifest)["done"] == 2
    for record in Store(manifest.with_name("plan.batch")).records():
        assert record.attempts == 1
        assert record.seconds is not None and 0 <= record.seconds < 300


def test_two_at_once_share_the_work(manifest: Path) -> None:
    run = "import sys; from nichiiki.cli import main; sys.exit(main(sys.argv[1:]))"
    path = os.pathsep.join(entry for entry in sys.path if entry)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", run, "batch", "resume", str(manifest)],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=200)[1].decode() for process in both]
    assert [process.returncode for process in both] == [Exit.DONE, Exit.DONE], said
    records = Store(manifest.with_name("plan.batch")).records()
    assert [(record.state, record.attempts) for record in records] == [("done", 1)] * 4
    assert whole(manifest.with_name("plan.batch")) == 4
