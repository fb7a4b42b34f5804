"""Large files are read in pieces: whatever the size of the pieces, the same is read, and the same is wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nichiiki_defects import BASE, DEFECTS, make, problems_of
from nichiiki_instances import inspect, json_files, read, reading, tabulating, text_files, write
from nichiiki_instances.bundled import load
from nichiiki_models.errors import FileError, InputError
from nichiiki_models.problems import MOST_ALIKE, Problem, few, make_problem, of_rows
from nichiiki_sample import sample

Cut = Callable[[int], None]
IN_PIECES_ONLY = {"json_nan": ", line 126"}
"""What is said of a defect only in pieces: the line of a broken text, which the guard knows."""


KEYS_AND_IDS = (
    "duplicate_id",
    "duplicate_choice",
    "unknown_id",
    "unknown_id_in_list",
    "link_to_unknown_point",
    "must_and_never_same_target",
)
"""Defects of keys and references alone."""


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Cut:
    """Have files read in pieces of so many characters, however small they are."""

    def cut(part: int) -> None:
        monkeypatch.setattr(tabulating, "PART", part)
        monkeypatch.setattr(json_files, "PART", part)
        monkeypatch.setattr(json_files, "PIECE", -1)
        monkeypatch.setattr(text_files, "PIECE", max(part, 50))

    return cut


def messages(problems: list[Problem]) -> list[str]:
    return [each.message("en") for each in problems]


def found_in(path: Path) -> list[Problem]:
    """What is wrong with a file, also if it cannot be read at all."""
    try:
        return list(inspect(path).problems)
    except InputError as error:
        return list(error.problems)


@pytest.mark.parametrize("name", sample(DEFECTS, 5, kind=lambda name: str(DEFECTS[name].keys())))
def test_a_defect_is_the_same_in_pieces(name: str, tmp_path: Path, cut: Cut) -> None:
    path = make(name, tmp_path)
    whole = messages(problems_of(path))
    cut(100)
    assert [text.replace(IN_PIECES_ONLY.get(name, "\0"), "") for text in messages(problems_of(path))] == whole


@pytest.mark.parametrize("form", ["folder", "json", "xlsx"])
@pytest.mark.parametrize("part", [1, 100, 10_000])
def test_right_files_are_the_same_in_pieces(form: str, part: int, tmp_path: Path, cut: Cut) -> None:
    base = read(BASE)
    path = tmp_path / ("base" if form == "folder" else f"base.{form}")
    write(base, path)
    cut(part)
    assert read(path) == base
    assert read(path).hash == base.hash


def test_the_flagship_is_the_same_in_pieces(tmp_path: Path, cut: Cut) -> None:
    flagship = load("flagship")
    cut(3000)
    for path in (tmp_path / "flagship", tmp_path / "flagship.json"):
        write(flagship, path)
        assert read(path) == flagship


def test_a_header_below_a_long_preamble_is_found(tmp_path: Path, cut: Cut) -> None:
    write(read(BASE), tmp_path / "base")
    file = tmp_path / "base" / "choices.csv"
    rows = file.read_text("utf-8").splitlines(keepends=True)
    notes = [*(f"note {n}\n" for n in range(45)), "#" + rows[0], *(f"# {n}\n" for n in range(20))]
    file.write_text("".join([*notes, *rows[1:]]), "utf-8")
    cut(1)
    assert read(tmp_path / "base") == read(BASE)
    file.write_text(file.read_text("utf-8") + rows[1].replace(",1,", ",one,"), "utf-8")
    (found,) = found_in(tmp_path / "base")
    assert (found.code, found.line) == ("not_a_number", len(notes) + len(rows))


def test_rows_of_different_pieces_are_compared(tmp_path: Path, cut: Cut) -> None:
    write(read(BASE), tmp_path / "base")
    file = tmp_path / "base" / "households.csv"
    rows = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join([*rows, rows[1]]), "utf-8")
    cut(1)
    (found,) = found_in(tmp_path / "base")
    assert (found.code, found.line, found.other_line, found.row) == (
        "duplicate",
        len(rows) + 1,
        2,
        len(rows) - 1,
    )


def test_keys_of_objects_may_come_in_any_order_and_late(tmp_path: Path, cut: Cut) -> None:
    write(read(BASE), tmp_path / "base.json")
    document = json.loads((tmp_path / "base.json").read_text("utf-8"))
    backwards = dict(reversed(document.items()))
    backwards["choices"][3]["rank"] = "many"
    backwards["choices"][4]["colour"] = "red"
    del backwards["choices"][0]["household_id"]
    backwards["junk"] = [[], 7, "x"]
    path = tmp_path / "back.json"
    path.write_text(json.dumps(backwards), "utf-8")
    whole = found_in(path)
    assert [(each.code, each.line) for each in whole] == [
        ("unknown_key", None),
        ("unknown_column", None),
        ("empty_cell", 1),
        ("not_a_number", 4),
    ]
    cut(1)
    assert messages(found_in(path)) == messages(whole)


def test_a_column_that_no_entry_has_is_said_to_be_missing_once(tmp_path: Path, cut: Cut) -> None:
    write(read(BASE), tmp_path / "base.json")
    document = json.loads((tmp_path / "base.json").read_text("utf-8"))
    for each in document["choices"]:
        del each["household_id"]
    path = tmp_path / "less.json"
    path.write_text(json.dumps(document), "utf-8")
    cut(1)
    errors = [(each.code, each.column) for each in found_in(path) if each.severity == "error"]
    assert errors == [("missing_column", "household_id")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"households": [1, 2', "broken_json"),
        ('{"households": [{"a": "' + "x" * 5_000_000 + '"}]}', "broken_json"),
        ('{"rules": {"a": [' + "1," * 3_000_000 + "1]}}", "row_too_large"),
        pytest.param(
            '{"households": [{"a": [' + "1," * 3_000_000 + "1]}]}", "row_too_large", marks=pytest.mark.slow
        ),
        ('{"households": [{"persons": 1, "persons": 2}]}', "repeated_key"),
        ('{"households": [], "households": []}', "repeated_key"),
        ('{"households": []} "', "broken_json"),
        ("[]", "not_an_object"),
        ("{" + ",".join(f'"k{n}": [1, 2]' for n in range(1001)) + "}", "too_many_columns"),
        ('{"houses": [' + ",".join(f'{{"k{n}": 1}}' for n in range(1001)) + "]}", "too_many_columns"),
    ],
    ids=["cut", "long", "object", "entry", "twice", "table-twice", "quote", "list", "keys", "columns"],
)
def test_what_is_no_instance_is_refused(text: str, code: str, tmp_path: Path, cut: Cut) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    cut(2**18)
    assert [each.code for each in found_in(path)] == [code]


def test_a_table_with_an_entry_that_is_no_row_is_not_read(tmp_path: Path, cut: Cut) -> None:
    write(read(BASE), tmp_path / "base.json")
    document = json.loads((tmp_path / "base.json").read_text("utf-8"))
    document["choices"][0]["rank"] = "first"
    document["choices"] += [7, *document["choices"]]
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(document), "utf-8")
    whole = found_in(path)
    assert "not_a_number" not in [each.code for each in whole]
    cut(1)
    assert messages(found_in(path)) == messages(whole)


def test_a_file_that_breaks_off_is_said_to_do_so_alone(tmp_path: Path, cut: Cut) -> None:
    write(read(BASE), tmp_path / "base")
    with (tmp_path / "base" / "choices.csv").open("a", encoding="utf-8") as stream:
        stream.write("h1,stay,,x,house,\n" * 200 + '"')
    cut(100)
    (found,) = [each for each in found_in(tmp_path / "base") if each.table == "choices"]
    assert found.code == "broken_csv"


@pytest.mark.parametrize("name", sample((n for n in DEFECTS if n.startswith(("negative", "bad", "json"))), 4))
def test_large_files_with_a_wrong_cell_are_refused_before_values_are_kept(
    name: str, tmp_path: Path, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(name, tmp_path)
    whole = [each for each in problems_of(path) if each.file != "rules.toml"]
    cut(100)
    monkeypatch.setattr(reading, "LARGE", {".csv": -1, ".json": -1})
    found = messages(problems_of(path))
    assert found
    assert [
        text for text in found if text.replace(IN_PIECES_ONLY.get(name, "\0"), "") not in messages(whole)
    ] == []


@pytest.mark.parametrize("name", KEYS_AND_IDS)
def test_large_files_are_refused_for_what_small_ones_are_refused_for(
    name: str, tmp_path: Path, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(name, tmp_path)
    whole = problems_of(path)
    cut(100)
    monkeypatch.setattr(reading, "LARGE", {".csv": -1, ".json": -1})
    monkeypatch.setattr(reading, "reading_of", None)  # not reached: what is refused is not kept
    assert messages(problems_of(path)) == messages(whole)


def test_keys_and_ids_of_large_files_are_counted(
    tmp_path: Path, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(read(BASE), tmp_path / "base")
    file = tmp_path / "base" / "choices.csv"
    rows = file.read_text("utf-8").splitlines(keepends=True)
    at = rows[0].split(",").index("household_id")
    strange = rows[2].split(",")
    strange[at] = "nobody"
    file.write_text("".join([*rows, *[rows[1]] * 300, *[",".join(strange)] * 300]), "utf-8")
    whole = messages(found_in(tmp_path / "base"))
    cut(500)
    monkeypatch.setattr(reading, "LARGE", {".csv": -1})
    found = [each for each in found_in(tmp_path / "base") if each.severity == "error"]
    assert Counter(each.code for each in found) == {
        "duplicate": MOST_ALIKE,
        "unknown_id": MOST_ALIKE,
        "more_alike": 2,
    }
    assert {each.params["count"] for each in found if each.code == "more_alike"} == {"100", "399"}
    assert [
        text for text in messages([each for each in found if each.code != "duplicate"]) if text not in whole
    ] == []


@pytest.mark.parametrize("form", ["folder", "json"])
def test_large_right_files_are_read(
    form: str, tmp_path: Path, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ("base" if form == "folder" else "base.json")
    write(read(BASE), path)
    cut(100)
    monkeypatch.setattr(reading, "LARGE", {".csv": -1, ".json": -1})
    assert read(path) == read(BASE)


def test_an_older_version_is_read_as_a_whole(
    tmp_path: Path, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    write(read(BASE), path)
    path.write_text(path.read_text("utf-8").replace("-instance/1", "-instance/0"), "utf-8")

    def newer(document: dict[str, object]) -> dict[str, object]:
        old = document.get("format") == "nichiiki-instance/0"
        return {**document, "format": "nichiiki-instance/1", "note": "changed"} if old else document

    monkeypatch.setattr(json_files, "migrated", newer)
    cut(100)
    assert read(path) == read(BASE)
    assert read(path).note == "changed"


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
def test_pieces_count_together(form: str, tmp_path: Path, cut: Cut) -> None:
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
    whole = messages(found_in(path))
    for part in (100, 10_000):
        cut(part)
        assert messages(found_in(path)) == whole
    assert len([text for text in whole if "800" in text]) >= 1


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


def test_of_many_rows_only_the_first_are_said_one_by_one() -> None:
    made: list[int] = []

    def one(row: int) -> Problem:
        made.append(row)
        return make_problem("empty_cell", table="a", row=row)

    for rows in (range(10**6), np.arange(10**6)):
        found = list(of_rows(rows, one))
        assert found == list(few(found))
        assert (len(found), found[-1].params["count"]) == (MOST_ALIKE + 1, str(10**6 - MOST_ALIKE))
        assert len(made) <= MOST_ALIKE + 1
        made.clear()
    assert [each.row for each in of_rows([3, 1], one)] == [3, 1]
