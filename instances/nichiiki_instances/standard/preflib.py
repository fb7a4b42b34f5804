"""PrefLib ordinal files: soc, soi, toc, toi; the format with ``#`` lines, and the older one without."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nichiiki_instances.standard.problems import Order, Preferences, StandardProblem
from nichiiki_instances.standard.scanning import Report
from nichiiki_instances.standard.tiers import read_order, write_order
from nichiiki_models.errors import UsageError

KINDS = ("soc", "soi", "toc", "toi")
MOST_ALTERNATIVES = 10_000_000
COUNTED = ("DATA TYPE", "NUMBER ALTERNATIVES", "NUMBER VOTERS", "NUMBER UNIQUE ORDERS")
"""Metadata that follow from the content; written anew."""
_NAME = re.compile(r"ALTERNATIVE NAME ([0-9]{1,9})", re.ASCII)
Line = tuple[int, str]


def read_preflib(text: str, label: str) -> StandardProblem:
    """Read ballots; sense and offset have no meaning for them and are 1 and 0."""
    report = Report(label)
    lines = [(n, line.strip()) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    ending = label.rpartition(".")[2].casefold()
    new = lines[0][1].startswith("#") if lines else False
    found = _new(lines, report, ending) if new else _old(lines, report, ending)
    report.check()
    return StandardProblem(found, 1, 0)


def _new(lines: list[Line], report: Report, ending: str) -> Preferences:
    about: dict[str, tuple[int, str]] = {}
    for number, line in lines:
        if line.startswith("#"):
            key, colon, value = line[1:].partition(":")
            if not colon:
                report.add("std_line", number, line, form="# KEY: VALUE")
            elif key.strip() in about:
                report.add("std_twice", number, key.strip())
            about[key.strip()] = number, value.strip()
    kind = _kind(about["DATA TYPE"][1] if "DATA TYPE" in about else ending, report)
    names = _names(about, report)
    ballots = [(number, line) for number, line in lines if not line.startswith("#")]
    counts, orders = _ballots(ballots, report, ":", len(names), kind)
    for key, found in (("NUMBER VOTERS", sum(counts)), ("NUMBER UNIQUE ORDERS", len(counts))):
        if key in about and report.whole(about[key][1], about[key][0], key, 0) != found:
            report.add("std_count", about[key][0], found, name=key, stated=about[key][1])
    rest = {k: v for k, (_, v) in about.items() if k not in COUNTED and not _NAME.fullmatch(k)}
    return Preferences(kind, names, counts, orders, rest)


def _kind(word: str, report: Report) -> str:
    if word.casefold() not in KINDS:
        report.fail("std_line", None, word, form=", ".join(KINDS))
    return word.casefold()


def _names(about: dict[str, tuple[int, str]], report: Report) -> tuple[str, ...]:
    if "NUMBER ALTERNATIVES" not in about:
        report.fail("std_missing", None, name="NUMBER ALTERNATIVES")
    line, word = about["NUMBER ALTERNATIVES"]
    size = report.whole(word, line, "NUMBER ALTERNATIVES", 0, MOST_ALTERNATIVES)
    given = {int(m[1]): place for key, place in about.items() if (m := _NAME.fullmatch(key))}
    for number, (at, _) in given.items():
        report.whole(str(number), at, "ALTERNATIVE NAME", 1, size)
    report.check()
    return tuple(given[i][1] if i in given else str(i) for i in range(1, size + 1))


def _ballots(
    lines: list[Line], report: Report, colon: str, size: int, kind: str
) -> tuple[tuple[int, ...], tuple[Order, ...]]:
    counts, orders = [], []
    for number, line in lines:
        head, sign, rest = line.partition(colon)
        if not sign:
            report.add("std_line", number, line, form=f"COUNT{colon} ORDER")
            continue
        counts.append(report.whole(head.strip(), number, "COUNT", 0))
        order = read_order(rest, number, report, name="ALTERNATIVE", size=size)
        _check_order(order, number, report, size, kind)
        orders.append(order)
    return tuple(counts), tuple(orders)


def _check_order(order: Order, line: int, report: Report, size: int, kind: str) -> None:
    if kind[0] == "s" and any(len(tier) > 1 for tier in order):
        report.add("std_tie", line, kind)
    if kind[2] == "c" and sum(map(len, order)) != size:
        report.add("std_incomplete", line, sum(map(len, order)), size=size, kind=kind)


def _old(lines: list[Line], report: Report, ending: str) -> Preferences:
    """Read the format of before 2022: number, names, three counts, ballots."""
    kind = _kind(ending, report)
    if not lines:
        report.fail("std_missing", None, name="NUMBER ALTERNATIVES")
    size = report.whole(lines[0][1], lines[0][0], "NUMBER ALTERNATIVES", 0, len(lines))
    report.check()
    if len(lines) < size + 2:
        report.fail("std_ends", lines[-1][0], name="names, counts")
    names = tuple(_old_name(line, i, report) for i, line in enumerate(lines[1 : size + 1], start=1))
    number, line = lines[size + 1]
    stated = [report.whole(word.strip(), number, "counts", 0) for word in line.split(",")]
    counts, orders = _ballots(lines[size + 2 :], report, ",", size, kind)
    if len(stated) != 3 or stated[1:] != [sum(counts), len(counts)]:
        report.add("std_count", number, f"{sum(counts)}, {len(counts)}", name="counts", stated=line)
    return Preferences(kind, names, counts, orders)


def _old_name(line: Line, wanted: int, report: Report) -> str:
    head, comma, name = line[1].partition(",")
    if not comma or head.strip() != str(wanted):
        report.add("std_line", line[0], line[1], form=f"{wanted}, NAME")
    return name.strip()


def write_preflib(standard: StandardProblem) -> str:
    """Return a file in the format with ``#`` lines."""
    problem: Preferences = standard.problem
    texts = [*problem.names, *problem.about, *problem.about.values()]
    if any("\n" in each or "\r" in each or each != each.strip() for each in texts):
        raise UsageError("preflib: names and metadata are single lines without blanks at their ends")
    return "\n".join(_lines(problem)) + "\n"


def _lines(problem: Preferences) -> Iterator[str]:
    yield from (f"# {key}: {value}" for key, value in problem.about.items())
    values = (problem.kind, len(problem.names), sum(problem.counts), len(problem.counts))
    yield from (f"# {key}: {value}" for key, value in zip(COUNTED, values, strict=True))
    yield from (f"# ALTERNATIVE NAME {i}: {name}" for i, name in enumerate(problem.names, start=1))
    for count, order in zip(problem.counts, problem.orders, strict=True):
        yield f"{count}: {write_order(order, between=',', brackets='{}')}"
