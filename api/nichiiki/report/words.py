"""The words of the report in one language."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from nichiiki_models.texts import Lang, has_text, text

UNKNOWN = "?"
"""What stands in a sentence for a number that is not known."""
FAR_OFF = 10
"""A gap above this says only that next to nothing is known yet."""


class Words(Protocol):
    """Return the text of a key of the report catalogue, with its fields filled in."""

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text of a key without its prefix ``report.``."""
        ...


def words(lang: Lang) -> Words:
    """Return the words of the report in a language."""
    return partial(_word, lang)


def _word(lang: Lang, key: str, /, **values: object) -> str:
    return text(f"report.{key}", lang, package="nichiiki", **values)


def rule_name(rule: str, lang: Lang) -> str:
    """Return what a rule is called; an unknown one by its id."""
    key = f"report.rule.{rule}"
    return text(key, lang, package="nichiiki") if has_text(key, lang, package="nichiiki") else rule


def reason_text(
    rule: str, target: str | None, value: int | None, limit: int | None, lang: Lang, household: str = ""
) -> str:
    """Return a reason as a sentence; one without its numbers in words that need none."""
    from nichiiki_models.allocation import Reason

    bare = f"report.reason.{rule}"
    if value is None and limit is None and has_text(bare, lang, package="nichiiki"):
        return text(bare, lang, package="nichiiki", target=target or "")
    try:
        reason = Reason(household_id=household or "-", rule=rule, target_id=target, value=value, limit=limit)
        sentence = reason.sentence(lang)
    except (KeyError, FileNotFoundError):
        sentence = UNKNOWN
    if UNKNOWN not in sentence or None not in (value, limit):
        return sentence
    return text(
        "report.reason.plain", lang, package="nichiiki", rule=rule_name(rule, lang), target=target or ""
    )


def number(value: int | None) -> str:
    """Return a number with commas between thousands; nothing for nothing."""
    return "" if value is None else f"{value:,}"


def percent(share: float | None) -> str:
    """Return a share in percent, with as many decimals as it takes to see that it is not zero."""
    if share is None:
        return ""
    if share > FAR_OFF:
        return f"> {FAR_OFF * 100:,} %"
    digits = 1 if share == 0 or abs(share) >= 0.005 else 2 if abs(share) >= 0.0005 else 4
    return f"{share * 100:.{digits}f} %"
