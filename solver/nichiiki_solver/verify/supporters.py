"""Supporters: scope, languages, topics, case-load."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_solver.verify.arrays import is_listed, lacks, shares
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings


def check_supporters(book: Book, findings: Findings) -> None:
    """Check every rule of supporters except the wishes."""
    items = book.settled("supporter")
    ids = book.item_ids("supporter", items)
    supporters, households = book.instance.supporters, book.instance.households
    region = book.house_region[book.stays.house[items.stay]]
    regions = supporters.lists("regions")
    anywhere = (supporters["scope"] == "wide") & (regions.lengths == 0)
    served = is_listed(regions, items.target, book.instance.regions, region) | anywhere[items.target]
    findings.add("supporter_scope", ~served, *ids)
    languages = households.lists("languages")
    spoken = shares(languages, items.household, supporters.lists("languages"), items.target)
    findings.add("supporter_language", (languages.lengths[items.household] > 0) & ~spoken, *ids)
    missing = lacks(households.lists("topics"), items.household, supporters.lists("topics"), items.target)
    findings.add("supporter_topic", missing, *ids)
    _caseload(book, findings)


def _caseload(book: Book, findings: Findings) -> None:
    """Check `supporter_caseload` in every period."""
    supporters, loads = book.instance.supporters, caseloads(book)
    offered = caseloads_offered(book)
    for period, name in enumerate(book.calendar.ids.tolist()):
        now, most = loads[period], offered[period]
        findings.add(
            "supporter_caseload", now > most, supporters["supporter_id"], name, value=now, limit=most
        )


def caseloads_offered(book: Book) -> Array:
    """Return the most households of each supporter in each period, shape (periods, supporters)."""
    return np.asarray(book.instance.supporters["caseload"][None, :] + book.works.added("supporter"))


def caseloads(book: Book) -> Array:
    """Return the number of households of each supporter in each period, shape (periods, supporters)."""
    items, size = book.settled("supporter"), len(book.instance.supporters)
    counts = [np.bincount(items.target[now[items.stay]], minlength=size) for now in book.stays.held]
    return np.array(counts, dtype=np.int64).reshape(len(book.calendar), size)
