"""What tests let an executor do: only functions of nichiiki's own packages travel to another process."""

import math
import os
import time
from pathlib import Path


def length(across: float, up: float) -> float:
    return math.hypot(across, up)


def root(number: float) -> float:
    return math.sqrt(number)


def crash(code: int) -> None:
    os._exit(code)


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
