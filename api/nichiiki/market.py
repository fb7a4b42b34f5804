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

from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.registry import PolicyCard, Progress, list_policies, policy_names
from nichiiki_solver.solving import solve
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
