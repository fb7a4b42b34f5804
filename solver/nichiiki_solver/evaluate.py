"""Figures about an allocation, from the same joined rows that the check reads."""

from __future__ import annotations

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.columns import Array
from nichiiki_models.instance import Instance
from nichiiki_models.metrics import (
    Fairness,
    MeasureFigures,
    Metrics,
    Placed,
    RegionUse,
    RoleFigures,
    SeatFigures,
    Spread,
    SupporterLoad,
)
from nichiiki_models.tables import HAZARDS
from nichiiki_solver.budget import programme_uses
from nichiiki_solver.classes import class_changes
from nichiiki_solver.envy import MOST_PAIRS, justified_envy
from nichiiki_solver.kpi import employer_shares, key_figures, short_roles
from nichiiki_solver.verify.arrays import FAR
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.care import care_use
from nichiiki_solver.verify.claims import household_utility, objective_terms
from nichiiki_solver.verify.desks import desk_use
from nichiiki_solver.verify.measures import own_money
from nichiiki_solver.verify.money import highest_cost_yen, rent_yen
from nichiiki_solver.verify.roles import holders, holders_offered
from nichiiki_solver.verify.schooling import school_use
from nichiiki_solver.verify.seats import NO_BAND, SeatRows, SeatUse, band_numbers, offered_amount, seat_loads
from nichiiki_solver.verify.stays import units_needed
from nichiiki_solver.verify.supporters import caseloads, caseloads_offered
from nichiiki_solver.verify.travel import Trips, find_trips
from nichiiki_solver.verify.wishes import Wishes


def evaluate(instance: Instance, allocation: Allocation, *, envy_pairs_max: int = MOST_PAIRS) -> Metrics:
    """Compute the figures of an allocation.

    Parameters
    ----------
    instance
        What was allocated.
    allocation
        The answer; rows that contradict the instance are left out (`verify` lists them).
    envy_pairs_max
        Most pairs of a household and a stay to compare for justified envy; beyond, that figure is None.

    Returns
    -------
    Metrics
        Every figure with its unit in its name and its meaning in its description.
    """
    book = Book(instance, allocation)
    wishes, trips = Wishes(book), find_trips(book)
    utility = np.where(book.is_placed, household_utility(book, wishes), 0)
    terms = objective_terms(book, wishes)
    rows = SeatRows(book)
    cost = highest_cost_yen(book, trips)
    return Metrics(
        total=_placed(book, np.ones(len(instance.households), dtype=bool)),
        by_group=_by_group(book),
        stay_ranks=_stay_ranks(wishes),
        levels={
            level.name: sum(weight * terms[term] for term, weight in level.weights.items())
            for level in instance.levels
        },
        terms=terms,
        utility_milli_points=int(utility.sum()),
        fairness=_fairness(utility, book.is_placed),
        regions=_regions(book),
        school_seats=_seats(book, rows, school_use(book), "school"),
        care_days=_seats(book, rows, care_use(book), "nursery"),
        desks=_seats(book, rows, desk_use(book), "coworking"),
        roles=_roles(book),
        role_holders_by_period=dict(
            zip(book.calendar.ids.tolist(), holders(book).sum(axis=1).tolist(), strict=True)
        ),
        short_roles=short_roles(book),
        employers=employer_shares(book),
        class_changes=class_changes(book),
        kpi=key_figures(book, _period_days(book), cost),
        supporters=_supporters(book),
        cost_yen_a_month=_spread(cost),
        travel_yen_a_month=_spread(cost - rent_yen(book)),
        trip_minutes=_spread(_trip_minutes(trips)),
        hazard_overlaps=_hazards(book),
        justified_envy_households=justified_envy(book, wishes, envy_pairs_max),
        measures=_measures(book),
    )


def _measures(book: Book) -> MeasureFigures:
    return MeasureFigures(
        measures=len(book.instance.measures),
        taken=len(book.works.rows),
        cost_yen=sum(measure.cost_yen for measure in book.works.measures),
        own_yen=own_money(book),
        programmes=programme_uses(book),
    )


def _placed(book: Book, members: Array) -> Placed:
    placed = members & book.is_placed
    size = book.household_size
    return Placed(
        households=int(members.sum()),
        placed_households=int(placed.sum()),
        persons=int(size[members].sum()),
        placed_persons=int(size[placed].sum()),
    )


def _by_group(book: Book) -> dict[str, Placed]:
    groups = book.instance.households.lists("groups")
    return {group: _placed(book, groups.holds(group)) for group in np.unique(groups.values).tolist()}


def _stay_ranks(wishes: Wishes) -> dict[str, int]:
    listed = wishes.stay.is_listed
    ranks, counts = np.unique(wishes.stay.rank[listed], return_counts=True)
    found = {str(rank): count for rank, count in zip(ranks.tolist(), counts.tolist(), strict=True)}
    return {**found, "unlisted": int((~listed).sum())}


def _fairness(utility: Array, is_placed: Array) -> Fairness:
    if len(utility) == 0:
        return Fairness(
            gini=None,
            lowest_milli_points=None,
            households_at_lowest=0,
            lowest_tenth_mean_milli_points=None,
            placed_lowest_milli_points=None,
        )
    ordered = np.sort(utility)
    placed = utility[is_placed]
    return Fairness(
        gini=gini(utility),
        lowest_milli_points=int(ordered[0]),
        households_at_lowest=int((utility == ordered[0]).sum()),
        lowest_tenth_mean_milli_points=float(ordered[: -(-len(ordered) // 10)].mean()),
        placed_lowest_milli_points=int(placed.min()) if len(placed) else None,
    )


def gini(utility: Array) -> float:
    """Return the Gini coefficient of utilities, raised so that the lowest is not below 0; 0 if all are 0."""
    ordered = np.sort(utility) - min(0, int(utility.min()))
    size, whole = len(ordered), int(ordered.sum())
    if whole == 0:
        return 0.0
    weighted = int((np.arange(1, size + 1) * ordered).sum())
    return 2 * weighted / (size * whole) - (size + 1) / size


def _spread(values: Array) -> Spread:
    if len(values) == 0:
        return Spread(mean=None, median=None, max=None)
    return Spread(mean=float(values.mean()), median=float(np.median(values)), max=int(values.max()))


def _trip_minutes(trips: Trips) -> Array:
    """Longest trip of each stay with a way in every period."""
    longest = np.where(trips.used, trips.minutes, 0).max(axis=0, initial=0)
    return np.asarray(longest[longest < FAR])


def _regions(book: Book) -> dict[str, RegionUse]:
    instance, stays = book.instance, book.stays
    houses, region = instance.houses, book.house_region
    size = len(instance.regions)
    of_stay = region[stays.house]
    used = np.zeros(len(houses), dtype=bool)
    used[stays.house] = True
    persons = book.household_size[stays.household]
    days = (_period_days(book)[:, None] * stays.held).sum(axis=0)
    units = units_needed(book) * stays.held.sum(axis=0)
    sums = {
        "houses": _count(region, size, book.works.opened().any(axis=0) | houses["ready"]),
        "houses_used": _count(region, size, used),
        "households": _count(of_stay, size),
        "persons": _count(of_stay, size, persons),
        "unit_periods_offered": _count(region, size, _unit_periods(book)),
        "unit_periods_used": _count(of_stay, size, units),
        "household_days": _count(of_stay, size, days),
        "person_days": _count(of_stay, size, days * persons),
    }
    return {
        instance.regions["region_id"][row]: RegionUse(
            **{name: int(values[row]) for name, values in sums.items()}
        )
        for row in np.unique(region).tolist()
    }


def _count(groups: Array, size: int, amounts: Array | None = None) -> Array:
    return np.bincount(groups, weights=amounts, minlength=size)


def _period_days(book: Book) -> Array:
    """Days of each period on which its slot lies."""
    periods = book.instance.periods
    whole = (periods["ends_on"] - periods["starts_on"]).astype(np.int64) + 1
    return np.where(periods["slot"] == "all", whole, book.calendar.care_days)


def _unit_periods(book: Book) -> Array:
    """Units of each house that is ready or opened, summed over the periods in which it takes stays."""
    houses = book.instance.houses
    closed = book.calendar.sets(houses.lists("closed_periods"))
    return np.asarray((book.works.units() * (book.calendar.open[:, None] & ~closed)).sum(axis=0))


def _seats(book: Book, rows: SeatRows, use: SeatUse, kind: str) -> SeatFigures:
    seats = book.instance.seats
    facility = book.instance.facilities.find(seats["facility_id"])
    right = book.instance.facilities["kind"][facility] == kind
    group = np.unique(facility[right] * (NO_BAND + 1) + band_numbers(seats["band"][right]))
    offered = 0
    for period in np.flatnonzero(book.calendar.open).tolist():
        row = rows.rows(group // (NO_BAND + 1), group % (NO_BAND + 1), period)
        offered += int(offered_amount(use.name, rows, row[row >= 0], period).sum())
    return SeatFigures(used=int(seat_loads(book, rows, use)[2].sum()), offered=offered)


def _roles(book: Book) -> RoleFigures:
    roles, count = book.instance.roles, holders(book)
    wanted = book.own_periods("role") & book.calendar.open[:, None] & (holders_offered(book) > 0)
    least = roles["min_holders"]
    return RoleFigures(
        holders=len(book.settled("role")),
        wanted_periods=int(wanted.sum()),
        running_periods=int((wanted & (count > 0) & (count >= least)).sum()),
        holder_periods=int(count.sum()),
        missing_holder_periods=int(np.where(wanted, np.maximum(0, least - count), 0).sum()),
    )


def _supporters(book: Book) -> dict[str, SupporterLoad]:
    supporters = book.instance.supporters
    size = len(supporters)
    columns = (
        supporters["supporter_id"],
        np.bincount(book.settled("supporter").target, minlength=size),
        caseloads(book).max(axis=0, initial=0),
        caseloads_offered(book).max(axis=0, initial=0),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {
        name: SupporterLoad(households=households, peak_households=peak, caseload=most)
        for name, households, peak, most in rows
    }


def _hazards(book: Book) -> dict[str, int]:
    home, house = book.home[book.stays.household], book.stays.house
    at_home, there = book.instance.regions.lists("hazards"), book.instance.houses.lists("hazards")
    return {h: int((at_home.holds(h)[home] & there.holds(h)[house]).sum()) for h in HAZARDS}
