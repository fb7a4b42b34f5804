"""Work on a thread of its own, so that an engine can be asked to end, and left if it does not listen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_S, GRACE_S = 0.2, 3.0
"""How often the clock is looked at, and how long work that was asked to end is waited for, in seconds."""


def _nothing() -> None:
    """Ask nobody."""


def in_background(
    work: Callable[[], T],
    should_stop: Callable[[], bool],
    *,
    name: str,
    ask_to_end: Callable[[], None] = _nothing,
) -> T | None:
    """Do some work (which lets go of Python's lock) and look at the clock meanwhile.

    Parameters
    ----------
    work
        What to do.
    should_stop
        Asked now and then; True leaves the work behind, unless it ends when it is asked to.
    name
        Name of the thread.
    ask_to_end
        Asks the work to end with what it has.

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
    try:
        worker.join(POLL_S)
        while worker.is_alive() and not should_stop():
            worker.join(POLL_S)
    finally:
        if worker.is_alive():
            ask_to_end()
    if ask_to_end is not _nothing:
        worker.join(GRACE_S)
    if worker.is_alive():
        return None
    if raised:
        raise raised[0]
    return found[0]
