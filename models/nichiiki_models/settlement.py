"""A settlement: what each operator gets of what travellers paid, and whether it can live with it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SharingRule = Literal["trip", "holder", "flow", "cost"]
GameName = Literal["per_trip", "per_holder"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class OperatorShare(_Part):
    """What one operator gets."""

    operator_id: str = Field(description="operator")
    income_yen: int = Field(description="its part of the fees, whole yen")
    shapley_yen: float = Field(description="its Shapley value in the game of the settlement")
    cost_yen: int = Field(description="what carrying the travellers costs it")
    short_yen: int = Field(description="what is missing until its cost is covered; 0 if it is")


class Coalition(_Part):
    """Operators who together get less than what their own travellers alone bring."""

    operators: tuple[str, ...] = Field(description="the operators")
    excess_yen: float = Field(description="by how much they would do better alone")


class Fall(_Part):
    """An income that falls when one more pass is sold."""

    operator_id: str = Field(description="operator that loses")
    holder: int = Field(description="holder (row of the fees) whose twin is the one more that is sold")
    fall_yen: float = Field(description="by how much its income falls")


class Settlement(_Part):
    """How fees are shared among operators.

    Attributes
    ----------
    rule
        trip: each fee over the holder's trips, each trip equally among its operators; holder: each fee equally among
        the operators used; flow: the pool by flow; cost: the pool by cost, what is left by flow.
    game
        per_trip if each trip has a fee of its own (single fares), per_holder if holders paid for several trips.
    operators
        One share each, in the order given.
    total_yen
        All fees.
    blocking
        The coalition that gains most by leaving; None if the settlement lies in the core.
    fall
        The largest fall of an income when a twin of some holder buys; None if there is none. Where each fee
        is shared by itself there never is.
    """

    rule: SharingRule
    game: GameName
    operators: tuple[OperatorShare, ...]
    total_yen: int
    blocking: Coalition | None
    fall: Fall | None

    @property
    def in_core(self) -> bool:
        """Whether no operators together get less than their own travellers alone bring."""
        return self.blocking is None

    @property
    def makes_whole(self) -> bool:
        """Whether every operator's cost is covered."""
        return all(share.short_yen == 0 for share in self.operators)
