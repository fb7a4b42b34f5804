"""Travellers of a tariff read anew: what each is offered, what it costs, and what it therefore does."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.instance import Instance
from nichiiki_models.tariff import TariffResult
from nichiiki_solver.verify.arrays import FAR
from nichiiki_solver.verify.fares import Key, Sums, WayBook

WORTHLESS = -FAR
"""Worth of what is not open: below everything else, and never made."""
LEVELS = ("none", "basic", "premium")


@dataclass
class Party:
    """Travellers of one kind in one period."""

    key: Key
    mass: int
    adults: int
    children: int
    stated: int
    first: int
    step: int
    most: int
    bias: int
    registration: str


@dataclass
class Takers:
    """Columns of all parties with a way; matrices products + 1 x parties.

    Attributes
    ----------
    open
        Whether an alternative is open to a party.
    left, out, back
        Fares not covered (of singles all), and covered ones out and back.
    """

    parties: list[Party]
    mass: Array
    heads: Array
    full: Array
    first: Array
    step: Array
    most: Array
    bias: Array
    open: Array
    left: Array
    out: Array
    back: Array
    extra: Array
    cost: Array
    cover_cost: Array
    sums: list[list[Sums | None]]
    trips: Array = field(init=False)
    paid: Array = field(init=False)
    worth: Array = field(init=False)
    taken: Array = field(init=False)
    """Thousandths of parties that take each alternative."""


def parties_of(instance: Instance, allocation: Allocation | None) -> list[Party]:
    """List the travellers of an instance and an allocation."""
    periods = instance.periods["period_id"].tolist()
    lengths = [months(instance, row) for row in range(len(periods))]
    found = [
        Party(
            (row.from_id, row.to_id, period, False, FAR),
            row.mass * month, 1, 0, -1, row.value_yen, row.value_step_yen, row.trips, row.bias_yen, row.registration,
        )
        for row in instance.demand.rows()
        for period, month in zip(periods, lengths, strict=True)
        if row.mass * month
    ]  # fmt: skip
    if allocation is not None:
        for stay in allocation.stays.rows():
            for period in stay.periods:
                found += _household(
                    instance, stay.household_id, stay.house_id, period, lengths[periods.index(period)]
                )
    return found


def months(instance: Instance, row: int) -> int:
    """Months that a period stands for, thousandths."""
    period = instance.periods.row(row)
    days = np.arange(np.datetime64(period.starts_on), np.datetime64(period.ends_on) + 1)
    at_work = np.is_busday(days)
    if period.slot == "weekday":
        days = days[at_work]
    elif period.slot == "weekend":
        days = days[~at_work]
    if period.slot == "all" and 28 <= len(days) <= 31:
        return 1000
    return len(days) * 12_000 // 365


def _household(instance: Instance, household: str, house: str, period: str, month: int) -> list[Party]:
    table, rule, travel = instance.households, instance.rules.demand, instance.rules.travel
    row = table.row(int(table.find(np.array([household]))[0]))
    ages = instance.persons["age"][instance.persons["household_id"] == household]
    adults = int((ages >= travel.adult_from_age).sum()) if len(ages) else 1
    children = int(((ages >= travel.child_from_age) & (ages < travel.adult_from_age)).sum())
    limits = [x for x in (row.max_trip_minutes, instance.rules.limits.trip_minutes) if x is not None]
    begins = instance.periods.row(instance.periods["period_id"].tolist().index(period)).starts_on
    until = row.registration_valid_until
    registration = row.registration if until is None or until >= begins else "none"
    hundredths = round(row.round_trips * 100)
    more = hundredths % 100 * month // 100
    fares = adults * 1000 + children * travel.child_fare_percent * 10
    worth = rule.trip_value_step_yen
    most = 60 if worth == 0 else min(60, -(-rule.trip_value_yen // worth))
    return [
        Party(
            (row.home_region, house, period, bool(row.car), min(limits, default=FAR)),
            mass, adults, children, trips if rule.basis == "stated" else -1,
            rule.trip_value_yen * fares // 1000, worth * fares // 1000, most,
            rule.flat_bias_yen * fares // 1000, registration,
        )
        for mass, trips in ((month - more, hundredths // 100), (more, hundredths // 100 + 1))
        if mass
    ]  # fmt: skip


def takers_of(
    book: WayBook, tariff: TariffResult, parties: list[Party], sums: dict[tuple[Key, str], Sums]
) -> Takers:
    """Put together what every party with a way is offered."""
    instance = book.instance
    products = [product.product_id for product in tariff.products]
    ids = instance.products["product_id"].tolist()
    kept = [party for party in parties if (party.key, "") in sums]
    blackout = [frozenset(instance.products.lists("blackout_periods")[ids.index(name)]) for name in products]
    eligible = [
        frozenset(instance.products.lists("eligible")[ids.index(name)]) or frozenset(LEVELS)
        for name in products
    ]
    ways: list[list[Sums | None]] = [[sums[party.key, ""] for party in kept]]
    for name, closed, entitled in zip(products, blackout, eligible, strict=True):
        ways.append([_offered(sums.get((party.key, name)), party, closed, entitled) for party in kept])
    adults, children = (
        np.array([getattr(p, n) for p in kept], dtype=np.int64) for n in ("adults", "children")
    )
    left, whole = (_fares(instance, _of_ways(ways, name), adults, children) for name in ("left", "whole"))
    first, step, most = _values(instance, kept, left[0].sum(axis=0))
    minutes, heads = _of_ways(ways, "minutes"), adults + children
    cover = whole - left
    return Takers(
        parties=kept,
        mass=np.array([p.mass for p in kept], dtype=np.int64),
        heads=heads,
        full=adults * 1000 + children * instance.rules.travel.child_fare_percent * 10,
        first=first,
        step=step,
        most=most,
        bias=np.array([p.bias for p in kept], dtype=np.int64),
        open=np.array([[s is not None for s in row] for row in ways], dtype=bool),
        left=left.sum(axis=1),
        out=cover[:, 0],
        back=cover[:, 1],
        extra=(minutes - minutes[0]) * instance.rules.demand.minute_value_yen * heads,
        cost=_of_ways(ways, "cost") * heads,
        cover_cost=_of_ways(ways, "cover_cost") * heads,
        sums=ways,
    )


def _of_ways(ways: list[list[Sums | None]], name: str) -> Array:
    """Return a number of every way, alternatives x parties; of single fares where an alternative is not open."""
    return np.array(
        [[getattr(way or single, name) for way, single in zip(row, ways[0], strict=True)] for row in ways],
        dtype=np.int64,
    )


def _offered(way: Sums | None, party: Party, closed: frozenset[str], entitled: frozenset[str]) -> Sums | None:
    usable = way is not None and way.covers and party.key[2] not in closed and party.registration in entitled
    return way if usable else None


def _fares(instance: Instance, fares: Array, adults: Array, children: Array) -> Array:
    """Fares of parties, alternatives x (out, back) x parties, from those of an adult and of a vehicle."""
    person, vehicle = fares.reshape(len(fares), len(adults), 2, 2).transpose(3, 0, 2, 1)
    child = person * instance.rules.travel.child_fare_percent // 1000 * 10
    return np.asarray(person * adults + child * children + vehicle)


def _values(instance: Instance, parties: list[Party], fare: Array) -> tuple[Array, Array, Array]:
    percent = instance.rules.demand.elasticity_percent
    columns = np.zeros((3, len(parties)), dtype=np.int64)
    for at, party in enumerate(parties):
        if party.stated < 0:
            columns[:, at] = party.first, party.step, party.most
            continue
        paid = int(fare[at])
        if percent == 0:
            step, most = max(paid, 1), party.stated
        else:
            step = max(100 * paid // (percent * max(party.stated, 1)), 1)
            most = min(party.stated + 1 + paid // step, 120)
        columns[:, at] = paid + party.stated * step, step, most
    return columns[0], columns[1], columns[2]


def choose(instance: Instance, tariff: TariffResult, takers: Takers) -> None:
    """Fill in what every party does at the prices of a tariff."""
    ids = instance.products["product_id"].tolist()
    prices = [None, *(product.price_yen if product.offered else None for product in tariff.products)]
    rows = [None, *(ids.index(product.product_id) for product in tariff.products)]
    shape = takers.open.shape
    takers.trips, takers.paid = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    takers.worth = np.full(shape, WORTHLESS, dtype=np.int64)
    takers.worth[0] = 0
    for k in range(shape[0]):
        if k == 0 or prices[k] is not None:
            _use(instance, takers, k, rows[k], prices[k])
    takers.taken = _shares(instance, takers)


def _use(instance: Instance, takers: Takers, k: int, row: int | None, price: int | None) -> None:
    """Best number of trips with an alternative: most worth, then lowest payment, then fewest trips."""
    liked = row is not None and instance.products["kind"][row] in ("flat", "capped")
    for n in range(1, int(takers.most.max(initial=0)) + 1):
        paid = takers.left[k] * n if row is None else pay(instance, takers, k, row, price or 0, np.array(n))
        value = n * takers.first - takers.step * (n * (n - 1) // 2) - n * takers.extra[k]
        worth = value + (takers.bias if liked else 0) - paid
        better = (worth > takers.worth[k]) | ((worth == takers.worth[k]) & (paid < takers.paid[k]))
        better &= takers.open[k] & (n <= takers.most)
        for column, new in ((takers.trips, n), (takers.paid, paid), (takers.worth, worth)):
            column[k] = np.where(better, new, column[k])


def pay(instance: Instance, takers: Takers, k: int, row: int, price: int, n: Array) -> Array:
    """What n round trips cost with a product: the table of schedules, ride by ride."""
    product = instance.products
    kind = product["kind"][row]
    fee, single = price * takers.full // 1000, takers.out[k] + takers.back[k]
    if kind == "flat":
        return np.asarray(takers.left[k] * n + fee)
    if kind == "capped":
        rides = product["cap_rides"][row]
        free_out = np.minimum(n, (rides + 1) // 2)
        free_back = np.minimum(n, rides // 2)
        return np.asarray(
            takers.left[k] * n + fee + (n - free_out) * takers.out[k] + (n - free_back) * takers.back[k]
        )
    if kind == "percentage":
        return np.asarray(
            takers.left[k] * n + fee + single * n - single * n * product["percent_back"][row] // 100
        )
    if kind == "fixed_ride":
        return np.asarray((takers.left[k] + fee) * n)
    bonus = product["bonus_yen"][row] * takers.full // 1000
    return np.asarray(
        takers.left[k] * n + fee + single * n - np.where(n >= product["threshold_trips"][row], bonus, 0)
    )


def _shares(instance: Instance, takers: Takers) -> Array:
    rule, worth, paid = instance.rules.demand, takers.worth, takers.paid
    order = np.arange(len(worth))[:, None]
    if rule.choice == "logit":
        spread = rule.logit_yen * np.maximum(takers.full, 1) / 1000
        above = np.maximum(worth - worth.max(axis=0), -1e6)
        weight = np.where(worth > WORTHLESS, np.exp(above / spread), 0.0)
        of_products = np.rint(takers.mass * np.cumsum(weight[1:], axis=0) / weight.sum(axis=0))
        taken = np.diff(of_products, axis=0, prepend=0)
        return np.vstack((takers.mass - taken.sum(axis=0), taken))
    best = np.zeros(worth.shape[1], dtype=np.int64)
    for k in range(1, len(worth)):
        now = worth[best, np.arange(len(best))], paid[best, np.arange(len(best))]
        same = worth[k] == now[0]
        best = np.where((worth[k] > now[0]) | (same & ((best == 0) | (paid[k] < now[1]))), k, best)
    return np.asarray((order == best) * takers.mass)


def null(value: int) -> int | None:
    """Return a cell as a number or None."""
    return None if value == NULL_INT else value
