"""Runs as independent tasks: an `Executor` takes them and gives their results back in any order.

`LocalExecutor` starts a fresh interpreter for each task, so that a crash, a leak or an overrun of one run touches no
other, and a script needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nichiiki.wire import decode, encode

POLL_S = 0.02


@dataclass(frozen=True)
class Task:
    """A piece of work that hangs on nothing else.

    Attributes
    ----------
    key
        What the result is filed under.
    function, arguments
        A function of a module of nichiiki, and what it is called with; both travel as `nichiiki.wire` says.
    limit_s
        Wall time after which the task is ended from outside.
    """

    key: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    limit_s: float = 600.0


@dataclass(frozen=True)
class Done:
    """The result of a task: a value, or an error in words (``TIME_LIMIT``, ``CRASHED n``, or what was raised)."""

    key: str
    value: Any = None
    error: str | None = None


class Executor(Protocol):
    """Takes tasks, and gives each back once; local processes here, a cluster elsewhere."""

    def submit(self, task: Task) -> None:
        """Take a task."""
        ...

    def iterate(self) -> Iterator[Done]:
        """Yield every submitted task when it is done, in any order; closing the iterator ends those that run."""
        ...


@dataclass
class _Running:
    task: Task
    process: subprocess.Popen[bytes]
    folder: tempfile.TemporaryDirectory[str]
    deadline: float

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()
        self.folder.cleanup()


@dataclass
class LocalExecutor:
    """Processes of this machine, a fresh one for each task.

    Parameters
    ----------
    workers
        Tasks at a time.
    """

    workers: int = 2
    _waiting: deque[Task] = field(default_factory=deque)

    def submit(self, task: Task) -> None:
        """Take a task; it starts when `iterate` is used."""
        self._waiting.append(task)

    def iterate(self) -> Iterator[Done]:
        """Yield each task when it is done."""
        running: list[_Running] = []
        try:
            while self._waiting or running:
                while self._waiting and len(running) < self.workers:
                    running.append(_start(self._waiting.popleft()))
                for each in [r for r in running if _is_over(r)]:
                    done = _result(each)
                    running.remove(each)
                    each.end()
                    yield done
                time.sleep(POLL_S)
        finally:
            for each in running:
                each.end()


def _start(task: Task) -> _Running:
    content = encode((task.function, task.arguments))
    folder = tempfile.TemporaryDirectory(prefix="nichiiki-")
    (Path(folder.name) / "task").write_bytes(content)
    path = os.pathsep.join(entry for entry in sys.path if entry)
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "nichiiki.executing", folder.name],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return _Running(task, process, folder, time.monotonic() + task.limit_s)


def _is_over(running: _Running) -> bool:
    return running.process.poll() is not None or time.monotonic() > running.deadline


def _result(running: _Running) -> Done:
    if running.process.poll() is None:
        return Done(running.task.key, error="TIME_LIMIT")
    try:
        value, error = decode((Path(running.folder.name) / "done").read_bytes())
    except FileNotFoundError:
        return Done(running.task.key, error=f"CRASHED {running.process.returncode}")
    return Done(running.task.key, value, error)


def _work(folder: Path) -> None:
    """Do the task of a folder; the other side of `_start`."""
    _end_with_parent()
    try:
        function, arguments = decode((folder / "task").read_bytes())
        answer = encode((function(*arguments), None))
    except Exception as error:
        answer = encode((None, f"{type(error).__name__}: {error}"))
    (folder / "draft").write_bytes(answer)
    (folder / "draft").replace(folder / "done")


def _end_with_parent() -> None:
    """End this process when its parent is gone: standard input then ends."""
    import threading

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _work(Path(sys.argv[1]))
    os._exit(0)
