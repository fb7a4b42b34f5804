"""Why nothing is possible: demands that cannot all be met, and the fewest of them to give up."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from nichiiki_models.texts import Lang, text


class Demand(BaseModel):
    """Something that an allocation must keep and that can be given up: an override, or the minimum of a quota.

    Attributes
    ----------
    kind
        ``must`` and ``never`` are overrides, ``quota_min`` is a minimum.
    household_id, target_kind, target_id, reason
        The override; empty for a minimum.
    quota_id, least
        The minimum, and the households it asks for; empty for an override.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["must", "never", "quota_min"]
    household_id: str = ""
    target_kind: str = ""
    target_id: str = ""
    reason: str = ""
    quota_id: str = ""
    least: int = 0

    def sentence(self, lang: Lang) -> str:
        """Return the demand in words."""
        kind = f"{self.kind}_placed" if self.target_kind == "placed" else self.kind
        return text(
            f"why.demand.{kind}", lang, household=self.household_id, target=self.target_id, why=self.reason,
            quota=self.quota_id, least=self.least,
        )  # fmt: skip


class Release(BaseModel):
    """Demands that, given up, leave something possible.

    Attributes
    ----------
    locks
        Overrides to lift.
    minimums
        Minimums to lower, each with the number of households by which.
    cost
        One for each override, and one for each household by which a minimum is lowered.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    locks: tuple[Demand, ...] = ()
    minimums: tuple[tuple[Demand, int], ...] = ()
    cost: int = 0

    def sentence(self, lang: Lang) -> str:
        """Return what is to be given up in words."""
        steps = [text("why.release.lock", lang, demand=lock.sentence(lang)) for lock in self.locks]
        steps += [
            text("why.release.quota_min", lang, quota=quota.quota_id, units=units, least=quota.least - units)
            for quota, units in self.minimums
        ]
        return text("why.and", lang).join(steps)


class Conflict(BaseModel):
    """Whether overrides and minimums can all be met, and if not why.

    Attributes
    ----------
    feasible
        Whether some allocation keeps everything; None if time was too short to say.
    demands
        A minimal set that cannot be kept together: without any one of them the others can.
    releases
        The cheapest ways to make something possible; the first is cheapest of all.
    confirmed
        Whether a second engine proves the set impossible (of a large instance prices that are added up in whole numbers),
        every set smaller by one has an allocation that the check passes, and so has each release.
    cheapest, least_cost
        Whether the cost of the first release is proven the smallest, and what any release is proven to cost at least.
    seconds
        Wall time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feasible: bool | None
    demands: tuple[Demand, ...] = ()
    releases: tuple[Release, ...] = ()
    confirmed: bool = False
    cheapest: bool = False
    least_cost: int = 0
    seconds: float = 0.0

    def sentence(self, lang: Lang) -> str:
        """Return the whole in words, one line a demand and a release."""
        if self.feasible is None:
            return text("why.conflict.unknown", lang)
        if self.feasible:
            return text("why.conflict.none", lang)
        lines = [text("why.conflict.title", lang), *(f"- {demand.sentence(lang)}" for demand in self.demands)]
        lines += [text("why.conflict.any", lang)] if len(self.demands) > 1 else []
        if not self.releases:
            return "\n".join([*lines, text("why.conflict.no_release", lang)])
        lines += [
            text("why.conflict.releases", lang),
            *(f"- {each.sentence(lang)}" for each in self.releases),
        ]
        if not self.cheapest:
            lines.append(text("why.conflict.least_cost", lang, cost=self.least_cost))
        return "\n".join(lines)
