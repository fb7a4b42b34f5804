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
from nichiiki_models.errors import UsageError
from nichiiki_tasks import held_number, sleep

distributed = pytest.importorskip(
    "distributed", reason="comes with the extra test: pip install 'nichiiki[test]'"
)
TINY = {"households": 6, "houses": 4, "hosts": 1, "roles": 2, "periods": 3}
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(sys.path),
    "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "False",
}


def start(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def worker(address: str) -> subprocess.Popen[bytes]:
    return start(
        "dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"
    )


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler on loopback with two workers."""
    file = tmp_path_factory.mktemp("dask") / "scheduler.json"
    processes = [
        start(
            "dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            str(file),
        )
    ]
    try:
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        address = str(json.loads(file.read_bytes())["address"])
        processes += [worker(address), worker(address)]
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=90)
        yield address
    finally:
        for process in processes:
            process.kill()
            process.wait()


def without_time(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "seconds"}


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


def test_a_run_past_its_limit_is_ended(scheduler: str) -> None:
    executor = DaskExecutor(scheduler)
    executor.submit(Task("slow", sleep, (60,), limit_s=0.5))
    (done,) = executor.iterate()
    assert done.error == "TIME_LIMIT"


def test_an_address_without_scheduler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nichiiki.dask_executor.CONNECT_S", 0.5)
    with pytest.raises(UsageError, match="no Dask scheduler answers there"):
        DaskExecutor("tcp://127.0.0.1:9")
