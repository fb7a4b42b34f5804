"""The one door to the readers and writers of published problems."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from nichiiki_instances.raw import problem
from nichiiki_instances.standard.cap import read_cap, write_cap
from nichiiki_instances.standard.dimacs import read_dimacs, write_dimacs
from nichiiki_instances.standard.gap import read_gap, write_gap
from nichiiki_instances.standard.hrt import read_hrt, write_hrt
from nichiiki_instances.standard.preflib import read_preflib, write_preflib
from nichiiki_instances.standard.problems import StandardProblem
from nichiiki_instances.text_files import read_text
from nichiiki_models.errors import FileError, UsageError

Format = Literal["gap", "cap", "dimacs-min", "preflib", "hrt"]
FORMATS: tuple[Format, ...] = ("gap", "cap", "dimacs-min", "preflib", "hrt")


def read_standard(
    path: str | os.PathLike[str],
    *,
    format: Format,
    index: int = 0,
    goal: Literal["min", "max"] | None = None,
    capacity: int | None = None,
) -> StandardProblem:
    """Read a published problem; every format is described field by field in docs/reference/formats.md.

    Parameters
    ----------
    path
        The file.
    format
        ``gap``, ``cap``, ``dimacs-min``, ``preflib`` or ``hrt``.
    index
        For ``gap``: which problem of the file, from 0.
    goal
        For ``gap``: ``"max"`` or ``"min"``; None goes by the file's name, as OR-Library does.
    capacity
        For ``cap``: what stands for the word ``capacity`` (capa, capb, capc).

    Returns
    -------
    StandardProblem
        ``(problem, sense, offset)``; published value = sense · objective + offset.

    Raises
    ------
    InstanceError
        If the content is not what the format says; every problem is listed with its line.
    FileError
        If the file cannot be read at all.
    UsageError
        If an argument has no meaning here.
    """
    _check(format, index, goal, capacity)
    path = Path(path)
    label = path.name
    text = read_text(path, label).replace("\r\n", "\n").replace("\r", "\n")
    match format:
        case "gap":
            return read_gap(text, label, index=index, goal=goal)
        case "cap":
            return read_cap(text, label, capacity=capacity)
        case "dimacs-min":
            return read_dimacs(text, label)
        case "preflib":
            return read_preflib(text, label)
        case _:
            return read_hrt(text, label)


def _check(format: str, index: int, goal: str | None, capacity: int | None) -> None:
    if format not in FORMATS:
        raise UsageError(f"format={format!r}: one of {', '.join(FORMATS)}")
    if format != "gap" and (index != 0 or goal is not None):
        raise UsageError(f"index, goal: only for gap, not for {format}")
    if goal not in (None, "min", "max"):
        raise UsageError(f"goal={goal!r}: min or max")
    if capacity is not None and (format != "cap" or capacity < 0):
        raise UsageError("capacity: a number from 0, for cap only")


WRITERS = {
    "gap": write_gap,
    "cap": write_cap,
    "dimacs-min": write_dimacs,
    "preflib": write_preflib,
    "hrt": write_hrt,
}


def write_standard(standard: StandardProblem, path: str | os.PathLike[str], *, format: Format) -> None:
    """Write a problem in a published format, with line feeds and in UTF-8.

    Parameters
    ----------
    standard
        What `read_standard` returns.
    path
        The file; written over.
    format
        As in `read_standard`.

    Raises
    ------
    UsageError
        If the format cannot say this problem.
    FileError
        If the file cannot be written.
    """
    if format not in FORMATS:
        raise UsageError(f"format={format!r}: one of {', '.join(FORMATS)}")
    content = WRITERS[format](StandardProblem(*standard)).encode("utf-8")
    try:
        Path(path).write_bytes(content)
    except OSError:
        raise FileError([problem("not_writable", Path(path).name)]) from None
