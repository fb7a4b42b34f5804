"""Jobs of a batch on an executor: the instance goes with each job, and its files come back as texts.

There the executor's own limits hold. A job that passes one comes back without the answers it had found on the way.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nichiiki.batch.child import JOB, OUTCOME, attempt, open_instance
from nichiiki.batch.manifest import Job, Limits
from nichiiki.executing import Done, Executor, Task
from nichiiki_models.errors import NichiikiError

if TYPE_CHECKING:
    from nichiiki_models.instance import Instance

FILES = frozenset(("allocation.json", "metrics.json", OUTCOME))
"""What a job may send back; nothing else is written."""


def results_elsewhere(
    jobs: Iterable[Job], executor: Executor, limits: Limits, should_stop: Callable[[], bool]
) -> Iterator[tuple[Done, float]]:
    """Give jobs to an executor; yield each result with the seconds since the jobs were given, until somebody asks to stop."""
    opened: dict[str, Instance] = {}
    for job in jobs:
        try:
            instance = opened.get(job.instance) or open_instance(job.instance)
        except NichiikiError as error:
            yield Done(job.key, error=type(error).__name__), 0.0
            continue
        opened = {job.instance: instance}  # jobs come by instance, and one may be large
        limit = (limits.ended_after_s, limits.memory_mb)
        executor.submit(Task(job.key, job_files, (job, instance), *limit))
    began = time.monotonic()
    for done in executor.iterate(should_stop):
        yield done, time.monotonic() - began


def job_files(job: Job, instance: Instance) -> dict[str, str]:
    """Do a job and return its files; called in the process of the executor."""
    with tempfile.TemporaryDirectory(prefix="nichiiki-") as folder:
        attempt(job, lambda: instance, Path(folder))
        return {path.name: path.read_text("utf-8") for path in sorted(Path(folder).iterdir())}


def keep_files(work: Path, job: Job, done: Done) -> dict[str, Any]:
    """Write the files of a job into a folder, and return its outcome."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    files = {name: text for name, text in (done.value or {}).items() if name in FILES}
    # the words of an error could quote the input: only its kind is kept
    kind = (done.error or "").partition(":")[0]
    outcome: dict[str, Any] = {"error": kind} if kind else json.loads(files[OUTCOME])
    for name, text in {**files, JOB: job.model_dump_json(), OUTCOME: json.dumps(outcome)}.items():
        (work / name).write_text(text, "utf-8")
    return outcome
