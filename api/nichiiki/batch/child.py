"""One job in a process of its own: ``python -m nichiiki.batch.child FOLDER``.

The folder holds ``job.json``. Every better answer replaces ``allocation.json`` there in one step, so that whatever ends the process
leaves the best one. At the end ``outcome.json`` says how it went.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nichiiki.batch.manifest import Job
from nichiiki.processes import end_with_parent
from nichiiki.report.files import write_whole

if TYPE_CHECKING:
    from nichiiki_models.allocation import Allocation
    from nichiiki_models.instance import Instance

JOB, ANSWER, METRICS, OUTCOME = "job.json", "allocation.json", "metrics.json", "outcome.json"
BETWEEN_S = 1.0
"""Least time between two answers that are kept on the way."""


class Keeper:
    """Keeps the best answer so far in a file, not too often.

    Parameters
    ----------
    folder
        Where.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._last = folder / ANSWER, -BETWEEN_S

    def __call__(self, allocation: Allocation) -> None:
        """Keep an answer, unless one was kept just now."""
        if time.monotonic() - self._last >= BETWEEN_S:
            self.keep(allocation)
            self._last = time.monotonic()

    def keep(self, allocation: Allocation) -> None:
        """Keep an answer."""
        write_whole(self._path, allocation.model_dump_json().encode())


def work(folder: Path) -> None:
    """Do the job of a folder."""
    job = Job.model_validate_json((folder / JOB).read_bytes())
    attempt(job, lambda: open_instance(job.instance), folder)


def attempt(job: Job, instance: Callable[[], Instance], folder: Path) -> None:
    """Do a job and leave its files in a folder; what is wrong with the input becomes its outcome."""
    from nichiiki_models.errors import NichiikiError

    try:
        outcome = _run(job, instance(), folder)
    except NichiikiError as error:
        # the message may quote a cell of the input: only its kind is kept
        outcome = {"error": type(error).__name__}
    except MemoryError:
        outcome = {"error": "MEMORY_LIMIT"}
    write_whole(folder / OUTCOME, json.dumps(outcome).encode())


def _run(job: Job, instance: Instance, folder: Path) -> dict[str, Any]:
    import nichiiki

    keeper = Keeper(folder)
    result = nichiiki.allocate(
        instance,
        policy=job.policy,
        seed=job.seed,
        time_limit_s=job.time_limit_s,
        relative_gap=job.relative_gap,
        workers=job.cores,
        answers=keeper,
    )
    if result.allocation is not None:
        keeper.keep(result.allocation)
        figures = nichiiki.evaluate(result.instance, result.allocation).model_dump_json(indent=2)
        write_whole(folder / METRICS, figures.encode())
    found: dict[str, Any] = {name: getattr(result, name) for name in ("objective", "bound", "gap")}
    return found | {"status": result.status.value, "reason": result.reason.value}


def open_instance(name: str) -> Instance:
    """Read an instance from its path, or take a bundled one by its name."""
    import nichiiki
    from nichiiki_instances.bundled import bundled_names

    return nichiiki.load(name) if name in bundled_names() and not Path(name).exists() else nichiiki.read(name)


if __name__ == "__main__":
    end_with_parent()
    try:
        work(Path(sys.argv[1]))
    except Exception as error:
        # no traceback: its lines could hold values of the input
        write_whole(Path(sys.argv[1]) / OUTCOME, json.dumps({"error": type(error).__name__}).encode())
        os._exit(1)
    os._exit(0)
