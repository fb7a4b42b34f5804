"""Which language to speak, decided before anything is parsed: help texts are in it too."""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping, Sequence

from nichiiki_models.texts import LANGUAGES, Lang

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def choose_language(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Lang:
    """Return the language asked for by ``--lang``, else that of the locale, else English.

    Parameters
    ----------
    arguments
        The command line.
    environment
        Environment variables; those of the process if None.
    """
    asked = _asked(arguments)
    if asked in LANGUAGES:
        return "ja" if asked == "ja" else "en"
    return (
        "ja"
        if _locale(os.environ if environment is None else environment).casefold().startswith("ja")
        else "en"
    )


def _asked(arguments: Sequence[str]) -> str:
    found = ""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=False):
        if word == "--":
            break
        if word == "--lang":
            found = following
        elif word.startswith("--lang="):
            found = word.removeprefix("--lang=")
    return found


def _locale(environment: Mapping[str, str]) -> str:
    named = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    if named or os.name != "nt":
        return named
    return locale.getlocale()[0] or ""  # "Japanese_Japan" on Windows
