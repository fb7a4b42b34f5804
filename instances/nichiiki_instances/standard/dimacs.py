"""DIMACS ``min``: minimum-cost flow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nichiiki_instances.standard.problems import FlowProblem, StandardProblem
from nichiiki_instances.standard.scanning import LARGEST, Report
from nichiiki_models.errors import UsageError

OFFSET = "nichiiki offset"
"""A comment that keeps the cost of what was moved out of an instance; other programs pass over it."""
MOST_NODES = 100_000_000
FORMS = {"p": "p min NODES ARCS", "n": "n NODE SUPPLY", "a": "a TAIL HEAD LOW CAPACITY COST"}
_WIDTH = {"p": 4, "n": 3, "a": 6}


def read_dimacs(text: str, label: str) -> StandardProblem:
    """Read a network.

    Lower bounds are taken as flow that is there already: they lower capacity and supply, and their cost is the offset.
    """
    reader = _Reader(Report(label))
    for number, line in enumerate(text.split("\n"), start=1):
        reader.line(number, line.split())
    return reader.problem()


class _Reader:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.size: tuple[int, int] | None = None
        self.supply: dict[int, int] = {}
        self.arcs: list[tuple[int, int, int, int, int]] = []
        self.offset = 0

    def line(self, number: int, words: list[str]) -> None:
        """Read one line."""
        if words[:3] == ["c", *OFFSET.split()] and len(words) == 4:
            self.offset += self.report.whole(words[3], number, "offset")
        elif not words or words[0] == "c":
            return
        elif len(words) != _WIDTH.get(words[0]) or (words[0] == "p" and words[1] != "min"):
            self.report.add(
                "std_line", number, " ".join(words), form=FORMS.get(words[0], " | ".join(FORMS.values()))
            )
        elif words[0] == "p":
            self.head(number, words)
        elif self.size is None:
            self.report.fail("std_missing", number, name=FORMS["p"])
        else:
            self.node(number, words) if words[0] == "n" else self.arc(number, words, self.size[0])

    def head(self, number: int, words: list[str]) -> None:
        """Read the sizes."""
        if self.size is not None:
            self.report.add("std_twice", number, "p")
        nodes = self.report.whole(words[2], number, "NODES", 1, MOST_NODES)
        self.size = nodes, self.report.whole(words[3], number, "ARCS", 0)

    def node(self, number: int, words: list[str]) -> None:
        """Read the supply of a node."""
        assert self.size is not None  # noqa: S101 - the caller has looked
        node = self.report.whole(words[1], number, "NODE", 1, self.size[0]) - 1
        if node in self.supply:
            self.report.add("std_twice", number, f"n {node + 1}")
        self.supply[node] = self.report.whole(words[2], number, "SUPPLY")

    def arc(self, number: int, words: list[str], nodes: int) -> None:
        """Read an arc."""
        tail = self.report.whole(words[1], number, "TAIL", 1, nodes) - 1
        head = self.report.whole(words[2], number, "HEAD", 1, nodes) - 1
        low = self.report.whole(words[3], number, "LOW", 0)
        capacity = self.report.whole(words[4], number, "CAPACITY", low)
        self.arcs.append((tail, head, low, capacity, self.report.whole(words[5], number, "COST")))

    def problem(self) -> StandardProblem:
        """Put the columns together, or raise what was wrong."""
        if self.size is None:
            self.report.fail("std_missing", None, name=FORMS["p"])
        if len(self.arcs) != self.size[1]:
            self.report.add("std_count", None, len(self.arcs), name="ARCS", stated=self.size[1])
        if sum(self.supply.values()):
            self.report.add("std_unbalanced", None, sum(self.supply.values()))
        self.report.check()
        supply = np.zeros(self.size[0], dtype=np.int64)
        supply[list(self.supply)] = list(self.supply.values())
        tail, head, low, capacity, cost = np.array(self.arcs, dtype=np.int64).reshape(-1, 5).T
        np.subtract.at(supply, tail, low)
        np.add.at(supply, head, low)
        moved = sum(a * b for a, b in zip(low.tolist(), cost.tolist(), strict=True) if a)
        return StandardProblem(FlowProblem(tail, head, capacity - low, cost, supply), 1, self.offset + moved)


def write_dimacs(standard: StandardProblem) -> str:
    """Return a file without lower bounds; an offset is kept in a comment."""
    if standard.sense != 1 or standard.offset != int(standard.offset):
        raise UsageError("dimacs-min: costs are minimised and whole")
    return "\n".join(_lines(standard.problem, int(standard.offset))) + "\n"


def _lines(problem: FlowProblem, offset: int) -> Iterator[str]:
    if abs(offset) > LARGEST:
        raise UsageError("dimacs-min: the offset passes 2^53")
    if offset:
        yield f"c {OFFSET} {offset}"
    yield f"p min {len(problem.supply)} {len(problem.tail)}"
    for node in np.flatnonzero(problem.supply).tolist():
        yield f"n {node + 1} {problem.supply[node]}"
    columns = (problem.tail + 1, problem.head + 1, problem.capacity, problem.cost)
    for tail, head, capacity, cost in zip(*(column.tolist() for column in columns), strict=True):
        yield f"a {tail} {head} 0 {capacity} {cost}"
