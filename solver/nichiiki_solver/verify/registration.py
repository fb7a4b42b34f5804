"""Registration as a furusato resident: how many, how far it carries, and what it gives a right to."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array, is_null
from nichiiki_solver.verify.arrays import find, is_listed
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Finder, Findings

NAMES = ("none", "basic", "premium")


def activity_counts(book: Book) -> Array:
    """Return how many activities of each household lie in the days before the calendar that count."""
    use, rule = book.instance.use_history, book.instance.rules.registration
    size = len(book.instance.households)
    if len(book.calendar) == 0:
        return np.zeros(size, dtype=np.int64)
    before = book.calendar.periods["starts_on"].min() - use["on"]
    days = before / np.timedelta64(1, "D")
    good = (use["kind"] == "activity") & ~np.isnat(use["on"]) & (days >= 1) & (days <= rule.activity_days)
    return np.bincount(find(book.instance.households, use["household_id"][good]), minlength=size)


def standing(book: Book) -> Array:
    """Return the standing of each household in each period (position in `NAMES`), shape (periods, households)."""
    households = book.instance.households
    kept = activity_counts(book) >= book.instance.rules.registration.activities_min
    level = np.array([NAMES.index(name) for name in households["registration"].tolist()], dtype=np.int64)
    level = np.where((level == 2) & ~kept, 1, level)
    until = households["registration_valid_until"]
    endless = is_null(households.specs["registration_valid_until"].kind, until)
    rows = [np.where(endless | (until >= day), level, 0) for day in book.calendar.periods["starts_on"]]
    return np.array(rows, dtype=np.int64).reshape(len(book.calendar), len(households))


def check_registration(book: Book, findings: Finder) -> None:
    """Check `registrations_max` and `registration`."""
    households, stays = book.instance.households, book.stays
    ids = book.stay_ids()
    most = book.instance.rules.limits.registrations_max
    count = registration_counts(book)
    over: Array = (households["registration"][stays.household] != "none") & (count > most)
    findings.add("registrations_max", over, *ids, value=count, limit=most)
    least = NAMES.index(book.instance.rules.registration.stay)
    lacking = stays.held & (standing(book)[:, stays.household] < least)
    findings.add("registration", np.asarray(lacking.any(axis=0)), *ids)


def registration_counts(book: Book) -> Array:
    """Number of different municipalities of each stay's household, the region of the house among them."""
    regions, households = book.instance.regions, book.instance.households
    others = households.lists("other_municipalities")
    known = find(regions, others.values)
    pairs = np.unique((others.owners * len(regions) + known)[known >= 0])
    counts = np.bincount(pairs // max(1, len(regions)), minlength=len(households))
    return np.asarray(counts[book.stays.household] + ~stays_in_others(book))


def stays_in_others(book: Book) -> Array:
    """Mask of the stays in a municipality in which the household is registered already."""
    others, stays = book.instance.households.lists("other_municipalities"), book.stays
    return is_listed(others, stays.household, book.instance.regions, book.house_region[stays.house])


def check_entitlement(book: Book, findings: Findings) -> None:
    """Check `not_entitled`: a facility that is for some registrations only."""
    eligible = book.instance.facilities.lists("eligible")
    right = [eligible.holds(name) | (eligible.lengths == 0) for name in NAMES]
    level = standing(book)
    for name in ("school", "care", "desk"):
        items = book.settled(name)
        held = book.stays.held[:, items.stay]
        now = level[:, items.household]
        wrong = np.zeros(len(items), dtype=bool)
        for number, allowed in enumerate(right):
            wrong |= (held & (now == number)).any(axis=0) & ~allowed[items.target]
        findings.add("not_entitled", wrong, *book.item_ids(name, items))
