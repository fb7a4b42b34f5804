"""The command line: one file a command, loaded when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    arguments
        Words after the program's name; those of the process if None.
    """
    from nichiiki.cli.group import face
    from nichiiki.cli.language import choose_language

    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        face(choose_language(words)).main(words, prog_name="nichiiki")
    except SystemExit as end:
        return int(end.code or 0)
    return 0
