"""What a second base costs a month: rent, and travel between the homes."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import NULL_INT, Array
from nichiiki_solver.verify.arrays import FAR, NO_ROW, find, repeats
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Finder
from nichiiki_solver.verify.stays import units_needed
from nichiiki_solver.verify.travel import Trips


def trip_cost_yen(book: Book, household: Array, fare: Array, vehicle: Array) -> Array:
    """Return the cost of one one-way trip of households, from the adult fare and its part per vehicle."""
    travel = book.instance.rules.travel
    age = book.instance.persons["age"]
    adult = age >= travel.adult_from_age
    adults = book.count_persons(adult)[household]
    children = book.count_persons(~adult & (age >= travel.child_from_age))[household]
    adults = np.where(book.household_size[household] == 0, 1, adults)
    each = fare - vehicle
    child = each * travel.child_fare_percent // 1000 * 10
    return np.asarray(each * adults + child * children + vehicle)


def monthly_travel_yen(book: Book, trips: Trips) -> Array:
    """Return the travel cost of a month of every stay in every kind of period; 0 where there is no way."""
    households = book.stays.household
    hundredths = np.rint(book.instance.households["round_trips"][households] * 100).astype(np.int64)
    reached = trips.fare < FAR
    fare, vehicle = (np.where(reached, x, 0) for x in (trips.fare, trips.vehicle))
    monthly = [
        -(-2 * hundredths * trip_cost_yen(book, households, fare[kind], vehicle[kind]) // 100)
        for kind in range(len(fare))
    ]
    return np.array(monthly, dtype=np.int64).reshape(fare.shape)


def rent_yen(book: Book) -> Array:
    """Return the rent of a month of every stay."""
    return np.asarray(units_needed(book) * book.instance.houses["rent_yen"][book.stays.house])


def highest_cost_yen(book: Book, trips: Trips) -> Array:
    """Return the highest monthly cost (rent and travel) over the periods of every stay."""
    single = monthly_travel_yen(book, trips)
    if not len(book.instance.passes):
        return np.asarray(rent_yen(book) + np.where(trips.used, single, 0).max(axis=0, initial=0))
    return np.asarray(rent_yen(book) + _cheapest_travel_yen(book, trips, single))


def _cheapest_travel_yen(book: Book, trips: Trips, single: Array) -> Array:
    """Return the highest monthly travel cost of every stay, each month with a pass of the household if that costs less."""
    passes, stays = book.instance.passes, book.stays
    cost = {
        (household, house, period): yen
        for household, house, period, yen in zip(
            *(passes[name].tolist() for name in ("household_id", "house_id", "period_id", "travel_yen")),
            strict=True,
        )
    }
    homes, houses = book.instance.households["household_id"], book.instance.houses["house_id"]
    highest = np.zeros(len(stays.household), dtype=np.int64)
    for stay, (home, house) in enumerate(zip(stays.household.tolist(), stays.house.tolist(), strict=True)):
        for period in np.flatnonzero(stays.held[:, stay]).tolist():
            key = (str(homes[home]), str(houses[house]), str(book.calendar.ids[period]))
            full = int(single[trips.kind_of_period[period], stay])
            highest[stay] = max(highest[stay], min(full, cost.get(key, full)))
    return highest


def check_budget(book: Book, trips: Trips, findings: Finder) -> None:
    """Check `budget`: rent and travel in every period of the stay."""
    cost = highest_cost_yen(book, trips)
    limit = book.instance.households["budget_yen"][book.stays.household]
    findings.add("budget", cost > limit, *book.stay_ids(), value=cost, limit=limit)


def check_burden(book: Book, trips: Trips, findings: Finder) -> None:
    """Check `burden`: the same cost against what the household's income class may pay."""
    cost = highest_cost_yen(book, trips)
    limit = burden_limits(book)[book.stays.household]
    findings.add("burden", cost > limit, *book.stay_ids(), value=cost, limit=limit)


def burden_limits(book: Book) -> Array:
    """Return the most yen a month of each household by its income class, `FAR` where there is no limit."""
    rows = sorted(book.instance.rules.limits.burden_by_income, key=lambda row: row.up_to_class)
    found = [
        next((row.yen for row in rows if NULL_INT < income <= row.up_to_class), FAR)
        for income in book.instance.households["income_class"].tolist()
    ]
    return np.array(found, dtype=np.int64)


def check_cost_claims(book: Book, trips: Trips, findings: Finder) -> None:
    """Check `claim_cost`: the cost stated for each placement (where there is a way) and measure."""
    cost = highest_cost_yen(book, trips)
    unreachable = np.asarray((trips.used & (trips.fare >= FAR)).any(axis=0))
    placements, household = book.allocation.placements, book.placement_household
    stay = np.append(book.stay_of, NO_ROW)[household]
    known = (household >= 0) & (stay >= 0) & ~repeats(household)
    known[known] = ~unreachable[stay[known]]
    real = np.zeros(len(stay), dtype=np.int64)
    real[known] = cost[stay[known]]
    claimed = placements["cost_yen"]
    findings.add(
        "claim_cost", known & (claimed != real), placements["household_id"], value=claimed, limit=real
    )
    _measures(book, findings)


def _measures(book: Book, findings: Finder) -> None:
    """Check `claim_cost` of measures taken."""
    taken, known = book.allocation.measures, book.instance.measures
    rows = find(known, taken["measure_id"])
    listed = np.append(known["cost_yen"], 0)[rows]
    wrong = (rows >= 0) & (taken["cost_yen"] != listed)
    findings.add("claim_cost", wrong, taken["measure_id"], value=taken["cost_yen"], limit=listed)
