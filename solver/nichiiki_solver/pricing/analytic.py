"""Fees from whole distributions of travellers: what `price` finds on a list of them, in the limit of infinitely many.

Everything is per head and month. A distribution says what share of people has at least x of something (trips a month, or
willingness to pay) and how much of it they have together. Nothing here rounds; results are good to about 1e-9 of their size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from scipy.optimize import brentq

from nichiiki_models.errors import UsageError

POINTS = 4001
"""Points at which a smooth function is looked at for changes of sign; two roots nearer than their distance are not told apart."""

JUMP = 1e-3
"""A change of sign at which the function stays larger than this part of its values nearby is a jump."""


class Distribution(Protocol):
    """How something is spread over people."""

    def share(self, x: float) -> float:
        """Share of people with at least x."""
        ...

    def above(self, x: float) -> float:
        """What those with at least x have together, per head of everybody."""
        ...

    @property
    def largest(self) -> float:
        """A value above which practically nobody is."""
        ...


@dataclass(frozen=True)
class Exponential:
    """Exponential with a mean."""

    mean: float

    def share(self, x: float) -> float:
        """exp(-x / mean)."""
        return math.exp(-max(x, 0.0) / self.mean)

    def above(self, x: float) -> float:
        """(x + mean) exp(-x / mean)."""
        return (max(x, 0.0) + self.mean) * self.share(x)

    @property
    def largest(self) -> float:
        """60 means: a share of 1e-26."""
        return 60 * self.mean


@dataclass(frozen=True)
class Uniform:
    """Uniform on [0, most]."""

    most: float

    def share(self, x: float) -> float:
        """1 - x / most."""
        return min(1.0, max(0.0, 1 - x / self.most))

    def above(self, x: float) -> float:
        """(most² - x²) / (2 most)."""
        low = min(max(x, 0.0), self.most)
        return (self.most**2 - low**2) / (2 * self.most)

    @property
    def largest(self) -> float:
        """The upper end."""
        return self.most


@dataclass(frozen=True)
class Pareto:
    """Pareto with exponent alpha > 1 and a least value."""

    alpha: float
    least: float

    def share(self, x: float) -> float:
        """(least / x) to the power alpha."""
        return 1.0 if x <= self.least else (self.least / x) ** self.alpha

    def above(self, x: float) -> float:
        """Alpha / (alpha - 1) times x times share."""
        low = max(x, self.least)
        return self.alpha / (self.alpha - 1) * low * self.share(low)

    @property
    def largest(self) -> float:
        """A million times the least value."""
        return 1e6 * self.least


@dataclass(frozen=True)
class Logistic:
    """Willingness to pay of a binary logit: share(F) = 1 / (1 + exp(-(level - slope F)))."""

    level: float
    slope: float

    def share(self, x: float) -> float:
        """The logit."""
        return 1 / (1 + math.exp(min(700.0, -(self.level - self.slope * x))))

    def above(self, x: float) -> float:
        """Not needed for fees; the integral has no use here."""
        raise UsageError("Logistic: has shares only; use it for willingness to pay")

    @property
    def largest(self) -> float:
        """Where the share is below 1e-26."""
        return (self.level + 60) / self.slope


@dataclass(frozen=True)
class Listed:
    """A finite list of values with weights."""

    values: tuple[float, ...]
    weights: tuple[float, ...]

    def share(self, x: float) -> float:
        """Weight of the values of at least x, of all."""
        return sum(w for v, w in zip(self.values, self.weights, strict=True) if v >= x) / sum(self.weights)

    def above(self, x: float) -> float:
        """Weighted sum of the values of at least x, per unit of weight."""
        return sum(v * w for v, w in zip(self.values, self.weights, strict=True) if v >= x) / sum(
            self.weights
        )

    @property
    def largest(self) -> float:
        """The largest value."""
        return max(self.values)


def break_even_fees(
    trips: Distribution,
    *,
    fare: float,
    cost: float,
    admin: float = 0.0,
    subsidy: float = 0.0,
    bias: float = 0.0,
) -> list[float]:
    """Return every flat fee F with F = cost · E[n | n buys at F] + admin - subsidy, ascending.

    Whoever makes n trips buys if F ≤ fare · n + bias. Heavy users stay when F rises, so there may be no solution, one or many.

    Parameters
    ----------
    trips
        Round trips a month.
    fare, cost
        Single fare and cost of a round trip.
    admin, subsidy
        Per buyer.
    bias
        Liking of a flat fee.
    """

    def shortfall(fee: float) -> float:
        least = (fee - bias) / fare
        share = trips.share(least)
        return cost * trips.above(least) / share + admin - subsidy - fee if share > 0 else math.nan

    return _roots(shortfall, 0.0, fare * trips.largest + bias)


def best_fee(worth: Distribution, *, cost: float = 0.0) -> float:
    """Return the fee that earns most, (F - cost) · share(F), where that has one peak."""
    grid = np.linspace(cost, max(worth.largest, cost), POINTS)
    profit = np.array([(fee - cost) * worth.share(fee) for fee in grid.tolist()])
    at = int(profit.argmax())
    low, high = float(grid[max(at - 1, 0)]), float(grid[min(at + 1, POINTS - 1)])
    width = (high - low) * 1e-5

    def slope(fee: float) -> float:
        ahead, behind = fee + width, fee - width
        return (ahead - cost) * worth.share(ahead) - (behind - cost) * worth.share(behind)

    return (
        float(brentq(slope, low, high, xtol=1e-13 * max(1.0, high)))
        if slope(low) > 0 > slope(high)
        else float(grid[at])
    )


def loss_of_fee(trips: Distribution, *, fare: float, fee: float) -> float:
    """Return what operators lose per head against single fares if trips do not change: E[(fare · n - F)⁺]."""
    least = fee / fare
    return fare * trips.above(least) - fee * trips.share(least)


def widest_fee(trips: Distribution, *, fare: float, loss: float) -> float:
    """Return the smallest fee whose loss per head stays within a cap: the one with most buyers."""
    if loss_of_fee(trips, fare=fare, fee=0.0) <= loss:
        return 0.0
    top = fare * trips.largest
    return float(
        brentq(lambda fee: loss_of_fee(trips, fare=fare, fee=fee) - loss, 0.0, top, xtol=1e-12 * top)
    )


def ramsey_prices(
    slopes: Sequence[float], chokes: Sequence[float], costs: Sequence[float], *, fixed_cost: float
) -> list[float] | None:
    """Return the prices of most welfare that cover a fixed cost, for linear demands slope · (choke - price).

    Every price keeps the inverse-elasticity rule (p - c) / p = k / elasticity with one k; k is found from the budget.

    Returns
    -------
    list of float or None
        None if even the prices of most profit do not cover the fixed cost.
    """

    def at(k: float) -> list[float]:
        # p - c = k (choke - p), as the elasticity is p / (choke - p)
        return [(cost + k * choke) / (1 + k) for cost, choke in zip(costs, chokes, strict=True)]

    def profit(k: float) -> float:
        parts = zip(slopes, chokes, costs, at(k), strict=True)
        return sum(slope * (choke - p) * (p - cost) for slope, choke, cost, p in parts) - fixed_cost

    if profit(1.0) < 0:
        return None
    return at(float(brentq(profit, 0.0, 1.0, xtol=1e-15)))


def reference_fee(prices: Sequence[float], weights: Sequence[float]) -> float:
    """Return the flat price nearest to reference prices in weighted absolute distance: a weighted median (the lower one)."""
    order = sorted(zip(prices, weights, strict=True))
    half, total = sum(weights) / 2, 0.0
    for value, weight in order:
        total += weight
        if total >= half:
            return value
    raise UsageError("reference_fee: at least one price with a weight is needed")


def _roots(function: Callable[[float], float], low: float, high: float) -> list[float]:
    """Changes of sign of a function, each refined."""
    grid = [low + (high - low) * (k / (POINTS - 1)) ** 3 for k in range(POINTS)]
    values = [function(x) for x in grid]
    found = []
    for (a, b), (fa, fb) in zip(pairwise(grid), pairwise(values), strict=True):
        if fa == 0.0:
            found.append(a)
        elif fa * fb < 0:
            root = float(brentq(function, a, b, xtol=1e-13 * max(1.0, high), rtol=1e-14))
            # where the function jumps over zero there is no root
            found += [root] if abs(function(root)) <= JUMP * (abs(fa) + abs(fb)) else []
    return found
