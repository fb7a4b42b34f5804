"""Hospitals and residents with ties: a text line for each, ties in round brackets."""

from __future__ import annotations

from collections.abc import Iterator

from nichiiki_instances.standard.problems import HospitalResidents, Order, StandardProblem
from nichiiki_instances.standard.scanning import Report
from nichiiki_instances.standard.tiers import read_order, write_order

FORMS = ("RESIDENT HOSPITAL …", "HOSPITAL CAPACITY RESIDENT …")
Line = tuple[int, str]
Lists = dict[int, Order]


def read_hrt(text: str, label: str) -> StandardProblem:
    """Read residents and hospitals; pairs that only one side lists are dropped and counted.

    Colons behind numbers are optional, lines may come in any order within a side, and the two sizes may stand on
    one line or on two.
    """
    report = Report(label)
    lines = [(n, line.replace(":", " ")) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    residents, hospitals, rest = _sizes(lines, report)
    if len(rest) != residents + hospitals:
        report.fail("std_count", None, len(rest), name="lines", stated=residents + hospitals)
    wishes, posts, ranks = _lists(rest, report, residents, hospitals)
    report.check()
    return StandardProblem(_mutual(wishes, ranks, posts), 1, 0)


def _sizes(lines: list[Line], report: Report) -> tuple[int, int, list[Line]]:
    words = [(word, number) for number, line in lines[:2] for word in line.split()]
    if len(words) < 2:
        report.fail("std_ends", None, name="n m")
    used = 2 if len(lines[0][1].split()) == 1 else 1
    if sum(len(line.split()) for _, line in lines[:used]) != 2:
        report.fail("std_line", lines[used - 1][0], lines[used - 1][1].strip(), form="n m")
    sizes = [report.whole(word, number, name, 0) for (word, number), name in zip(words, "nm", strict=False)]
    report.check()
    return sizes[0], sizes[1], lines[used:]


def _lists(
    lines: list[Line], report: Report, residents: int, hospitals: int
) -> tuple[Lists, dict[int, int], Lists]:
    wishes: Lists = {}
    ranks: Lists = {}
    posts: dict[int, int] = {}
    for number, line in lines[:residents]:
        who, rest = _who(line, number, report, "RESIDENT", residents, wishes)
        wishes[who] = read_order(rest, number, report, name="HOSPITAL", size=hospitals)
    for number, line in lines[residents:]:
        who, rest = _who(line, number, report, "HOSPITAL", hospitals, ranks)
        word, _, rest = rest.strip().partition(" ")
        posts[who] = report.whole(word, number, "CAPACITY", 0)
        ranks[who] = read_order(rest, number, report, name="RESIDENT", size=residents)
    return wishes, posts, ranks


def _who(line: str, number: int, report: Report, name: str, size: int, seen: Lists) -> tuple[int, str]:
    word, _, rest = line.replace("\t", " ").strip().partition(" ")
    who = report.whole(word, number, name, 1, size) - 1
    if who in seen:
        report.add("std_twice", number, f"{name} {word}")
    return who, rest


def _mutual(wishes: Lists, ranks: Lists, posts: dict[int, int]) -> HospitalResidents:
    listed = {(r, h) for r, order in wishes.items() for tier in order for h in tier}
    ranked = {(r, h) for h, order in ranks.items() for tier in order for r in tier}
    both = listed & ranked
    return HospitalResidents(
        tuple(_kept(wishes[r], {h for h in _all(wishes[r]) if (r, h) in both}) for r in range(len(wishes))),
        tuple(_kept(ranks[h], {r for r in _all(ranks[h]) if (r, h) in both}) for h in range(len(ranks))),
        tuple(posts[h] for h in range(len(posts))),
        len(listed ^ ranked),
    )


def _all(order: Order) -> Iterator[int]:
    return (number for tier in order for number in tier)


def _kept(order: Order, both: set[int]) -> Order:
    tiers = (tuple(number for number in tier if number in both) for tier in order)
    return tuple(tier for tier in tiers if tier)


def write_hrt(standard: StandardProblem) -> str:
    """Return a file."""
    problem: HospitalResidents = standard.problem
    lines = [f"{len(problem.resident_prefs)} {len(problem.hospital_prefs)}"]
    for number, order in enumerate(problem.resident_prefs, start=1):
        lines.append(f"{number} {_shown(order)}".rstrip())
    for number, (posts, order) in enumerate(
        zip(problem.capacities, problem.hospital_prefs, strict=True), start=1
    ):
        lines.append(f"{number} {posts} {_shown(order)}".rstrip())
    return "\n".join(lines) + "\n"


def _shown(order: Order) -> str:
    return write_order(order, between=" ", brackets="()")
