"""Vehicles of links: households without a car that have no other way take one."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.instance import Instance
from nichiiki_solver.verify.arrays import FAR
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings
from nichiiki_solver.verify.travel import find_trips, trip_limits


def check_vehicles(book: Book, findings: Findings) -> None:
    """Check `vehicles`: those taken of every link in every period."""
    links, used = book.instance.links, vehicles_used(book)
    most = links["vehicles"]
    for period, name in enumerate(book.calendar.ids.tolist()):
        now = used[period]
        wrong = (most != NULL_INT) & (now > most)
        findings.add("vehicles", wrong, links["link_id"], name, value=now, limit=most)


def vehicles_used(book: Book) -> Array:
    """Return the vehicles of each link that are taken in each period, shape (periods, links)."""
    links = book.instance.links
    used = np.zeros((len(book.calendar), len(links)), dtype=np.int64)
    limited = np.flatnonzero(links["vehicles"] != NULL_INT)
    if len(limited) == 0:
        return used
    free = links["vehicles"] == NULL_INT
    without_car = ~book.instance.households["car"][book.stays.household]
    open_need = book.stays.held & without_car[None, :] & ~_has_way(book, free)
    for link in limited[np.argsort(links["link_id"][limited])].tolist():
        if not open_need.any():
            break
        one_more = free.copy()
        one_more[link] = True
        met = open_need & _has_way(book, one_more)
        used[:, link] += met.sum(axis=1)
        open_need &= ~met
    runs = book.calendar.sets(links.lists("periods"), empty=book.calendar.every)
    used[:, limited] += open_need.sum(axis=1)[:, None] * runs[:, limited]
    return used


def _has_way(book: Book, kept: Array) -> Array:
    """Mask (periods, stays): the kept links give a way that keeps the time limit; outside the stay it means nothing."""
    tables = {**book.instance.tables, "links": book.instance.links.take(np.flatnonzero(kept))}
    part = Book(Instance.from_tables(tables, book.instance.rules, checked=True), book.allocation)
    trips = find_trips(part)
    good = trips.fastest_minutes <= trip_limits(book)[None, :]
    good &= trips.fastest_minutes != FAR
    return np.asarray(good[trips.kind_of_period])
