"""Rules of a stay that look at one household and one house."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np

from nichiiki_models.columns import NULL_INT, Array
from nichiiki_solver.verify.arrays import lacks
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Finder

SINGLE_UNIT_KINDS = ("whole", "trial")


def check_stays(book: Book, findings: Finder) -> None:
    """Check every rule between a household and the house it stays in."""
    _house(book, findings)
    _periods(book, findings)
    _runs(book, findings)
    _units(book, findings)
    _hazards(book, findings)
    _owners(book, findings)
    _use_limits(book, findings)


def _house(book: Book, findings: Finder) -> None:
    """Check `house_not_ready`, `own_region` and `needs`."""
    ids, houses, households = book.stay_ids(), book.instance.houses, book.instance.households
    house, household = book.stays.house, book.stays.household
    findings.add("house_not_ready", ~_is_open_at_start(book), *ids)
    findings.add("own_region", book.house_region[house] == book.home[household], *ids)
    missing = lacks(households.lists("needs"), household, houses.lists("tags"), house)
    findings.add("needs", missing, *ids)


def _is_open_at_start(book: Book) -> Array:
    """Mask of the stays whose house is ready, or opened by a measure that counts in their first period."""
    house = book.stays.house
    if len(book.calendar) == 0:
        return np.asarray(book.instance.houses["ready"][house])
    return np.asarray(book.works.opened()[book.stays.held.argmax(axis=0), house])


def _periods(book: Book, findings: Finder) -> None:
    """Check `period_closed`: every period is open, in the calendar and in the house."""
    house, held = book.stays.house, book.stays.held
    closed = book.calendar.sets(book.instance.houses.lists("closed_periods"))
    for period, name in enumerate(book.calendar.ids.tolist()):
        wrong = held[period] & (closed[period, house] | (not book.calendar.open[period]))
        findings.add("period_closed", wrong, *book.stay_ids(), name)


def _runs(book: Book, findings: Finder) -> None:
    """Check `min_stay`, `max_stay` and `start_period` of every run of the stay."""
    ids, houses = book.stay_ids(), book.instance.houses
    house, held = book.stays.house, book.stays.held
    lengths = book.calendar.run_lengths(held)
    ended = np.where(book.calendar.is_run_end(held), lengths, 0)
    longest = ended.max(axis=0, initial=0)
    shortest = np.where(ended > 0, ended, np.iinfo(np.int16).max).min(axis=0, initial=np.iinfo(np.int16).max)
    least, most = houses["min_stay"][house], houses["max_stay"][house]
    findings.add("min_stay", (least != NULL_INT) & (shortest < least), *ids, value=shortest, limit=least)
    findings.add("max_stay", (most != NULL_INT) & (longest > most), *ids, value=longest, limit=most)
    starts = book.calendar.sets(houses.lists("start_periods"), empty=book.calendar.every)
    wrong = np.zeros(len(house), dtype=bool)
    for period in range(len(book.calendar)):
        wrong |= (lengths[period] == 1) & ~starts[period, house]
    findings.add("start_period", wrong, *ids)


def units_needed(book: Book) -> Array:
    """Return the units that the household of each stay needs in its house."""
    persons = np.maximum(1, book.household_size[book.stays.household])
    return np.asarray(
        -(-persons // np.maximum(1, book.instance.houses["capacity_persons"][book.stays.house]))
    )


def _units(book: Book, findings: Finder) -> None:
    """Check `house_capacity`: the units that the household needs."""
    houses, house = book.instance.houses, book.stays.house
    needed = units_needed(book)
    single = np.isin(houses["kind"][house], SINGLE_UNIT_KINDS)
    units = houses["units"] + book.works.added("house").max(axis=0, initial=0)
    most = np.minimum(units[house], np.where(single, 1, np.iinfo(np.int64).max))
    findings.add("house_capacity", needed > most, *book.stay_ids(), value=needed, limit=most)


def check_unit_claims(book: Book, findings: Finder) -> None:
    """Check `units`: a stay takes the units that its household needs."""
    needed = units_needed(book)
    claimed = book.allocation.stays["units"][book.stays.row]
    findings.add("units", claimed != needed, *book.stay_ids(), value=claimed, limit=needed)


def _hazards(book: Book, findings: Finder) -> None:
    """Check `hazard_shared`: no hazard of `limits.hazards_apart` threatens both homes."""
    shared = np.zeros(len(book.stays.house), dtype=bool)
    for hazard in book.instance.rules.limits.hazards_apart:
        at_home = book.instance.regions.lists("hazards").holds(hazard)[book.home[book.stays.household]]
        shared |= at_home & book.instance.houses.lists("hazards").holds(hazard)[book.stays.house]
    findings.add("hazard_shared", shared, *book.stay_ids())


def _owners(book: Book, findings: Finder) -> None:
    """Check `owner_veto`: the owner accepts the household or a group of it, and refuses neither."""
    households, houses = book.instance.households, book.instance.houses
    names, groups = households["household_id"], households.lists("groups")
    accepts, refuses = houses.lists("accepts"), houses.lists("refuses")
    if len(accepts.values) + len(refuses.values) == 0:
        return
    vetoed = [
        (bool(accepts[house]) and not mine & set(accepts[house])) or bool(mine & set(refuses[house]))
        for household, house in zip(book.stays.household.tolist(), book.stays.house.tolist(), strict=True)
        for mine in [{names[household], *groups[household]}]
    ]
    findings.add("owner_veto", np.array(vetoed, dtype=bool), *book.stay_ids())


def _use_limits(book: Book, findings: Finder) -> None:
    """Check `use_limit`: stays at a house that begin in a half-year, earlier ones included."""
    houses, starts = book.instance.houses, book.instance.periods["starts_on"]
    limit = houses["uses_per_half_year"][book.stays.house]
    if (limit == NULL_INT).all():
        return
    begins = book.calendar.run_lengths(book.stays.held) == 1
    households, places = book.stay_ids()
    past = _past_stays(book)
    half = [_half_year(day) for day in starts.astype(object).tolist()]
    for stay in np.flatnonzero(limit != NULL_INT).tolist():
        begun = Counter(half[period] for period in np.flatnonzero(begins[:, stay]).tolist())
        for when, runs in begun.items():
            count = runs + past[households[stay], places[stay], when]
            if count > limit[stay]:
                place = households[stay], places[stay]
                findings.add(
                    "use_limit", np.arange(len(limit)) == stay, *place, value=count, limit=int(limit[stay])
                )


def _half_year(day: date) -> tuple[int, bool]:
    """Return the fiscal year of a day and whether it lies in its second half."""
    year = day.year if day.month >= 4 else day.year - 1
    return year, not 4 <= day.month <= 9


def _past_stays(book: Book) -> Counter[tuple[str, str, tuple[int, bool]]]:
    """Count the earlier stays by household, house and half-year."""
    first = {row.period_id: row.starts_on for row in book.instance.periods.rows()}
    found: Counter[tuple[str, str, tuple[int, bool]]] = Counter()
    for row in book.instance.use_history.rows():
        if row.kind == "stay":
            day = row.on or first[row.period_id or ""]
            found[row.household_id, row.target_id, _half_year(day)] += 1
    return found
