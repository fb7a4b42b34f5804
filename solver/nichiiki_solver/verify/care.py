"""Care places: kind, need, region, days, places."""

from __future__ import annotations

import numpy as np

from nichiiki_models.tables import CARE_BANDS
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings
from nichiiki_solver.verify.seats import (
    SeatRows,
    SeatUse,
    band_numbers,
    check_capacity,
    check_no_seats,
    check_region,
)

NO_LIMIT = np.iinfo(np.int64).max


def care_use(book: Book) -> SeatUse:
    """Return the children who have a place at a nursery."""
    items = book.settled("care")
    right = (book.instance.facilities["kind"][items.target] == "nursery") & _needs_care(book)[items.person]
    items = items.take(right)
    persons = book.instance.persons
    band = band_numbers(persons["grade"][items.person])
    return SeatUse("care", items, band, persons["care_days"][items.person])


def check_care(book: Book, rows: SeatRows, findings: Findings) -> None:
    """Check every rule of care places except the way there and the wishes."""
    items = book.settled("care")
    ids = book.item_ids("care", items)
    findings.add("not_a_nursery", book.instance.facilities["kind"][items.target] != "nursery", *ids)
    findings.add("no_care_needed", ~_needs_care(book)[items.person], *ids)
    use = care_use(book)
    check_region(book, use, findings)
    check_no_seats(book, rows, use, findings)
    _days(book, rows, use, findings)
    check_capacity(book, rows, use, "care_places", findings)


def _needs_care(book: Book) -> np.ndarray:
    persons = book.instance.persons
    return np.asarray(np.isin(persons["grade"], CARE_BANDS) & (persons["care_days"] > 0))


def _days(book: Book, rows: SeatRows, use: SeatUse, findings: Findings) -> None:
    """Check `care_days_max`: the days of a child against the common limit and the days of every period."""
    items = use.items
    most = book.instance.rules.limits.care_days_max
    limit = np.full(len(items), NO_LIMIT if most is None else most)
    for period in range(len(book.calendar)):
        row = rows.rows(items.target, use.band, period)
        counts = book.stays.held[period, items.stay] & (row >= 0)
        days = np.where(counts, rows.care_days(row, period), NO_LIMIT)
        limit = np.minimum(limit, days)
    findings.add(
        "care_days_max", use.amount > limit, *book.item_ids("care", items), value=use.amount, limit=limit
    )
