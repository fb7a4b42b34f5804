"""Quotas of kind `limit`: placed households of a group, counted over the whole calendar."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_models.tables import Quota
from nichiiki_solver.verify.arrays import find
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings


def check_quotas(book: Book, findings: Findings) -> None:
    """Check `quota_max` and `quota_min`."""
    for quota in book.instance.quotas.rows():
        if quota.kind != "limit":
            continue
        count = quota_count(book, quota)
        place = (np.array([0]), quota.quota_id)
        if quota.max is not None and count > quota.max:
            findings.add("quota_max", *place, value=count, limit=quota.max)
        if quota.min is not None and count < quota.min:
            findings.add("quota_min", *place, value=count, limit=quota.min)


def quota_count(book: Book, quota: Quota) -> int:
    """Count the households that a quota counts, or the roles held at an employer."""
    if quota.target_kind == "employer":
        return _held_roles(book, quota)
    counted = _in_target(book, quota)
    if quota.group is not None:
        counted &= book.instance.households.lists("groups").holds(quota.group)
    return int(counted.sum())


def _held_roles(book: Book, quota: Quota) -> int:
    """Count the roles of an employer that persons hold, each person and role once."""
    items = book.settled("role")
    counted = book.instance.roles["employer"][items.target] == (quota.target_id or "")
    if quota.group is not None:
        counted &= book.instance.households.lists("groups").holds(quota.group)[items.household]
    return int(counted.sum())


def _in_target(book: Book, quota: Quota) -> Array:
    """Mask of the households with a stay in the target of a quota."""
    if quota.target_kind == "all":
        return book.is_placed.copy()
    houses = book.instance.houses
    target = quota.target_id or ""
    if quota.target_kind == "settlement":
        inside = (houses["settlement"] == target) & (houses["settlement"] != "")
    elif quota.target_kind == "region":
        inside = book.house_region == find(book.instance.regions, np.array([target]))[0]
    else:
        inside = houses["house_id"] == target
    mask = np.zeros(len(book.instance.households), dtype=bool)
    mask[book.stays.household] = inside[book.stays.house]
    return mask
