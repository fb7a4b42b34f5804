"""OR-Library ``gap``: generalised assignment; every job to one agent within the agents' capacities."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal

import numpy as np

from nichiiki_instances.standard.problems import MarketColumns, StandardProblem
from nichiiki_instances.standard.scanning import LARGEST, LARGEST_LOAD, Report, Words
from nichiiki_models.errors import UsageError

Goal = Literal["min", "max"]
_MAXIMISED = re.compile(r"gap\d+")
"""OR-Library states gap1 to gap12 as maximisation, gapa to gapd as minimisation; the files do not say it."""


def read_gap(text: str, label: str, *, index: int, goal: Goal | None) -> StandardProblem:
    """Read one problem of a file.

    Parameters
    ----------
    text, label
        The file, and what the user calls it.
    index
        Which problem of the file, from 0.
    goal
        ``"max"`` or ``"min"``; None goes by the name: max for gap and a number, else min.
    """
    report = Report(label)
    words = Words(text, report)
    blocks = _blocks(words)
    words.nothing_left()
    report.check()
    if not 0 <= index < len(blocks):
        raise UsageError(f"index={index}: {label} has {len(blocks)} problems, counted from 0")
    _check_sizes(report, blocks[index])
    stem = label.rpartition(".")[0] or label
    maximised = bool(_MAXIMISED.fullmatch(stem.casefold())) if goal is None else goal == "max"
    sense = 1 if maximised else -1
    return StandardProblem(_columns(blocks[index], sense), sense, 0)


Block = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Costs and amounts (agents × jobs), capacities."""


def _blocks(words: Words) -> list[Block]:
    """Every problem; the number of problems in front may be missing where there is one."""
    if not _is_single(words):
        count = words.whole("P", 1, max(1, words.left))
        return [_block(words) for _ in range(count)]
    return [_block(words)]


def _is_single(words: Words) -> bool:
    """Say whether the file fits exactly as one problem without a number in front, and not as several with theirs."""
    size = len(words.words)
    if _end(words.words, 0) != size:
        return False
    begin = 1
    for _ in range(int(words.words[0])):
        end = _end(words.words, begin)
        if end is None or end > size:
            return True
        begin = end
    return begin != size


def _end(words: list[str], begin: int) -> int | None:
    """Where a problem that begins at a word ends, by the two numbers in front; None if these are none."""
    head = words[begin : begin + 2]
    if len(head) < 2 or not all(word.isascii() and word.isdigit() and len(word) < 10 for word in head):
        return None
    agents, jobs = (int(word) for word in head)
    return begin + 2 + agents * (2 * jobs + 1)


def _check_sizes(report: Report, block: Block) -> None:
    """Refuse numbers whose sums are not exact in every engine: the largest costs of all jobs, the amounts of an agent."""
    cost, amount, _ = (np.abs(each.astype(float)) for each in block)
    report.check_sum("c", int(cost.max(axis=0).sum()), LARGEST)
    report.check_sum("a", int(amount.sum(axis=1).max()), LARGEST_LOAD)


def _block(words: Words) -> Block:
    agents = words.whole("m", 1, max(1, words.left))
    jobs = words.whole("n", 1, max(1, words.left))
    cost = words.wholes("c", agents * jobs)
    amount = words.wholes("a", agents * jobs, 0)
    capacity = words.wholes("b", agents, 0)
    shape = (agents, jobs)
    return np.array(cost).reshape(shape), np.array(amount).reshape(shape), np.array(capacity)


def _columns(block: Block, sense: int) -> MarketColumns:
    cost, amount, capacity = block
    agents, jobs = cost.shape
    return MarketColumns(
        agent=np.repeat(np.arange(jobs), agents),
        utility=sense * cost.T.ravel(),
        option=np.arange(agents * jobs),
        resource=np.tile(np.arange(agents), jobs),
        amount=amount.T.ravel(),
        capacity=capacity,
        must_assign=np.ones(jobs, dtype=bool),
        n_agents=jobs,
    )


def write_gap(standard: StandardProblem) -> str:
    """Return a file with one problem.

    Raises
    ------
    UsageError
        If the market is no generalised assignment in which every job can go to every agent.
    """
    problem, sense = standard.problem, standard.sense
    agents, jobs = len(problem.capacity), problem.n_agents
    cost = _matrix(problem, _unscaled(problem.utility, sense)[problem.option], agents, jobs)
    amount = _matrix(problem, problem.amount, agents, jobs)
    if not np.all(problem.must_assign) or standard.offset or (amount < 0).any():
        raise UsageError("gap: every job must be assigned, and nothing may supply")
    rows = [[1], [agents, jobs], *cost.tolist(), *amount.tolist(), problem.capacity.tolist()]
    return "".join(" ".join(map(str, row)) + "\n" for row in rows)


def _unscaled(utility: np.ndarray, sense: int | Fraction) -> np.ndarray:
    if sense not in (1, -1):
        raise UsageError("gap: costs are whole numbers; a scale cannot be written")
    return np.asarray(int(sense) * utility)


def _matrix(problem: MarketColumns, values: np.ndarray, agents: int, jobs: int) -> np.ndarray:
    """Values of the entries as agents × jobs; each pair must be there once."""
    pairs = problem.resource * jobs + problem.agent[problem.option]
    complete = (
        len(problem.agent) == len(pairs) == agents * jobs < LARGEST
        and len(np.unique(pairs)) == len(pairs)
        and len(np.unique(problem.option)) == len(pairs)
    )
    if not complete:
        raise UsageError("gap: each job needs one option of one entry at each agent")
    filled = np.empty(agents * jobs, dtype=np.int64)
    filled[pairs] = values
    return filled.reshape(agents, jobs)
