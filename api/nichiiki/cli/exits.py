"""Exit codes, named once."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    NEGATIVE = 1
    BAD_INPUT = 2
    INTERRUPTED = 130
