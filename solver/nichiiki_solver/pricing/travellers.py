"""Who travels: types of travellers from an allocation, from the demand table, and from the demand rules.

A type makes up to `most` round trips a month; the j-th is worth ``first_yen - step_yen * (j - 1)`` to its party, on the
way that it takes with single fares. Masses are thousandths of a party.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.house_limits import NO_LIMIT
from nichiiki_solver.ragged import Array, Bools, Ints
from nichiiki_solver.transport.network import ServiceNetwork
from nichiiki_solver.transport.trips import Trips, trips_of_allocation
from nichiiki_solver.travel import fare_shares

THOUSAND = 1000
DAYS_A_YEAR = 365
MONTH_DAYS = (28, 31)
REGISTRATIONS = ("none", "basic", "premium")


@dataclass(frozen=True, eq=False)
class Travellers:
    """Parties that decide together, one entry for a type in a period.

    Attributes
    ----------
    trips
        From where to where, and when; out and back in one period.
    adults, children
        Full and reduced fares of the party.
    mass
        Parties times months of the period, thousandths.
    stated
        Round trips made at single fares, or -1 where values are given.
    first_yen, step_yen, most
        Given values of the trips.
    bias_yen
        Liking of a flat fee a month.
    registration
        Place in `REGISTRATIONS` in this period.
    household
        Row of the households table; -1 for a row of the demand table.
    """

    trips: Trips
    adults: Ints
    children: Ints
    mass: Ints
    stated: Ints
    first_yen: Ints
    step_yen: Ints
    most: Ints
    bias_yen: Ints
    registration: Ints
    household: Ints

    def __len__(self) -> int:
        return len(self.mass)


def month_weights(instance: Instance) -> Ints:
    """Months that each period stands for, in thousandths: 1 for 28 to 31 days, else days times 12 / 365."""
    calendar = Calendar.of(instance)
    table = instance.periods
    place = {period: at for at, period in enumerate(table["period_id"].tolist())}
    rows = np.array([place[period] for period in calendar.ids.tolist()], dtype=np.int64)
    whole = (table["ends_on"] - table["starts_on"]).astype(np.int64)[rows] + 1
    slot, weekdays = table["slot"][rows], _weekdays(table["starts_on"][rows], table["ends_on"][rows])
    days = np.where(slot == "all", whole, np.where(slot == "weekday", weekdays, whole - weekdays))
    is_month = (slot == "all") & (days >= MONTH_DAYS[0]) & (days <= MONTH_DAYS[1])
    return np.where(is_month, THOUSAND, days * 12 * THOUSAND // DAYS_A_YEAR).astype(np.int64)


def _weekdays(starts: Array, ends: Array) -> Ints:
    return np.busday_count(starts.astype("datetime64[D]"), ends.astype("datetime64[D]") + 1).astype(np.int64)


def travellers_of(network: ServiceNetwork, allocation: Allocation | None) -> Travellers:
    """List the travellers: placed households of an allocation, and the rows of the demand table."""
    parts = [_of_demand(network)]
    if allocation is not None and len(allocation.stays):
        parts.insert(0, _of_allocation(network, allocation))
    return _joined(parts)


def _of_demand(network: ServiceNetwork) -> Travellers:
    instance, demand = network.instance, network.instance.demand
    rows, periods = len(demand), len(network.periods)
    row, when = np.repeat(np.arange(rows), periods), np.tile(np.arange(periods), rows)
    start, end = (network.points.require(name, demand[name])[row] for name in ("from_id", "to_id"))
    free = np.zeros(len(row), dtype=bool)
    one, zero = np.ones(len(row), dtype=np.int64), np.zeros(len(row), dtype=np.int64)
    return Travellers(
        trips=Trips(start, end, when, when, free, np.full(len(row), NO_LIMIT, dtype=np.int64)),
        adults=one,
        children=zero,
        mass=demand["mass"][row] * month_weights(instance)[when],
        stated=zero - 1,
        first_yen=demand["value_yen"][row],
        step_yen=demand["value_step_yen"][row],
        most=demand["trips"][row],
        bias_yen=demand["bias_yen"][row],
        registration=_registration_codes(demand["registration"])[row],
        household=zero - 1,
    )


def _registration_codes(words: Array) -> Ints:
    return np.array([REGISTRATIONS.index(word) for word in words.tolist()], dtype=np.int64)


def _of_allocation(network: ServiceNetwork, allocation: Allocation) -> Travellers:
    return households_on(network, *trips_of_allocation(network, allocation))


def households_on(network: ServiceNetwork, trips: Trips, household: Ints) -> Travellers:
    """Households on trips, by period; part of a trip a month becomes a share that makes one trip more.

    Parameters
    ----------
    trips, household
        Trips out and back in one period, and the row of the households table of each.
    """
    instance, rule = network.instance, network.instance.rules.demand
    hundredths = np.rint(instance.households["round_trips"][household] * 100).astype(np.int64)
    weight = month_weights(instance)[trips.out_period]
    above = hundredths % 100 * weight // 100
    row = np.tile(np.arange(len(household)), 2)
    mass = np.concatenate((weight - above, above))
    trips_made = np.concatenate((hundredths // 100, hundredths // 100 + 1))
    kept = np.flatnonzero(mass > 0)
    row, mass, trips_made = row[kept], mass[kept], trips_made[kept]
    household = household[row]
    adults, children = (share[household] for share in fare_shares(instance))
    full = payers(instance, adults, children)
    stated = rule.basis == "stated"
    step = np.maximum(rule.trip_value_step_yen * full // THOUSAND, 0)
    return Travellers(
        trips=trips.take(row),
        adults=adults,
        children=children,
        mass=mass,
        stated=trips_made if stated else np.full(len(row), -1, dtype=np.int64),
        first_yen=rule.trip_value_yen * full // THOUSAND,
        step_yen=step,
        most=np.full(len(row), _most(rule.trip_value_yen, rule.trip_value_step_yen), dtype=np.int64),
        bias_yen=rule.flat_bias_yen * full // THOUSAND,
        registration=_valid_registration(network, household, trips.out_period[row]),
        household=household,
    )


MOST_TRIPS = 60
"""Most round trips a month that a household may be said to make: as many as `households.round_trips` allows."""


def _most(first: int, step: int) -> int:
    """Trips that are worth something."""
    return MOST_TRIPS if step == 0 else min(MOST_TRIPS, -(-first // step))


def _valid_registration(network: ServiceNetwork, household: Ints, period: Ints) -> Ints:
    """Registration of households in a period: none once its last day is before the period begins."""
    instance = network.instance
    starts = dict(zip(instance.periods["period_id"].tolist(), instance.periods["starts_on"], strict=True))
    begins = np.array([starts[name] for name in network.periods.tolist()], dtype="datetime64[D]")[period]
    until = instance.households["registration_valid_until"].astype("datetime64[D]")[household]
    valid = np.isnat(until) | (until >= begins)
    codes = _registration_codes(instance.households["registration"])[household]
    return np.where(valid, codes, 0)


def payers(instance: Instance, adults: Ints, children: Ints) -> Ints:
    """Full fares that a party pays, thousandths: adults, and children at their share."""
    return adults * THOUSAND + children * instance.rules.travel.child_fare_percent * 10


def stated_values(instance: Instance, fare: Ints, stated: Ints) -> tuple[Ints, Ints, Ints]:
    """Values of trips of parties that make `stated` round trips at a fare: value of the first, step, most.

    Demand is a straight line through (fare, stated trips) with the elasticity of the rules; the trip after the last stated one
    is worth just its fare, so that it is not made.
    """
    elasticity = instance.rules.demand.elasticity_percent
    if elasticity == 0:
        step = np.maximum(fare, 1)
        return fare + stated * step, step, stated
    step = np.maximum(100 * fare // (elasticity * np.maximum(stated, 1)), 1)
    return fare + stated * step, step, np.minimum(stated + 1 + fare // step, 2 * MOST_TRIPS)


def usable(travellers: Travellers, mask: Bools) -> Travellers:
    """Return the entries of a mask."""
    rows = np.flatnonzero(mask)
    columns = {
        name: getattr(travellers, name)[rows] for name in Travellers.__dataclass_fields__ if name != "trips"
    }
    return Travellers(trips=travellers.trips.take(rows), **columns)


def _joined(parts: list[Travellers]) -> Travellers:
    names = [name for name in Travellers.__dataclass_fields__ if name != "trips"]
    trips = Trips(
        *(
            np.concatenate([getattr(part.trips, name) for part in parts])
            for name in Trips.__dataclass_fields__
        )
    )
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Travellers(trips=trips, **columns)
