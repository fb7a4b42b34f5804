"""The core for researchers: markets as flat integer arrays, and every policy for them.

Examples
--------
Two agents, one resource of capacity 1: the agent who gains more gets it.

>>> from nichiiki.market import Market, solve
>>> market = Market.from_columns(
...     agent=[0, 1], utility=[3, 5], resource=[0, 0], option=[0, 1], amount=[1, 1], capacity=[1]
... )
>>> outcome = solve(market)
>>> outcome.choice.tolist(), int(outcome.objective)
([-1, 1], 5)
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from nichiiki.helping import ProcessHelpers
from nichiiki_solver import solving
from nichiiki_solver.helping import Helpers
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.registry import PolicyCard, Progress, list_policies, policy_names
from nichiiki_solver.stability import blocking_options

__all__ = [
    "Market",
    "Outcome",
    "PolicyCard",
    "Progress",
    "blocking_options",
    "list_policies",
    "policy_names",
    "solve",
]


@wraps(solving.solve)
def solve(market: Market, *, workers: int = 2, helpers: Helpers | None = None, **asked: Any) -> Outcome:
    """Solve with so many processes of this machine as helpers, where there is work for them and none are given."""
    if helpers is None and workers > 1:
        helpers = ProcessHelpers.local(workers)
    return solving.solve(market, workers=workers, helpers=helpers, **asked)
