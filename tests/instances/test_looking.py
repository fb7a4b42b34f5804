"""The first look at large files tells what the whole reading tells of single rows, and refuses nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nichiiki_instances.looking as looking
from nichiiki_defects import BASE, DEFECTS, make, problems_of
from nichiiki_instances import inspect, read, write
from nichiiki_instances.bundled import load
from nichiiki_models.errors import FileError
from nichiiki_models.problems import MOST_ALIKE, Problem, few, make_problem

SEEN = (
    "short_row",
    "nul_byte",
    "negative_rent",
    "fraction_of_a_person",
    "bad_date",
    "bad_id_in_list",
    "repeated_entry",
    "bad_code",
    "json_unknown_field",
    "json_row_is_number",
    "json_list_in_cell",
)
"""Defects of single rows."""


def looked_at(path: Path, monkeypatch: pytest.MonkeyPatch, part: int = 100) -> list[Problem]:
    """What the first look alone says of a small file or folder, in pieces of so many characters."""
    from nichiiki_instances.reading import _look

    with monkeypatch.context() as patch:
        patch.setattr(looking, "LARGE", -1)
        patch.setattr(looking, "PART", part)
        return _look(path, None)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_look_says_nothing_that_the_reading_would_not_say(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(name, tmp_path)
    whole = [problem.message("en") for problem in problems_of(path)]
    assert [
        each.message("en") for each in looked_at(path, monkeypatch) if each.message("en") not in whole
    ] == []


@pytest.mark.parametrize("name", SEEN)
def test_wrong_cells_are_seen_at_the_first_look(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert looked_at(make(name, tmp_path), monkeypatch)


@pytest.mark.parametrize("form", ["folder", "json"])
@pytest.mark.parametrize("part", [1, 100, 10_000])
def test_right_files_pass(form: str, part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ("base" if form == "folder" else "base.json")
    write(read(BASE), path)
    assert looked_at(path, monkeypatch, part) == []


def test_a_header_below_a_long_preamble_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(read(BASE), tmp_path / "base")
    file = tmp_path / "base" / "choices.csv"
    rows = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join([*(f"note {n}\n" for n in range(40)), *rows, *rows[1:] * 9]), "utf-8")
    assert looked_at(tmp_path / "base", monkeypatch, 1) == []
    file.write_text(file.read_text("utf-8") + rows[1].replace(",1,", ",one,"), "utf-8")
    (found,) = looked_at(tmp_path / "base", monkeypatch, 1)
    assert (found.code, found.line) == ("not_a_number", 40 + len(rows) + 9 * (len(rows) - 1) + 1)


def test_large_files_are_read_as_small_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flagship = load("flagship")
    monkeypatch.setattr(looking, "LARGE", -1)
    for path in (tmp_path / "flagship", tmp_path / "flagship.json"):
        write(flagship, path)
        assert read(path) == flagship


def test_a_json_of_rows_in_any_order_of_keys_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(read(BASE), tmp_path / "base.json")
    document = json.loads((tmp_path / "base.json").read_text("utf-8"))
    backwards = dict(reversed(document.items()))
    backwards["choices"][3]["rank"] = "many"
    backwards["choices"][4]["colour"] = "red"
    backwards["junk"] = [[], 7, "x"]
    path = tmp_path / "back.json"
    path.write_text(json.dumps(backwards), "utf-8")
    found = looked_at(path, monkeypatch)
    assert [(each.code, each.line) for each in found] == [
        ("unknown_key", None),
        ("unknown_column", None),
        ("not_a_number", 4),
    ]
    assert all(each.message("ja") in [p.message("ja") for p in inspect(path).problems] for each in found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"households": [1, 2', None),
        ('{"households": [{"a": "' + "x" * 5_000_000 + '"}]}', None),
        ('{"rules": [' + "1," * 200_000 + "1]}", None),
        ('{"rules": {"a": [' + "1," * 200_000 + "1]}}", "row_too_large"),
        ('{"households": [{"a": [' + "1," * 200_000 + "1]}]}", "row_too_large"),
    ],
    ids=["cut", "long", "list", "object", "entry"],
)
def test_what_would_take_much_memory_is_refused(
    text: str, code: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    assert [each.code for each in looked_at(path, monkeypatch)] == ([code] if code else [])


def test_a_file_that_breaks_off_is_said_to_do_so_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(read(BASE), tmp_path / "base")
    with (tmp_path / "base" / "choices.csv").open("a", encoding="utf-8") as stream:
        stream.write("h1,stay,,x,house,\n" * 200 + '"')
    (found,) = looked_at(tmp_path / "base", monkeypatch)
    assert (found.code, found.table) == ("broken_csv", "choices")


def test_an_older_version_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"households": [7], "format": "nichiiki-instance/0"}', "utf-8")
    assert [each.code for each in looked_at(path, monkeypatch)] == ["wrong_shape"]
    monkeypatch.setattr(looking, "migrated", lambda document: {"format": "nichiiki-instance/1"})
    assert looked_at(path, monkeypatch) == []


def test_of_many_alike_the_first_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    text = (BASE / "choices.csv").read_text("utf-8")
    folder = tmp_path / "many"
    write(read(BASE), folder)
    row = text.splitlines()[1].split(",")
    at = text.splitlines()[0].split(",").index("rank")
    row[at] = "first"
    (folder / "choices.csv").write_text(text + "".join(",".join(row) + "\n" for _ in range(1000)), "utf-8")
    found = inspect(folder).problems
    ranks = [each for each in found if each.column == "rank"]
    assert [each.code for each in ranks] == ["more_alike", *["not_a_number"] * MOST_ALIKE]
    assert ranks[0].params["count"] == "800"
    assert "800" in ranks[0].message("ja") and "choices.csv" in ranks[0].message("en")
    assert not [each for each in found if each.code == "empty_cell"], (
        "rows that are not listed are known, too"
    )


@pytest.mark.parametrize("form", ["folder", "json"])
def test_pieces_count_together(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = read(BASE)
    path = tmp_path / ("base" if form == "folder" else "base.json")
    write(base, path)
    if form == "folder":
        with (path / "choices.csv").open("a", encoding="utf-8") as stream:
            stream.writelines("h1,stay,,x,house,\n" for _ in range(1000))
    else:
        document = json.loads(path.read_text("utf-8"))
        document["choices"] += [{"household_id": "h1", "list": "stay", "rank": "x"}] * 1000
        path.write_text(json.dumps(document), "utf-8")
    whole = [each for each in inspect(path).problems if each.column == "rank"]
    for part in (1, 100, 10_000):
        found = [each for each in looked_at(path, monkeypatch, part) if each.column == "rank"]
        assert [each.message("en") for each in found] == [each.message("en") for each in whole]
    assert whole[0].params["count"] == "800"


def test_few_counts_each_kind_by_itself() -> None:
    kinds = [
        {"table": "a"},
        {"table": "b"},
        {"table": "a", "column": "x"},
        {"table": "a", "severity": "warning"},
    ]
    problems = [
        make_problem("empty_cell", row=row, **kind) for row in range(MOST_ALIKE + 3) for kind in kinds
    ]
    found = list(few(problems))
    more = [each for each in found if each.code == "more_alike"]
    assert len(found) == 4 * MOST_ALIKE + 4
    assert [each.model_dump(include={*kind}) for each, kind in zip(more, kinds, strict=True)] == kinds
    assert {each.params["count"] for each in more} == {"3"}
    again = list(few([*found, *found]))
    assert again[: len(found) - 4] == found[:-4]
    assert {each.params["count"] for each in again[-4:]} == {str(MOST_ALIKE + 6)}


def test_rules_of_a_megabyte_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    write(read(BASE), folder)
    with (folder / "rules.toml").open("ab") as stream:
        stream.write(b"#" * 2**20)
    (found,) = inspect(folder).problems
    assert found.code == "file_too_large"
    with pytest.raises(FileError):
        inspect(tmp_path / "nowhere")
