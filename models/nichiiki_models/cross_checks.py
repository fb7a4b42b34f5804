"""Rules that hold across tables: one small function a rule, each listing what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nichiiki_models.problems import Problem
from nichiiki_models.rules import Rules
from nichiiki_models.table import Table

Check = Callable[[Mapping[str, Table[Any]], Rules], list[Problem]]

CROSS_CHECKS: tuple[Check, ...] = ()
"""Every rule across tables, in the order in which they are checked."""
