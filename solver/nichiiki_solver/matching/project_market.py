"""Students, projects and lecturers: each project belongs to a lecturer, who ranks students; both have capacities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nichiiki_models.errors import MarketError, UnsupportedMarketError
from nichiiki_solver.matching.market import Given, two_sided
from nichiiki_solver.matching.preferences import Preferences, read_preferences
from nichiiki_solver.ragged import Bools, Ints, offsets_of


@dataclass(frozen=True)
class ProjectMarket:
    """Acceptable pairs (student, project) in the order of the students' lists.

    Attributes
    ----------
    offsets, project
        ``project[offsets[s]:offsets[s + 1]]`` is the list of student s.
    rank
        Rank of each pair's student for the project's lecturer; 0 = best.
    lecturer_of
        Lecturer of each project.
    project_capacity, lecturer_capacity
        Most students of each.
    """

    offsets: Ints
    project: Ints
    rank: Ints
    lecturer_of: Ints
    project_capacity: Ints
    lecturer_capacity: Ints

    @property
    def student(self) -> Ints:
        """Student of each pair."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    @property
    def lecturer(self) -> Ints:
        """Lecturer of each pair."""
        return self.lecturer_of[self.project]


def project_market(
    student_prefs: Given,
    lecturer_prefs: Given,
    lecturer_of: npt.ArrayLike,
    project_capacities: npt.ArrayLike,
    lecturer_capacities: npt.ArrayLike,
) -> ProjectMarket:
    """Join students, projects and lecturers; a pair is acceptable if the lecturer ranks the student.

    Raises
    ------
    MarketError
        If lists, lecturers or capacities do not fit together.
    UnsupportedMarketError
        If there are ties.
    """
    students = read_preferences(student_prefs, side="students")
    lecturers = read_preferences(lecturer_prefs, side="lecturers")
    owner = _owners(lecturer_of, len(lecturers))
    _refuse_ties(students, "students")
    _refuse_ties(lecturers, "lecturers")
    everybody = Preferences(np.arange(len(students) + 1) * 0, np.zeros(0, dtype=np.int64))
    two_sided(everybody, lecturers, 1, lecturer_capacities, sides=("students", "lecturers"))
    nobody = Preferences(np.zeros(len(owner) + 1, dtype=np.int64), np.zeros(0, dtype=np.int64))
    limits = two_sided(students, nobody, 1, project_capacities, sides=("students", "projects")).right_capacity
    rank, known = _rank_of_pairs(students, lecturers, owner)
    return ProjectMarket(
        offsets=offsets_of(np.bincount(students.rows()[known], minlength=len(students))),
        project=students.ids[known],
        rank=rank[known],
        lecturer_of=owner,
        project_capacity=limits,
        lecturer_capacity=np.broadcast_to(
            np.asarray(lecturer_capacities, np.int64), (len(lecturers),)
        ).copy(),
    )


def _rank_of_pairs(students: Preferences, lecturers: Preferences, owner: Ints) -> tuple[Ints, Bools]:
    """Rank that the lecturer gives to each entry of the students' lists, and whether it gives any."""
    size = max(len(students), 1)
    keys = lecturers.rows() * size + lecturers.ids
    order = np.argsort(keys)
    wanted = owner[students.ids] * size + students.rows()
    at = np.minimum(np.searchsorted(keys, wanted, sorter=order), max(len(keys) - 1, 0))
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    return lecturers.tie_ranks()[order[at]], keys[order[at]] == wanted


def _owners(given: npt.ArrayLike, n_lecturers: int) -> Ints:
    owner = np.asarray(given)
    if owner.ndim != 1 or (owner.size and owner.dtype.kind not in "iu"):
        raise MarketError(f"projects: lecturer_of must hold one whole number per project, got {owner.dtype}")
    outside = np.flatnonzero((owner < 0) | (owner >= n_lecturers))
    if len(outside):
        row = outside[0]
        raise MarketError(f"projects, row {row}: lecturer {owner[row]}; allowed are 0 to {n_lecturers - 1}")
    return owner.astype(np.int64)


def _refuse_ties(given: Preferences, side: str) -> None:
    ranks, rows = given.tie_ranks(), given.rows()
    tied = (rows[1:] == rows[:-1]) & (ranks[1:] == ranks[:-1])
    if tied.any():
        row = int(rows[1:][tied][0])
        raise UnsupportedMarketError(
            f"{side}, row {row}: ties are not supported here; list one after the other"
        )
