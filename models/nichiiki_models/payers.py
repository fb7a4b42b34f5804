"""Expenses, who pays them lawfully, and what nobody may pay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nichiiki_models.tables import Id

Payer = Literal["state", "prefecture", "municipality", "private"]
Requirement = Literal["plan", "designation", "membership"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Expense(_Part):
    """Something that has to be paid."""

    expense_id: Id = Field(description="what to call it")
    item: Id = Field(description="item of expense, against the lists of programmes: fare, lodging, survey …")
    yen: int = Field(description="what it costs", ge=0, le=1_000_000_000_000)
    fulfils: tuple[Requirement, ...] = Field(
        default=(), description="what the region or supporter behind it has: plan, designation, membership"
    )


class Payment(_Part):
    """What one programme pays of an expense."""

    expense_id: str = Field(description="expense")
    programme_id: str = Field(description="programme")
    payer: Payer = Field(description="whose money it is")
    yen: int = Field(description="what it pays")


class RefusedYen(_Part):
    """Yen of an expense that no programme pays."""

    expense_id: str = Field(description="expense")
    yen: int = Field(description="what is not paid")
    rules: Mapping[str, str] = Field(
        description="rule by programme: excluded_item, not_eligible, requires_plan (designation, membership), exhausted "
        "(its share, cap or budget is used up); no_programme if there is none"
    )


class PaymentPlan(_Part):
    """A lawful payer for every yen that has one."""

    payments: tuple[Payment, ...]
    refused: tuple[RefusedYen, ...]

    @property
    def is_paid(self) -> bool:
        """Whether every yen has a payer."""
        return not self.refused

    def paid_yen(self, payer: Payer | None = None) -> int:
        """Yen paid by a kind of payer, or by all."""
        return sum(paid.yen for paid in self.payments if payer in (None, paid.payer))
