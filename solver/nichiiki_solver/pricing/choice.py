"""Choice: how many trips a party makes with an alternative, and which alternative it takes.

A party takes what is worth most to it after what it pays. Of equals: a product before single fares, then the lower
payment, then the order of the products, then fewer trips. A product is taken for at least one trip. By logit, parties
of a class divide themselves among the alternatives, each with its best number of trips.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from nichiiki_solver.pricing.offers import Offers
from nichiiki_solver.pricing.schedules import payment
from nichiiki_solver.ragged import Array, Bools, Ints

NEVER = -(1 << 50)
"""Worth of an alternative that is not open."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Best:
    """Best use of an alternative by classes at prices; matrices classes x prices.

    Attributes
    ----------
    trips, paid_yen
        Round trips and payment a month.
    net_yen
        Value after payment; `NEVER` where the alternative is not open.
    gross_yen
        Value before payment.
    """

    trips: Ints
    paid_yen: Ints
    net_yen: Ints
    gross_yen: Ints


def best_use(offers: Offers, alternative: int, rows: Array, prices: Array) -> Best:
    """Find the best number of trips with an alternative."""
    classes = offers.classes
    most = classes.most[rows][:, None]
    shape = (len(rows), len(prices))
    trips, paid, gross = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    net = np.zeros(shape, dtype=np.int64) if alternative == 0 else np.full(shape, NEVER, dtype=np.int64)
    open_ = offers.available[alternative][rows][:, None]
    for n in range(1, int(most.max(initial=0)) + 1):
        pay = payment(offers, alternative, rows, np.array(n), prices)
        value = value_of(offers, alternative, rows, n)[:, None]
        worth = value - pay
        better = open_ & (n <= most) & ((worth > net) | ((worth == net) & (pay < paid)))
        trips[better], paid[better], net[better] = n, pay[better], worth[better]
        gross = np.where(better, value, gross)
    return Best(trips, paid, net, gross)


def value_of(offers: Offers, alternative: int, rows: Array, n: int) -> Ints:
    """Value of n trips, with the liking of a flat fee and the minutes lost."""
    classes = offers.classes
    value = n * classes.first_yen[rows] - classes.step_yen[rows] * (n * (n - 1) // 2)
    value = value - n * offers.extra_yen[alternative][rows]
    if alternative and offers.terms[alternative - 1].likes_flat:
        value = value + classes.bias_yen[rows]
    return np.asarray(value)


def takes(singles: Best, products: list[Best]) -> list[Bools]:
    """Say who takes which alternative; the bests are broadcast against each other.

    Returns
    -------
    list of masks
        One for single fares and one for each product.
    """
    shape = np.broadcast_shapes(singles.net_yen.shape, *(best.net_yen.shape for best in products))
    net, paid = np.full(shape, NEVER, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    taken = np.full(shape, -1, dtype=np.int64)
    for number, best in enumerate(products):
        better = (best.net_yen > net) | ((best.net_yen == net) & (best.paid_yen < paid) & (taken >= 0))
        net, paid = np.where(better, best.net_yen, net), np.where(better, best.paid_yen, paid)
        taken[better] = number
    buys = (taken >= 0) & (net >= singles.net_yen)
    return [~buys, *(buys & (taken == number) for number in range(len(products)))]


def shares(offers: Offers, rows: Array, singles: Best, products: list[Best]) -> list[Floats]:
    """Return the share of each class that takes each alternative: 0 or 1, or by the rules a logit, in thousandths of each entry.

    Of all products up to each the sum is rounded, so that no share is below 0.
    """
    rule = offers.instance.rules.demand
    if rule.choice == "best":
        return [mask.astype(np.float64) for mask in takes(singles, products)]
    spread = (rule.logit_yen * np.maximum(offers.classes.payers[rows], 1) / 1000.0)[:, None]
    nets = [best.net_yen for best in (singles, *products)]
    top = np.maximum.reduce(np.broadcast_arrays(*nets))
    weights = [np.where(net > NEVER // 2, np.exp(np.maximum(net - top, -1e6) / spread), 0.0) for net in nets]
    total = sum(weights[1:], weights[0])
    entry = np.maximum(offers.classes.entry[rows][:, None].astype(np.float64), 1.0)
    up_to = [np.zeros_like(total)]
    for weight in accumulate(weights[1:]):
        up_to.append(np.asarray(np.rint(entry * weight / total)))
    return [1.0 - up_to[-1] / entry, *((end - start) / entry for start, end in pairwise(up_to))]
