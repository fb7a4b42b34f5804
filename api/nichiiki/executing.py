"""Runs as independent tasks: an `Executor` takes them and gives their results back in any order.

`LocalExecutor` starts a fresh interpreter for each task, so that a crash, a leak or an overrun of one run touches no
other, and a script needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import psutil

from nichiiki.processes import end_with_parent, memory_of, start
from nichiiki.wire import WireError, decode, encode

POLL_S = 0.02
HEAD = 8
"""Bytes in front of a task that say how long it is."""
MODULES_MB = 128
"""What the modules of a process may take in main memory, before its task takes any."""


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
    memory_mb
        Memory, in MiB, that it may take beyond what its modules take; None sets no limit.
    """

    key: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    limit_s: float = 600.0
    memory_mb: int | None = None


@dataclass(frozen=True)
class Done:
    """The result of a task: a value, or an error in words.

    The words are ``TIME_LIMIT``, ``MEMORY_LIMIT``, ``CRASHED n``, ``LOST ...`` with a worker elsewhere, or what was raised.
    """

    key: str
    value: Any = None
    error: str | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the task went under with its process or worker, so that another attempt may end otherwise."""
        return (self.error or "").startswith(("CRASHED", "LOST"))


def never() -> bool:
    """Say that nobody asks to stop."""
    return False


class Executor(Protocol):
    """Takes tasks, and gives each back once; local processes here, a cluster elsewhere."""

    def submit(self, task: Task) -> None:
        """Take a task."""
        ...

    def iterate(self, should_stop: Callable[[], bool] = never) -> Iterator[Done]:
        """Yield every submitted task when it is done, in any order.

        Closing the iterator ends those that run, and so does `should_stop`, which is asked meanwhile.
        """
        ...


class _Running:
    """A task in its process: it goes in and its answer comes out through pipes, never through a file."""

    def __init__(self, task: Task) -> None:
        content = encode((task.function, task.arguments, task.memory_mb))
        self.task, self.over, self._answer = task, "", b""
        self.process = start("nichiiki.executing", stdout=subprocess.PIPE)
        self._watched = psutil.Process(self.process.pid)
        self._deadline = time.monotonic() + task.limit_s
        self._talk = threading.Thread(target=self._exchange, args=(content,), daemon=True)
        self._talk.start()

    def _exchange(self, content: bytes) -> None:
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is not None and stdout is not None:
            with suppress(OSError, ValueError):  # the process was ended meanwhile
                stdin.write(len(content).to_bytes(HEAD, "little") + content)
                stdin.flush()
                self._answer = stdout.read()

    def is_over(self) -> bool:
        """Look at the process; say whether it has ended, or has passed a limit."""
        if self.process.poll() is not None:
            return True
        most = self.task.memory_mb
        if time.monotonic() > self._deadline:
            self.over = "TIME_LIMIT"
        elif most is not None and memory_of(self._watched) >> 20 > most + MODULES_MB:
            self.over = "MEMORY_LIMIT"
        return bool(self.over)

    def done(self) -> Done:
        """End what still runs, and return the result."""
        ended = self.process.poll()
        self.end()
        if self.over:
            return Done(self.task.key, error=self.over)
        try:
            value, error = decode(self._answer)
        except WireError:  # there is none, or half of one
            return Done(self.task.key, error=f"CRASHED {ended}")
        return Done(self.task.key, value, error)

    def end(self) -> None:
        """End the process, if it runs, and let its pipes go."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._talk.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


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

    def iterate(self, should_stop: Callable[[], bool] = never) -> Iterator[Done]:
        """Yield each task when it is done; see `Executor`."""
        running: list[_Running] = []
        try:
            while (self._waiting or running) and not should_stop():
                while self._waiting and len(running) < self.workers:
                    running.append(_Running(self._waiting.popleft()))
                for each in [r for r in running if r.is_over()]:
                    running.remove(each)
                    yield each.done()
                time.sleep(POLL_S)
        finally:
            for each in running:
                each.end()


def _work() -> None:
    """Do the task that comes in at standard input; the other side of `_Running`."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a task prints is no part of its answer
    content = sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(HEAD), "little"))
    end_with_parent()
    answers.write(_answer(content))
    answers.flush()


def _answer(content: bytes) -> bytes:
    try:
        function, arguments, memory_mb = decode(content)
        if memory_mb is not None:
            _hold_memory(memory_mb)
        return encode((function(*arguments), None))
    except MemoryError:
        return encode((None, "MEMORY_LIMIT"))
    except Exception as error:
        return encode((None, f"{type(error).__name__}: {error}"))


def _hold_memory(memory_mb: int) -> None:
    """Let the system refuse this process more than it has now and so much more, where the system can."""
    if hasattr(psutil, "RLIMIT_AS"):
        own = psutil.Process()
        most = own.memory_info().vms + (memory_mb << 20)
        own.rlimit(psutil.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    _work()
    os._exit(0)
