"""Where checks put what they find: rows of numpy columns in, sorted violations out."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from nichiiki_models.allocation import Violation
from nichiiki_models.columns import NULL_INT, Array

ONCE = np.ones(1, dtype=bool)
"""The rows of what is found once, and of no column of their own."""


class Finder(Protocol):
    """What a check reports to."""

    def add(self, rule: str, rows: Array, *ids: Any, value: Any = None, limit: Any = None) -> None:
        """Take note of the rows that break a rule."""


class Refused:
    """Notes only which of the rows checked break any rule."""

    def __init__(self, rows: int) -> None:
        self.mask = np.zeros(rows, dtype=bool)

    def add(self, rule: str, rows: Array, *ids: Any, value: Any = None, limit: Any = None) -> None:
        """Take note of the rows that break a rule; a mask over all rows checked."""
        self.mask |= rows


class Findings:
    """Collects broken rules; each check adds whole columns at once."""

    def __init__(self) -> None:
        self._found: list[Violation] = []

    def add(self, rule: str, rows: Array, *ids: Any, value: Any = None, limit: Any = None) -> None:
        """Add one violation for each of the rows.

        Parameters
        ----------
        rule
            Id of the broken rule.
        rows
            Mask or indices of the offending rows.
        ids
            Columns of ids (or single ids) that say where; empty ids are left out.
        value, limit
            Columns (or single values) of what is, and what is allowed; `NULL_INT` and None are left out.
        """
        index = np.flatnonzero(rows) if rows.dtype == bool else rows
        if len(index) == 0:
            return
        places = [_taken(column, index) for column in ids]
        wheres = zip(*places, strict=True) if places else ((),) * len(index)
        numbers = zip(_taken(value, index), _taken(limit, index), strict=True)
        for place, (is_, allowed) in zip(wheres, numbers, strict=True):
            self._found.append(
                Violation(rule=rule, where=" ".join(p for p in place if p), details=_details(is_, allowed))
            )

    def sorted(self) -> list[Violation]:
        """Return everything found, by rule, place and numbers."""
        return sorted(
            self._found, key=lambda v: (v.rule, v.where, sorted((k, str(x)) for k, x in v.details.items()))
        )


def _taken(column: Any, index: Array) -> list[Any]:
    if isinstance(column, np.ndarray):
        return list(column[index].tolist())
    return [column] * len(index)


def _details(value: Any, limit: Any) -> dict[str, int | str]:
    given = {"value": value, "limit": limit}
    return {key: number for key, number in given.items() if number is not None and number != NULL_INT}
