"""Running a batch: take a job, watch its process, keep its files, note what became of it; and so on until none waits."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from nichiiki.batch.elsewhere import keep_files, results_elsewhere
from nichiiki.batch.log import Log
from nichiiki.batch.manifest import Job, Manifest, jobs_of, read_manifest
from nichiiki.batch.store import FILE, State, Store
from nichiiki.batch.supervising import Child
from nichiiki.executing import Done, Executor
from nichiiki_models.errors import FileError, UsageError

RESULTS, WORK = "results", "work"
POLL_S = 0.05
ROUND = 256
"""Jobs that are given to an executor at a time; each carries its instance."""
Told = Callable[[Job, dict[str, Any], float, dict[State, int]], None]
"""Called after each job with its outcome, its wall time in seconds, and how many jobs are in each state."""


def folder_of(manifest: Path, out: Path | None = None) -> Path:
    """Folder of a batch: the one given, else one beside the manifest with its name."""
    return out or manifest.with_suffix("").with_name(f"{manifest.stem}.batch")


def run_batch(
    manifest: Path,
    *,
    out: Path | None = None,
    resume: bool = False,
    retry: bool = False,
    progress: Told | None = None,
    should_stop: Callable[[], bool] | None = None,
    executor: Callable[[], Executor] | None = None,
) -> dict[State, int]:
    """Run every job of a manifest that is not done, and return how many are in each state.

    Parameters
    ----------
    manifest
        Path of the TOML file.
    out
        Folder of the batch; beside the manifest if None. It holds the store (``batch.sqlite``), ``log.jsonl``, and a folder a job
        under ``results/``: ``job.json``, ``outcome.json``, ``allocation.json``, ``metrics.json``.
    resume
        Whether to go on with a batch that was begun; without it such a folder is refused.
    retry
        Whether jobs that failed are run again.
    progress
        Called after each job.
    should_stop
        Asked about twenty times a second; True ends the running jobs, which then wait again.
    executor
        Makes what does the jobs, such as ``lambda: DaskExecutor(address)``; supervised processes of this machine if None.

    Raises
    ------
    FileError, UsageError
        If the manifest or the folder cannot be used.
    """
    asked = read_manifest(manifest)
    jobs = jobs_of(asked, manifest.parent)
    folder = folder_of(manifest, out)
    if (folder / FILE).exists() and not (resume or retry):
        raise UsageError.of("batch_begun", file=str(folder))
    store = Store(folder)
    try:
        store.plan(jobs)
        log = Log(folder)
        log.tell("begun", jobs=len(jobs), lost=store.recover(), again=store.retry() if retry else 0)
        jobs_here = _Run(asked, folder, store, log, progress or (lambda *_: None))
        if executor is None:
            jobs_here.go(should_stop or (lambda: False))
        else:
            jobs_here.go_elsewhere(executor, should_stop or (lambda: False))
        counts = store.counts()
        log.tell("ended", **{str(state): count for state, count in counts.items()})
        return counts
    finally:
        store.close()


class _Run:
    """The jobs that run now."""

    def __init__(self, asked: Manifest, folder: Path, store: Store, log: Log, progress: Told) -> None:
        self.limits, self.folder, self.store, self.log, self.progress = (
            asked.batch,
            folder,
            store,
            log,
            progress,
        )
        self.running: list[Child] = []

    def go(self, should_stop: Callable[[], bool]) -> None:
        """Keep as many jobs running as are allowed, until none waits."""
        try:
            while not should_stop():
                while len(self.running) < self.limits.workers and self._begin():
                    pass
                if not self.running:
                    return
                for child in [each for each in self.running if each.is_over()]:
                    self._finish(child)
                time.sleep(POLL_S)
        finally:
            for child in self.running:
                child.end()
                with suppress(FileError):  # the job waits again anyway, since its process is gone
                    self.store.give_back(child.job.key)

    def go_elsewhere(self, executor: Callable[[], Executor], should_stop: Callable[[], bool]) -> None:
        """Give the jobs that wait to executors, some hundred at a time, until none waits or somebody asks to stop."""
        while not should_stop() and (jobs := list(islice(iter(self.store.take, None), ROUND))):
            waiting = {job.key: job for job in jobs}
            try:
                for done, seconds in results_elsewhere(jobs, executor(), self.limits, should_stop):
                    self._note(waiting.pop(done.key), done, seconds)
            finally:
                for key in waiting:
                    self.store.give_back(key)

    def _note(self, job: Job, done: Done, seconds: float) -> None:
        """Keep the files that came back with a job, then note that it is done."""
        work = self.folder / WORK / job.key
        outcome = keep_files(work, job, done)
        self._end(job, work, seconds, outcome)

    def _begin(self) -> bool:
        job = self.store.take()
        if job is None:
            return False
        self.running.append(Child(job, self.folder / WORK / job.key, self.limits))
        self.log.tell("job_begun", job=job.key, policy=job.policy, seed=job.seed)
        return True

    def _finish(self, child: Child) -> None:
        self._end(child.job, child.work, child.seconds, child.outcome())
        self.running.remove(child)

    def _end(self, job: Job, work: Path, seconds: float, outcome: dict[str, Any]) -> None:
        """Keep the files of a job, then note that it is done: a kill in between only makes it run again."""
        failed = "error" in outcome
        _keep(work, self.folder / RESULTS / job.key)
        self.store.finish(job.key, "failed" if failed else "done", seconds, outcome)
        event = "job_failed" if failed else "job_done"
        self.log.tell(event, job=job.key, seconds=round(seconds, 3), error=outcome.get("error"))
        self.progress(job, outcome, seconds, self.store.counts())


def _keep(work: Path, result: Path) -> None:
    """Move a job's folder to the results in one step; what an earlier attempt left there goes."""
    result.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(result, ignore_errors=True)
    work.rename(result)
