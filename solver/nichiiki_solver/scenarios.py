"""A price that holds in many futures: every price of the grid against every scenario, and the best under a rule.

A scenario is one way in which demand, costs and the liking of flat fees may turn out. Conditional value at risk is the mean of
the worst share of scenarios (Rockafellar and Uryasev, *Optimization of conditional value-at-risk*, 2000).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from nichiiki_models.errors import UsageError
from nichiiki_solver.flow.shortest import Floats
from nichiiki_solver.ragged import Bools

Goal = Literal["lowest_price", "most_users", "most_surplus"]
GOALS: tuple[Goal, ...] = ("lowest_price", "most_users", "most_surplus")
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class PriceRisk:
    """What each price of the grid does over the scenarios.

    Attributes
    ----------
    price_yen
        The grid.
    worst_yen
        Surplus (revenue and subsidy less cost) in the worst scenario.
    cvar_yen
        Mean surplus of the worst scenarios that make up the tail share.
    mean_yen
        Mean surplus.
    break_even_share
        Probability of the scenarios in which the price covers cost within the deficit cap.
    is_robust
        Whether the share reaches what is asked for and the tail keeps the deficit cap.
    chosen
        Row of the price chosen; None if no price is robust.
    band_yen
        Lowest and highest robust price; None if there is none.
    """

    price_yen: npt.NDArray[np.int64]
    worst_yen: Floats
    cvar_yen: Floats
    mean_yen: Floats
    break_even_share: Floats
    is_robust: Bools
    chosen: int | None
    band_yen: tuple[int, int] | None


def robust_price(
    price_yen: npt.ArrayLike,
    revenue_yen: npt.ArrayLike,
    cost_yen: npt.ArrayLike,
    *,
    probability: npt.ArrayLike | None = None,
    subsidy_yen: float = 0,
    deficit_cap_yen: float = 0,
    share: float = 0.95,
    tail: float = 0.05,
    tail_deficit_cap_yen: float | None = None,
    users: npt.ArrayLike | None = None,
    goal: Goal = "lowest_price",
) -> PriceRisk:
    """Choose the best price that holds in a share of all scenarios.

    Parameters
    ----------
    price_yen
        The grid, whole, rising.
    revenue_yen, cost_yen
        Prices x scenarios.
    probability
        Of each scenario, summing to 1; equal if None.
    subsidy_yen
        Lump sum that is paid in every scenario.
    deficit_cap_yen
        Largest deficit with which a scenario counts as covered.
    share
        Probability with which the price must be covered: 1 is the worst case.
    tail
        Share of the worst scenarios whose mean is reported (conditional value at risk), above 0.
    tail_deficit_cap_yen
        Largest mean deficit of that tail; no limit if None.
    users
        Prices x scenarios, for ``most_users``.
    goal
        Among robust prices: ``lowest_price``, ``most_users`` (mean), ``most_surplus`` (mean); of equals the lowest price.

    Raises
    ------
    UsageError
        If shapes do not fit, probabilities do not sum to 1, a share is out of range, or users are missing for ``most_users``.

    Examples
    --------
    Three prices, four futures: only 12,000 yen covers its cost in three of them.

    >>> found = robust_price([8000, 10000, 12000], [[80, 64, 72, 40], [90, 80, 70, 50], [96, 84, 84, 60]],
    ...                      [[78, 66, 74, 44], [80, 70, 72, 55], [80, 70, 70, 66]], share=0.75)
    >>> found.break_even_share.tolist(), found.chosen
    ([0.25, 0.5, 0.75], 2)
    """
    price = np.asarray(price_yen)
    if price.ndim != 1 or price.dtype.kind not in "iu" or not len(price) or (np.diff(price) <= 0).any():
        raise UsageError("price_yen: whole, rising prices are needed, at least one")
    surplus = (
        _table("revenue_yen", revenue_yen, len(price))
        - _table("cost_yen", cost_yen, len(price))
        + subsidy_yen
    )
    weight = _probability(probability, surplus.shape[1])
    _check(share, tail, deficit_cap_yen, goal)
    covered = (surplus >= -deficit_cap_yen - ROUNDING) @ weight
    cvar = tail_mean(surplus, weight, tail)
    robust = covered >= share - ROUNDING
    if tail_deficit_cap_yen is not None:
        robust &= cvar >= -tail_deficit_cap_yen - ROUNDING
    value = _value(goal, price, surplus, users, weight)
    rows = np.flatnonzero(robust)
    return PriceRisk(
        price_yen=price.astype(np.int64),
        worst_yen=surplus[:, weight > 0].min(axis=1),
        cvar_yen=cvar,
        mean_yen=surplus @ weight,
        break_even_share=covered,
        is_robust=np.asarray(robust),
        chosen=int(rows[value[rows].argmax()]) if len(rows) else None,
        band_yen=(int(price[rows[0]]), int(price[rows[-1]])) if len(rows) else None,
    )


def tail_mean(surplus: Floats, probability: Floats, tail: float) -> Floats:
    """Return the mean of the worst scenarios that together have the probability `tail`, of each row; a part of one counts in part."""
    order = np.argsort(surplus, axis=1, kind="stable")
    sorted_yen, mass = np.take_along_axis(surplus, order, axis=1), probability[order]
    before = np.cumsum(mass, axis=1) - mass
    part = np.clip(tail - before, 0.0, mass)
    return np.asarray((sorted_yen * part).sum(axis=1) / tail)


def _value(
    goal: Goal, price: npt.NDArray[np.int64], surplus: Floats, users: npt.ArrayLike | None, weight: Floats
) -> Floats:
    if goal == "lowest_price":
        return -price.astype(float)
    if goal == "most_surplus":
        return np.asarray(surplus @ weight)
    if users is None:
        raise UsageError("users: prices x scenarios are needed for goal 'most_users'")
    return np.asarray(_table("users", users, len(price)) @ weight)


def _table(name: str, values: npt.ArrayLike, rows: int) -> Floats:
    table = np.asarray(values, dtype=float)
    if table.ndim != 2 or len(table) != rows or not table.shape[1] or not np.isfinite(table).all():
        raise UsageError(
            f"{name}: finite numbers, {rows} prices x scenarios, are needed; got shape {table.shape}"
        )
    return table


def _probability(values: npt.ArrayLike | None, scenarios: int) -> Floats:
    weight = np.full(scenarios, 1 / scenarios) if values is None else np.asarray(values, dtype=float)
    if weight.shape != (scenarios,) or weight.min() < 0 or abs(weight.sum() - 1) > ROUNDING:
        raise UsageError(f"probability: {scenarios} numbers, 0 or more, that sum to 1 are needed")
    return weight


def _check(share: float, tail: float, deficit_cap_yen: float, goal: str) -> None:
    if not 0 <= share <= 1 or not 0 < tail <= 1:
        raise UsageError(f"share, tail: 0 ≤ share ≤ 1 and 0 < tail ≤ 1 are needed, got {share} and {tail}")
    if deficit_cap_yen < 0:
        raise UsageError(f"deficit_cap_yen: 0 or more is needed, got {deficit_cap_yen}")
    if goal not in GOALS:
        raise UsageError(f"goal: one of {', '.join(GOALS)} is needed, got {goal!r}")
