"""Payment schedules T(n): what n round trips a month cost a party, by product kind.

Let u be the single fares of a round trip that a product does not cover, c = c_out + c_back those it covers, F its price
and P the full fares of the party. Then T(n) = u·n + F·P + …

===========  ===================================================
flat         nothing more
capped       single fares of the rides after the first q (out, back, out, …)
percentage   (1 − s)·c·n
fixed_ride   F·P·n in place of F·P
threshold    c·n − B·P for n ≥ m
===========  ===================================================

Single fares cost (u + c)·n, without F.
"""

from __future__ import annotations

import numpy as np

from nichiiki_solver.pricing.offers import Offers
from nichiiki_solver.ragged import Array, Ints

THOUSAND = 1000


def payment(offers: Offers, alternative: int, rows: Array, trips: Array, prices: Array) -> Ints:
    """Return what parties pay a month.

    Parameters
    ----------
    alternative
        0 = single fares, k + 1 = product k.
    rows
        Classes.
    trips
        Round trips, to be broadcast against classes (last axis but one) and prices (last axis).
    prices
        Prices of the product.
    """
    stay = offers.uncovered_yen[alternative][rows][:, None] * trips
    if alternative == 0:
        return np.asarray(stay + 0 * prices)
    terms = offers.terms[alternative - 1]
    full = offers.classes.payers[rows][:, None]
    fee = prices * full // THOUSAND
    out, back = offers.out_yen[alternative][rows][:, None], offers.back_yen[alternative][rows][:, None]
    if terms.kind == "fixed_ride":
        return np.asarray(stay + fee * trips)
    singles = (out + back) * trips
    if terms.kind in ("flat", "capped"):
        rides = np.minimum(2 * trips, terms.rides)
        return np.asarray(stay + fee + singles - (rides + 1) // 2 * out - rides // 2 * back)
    if terms.kind == "percentage":
        return np.asarray(stay + fee + singles - singles * terms.percent // 100)
    return np.asarray(
        stay + fee + singles - (trips >= terms.threshold) * (terms.bonus_yen * full // THOUSAND)
    )
