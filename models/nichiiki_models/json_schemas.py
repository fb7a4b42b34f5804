"""JSON schemas of the documents that others write and read: one for each format, with its version in its name."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from nichiiki_models.allocation import ALLOCATION_FORMAT, Allocation
from nichiiki_models.instance import INSTANCE_FORMAT, Instance
from nichiiki_models.metrics import Metrics
from nichiiki_models.result import RESULT_FORMAT, Result
from nichiiki_models.tariff import TARIFF_FORMAT, TariffResult

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS: dict[str, tuple[str, type[BaseModel]]] = {
    "instance": (INSTANCE_FORMAT, Instance),
    "allocation": (ALLOCATION_FORMAT, Allocation),
    "result": (RESULT_FORMAT, Result),
    "metrics": ("nichiiki-metrics/1", Metrics),
    "tariff": (TARIFF_FORMAT, TariffResult),
}
"""Format and class of each document, by the word that `json_schema` takes."""


class WithDerived(GenerateJsonSchema):
    """Adds what is written but need not be given: figures that follow from others."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Return the schema of a model, its derived figures read-only."""
        found = super().model_schema(schema)
        inner: Any = schema["schema"]
        while "schema" in inner and inner["type"] != "model-fields":
            inner = inner["schema"]
        for field in inner.get("computed_fields", ()):
            derived = self.generate_inner(field["return_schema"])
            found.setdefault("properties", {})[field["property_name"]] = {**derived, "readOnly": True}
        return found


def json_schema(document: str) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a document.

    Every document that nichiiki writes keeps it, and every document that keeps it can be read, as far as a schema can tell: what holds
    between rows (keys, references, rules) is checked on reading.

    Parameters
    ----------
    document
        A word of `DOCUMENTS`.

    Returns
    -------
    dict
        With ``$id`` ``urn:nichiiki:DOCUMENT:VERSION``.

    Raises
    ------
    KeyError
        If there is no such document.
    """
    name, schema = DOCUMENTS[document]
    version = name.rpartition("/")[2]
    found = schema.model_json_schema(schema_generator=WithDerived)
    return {"$schema": DIALECT, "$id": f"urn:nichiiki:{document}:{version}", **found}


def schema_file(document: str) -> str:
    """Return the name a schema is published under, such as ``nichiiki-instance-1.schema.json``."""
    return f"{DOCUMENTS[document][0].replace('/', '-')}.schema.json"
