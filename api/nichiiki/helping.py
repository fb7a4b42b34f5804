"""Helpers of one run: its independent pieces, such as blocks of households, as tasks of an `Executor`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from nichiiki.executing import Executor, LocalExecutor, Task
from nichiiki_solver.helping import Threads, nothing_ends

LEAST = 2
"""Fewer pieces are not worth the start of another process."""
SPARE_S = 60.0
"""A task that overruns its own limit by so much is ended from outside: what starts an interpreter is in it."""


class ProcessHelpers:
    """Pieces of work as tasks of an executor: processes of this machine, or the workers of a cluster.

    Parameters
    ----------
    make
        Makes the executor that does the pieces of one call, such as ``lambda: DaskExecutor(address)``; `local` for processes.
    at_once
        About how many pieces it does at a time.

    Notes
    -----
    A piece that is lost with its worker, or ended by its limit, is done by this process, so that the answer hangs on nothing that
    happens on the way. Not so where one result makes the others needless: a lost racer is not begun again.
    """

    def __init__(self, make: Callable[[], Executor], *, at_once: int = 2) -> None:
        self._make, self.at_once, self.can_end = make, at_once, True

    @classmethod
    def local(cls, workers: int) -> ProcessHelpers:
        """Return helpers that are so many processes of this machine at a time."""
        return cls(lambda: LocalExecutor(workers), at_once=workers)

    def each(
        self,
        function: Callable[..., Any],
        pieces: Sequence[tuple[Any, ...]],
        limit_s: float,
        should_stop: Callable[[], bool],
        ends: Callable[[Any], bool] = nothing_ends,
    ) -> list[Any]:
        """Call the function with each piece; see `nichiiki_solver.helping.Helpers`."""
        if len(pieces) < LEAST or should_stop():
            return Threads().each(function, pieces, limit_s, should_stop, ends)
        executor, found = self._make(), {}
        for number, piece in enumerate(pieces):
            executor.submit(Task(str(number), function, piece, limit_s + SPARE_S))
        with closing(executor.iterate(should_stop)) as results:  # type: ignore[type-var]  # iterate is a generator
            for done in results:
                if done.error is None:
                    found[int(done.key)] = done.value
                    if ends(done.value):
                        break
        if ends is not nothing_ends or should_stop():
            return [found.get(number) for number in range(len(pieces))]
        lost = [number for number in range(len(pieces)) if number not in found]
        again = Threads().each(function, [pieces[number] for number in lost], limit_s, should_stop)
        found.update(zip(lost, again, strict=True))
        return [found[number] for number in range(len(pieces))]
