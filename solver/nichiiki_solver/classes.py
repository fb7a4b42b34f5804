"""School classes before and after an allocation: a warning where guest pupils open a class, or where one closes.

A grade of n pupils needs n / limit classes, rounded up. Two neighbouring grades with pupils may share one class (複式学級) if
they are few together. The number of classes of a school is the fewest that this allows. It decides how many teachers the
prefecture pays, so that a board wants to know; it forbids nothing. A school that states no pupils enrolled gets no warning.

Source: 公立義務教育諸学校の学級編制及び教職員定数の標準に関する法律 第3条 (35 pupils; 16 in two grades, 8 with the first grade; 8 in
junior high school). A prefecture may set less: `rules.classes`, and `class_limit` of a seat row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_models.metrics import ClassChange
from nichiiki_models.rules import ClassRule
from nichiiki_models.tables import SCHOOL_GRADES, Seat
from nichiiki_solver.verify.book import Book

STAGES = (SCHOOL_GRADES[:6], SCHOOL_GRADES[6:])
"""Grades of primary and of junior high school: no class spans both."""
Pupils = Mapping[str, int]


def class_changes(book: Book) -> tuple[ClassChange, ...]:
    """Return every school, stage and open period in which the number of classes is another with the guests.

    Parameters
    ----------
    book
        Instance and allocation; pupils that schools have already are `enrolled` of their seat rows, and those guests that the table
        ``previous`` names for the period.
    """
    instance = book.instance
    rows = _seat_rows(instance)
    now, earlier = _guests(book), _earlier(instance)
    found = []
    for school in instance.facilities["facility_id"][instance.facilities["kind"] == "school"].tolist():
        for period in book.calendar.ids[book.calendar.open].tolist():
            for grades in STAGES:
                change = _change(instance, rows, now, earlier, school, period, grades)
                found += [change] if change is not None else []
    return tuple(found)


def _change(
    instance: Instance,
    rows: Mapping[tuple[str, str, str], Seat],
    now: Counter[tuple[str, str, str]],
    earlier: Counter[tuple[str, str, str]],
    school: str,
    period: str,
    grades: Sequence[str],
) -> ClassChange | None:
    seats = {
        grade: row
        for grade in grades
        if (row := rows.get((school, grade, period)) or rows.get((school, grade, "all"))) is not None
    }
    guests = {grade: now[school, grade, period] for grade in seats}
    before = {grade: row.enrolled + earlier[school, grade, period] for grade, row in seats.items()}
    after = {grade: row.enrolled + guests[grade] for grade, row in seats.items()}
    if before == after or not any(row.enrolled for row in seats.values()):
        return None
    limits = {
        grade: instance.rules.classes.limit if row.class_limit is None else row.class_limit
        for grade, row in seats.items()
    }
    counts = [classes(pupils, limits, instance.rules.classes) for pupils in (before, after)]
    if counts[0] == counts[1]:
        return None
    return ClassChange(
        facility_id=school,
        period_id=period,
        grades=tuple(grade for grade in seats if before[grade] != after[grade]),
        guests=sum(guests.values()),
        before=counts[0],
        after=counts[1],
    )


def classes(pupils: Pupils, limits: Mapping[str, int], rule: ClassRule) -> int:
    """Return the fewest classes of a school's grades.

    Parameters
    ----------
    pupils
        Pupils of each grade, of one stage.
    limits
        Pupils of a class of one grade.
    rule
        When two neighbouring grades share a class.
    """
    single = [0 if not pupils.get(g) else -(-pupils[g] // limits[g]) for g in SCHOOL_GRADES]
    fewest = [0, *[0] * len(SCHOOL_GRADES)]
    for at, grade in enumerate(SCHOOL_GRADES):
        fewest[at + 1] = fewest[at] + single[at]
        if at and single[at] and single[at - 1] and _share(SCHOOL_GRADES[at - 1], grade, pupils, rule):
            fewest[at + 1] = min(fewest[at + 1], fewest[at - 1] + 1)
    return fewest[-1]


def _share(lower: str, upper: str, pupils: Pupils, rule: ClassRule) -> bool:
    """Whether two neighbouring grades may share a class."""
    if lower == STAGES[0][-1]:
        return False
    most = (
        rule.combined_junior
        if lower in STAGES[1]
        else rule.combined_with_first
        if lower == "1"
        else rule.combined
    )
    return pupils[lower] + pupils[upper] <= most


def _seat_rows(instance: Instance) -> dict[tuple[str, str, str], Seat]:
    return {(row.facility_id, row.band, row.period_id): row for row in instance.seats.rows()}


def _guests(book: Book) -> Counter[tuple[str, str, str]]:
    """Guest pupils of each school, grade and period."""
    items = book.settled("school")
    grade = book.instance.persons["grade"][items.person]
    school = book.instance.facilities["facility_id"][items.target]
    found: Counter[tuple[str, str, str]] = Counter()
    for period, name in enumerate(book.calendar.ids.tolist()):
        held = np.flatnonzero(book.stays.held[period, items.stay])
        found.update((s, g, name) for s, g in zip(school[held].tolist(), grade[held].tolist(), strict=True))
    return found


def _earlier(instance: Instance) -> Counter[tuple[str, str, str]]:
    """Guest pupils that the last allocation gave a school, in the periods that its rows name."""
    grades = dict(
        zip(instance.persons["person_id"].tolist(), instance.persons["grade"].tolist(), strict=True)
    )
    stays = {row.household_id: row.periods for row in instance.previous.rows() if row.item_kind == "stay"}
    return Counter(
        (row.target_id, grades[row.person_id], period)
        for row in instance.previous.rows()
        if row.item_kind == "school" and row.person_id is not None
        for period in row.periods or stays.get(row.household_id, ())
    )
