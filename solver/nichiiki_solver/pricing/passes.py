"""What a tariff makes of travel costs: the table `passes`, by which an allocation counts the products of a tariff.

A household is taken to make its stated round trips, at single fares or with the product that costs it least, month by
month. Only what is cheaper than single fares is listed, for stays that somebody wishes for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Pass
from nichiiki_models.tariff import TariffResult
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.pricing.offers import offers_for
from nichiiki_solver.pricing.schedules import payment
from nichiiki_solver.pricing.travellers import Travellers, households_on
from nichiiki_solver.ragged import Array, Bools, Ints, unique_rows
from nichiiki_solver.stays import find_stays, trip_limit
from nichiiki_solver.transport.network import ServiceNetwork, service_network
from nichiiki_solver.transport.trips import Trips
from nichiiki_solver.travel import Travel
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.money import highest_cost_yen, rent_yen
from nichiiki_solver.verify.travel import find_trips


class PassTable:
    """What trips to every house that is wished for cost with each product; prices come later.

    Parameters
    ----------
    instance
        Its own table `passes` is not looked at.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance.replace(passes=[])
        self._travellers = _wished(self.instance)
        self._offers = offers_for(self._travellers[0], self._travellers[1])

    def at(self, prices: Mapping[str, int | None]) -> Table[Pass]:
        """Return the table for prices of the products; None = not sold."""
        offers, travellers = self._offers, self._travellers[1]
        best, product, single = self._costs(prices)
        rows = offers.row
        columns = (
            travellers.household[rows],
            travellers.trips.destination[rows],
            travellers.trips.out_period[rows],
        )
        (household, house, period), group = unique_rows(*columns)
        size, weight = len(household), travellers.mass[rows]
        with_it, without, total = (
            np.bincount(group, weights=weight * values, minlength=size)
            for values in (best, single, np.ones(len(rows)))
        )
        monthly = np.ceil(with_it / np.maximum(total, 1) - 1e-9).astype(np.int64)
        used = np.zeros(size, dtype=np.int64)
        used[group] = product
        cheaper = np.flatnonzero(monthly < np.floor(without / np.maximum(total, 1)))
        return self._table(
            household[cheaper], house[cheaper], period[cheaper], used[cheaper], monthly[cheaper]
        )

    def _costs(self, prices: Mapping[str, int | None]) -> tuple[Ints, Ints, Ints]:
        """Cheapest payment for the stated trips of each entry, its alternative, and single fares."""
        offers, classes = self._offers, self._offers.trip_class
        stated = self._travellers[1].stated[offers.row][:, None]
        single = payment(offers, 0, classes, stated, np.zeros(1, dtype=np.int64))[:, 0]
        best, used = single.copy(), np.zeros(len(single), dtype=np.int64)
        for k, name in enumerate(offers.names, start=1):
            price = prices.get(name)
            if price is None:
                continue
            paid = payment(offers, k, classes, stated, np.array([price]))[:, 0]
            usable: Bools = offers.available[k][classes] & (stated[:, 0] > 0)
            better = usable & (paid < best)
            best, used = np.where(better, paid, best), np.where(better, k, used)
        return best, used, single

    def _table(self, household: Ints, house: Ints, period: Ints, product: Ints, yen: Ints) -> Table[Pass]:
        network, names = self._travellers[0], np.array(["", *self._offers.names])
        columns: dict[str, Array] = {
            "household_id": self.instance.households["household_id"][household],
            "house_id": network.points.ids[house],
            "period_id": network.periods[period],
            "product_id": names[product],
            "travel_yen": np.maximum(yen, 0),
        }
        return Table(Pass, columns, rows=len(yen)).sorted()


def travel_with(instance: Instance, allocation: Allocation, tariff: TariffResult) -> dict[str, int]:
    """Return what travel costs each placed household a month with the products of a tariff, for `costs(pass_yen=...)`.

    Parameters
    ----------
    instance, allocation
        What was solved, and the answer.
    tariff
        Prices of the products; each household takes what costs it least month by month, or single fares.

    Returns
    -------
    dict
        Highest yen of a month over the stay, by household, of those for whom that is less than single fares.
    """
    prices = {row.product_id: row.price_yen if row.offered else None for row in tariff.products}
    plain = Book(instance.replace(passes=[]), allocation)
    book = Book(instance.replace(passes=PassTable(instance).at(prices)), allocation)
    trips = find_trips(plain)
    yen = highest_cost_yen(book, trips)
    cheaper = yen < highest_cost_yen(plain, trips)
    ids = instance.households["household_id"][book.stays.household]
    return dict(zip(ids[cheaper].tolist(), (yen - rent_yen(book))[cheaper].tolist(), strict=True))


def _wished(instance: Instance) -> tuple[ServiceNetwork, Travellers]:
    """The network, and every household on a trip to each house and period of its wishes, whatever they cost."""
    calendar = Calendar.of(instance)
    rich = instance.households.with_columns(
        budget_yen=np.full(len(instance.households), 10_000_000, dtype=np.int64)
    )
    stays, patterns, _ = find_stays(instance.replace(households=rich), calendar, Travel(instance, calendar))
    network = service_network(instance, houses=np.unique(instance.houses["house_id"][stays.house]).tolist())
    row, period = np.nonzero(patterns.mask[stays.pattern])
    (household, house, when), _ = unique_rows(stays.household[row], stays.house[row], period)
    home = instance.regions.find(instance.households["home_region"][household])
    arrives = network.points.arriving(house)
    car, limit = instance.households["car"][household], trip_limit(instance)[household]
    return network, households_on(network, Trips(home, arrives, when, when, car, limit), household)
