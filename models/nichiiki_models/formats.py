"""Documents of nichiiki and their versions: what each is called, and how one of an older version becomes one of today.

A document says its format and version in ``format``, such as ``nichiiki-instance/1``. A version takes optional fields on without a
new number, so that older files stay as they are, and keep their hash; what would break a reader gets the next number and a
`Step` here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """The way from one version of a document to the next.

    Attributes
    ----------
    older, newer
        Formats, such as ``nichiiki-instance/1`` and ``nichiiki-instance/2``.
    change
        Makes the newer document from the older one, without touching that. ``format`` is seen to.
    """

    older: str
    newer: str
    change: Callable[[Document], Document]


STEPS: tuple[Step, ...] = ()
"""Every step there has been; so far every format is in its first version."""


def migrated(document: Any, *, steps: Sequence[Step] = STEPS) -> Any:
    """Return a document in the newest version that steps lead to.

    Parameters
    ----------
    document
        What was read from JSON. What is no object, or names no format with a step, comes back as it is: whoever knows
        the format then accepts or refuses it.
    steps
        Steps that are known.
    """
    ways = {step.older: step for step in steps}
    while isinstance(document, Mapping) and (step := ways.get(_format(document))):
        document = {**step.change(document), "format": step.newer}
    return document


def _format(document: Document) -> str:
    stated = document.get("format")
    return stated if isinstance(stated, str) else ""
