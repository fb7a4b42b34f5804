"""Capacity of houses and regions in every period."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import NULL_INT, Array
from nichiiki_solver.verify.arrays import total
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings
from nichiiki_solver.verify.stays import units_needed


def check_house_units(book: Book, findings: Findings) -> None:
    """Check `house_units`: stays and the gaps after them against the units of the house."""
    houses, used = book.instance.houses, house_units_used(book)
    units = book.works.units()
    for period, name in enumerate(book.calendar.ids.tolist()):
        now, most = used[period], units[period]
        findings.add("house_units", now > most, houses["house_id"], name, value=now, limit=most)


def house_units_used(book: Book) -> Array:
    """Return the units of each house that are held in each period, gaps included; shape (periods, houses)."""
    stays, units = book.stays, units_needed(book)
    held = book.calendar.with_gaps(stays.held, book.instance.houses["gap_periods"][stays.house])
    size = len(book.instance.houses)
    counts = [total(units[now], stays.house[now], size) for now in held]
    return np.array(counts, dtype=np.int64).reshape(len(book.calendar), size)


def check_reception(book: Book, findings: Findings) -> None:
    """Check `reception`: households staying in a region in a period."""
    regions, stays = book.instance.regions, book.stays
    most = regions["reception_max"]
    region = book.house_region[stays.house]
    for period, name in enumerate(book.calendar.ids.tolist()):
        count = np.bincount(region[stays.held[period]], minlength=len(regions))
        over = (most != NULL_INT) & (count > most)
        findings.add("reception", over, regions["region_id"], name, value=count, limit=most)
