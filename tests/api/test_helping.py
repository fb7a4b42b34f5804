"""Blocks of households as tasks: the same certificate whoever places them, and what is lost is done here."""

import time

import pytest

from nichiiki.executing import LocalExecutor
from nichiiki.helping import ProcessHelpers
from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Allocation
from nichiiki_models.result import Result
from nichiiki_solver.allocating import allocate
from nichiiki_solver.helping import Alone, Helpers
from nichiiki_solver.policies import welfare
from nichiiki_tasks import crash_in_a_helper, length, sleep


def never() -> bool:
    return False


@pytest.fixture
def blocks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of large markets on one small enough for a test: a round of three blocks at a time, no search over everything."""
    for name, value in {
        "SMALL": -1,
        "WHOLE": -1,
        "MOST_PIECES": -1,
        "AGENTS_A_BLOCK": 1,
        "MOST_A_ROUND": 3,
        "LAST_PATIENCE": 1,
        "PATIENCE": 1,
        "PROCEDURE_AGENTS": 0,
    }.items():
        monkeypatch.setattr(welfare, name, value)
    monkeypatch.setattr("nichiiki_solver.policies.neighbourhoods.FIRST_SIZE", 6)


def certificate(result: Result) -> tuple[object, ...]:
    """What an answer claims and gives."""
    assert isinstance(result.allocation, Allocation)
    given = result.allocation.model_dump(exclude={"provenance"})
    return given, result.objective, result.bound, result.levels


class Counting:
    """Helpers that count what they are given."""

    def __init__(self, helpers: Helpers) -> None:
        self.helpers, self.pieces = helpers, 0

    def each(self, function, pieces, limit_s, should_stop):  # type: ignore[no-untyped-def]
        self.pieces += len(pieces)
        return self.helpers.each(function, pieces, limit_s, should_stop)


@pytest.mark.usefixtures("blocks_only")
def test_one_helper_and_many_give_the_same_certificate() -> None:
    instance = generate(households=24, houses=8, hosts=1, roles=6, periods=6, seed=3)
    alone = Counting(Alone())
    expected = certificate(allocate(instance, helpers=alone, time_limit_s=120))
    assert alone.pieces > 1
    for workers in (1, 2, 3):
        helpers = ProcessHelpers.local(workers)
        assert certificate(allocate(instance, helpers=helpers, time_limit_s=120)) == expected


def test_results_come_back_in_the_order_of_what_was_asked() -> None:
    pieces = [(3, 4), (5, 12), (8, 15)]
    assert ProcessHelpers.local(3).each(length, pieces, 60, never) == [5.0, 13.0, 17.0]


def test_what_a_lost_helper_had_is_done_here() -> None:
    assert ProcessHelpers.local(2).each(crash_in_a_helper, [(0,), (1,)], 60, never) == [0, 1]


def test_who_is_told_to_stop_leaves_the_rest() -> None:
    started, asked = time.monotonic(), iter([False, *[True] * 1000])
    helpers = ProcessHelpers(lambda: LocalExecutor(1))
    assert helpers.each(sleep, [(0,), (60,), (60,)], 90, lambda: next(asked)) == [None] * 3
    assert time.monotonic() - started < 50
