"""Published formats: known files, round trips of anything, every defect with its line in both languages."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_instances.standard import (
    FlowProblem,
    HospitalResidents,
    MarketColumns,
    Preferences,
    StandardProblem,
    read_standard,
    write_standard,
)
from nichiiki_models.errors import FileError, InstanceError, UsageError
from nichiiki_models.texts import LANGUAGES

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data" / "standard"
NUMBERS = st.integers(-(10**6), 10**6)


def again(standard: StandardProblem, folder: Path, form: Any, name: str = "file.txt", **how: Any) -> Any:
    write_standard(standard, folder / name, format=form)
    return read_standard(folder / name, format=form, **how)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("standard")


@st.composite
def gap_files(draw: st.DrawFn) -> str:
    agents, jobs = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    size = agents * jobs
    cost = draw(st.lists(NUMBERS, min_size=size, max_size=size))
    rest = draw(st.lists(st.integers(0, 99), min_size=size + agents, max_size=size + agents))
    return " ".join(map(str, [1, agents, jobs, *cost, *rest]))


@given(gap_files(), st.sampled_from(["min", "max"]))
def test_gap_round_trip(folder: Path, text: str, goal: Any) -> None:
    (folder / "any.txt").write_text(text)
    found = read_standard(folder / "any.txt", format="gap", goal=goal)
    assert again(found, folder, "gap", goal=goal) == found
    assert (folder / "file.txt").read_text().split() == text.split()


@st.composite
def cap_files(draw: st.DrawFn) -> str:
    warehouses, customers = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    money = st.decimals(-1000, 1000, places=3).map(str)
    lines = [f"{warehouses} {customers}"]
    lines += [f"{draw(st.integers(0, 50))} {draw(money)}" for _ in range(warehouses)]
    for _ in range(customers):
        lines += [str(draw(st.integers(0, 9))), *(draw(money) for _ in range(warehouses))]
    return "\n".join(lines)


@given(cap_files())
def test_cap_round_trip(folder: Path, text: str) -> None:
    (folder / "any.txt").write_text(text)
    found = read_standard(folder / "any.txt", format="cap")
    assert again(found, folder, "cap") == found


@st.composite
def networks(draw: st.DrawFn) -> StandardProblem:
    nodes, arcs = draw(st.integers(1, 6)), draw(st.integers(0, 9))
    node, amount = st.integers(0, nodes - 1), st.integers(0, 10**6)
    tail, head, capacity, cost = (
        np.array(draw(st.lists(each, min_size=arcs, max_size=arcs)), dtype=np.int64)
        for each in (node, node, amount, NUMBERS)
    )
    supply = np.array(draw(st.lists(NUMBERS, min_size=nodes, max_size=nodes)), dtype=np.int64)
    supply[0] -= supply.sum()
    return StandardProblem(FlowProblem(tail, head, capacity, cost, supply), 1, draw(NUMBERS))


@given(networks())
def test_network_round_trip(folder: Path, standard: StandardProblem) -> None:
    assert again(standard, folder, "dimacs-min") == standard


@st.composite
def orders(draw: st.DrawFn, size: int, *, complete: bool = False, strict: bool = False) -> Any:
    items = draw(st.permutations(range(size)))
    items = items if complete else items[: draw(st.integers(0, size))]
    tiers: list[list[int]] = []
    for item in items:
        if strict or not tiers or draw(st.booleans()):
            tiers.append([item])
        else:
            tiers[-1].append(item)
    return tuple(tuple(sorted(tier)) for tier in tiers)


@st.composite
def ballots(draw: st.DrawFn) -> StandardProblem:
    kind, size = draw(st.sampled_from(["soc", "soi", "toc", "toi"])), draw(st.integers(1, 5))
    line = st.text(st.characters(exclude_categories=("C", "Z")), max_size=6)
    order = orders(size, complete=kind[2] == "c", strict=kind[0] == "s")
    cast = draw(st.lists(st.tuples(st.integers(0, 99), order), max_size=5))
    names = tuple(draw(st.lists(line, min_size=size, max_size=size)))
    about = draw(st.dictionaries(st.sampled_from(["TITLE", "FILE NAME"]), line))
    return StandardProblem(
        Preferences(kind, names, tuple(c for c, _ in cast), tuple(o for _, o in cast), about)
    )


@given(ballots())
def test_ballots_round_trip(folder: Path, standard: StandardProblem) -> None:
    assert again(standard, folder, "preflib") == standard


def in_brackets(order: Any) -> str:
    return " ".join("(" + " ".join(str(x + 1) for x in tier) + ")" for tier in order)


@st.composite
def hospitals(draw: st.DrawFn) -> str:
    """Any two sides; reading drops what is not mutual."""
    residents, count = draw(st.integers(0, 5)), draw(st.integers(0, 4))
    lines = [f"{residents} {count}"]
    lines += [f"{i + 1}: {in_brackets(draw(orders(count)))}" for i in range(residents)]
    lines += [
        f"{i + 1}: {draw(st.integers(0, 3))}: {in_brackets(draw(orders(residents)))}" for i in range(count)
    ]
    return "\n".join(lines)


@given(hospitals())
def test_hospitals_round_trip(folder: Path, text: str) -> None:
    (folder / "any.txt").write_text(text)
    first = read_standard(folder / "any.txt", format="hrt").problem
    assert isinstance(first, HospitalResidents)
    second = again(StandardProblem(first), folder, "hrt").problem
    assert second.columns == first.columns
    assert second.dropped == 0
    pairs = {(r, h) for r, o in enumerate(first.resident_prefs) for tier in o for h in tier}
    assert pairs == {(r, h) for h, o in enumerate(first.hospital_prefs) for tier in o for r in tier}


def test_gap_files_with_several_problems() -> None:
    problem, sense, offset = read_standard(DATA / "gapsmall.txt", format="gap", index=1)
    assert isinstance(problem, MarketColumns)
    assert (sense, offset) == (-1, 0)
    assert problem.utility.tolist() == [-1, -5, -4, -7, -2, -1, -8, -1]
    assert problem.amount.tolist() == [3, 5, 1, 9, 4, 2, 1, 6]
    assert problem.capacity.tolist() == [6, 12]
    with pytest.raises(UsageError, match="2 problems"):
        read_standard(DATA / "gapsmall.txt", format="gap", index=2)


def test_gap_files_that_fit_both_ways_are_several_problems(tmp_path: Path) -> None:
    """Twenty words: two problems of 4×1 and 1×1 with their number in front, or one of 2×4 without."""
    path = tmp_path / "both.txt"
    path.write_text("2\n4 1\n1 2 3 4\n1 1 1 1\n5 5 5 5\n1 1\n7\n1\n9\n")
    first, second = (read_standard(path, format="gap", index=index).problem for index in (0, 1))
    assert (first.n_agents, len(first.capacity)) == (1, 4)
    assert (second.n_agents, len(second.capacity)) == (1, 1)


def test_gap_goal_goes_by_the_name_of_the_library(tmp_path: Path) -> None:
    assert read_standard(DATA / "gap1.txt", format="gap").sense == 1
    assert read_standard(DATA / "gap1.txt", format="gap", goal="min").sense == -1
    (tmp_path / "d05100").write_text("1 2 5 6 1 1 2")  # no number of problems in front
    found = read_standard(tmp_path / "d05100", format="gap")
    assert (found.sense, found.problem.n_agents) == (-1, 2)


def test_cap_keeps_decimals_exactly() -> None:
    problem, sense, _ = read_standard(DATA / "capsmall.txt", format="cap")
    assert sense == Fraction(-1, 1000)
    assert problem.utility[-3:].tolist() == [-12500, -9250, -15000]
    assert problem.capacity.tolist() == [0] * 6  # three that count the customer without demand


def test_cap_with_the_word_capacity(tmp_path: Path) -> None:
    (tmp_path / "capa.txt").write_text("1 1\ncapacity 5\n3\n2.5\n")
    with pytest.raises(InstanceError, match="word capacity"):
        read_standard(tmp_path / "capa.txt", format="cap")
    found = read_standard(tmp_path / "capa.txt", format="cap", capacity=8)
    assert found.problem.amount.tolist() == [3, -8]


def test_lower_bounds_move_into_supplies() -> None:
    problem, sense, offset = read_standard(DATA / "network.min", format="dimacs-min")
    assert (sense, offset) == (1, 2)
    assert problem.supply.tolist() == [6, -1, 0, 1, -6]
    assert problem.capacity.tolist() == [4, 5, 2, 2, 2, 5, 3]


def test_both_formats_of_ballots() -> None:
    new = read_standard(DATA / "ballots.toi", format="preflib").problem
    assert new.orders == (((0,), (1, 2), (3,)), ((1,),), ((0, 3),))
    assert new.names[3] == "温泉"
    old = read_standard(DATA / "ballots.soc", format="preflib").problem
    assert (old.counts, old.orders[1]) == ((3, 2), ((2,), (1,), (0,)))


def test_hospitals_drop_what_one_side_lists() -> None:
    problem = read_standard(DATA / "hospitals.txt", format="hrt").problem
    assert problem.columns == {
        "resident_prefs": [[0, 1], [[0, 1]], [1, 0], []],
        "hospital_prefs": [[[0, 1], 2], [2, [0, 1]]],
        "capacities": [2, 1],
    }
    assert problem.dropped == 1


DEFECTS = [
    ("gap", "1\n1 1\nx 1 1\n", "std_not_whole", 3),
    ("gap", "1\n1 1\n4 -1 1\n", "std_range", 3),
    ("gap", "1\n1 2\n4 1 1\n", "std_ends", 3),
    ("gap", "1\n1 1\n4 1 1\n7\n", "std_more", 4),
    ("gap", "１\n1 1\n4 1 1\n", "std_not_whole", 1),
    ("gap", "1\n999999999999 999999999999\n", "std_range", 2),
    ("gap", "1\n1 2\n9007199254740992 9007199254740992 1 1 5\n", "std_range", None),
    ("gap", "1\n1 2\n1 1 999999999999999 1 5\n", "std_range", None),
    ("gap", "999999999 1 1 4 1 1", "std_range", 1),
    ("cap", "1 1\n5 nan\n3\n2\n", "std_not_number", 2),
    ("cap", "1 1\n5 1e99\n3\n2\n", "std_range", 2),
    ("cap", "1 1\nCapacity 5\n3\n2\n", "std_needs_capacity", 2),
    ("dimacs-min", "n 1 4\n", "std_missing", 1),
    ("dimacs-min", "c nothing\n", "std_missing", None),
    ("dimacs-min", "p max 1 0\n", "std_line", 1),
    ("dimacs-min", "p min 2 1\na 1 3 0 1 1\n", "std_range", 2),
    ("dimacs-min", "p min 2 1\na 1 2 3 1 1\n", "std_range", 2),
    ("dimacs-min", "p min 2 1\n", "std_count", None),
    ("dimacs-min", "p min 2 0\nn 1 3\n", "std_unbalanced", None),
    ("dimacs-min", "p min 2 0\nn 1 0\nn 1 0\n", "std_twice", 3),
    ("dimacs-min", "p min 999999999999 0\n", "std_range", 1),
    ("preflib", "# DATA TYPE: soc\n# NUMBER ALTERNATIVES: 2\n1: 1\n", "std_incomplete", 3),
    ("preflib", "# DATA TYPE: soi\n# NUMBER ALTERNATIVES: 2\n1: {1,2}\n", "std_tie", 3),
    ("preflib", "# DATA TYPE: toi\n# NUMBER ALTERNATIVES: 2\n1: {1,{2}\n", "std_bracket", 3),
    ("preflib", "# DATA TYPE: toi\n# NUMBER ALTERNATIVES: 2\n1: 2,2\n", "std_twice", 3),
    ("preflib", "# DATA TYPE: toi\n# NUMBER ALTERNATIVES: 2\n# NUMBER VOTERS: 7\n1: 2\n", "std_count", 3),
    ("preflib", "# DATA TYPE: cat\n# NUMBER ALTERNATIVES: 2\n", "std_line", None),
    ("preflib", "# DATA TYPE: toi\n", "std_missing", None),
    ("hrt", "1 1\n1 1\n1 1 (1\n", "std_bracket", 3),
    ("hrt", "1 1\n1 2\n1 1 1\n", "std_range", 2),
    ("hrt", "2 1\n1 1\n1 1\n1 1 1\n", "std_twice", 3),
    ("hrt", "2 1\n1 1\n", "std_count", None),
    ("hrt", "1 1\n1 1\n1 x 1\n", "std_not_whole", 3),
]


@pytest.mark.parametrize(("form", "text", "code", "line"), DEFECTS)
def test_defect_is_named_with_its_line(
    form: Any, text: str, code: str, line: int | None, tmp_path: Path
) -> None:
    (tmp_path / "broken.txt").write_text(text, "utf-8")
    with pytest.raises(InstanceError) as caught:
        read_standard(tmp_path / "broken.txt", format=form)
    first = caught.value.problems[0]
    assert (first.code, first.line, first.file) == (code, line, "broken.txt")
    for lang in LANGUAGES:
        assert "{" not in first.message(lang).replace(first.value or " ", "")


def test_every_code_has_a_defect() -> None:
    files = (ROOT / "instances" / "nichiiki_instances" / "standard").glob("*.py")
    used = {code for file in files for code in re.findall(r'"(std_[a-z_]+)"', file.read_text("utf-8"))}
    assert used == {code for _, _, code, _ in DEFECTS}


def test_all_problems_are_listed_up_to_a_limit(tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("p min 2 3\n" + "a 1 2 0 x y\n" * 3)
    with pytest.raises(InstanceError) as caught:
        read_standard(tmp_path / "many.txt", format="dimacs-min")
    assert [problem.line for problem in caught.value.problems] == [2, 2, 3, 3, 4, 4]
    (tmp_path / "many.txt").write_text("?\n" * 5_000)
    with pytest.raises(InstanceError) as caught:
        read_standard(tmp_path / "many.txt", format="dimacs-min")
    assert len(caught.value.problems) == 1_000


@given(form=st.sampled_from(["gap", "cap", "dimacs-min", "preflib", "hrt"]), text=st.text(max_size=60))
def test_any_text_is_read_or_refused(folder: Path, form: Any, text: str) -> None:
    (folder / "any.txt").write_bytes(text.encode("utf-8", "replace"))
    try:
        read_standard(folder / "any.txt", format=form)
    except (InstanceError, FileError):
        pass


@given(
    form=st.sampled_from(["gap", "cap", "dimacs-min", "preflib", "hrt"]),
    text=st.text(alphabet="0123 9\n\npnaminc#:,(){}.-", max_size=80),
)
def test_near_misses_are_read_or_refused(folder: Path, form: Any, text: str) -> None:
    (folder / "near.toi").write_text(text)
    try:
        read_standard(folder / "near.toi", format=form)
    except (InstanceError, FileError):
        pass


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"format": "xml"}, "one of gap"),
        ({"format": "cap", "index": 1}, "only for gap"),
        ({"format": "gap", "goal": "best"}, "min or max"),
        ({"format": "gap", "capacity": 3}, "for cap only"),
    ],
)
def test_arguments_without_meaning_are_refused(how: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_standard(DATA / "gap1.txt", **how)
