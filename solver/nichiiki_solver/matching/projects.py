"""Student-project allocation with lecturers' preferences over students (SPA-S), best for students or for lecturers.

References
----------
D. J. Abraham, R. W. Irving, D. F. Manlove (2007). Two algorithms for the student-project allocation problem. Journal of Discrete
Algorithms 5.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt

from nichiiki_models.allocation import Violation
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_solver.matching import project_checks
from nichiiki_solver.matching.market import Given
from nichiiki_solver.matching.project_market import ProjectMarket, project_market
from nichiiki_solver.ragged import Bools, Ints, first_of_group

SIDES = ("students", "lecturers")


@dataclass(frozen=True)
class ProjectMatching:
    """Who does which project.

    Attributes
    ----------
    market
        The market it belongs to.
    held
        Mask of the market's pairs that are matched.
    """

    market: ProjectMarket
    held: Bools

    @property
    def project_of(self) -> Ints:
        """Project of each student; -1 = none."""
        result = np.full(len(self.market.offsets) - 1, -1, dtype=np.int64)
        result[self.market.student[self.held]] = self.market.project[self.held]
        return result

    @property
    def size(self) -> int:
        """Number of students with a project."""
        return int(self.held.sum())

    def blocking_pairs(self) -> list[tuple[int, int]]:
        """Pairs (student, project) that block; [] if stable."""
        found = np.flatnonzero(project_checks.blocking(self.market, self.held))
        return list(
            zip(self.market.student[found].tolist(), self.market.project[found].tolist(), strict=True)
        )


def allocate_projects(
    student_prefs: Given,
    lecturer_prefs: Given,
    lecturer_of: npt.ArrayLike,
    project_capacities: npt.ArrayLike,
    lecturer_capacities: npt.ArrayLike,
    *,
    optimal: str = "students",
) -> ProjectMatching:
    """Give students projects.

    Parameters
    ----------
    student_prefs
        Of each student: projects, best first.
    lecturer_prefs
        Of each lecturer: students, best first; no ties.
    lecturer_of
        Lecturer of each project.
    project_capacities, lecturer_capacities
        Most students of each project and of each lecturer; one number stands for all.
    optimal
        ``"students"`` or ``"lecturers"``: which side gets the best that is stable.

    Returns
    -------
    ProjectMatching
        A stable allocation.

    Raises
    ------
    MarketError
        If lists, lecturers and capacities do not fit together.
    UnsupportedMarketError
        If there are ties.
    UsageError
        If `optimal` is unknown.

    References
    ----------
    D. J. Abraham, R. W. Irving, D. F. Manlove (2007). Two algorithms for the student-project allocation problem.
    """
    if optimal not in SIDES:
        raise UsageError(f"optimal: {optimal!r} is unknown; allowed are students and lecturers")
    market = project_market(
        student_prefs, lecturer_prefs, lecturer_of, project_capacities, lecturer_capacities
    )
    held = _students_apply(market) if optimal == "students" else _Offers(market).run()
    return _certified(ProjectMatching(market, held))


def _certified(matching: ProjectMatching) -> ProjectMatching:
    over = project_checks.over_capacity(matching.market, matching.held)
    broken = [
        Violation(rule="match_capacity", where=f"{side}={i}")
        for side, ids in zip(("project", "lecturer"), over, strict=True)
        for i in ids.tolist()
    ]
    broken += [
        Violation(rule="blocking_pair", where=f"student={s} project={p}")
        for s, p in matching.blocking_pairs()
    ]
    if broken:
        raise VerificationError(broken)
    return matching


def _students_apply(market: ProjectMarket) -> Bools:
    """In rounds all students without a project apply for the next; projects, then lecturers keep whom they like best."""
    next_ = market.offsets[:-1].copy()
    holders = np.zeros(0, dtype=np.int64)
    asking = np.flatnonzero(next_ < market.offsets[1:])
    student = market.student
    while len(asking):
        pairs = np.concatenate([holders, next_[asking]])
        next_[asking] += 1
        kept = _best(pairs, market.project[pairs], market.rank[pairs], market.project_capacity)
        holders = _best(kept, market.lecturer[kept], market.rank[kept], market.lecturer_capacity)
        placed = np.zeros(len(next_), dtype=bool)
        placed[student[holders]] = True
        asking = np.flatnonzero(~placed & (next_ < market.offsets[1:]))
    held = np.zeros(len(market.project), dtype=bool)
    held[holders] = True
    return held


def _best(pairs: Ints, owner: Ints, rank: Ints, capacity: Ints) -> Ints:
    """Keep the best pairs of each owner up to its capacity."""
    order = np.lexsort((rank, owner))
    group = owner[order]
    start = np.flatnonzero(first_of_group(group))
    place = np.arange(len(order)) - np.repeat(start, np.diff(np.append(start, len(order))))
    return pairs[order[place < capacity[group]]]


class _Offers:
    """Lecturers offer: each goes down its list and gives the best student the project with room that this one likes best.

    A student who takes an offer loses the rest of its list, so that an offer is never repeated. A pair passed over because its
    project was full waits there; a place that becomes free calls the best of those that wait back.
    """

    def __init__(self, market: ProjectMarket) -> None:
        self.market = market
        self.offsets, self.project = market.offsets.tolist(), market.project.tolist()
        self.lecturer, self.student = market.lecturer.tolist(), market.student.tolist()
        self.room, self.work = market.project_capacity.tolist(), market.lecturer_capacity.tolist()
        self.end = market.offsets[1:].tolist()
        self.has = [-1] * (len(market.offsets) - 1)
        self.lists, self.position = self._lists()
        self.at = [0] * len(self.work)
        self.waits = [False] * len(self.project)
        self.waiting: list[list[tuple[int, int]]] = [[] for _ in self.room]
        self.called: list[list[tuple[int, int]]] = [[] for _ in self.work]

    def _lists(self) -> tuple[list[list[int]], list[int]]:
        """Of each lecturer its students, best first, and the place of each pair's student in that list."""
        lists: list[list[int]] = [[] for _ in self.market.lecturer_capacity]
        position = np.zeros(len(self.project), dtype=np.int64)
        if len(position):
            order = np.lexsort((self.market.rank, self.market.lecturer))
            owner, student = self.market.lecturer[order], self.market.student[order]
            first = first_of_group(np.stack([owner, student], axis=1))
            for k, s in zip(owner[first].tolist(), student[first].tolist(), strict=True):
                lists[k].append(s)
            begins = np.flatnonzero(first_of_group(owner[first]))
            place = np.arange(int(first.sum())) - np.repeat(begins, np.diff(np.append(begins, first.sum())))
            position[order] = place[np.cumsum(first) - 1]
        return lists, position.tolist()

    def run(self) -> Bools:
        """Offer until nobody can; return the mask of the matched pairs."""
        queue = deque(range(len(self.work)))
        while queue:
            lecturer = queue.popleft()
            while self.work[lecturer] > 0 and (place := self._next(lecturer)) is not None:
                freed = self._offer(lecturer, self.lists[lecturer][place])
                if freed is None:
                    self._pass(lecturer, place)
                elif freed >= 0:
                    queue.append(freed)
        held = np.zeros(len(self.project), dtype=bool)
        held[[pair for pair in self.has if pair >= 0]] = True
        return held

    def _next(self, lecturer: int) -> int | None:
        """Place in the list of the best student that may get an offer."""
        called, at = self.called[lecturer], self.at[lecturer]
        if called and called[0][0] <= at:
            return called[0][0]
        return at if at < len(self.lists[lecturer]) else None

    def _pass(self, lecturer: int, place: int) -> None:
        """Go on from a student: what was full for it waits, and who waits behind it for a free place is called."""
        student = self.lists[lecturer][place]
        for pair in range(self.offsets[student], self.end[student]):
            project = self.project[pair]
            if self.lecturer[pair] == lecturer and not self.room[project] and not self.waits[pair]:
                self.waits[pair] = True
                heappush(self.waiting[project], (self.position[pair], pair))
        self.at[lecturer] += self.at[lecturer] == place
        while self.called[lecturer] and self.called[lecturer][0][0] == place:
            self._call(heappop(self.called[lecturer])[1])

    def _call(self, project: int) -> None:
        """Call the best student that waits for a project with room."""
        while self.room[project] > 0 and self.waiting[project]:
            place, pair = heappop(self.waiting[project])
            self.waits[pair] = False
            if pair < self.end[self.student[pair]]:
                heappush(self.called[self.lecturer[pair]], (place, project))
                return

    def _offer(self, lecturer: int, student: int) -> int | None:
        """Offer the student's best project with room; return who lost the student (-1 = nobody), or None without an offer."""
        for pair in range(self.offsets[student], self.end[student]):
            if self.lecturer[pair] == lecturer and self.room[self.project[pair]] > 0:
                return self._accept(student, pair)
        return None

    def _accept(self, student: int, pair: int) -> int:
        lost = self.has[student]
        self.has[student] = pair
        self.end[student] = pair
        self.room[self.project[pair]] -= 1
        self.work[self.lecturer[pair]] -= 1
        if lost < 0:
            return -1
        self.room[self.project[lost]] += 1
        self.work[self.lecturer[lost]] += 1
        if self.room[self.project[lost]] == 1:
            self._call(self.project[lost])
        owner: int = self.lecturer[lost]
        return owner
