"""Work on a thread of its own, so that an engine that does not listen can be left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_S = 0.2


def in_background(work: Callable[[], T], should_stop: Callable[[], bool], *, name: str) -> T | None:
    """Do some work (which lets go of Python's lock) and look at the clock meanwhile.

    Parameters
    ----------
    work
        What to do.
    should_stop
        Asked now and then; True leaves the work behind.
    name
        Name of the thread.

    Returns
    -------
    T or None
        What the work returned; None if it was left.

    Raises
    ------
    Exception
        What the work raised.
    """
    found: list[T] = []
    raised: list[BaseException] = []

    def do() -> None:
        try:
            found.append(work())
        except BaseException as error:
            raised.append(error)

    worker = threading.Thread(target=do, daemon=True, name=name)
    worker.start()
    while worker.is_alive():
        worker.join(POLL_S)
        if worker.is_alive() and should_stop():
            return None
    if raised:
        raise raised[0]
    return found[0]
