"""Who does pieces of work that hang on nothing else: this process, or helpers that are given from outside.

The answer is the same whoever does them: what is done is settled before anybody begins, and results come back in the order of
what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from nichiiki_solver.background import in_background


def nothing_ends(_result: Any) -> bool:
    """Say that every piece is to be done."""
    return False


class Helpers(Protocol):
    """Does pieces of work; `nichiiki.helping.ProcessHelpers` gives them to an executor."""

    @property
    def at_once(self) -> int:
        """About how many pieces are done at a time."""
        ...

    def each(
        self,
        function: Callable[..., Any],
        pieces: Sequence[tuple[Any, ...]],
        limit_s: float,
        should_stop: Callable[[], bool],
        ends: Callable[[Any], bool] = nothing_ends,
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
        ends
            Says of a result whether it makes the others needless; they are left then.

        Returns
        -------
        list
            A result a piece, in their order; None where it was not done.
        """
        ...


class Alone:
    """Does one piece after the other in this process."""

    at_once = 1

    def each(
        self,
        function: Callable[..., Any],
        pieces: Sequence[tuple[Any, ...]],
        limit_s: float,
        should_stop: Callable[[], bool],
        ends: Callable[[Any], bool] = nothing_ends,
    ) -> list[Any]:
        """Call the function with each piece; see `Helpers`."""
        del limit_s
        found: list[Any] = []
        for piece in pieces:
            over = should_stop() or (bool(found) and ends(found[-1]))
            found.append(
                None if over else in_background(partial(function, *piece), should_stop, name="piece")
            )
            if over:
                break
        return found + [None] * (len(pieces) - len(found))
