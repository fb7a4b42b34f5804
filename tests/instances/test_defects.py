"""Every defect gives its exact messages in both languages; nothing unknown is shown, nothing is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nichiiki_defects import BASE, DEFECTS, MESSAGES, make, problems_of
from nichiiki_instances import read
from nichiiki_models.errors import InputError
from nichiiki_models.texts import LANGUAGES, has_text
from nichiiki_sample import sample

ROOT = Path(__file__).parents[2]
MAPPING_TESTED = {  # in test_mapping.py
    "mapping_no_file",
    "mapping_no_header",
    "mapping_wrong",
    "not_a_list",
    "unclear_mark",
    "unclear_part",
    "unclear_pattern",
    "unclear_weekdays",
    "unmapped_column",
    "unmapped_sheet",
}
UNIT_TESTED = {
    "broken_allocation",  # no file of an instance
    "cell_too_large",
    "cell_too_long_for_xlsx",
    "dtd_in_workbook",
    "false_extent",
    "file_in_the_way",
    "file_not_found",
    "file_too_large",
    "folder_in_the_way",
    "folder_not_ours",
    "more_alike",
    "not_a_file",
    "not_readable",
    "not_writable",
    "row_too_large",
    "swollen_workbook",
    "too_many_cells",
    "too_many_columns",
    "too_many_rows_for_xlsx",
    "unknown_choice",  # of tables made in memory; files say unknown_word
}


def what_would_help(name: str) -> str:
    """Return the remedy of a defect: those with the same one differ in their table or column only."""
    return str(MESSAGES[name]["en"][0].partition("Remedy:")[2])


def test_the_base_has_no_defect() -> None:
    assert problems_of(BASE) == []


@pytest.mark.parametrize("name", sample(DEFECTS, kind=what_would_help))
def test_defect(name: str, tmp_path: Path) -> None:
    target = make(name, tmp_path)
    before = sorted(path for path in tmp_path.rglob("*"))
    found = problems_of(target)
    assert {lang: [problem.message(lang) for problem in found] for lang in LANGUAGES} == MESSAGES[name]
    with pytest.raises(InputError) as caught:
        read(target)
    assert list(caught.value.problems) == found
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_there_are_enough_defects() -> None:
    assert len(DEFECTS) >= 80
    assert list(DEFECTS) == list(MESSAGES)


@pytest.mark.parametrize("name", DEFECTS)
def test_messages_name_the_remedy_in_both_languages(name: str) -> None:
    assert MESSAGES[name]["en"]
    assert len(MESSAGES[name]["en"]) == len(MESSAGES[name]["ja"])
    assert all(" Remedy: " in message for message in MESSAGES[name]["en"])
    assert all("対処：" in message for message in MESSAGES[name]["ja"])


def codes_in_code() -> set[str]:
    """Every literal problem code of the two packages."""
    pattern = re.compile(
        r"""(?:BadCell\(|problem\(|_rows\(|_at\(raw, name, column, row, |code=|yield )\s*"([a-z_0-9]+)\""""
    )
    files = [
        *(ROOT / "instances" / "nichiiki_instances").glob("*.py"),
        *(ROOT / "models" / "nichiiki_models").glob("*.py"),
    ]
    return {code for file in files for code in pattern.findall(file.read_text("utf-8"))}


def test_every_code_has_texts() -> None:
    codes = codes_in_code()
    assert len(codes) > 80
    parts = ("what", "allowed", "remedy")
    assert not [
        (c, part, lang)
        for c in codes
        for part in parts
        for lang in LANGUAGES
        if not has_text(f"problem.{c}.{part}", lang)
    ]


@pytest.mark.slow
def test_every_code_has_a_test(tmp_path: Path) -> None:
    """Reads all defects again, for their codes; `test_defect` has read each of them already."""
    codes = codes_in_code()
    seen = {problem.code for name in DEFECTS for problem in problems_of(make(name, tmp_path))}
    assert codes - seen - UNIT_TESTED - MAPPING_TESTED == set()


@pytest.mark.parametrize("kind", ["unknown_column", "cell_without_header", "contacts", "json"])
def test_contents_of_unknown_columns_never_leak(kind: str, tmp_path: Path) -> None:
    canary = "カナリア9Q7"
    target = make("several_at_once", tmp_path)
    if kind == "json":
        target = make("json_unknown_field", tmp_path)
        target.write_text(target.read_text("utf-8").replace("山田", canary), "utf-8")
    elif kind == "contacts":
        (target / "contacts.csv").write_text(f"id,name\nh1,{canary}\n", "utf-8")
    else:
        text = (target / "households.csv").read_text("utf-8").replace("\nh", f"\n{canary},h").split("\n", 1)
        title = "氏名" if kind == "unknown_column" else ""
        (target / "households.csv").write_text(f"{title},{text[0]}\n{text[1]}", "utf-8")
    found = problems_of(target)
    assert found
    with pytest.raises(InputError) as caught:
        read(target)
    shown = [
        str(caught.value),
        repr(caught.value),
        *(str(p) for p in found),
        *(p.message(lang) for p in found for lang in LANGUAGES),
    ]
    assert not [text for text in shown if canary in text]
