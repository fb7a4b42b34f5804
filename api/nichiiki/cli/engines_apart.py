"""Standard output holds what a command says, and nothing else.

Engines written in C print to the process's standard output now and then, past Python (HiGHS in some repairs of a solution): a line
of theirs in `--json` would be no JSON any more. While a command runs, what they print goes to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

OUTPUT, ERRORS = 1, 2
"""File descriptors of a process."""


@contextmanager
def engines_apart() -> Iterator[None]:
    """Send what is printed past Python to standard error; nothing happens where standard output is none of the process's own."""
    before = sys.stdout
    if not _is_own(before):
        yield
        return
    before.flush()
    number = os.dup(OUTPUT)
    os.dup2(ERRORS, OUTPUT)
    lines = 1 if before.isatty() else -1
    with open(number, "w", lines, encoding=before.encoding, errors=before.errors) as sys.stdout:
        try:
            yield
        finally:
            sys.stdout = before
            os.dup2(number, OUTPUT)


def _is_own(stream: TextIO) -> bool:
    try:
        return int(stream.fileno()) == OUTPUT
    except (AttributeError, OSError, ValueError):
        return False
