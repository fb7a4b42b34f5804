"""Fare products: their terms, price grids, and the legs that each of them covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_solver.pricing.travellers import REGISTRATIONS
from nichiiki_solver.ragged import Array, Bools, Ints
from nichiiki_solver.transport.network import ServiceNetwork
from nichiiki_solver.transport.routes import routes
from nichiiki_solver.transport.trips import round_trips

FLAT_FEES = ("flat", "capped")
"""Kinds that a liking of flat fees concerns."""
UNLIMITED_RIDES = 1 << 30


@dataclass(frozen=True)
class Terms:
    """What a product promises, and the prices that may be asked for it.

    Attributes
    ----------
    rides
        One-way rides covered, of a flat or capped product.
    grid
        Prices that may be chosen, ascending; one entry where the price is given.
    decided
        Whether the price is to be chosen.
    """

    product_id: str
    kind: str
    rides: int
    percent: int
    threshold: int
    bonus_yen: int
    grid: Ints
    decided: bool
    eligible: Bools
    blackout: Bools
    """Of each period of the calendar."""

    @property
    def likes_flat(self) -> bool:
        """Whether buyers' liking of a flat fee counts."""
        return self.kind in FLAT_FEES


def terms_of(network: ServiceNetwork) -> list[Terms]:
    """Read the products of an instance, in their order."""
    return [_terms(network, row) for row in range(len(network.instance.products))]


def _terms(network: ServiceNetwork, row: int) -> Terms:
    product = network.instance.products.row(row)
    grid, decided = _grid(network.instance, row)
    wanted = product.eligible or REGISTRATIONS
    return Terms(
        product_id=product.product_id,
        kind=product.kind,
        rides=product.cap_rides if product.cap_rides is not None else UNLIMITED_RIDES,
        percent=product.percent_back or 0,
        threshold=product.threshold_trips or 0,
        bonus_yen=product.bonus_yen or 0,
        grid=grid,
        decided=decided,
        eligible=np.array([name in wanted for name in REGISTRATIONS]),
        blackout=np.isin(network.periods, list(product.blackout_periods)),
    )


def _grid(instance: Instance, row: int) -> tuple[Ints, bool]:
    """Prices of a product: the given one, else its range; without either a fee of nothing."""
    table = instance.products
    price, low, high = (int(table[name][row]) for name in ("price_yen", "price_min_yen", "price_max_yen"))
    if price != NULL_INT:
        return np.array([price], dtype=np.int64), False
    if low == NULL_INT or high == NULL_INT:
        return np.zeros(1, dtype=np.int64), False
    step = int(table["step_yen"][row])
    first = -(-low // step) * step
    if first > high:
        raise UsageError.of(
            "no_price_in_range",
            table="products",
            row=row,
            column="step_yen",
            value=table["product_id"][row],
            step=step,
            low=low,
            high=high,
        )
    return np.arange(first, high + 1, step, dtype=np.int64), True


def covered_links(network: ServiceNetwork) -> Bools:
    """Say which links each product covers, in both directions and all periods: products x links."""
    table, size = network.instance.products, len(network.instance.links)
    found = np.zeros((len(table), size), dtype=bool)
    for row in range(len(table)):
        found[row] = _covered(network, str(table["scope_kind"][row]), table.lists("scope")[row])
    return found


def covered_legs(network: ServiceNetwork, links: Bools) -> Bools:
    """Say which legs each product covers: products x legs."""
    if not links.shape[1]:
        return np.zeros((len(links), len(network)), dtype=bool)
    return np.asarray(links[:, network.link] & (network.link >= 0))


def _covered(network: ServiceNetwork, kind: str, scope: tuple[str, ...]) -> Bools:
    links = network.instance.links
    if kind == "links":
        return np.isin(links["link_id"], list(scope))
    if kind == "zone":
        ends = (_regions_of(network.instance, links[name]) for name in ("from_id", "to_id"))
        return np.asarray(np.logical_and(*(np.isin(end, list(scope)) for end in ends)))
    pairs = (scope, scope[::-1])
    direct = np.logical_or(*((links["from_id"] == a) & (links["to_id"] == b) for a, b in pairs))
    return np.asarray(direct) if direct.any() else _between(network, *scope)


def _regions_of(instance: Instance, ids: Array) -> Array:
    """Region in which each point lies: itself, or that of the place, house or facility."""
    found = np.where(instance.regions.find(ids) >= 0, ids, "")
    for table in (instance.places, instance.houses, instance.facilities):
        at = table.find(ids)
        known = (at >= 0) & (found == "")
        found = np.where(known, np.append(table["region_id"], "")[at], found)
    return found


def _between(network: ServiceNetwork, first: str, second: str) -> Bools:
    """Links of the way between two ends that no service joins."""
    periods = network.periods.tolist()
    trips = round_trips(network, [first] * len(periods), [second] * len(periods), out_period=periods)
    used = network.link[routes(network, trips).legs]
    return np.isin(np.arange(len(network.instance.links)), used[used >= 0])
