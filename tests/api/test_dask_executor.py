"""Runs on a real scheduler with two workers on this machine: the same rows as local processes, lost workers survived."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import nichiiki as nk
from nichiiki.cli import main
from nichiiki.comparing import Row
from nichiiki.dask_executor import DaskExecutor
from nichiiki.executing import Task
from nichiiki.helping import ProcessHelpers
from nichiiki_models.errors import UsageError
from nichiiki_tasks import crash_in_a_helper, held_number, length, sleep

distributed = pytest.importorskip(
    "distributed", reason="comes with the extra test: pip install 'nichiiki[test]'"
)
TINY = {"households": 6, "houses": 4, "hosts": 1, "roles": 2, "periods": 3}
SCRIPT = Path(__file__).parents[2] / "examples" / "cluster" / "start.py"
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(sys.path),
    "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "False",
}


def worker(address: str) -> subprocess.Popen[bytes]:
    words = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_worker", address, *words],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A scheduler on loopback with two workers, started by the script of the examples."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "--port", "0", "--workers", "2"],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=90)
        yield address
    finally:
        process.communicate()  # its input ends, and it ends its processes


def without_time(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "seconds"}


@pytest.mark.slow  # the batch below compares whole results
def test_rows_are_those_of_local_processes(scheduler: str, tmp_path: Path) -> None:
    instances = [nk.generate(**TINY, seed=1)]  # type: ignore[arg-type]
    how = {"policies": ["lottery"], "seeds": range(1), "time_limit_s": 20.0}
    local = nk.compare(instances, **how)  # type: ignore[arg-type]
    there = nk.compare(instances, executor=DaskExecutor(scheduler), out=tmp_path, **how)  # type: ignore[arg-type]
    assert [without_time(row) for row in there.rows] == [without_time(row) for row in local.rows]
    assert (tmp_path / "runs.csv").read_text("utf-8") == there.csv()


def test_the_command_line_takes_a_scheduler(scheduler: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "compare",
        "flagship",
        "--policies",
        "points",
        "--time-limit",
        "20",
        "--scheduler",
        scheduler,
        "--json",
    ]
    assert main(["--lang", "en", *words]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["policy"], row["status"]) == ("points", "FEASIBLE")


def test_a_batch_leaves_the_results_of_this_machine(scheduler: str, tmp_path: Path) -> None:
    nk.write(nk.generate(**TINY, seed=1), tmp_path / "small.json")  # type: ignore[arg-type]
    manifest = tmp_path / "plan.toml"
    manifest.write_text(
        "[[runs]]\ninstances = ['small.json']\npolicies = ['points']\nseeds = [0, 1]\n", "utf-8"
    )
    assert main(["batch", "run", str(manifest), "--out", str(tmp_path / "here")]) == 0
    assert (
        main(["batch", "run", str(manifest), "--scheduler", scheduler, "--out", str(tmp_path / "there")]) == 0
    )
    kept = [
        sorted((path.parent.name, path.name, path.read_bytes()) for path in folder.glob("results/*/*"))
        for folder in (tmp_path / "here", tmp_path / "there")
    ]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 2 * 4


def test_what_a_lost_worker_had_is_done_by_another(scheduler: str, tmp_path: Path) -> None:
    executor = DaskExecutor(scheduler)
    extra = worker(scheduler)
    try:
        executor.client.wait_for_workers(3, timeout=60)
        for number in range(3):
            executor.submit(Task(str(number), held_number, (number, tmp_path), limit_s=60))
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(lambda: list(executor.iterate()))
            wait_for_begun(tmp_path, 3)
            extra.kill()
            (tmp_path / "go").touch()
            found = {each.key: (each.value, each.error) for each in done.result(timeout=60)}
    finally:
        (tmp_path / "go").touch()
        extra.kill()
        extra.wait()
    assert found == {str(number): (number, None) for number in range(3)}
    assert len(list(tmp_path.glob("begun-*"))) == 4


def wait_for_begun(folder: Path, starts: int) -> None:
    """Wait until tasks were begun that often: with three workers of one thread each, three times is once on each worker."""
    deadline = time.monotonic() + 60
    while len(list(folder.glob("begun-*"))) < starts:
        assert time.monotonic() < deadline, f"not begun {starts} times: {sorted(folder.iterdir())}"
        time.sleep(0.05)


def test_blocks_are_placed_by_its_workers(scheduler: str) -> None:
    helpers = ProcessHelpers(lambda: DaskExecutor(scheduler))
    for _ in range(2):
        assert helpers.each(length, [(3, 4), (5, 12)], 60, lambda: False) == [5.0, 13.0]
    assert helpers.each(crash_in_a_helper, [(7,), (8,)], 60, lambda: False) == [7, 8]


def test_a_run_past_its_limit_is_ended(scheduler: str) -> None:
    executor = DaskExecutor(scheduler)
    executor.submit(Task("slow", sleep, (60,), limit_s=0.5))
    (done,) = executor.iterate()
    assert done.error == "TIME_LIMIT"


def test_an_address_without_scheduler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nichiiki.dask_executor.CONNECT_S", 0.5)
    with pytest.raises(UsageError, match="No Dask scheduler answers at tcp"):
        DaskExecutor("tcp://127.0.0.1:9")


@pytest.fixture
def lone_scheduler(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler that a test may kill, with two workers."""
    file = tmp_path / "scheduler.json"
    words = ["--port", "0", "--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", *words],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    workers = []
    try:
        deadline = time.monotonic() + 60
        while not (file.exists() and file.stat().st_size):
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.1)
        address = json.loads(file.read_text("utf-8"))["address"]
        workers = [worker(address) for _ in range(2)]
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=90)
        yield address, process
    finally:
        for each in (process, *workers):
            each.kill()
            each.wait()


def test_what_a_lost_scheduler_had_is_done_here(
    lone_scheduler: tuple[str, subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, process = lone_scheduler
    helpers, folder = ProcessHelpers(lambda: DaskExecutor(address)), tmp_path / "tasks"
    folder.mkdir()
    pieces = [(number, folder) for number in range(2)]
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(helpers.each, held_number, pieces, 60, lambda: False)
        wait_for_begun(folder, 2)
        process.kill()
        (folder / "go").touch()
        assert done.result(timeout=120) == [0, 1]
    monkeypatch.setattr("nichiiki.dask_executor.CONNECT_S", 0.5)
    assert helpers.each(length, [(3, 4), (5, 12)], 60, lambda: False) == [5.0, 13.0]
