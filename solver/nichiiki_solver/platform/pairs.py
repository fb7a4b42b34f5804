"""Who could work with whom: the pairs of a need and an offer that every rule allows, and the ranks both sides give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_models.columns import ListColumn
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_solver.ragged import Array, Bools, Ints

OBSTACLES = ("", "platform_member", "platform_field", "platform_region", "platform_not_listed")
"""What stands against a pair: the first that holds; empty for none."""
NOT_LISTED = 0


@dataclass(frozen=True)
class Pairs:
    """Pairs of a need and an offer as columns.

    Attributes
    ----------
    need, offer
        Rows of both tables.
    need_rank, offer_rank
        Rank that the need gives the offer, and the offer the need: 1 = best, 0 = not listed. A side that lists nobody gives
        everybody 1.
    """

    need: Ints
    offer: Ints
    need_rank: Ints
    offer_rank: Ints

    def __len__(self) -> int:
        return len(self.need)

    def take(self, rows: Array) -> Pairs:
        """Return some of the pairs."""
        return Pairs(self.need[rows], self.offer[rows], self.need_rank[rows], self.offer_rank[rows])


def allowed_pairs(instance: Instance) -> Pairs:
    """Return every pair that the rules allow, by need, then offer."""
    need, offer = _same_field(instance.needs["field"], instance.offers["field"])
    found = pairs_of(instance, need, offer)
    return found.take(obstacles(instance, found) == 0)


def pairs_of(instance: Instance, need: Ints, offer: Ints) -> Pairs:
    """Return given pairs with their ranks."""
    needs, offers = instance.needs, instance.offers
    return Pairs(
        need, offer, _ranks(needs.lists("ranked"), offers, need, offer), _ranks(offers.lists("ranked"), needs, offer, need)
    )  # fmt: skip


def obstacles(instance: Instance, pairs: Pairs) -> Ints:
    """Return for each pair the index in `OBSTACLES` of the first rule that stands against it."""
    needs, offers, need, offer = instance.needs, instance.offers, pairs.need, pairs.offer
    broken = (
        needs["member"][need] == offers["member"][offer],
        needs["field"][need] != offers["field"][offer],
        ~_covers(instance, offers["region_id"][offer], needs["region_id"][need]),
        (pairs.need_rank == NOT_LISTED) | (pairs.offer_rank == NOT_LISTED),
    )
    return np.asarray(np.select(broken, range(1, len(OBSTACLES)), default=0), dtype=np.int64)


def _same_field(needs: Array, offers: Array) -> tuple[Ints, Ints]:
    """Every pair in one field, by need, then offer."""
    order = np.argsort(offers, kind="stable")
    first = np.searchsorted(offers[order], needs, side="left")
    count = np.searchsorted(offers[order], needs, side="right") - first
    need = np.repeat(np.arange(len(needs)), count)
    within = np.arange(len(need)) - np.repeat(np.cumsum(count) - count, count)
    return need, order[np.repeat(first, count) + within].astype(np.int64)


def _covers(instance: Instance, offered: Array, wanted: Array) -> Bools:
    """Whether an offer is for anywhere, for the region of the need, or for one that this is part of."""
    regions = instance.regions
    part_of, target = regions.find(regions["part_of"]), regions.find(offered)
    covered, region = (offered == "") | (wanted == ""), regions.find(wanted)
    while (region >= 0).any():
        covered |= (region >= 0) & (region == target)
        region = np.where(region >= 0, part_of[region], -1)
    return np.asarray(covered)


def _ranks(lists: ListColumn, others: Table[Any], row: Ints, other: Ints) -> Ints:
    """Place of each other on the list of its row, 0 if it is not on it; 1 for everybody where the list is empty."""
    size = len(others) + 1
    keys = lists.owners * size + others.find(lists.values)
    place = np.arange(len(keys)) - lists.offsets[lists.owners] + 1
    order = np.argsort(keys)
    asked = row * size + other
    at = np.minimum(np.searchsorted(keys[order], asked), max(len(keys) - 1, 0))
    rank = np.zeros(len(row), dtype=np.int64)
    if len(keys):
        rank = np.where(keys[order][at] == asked, place[order][at], NOT_LISTED)
    return np.where(lists.lengths[row] == 0, 1, rank)
