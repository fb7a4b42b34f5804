"""Vehicles of links: which a household takes (section 5)."""

from __future__ import annotations

from collections.abc import Iterable

from nichiiki_models.tables import House, Household, Link
from nichiiki_oracle.market import Market
from nichiiki_oracle.ways import best_way, by_minutes, trip_limit


def vehicles_taken(market: Market, household: Household, house: House, period: str) -> list[str]:
    """Return the links of which a household takes a vehicle in a period."""
    limited = sorted(
        (link for link in market.links if link.vehicles is not None), key=lambda link: link.link_id
    )
    free = [link for link in market.links if link.vehicles is None]
    if household.car or not limited or _arrives(market, household, house, period, free):
        return []
    for link in limited:
        if _arrives(market, household, house, period, [*free, link]):
            return [link.link_id]
    return [link.link_id for link in limited if period in market.own_periods(link.periods)]


def _arrives(market: Market, household: Household, house: House, period: str, links: Iterable[Link]) -> bool:
    """Say whether some links give a way that keeps the time limit."""
    links = list(links)
    part = market.once(("only", *(link.link_id for link in links)), lambda: _only(market, links))
    way, limit = best_way(part, household, house, period, by_minutes), trip_limit(market, household)
    return way is not None and (limit is None or way.minutes <= limit)


def _only(market: Market, links: list[Link]) -> Market:
    """Return the market with some of its links."""
    part = Market(market.instance, without=market.without)
    part.links = links
    return part
