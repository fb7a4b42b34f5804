"""Experiences: region, periods, places."""

from __future__ import annotations

import numpy as np

from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings


def check_experiences(book: Book, findings: Findings) -> None:
    """Check every rule of experiences except the wishes."""
    items = book.settled("experience")
    ids = book.item_ids("experience", items)
    away = book.target_region("experience")[items.target] != book.house_region[book.stays.house[items.stay]]
    findings.add("experience_region", away, *ids)
    common = book.own_periods("experience")[:, items.target] & book.stays.held[:, items.stay]
    findings.add("experience_period", ~np.asarray(common.any(axis=0)), *ids)
    table = book.instance.experiences
    count = np.bincount(items.target, minlength=len(table))
    most, least = table["places"], table["min_places"]
    name = table["experience_id"]
    findings.add("experience_places", count > most, name, value=count, limit=most)
    findings.add("experience_min", (count > 0) & (count < least), name, value=count, limit=least)
