"""Reading allocations: in pieces as at once, and faults with their place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nichiiki as nk
import nichiiki_models.allocation
from nichiiki_instances import json_files
from nichiiki_instances.allocation_files import read_allocation
from nichiiki_models.allocation import Allocation
from nichiiki_models.errors import FileError
from nichiiki_oracle.random_instances import random_instance
from nichiiki_solver.allocating import allocate

SEEDS = range(6)
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(autouse=True)
def in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "PART", 300)


@pytest.fixture(scope="module")
def promoted() -> Allocation:
    """An allocation with a waiting list, measures and payments."""
    instance = nk.load("flagship")
    found = allocate(instance, policy="points", seed=1).allocation
    assert found is not None
    declined = found.placements["household_id"][:2].tolist()
    promoted = nk.promote(instance, found, declined=declined).allocation
    assert promoted is not None
    return promoted


@pytest.mark.parametrize("seed", SEEDS)
def test_pieces_give_what_the_whole_gives(tmp_path: Path, seed: int) -> None:
    allocation = allocate(random_instance(seed)).allocation
    if allocation is not None:
        assert read_allocation(written(tmp_path, allocation.model_dump_json())) == allocation


def test_all_lists_are_taken_in(tmp_path: Path, promoted: Allocation) -> None:
    assert all(len(getattr(promoted, name)) for name in ("placements", "stays", "items", "unplaced"))
    assert all(len(getattr(promoted, name)) for name in ("measures", "payments", "standings"))
    content = promoted.model_dump_json()
    found = read_allocation(written(tmp_path, content))
    assert found == promoted == Allocation.model_validate_json(content)
    assert found.model_dump_json() == content


def test_an_allocation_of_nobody(tmp_path: Path) -> None:
    nobody = Allocation.model_validate(
        {"instance_hash": "x", "policy": "none", "status": "FEASIBLE", "reason": "PROCEDURE_ENDED"}
    )
    assert read_allocation(written(tmp_path, nobody.model_dump_json())) == nobody


def test_other_lists_may_be_long(tmp_path: Path, promoted: Allocation) -> None:
    document = json.loads(promoted.model_dump_json())
    document["levels"] = [
        {"name": f"level-{number}", "objective": number, "bound": None} for number in range(50)
    ]
    found = read_allocation(written(tmp_path, json.dumps(document)))
    assert [level.objective for level in found.levels] == list(range(50))


def test_an_older_version_is_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promoted: Allocation
) -> None:
    def newer(document: Any) -> Any:
        old = document.get("format") == "nichiiki-allocation/0"
        return {**document, "format": "nichiiki-allocation/1", "seed": 7} if old else document

    for module in (json_files, nichiiki_models.allocation):
        monkeypatch.setattr(module, "migrated", newer)
    old = promoted.model_dump_json().replace("-allocation/1", "-allocation/0")
    assert read_allocation(written(tmp_path, old)) == promoted.replace(seed=7)


def no_number(document: dict[str, Any]) -> None:
    document["placements"][11]["cost_yen"] = "many"


def too_many_units(document: dict[str, Any]) -> None:
    document["placements"][5]["stays"][0]["units"] = 10**30


def beyond_64_bits(document: dict[str, Any]) -> None:
    document["unplaced"][5]["reasons"][0]["detail"] = {"value": 10**30}


def no_reasons(document: dict[str, Any]) -> None:
    del document["unplaced"][20]["reasons"]


def no_object(document: dict[str, Any]) -> None:
    document["standings"][30] = 7


def no_such_field(document: dict[str, Any]) -> None:
    document["payments"][1]["paid_to"] = "somebody"


def no_list(document: dict[str, Any]) -> None:
    document["placements"] = {"a": 1}


def no_status(document: dict[str, Any]) -> None:
    del document["status"]


def gap_of_another(document: dict[str, Any]) -> None:
    document["levels"][0]["gap"] = 0.5


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (no_number, ("[placements]", 12, "cost_yen")),
        (too_many_units, ("[placements]", 6, "stays.0.units")),
        (beyond_64_bits, ("[unplaced]", None, None)),
        (no_reasons, ("[unplaced]", 21, "reasons")),
        (no_object, ("[standings]", 31, None)),
        (no_such_field, ("[payments]", 2, "paid_to")),
        (no_list, ("", None, "placements")),
        (no_status, ("", None, "status")),
        (gap_of_another, ("", None, "levels.0")),
    ],
)
def test_a_fault_is_named_with_its_place(
    tmp_path: Path, promoted: Allocation, change: Change, place: tuple[str, int | None, str | None]
) -> None:
    document = json.loads(promoted.model_dump_json())
    change(document)
    path = written(tmp_path, json.dumps(document))
    with pytest.raises(FileError) as caught:
        read_allocation(path)
    (found,) = caught.value.problems
    assert found.code == "broken_allocation"
    assert (found.file, found.line, found.header) == (f"{path} {place[0]}".strip(), *place[1:])
    assert str(path) in found.message("ja")


@pytest.mark.parametrize(
    ("content", "code"),
    [("", "empty_file"), ("[]", "not_an_object"), ('{"seed": 1, "seed": 2}', "repeated_key")],
)
def test_what_is_no_document_is_refused(tmp_path: Path, content: str, code: str) -> None:
    with pytest.raises(FileError) as caught:
        read_allocation(written(tmp_path, content))
    assert [each.code for each in caught.value.problems] == [code]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="does not exist"):
        read_allocation(tmp_path / "allocation.json")


def written(folder: Path, content: str) -> Path:
    path = folder / "allocation.json"
    path.write_text(content, "utf-8")
    return path
