"""Check of an allocation of projects, read off the definition; shares only the data with the algorithms.

References
----------
D. J. Abraham, R. W. Irving, D. F. Manlove (2007). Two algorithms for the student-project allocation problem. Journal of Discrete
Algorithms 5.
"""

from __future__ import annotations

import numpy as np

from nichiiki_solver.matching.project_market import ProjectMarket
from nichiiki_solver.ragged import Bools, Ints

NEVER = np.iinfo(np.int64).max


def over_capacity(market: ProjectMarket, held: Bools) -> tuple[Ints, Ints]:
    """Return the projects and the lecturers with too many students."""
    projects = np.bincount(market.project[held], minlength=len(market.project_capacity))
    lecturers = np.bincount(market.lecturer[held], minlength=len(market.lecturer_capacity))
    return np.flatnonzero(projects > market.project_capacity), np.flatnonzero(
        lecturers > market.lecturer_capacity
    )


def blocking(market: ProjectMarket, held: Bools) -> Bools:
    """Mark the pairs (student, project) that block.

    The student likes the project better than its own; and the project has room and the lecturer has room, or has the student
    already, or likes it better than its worst student; or the project is full and the lecturer likes the student better than
    the worst one there.
    """
    student, project, lecturer = market.student, market.project, market.lecturer
    place = np.arange(len(project))
    mine = np.full(len(market.offsets) - 1, NEVER)
    mine[student[held]] = place[held]
    theirs = np.full(len(market.offsets) - 1, -1)
    theirs[student[held]] = lecturer[held]
    there = np.bincount(project[held], minlength=len(market.project_capacity)) < market.project_capacity
    room = np.bincount(lecturer[held], minlength=len(market.lecturer_capacity)) < market.lecturer_capacity
    above_lecturer = market.rank < _worst(lecturer, market.rank, held, len(room))[lecturer]
    above_project = market.rank < _worst(project, market.rank, held, len(there))[project]
    with_room = room[lecturer] | (theirs[student] == lecturer) | above_lecturer
    return (place < mine[student]) & np.where(there[project], with_room, above_project)


def _worst(agent: Ints, rank: Ints, held: Bools, size: int) -> Ints:
    worst = np.full(size, -1, dtype=np.int64)
    np.maximum.at(worst, agent[held], rank[held])
    return worst
