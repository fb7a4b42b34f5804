"""Families with several applications: one base at a time, and plans that come whole or not at all."""

from __future__ import annotations

import numpy as np

from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings


def check_bases(book: Book, findings: Findings) -> None:
    """Check `one_base`, a stay of a family at a time, and `all_bases`, the parts of a plan together."""
    names, family = np.unique(book.instance.households["family"], return_inverse=True)
    of_stay = family[book.stays.household]
    for period, name in enumerate(book.calendar.ids.tolist()):
        count = np.bincount(of_stay[book.stays.held[period]], minlength=len(names))
        findings.add("one_base", (count > 1) & (names != ""), names, name, value=count, limit=1)
    marked = book.instance.households["all_bases"] & (names[family] != "")
    parts = np.bincount(family[marked], minlength=len(names))
    placed = np.bincount(family[marked & book.is_placed], minlength=len(names))
    findings.add("all_bases", (placed > 0) & (placed < parts), names, value=placed, limit=parts)
