"""Published problems in their own formats, with the market as the market of the solver."""

from __future__ import annotations

import os
from typing import Any, Literal

from nichiiki_instances.standard import MarketColumns, StandardProblem
from nichiiki_instances.standard import read_standard as read_columns
from nichiiki_instances.standard import write_standard as write_columns
from nichiiki_instances.standard.reading import Format
from nichiiki_solver.market import Market

__all__ = ["StandardProblem", "read_standard", "write_standard"]


def read_standard(
    path: str | os.PathLike[str],
    *,
    format: Format,
    index: int = 0,
    goal: Literal["min", "max"] | None = None,
    capacity: int | None = None,
) -> StandardProblem:
    """Read a published problem: ``problem, sense, offset``.

    The published value is ``sense * objective + offset``, exactly. Every format is described field by field in
    docs/reference/formats.md.

    Parameters
    ----------
    path
        The file.
    format
        ``gap`` and ``cap`` (problem = `nichiiki.market.Market`), ``dimacs-min`` (arrays tail, head, capacity, cost,
        supply), ``preflib`` (ballots), ``hrt`` (hospitals and residents with ties).
    index
        For ``gap``: which problem of the file, from 0.
    goal
        For ``gap``: ``"max"`` or ``"min"``; None goes by the file's name, as OR-Library does.
    capacity
        For ``cap``: what stands for the word ``capacity`` (capa, capb, capc).

    Raises
    ------
    InstanceError
        If the content is not what the format says; every problem is listed with its line.
    FileError
        If the file cannot be read at all.
    UsageError
        If an argument has no meaning here.
    """
    found = read_columns(path, format=format, index=index, goal=goal, capacity=capacity)
    if isinstance(found.problem, MarketColumns):
        return found._replace(problem=Market.from_columns(**found.problem.columns))
    return found


def write_standard(
    standard: StandardProblem | tuple[Any, ...], path: str | os.PathLike[str], *, format: Format
) -> None:
    """Write a problem in a published format.

    Parameters
    ----------
    standard
        ``problem, sense, offset`` as `read_standard` gives them, with a market or with plain columns.
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
    given = StandardProblem(*standard)
    if isinstance(given.problem, Market):
        given = given._replace(problem=_columns(given.problem))
    write_columns(given, path, format=format)


def _columns(market: Market) -> MarketColumns:
    return MarketColumns(
        agent=market.agent,
        utility=market.utility[0],
        option=market.entry_option,
        resource=market.resource,
        amount=market.amount,
        capacity=market.capacity,
        must_assign=market.must_assign,
        n_agents=market.n_agents,
    )
