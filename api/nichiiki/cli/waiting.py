"""What one sees while a command computes without a word: after two seconds a line that says what it does and since when.

Only on a terminal: the line is taken back before anything else is said. Runs that know their bound say more
(`nichiiki.cli.progress`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Self, TextIO

AFTER_S = 2.0
EVERY_S = 0.5
ERASE = "\r\x1b[2K"
Say = Callable[..., str]


class Waiting:
    """Says what goes on while nothing else is said.

    Parameters
    ----------
    stream
        Standard error; nothing is written unless it is a terminal.
    say
        Returns a text of the catalogue ``cli`` by its key.
    after_s, every_s
        Seconds without a word before the line appears, and between two of its states.
    """

    def __init__(
        self, stream: TextIO, say: Say, *, after_s: float = AFTER_S, every_s: float = EVERY_S
    ) -> None:
        self._stream, self._say = stream, say
        self._after_s, self._every_s = after_s, every_s
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._what = "wait.working"
        self._values: dict[str, object] = {}
        self._since = time.monotonic()
        self._is_quiet = self._is_shown = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._token = _CURRENT.set(self)
        if self._stream.isatty():
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _CURRENT.reset(self._token)
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self.speak()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            with self._lock:
                spent = time.monotonic() - self._since
                if not self._is_quiet and spent >= self._after_s:
                    line = self._say(self._what, **self._values, seconds=f"{spent:.0f}")
                    self._write(ERASE + line)
                    self._is_shown = True

    def step(self, what: str, **values: object) -> None:
        """Begin something that may take long."""
        with self._lock:
            self._hide()
            self._what, self._values, self._is_quiet = what, values, False

    def speak(self) -> None:
        """Take the line back, because something else is to be said."""
        with self._lock:
            self._hide()

    def be_quiet(self) -> None:
        """Leave the terminal to somebody else until the next step."""
        with self._lock:
            self._hide()
            self._is_quiet = True

    def _hide(self) -> None:
        if self._is_shown:
            self._write(ERASE)
        self._is_shown, self._since = False, time.monotonic()

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


_CURRENT: ContextVar[Waiting | None] = ContextVar("waiting", default=None)


def step(what: str, **values: object) -> None:
    """Say what begins now, if somebody is shown the wait.

    Parameters
    ----------
    what
        Key of the catalogue ``cli``; the text may use ``{seconds}``.
    values
        Further fields of the text.
    """
    waiting = _CURRENT.get()
    if waiting is not None:
        waiting.step(what, **values)


def speak() -> None:
    """Take the line of the wait back before something is printed."""
    waiting = _CURRENT.get()
    if waiting is not None:
        waiting.speak()


def be_quiet() -> None:
    """Leave the terminal to a display of its own until the next step."""
    waiting = _CURRENT.get()
    if waiting is not None:
        waiting.be_quiet()
