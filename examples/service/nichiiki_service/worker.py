"""A process that works: ``python -m nichiiki_service.worker``; jobs come on standard input, events go to standard output.

It does one job at a time. ``cancel`` sets the flag that the solver asks for. When standard input ends, the service has gone,
and so does the process.
"""

from __future__ import annotations

import json
import os
import sys
from queue import SimpleQueue
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any, BinaryIO

from nichiiki import NichiikiError
from nichiiki_models.texts import Lang
from nichiiki_service.asked import read_question
from nichiiki_service.doing import Terms, WithheldError, answer
from nichiiki_service.frames import frame
from nichiiki_service.words import ProblemDocument, told, told_of

Job = tuple[dict[str, Any], bytes, Flag]


class Inbox:
    """Reads standard input on a thread of its own, so that a job can be cancelled while it runs."""

    def __init__(self, stream: BinaryIO) -> None:
        self.jobs: SimpleQueue[Job] = SimpleQueue()
        self._stream = stream
        self._flags: dict[int, Flag] = {}
        Thread(target=self._read, daemon=True, name="inbox").start()

    def _read(self) -> None:
        while line := self._stream.readline():
            head = json.loads(line)
            body = self._stream.read(head["size"])
            if head["kind"] == "cancel":
                self._flags.get(head["job"], Flag()).set()
            else:
                self._flags = {head["job"]: Flag()}
                self.jobs.put((head, body, self._flags[head["job"]]))
        os._exit(0)


class Outbox:
    """Writes events, from whatever thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._lock = stream, Lock()

    def tell(self, kind: str, data: bytes = b"", status: int = 200) -> None:
        """Write an event."""
        with self._lock:
            self._stream.write(frame({"kind": kind, "status": status}, data))
            self._stream.flush()


def work(head: dict[str, Any], body: bytes, cancelled: Flag, out: Outbox) -> None:
    """Do a job and tell its result, or its problem: never a traceback, whose lines could hold values of the input."""
    lang: Lang = head["lang"]
    try:
        terms = Terms(
            lang, head["cores"], head["left_s"], out.tell if head["stream"] else None, cancelled.is_set
        )
        out.tell("result", answer(head["kind"], read_question(head["kind"], body), terms))
    except NichiikiError as error:
        _refuse(out, told_of(error, lang))
    except WithheldError:
        _refuse(out, told("withheld", lang))
    except Exception as error:
        _refuse(out, told("failed", lang, kind=type(error).__name__))


def _refuse(out: Outbox, document: ProblemDocument) -> None:
    out.tell("problem", document.model_dump_json().encode(), document.status)


def main() -> None:
    """Work until standard input ends."""
    out = Outbox(os.fdopen(os.dup(sys.stdout.fileno()), "wb"))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what an engine prints must not get between events
    inbox = Inbox(sys.stdin.buffer)
    import nichiiki_solver.allocating
    import nichiiki_solver.explain
    import nichiiki_solver.fitting  # noqa: F401 - loaded before the first job needs them

    out.tell("ready")
    while True:
        work(*inbox.jobs.get(), out)


if __name__ == "__main__":
    main()
