"""What came of declined places."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from nichiiki_models.allocation import Allocation, Violation


class Promotion(BaseModel):
    """What came of declined places; JSON both ways.

    Attributes
    ----------
    allocation
        The allocation afterwards, with the standing of every household; None if it would break a rule.
    offered
        Households that were offered a place now, in the order of the waiting list.
    broken
        The rules that would be broken: a role, an experience or a quota below its minimum, or a lock.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allocation: Allocation | None
    offered: tuple[str, ...] = ()
    broken: tuple[Violation, ...] = ()
