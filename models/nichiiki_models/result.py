"""What a run returns: the allocation, how good it is known to be, and why the run stopped."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, computed_field, model_validator

from nichiiki_models.allocation import Allocation, LevelResult, Status, StopReason
from nichiiki_models.fits import ShadowPrice
from nichiiki_models.formats import migrated
from nichiiki_models.instance import Instance
from nichiiki_models.notebook import card, share

RESULT_FORMAT: Literal["nichiiki-result/1"] = "nichiiki-result/1"


class Result(BaseModel):
    """The outcome of a run; JSON both ways.

    Attributes
    ----------
    status, reason
        How the run ended, and why it stopped; two different things.
    allocation
        Who gets what; None unless one was found.
    objective, bound
        The objective is always maximised; no allocation passes the bound. Both belong to the first level
        that is not proven, else to the last. None where unknown.
    gap
        ``(bound - objective) / max(1, |objective|)``; None without a bound.
    seconds
        Wall time of the run.
    levels
        Every level of the objective, in order.
    instance
        What was solved, with locks and the earlier allocation folded in; the allocation carries its hash.
    policy, seed
        What was asked for.
    official
        Whether input, rules and seed alone decide the allocation: an optimum proven to be the only one after the public
        tie-break, or a procedure that ran to its end.
    prices
        What one unit more of everything shared would be worth to the first level, where the run found it on its way
        (`nichiiki.fit` needs no more); empty otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    format: Literal["nichiiki-result/1"] = RESULT_FORMAT
    status: Status
    reason: StopReason
    allocation: Allocation | None = None
    objective: int | None = None
    bound: int | None = None
    seconds: float = 0.0
    levels: tuple[LevelResult, ...] = ()
    instance: Instance
    policy: str
    seed: int = 0
    official: bool = False
    prices: tuple[ShadowPrice, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def gap(self) -> float | None:
        """Relative distance between objective and bound."""
        if self.objective is None or self.bound is None:
            return None
        return (self.bound - self.objective) / max(1, abs(self.objective))

    @model_validator(mode="before")
    @classmethod
    def _drop_derived(cls, value: Any) -> Any:
        value = migrated(value)
        return {k: v for k, v in value.items() if k != "gap"} if isinstance(value, dict) else value

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        answer = self.allocation
        households = None if answer is None else share(len(answer.placements), len(self.instance.households))
        facts = {
            "status": self.status.value,
            "reason": self.reason.value,
            "policy": self.policy,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "seconds": round(self.seconds, 1),
            "placements": households,
        }
        stays = [] if answer is None else [answer.stays._repr_html_()]
        return card("Result", facts, *stays)
