"""Overrides: what a household must have, or never."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_solver.verify.arrays import find
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings

LISTS_OF_KIND = {
    "facility": ("school", "care", "desk"),
    "role": ("role",),
    "supporter": ("supporter",),
    "experience": ("experience",),
}


def check_locks(book: Book, findings: Findings) -> None:
    """Check `lock`: every `must` is met, no `never` is broken."""
    locks = book.instance.locks
    has = _has(book)
    must = locks["effect"] == "must"
    findings.add("lock", has != must, locks["household_id"], locks["target_kind"], locks["target_id"])


def _has(book: Book) -> Array:
    """Mask of the locks whose household has the target."""
    locks = book.instance.locks
    household = find(book.instance.households, locks["household_id"])
    kind = locks["target_kind"]
    has = np.zeros(len(locks), dtype=bool)
    placed = kind == "placed"
    has[placed] = book.is_placed[household[placed]]
    stay = book.stay_of[household] if len(locks) else np.zeros(0, dtype=np.int64)
    for name, table, of_stay in (
        ("house", book.instance.houses, book.stays.house),
        ("region", book.instance.regions, book.house_region[book.stays.house]),
    ):
        mask = (kind == name) & (stay >= 0)
        has[mask] = of_stay[stay[mask]] == find(table, locks["target_id"][mask])
    for name, lists in LISTS_OF_KIND.items():
        mask = kind == name
        for list_name in lists:
            has[mask] |= _has_item(book, list_name, household[mask], locks["target_id"][mask])
    return has


def _has_item(book: Book, name: str, household: Array, ids: Array) -> Array:
    items = book.items(name)
    targets = book.targets(name)
    wanted, size = find(targets, ids), len(targets)
    return (wanted >= 0) & np.isin(household * size + wanted, items.household * size + items.target)
