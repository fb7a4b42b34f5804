"""Who does pieces of work that hang on nothing else: this process, or helpers that are given from outside.

The answer is the same whoever does them: what is done is settled before anybody begins, and results come back in the order of
what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread
from typing import Any, Protocol

from nichiiki_solver.background import in_background


class Helpers(Protocol):
    """Does pieces of work; `nichiiki.helping.ProcessHelpers` gives them to an executor."""

    def each(
        self,
        function: Callable[..., Any],
        pieces: Sequence[tuple[Any, ...]],
        limit_s: float,
        should_stop: Callable[[], bool],
    ) -> list[Any]:
        """Call a function with each piece.

        Parameters
        ----------
        function
            A function at the top of a module of nichiiki; it and what it gets and gives can travel.
        pieces
            Its arguments, one tuple a call.
        limit_s
            Seconds that a call takes at most by its own account.
        should_stop
            Asked now and then; True leaves what is not done.

        Returns
        -------
        list
            A result a piece, in their order; None where it was not done.
        """
        ...


class Threads:
    """Threads of this process; the engines let go of Python's lock, so that as many work as there are processors.

    Parameters
    ----------
    at_once
        Pieces at a time; with one the calls come one after the other.
    """

    def __init__(self, at_once: int = 1) -> None:
        self._at_once = at_once

    def each(
        self,
        function: Callable[..., Any],
        pieces: Sequence[tuple[Any, ...]],
        limit_s: float,
        should_stop: Callable[[], bool],
    ) -> list[Any]:
        """Call the function with each piece; see `Helpers`."""
        del limit_s
        found: list[Any] = [None] * len(pieces)
        raised: list[Exception] = []
        left = iter(range(len(pieces)))

        def is_over() -> bool:
            return bool(raised) or should_stop()

        def do(number: int) -> None:
            try:
                found[number] = function(*pieces[number])
            except Exception as error:
                raised.append(error)

        def work() -> None:
            for number in left:
                if is_over():
                    return
                in_background(partial(do, number), is_over, name="piece")

        threads = [Thread(target=work, daemon=True) for _ in range(min(self._at_once, len(pieces)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if raised:
            raise raised[0]
        return list(found)
