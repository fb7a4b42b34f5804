"""Helpers of one run: its independent pieces, such as blocks of households, as tasks of an `Executor`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

from nichiiki.executing import Done, Executor, Task
from nichiiki_models.errors import UsageError
from nichiiki_solver.helping import Threads

LEAST = 2
"""Fewer pieces are not worth the start of another process."""
SPARE_S, PAUSE_S = 60.0, 300.0
"""A task that overruns its own limit by so many seconds is ended from outside (what starts an interpreter is in it); so long nobody is
asked for an executor again when none was there."""


class ProcessHelpers:
    """Pieces of work as tasks of an executor: processes of this machine, or the workers of a cluster.

    Parameters
    ----------
    make
        Makes the executor that does the pieces of one call, such as ``lambda: DaskExecutor(address)``.

    Notes
    -----
    A piece that is lost with its worker, or ended by its limit, is done by this process, and so are all of a call when there is
    nobody else: the answer hangs on nothing that happens on the way.
    """

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._make, self._again = make, 0.0

    def each(
        self,
        function: Callable[..., Any],
        pieces: Sequence[tuple[Any, ...]],
        limit_s: float,
        should_stop: Callable[[], bool],
    ) -> list[Any]:
        """Call the function with each piece; see `nichiiki_solver.helping.Helpers`."""
        found: dict[int, Any] = {}
        if len(pieces) >= LEAST and time.monotonic() >= self._again and not should_stop():
            tasks = [Task(str(k), function, piece, limit_s + SPARE_S) for k, piece in enumerate(pieces)]
            found = {
                int(done.key): done.value for done in self._done(tasks, should_stop) if done.error is None
            }
        lost = [number for number in range(len(pieces)) if number not in found]
        again = Threads().each(function, [pieces[number] for number in lost], limit_s, should_stop)
        found.update(zip(lost, again, strict=True))
        return [found[number] for number in range(len(pieces))]

    def _done(self, tasks: list[Task], should_stop: Callable[[], bool]) -> Iterator[Done]:
        """What an executor gives back of some tasks; nothing more once it is gone."""
        try:
            executor = self._make()
            for task in tasks:
                executor.submit(task)
            with closing(executor.iterate(should_stop)) as results:  # type: ignore[type-var]  # iterate is a generator
                yield from results
        except (UsageError, OSError):
            self._again = time.monotonic() + PAUSE_S
