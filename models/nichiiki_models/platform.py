"""Partnerships of the public-private platform (官民マッチング): who works with whom, and why not."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from nichiiki_models.allocation import LevelResult, Status, StopReason
from nichiiki_models.texts import Lang, text

PlatformPolicy = Literal["stable", "welfare", "points"]
Side = Literal["needs", "offers"]
Obstacle = Literal[
    "platform_member",
    "platform_field",
    "platform_region",
    "platform_not_listed",
    "platform_full",
    "platform_later",
    "platform_serves_fewer",
    "platform_costs_more",
    "platform_no_better",
]


class Partnership(BaseModel):
    """A need and an offer that come together.

    Attributes
    ----------
    need_id, offer_id
        Who.
    need_rank, offer_rank
        Rank that the need gives the offer, and the offer the need: 1 = best.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    need_id: str
    offer_id: str
    need_rank: int
    offer_rank: int


class PlatformMatching(BaseModel):
    """All partnerships of a run; JSON both ways.

    Attributes
    ----------
    instance_hash
        Hash of the instance it belongs to.
    policy, proposing, seed
        How it was made: the policy, the side that gets its best stable partners, the seed that orders equal ranks.
    status, reason
        How the run ended, and why it stopped.
    levels
        ``needs_served`` (needs with a partner), then ``utility`` (milli-points of both sides); bounds where they are known.
    pairs
        Partnerships, by need, then offer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    format: Literal["nichiiki-platform/1"] = "nichiiki-platform/1"
    instance_hash: str
    policy: PlatformPolicy
    proposing: Side = "needs"
    seed: int = 0
    status: Status
    reason: StopReason
    levels: tuple[LevelResult, ...]
    pairs: tuple[Partnership, ...]


class PlatformReason(BaseModel):
    """Why a need and an offer do not come together.

    Attributes
    ----------
    need_id, offer_id
        Who.
    rule
        A rule that stands against it (``platform_member``, ``_field``, ``_region``, ``_not_listed``); or ``platform_full``: the
        other side is full with partners that it ranks `value` or better, and ranks this one `limit`; ``platform_later``: the
        procedure came to it when the other side, or this one, was full; ``platform_serves_fewer``: with it `value` needs fewer
        have a partner; ``platform_costs_more``: with it the points of all are `value` lower; ``platform_no_better``: possible,
        and all together as good.
    value, limit
        The numbers, where there are any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    need_id: str
    offer_id: str
    rule: Obstacle
    value: int | None = None
    limit: int | None = None

    def sentence(self, lang: Lang) -> str:
        """Return the reason in words."""
        shown = {name: f"{getattr(self, name) or 0:,}" for name in ("value", "limit")}
        return text(f"reason.{self.rule}", lang, need=self.need_id, offer=self.offer_id, **shown)


class PlatformFigures(BaseModel):
    """Figures of a matching.

    Attributes
    ----------
    needs, needs_served, offers, offers_used
        Needs and offers, and those with a partner.
    pairs, need_places, offer_places
        Partnerships, and the capacities of both sides summed.
    first_wishes
        Needs whose best partner is the one they rank first.
    utility
        Milli-points of both sides.
    blocking_pairs
        Pairs that would both rather have each other than a partner they have, or than a free place.
    by_field
        Of each field: needs, and needs served.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    needs: int
    needs_served: int
    offers: int
    offers_used: int
    pairs: int
    need_places: int
    offer_places: int
    first_wishes: int
    utility: int
    blocking_pairs: int
    by_field: dict[str, tuple[int, int]]
