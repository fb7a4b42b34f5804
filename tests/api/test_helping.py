"""Blocks of households as tasks: the same certificate whoever places them, and what is lost is done here."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from nichiiki import helping
from nichiiki.executing import Done, LocalExecutor
from nichiiki.helping import ProcessHelpers
from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Allocation
from nichiiki_models.errors import UsageError
from nichiiki_solver import dual_prices
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.dual_prices import SCALE, find_tight_prices
from nichiiki_solver.helping import Helpers, Threads
from nichiiki_solver.holding import held_by_prices
from nichiiki_solver.policies import neighbourhoods
from nichiiki_solver.policies.neighbourhoods import Neighbourhoods
from nichiiki_tasks import crash, crash_in_a_helper, held_number, length, root, sleep

FULL = os.environ.get("NICHIIKI_FULL") == "1"


def never() -> bool:
    return False


def processes(workers: int) -> ProcessHelpers:
    return ProcessHelpers(lambda: LocalExecutor(workers))


def certificate(helpers: Helpers) -> tuple[Allocation, int, int]:
    """Allocation, value and bound after a round of blocks on a market whose prices are by ascent, as on large ones."""
    source = BundleSource(
        find_bundles(generate(households=60, houses=20, hosts=1, roles=6, periods=6, seed=2))
    )
    weights = np.eye(len(source.bundles.stay_terms), dtype=np.int64)[0]
    priced = find_tight_prices(source.unlisted(), weights, never)
    assert isinstance(priced.source, BundleSource)
    held = held_by_prices(priced.source, weights * SCALE, priced.prices, never)
    search = Neighbourhoods(priced.source, priced, held, 0, helpers)
    before = search.value
    assert search.improve(3, 60.0, never)
    assert search.value > before
    market, choice = search.answer()
    assert market.is_feasible(choice)
    claims = {"policy": "welfare", "seed": 0, "status": "FEASIBLE", "reason": "TIME_LIMIT", "levels": ()}
    allocation = market.to_allocation(
        choice, objective=search.value, bound=priced.bound, provenance={}, **claims
    )
    return allocation, search.value, priced.bound


class Counting:
    """Helpers that count what they are given."""

    def __init__(self) -> None:
        self.pieces = 0

    def each(self, function, pieces, limit_s, should_stop):  # type: ignore[no-untyped-def]
        self.pieces += len(pieces)
        return Threads().each(function, pieces, limit_s, should_stop)


def test_one_helper_and_many_give_the_same_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbourhoods, "FIRST_SIZE", 8)
    monkeypatch.setattr(dual_prices, "MOST_PROGRAMMED", 0)
    alone = Counting()
    expected = certificate(alone)
    assert alone.pieces > 1
    for workers in (1, 2, 3) if FULL else (2,):
        assert certificate(processes(workers)) == expected


def test_results_come_back_in_the_order_of_what_was_asked() -> None:
    pieces = [(3, 4), (5, 12), (8, 15)]
    assert processes(3).each(length, pieces, 60, never) == [5.0, 13.0, 17.0]


def test_a_single_piece_starts_no_process() -> None:
    def refuse() -> LocalExecutor:
        raise AssertionError("an executor was made")

    assert ProcessHelpers(refuse).each(length, [(3, 4)], 60, never) == [5.0]
    assert ProcessHelpers(refuse).each(length, [], 60, never) == []


def test_what_a_lost_helper_had_is_done_here() -> None:
    assert processes(2).each(crash_in_a_helper, [(0,), (1,)], 60, never) == [0, 1]


def test_alone_leaves_what_is_not_begun() -> None:
    assert Threads().each(crash, [(9,), (9,)], 60, lambda: True) == [None, None]
    assert Threads().each(length, [(3, 4), (5, 12)], 60, never) == [5.0, 13.0]


def test_who_is_told_to_stop_leaves_the_rest() -> None:
    started, asked = time.monotonic(), iter([False, *[True] * 1000])
    helpers = ProcessHelpers(lambda: LocalExecutor(1))
    assert helpers.each(sleep, [(0,), (60,), (60,)], 90, lambda: next(asked)) == [None] * 3
    assert time.monotonic() - started < 50


def test_who_is_told_to_stop_ends_what_runs(tmp_path: Path) -> None:
    """Both pieces have begun and would go on for good: nothing ends while they run but what is asked meanwhile."""

    def have_begun() -> bool:
        return len(list(tmp_path.iterdir())) == 2

    pieces = [(number, tmp_path) for number in range(2)]
    assert processes(2).each(held_number, pieces, 90, have_begun) == [None, None]


@pytest.mark.parametrize("error", [UsageError("no workers"), OSError("no scheduler")])
def test_without_an_executor_everything_is_done_here(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is gone is not asked again at once: to wait for an answer takes half a minute."""
    asked = []

    def refuse() -> LocalExecutor:
        asked.append(1)
        raise error

    helpers = ProcessHelpers(refuse)
    for _ in range(2):
        assert helpers.each(length, [(3, 4), (5, 12)], 60, never) == [5.0, 13.0]
    assert len(asked) == 1
    monkeypatch.setattr(helping, "PAUSE_S", 0.0)
    helpers = ProcessHelpers(refuse)
    for _ in range(2):
        assert helpers.each(length, [(3, 4), (5, 12)], 60, never) == [5.0, 13.0]
    assert len(asked) == 3


class Vanishing(LocalExecutor):
    """Gives back what it did first, and is gone then."""

    def iterate(self, should_stop: Callable[[], bool] = never) -> Iterator[Done]:
        yield next(super().iterate(should_stop))
        raise OSError("gone")


def test_what_an_executor_had_when_it_was_gone_is_done_here() -> None:
    helpers = ProcessHelpers(lambda: Vanishing(1))
    assert helpers.each(length, [(3, 4), (5, 12), (8, 15)], 60, never) == [5.0, 13.0, 17.0]


def test_threads_raise_what_a_piece_raised_and_leave_the_others() -> None:
    with pytest.raises(ValueError):
        Threads(2).each(root, [(-1.0,), (1.0,), (4.0,)], 60, never)


def test_threads_give_the_same_with_any_number() -> None:
    pieces = [(number, number + 1) for number in range(9)]
    assert Threads(1).each(length, pieces, 60, never) == Threads(4).each(length, pieces, 60, never)
    assert Threads(3).each(length, [], 60, never) == []
