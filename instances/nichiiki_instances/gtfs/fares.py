"""Fares of a feed: the lowest that holds on a route between two zones."""

from __future__ import annotations

from itertools import product

from nichiiki_instances.gtfs.cells import Cells, yen

Where = tuple[str, str, str]
"""Route, zone of departure, zone of arrival; an empty one is any."""


class Fares:
    """Lowest fares by where they hold.

    Parameters
    ----------
    lowest
        Yen by route and zones.
    """

    def __init__(self, lowest: dict[Where, int]) -> None:
        self._lowest = lowest

    def of(self, route: str, start: str, end: str) -> int | None:
        """Return the lowest fare on a route between two zones; None if the feed has none."""
        places = product((route, ""), (start, ""), (end, ""))
        return min((self._lowest[place] for place in places if place in self._lowest), default=None)


def read_fares(cells: Cells) -> Fares:
    """Read fare_attributes and fare_rules; a fare without a rule holds everywhere.

    Fares in another currency and rules by zones passed through (contains_id) are problems: they are not understood.
    """
    prices = cells.sheet("fare_attributes", "fare_id", "price", "currency_type", required=False)
    rules = cells.sheet("fare_rules", "fare_id", required=False)
    known = cells.keys(prices, "fare_id")
    price = cells.read(prices, "price", yen, "0 - 250,000", 0)
    for row, currency in enumerate(prices.get("currency_type")):
        if currency != "JPY":
            cells.fault("gtfs_currency", prices, row, "currency_type", currency)
    lowest: dict[Where, int] = {}
    named = cells.links(rules, "fare_id", known, "fare_attributes")
    columns = zip(*(rules.get(name) for name in ("route_id", "origin_id", "destination_id")), strict=True)
    for row, (fare, where) in enumerate(zip(named, columns, strict=True)):
        if rules.get("contains_id")[row]:
            cells.fault("gtfs_contains", rules, row, "contains_id", rules.get("contains_id")[row])
        elif fare >= 0:
            lowest[where] = min(price[fare], lowest.get(where, price[fare]))
    for fare in set(range(len(prices))) - set(named):
        lowest["", "", ""] = min(price[fare], lowest.get(("", "", ""), price[fare]))
    return Fares(lowest)
