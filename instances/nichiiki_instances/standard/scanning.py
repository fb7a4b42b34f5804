"""Scanning of number files: words with their lines, problems collected, nothing allocated before it is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NoReturn

from nichiiki_instances.raw import problem
from nichiiki_models.errors import InstanceError
from nichiiki_models.problems import Problem

LARGEST, LARGEST_LOAD = 2**53, 10**15
"""Numbers stay within the first, so that every engine holds them exactly, and amounts of a resource together within the second."""
MOST_PROBLEMS = 1_000
"""Problems collected before reading ends: a file of the wrong format has one in every line."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}\.?0{0,12}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?([0-9]{1,18}(\.[0-9]{0,12})?|\.[0-9]{1,12})([eE][+-]?[0-9]{1,2})?", re.ASCII)


class Report:
    """The problems of one file.

    Parameters
    ----------
    file
        What the user calls it.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, code: str, line: int | None = None, value: object = None, **params: object) -> None:
        """Note a problem; end the reading when there are too many."""
        shown = None if value is None else str(value)
        self.problems.append(problem(code, self.file, line=line, value=shown, **params))
        if len(self.problems) >= MOST_PROBLEMS:
            self.end()

    def fail(self, code: str, line: int | None = None, value: object = None, **params: object) -> NoReturn:
        """Note a problem after which nothing more can be read, and raise."""
        self.add(code, line, value, **params)
        self.end()

    def check(self) -> None:
        """Raise if there is a problem."""
        if self.problems:
            self.end()

    def end(self) -> NoReturn:
        """Raise what was found, by line, and last what no line says."""
        raise InstanceError(sorted(self.problems, key=lambda each: each.line or LARGEST))

    def check_sum(self, name: str, total: Decimal | int, most: int) -> None:
        """Fail where numbers together, as large as `total`, reach a limit."""
        if total >= most:
            self.fail("std_range", None, total, name=name, low=-most, high=most)

    def whole(self, word: str, line: int, name: str, low: int = -LARGEST, high: int = LARGEST) -> int:
        """Return a whole number in a range; a problem counts as `low` or 0."""
        if not _WHOLE.fullmatch(word):
            self.add("std_not_whole", line, word, name=name)
            return max(low, 0)
        number = int(word.partition(".")[0])
        if not low <= number <= high:
            self.add("std_range", line, number, name=name, low=low, high=high)
            return max(low, 0)
        return number

    def decimal(self, word: str, line: int, name: str, low: int = -LARGEST) -> Decimal:
        """Return an exact decimal number; a problem counts as 0."""
        if not _DECIMAL.fullmatch(word):
            self.add("std_not_number", line, word, name=name)
            return Decimal(0)
        number = Decimal(word)
        if not low <= number <= LARGEST:
            self.add("std_range", line, word, name=name, low=low, high=LARGEST)
            return Decimal(0)
        return number


class Words:
    """The words of a file in order, each with its line.

    Parameters
    ----------
    text
        The file.
    report
        Where problems go.
    """

    def __init__(self, text: str, report: Report) -> None:
        self.report = report
        self.words: list[str] = []
        self.ends: list[int] = []
        for line in text.split("\n"):
            self.words += line.split()
            self.ends.append(len(self.words))
        self.at = 0

    @property
    def left(self) -> int:
        """Words not yet read."""
        return len(self.words) - self.at

    def line(self, at: int) -> int:
        """Line of a word, from 1."""
        from bisect import bisect_right

        return min(bisect_right(self.ends, at) + 1, len(self.ends))

    def take(self, name: str, count: int) -> Iterator[tuple[str, int]]:
        """Yield the next words with their places; fail if the file ends first."""
        if count > self.left:
            self.report.fail("std_ends", self.line(len(self.words) - 1), name=name)
        start, self.at = self.at, self.at + count
        return zip(self.words[start : self.at], range(start, self.at), strict=True)

    def wholes(self, name: str, count: int, low: int = -LARGEST, high: int = LARGEST) -> list[int]:
        """Return the next whole numbers."""
        return [
            int(word)
            if word.isascii() and word.isdigit() and len(word) < 16 and low <= int(word) <= high
            else self.report.whole(word, self.line(at), name, low, high)
            for word, at in self.take(name, count)
        ]

    def whole(self, name: str, low: int = -LARGEST, high: int = LARGEST) -> int:
        """Return the next whole number; fail if it is none, as the rest hangs on it."""
        number = self.wholes(name, 1, low, high)[0]
        self.report.check()
        return number

    def decimals(self, name: str, count: int, low: int = -LARGEST) -> list[Decimal]:
        """Return the next decimal numbers."""
        return [self.report.decimal(word, self.line(at), name, low) for word, at in self.take(name, count)]

    def nothing_left(self) -> None:
        """Note what stands after the end."""
        if self.left:
            self.report.add("std_more", self.line(self.at), self.words[self.at])
