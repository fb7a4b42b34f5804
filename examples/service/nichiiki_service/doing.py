"""What each question does: the library's own function of that name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from pydantic import TypeAdapter

import nichiiki
from nichiiki import VerificationError
from nichiiki_models.texts import Lang
from nichiiki_service.asked import (
    QUESTIONS,
    Asked,
    Explained,
    Said,
    ToAllocate,
    ToExplain,
    ToFit,
    ToPrice,
    ToVerify,
)
from nichiiki_solver.policies.registry import Progress

LEAST_S = 0.1


class WithheldError(Exception):
    """An answer of ours failed its independent check."""


@dataclass(frozen=True)
class Terms:
    """Under which terms a question is answered.

    Attributes
    ----------
    lang
        Language of sentences.
    cores
        Processor cores of a solve.
    left_s
        Seconds left for all of it.
    tell
        Takes the kind and JSON of what is found on the way; None to answer only at the end.
    should_stop
        Whether nobody waits any more.
    """

    lang: Lang
    cores: int
    left_s: float
    tell: Callable[[str, bytes], None] | None
    should_stop: Callable[[], bool]

    def seconds(self, asked: Asked, wanted: float) -> float:
        """Seconds to search: what was asked for, as far as the deadline and the service allow."""
        left = self.left_s
        if asked.deadline is not None:
            left = min(left, (asked.deadline - datetime.now(UTC)).total_seconds())
        return max(LEAST_S, min(wanted, left))


def answer(kind: str, asked: Asked, terms: Terms) -> bytes:
    """Answer a question in JSON."""
    return TypeAdapter(QUESTIONS[kind][1]).dump_json(_DOING[kind](asked, terms))


def _allocate(asked: Asked, terms: Terms) -> Any:
    asked = cast(ToAllocate, asked)
    tell = terms.tell
    try:
        return nichiiki.allocate(
            asked.instance,
            **asked.model_dump(include={"policy", "relative_gap", "seed", "bound", "official"}),
            time_limit_s=terms.seconds(asked, asked.time_limit_s),
            workers=terms.cores,
            previous=asked.previous,
            hint=asked.hint,
            should_stop=terms.should_stop,
            progress=None if tell is None else partial(_progress, tell),
            answers=None if tell is None else lambda found: tell("answer", found.model_dump_json().encode()),
        )
    except VerificationError as error:
        raise WithheldError from error


def _progress(tell: Callable[[str, bytes], None], progress: Progress) -> None:
    tell("progress", TypeAdapter(dict[str, Any]).dump_json(asdict(progress)))


def _prices(asked: Asked, terms: Terms) -> Any:
    asked = cast(ToPrice, asked)
    return nichiiki.shadow_prices(asked.instance, time_limit_s=terms.seconds(asked, asked.time_limit_s))


def _fit(asked: Asked, terms: Terms) -> Any:
    asked = cast(ToFit, asked)
    found = nichiiki.fit(
        asked.instance, asked.allocation, asked.household_id, withdrawn=asked.withdrawn, prices=asked.prices, most=asked.most
    )  # fmt: skip
    return [Said[nichiiki.Fit](what=each, sentence=each.sentence(terms.lang)) for each in found]


def _verify(asked: Asked, terms: Terms) -> Any:
    asked = cast(ToVerify, asked)
    found = nichiiki.verify(asked.instance, asked.allocation)
    return [Said[nichiiki.Violation](what=each, sentence=each.sentence(terms.lang)) for each in found]


def _explain(asked: Asked, terms: Terms) -> Any:
    asked = cast(ToExplain, asked)
    seconds = terms.seconds(asked, asked.time_limit_s)
    reasons = nichiiki.explain(
        asked.instance, asked.allocation, asked.household_id, exact=asked.exact, time_limit_s=seconds, workers=terms.cores
    )  # fmt: skip
    return [_explained(each, terms.lang) for each in reasons]


def _explained(reason: nichiiki.WishReason, lang: Lang) -> Explained:
    change = None if reason.relaxation is None else reason.relaxation.sentence(lang)
    return Explained(what=reason, sentence=reason.sentence(lang), change=change)


_DOING = {"allocate": _allocate, "prices": _prices, "fit": _fit, "verify": _verify, "explain": _explain}
