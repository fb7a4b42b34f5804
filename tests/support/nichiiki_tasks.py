"""What tests let an executor do: only functions of nichiiki's own packages travel to another process."""

import math
import os
import sys
import time
from pathlib import Path


def length(across: float, up: float) -> float:
    return math.hypot(across, up)


def root(number: float) -> float:
    return math.sqrt(number)


def crash(code: int) -> None:
    os._exit(code)


def crash_in_a_helper(number: int) -> int:
    """Break down where a task is done in a process of its own, and answer elsewhere."""
    main = sys.modules["__main__"].__spec__
    if main is not None and main.name == "nichiiki.executing":
        os._exit(9)
    return number


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def unsendable() -> object:
    return object()


def held_number(number: int, folder: Path) -> int:
    """Tell in a file that it began, and go on when the file `go` is there."""
    (folder / f"begun-{number}-{os.getpid()}").touch()
    while not (folder / "go").exists():
        time.sleep(0.05)
    return number


def hold(mebibytes: int) -> int:
    """Take memory, and really use it."""
    return len(bytearray(b"x") * (mebibytes << 20))


def chatter(text: str) -> str:
    """Print while working: no part of the answer."""
    print(text)
    return text
