"""Runs on a Dask cluster, from the extra ``dask``: `DaskExecutor` gives the tasks of `nichiiki.executing` to its workers.

A worker makes each task in a fresh interpreter, as `LocalExecutor` does, so that a run has the same time limit, the same
answer and the same isolation wherever it is made. What a lost worker had is given to another one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from typing import Any

from nichiiki.executing import POLL_S, Done, LocalExecutor, Task, never
from nichiiki.wire import decode, encode
from nichiiki_models.errors import UsageError

RETRIES = 3
"""How often a task whose worker was lost is given to another worker."""
CONNECT_S = 30.0


class DaskExecutor:
    """Tasks on the workers of a Dask scheduler.

    Parameters
    ----------
    scheduler
        Its address, such as ``tcp://10.0.0.1:8786``. Whoever can reach it can run code on the workers: keep it inside.

    Raises
    ------
    UsageError
        If Dask is missing, nothing answers at the address, there is no worker, or a worker has another version of nichiiki.
    """

    def __init__(self, scheduler: str) -> None:
        self.client = _connect(scheduler)
        self._tasks: list[Task] = []
        try:
            _check_workers(self.client, scheduler)
        except UsageError:
            self.client.close()
            raise

    def submit(self, task: Task) -> None:
        """Take a task; it starts when `iterate` is used."""
        self._tasks.append(task)

    def iterate(self, should_stop: Callable[[], bool] = never) -> Iterator[Done]:
        """Yield each task when it is done, and close the connection at the end; see `nichiiki.executing.Executor`."""
        as_completed = _distributed().as_completed
        tasks, self._tasks = self._tasks, []
        futures = {
            self.client.submit(run_apart, encode(task), pure=False, retries=RETRIES): task.key
            for task in tasks
        }
        try:
            ended = as_completed(futures, loop=self.client.loop)
            while not ended.is_empty() and not should_stop():
                for future in ended.next_batch(block=False):
                    if future.status == "finished":
                        yield decode(future.result())
                    else:
                        yield Done(futures[future], error=f"LOST {_why(future)}")
                time.sleep(POLL_S)
        finally:
            with suppress(OSError):  # the scheduler may be gone
                self.client.cancel(list(futures))
            self.client.close()


def _why(future: Any) -> str:
    """Why a task came to nothing: what its workers said, or that it was cancelled with the scheduler."""
    return repr(future.exception()) if future.status == "error" else str(future.status)


def run_apart(task: bytes) -> bytes:
    """Make a task in an interpreter of its own; called on a worker. Both travel as `nichiiki.wire` says."""
    executor = LocalExecutor(1)
    executor.submit(decode(task))
    return encode(next(iter(executor.iterate())))


def _distributed() -> Any:
    """Import Dask's package, which is only there with the extra."""
    try:
        return import_module("distributed")
    except ImportError:
        raise UsageError.of("dask_missing", argument="scheduler") from None


def _connect(scheduler: str) -> Any:
    try:
        return _distributed().Client(scheduler, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError.of("dask_silent", argument="scheduler", value=scheduler) from error


def _check_workers(client: Any, scheduler: str) -> None:
    """Refuse a cluster whose results could be others than those of this machine."""
    own = version("nichiiki")
    answers = client.run(_version, on_error="return")
    found = {worker: answer for worker, answer in answers.items() if not isinstance(answer, Exception)}
    if not found:  # who is lost while it is asked answers with an error
        raise UsageError.of("dask_no_workers", argument="scheduler", value=scheduler)
    for worker, answer in sorted(found.items()):
        if answer != own:
            raise UsageError.of("dask_version", argument="scheduler", value=answer, worker=worker, own=own)


def _version() -> str:
    return version("nichiiki")
