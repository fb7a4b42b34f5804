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
from nichiiki_solver.policies.registry import PolicyCard, Progress, list_policies, policy_names
from nichiiki_solver.solving import solve as _solve
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
    bound: bool = False,
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
    bound
        Whether a policy that does not optimise is to be compared with a bound on the first level over all choices.

    Returns
    -------
    Outcome
        The choice, its objective and bound, status and reason.

    Raises
    ------
    UsageError
        If an argument has no meaning, such as an unknown policy.
    UnsupportedMarketError
        If the policy makes no promise for such a market.
    VerificationError
        If the choice does not fit the market; nothing is returned then.
    """
    return _solve(
        market,
        policy=policy,
        time_limit_s=time_limit_s,
        relative_gap=relative_gap,
        seed=seed,
        workers=workers,
        progress=progress,
        should_stop=should_stop,
        bound=bound,
    )
