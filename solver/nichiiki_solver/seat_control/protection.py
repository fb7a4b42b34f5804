"""Bid prices and protection levels: which request is worth a seat, and how many seats to keep for those who pay more.

Sources: Littlewood, *Forecasting and control of passenger bookings*, 1972; Belobaba, *Application of a probabilistic decision
model to airline seat inventory control*, 1989 (EMSR); Williamson, *Airline network seat inventory control*, 1992 (bid
prices of the deterministic linear program); Talluri and van Ryzin, *The Theory and Practice of Revenue Management*, 2004.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.special import ndtri

from nichiiki_models.errors import UsageError
from nichiiki_solver.flow.shortest import Floats
from nichiiki_solver.ragged import Bools


@dataclass(frozen=True, eq=False)
class BidPrices:
    """The deterministic linear program of a network of seats.

    Attributes
    ----------
    income_yen
        Largest income from mean demand; no control earns more on average.
    accepted
        Requests of each product that it takes.
    bid_price_yen
        Of each leg: what one seat more would earn. A request is worth its seats if its fare is at least their sum.
    """

    income_yen: float
    accepted: Floats
    bid_price_yen: Floats


def bid_prices(
    uses: npt.ArrayLike, fare_yen: npt.ArrayLike, demand: npt.ArrayLike, seats: npt.ArrayLike
) -> BidPrices:
    """Share seats out among products by their fares.

    Parameters
    ----------
    uses
        Products x legs: seats that a request takes on each leg, ≥ 0.
    fare_yen, demand
        Of each product: what a request pays, and how many are expected.
    seats
        Of each leg.

    Raises
    ------
    UsageError
        If lengths differ or a number is negative.

    Examples
    --------
    Two legs of ten seats; a through passenger takes one on each.

    >>> found = bid_prices([[1, 0], [0, 1], [1, 1]], [300, 400, 600], [8, 20, 9], [10, 10])
    >>> found.accepted.tolist(), found.bid_price_yen.tolist()
    ([8.0, 8.0, 2.0], [200.0, 400.0])
    """
    table = np.asarray(uses, dtype=float)
    if table.ndim != 2 or table.min(initial=0) < 0:
        raise UsageError("uses: seats, 0 or more, in two dimensions (products x legs) are needed")
    fare, wanted = _column("fare_yen", fare_yen, len(table)), _column("demand", demand, len(table))
    room = _column("seats", seats, table.shape[1])
    if not len(table):
        return BidPrices(0.0, np.zeros(0), np.zeros(len(room)))
    bounds: Any = np.column_stack((np.zeros(len(wanted)), wanted))
    result: Any = linprog(-fare, A_ub=table.T, b_ub=room, bounds=bounds, method="highs-ds")
    return BidPrices(
        0.0 - float(result.fun),
        np.asarray(result.x),
        np.maximum(0.0, 0.0 - np.asarray(result.ineqlin.marginals)),
    )


def worth_a_seat(found: BidPrices, uses: npt.ArrayLike, fare_yen: npt.ArrayLike) -> Bools:
    """Return which requests pay at least the bid prices of the seats they take; arguments as for `bid_prices`."""
    return np.asarray(np.asarray(fare_yen) >= np.asarray(uses) @ found.bid_price_yen - 1e-9)


def protect(high_yen: float, low_yen: float, samples: npt.ArrayLike) -> int:
    """Return how many seats to keep for a high fare against a low one that books first (Littlewood's rule).

    Parameters
    ----------
    high_yen, low_yen
        What a traveller of either kind brings; for a trip on a pass the latter is what the pass pays for it.
    samples
        Demand at the high fare as it may turn out, equally likely.

    Returns
    -------
    int
        The fewest seats y with P(demand > y) at most low / high: one more would earn less than the low fare.

    Raises
    ------
    UsageError
        If fares are not positive and in order, or there is no sample.

    Examples
    --------
    >>> protect(10_000, 4_000, [10, 12, 14, 16, 18])
    14
    """
    known = np.sort(_column("samples", samples, None))
    if not 0 < low_yen <= high_yen:
        raise UsageError(f"high_yen, low_yen: 0 < low ≤ high is needed, got {high_yen} and {low_yen}")
    if not len(known):
        raise UsageError("samples: at least one is needed")
    above = len(known) - np.searchsorted(known, known, side="right")
    enough = above * high_yen <= low_yen * len(known)
    first = int(np.ceil(known[enough][0]))
    return 0 if len(known) * high_yen <= low_yen * len(known) else first


def protection_levels(
    fare_yen: npt.ArrayLike, mean: npt.ArrayLike, deviation: npt.ArrayLike, *, rule: str = "b"
) -> Floats:
    """Return the seats to keep for the first, the first two, … classes (expected marginal seat revenue).

    Parameters
    ----------
    fare_yen
        Fares from high to low, > 0.
    mean, deviation
        Demand of each class, normal and independent, ≥ 0.
    rule
        ``a``: for each class the sum of Littlewood's levels of the dearer ones against it. ``b``: Littlewood's level of the
        dearer ones taken together, at their mean fare.

    Returns
    -------
    Floats
        One level less than classes, seats with fractions, not below 0.

    Raises
    ------
    UsageError
        If fares do not fall, lengths differ, a number is negative, or the rule is another.
    """
    fare = _column("fare_yen", fare_yen, None)
    mu, sigma = _column("mean", mean, len(fare)), _column("deviation", deviation, len(fare))
    if (fare <= 0).any() or (np.diff(fare) > 0).any():
        raise UsageError("fare_yen: positive fares from high to low are needed")
    if rule not in ("a", "b"):
        raise UsageError(f"rule: 'a' or 'b' is needed, got {rule!r}")
    below = fare[1:]
    if rule == "a":
        levels = mu[:-1, None] + sigma[:-1, None] * _quantile(below[None, :] / fare[:-1, None])
        dearer = np.arange(len(below))[:, None] <= np.arange(len(below))[None, :]
        return np.asarray(np.where(dearer, np.maximum(0.0, levels), 0.0).sum(axis=0))
    together, spread = np.cumsum(mu)[:-1], np.sqrt(np.cumsum(sigma**2))[:-1]
    average = np.cumsum(mu * fare)[:-1] / np.maximum(together, np.finfo(float).tiny)
    return np.asarray(np.maximum(0.0, together + spread * _quantile(below / np.maximum(average, below))))


def _quantile(ratio: Floats) -> Floats:
    """Standard normal quantile of 1 - ratio; the lowest number where fares are equal, so that nothing is kept."""
    inside = np.clip(1 - ratio, 0.0, 1.0)
    return np.where(inside <= 0, -1e9, ndtri(np.where(inside <= 0, 0.5, inside)))


def _column(name: str, values: npt.ArrayLike, length: int | None) -> Floats:
    column = np.asarray(values, dtype=float)
    if column.ndim != 1 or not np.isfinite(column).all() or column.min(initial=0) < 0:
        raise UsageError(f"{name}: numbers, 0 or more, in one column are needed")
    if length is not None and len(column) != length:
        raise UsageError(f"{name}: {len(column)} entries for {length}; give one each")
    return column
