"""A few processes that work; each can be asked to stop, and is ended and replaced where it does not."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

import psutil

from nichiiki_models.texts import Lang
from nichiiki_service.frames import Event, frame
from nichiiki_service.settings import Settings

COMMAND = (sys.executable, "-m", "nichiiki_service.worker")
LOOK_S = 0.5
"""How often the memory of a process is looked at."""
MEBIBYTE = 1 << 20


class BusyError(Exception):
    """Too many requests wait already."""


class EndedError(Exception):
    """A process was ended or ended by itself; `kind` is ``late``, ``memory`` or ``failed``."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


@dataclass(frozen=True)
class Job:
    """What a process is to do.

    Attributes
    ----------
    kind, body
        The question, and its JSON as it came.
    lang
        Language of the answer.
    stream
        Whether what is found on the way is wanted too.
    """

    kind: str
    body: bytes
    lang: Lang
    stream: bool = False


class Worker:
    """One process. `next` may be given up and called again without losing anything."""

    _numbers = count()

    def __init__(self, process: Process, memory_mb: int) -> None:
        self._process, self._memory = process, memory_mb * MEBIBYTE
        self._watched = psutil.Process(process.pid)
        self._reading: asyncio.Task[Event] | None = None
        self._job = -1

    @classmethod
    async def start(cls, command: Sequence[str], memory_mb: int) -> Worker:
        """Start a process and wait until it is ready."""
        path = os.pathsep.join(entry for entry in sys.path if entry)
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={**os.environ, "PYTHONPATH": path}
        )
        worker = cls(process, memory_mb)
        await worker._read()
        return worker

    async def give(self, job: Job, left_s: float, cores: int) -> None:
        """Hand over a job."""
        self._job = next(self._numbers)
        head = {"kind": job.kind, "job": self._job, "lang": job.lang, "stream": job.stream}
        await self._send(frame({**head, "left_s": left_s, "cores": cores}, job.body))

    async def cancel(self) -> None:
        """Ask the process to stop its job and to answer with the best it has."""
        await self._send(frame({"kind": "cancel", "job": self._job}))

    async def _send(self, message: bytes) -> None:
        if self._process.stdin is None:
            raise EndedError("failed")
        with suppress(ConnectionError):  # that the process has ended is seen when reading
            self._process.stdin.write(message)
            await self._process.stdin.drain()

    async def next(self, until: float) -> Event | None:
        """Wait for an event; None when the time (of `time.monotonic`) has come.

        Raises
        ------
        EndedError
            If the process has ended, or takes too much memory.
        """
        self._reading = self._reading or asyncio.ensure_future(self._read())
        while not self._reading.done() and (left := until - time.monotonic()) > 0:
            await asyncio.wait({self._reading}, timeout=min(left, LOOK_S))
            if self._memory_used() > self._memory:
                raise EndedError("memory")
        if not self._reading.done():
            return None
        reading, self._reading = self._reading, None
        try:
            return reading.result()
        except (EOFError, ConnectionError):
            raise EndedError("failed") from None

    async def _read(self) -> Event:
        stream = self._process.stdout
        if stream is None:
            raise EOFError
        head = json.loads(await stream.readuntil(b"\n"))
        return Event(head["kind"], await stream.readexactly(head["size"]), head["status"])

    def _memory_used(self) -> int:
        with suppress(psutil.Error):
            return int(self._watched.memory_info().rss)
        return 0

    async def end(self) -> None:
        """End the process at once."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        if self._reading is not None:
            await asyncio.wait({self._reading})
            self._reading.exception()


class Pool:
    """The processes, those that are free, and the requests that wait for one.

    Parameters
    ----------
    settings
        How many of each, and their limits.
    command
        What a process is started with.
    """

    def __init__(self, settings: Settings, command: Sequence[str] = COMMAND) -> None:
        self._settings, self._command = settings, command
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._workers: set[Worker] = set()
        self._releases: set[asyncio.Task[None]] = set()
        self.waiting = 0

    @property
    def idle(self) -> int:
        """Processes that are free."""
        return self._idle.qsize()

    async def start(self) -> None:
        """Start the processes."""
        await asyncio.gather(*(self._add() for _ in range(self._settings.workers)))

    async def _add(self) -> None:
        worker = await Worker.start(self._command, self._settings.memory_mb)
        self._workers.add(worker)
        self._idle.put_nowait(worker)

    async def stop(self) -> None:
        """End the processes."""
        for task in self._releases:
            task.cancel()
        await asyncio.gather(*self._releases, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in self._workers))

    async def run(self, job: Job) -> AsyncGenerator[Event, None]:
        """Yield the events of a job; closing the generator cancels it.

        Raises
        ------
        BusyError
            If too many wait already.
        EndedError
            If the process was ended or ended by itself.
        """
        ends = time.monotonic() + self._settings.most_seconds
        worker = await self._free(ends)
        final = False
        try:
            await worker.give(job, ends - time.monotonic(), self._settings.cores)
            while not final:
                event = await self._next(worker, ends)
                final = event.is_final
                yield event
        finally:
            self._in_background(self._release(worker, final))

    async def _free(self, ends: float) -> Worker:
        if self.waiting >= self._settings.most_waiting:
            raise BusyError
        self.waiting += 1
        try:
            return await asyncio.wait_for(self._idle.get(), ends - time.monotonic())
        except TimeoutError:
            raise EndedError("late") from None
        finally:
            self.waiting -= 1

    async def _next(self, worker: Worker, ends: float) -> Event:
        """Wait for an event; ask the process to stop when its time is over, and give it up a little later."""
        event = await worker.next(ends)
        if event is None:
            await worker.cancel()
            event = await worker.next(max(ends, time.monotonic()) + self._settings.grace_s)
        if event is None:
            raise EndedError("late")
        return event

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._releases.add(task)
        task.add_done_callback(self._releases.discard)

    async def _release(self, worker: Worker, is_free: bool) -> None:
        """Put a process back; one that was given up is asked to stop first, and replaced if it does not."""
        if is_free or await self._stopped(worker):
            self._idle.put_nowait(worker)
            return
        self._workers.discard(worker)
        await worker.end()
        await self._add()

    async def _stopped(self, worker: Worker) -> bool:
        until = time.monotonic() + self._settings.grace_s
        try:
            await worker.cancel()
            while (event := await worker.next(until)) is not None:
                if event.is_final:
                    return True
        except EndedError:
            pass
        return False
