"""Where words go: results to standard output, progress and remarks to standard error, in any encoding."""

from __future__ import annotations

import codecs
import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from nichiiki.cli.waiting import speak
from nichiiki_models.texts import Lang, text

if TYPE_CHECKING:
    from rich.console import Console

HANDLER = "nichiiki.plain"
PLAIN = {
    "✓": "o",
    "✗": "x",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "·": "-",
    "⚠": "!",
    "•": "-",
    "\xa0": " ",
    "→": "->",
    "~": "~",
}
"""What stands for a sign that a console cannot show (CP932 lacks all but the arrow)."""


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    broken = error.object[error.start : error.end]
    shown = "".join(PLAIN.get(sign, "?") for sign in broken)
    return shown.encode(error.encoding, "replace").decode(error.encoding), error.end


codecs.register_error(HANDLER, _plain)


def prepare(stream: Any) -> None:
    """Make a stream take every sign: as UTF-8, or as plain signs on a console or in an encoding asked for."""
    if not hasattr(stream, "reconfigure"):
        return
    asked = os.environ.get("PYTHONIOENCODING")
    if os.name == "nt" and not asked and not stream.isatty():
        stream.reconfigure(encoding="utf-8", errors=HANDLER)
    else:
        stream.reconfigure(errors=HANDLER)


class Screen:
    """Both streams and the words of one run.

    Parameters
    ----------
    lang
        Language of all words.
    """

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang
        for stream in (sys.stdout, sys.stderr):
            prepare(stream)

    def say(self, key: str, /, **values: object) -> str:
        """Return the text of a key of the catalogue ``cli``."""
        return text(f"cli.{key}", self.lang, package="nichiiki", **values)

    @property
    def out(self) -> Console:
        """Standard output, for results."""
        speak()
        return self._out

    @property
    def err(self) -> Console:
        """Standard error, for progress and remarks."""
        speak()
        return self._err

    @cached_property
    def _out(self) -> Console:
        return _console(sys.stdout)

    @cached_property
    def _err(self) -> Console:
        return _console(sys.stderr)

    def tell(self, key: str, /, **values: object) -> None:
        """Say a sentence on standard error."""
        self.err.print(self.say(key, **values), soft_wrap=True)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    # names may hold [brackets]: nothing that is printed is ever read as markup
    width = None if stream.isatty() or os.environ.get("COLUMNS") else 110
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width)
