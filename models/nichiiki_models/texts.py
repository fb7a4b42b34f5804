"""Bilingual texts: every sentence a person reads comes from a gettext catalogue, never from code.

A message id is a short key such as ``problem.unknown_id.what``; both languages are complete, and a test
fails on a missing text. Catalogues lie in a package's ``locale/<lang>/LC_MESSAGES/<domain>.po``.
"""

from __future__ import annotations

import gettext
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

Lang = Literal["ja", "en"]
LANGUAGES: tuple[Lang, ...] = ("ja", "en")


@cache
def _catalogue(package: str, domain: str, lang: str) -> gettext.NullTranslations:
    file = resources.files(package) / "locale" / lang / "LC_MESSAGES" / f"{domain}.mo"
    with file.open("rb") as stream:
        return gettext.GNUTranslations(stream)


@lru_cache(maxsize=4096)
def _template(key: str, lang: Lang, package: str) -> str | None:
    found = _catalogue(package, key.partition(".")[0], lang).gettext(key)
    return None if found == key else found


def text(key: str, lang: Lang, /, *, package: str = "nichiiki_models", **values: object) -> str:
    """Return the text of a key in a language, with its fields filled in.

    Parameters
    ----------
    key
        Message id; the part before the first dot names the catalogue (domain).
    lang
        ``"ja"`` or ``"en"``.
    package
        The package whose ``locale`` folder holds the catalogue.
    values
        Values of the ``{fields}`` of the text; values that it does not use are ignored.

    Raises
    ------
    KeyError
        If the catalogue has no such key: a missing text is a defect, never an empty string.
    """
    template = _template(key, lang, package)
    if template is None:
        raise KeyError(f"no text for {key!r} in {lang!r}")
    return template.format_map(values)


def has_text(key: str, lang: Lang, *, package: str = "nichiiki_models") -> bool:
    """Say whether a catalogue holds a key."""
    return _template(key, lang, package) is not None
