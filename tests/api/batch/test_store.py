"""The store of a batch: jobs are taken once, survive a kill, and follow the manifest."""

import json
import multiprocessing
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nichiiki.batch import shares, store
from nichiiki.batch.manifest import Job
from nichiiki.batch.store import Store
from nichiiki_models.errors import UsageError


def job(name: str) -> Job:
    return Job(
        key=name, instance="flagship", policy="points", seed=0, time_limit_s=1, relative_gap=0, cores=1
    )


JOBS = tuple(job(f"{k:03d}") for k in range(20))


def take_all(folder: str, queue: "multiprocessing.Queue[list[str]]") -> None:
    mine = Store(Path(folder))
    taken = []
    while (found := mine.take()) is not None:
        taken.append(found.key)
    queue.put(taken)


def test_jobs_are_taken_in_order_and_finished(tmp_path: Path) -> None:
    rows = Store(tmp_path)
    rows.plan(JOBS[:2])
    first = rows.take()
    assert first == JOBS[0]
    rows.finish(first.key, "done", 1.5, {"status": "OPTIMAL"})
    assert rows.counts() == {"waiting": 1, "running": 0, "done": 1, "failed": 0, "withdrawn": 0}
    record = rows.records()[0]
    assert (record.state, record.attempts, record.seconds, record.outcome) == (
        "done",
        1,
        1.5,
        {"status": "OPTIMAL"},
    )


def test_two_processes_never_take_the_same_job(tmp_path: Path) -> None:
    Store(tmp_path).plan(JOBS)
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[list[str]] = context.Queue()
    both = [context.Process(target=take_all, args=(str(tmp_path), queue)) for _ in range(2)]
    for each in both:
        each.start()
    taken = queue.get(timeout=60) + queue.get(timeout=60)
    for each in both:
        each.join()
    assert sorted(taken) == [each.key for each in JOBS]


def test_what_a_closed_store_had_taken_waits_again(tmp_path: Path) -> None:
    rows, other = Store(tmp_path), Store(tmp_path)
    rows.plan(JOBS[:2])
    assert rows.take() is not None
    assert other.recover() == 0, "it is at work"
    rows.close()
    assert other.recover() == 1
    assert other.counts()["waiting"] == 2


@pytest.fixture
def other_process() -> Iterator[psutil.Process]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield psutil.Process(process.pid)
    process.communicate()


def test_a_process_number_that_was_given_again_is_another_process(other_process: psutil.Process) -> None:
    machine, number, began = socket.gethostname(), other_process.pid, store.began(other_process)
    assert store.is_alive(json.dumps([machine, number, began, "word"]))
    assert not store.is_alive(json.dumps([machine, number, began - 100, "word"]))
    assert store.is_alive(json.dumps(["another machine", 1, 0.0, "word"]))
    assert not store.is_alive(None)


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="there the system keeps when a process began"
)
def test_a_process_is_known_again_after_the_clock_was_set(
    other_process: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = json.dumps([socket.gethostname(), other_process.pid, store.began(other_process), "word"])
    started = psutil.boot_time()
    for module in ("psutil", "psutil._pslinux"):
        monkeypatch.setattr(f"{module}.boot_time", lambda: started + 3600.0)
    assert store.is_alive(owner)


def test_a_changed_manifest_adds_and_withdraws_and_keeps_what_is_done(tmp_path: Path) -> None:
    rows = Store(tmp_path)
    rows.plan(JOBS[:3])
    done = rows.take()
    assert done is not None
    rows.finish(done.key, "done", 1.0, {})
    failed = rows.take()
    assert failed is not None
    rows.finish(failed.key, "failed", 1.0, {"error": "TIME_LIMIT"})
    rows.plan(JOBS[2:4])
    states = {each.job.key: each.state for each in rows.records()}
    assert states == {"000": "done", "001": "withdrawn", "002": "waiting", "003": "waiting"}
    rows.plan(JOBS[:3])
    states = {each.job.key: each.state for each in rows.records()}
    assert states == {"000": "done", "001": "failed", "002": "waiting", "003": "withdrawn"}
    assert rows.retry() == 1
    assert rows.counts()["waiting"] == 2


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    rows = Store(tmp_path)
    rows._connection.execute("pragma user_version = 99")
    rows.close()
    with pytest.raises(UsageError, match="later version"):
        Store(tmp_path)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_network_share_is_refused_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(shares, "file_system_of", lambda path: kind)
    with pytest.raises(UsageError, match=r"network share.*--out"):
        Store(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists(), "nothing is written there"


def test_this_folder_lies_on_a_known_file_system(tmp_path: Path) -> None:
    assert shares.file_system_of(tmp_path) != ""
    assert not shares.is_network_share(tmp_path)
