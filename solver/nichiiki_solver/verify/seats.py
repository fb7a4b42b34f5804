"""Seats of facilities by band and period, and what schools, nurseries and desks have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.tables import CARE_BANDS, SCHOOL_GRADES
from nichiiki_solver.verify.arrays import NO_ROW, find, total
from nichiiki_solver.verify.book import Book, Items
from nichiiki_solver.verify.findings import Findings

BANDS = (*SCHOOL_GRADES, *CARE_BANDS, "desk")
NO_BAND = len(BANDS)
NAMES = (*BANDS, "")
"""What each number of a band is called in findings."""


def band_numbers(bands: Array) -> Array:
    """Return the number of each band, `NO_BAND` for a person without one."""
    numbers = np.full(len(bands), NO_BAND, dtype=np.int64)
    for number, band in enumerate(BANDS):
        numbers[bands == band] = number
    return numbers


class SeatRows:
    """Finds the seat row of a facility, band and period: the row of the period, else the row ``all``."""

    def __init__(self, book: Book) -> None:
        table = book.instance.seats
        added = book.works.seats_added()
        self._seats = np.append(
            table["seats"][None, :] + added, np.zeros((len(added), 1), dtype=np.int64), axis=1
        )
        self.days = np.append(table["days"], NULL_INT)
        self._periods = len(book.calendar)
        self._weekdays = book.calendar.care_days
        facility = find(book.instance.facilities, table["facility_id"])
        period = np.where(
            table["period_id"] == "all", self._periods, book.calendar.positions(table["period_id"])
        )
        keys = self._group(facility, band_numbers(table["band"])) * (self._periods + 1) + period
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    @staticmethod
    def _group(facility: Array, band: Array) -> Array:
        return np.asarray(facility * len(NAMES) + band)

    def rows(self, facility: Array, band: Array, period: int) -> Array:
        """Return the seat row of each facility and band in a period, or -1."""
        base = self._group(facility, band) * (self._periods + 1)
        own, common = self._row(base + period), self._row(base + self._periods)
        return np.where(own >= 0, own, common)

    def _row(self, keys: Array) -> Array:
        if len(self._keys) == 0:
            return np.full(len(keys), NO_ROW)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[at] == keys, self._order[at], NO_ROW)

    def seats(self, rows: Array, period: int) -> Array:
        """Return the seats of seat rows in a period, those that measures add included; 0 for no row."""
        return np.asarray(self._seats[period][rows])

    def care_days(self, rows: Array, period: int) -> Array:
        """Return the days of care of seat rows in a period."""
        days = self.days[rows]
        return np.where(days == NULL_INT, self._weekdays[period], days)


@dataclass(frozen=True)
class SeatUse:
    """Items of one list at the right kind of facility, with the band they sit in and how much they take."""

    name: str
    items: Items
    band: Array
    amount: Array


def check_region(book: Book, use: SeatUse, findings: Findings) -> None:
    """Check `school_region`, `care_region`, `desk_region`: the facility lies in the house's region."""
    items = use.items
    wrong = book.target_region(use.name)[items.target] != book.house_region[book.stays.house[items.stay]]
    findings.add(f"{use.name}_region", wrong, *book.item_ids(use.name, items))


def check_no_seats(book: Book, rows: SeatRows, use: SeatUse, findings: Findings) -> None:
    """Check `no_seats`: in every period of the stay a seat row exists and has seats."""
    missing = np.zeros(len(use.items), dtype=bool)
    for period in range(len(book.calendar)):
        row = rows.rows(use.items.target, use.band, period)
        missing |= book.stays.held[period, use.items.stay] & ((row < 0) | (rows.seats(row, period) == 0))
    findings.add("no_seats", missing, *book.item_ids(use.name, use.items))


def check_capacity(book: Book, rows: SeatRows, use: SeatUse, rule: str, findings: Findings) -> None:
    """Check that what is taken of each facility, band and period is at most what its seat row offers."""
    facility, band, taken, offered = seat_loads(book, rows, use)
    ids = book.target_ids(use.name)[facility]
    bands = np.array(NAMES)[band]
    shown = np.where(bands == "desk", "", bands)
    for period, name in enumerate(book.calendar.ids.tolist()):
        over = (offered[period] >= 0) & (taken[period] > offered[period])
        findings.add(rule, over, ids, shown, name, value=taken[period], limit=offered[period])


def seat_loads(book: Book, rows: SeatRows, use: SeatUse) -> tuple[Array, Array, Array, Array]:
    """Return facilities and bands in use, and what is taken and offered in each period (-1: no row)."""
    groups, group = np.unique(use.items.target * len(NAMES) + use.band, return_inverse=True)
    facility, band = np.divmod(groups, len(NAMES))
    shape = (len(book.calendar), len(groups))
    taken, offered = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for period in range(len(book.calendar)):
        held = book.stays.held[period, use.items.stay]
        taken[period] = total(use.amount[held], group[held], len(groups))
        row = rows.rows(facility, band, period)
        offered[period] = np.where(row < 0, NO_ROW, offered_amount(use.name, rows, row, period))
    return facility, band, taken, offered


def offered_amount(name: str, rows: SeatRows, row: Array, period: int) -> Array:
    """Return what seat rows offer in a period: seats, or days of care."""
    seats = rows.seats(row, period)
    return np.asarray(seats * rows.care_days(row, period)) if name == "care" else seats


def row_loads(book: Book, rows: SeatRows, uses: tuple[SeatUse, ...]) -> tuple[Array, Array]:
    """Return what is taken and offered of each seat row in each period, shape (periods, seat rows)."""
    shape = (len(book.calendar), len(book.instance.seats))
    taken, offered = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for use in uses:
        facility, band, load, most = seat_loads(book, rows, use)
        for period in range(len(book.calendar)):
            row = rows.rows(facility, band, period)
            there = row >= 0
            taken[period, row[there]] += load[period][there]
            offered[period, row[there]] = most[period][there]
    return taken, offered
