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

from collections.abc import Callable

from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.policies.registry import Progress, Settings, get_policy, policy_names

__all__ = ["Market", "Outcome", "Progress", "policy_names", "solve"]


def solve(
    market: Market,
    *,
    policy: str = "welfare",
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    seed: int = 0,
    workers: int = 2,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Choose an option for each agent of a market.

    Parameters
    ----------
    market
        The market; see `Market.from_columns`.
    policy
        Name of a policy (see `policy_names`).
    time_limit_s
        Wall time in seconds after which the best choice so far is returned.
    relative_gap
        Gap (bound - objective) / max(1, |objective|) that is good enough; 0 asks for a proof.
    seed
        Seed of every draw and of the tie-break.
    workers
        Processor cores to use.
    progress
        Called with each `Progress`.
    should_stop
        Asked now and then; True ends the run with the best choice.

    Returns
    -------
    Outcome
        The choice, its objective and bound, status and reason.

    Raises
    ------
    UsageError
        If there is no policy of that name.
    UnsupportedMarketError
        If the policy makes no promise for such a market.
    """
    settings = Settings(
        time_limit_s=time_limit_s,
        relative_gap=relative_gap,
        seed=seed,
        workers=workers,
        progress=progress or (lambda _: None),
        should_stop=should_stop or (lambda: False),
    )
    return get_policy(policy).solve(market, settings)
