"""The description of the service: bodies are read by the processes, so FastAPI is told here what they hold."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from nichiiki_models.json_schemas import WithDerived
from nichiiki_service.asked import QUESTIONS
from nichiiki_service.words import PROBLEM_JSON, ProblemDocument

REF = "#/components/schemas/{model}"
STREAMED = "events, each with a kind (progress, answer, result, problem) and its data"


def describe(app: FastAPI) -> None:
    """Let an application describe itself with the library's own classes."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas, parts = _schemas()
    document.setdefault("components", {}).setdefault("schemas", {}).update(parts)
    problem = {"content": {PROBLEM_JSON: {"schema": schemas["problem"]}}}
    for kind, (model, _) in QUESTIONS.items():
        operation = document["paths"][f"/{kind}"]["post"]
        operation["description"] = model.__doc__ or ""
        operation["parameters"] = [_header("Accept-Language", "ja or en: the language of sentences")]
        operation["requestBody"] = {"required": True, "content": _json(schemas[f"ask {kind}"])}
        answers = _json(schemas[kind])
        if kind == "allocate":
            for media_type in ("text/event-stream", "application/x-ndjson"):
                answers[media_type] = {"schema": {"type": "string", "description": STREAMED}}
        operation["responses"] = {
            "200": {"description": "the answer", "content": answers},
            "default": {"description": "why there is none", **problem},
        }
    return document


def _header(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _schemas() -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Return the schema of every body (``ask KIND``) and answer, and the parts that they refer to."""
    wanted: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        ("problem", "validation", TypeAdapter(ProblemDocument))
    ]
    for kind, (model, answer) in QUESTIONS.items():
        wanted += [
            (f"ask {kind}", "validation", TypeAdapter(model)),
            (kind, "validation", TypeAdapter(answer)),
        ]
    schemas, parts = TypeAdapter.json_schemas(wanted, ref_template=REF, schema_generator=WithDerived)
    return {key: schema for (key, _), schema in schemas.items()}, parts.get("$defs", {})
