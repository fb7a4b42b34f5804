"""Care places: kind, need, region, days, places."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.tables import CARE_BANDS
from nichiiki_solver.verify.arrays import total
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
    _staff(book, rows, use, findings)


def _staff(book: Book, rows: SeatRows, use: SeatUse, findings: Findings) -> None:
    """Check `care_staff`: what the children take of the days of the carers, where their number is given."""
    facilities, persons = book.instance.facilities, book.instance.persons
    shares, whole = book.instance.rules.limits.children_per_carer.shares()
    bands = persons["grade"][use.items.person].tolist()
    taken = use.amount * np.array([shares[band] for band in bands], dtype=np.int64)
    size, staff = len(facilities), facilities["staff"]
    for period, name in enumerate(book.calendar.ids.tolist()):
        held = book.stays.held[period, use.items.stay]
        needed = total(taken[held], use.items.target[held], size)
        most = staff * _open_days(rows, size, period) * whole
        over = (staff != NULL_INT) & (needed > most)
        findings.add("care_staff", over, facilities["facility_id"], name, value=needed, limit=most)


def _open_days(rows: SeatRows, facilities: int, period: int) -> np.ndarray:
    """Days on which any age band of each facility is open in a period."""
    place = np.repeat(np.arange(facilities), len(CARE_BANDS))
    row = rows.rows(place, np.tile(band_numbers(np.array(CARE_BANDS)), facilities), period)
    days = np.where(row < 0, 0, rows.care_days(row, period))
    return np.asarray(days.reshape(facilities, len(CARE_BANDS)).max(axis=1, initial=0))


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
