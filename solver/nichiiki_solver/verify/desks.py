"""Desks: kind, telework, region, desks left."""

from __future__ import annotations

import numpy as np

from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings
from nichiiki_solver.verify.seats import (
    BANDS,
    SeatRows,
    SeatUse,
    check_capacity,
    check_no_seats,
    check_region,
)


def desk_use(book: Book) -> SeatUse:
    """Return the persons who have a desk in a coworking space."""
    items = book.settled("desk")
    right = book.instance.facilities["kind"][items.target] == "coworking"
    items = items.take(right & (book.instance.persons["telework_days"][items.person] > 0))
    band = np.full(len(items), BANDS.index("desk"))
    return SeatUse("desk", items, band, np.ones(len(items), dtype=np.int64))


def check_desks(book: Book, rows: SeatRows, findings: Findings) -> None:
    """Check every rule of desks except the way there and the wishes."""
    items = book.settled("desk")
    ids = book.item_ids("desk", items)
    findings.add("not_a_coworking", book.instance.facilities["kind"][items.target] != "coworking", *ids)
    findings.add("no_telework", book.instance.persons["telework_days"][items.person] == 0, *ids)
    use = desk_use(book)
    check_region(book, use, findings)
    check_no_seats(book, rows, use, findings)
    check_capacity(book, rows, use, "desks", findings)
