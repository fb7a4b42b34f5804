"""Why a need, or an offer, did not get a partner that it would rather have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.platform import PlatformMatching, PlatformReason
from nichiiki_models.table import Table
from nichiiki_solver.platform.matching import platform_market
from nichiiki_solver.platform.pairs import OBSTACLES, Pairs, allowed_pairs, obstacles, pairs_of
from nichiiki_solver.ragged import Bools, Ints
from nichiiki_solver.solving import solve


def explain_platform(
    instance: Instance, matching: PlatformMatching, member: str, *, time_limit_s: float = 10.0
) -> list[PlatformReason]:
    """Say for each partner that a need or an offer would rather have why it does not have it.

    Parameters
    ----------
    instance, matching
        What was matched, and the answer.
    member
        Id of a need or an offer.
    time_limit_s
        For a matching by ``welfare``: seconds for each pair that is asked what it would cost the others.

    Returns
    -------
    list of PlatformReason
        Of every one that it lists or that fits, in the order of its ranks: partners that it has are left out, and so are those
        that it ranks no better than its worst partner where it is full.

    Raises
    ------
    UsageError
        If there is no need and no offer of that id.
    """
    pairs, side = _asked(instance, member)
    state = _State(instance, matching)
    mine = pairs.need_rank if side == "need" else pairs.offer_rank
    against = obstacles(instance, pairs)
    found = []
    for row in np.lexsort((np.arange(len(pairs)), mine)).tolist():
        need, offer = int(pairs.need[row]), int(pairs.offer[row])
        if not state.holds(need, offer) and state.wants(side, need, offer, int(mine[row])):
            found.append(_reason(state, pairs, row, int(against[row]), side, time_limit_s))
    return found


def _asked(instance: Instance, member: str) -> tuple[Pairs, str]:
    """The pairs of a need or an offer with everybody that it lists, or, if it lists nobody, that shares its field."""
    tables: tuple[tuple[str, Table[Any], Table[Any]], ...] = (
        ("need", instance.needs, instance.offers),
        ("offer", instance.offers, instance.needs),
    )
    for side, own, others in tables:
        row = int(own.find(np.array([member]))[0])
        if row >= 0:
            listed = others.find(np.array(own.lists("ranked")[row], dtype=np.str_))
            if not len(listed):
                listed = np.flatnonzero(others["field"] == own["field"][row])
            alone = np.full(len(listed), row)
            ends = (alone, listed) if side == "need" else (listed, alone)
            return pairs_of(instance, *ends), side
    raise UsageError.of("unknown_id", argument="member", value=member, tables="needs, offers")


class _State:
    """What everybody has."""

    def __init__(self, instance: Instance, matching: PlatformMatching) -> None:
        self.instance, self.matching = instance, matching
        need = instance.needs.find(np.array([pair.need_id for pair in matching.pairs], dtype=np.str_))
        offer = instance.offers.find(np.array([pair.offer_id for pair in matching.pairs], dtype=np.str_))
        self.held = set(zip(need.tolist(), offer.tolist(), strict=True))
        ranks = (
            np.array([pair.need_rank for pair in matching.pairs], dtype=np.int64),
            np.array([pair.offer_rank for pair in matching.pairs], dtype=np.int64),
        )
        self.room = {"need": instance.needs["capacity"].copy(), "offer": instance.offers["capacity"].copy()}
        self.worst: dict[str, Ints] = {}
        for (side, rows), rank in zip((("need", need), ("offer", offer)), ranks, strict=True):
            np.subtract.at(self.room[side], rows, 1)
            self.worst[side] = np.zeros(len(self.room[side]), dtype=np.int64)
            np.maximum.at(self.worst[side], rows, rank)

    def holds(self, need: int, offer: int) -> bool:
        """Whether a pair is matched."""
        return (need, offer) in self.held

    def wants(self, side: str, need: int, offer: int, rank: int) -> bool:
        """Whether a side has room for a partner, or ranks it before its worst one."""
        row = need if side == "need" else offer
        return bool(self.room[side][row] > 0 or rank < self.worst[side][row])


def _reason(
    state: _State, pairs: Pairs, row: int, against: int, side: str, time_limit_s: float
) -> PlatformReason:
    need, offer = int(pairs.need[row]), int(pairs.offer[row])
    rule, value, limit = OBSTACLES[against], None, None
    if not against:
        other, at = ("offer", offer) if side == "need" else ("need", need)
        rank = int((pairs.offer_rank if side == "need" else pairs.need_rank)[row])
        rule = "platform_later"
        if not state.wants(other, need, offer, rank):
            rule, value, limit = "platform_full", int(state.worst[other][at]), rank
        elif state.matching.policy == "welfare":
            rule, value = _cost(state, need, offer, time_limit_s)
    return PlatformReason.model_validate(
        {
            "need_id": str(state.instance.needs["need_id"][need]),
            "offer_id": str(state.instance.offers["offer_id"][offer]),
            "rule": rule,
            "value": value,
            "limit": limit,
        }
    )


def _cost(state: _State, need: int, offer: int, time_limit_s: float) -> tuple[str, int | None]:
    """What all together lose if a pair must come together: needs with a partner, or else points."""
    pairs = allowed_pairs(state.instance)
    forced: Bools = (pairs.need == need) & (pairs.offer == offer)
    market = replace(platform_market(state.instance, pairs), must_assign=forced)
    outcome = solve(market, time_limit_s=time_limit_s)
    reached = [level.objective or 0 for level in outcome.levels]
    now = [level.objective or 0 for level in state.matching.levels]
    served, points = (before - after for before, after in zip(now, reached, strict=True))
    if served > 0:
        return "platform_serves_fewer", served
    return ("platform_costs_more", points) if points > 0 else ("platform_no_better", None)
