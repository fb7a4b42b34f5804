"""Quotas: placed households of a group, counted over the whole calendar, and units reserved for a group."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_models.tables import Quota
from nichiiki_solver.verify.arrays import find
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import ONCE, Findings
from nichiiki_solver.verify.stays import units_needed


def check_quotas(book: Book, findings: Findings) -> None:
    """Check `quota_max`, `quota_min` and `quota_reserved`."""
    for quota in book.instance.quotas.rows():
        if quota.kind != "limit":
            _reserved(book, quota, findings)
            continue
        count = quota_count(book, quota)
        place = (ONCE, quota.quota_id)
        if quota.max is not None and count > quota.max:
            findings.add("quota_max", *place, value=count, limit=quota.max)
        if quota.min is not None and count < quota.min:
            findings.add("quota_min", *place, value=count, limit=quota.min)


def _reserved(book: Book, quota: Quota, findings: Findings) -> None:
    """Check `quota_reserved`: others leave the units of a group free in every period."""
    if quota.group is None:
        return
    used, most = reserved_use(book, quota)
    for period, name in enumerate(book.calendar.ids.tolist()):
        if used[period] > most:
            findings.add("quota_reserved", ONCE, quota.quota_id, name, value=int(used[period]), limit=most)


def reserved_use(book: Book, quota: Quota) -> tuple[Array, int]:
    """Return the units that others hold in each period, and how many they may."""
    houses, stays = book.instance.houses, book.stays
    inside = _houses_in(book, quota) & houses["ready"]
    member = book.instance.households.lists("groups").holds(quota.group or "")
    others = inside[stays.house] & ~member[stays.household]
    held = book.calendar.with_gaps(stays.held, houses["gap_periods"][stays.house])
    used = (held * (units_needed(book) * others)[None, :]).sum(axis=1)
    return np.asarray(used), max(0, int(houses["units"][inside].sum()) - (quota.min or 0))


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
    mask = np.zeros(len(book.instance.households), dtype=bool)
    mask[book.stays.household] = _houses_in(book, quota)[book.stays.house]
    return mask


def _houses_in(book: Book, quota: Quota) -> Array:
    """Mask of the houses in the target of a quota."""
    houses = book.instance.houses
    target = quota.target_id or ""
    if quota.target_kind == "all":
        return np.ones(len(houses), dtype=bool)
    if quota.target_kind == "settlement":
        return np.asarray(houses["settlement"] == target)
    if quota.target_kind == "region":
        return np.asarray(book.house_region == find(book.instance.regions, np.array([target]))[0])
    return np.asarray(houses["house_id"] == target)
