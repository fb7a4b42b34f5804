"""Processes of our own: started with this interpreter and its modules, watched from outside, gone when their parent is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress

import psutil


def start(module: str, *words: str, stdout: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start a module with the interpreter and the search path of this process; its standard input is a pipe.

    The folder where the user happens to be is not searched for modules: it may hold files of strangers.

    Parameters
    ----------
    module
        Its name, as after ``python -m``.
    words
        What it is given.
    stdout
        Where its standard output goes, as for `subprocess.Popen`.
    """
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", module, *words],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
    )


def end_with_parent() -> None:
    """End this process when its parent is gone: standard input then ends."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all that it started; empty once it has ended."""
    with suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return []


def memory_of(process: psutil.Process) -> int:
    """Return the bytes of main memory that a process and all that it started hold."""
    used = 0
    for each in family(process):
        with suppress(psutil.Error):
            used += each.memory_info().rss
    return used


def end_family(process: psutil.Process) -> None:
    """End a process and all that it started, at once; those first that it started."""
    for each in reversed(family(process)):
        with suppress(psutil.Error):
            each.kill()
