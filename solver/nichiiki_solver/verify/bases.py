"""Families with several applications: one base at a time."""

from __future__ import annotations

import numpy as np

from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings


def check_bases(book: Book, findings: Findings) -> None:
    """Check `one_base`: the applications of a family have at most one stay in a period."""
    names, family = np.unique(book.instance.households["family"], return_inverse=True)
    of_stay = family[book.stays.household]
    for period, name in enumerate(book.calendar.ids.tolist()):
        count = np.bincount(of_stay[book.stays.held[period]], minlength=len(names))
        findings.add("one_base", (count > 1) & (names != ""), names, name, value=count, limit=1)
