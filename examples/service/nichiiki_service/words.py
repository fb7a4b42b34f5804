"""Which language to answer in, and problems as problem JSON (RFC 9457) in that language."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from nichiiki import (
    InputError,
    NichiikiError,
    Problem,
    UnsupportedMarketError,
    VerificationError,
    Violation,
)
from nichiiki_models.texts import Lang, text

PROBLEM_JSON = "application/problem+json"
STATUS = {
    "input": 422,
    "unsupported": 422,
    "broken_rules": 422,
    "withheld": 500,
    "failed": 500,
    "memory": 507,
    "too_large": 413,
    "media_type": 415,
    "not_found": 404,
    "method": 405,
    "busy": 503,
    "late": 504,
    "gone": 499,
}
"""HTTP status of each kind of problem; 499 is never seen, since who asked has gone."""


class ProblemDocument(BaseModel):
    """Why a request was not answered (RFC 9457).

    Attributes
    ----------
    type
        ``urn:nichiiki:problem:KIND``.
    title, detail
        What went wrong and what to do, in the language of the request.
    problems
        Everything wrong with the instance: table, row, column, value.
    violations
        What the allocation that was sent breaks.
    """

    type: str
    title: str
    status: int
    detail: str
    problems: tuple[Problem, ...] = Field(default=())
    violations: tuple[Violation, ...] = Field(default=())


def language_of(accepted: str) -> Lang:
    """Choose Japanese or English by an ``Accept-Language`` header; English where neither is wanted."""
    wanted: dict[str, float] = {}
    for part in accepted.split(","):
        tag, _, rest = part.strip().partition(";")
        name = tag.strip().casefold().partition("-")[0]
        wanted[name] = max(_quality(rest), wanted.get(name, 0.0))
    anything = wanted.get("*", 0.0)
    return "ja" if wanted.get("ja", 0.0) > wanted.get("en", anything) else "en"


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def told(kind: str, lang: Lang, /, **values: Any) -> ProblemDocument:
    """Return a problem of a kind in words; what its sentences do not use goes into its fields."""
    return ProblemDocument(
        type=f"urn:nichiiki:problem:{kind}",
        title=text(f"service.{kind}.title", lang, package=__package__, **values),
        status=STATUS[kind],
        detail=text(f"service.{kind}.detail", lang, package=__package__, **values),
        problems=values.get("problems", ()),
        violations=values.get("violations", ()),
    )


def told_of(error: NichiikiError, lang: Lang) -> ProblemDocument:
    """Return an error of the library in words."""
    if isinstance(error, VerificationError):
        return told("broken_rules", lang, count=len(error.violations), violations=error.violations)
    if isinstance(error, UnsupportedMarketError):
        return told("unsupported", lang, why=error.message(lang), problems=error.problems)
    if isinstance(error, InputError):
        return told("input", lang, why=error.message(lang), problems=error.problems)
    return told("failed", lang, kind=type(error).__name__)
