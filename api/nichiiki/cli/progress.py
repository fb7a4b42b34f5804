"""What one sees while a run goes on, and how to stop it: a live line, or a plain line every few seconds."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from nichiiki.cli.console import Screen
from nichiiki.cli.waiting import be_quiet, step
from nichiiki.report.words import number, percent

if TYPE_CHECKING:
    from nichiiki_solver.policies.registry import Progress

PLAIN_EVERY_S = 5.0
LISTEN_EVERY_S = 0.2
T = TypeVar("T")


class Stopping:
    """Ends a run with the best answer so far when Ctrl-C is pressed; a second Ctrl-C ends at once.

    Parameters
    ----------
    screen
        Where to say so.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.stopped = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _interrupt(self, _: int, __: FrameType | None) -> None:
        if self.stopped:
            raise KeyboardInterrupt
        self.stopped = True
        self.screen.tell("interrupted.stopping")

    def should_stop(self) -> bool:
        """Say whether Ctrl-C was pressed."""
        return self.stopped


class Watch(Stopping):
    """Shows the progress of a run, and stops it as `Stopping` does.

    Parameters
    ----------
    screen
        Where to show it.
    households, products
        How many households are allocated, or products priced.
    time_limit_s
        Seconds the run may take.
    """

    def __init__(
        self, screen: Screen, *, time_limit_s: float, households: int = 0, products: int = 0
    ) -> None:
        super().__init__(screen)
        key = "progress.products" if products else "progress.households"
        self._what = screen.say(key, count=number(products or households))
        self.time_limit_s = time_limit_s
        self._latest: Progress | None = None
        self._started = time.monotonic()
        self._shown = self._started
        self._live: Any = None

    def __enter__(self) -> Self:
        super().__enter__()
        be_quiet()
        if self.screen.err.is_terminal:
            from rich.live import Live

            self._live = Live(
                get_renderable=self.line,
                console=self.screen.err,
                refresh_per_second=4,
                transient=True,
                redirect_stdout=False,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
        super().__exit__(kind, error, trace)
        step("wait.working")

    def __call__(self, progress: Progress) -> None:
        """Take note of a line of progress."""
        self._latest = progress
        now = time.monotonic()
        if self._live is None and now - self._shown >= PLAIN_EVERY_S:
            self._shown = now
            self.screen.err.print(self.line(), soft_wrap=True)

    def line(self) -> str:
        """Return how far the run is, in one line."""
        spent = time.monotonic() - self._started
        left = max(0, round(self.time_limit_s - spent))
        latest = self._latest
        if latest is None:
            return self.screen.say("progress.start", what=self._what, left=left)
        return self.screen.say(
            "progress.line" if left else "progress.closing",
            what=self._what,
            level=latest.level,
            objective=number(latest.objective) or "–",
            bound=number(latest.bound) or "–",
            gap=percent(_gap(latest)) or "–",
            left=left,
        )


def _gap(progress: Progress) -> float | None:
    if progress.objective is None or progress.bound is None:
        return None
    return (progress.bound - progress.objective) / max(1, abs(progress.objective))


def beside(action: Callable[[], T]) -> T:
    """Run something in a thread of its own, so that the main thread hears Ctrl-C while a solver computes.

    Parameters
    ----------
    action
        What to run; what it returns or raises comes back.
    """
    outcome: Future[T] = Future()

    def work() -> None:
        try:
            outcome.set_result(action())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    while not outcome.done():
        wait([outcome], timeout=LISTEN_EVERY_S)
    return outcome.result()
