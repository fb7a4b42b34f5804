"""Rules in files: rules.toml, or a sheet of dotted keys and JSON values; both ways."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nichiiki_instances.headers import nearest
from nichiiki_instances.json_files import ABOUT, load_json
from nichiiki_instances.raw import RawTable, problem
from nichiiki_models.errors import FileError
from nichiiki_models.instance import INSTANCE_FORMAT, Instance
from nichiiki_models.problems import Problem
from nichiiki_models.rules import Part, Rules

INSTANCE = "instance"
"""Table of rules.toml (prefix of the sheet's keys) that holds name and note of the instance."""
_AT_LINE = re.compile(r"at line (\d+)")


def parse_toml(text: str, label: str) -> dict[str, Any]:
    """Return the content of rules.toml.

    Raises
    ------
    FileError
        If it is no TOML; the line is named.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = _AT_LINE.search(str(error))
        raise FileError([problem("broken_toml", label, line=int(line[1]) if line else None)]) from None


def parse_sheet(raw: RawTable) -> tuple[dict[str, Any], list[Problem]]:
    """Return the rules of a sheet with a dotted key and a JSON value a row."""
    document: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value, line in zip(
        raw.columns.get("key", ()), raw.columns.get("value", ()), raw.lines, strict=False
    ):
        where = {"line": line, "header": str(key).strip()}
        try:
            placed = _put(document, str(key).strip().split("."), load_json(str(value), raw.source.file))
        except FileError:
            problems.append(problem("broken_json_value", raw.source, value=str(value), **where))
        else:
            problems += [] if placed else [problem("rule_twice", raw.source, **where)]
    return document, problems


def _put(document: dict[str, Any], path: Sequence[str], value: Any) -> bool:
    for step in path[:-1]:
        document = document.setdefault(step, {})
        if not isinstance(document, dict):
            return False
    if path[-1] in document:
        return False
    document[path[-1]] = value
    return True


def split_about(
    document: Mapping[str, Any], label: str
) -> tuple[dict[str, Any], dict[str, Any], list[Problem]]:
    """Split a rules document into the rules, and name and note of the instance."""
    about = document.get(INSTANCE, {})
    rules = {key: value for key, value in document.items() if key != INSTANCE}
    if not isinstance(about, dict):
        return rules, {}, [problem("wrong_shape", label, header=INSTANCE)]
    unknown = [key for key in about if key not in ABOUT]
    problems = [
        problem("unknown_key", label, header=f"{INSTANCE}.{key}", nearest=nearest(key, ABOUT))
        for key in unknown
    ]
    return rules, {key: value for key, value in about.items() if key in ABOUT}, problems


def about_problems(about: Mapping[str, Any], label: str) -> Iterator[Problem]:
    """List what is wrong with format, name and note of an instance."""
    for key, value in about.items():
        if not isinstance(value, str):
            yield problem("wrong_shape", label, header=key)
        elif key == "format" and value != INSTANCE_FORMAT:
            yield problem("other_format", label, value=value, format=INSTANCE_FORMAT)


def build_rules(document: Mapping[str, Any], label: str) -> tuple[Rules | None, list[Problem]]:
    """Return the rules, or None and every problem they have."""
    try:
        return Rules.model_validate_json(json.dumps(document, default=str)), []
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False, include_context=True)
        found = {_key(detail): _rule_problem(detail, document, label) for detail in details}
        return None, list(found.values())


def _key(detail: ErrorDetails) -> str:
    # a value of several types is reported once for each type, the type being the last step
    steps = [
        str(step)
        for step in detail["loc"]
        if step not in ("bool", "int") and not str(step).startswith("function-")
    ]
    return ".".join(steps)


def _rule_problem(detail: ErrorDetails, document: Any, label: str) -> Problem:
    key, context = _key(detail), detail.get("ctx", {})
    shown = {"header": key, "value": _value_at(document, key)}
    match detail["type"]:
        case "extra_forbidden":
            return problem(
                "unknown_rule", label, header=key, nearest=nearest(key.rpartition(".")[2], rule_names(Rules))
            )
        case "missing":
            return problem("rule_missing", label, header=key)
        case "literal_error":
            return problem(
                "rule_choice",
                label,
                **shown,
                choices=context["expected"].replace(" or ", ", ").replace("'", ""),
            )
        case "greater_than_equal":
            return problem("rule_too_small", label, **shown, low=context["ge"])
        case "less_than_equal":
            return problem("rule_too_large", label, **shown, high=context["le"])
        case _:
            return problem("rule_wrong_kind", label, **shown)


def _value_at(document: Any, key: str) -> str:
    for step in key.split("."):
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list | tuple) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return ""
    return json.dumps(document, ensure_ascii=False, default=str)


def rule_names(part: type[BaseModel]) -> set[str]:
    """Return the names of all rules, at any depth."""
    parts = [part, *Part.__subclasses__()]
    return {name for each in parts for name in each.model_fields}


def rules_document(instance: Instance) -> dict[str, Any]:
    """Return what is written: name and note, and every rule that is not at its default."""
    about = {"format": instance.format, "name": instance.name, "note": instance.note}
    return {INSTANCE: about, **instance.rules.model_dump(mode="json", exclude_defaults=True)}


def sheet_rows(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return a document as rows of dotted key and JSON value."""
    for key, value in document.items():
        if isinstance(value, dict) and value:
            yield from sheet_rows(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", json.dumps(value, ensure_ascii=False)
