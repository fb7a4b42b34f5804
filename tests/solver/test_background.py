"""Work on a thread of its own: what it raises is raised, what it has done is not thrown away, and it can be left."""

from itertools import chain, repeat
from threading import Event

import pytest

from nichiiki_solver.background import in_background


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 // 0, lambda: False, name="test")


def test_what_is_done_is_kept_though_somebody_asks_to_stop() -> None:
    assert in_background(lambda: 7, lambda: True, name="test") == 7


def test_what_goes_on_is_left() -> None:
    held = Event()
    asked = chain([False], repeat(True))
    assert in_background(lambda: held.wait(60), lambda: next(asked), name="test") is None
    held.set()


def test_who_ends_when_asked_to_gives_what_it_has() -> None:
    asked = Event()
    found = in_background(lambda: 7 if asked.wait(60) else 0, lambda: True, name="test", ask_to_end=asked.set)
    assert found == 7


def test_an_error_of_who_waits_asks_to_end_too() -> None:
    asked = Event()
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: asked.wait(60), lambda: 1 // 0 > 0, name="test", ask_to_end=asked.set)
    assert asked.is_set()
