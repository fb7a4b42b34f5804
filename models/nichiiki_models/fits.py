"""Places for one more household: which are free, which others would have to make room for, and at what price."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from nichiiki_models.explanation import Proof, Witness
from nichiiki_models.texts import Lang, text


class ShadowPrice(BaseModel):
    """What one unit of something shared is worth to the optimum.

    Attributes
    ----------
    kind, id, band, period_id
        What is shared (``house_units``, ``seats``, ``quota_max`` …), whose, and for which grade or age band and period.
    price
        Value of a unit at the first level of the objective, in 1/4096.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    id: str
    band: str = ""
    period_id: str = ""
    price: int


class Fit(BaseModel):
    """A place for a household beside what all others have.

    Attributes
    ----------
    household_id, rank
        Who, and the rank of the wish for the stay.
    place
        House, periods, and everything beside the stay.
    cost_yen
        Highest monthly cost for the household.
    gain
        What the first level of the objective gains by the household.
    cost
        What it loses by those who make room, by the prices; 0 where the place is free.
    free
        Whether nobody has to make room.
    proof
        PROVEN: the place is free, and the check passes the allocation with the household in it. ESTIMATED: the cost rests
        on prices.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    household_id: str
    rank: int
    place: Witness
    cost_yen: int
    gain: int
    cost: int
    free: bool
    proof: Proof

    @property
    def net(self) -> int:
        """What the first level gains on the whole."""
        return self.gain - self.cost

    def sentence(self, lang: Lang) -> str:
        """Return the place in words."""
        key = "why.fit.free" if self.free else "why.fit.room"
        periods = ", ".join(self.place.periods)
        return text(
            key, lang, house=self.place.house_id, periods=periods, yen=f"{self.cost_yen:,}", gain=f"{self.gain:,}",
            cost=f"{self.cost:,}",
        )  # fmt: skip
