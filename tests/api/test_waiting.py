"""What is shown while a command computes: on a terminal only, gone before anything else is said; Ctrl-C keeps the best."""

import io
import signal
import time
from pathlib import Path

import pytest

from nichiiki.cli.console import Screen
from nichiiki.cli.progress import Stopping
from nichiiki.cli.saving import told
from nichiiki.cli.waiting import ERASE, Waiting, be_quiet, speak, step


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def say(key: str, /, **values: object) -> str:
    return f"<{key} {values}>"


def until(stream: io.StringIO, text: str) -> None:
    for _ in range(500):
        if text in stream.getvalue():
            return
        time.sleep(0.01)
    pytest.fail(f"{text!r} never came: {stream.getvalue()!r}")


def test_a_wait_is_told_and_taken_back() -> None:
    stream = Terminal()
    with Waiting(stream, say, after_s=0.05, every_s=0.01):
        until(stream, "wait.working")
        step("wait.reading", name="town")
        until(stream, "wait.reading {'name': 'town', 'seconds': '0'}")
        speak()
        assert stream.getvalue().endswith(ERASE)
    assert stream.getvalue().endswith(ERASE)


def test_a_display_of_its_own_has_the_terminal_alone() -> None:
    stream = Terminal()
    with Waiting(stream, say, after_s=0.02, every_s=0.01):
        until(stream, "wait.working")
        be_quiet()
        seen = stream.getvalue()
        time.sleep(0.1)
        assert stream.getvalue() == seen
        step("wait.writing", folder="out")
        until(stream, "wait.writing")


def test_files_that_are_written_are_counted() -> None:
    stream = Terminal()
    with Waiting(stream, say, after_s=0.02, every_s=0.01):
        for number, (name, content) in enumerate(told(Path("to/out"), iter([("a", b"1"), ("b", b"2")]))):
            until(stream, f"wait.writing {{'folder': 'out', 'done': {number}, ")
            assert (name, content) == [("a", b"1"), ("b", b"2")][number]


def test_nothing_is_told_where_nobody_looks() -> None:
    stream = io.StringIO()
    with Waiting(stream, say, after_s=0, every_s=0.01):
        time.sleep(0.05)
    assert stream.getvalue() == ""
    step("wait.reading", name="nobody")
    speak()


def test_quick_commands_say_nothing_of_it() -> None:
    stream = Terminal()
    with Waiting(stream, say, after_s=60, every_s=0.01):
        time.sleep(0.05)
    assert stream.getvalue() == ""


def test_the_first_interrupt_asks_to_stop_and_the_second_ends() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Stopping(Screen("en")) as stopping:
        signal.raise_signal(signal.SIGINT)
        assert stopping.should_stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
