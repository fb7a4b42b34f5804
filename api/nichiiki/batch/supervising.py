"""A job's process, watched from outside: engines overrun their own time and memory limits, so nobody relies on those."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from nichiiki.batch.child import ANSWER, JOB, OUTCOME
from nichiiki.batch.manifest import Job, Limits
from nichiiki.processes import end_family, memory_of, start

MEBIBYTE = 1 << 20


class Child:
    """The process of a job.

    Parameters
    ----------
    job
        What it does.
    work
        Folder it works in; whatever an earlier attempt left there is removed first.
    limits
        When to end it.
    """

    def __init__(self, job: Job, work: Path, limits: Limits) -> None:
        self.job, self.work = job, work
        self._memory = limits.memory_mb * MEBIBYTE
        self._started = time.monotonic()
        self._ends = self._started + limits.ended_after_s
        self._ended_for: str | None = None
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        (work / JOB).write_bytes(job.model_dump_json().encode())
        self._process = start("nichiiki.batch.child", str(work))
        self._watched = psutil.Process(self._process.pid)

    @property
    def seconds(self) -> float:
        """Wall time so far."""
        return time.monotonic() - self._started

    def is_over(self) -> bool:
        """Look at the process, and end it if it is past a limit; say whether it has ended."""
        if self._process.poll() is not None:
            return True
        if time.monotonic() > self._ends:
            self._ended_for = "TIME_LIMIT"
        elif memory_of(self._watched) > self._memory:
            self._ended_for = "MEMORY_LIMIT"
        if self._ended_for is not None:
            self.end()
            return True
        return False

    def end(self) -> None:
        """End the process and whatever it started, at once."""
        end_family(self._watched)
        self._process.kill()
        self._process.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def outcome(self) -> dict[str, Any]:
        """Return how the job went: what it said itself, else why it was ended."""
        self._let_go()
        try:
            outcome: dict[str, Any] = json.loads((self.work / OUTCOME).read_bytes())
        except (FileNotFoundError, ValueError):
            outcome = {"error": self._ended_for or f"CRASHED {self._process.wait()}"}
        if outcome.get("error") and (self.work / ANSWER).exists():
            outcome["answer_kept"] = True
        return outcome
