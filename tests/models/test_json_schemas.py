"""The published schemas: what is written keeps them, older documents are read, and a version only ever grows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

import nichiiki as nk
from nichiiki_models.formats import Step, migrated
from nichiiki_models.json_schemas import DOCUMENTS, json_schema, schema_file

FORMATS = Path(__file__).parents[1] / "data" / "formats"
FIRST_HASH = "sha256:c55a8638228dadc1b4b47b803ad01fdb45c80ff5e3fbc6f1f44ea4655ad1376f"


def flaws(document: str, content: str) -> list[str]:
    check = jsonschema.Draft202012Validator(json_schema(document))
    return [
        f"{list(each.absolute_path)}: {each.message[:200]}" for each in check.iter_errors(json.loads(content))
    ]


@pytest.fixture(scope="module", params=["flagship", "generated"])
def result(request: pytest.FixtureRequest) -> nk.Result:
    instance = nk.load("flagship") if request.param == "flagship" else nk.generate(households=25, seed=7)
    return nk.allocate(instance, policy="points")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_schema_is_a_schema(document: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(document))


def test_what_is_written_keeps_its_schema(result: nk.Result) -> None:
    assert result.allocation is not None
    figures = nk.evaluate(result.instance, result.allocation)
    assert flaws("instance", result.instance.model_dump_json()) == []
    assert flaws("result", result.model_dump_json()) == []
    assert flaws("allocation", result.allocation.model_dump_json()) == []
    assert flaws("metrics", figures.model_dump_json()) == []


def test_a_priced_tariff_keeps_its_schema() -> None:
    tariff = nk.price(nk.load("flagship"), goal="break_even", time_limit_s=20)
    assert flaws("tariff", tariff.model_dump_json()) == []


@pytest.mark.parametrize(
    ("placements", "where"),
    [
        ([{"stays": [], "cost_yen": 0}], "household_id"),
        ([{"household_id": "H1", "cost_yen": 0, "roles": {"P1": "R1"}}], "roles"),
        ([{"household_id": "H1", "cost_yen": 0, "stays": [{"house_id": "U1"}]}], "periods"),
        (["H1"], "placements"),
    ],
)
def test_schema_and_reader_refuse_the_same_allocations(placements: list[Any], where: str) -> None:
    good = json.loads((FORMATS / "allocation-1.json").read_bytes())
    assert flaws("allocation", json.dumps({**good, "placements": placements}))
    with pytest.raises(ValidationError):
        nk.Allocation.model_validate({**good, "placements": placements})


@pytest.mark.parametrize(
    "value", [3, None, "x", [3], [[]], {"a": 1}, [{}], [{"measure_id": "M", "cost_yen": 10**30}]]
)
@pytest.mark.parametrize("table", ["placements", "unplaced", "measures", "payments", "standings"])
def test_tables_of_another_shape_are_refused_as_any_bad_value(table: str, value: Any) -> None:
    good = json.loads((FORMATS / "allocation-1.json").read_bytes())
    with pytest.raises(ValidationError):
        nk.Allocation.model_validate({**good, table: value})


def test_files_of_the_first_version_are_read_as_they_were() -> None:
    instance = nk.read(FORMATS / "instance-1.json")
    allocation = nk.Allocation.model_validate_json((FORMATS / "allocation-1.json").read_bytes())
    assert instance.hash == FIRST_HASH == allocation.instance_hash
    assert nk.verify(instance, allocation) == []


def test_an_older_version_is_brought_up_to_date_step_by_step() -> None:
    steps = (
        Step("town/1", "town/2", lambda old: {**old, "persons": old["people"], "people": None}),
        Step("town/2", "town/3", lambda old: {k: v for k, v in old.items() if v is not None}),
    )
    assert migrated({"format": "town/1", "people": 4}, steps=steps) == {"format": "town/3", "persons": 4}
    assert migrated({"format": "town/3", "persons": 4}, steps=steps) == {"format": "town/3", "persons": 4}
    for other in ({"format": "town/9"}, {"persons": 1}, {"format": 3}, [1], None):
        assert migrated(other, steps=steps) == other


@pytest.mark.parametrize("model", [nk.Instance, nk.Allocation, nk.Result, nk.TariffResult])
def test_a_newer_version_is_refused(model: Any) -> None:
    with pytest.raises(ValidationError, match="format"):
        model.model_validate({"format": "nichiiki-future/9"})


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_version_only_grows(document: str) -> None:
    """What the first schema allowed is still allowed: nothing is gone, nothing more is demanded.

    A change that fails here needs the next version number, and a step from this one.
    """
    first = json.loads((FORMATS / schema_file(document)).read_bytes())
    assert list(_narrower(first, json_schema(document), "")) == []


def _narrower(old: Any, new: Any, where: str) -> Iterator[str]:
    """Name every place where a schema takes less than an older one did."""
    if not isinstance(old, dict):
        return
    for key in ("properties", "$defs"):
        for name, inner in old.get(key, {}).items():
            if name not in new.get(key, {}):
                yield f"{where}/{name} is gone"
            else:
                yield from _narrower(inner, new[key][name], f"{where}/{name}")
    yield from (
        f"{where}/{name} is demanded" for name in set(new.get("required", ())) - set(old.get("required", ()))
    )
    yield from (
        f"{where} no longer takes {word}"
        for word in set(old.get("enum", ())) - set(new.get("enum", old.get("enum", ())))
    )
    for key in ("type", "const", "$ref", "pattern"):
        if key in old and old[key] != new.get(key):
            yield f"{where} {key} was {old[key]}"
    for key, sign in (("minimum", 1), ("maximum", -1)):
        if key in new and sign * new[key] > sign * old.get(key, -sign * float("inf")):
            yield f"{where} {key} is {new[key]}"
    for key in ("items", "additionalProperties"):
        yield from _narrower(old.get(key), new.get(key, {}), f"{where}/{key}")


def test_narrowing_is_noticed() -> None:
    first = json_schema("allocation")
    second = json_schema("allocation")
    del second["properties"]["seed"]
    second["required"] = [*second.get("required", ()), "objective"]
    second["$defs"]["Status"]["enum"].remove("UNKNOWN")
    second["properties"]["placements"]["items"]["properties"]["cost_yen"]["maximum"] = 9
    assert len(list(_narrower(first, second, ""))) == 4
