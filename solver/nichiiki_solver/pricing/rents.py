"""What one more seat is worth at the chosen prices: the dual prices of the market's first level.

Legs that every menu uses alike (the two directions of a round trip, months with the same travellers) share one price between them in
any way without the proof changing; they are given equal parts, so that no month looks scarce only because it comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from nichiiki_solver.dual_prices import SCALE, can_be_priced, listed_prices
from nichiiki_solver.market import Market
from nichiiki_solver.pricing.choice import Floats
from nichiiki_solver.pricing.price_market import Priced
from nichiiki_solver.ragged import Ints


@dataclass(frozen=True)
class Rents:
    """What a seat on each leg is worth.

    Attributes
    ----------
    yen
        Where the goal is in yen: yen that one more seat would add to it; else None.
    buyers
        Where the goal is buyers: person-months of buyers that one more seat would win; else None.
    yen_per_buyer
        Subsidy that one more buyer costs; None where no more can be bought or the goal is in yen.
    """

    yen: Floats | None = None
    buyers: Floats | None = None
    yen_per_buyer: float | None = None


def find_rents(priced: Priced) -> Rents:
    """Find the rents of the seats; none of them where the market has no dual prices."""
    in_yen = priced.ledger.asked.goal in ("revenue", "welfare")
    legs = np.array([leg for kind, leg in priced.rows if kind == "seats"], dtype=np.int64)
    rents = np.zeros(len(priced.ledger.offers.network))
    if not len(priced.rows) or (in_yen and not len(legs)):
        return Rents(yen=rents) if in_yen else Rents(buyers=rents)
    if not can_be_priced(priced.market):
        return Rents()
    found = listed_prices(priced.market, np.array([1, 0], dtype=np.int64))
    assert found is not None  # noqa: S101 - only a limit leaves none
    prices = found / SCALE
    of_seats = np.flatnonzero([kind == "seats" for kind, _ in priced.rows])
    rents[legs] = evened(priced.market, of_seats, prices[of_seats])
    if in_yen:
        return Rents(yen=rents * 1000)
    money = sum(prices[at] for at, (kind, _) in enumerate(priced.rows) if kind == "subsidy")
    return Rents(buyers=rents, yen_per_buyer=1000 / float(money) if money > 0 else None)


def evened(market: Market, rows: Ints, prices: Floats) -> Floats:
    """Share prices equally among rows of one capacity that every option uses alike.

    Parameters
    ----------
    market
        The market.
    rows, prices
        Resources, and the price of each.
    """
    use = csr_array(
        (market.amount, (market.resource, market.entry_option)),
        shape=(len(market.capacity), market.n_options),
    )
    alike: dict[tuple[int, bytes, bytes], list[int]] = {}
    for at, row in enumerate(rows.tolist()):
        part = slice(use.indptr[row], use.indptr[row + 1])
        key = int(market.capacity[row]), use.indices[part].tobytes(), use.data[part].tobytes()
        alike.setdefault(key, []).append(at)
    even = prices.copy()
    for places in alike.values():
        even[places] = prices[places].mean()
    return even
