"""What of a long table of cases is run on every change; the others are marked slow, and `make test-slow` runs them all."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import pytest


def sample(
    cases: Iterable[Any], every: int | None = None, kind: Callable[[Any], Hashable] | None = None
) -> list[Any]:
    """Mark cases as slow except each `every`-th one and, if there are kinds of cases, the first of each kind."""
    seen: set[Hashable] = set()
    marked = []
    for n, case in enumerate(cases):
        is_first = kind is not None and kind(case) not in seen
        if kind is not None:
            seen.add(kind(case))
        stays = is_first or (every is not None and n % every == 0)
        values = case if isinstance(case, tuple) else (case,)
        marked.append(case if stays else pytest.param(*values, marks=pytest.mark.slow))
    return marked
