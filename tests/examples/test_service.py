"""The example service: the library's answers over HTTP, and what happens when something goes wrong."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter

import nichiiki as nk


def plain(model: Any) -> Any:
    return json.loads(model.model_dump_json())


@pytest.fixture(scope="module")
def alone(town: nk.Instance) -> nk.Result:
    return nk.allocate(town, workers=1)


@pytest.fixture(scope="module")
def asked(town: nk.Instance, alone: nk.Result) -> dict[str, Any]:
    """A question about an allocation."""
    return {"instance": plain(town), "allocation": plain(alone.allocation)}


def placed(allocation: nk.Allocation | None) -> dict[str, Any]:
    assert allocation is not None
    return {
        name: getattr(allocation, name) for name in ("objective", "bound", "placements", "stays", "items")
    }


def test_an_allocation_is_the_library_s_own(service: Any, town: nk.Instance, alone: nk.Result) -> None:
    answer = service.ask("/allocate", {"instance": plain(town)})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    result = nk.Result.model_validate_json(answer.body)
    assert placed(result.allocation) == placed(alone.allocation)
    assert result.instance == town
    assert result.allocation is not None and nk.verify(town, result.allocation) == []


def test_questions_asked_at_once_get_the_answers_they_get_alone(service: Any) -> None:
    towns = [nk.generate(households=8, seed=seed) for seed in range(6)]
    with ThreadPoolExecutor(len(towns)) as pool:
        answers = list(pool.map(lambda town: service.ask("/allocate", {"instance": plain(town)}), towns))
    for town, answer in zip(towns, answers, strict=True):
        found = nk.Result.model_validate_json(answer.body)
        assert placed(found.allocation) == placed(nk.allocate(town, workers=1).allocation)


def parsed(media_type: str, body: bytes) -> list[tuple[str, Any]]:
    if media_type == "application/x-ndjson":
        lines = [json.loads(line) for line in body.splitlines()]
        return [(line["event"], line["data"]) for line in lines]
    blocks = [block.split("\n") for block in body.decode().strip().split("\n\n")]
    assert all(len(block) == 2 for block in blocks)
    return [(head.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for head, data in blocks]


@pytest.mark.parametrize("media_type", ["text/event-stream", "application/x-ndjson"])
def test_better_answers_come_while_it_searches(service: Any, town: nk.Instance, media_type: str) -> None:
    answer = service.ask("/allocate", {"instance": plain(town)}, Accept=media_type)
    assert answer.headers["content-type"].startswith(media_type)
    events = parsed(media_type, answer.body)
    kinds = [kind for kind, _ in events]
    assert set(kinds[:-1]) == {"progress", "answer"} and kinds[-1] == "result"
    answers = [nk.Allocation.model_validate(data) for kind, data in events if kind == "answer"]
    assert all(nk.verify(town, each) == [] for each in answers)
    result = nk.Result.model_validate(events[-1][1])
    values = [each.objective for each in answers if each.objective is not None]
    assert result.objective is not None and max(values, default=0) <= result.objective


def test_fit_with_stored_prices(service: Any, town: nk.Instance, asked: dict[str, Any]) -> None:
    prices = service.ask("/prices", {"instance": asked["instance"]}).json()
    known = TypeAdapter(list[nk.ShadowPrice]).validate_python(prices)
    assert known == nk.shadow_prices(town)
    household = str(town.households["household_id"][0])
    answer = service.ask("/fit", {**asked, "household_id": household, "prices": prices}, Accept_Language="ja")
    allocation = nk.Allocation.model_validate(asked["allocation"])
    expected = nk.fit(town, allocation, household, prices=known)
    assert [nk.Fit.model_validate(each["what"]) for each in answer.json()] == expected
    assert [each["sentence"] for each in answer.json()] == [each.sentence("ja") for each in expected]


def test_verify_and_explain(service: Any, town: nk.Instance, asked: dict[str, Any]) -> None:
    assert service.ask("/verify", asked).json() == []
    moved = json.loads(json.dumps(asked))
    moved["allocation"]["placements"][0]["cost_yen"] += 1
    (found,) = service.ask("/verify", moved, Accept_Language="ja").json()
    violation = nk.Violation.model_validate(found["what"])
    assert found["sentence"] == violation.sentence("ja") != violation.sentence("en")
    refused = service.ask("/explain", moved)
    assert (refused.status, refused.json()["violations"]) == (422, [plain(violation)])
    allocation = nk.Allocation.model_validate(asked["allocation"])
    reasons = service.ask("/explain", {**asked, "exact": False}).json()
    assert [nk.WishReason.model_validate(each["what"]) for each in reasons] == nk.explain(town, allocation)


def test_an_infeasible_instance_is_an_answer(service: Any, town: nk.Instance) -> None:
    rule = {"target_kind": "placed", "effect": "must", "reason": "test"}
    locks = [{"household_id": household, **rule} for household in town.households["household_id"].tolist()]
    instance = plain(town)
    instance["houses"] = [{**house, "units": 1} for house in instance["houses"]]
    answer = service.ask("/allocate", {"instance": {**instance, "locks": locks}})
    assert answer.status == 200, answer.body
    assert nk.Result.model_validate_json(answer.body).status is nk.Status.INFEASIBLE


@pytest.mark.parametrize(
    ("accepted", "lang"), [("ja, en;q=0.5", "ja"), ("fr, en;q=0.5, ja;q=0.4", "en"), ("", "en")]
)
def test_bad_cells_are_named_in_the_language_of_the_request(
    service: Any, town: nk.Instance, accepted: str, lang: Any
) -> None:
    instance = plain(town)
    instance["houses"][2]["rent_yen"] = "many"
    answer = service.ask("/allocate", {"instance": instance}, Accept_Language=accepted)
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.headers["content-language"] == lang
    (problem,) = [nk.Problem.model_validate(each) for each in answer.json()["problems"]]
    assert (problem.table, problem.line, problem.column, problem.value) == ("houses", 3, "rent_yen", "many")
    assert answer.json()["detail"] == problem.message(lang)


HOSTILE = {
    "no JSON": b"{",
    "not UTF-8": b'{"instance": "\xff"}',
    "deep": b'{"instance":' + b"[" * 100_000,
    "no object": b"[]",
    "nothing": b"",
    "a key twice": b'{"instance": {}, "instance": {}}',
    "no number": b'{"instance": {}, "seed": NaN}',
    "a huge number": b'{"instance": {"houses": [{"rent_yen": ' + b"9" * 5000 + b"}]}}",
    "no instance": b'{"instance": 3}',
    "an empty one": b'{"instance": {}}',
    "tables of another shape": b'{"instance": {"houses": {"a": 1}, "rules": []}}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_question_is_refused(service: Any, name: str) -> None:
    answer = service.ask("/verify", HOSTILE[name])
    assert (answer.status, answer.json()["type"]) == (422, "urn:nichiiki:problem:input")
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"allocation": {"placements": [{}]}},
        {"allocation": {"placements": [3]}},
        {"allocation": 3},
        {"allocation": None},
        {"unknown": 1},
    ],
)
def test_a_malformed_allocation_is_refused(
    service: Any, asked: dict[str, Any], change: dict[str, Any]
) -> None:
    answer = service.ask("/verify", {**asked, **change})
    assert (answer.status, answer.json()["type"]) == (422, "urn:nichiiki:problem:input")


@pytest.mark.parametrize(
    "change", [{"policy": "x"}, {"time_limit_s": 0}, {"seed": -1}, {"official": True, "relative_gap": 0.1}]
)
def test_arguments_without_a_meaning_are_refused(
    service: Any, town: nk.Instance, change: dict[str, Any]
) -> None:
    answer = service.ask("/allocate", {"instance": plain(town), **change}, Accept="application/x-ndjson")
    assert (answer.status, answer.json()["type"]) == (422, "urn:nichiiki:problem:input")


def test_other_paths_methods_and_types_are_problems_too(service: Any) -> None:
    assert service.ask("/nowhere", {}).json()["type"] == "urn:nichiiki:problem:not_found"
    assert service.ask("/fit", method="GET").json()["type"] == "urn:nichiiki:problem:method"
    answer = service.ask("/fit", b"{}", Content_Type="text/plain")
    assert (answer.status, answer.json()["type"]) == (415, "urn:nichiiki:problem:media_type")


def test_a_body_over_the_limit_is_refused(service: Any) -> None:
    answer = service.ask("/fit", b" " * 3_000_001)
    assert (answer.status, answer.json()["type"]) == (413, "urn:nichiiki:problem:too_large")


def test_the_time_limit_and_the_deadline_hold(service: Any, large_town: nk.Instance) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    for terms in ({"time_limit_s": 1.0}, {"deadline": soon}):
        result = nk.Result.model_validate_json(
            service.ask("/allocate", {"instance": plain(large_town), **terms}).body
        )
        assert (result.reason, result.seconds < 60) == (nk.StopReason.TIME_LIMIT, True)
        assert result.allocation is None or nk.verify(large_town, result.allocation) == []


@pytest.mark.parametrize("media_type", ["application/json", "text/event-stream"])
def test_who_goes_away_ends_the_search(service: Any, large_town: nk.Instance, media_type: str) -> None:
    asked = {"instance": plain(large_town), "time_limit_s": 250}
    connection = service.connect()
    headers = {"Content-Type": "application/json", "Accept": media_type}
    connection.request("POST", "/allocate", json.dumps(asked), headers)
    if media_type == "text/event-stream":
        assert connection.getresponse().readline()
    until = time.monotonic() + 30
    while service.ask("/health", method="GET").json()["idle"] == 2 and time.monotonic() < until:
        time.sleep(0.05)
    connection.close()
    if connection.sock is not None:
        connection.sock.close()
    assert service.is_free_within(30)


def test_nothing_of_a_request_is_in_the_log(service: Any, town: nk.Instance) -> None:
    canary = "hh_canary_7731"
    instance = json.loads(town.model_dump_json().replace(str(town.households["household_id"][0]), canary))
    for asked in ({"instance": instance}, {"instance": {**instance, "houses": [{"house_id": canary}]}}):
        service.ask("/allocate", asked)
    service.ask(f"/{canary}?name={canary}", {canary: canary}, User_Agent=canary)
    time.sleep(0.2)
    events = [json.loads(line) for line in service.log]
    assert {"other", "/allocate"} <= {each.get("path") for each in events}
    assert all(
        set(each) <= {"at", "event", "port", "path", "status", "bytes", "milliseconds"} for each in events
    )
    assert canary not in "".join(service.log)


def test_answers_are_what_the_description_says(service: Any, asked: dict[str, Any]) -> None:
    document = service.ask("/openapi.json", method="GET").json()
    household = asked["instance"]["households"][0]["household_id"]
    questions = {
        "/allocate": {"instance": asked["instance"]},
        "/verify": asked,
        "/fit": {**asked, "household_id": household, "prices": []},
        "/explain": {**asked, "household_id": household, "exact": False},
    }
    for path, question in questions.items():
        schema = document["paths"][path]["post"]
        for told, content in (
            (schema["requestBody"]["content"]["application/json"]["schema"], question),
            (
                schema["responses"]["200"]["content"]["application/json"]["schema"],
                service.ask(path, question).json(),
            ),
        ):
            jsonschema.validate(content, {**told, "components": document["components"]})


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


def test_the_service_describes_itself_with_the_library_s_classes(service: Any) -> None:
    document = service.ask("/openapi.json", method="GET").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {"/allocate", "/prices", "/fit", "/verify", "/explain", "/health"}
    schemas = document["components"]["schemas"]
    assert references(document) <= {f"#/components/schemas/{name}" for name in schemas}
    for model in (nk.Fit, nk.ShadowPrice):
        own = model.model_json_schema(ref_template="#/components/schemas/{model}")
        assert schemas[model.__name__]["properties"] == own["properties"]
    for path in set(document["paths"]) - {"/health"}:
        operation = document["paths"][path]["post"]
        asked = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert schemas[asked]["properties"]["instance"]["$ref"].rpartition("/")[2].startswith("Instance")
        assert operation["responses"]["default"]["content"].keys() == {"application/problem+json"}
    answer = document["paths"]["/allocate"]["post"]["responses"]["200"]["content"]
    assert set(answer) == {"application/json", "text/event-stream", "application/x-ndjson"}
    assert answer["application/json"]["schema"]["$ref"].rpartition("/")[2].startswith("Result")
