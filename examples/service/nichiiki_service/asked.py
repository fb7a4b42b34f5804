"""What can be asked: an envelope a question, all of its content the library's own classes; and how a body is read."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from nichiiki import (
    Allocation,
    FileError,
    Fit,
    Instance,
    InstanceError,
    Result,
    ShadowPrice,
    UsageError,
    Violation,
    WishReason,
)
from nichiiki_instances.json_files import load_json, parse_document
from nichiiki_instances.raw import problem
from nichiiki_instances.reading import reading_of
from nichiiki_models.problems import Problem

LABEL = "body"
INSTANCE = "instance"
"""What errors call the body of a request, and the instance in it."""
T = TypeVar("T")


class Asked(BaseModel):
    """What every question has."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    instance: Instance
    deadline: AwareDatetime | None = Field(
        default=None, description="when the answer is of no use any more; the best one so far comes before"
    )


class ToAllocate(Asked):
    """Allocate; see `nichiiki.allocate`."""

    policy: str = "welfare"
    time_limit_s: float = Field(default=60.0, gt=0, le=86_400, description="seconds to search")
    relative_gap: float = Field(default=0.0, ge=0, lt=1)
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    bound: bool = False
    official: bool = False
    previous: Allocation | None = None
    hint: Allocation | None = None


class ToPrice(Asked):
    """Price what is shared, once for many questions of `ToFit`; see `nichiiki.shadow_prices`."""

    time_limit_s: float = Field(default=60.0, gt=0, le=86_400, description="seconds to search")


class ToFit(Asked):
    """Find places for one more household; see `nichiiki.fit`."""

    allocation: Allocation
    household_id: str
    withdrawn: tuple[str, ...] = ()
    prices: tuple[ShadowPrice, ...] | None = Field(
        default=None,
        description="what /prices answered; found anew if left out, which takes longer than all the rest",
    )
    most: int = Field(default=5, ge=1, le=1000)


class ToVerify(Asked):
    """Check an allocation; see `nichiiki.verify`."""

    allocation: Allocation


class ToExplain(Asked):
    """Say why wishes did not come true; see `nichiiki.explain`."""

    allocation: Allocation
    household_id: str | None = Field(default=None, description="all households if left out")
    exact: bool | None = None
    time_limit_s: float = Field(default=60.0, gt=0, le=86_400, description="seconds of each solve")


class Said(BaseModel, Generic[T]):
    """One thing found, and a sentence about it in the language asked for."""

    what: T
    sentence: str


class Explained(Said[WishReason]):
    """A reason, and the smallest change that would help, in words."""

    change: str | None = None


class Health(BaseModel):
    """How the service is."""

    status: Literal["ok"] = "ok"
    nichiiki: str
    workers: int
    idle: int
    waiting: int


QUESTIONS: dict[str, tuple[type[Asked], Any]] = {
    "allocate": (ToAllocate, Result),
    "prices": (ToPrice, list[ShadowPrice]),
    "fit": (ToFit, list[Said[Fit]]),
    "verify": (ToVerify, list[Said[Violation]]),
    "explain": (ToExplain, list[Explained]),
}
"""Each question by the last part of its path: what it takes, and what it answers."""


def read_question(kind: str, body: bytes) -> Asked:
    """Read the body of a request.

    Parameters
    ----------
    kind
        A key of `QUESTIONS`.
    body
        JSON in UTF-8.

    Raises
    ------
    InputError
        If anything is wrong; every problem of the instance is listed.
    """
    document = load_json(_text(body), LABEL)
    if not isinstance(document, dict):
        raise FileError([problem("not_an_object", LABEL)])
    model, _ = QUESTIONS[kind]
    try:
        return model.model_validate({**document, "instance": _instance(document.get("instance"))})
    except ValidationError as error:
        raise UsageError([_problem(each) for each in error.errors(include_input=False)]) from None


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise FileError([problem("broken_json", LABEL)]) from None


def _instance(given: Any) -> Instance:
    reading = reading_of(parse_document(given, INSTANCE), INSTANCE)
    if reading.instance is None:
        raise InstanceError(reading.problems)
    return reading.instance


def _problem(error: ErrorDetails) -> Problem:
    """Name the field that does not fit, never its value: it may be anything."""
    code = "body_field_missing" if error["type"] == "missing" else "body_field_refused"
    return problem(code, LABEL, header=".".join(map(str, error["loc"])))
