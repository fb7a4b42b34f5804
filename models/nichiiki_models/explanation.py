"""Why a household did not get a wish, what would have to change, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from nichiiki_models.allocation import Reason
from nichiiki_models.changes import Change
from nichiiki_models.tables import ListName
from nichiiki_models.texts import Lang, has_text, text


class Code(StrEnum):
    """The closed list of reasons; docs/reference/reason-codes.md says what each one claims."""

    INELIGIBLE = "ineligible"
    REQUIRED = "required"
    SIBLINGS = "siblings"
    LOCKED = "locked"
    CLOSED = "closed"
    OUTRANKED = "outranked"
    LOTTERY = "lottery"
    FULL = "full"
    COSTS_MORE = "costs_more"
    NO_BETTER = "no_better"
    IMPOSSIBLE = "impossible"
    NEEDED_ELSEWHERE = "needed_elsewhere"
    OWN_ORDER = "own_order"
    VACANT = "vacant"
    NO_STAY = "no_stay"
    NO_PERIOD = "no_period"
    NOTHING_THERE = "nothing_there"
    NO_WISH = "no_wish"
    DECLINED = "declined"
    NOT_STATED = "not_stated"


OF_LISTED_RULES = {
    "capacity": Code.FULL,
    "required": Code.REQUIRED,
    "lock": Code.LOCKED,
    "no_wish": Code.NO_WISH,
    "declined": Code.DECLINED,
    "not_stated": Code.NOT_STATED,
}
"""Codes of what an allocation itself states of those without a place; every other rule stands against the household."""


def code_of(rule: str) -> Code:
    """Return the code of a reason that an allocation states by a rule alone (``Allocation.unplaced``)."""
    return OF_LISTED_RULES.get(rule, Code.INELIGIBLE)


class Proof(StrEnum):
    """How sure a statement is: checked to the end, or an estimate."""

    PROVEN = "PROVEN"
    ESTIMATED = "ESTIMATED"


class Witness(BaseModel):
    """The place a reason is about: of all ways to fulfil the wish the one that comes closest.

    Attributes
    ----------
    house_id, periods
        The stay.
    items
        List, person (empty for the household) and target of everything beside it, the supporter included.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    house_id: str
    periods: tuple[str, ...]
    items: tuple[tuple[ListName, str, str], ...] = ()


class Step(BaseModel):
    """One part of what would have to change.

    Attributes
    ----------
    rule
        Id of the rule that would then be kept.
    kind
        What is asked for: unit, reception, seat, holder, caseload, place, quota, minimum, yen, minutes, consent, measure …
    target_id
        What it concerns.
    amount
        How much more, in the unit of the kind; None where it is not an amount.
    periods
        Periods for which it is needed; empty where it does not hang on periods.
    changes
        The change of the instance, as data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    kind: str
    target_id: str = ""
    amount: int | None = None
    periods: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()

    def sentence(self, lang: Lang) -> str:
        """Return the step in words."""
        shown = "" if self.amount is None else f"{self.amount:,}"
        when = text("why.in_periods", lang, periods=", ".join(self.periods)) if self.periods else ""
        return text(f"why.step.{self.kind}", lang, target=self.target_id, amount=shown, when=when)


class Relaxation(BaseModel):
    """The smallest change found that would place the household there while all others keep what they have.

    Attributes
    ----------
    steps
        All of them are needed.
    proof
        PROVEN: with the steps taken, and the household placed as the witness says, the check finds nothing broken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: tuple[Step, ...]
    proof: Proof

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every change, in the order in which they are made."""
        return tuple(change for step in self.steps for change in step.changes)

    def sentence(self, lang: Lang) -> str:
        """Return the change in words."""
        joined = text("why.and", lang).join(dict.fromkeys(step.sentence(lang) for step in self.steps))
        return text(f"why.would_help.{self.proof.value}", lang, steps=joined)


def hazards_sentence(house_id: str, hazards: Sequence[str], lang: Lang) -> str:
    """Return the sentence that a house is exposed to the same hazards as the main home."""
    named = text("reason.comma", lang).join(text(f"reason.hazard.{name}", lang) for name in hazards)
    return text("reason.hazard_named", lang, target=house_id, hazards=named)


class WishReason(Reason):
    """Why a household did not get a wish that it ranked better than what it has.

    Attributes
    ----------
    household_id, target_id
        Who, and what was wished for.
    rule, value, limit
        Rule that decides, and its numbers; the code itself where no rule does.
    code
        Kind of the reason, of a closed list.
    list, person_id, rank
        Which list of wishes, whose, and the rank of the wish.
    got
        Rank of what it has instead; None without a place.
    cause, band, period
        What stands in the way (house, region, facility, role, supporter, experience, quota), and where it has them its
        grade or age band and the first period in which it does.
    evidence
        Numbers behind the reason, by name; see the reference.
    witness, relaxation
        The place the reason is about, and the smallest change found that would allow it.
    proof
        Whether the reason is proven or rests on an estimate.
    """

    code: Code
    list: ListName | None = None
    person_id: str | None = None
    rank: int | None = None
    got: int | None = None
    cause: str | None = None
    band: str | None = None
    period: str | None = None
    evidence: Mapping[str, int | str | None] = {}
    witness: Witness | None = None
    relaxation: Relaxation | None = None
    proof: Proof = Proof.PROVEN

    def sentence(self, lang: Lang) -> str:
        """Return the reason in words; it names no other household."""
        numbers: dict[str, Any] = {
            name: f"{entry:,}" if isinstance(entry, int) else "" if entry is None else entry
            for name, entry in self.evidence.items()
        }
        key = f"why.{self.code.value}"
        deciding = numbers.pop("key", "")
        if deciding:
            numbers["key"] = text(f"why.key.{deciding}", lang)
        if self.code is Code.COSTS_MORE and self.evidence.get("loss") is None:
            key = "why.full"  # nothing is known but what stands in the way
        variant = f"{key}.{self.proof.value}"
        return text(
            variant if has_text(variant, lang) else key,
            lang,
            target=self.target_id or "",
            rule=self._rule_sentence(lang),
            **numbers,
        ).strip()

    def _rule_sentence(self, lang: Lang) -> str:
        """Return what the rule says of what stands in the way."""
        if self.rule == self.code.value:
            return ""
        if self.rule == "hazard_shared" and self.evidence.get("hazards"):
            return hazards_sentence(self.target_id or "", str(self.evidence["hazards"]).split(), lang)
        key = f"reason.{self.rule}"
        if self.value is None and has_text(f"why.plain.{self.rule}", lang):
            key = f"why.plain.{self.rule}"
        if not has_text(key, lang):
            return text("why.plain", lang, target=self.cause or "", rule=self.rule)
        shown = {
            name: "?" if entry is None else f"{entry:,}"
            for name, entry in (("value", self.value), ("limit", self.limit))
        }
        return text(key, lang, target=self.cause or self.target_id or "", **shown)
