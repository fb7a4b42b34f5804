"""Rows from cells that are texts until pydantic has looked at them."""

from __future__ import annotations

from typing import TypeVar

from nichiiki_models.table import Row

R = TypeVar("R", bound=Row)


def row(schema: type[R], /, **cells: object) -> R:
    """Return a checked row of a table."""
    return schema.model_validate(cells)
