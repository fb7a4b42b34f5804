"""School seats: kind, grade, region, consent of both boards, seats, siblings."""

from __future__ import annotations

import numpy as np

from nichiiki_models.tables import SCHOOL_GRADES
from nichiiki_solver.verify.arrays import NO_ROW, highest, is_listed, lowest
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Findings
from nichiiki_solver.verify.seats import (
    SeatRows,
    SeatUse,
    band_numbers,
    check_capacity,
    check_no_seats,
    check_region,
)


def school_use(book: Book) -> SeatUse:
    """Return the pupils who have a seat at a school."""
    items = book.settled("school")
    grade = book.instance.persons["grade"][items.person]
    right = (book.instance.facilities["kind"][items.target] == "school") & np.isin(grade, SCHOOL_GRADES)
    items = items.take(right)
    return SeatUse("school", items, band_numbers(grade[right]), np.ones(len(items), dtype=np.int64))


def check_schooling(book: Book, rows: SeatRows, findings: Findings) -> None:
    """Check every rule of school seats except the way there and the wishes."""
    _kinds(book, findings)
    use = school_use(book)
    check_region(book, use, findings)
    _consents(book, use, findings)
    check_no_seats(book, rows, use, findings)
    check_capacity(book, rows, use, "school_seats", findings)


def _kinds(book: Book, findings: Findings) -> None:
    """Check `not_a_school` and `not_a_pupil`."""
    items = book.settled("school")
    ids = book.item_ids("school", items)
    findings.add("not_a_school", book.instance.facilities["kind"][items.target] != "school", *ids)
    grade = book.instance.persons["grade"][items.person]
    findings.add("not_a_pupil", ~np.isin(grade, SCHOOL_GRADES), *ids)


def _consents(book: Book, use: SeatUse, findings: Findings) -> None:
    """Check `consent_host` and `consent_home`."""
    regions, facilities = book.instance.regions, book.instance.facilities
    items = use.items
    home = book.home[items.household]
    host = book.target_region("school")[items.target]
    ids = book.item_ids("school", items)
    accepted = is_listed(facilities.lists("consent_regions"), items.target, regions, home, "*")
    released = is_listed(regions.lists("board_consents"), home, regions, host, "*")
    findings.add("consent_host", ~accepted, *ids, regions["region_id"][home])
    findings.add("consent_home", ~released, *ids, regions["region_id"][home])


def check_siblings(book: Book, has_need: np.ndarray, findings: Findings) -> None:
    """Check `siblings`: who must stay together gets one school for all, or none for all.

    Parameters
    ----------
    has_need
        Mask of the persons with a school need.
    """
    items = book.items("school")
    target = highest(items.target, items.person, len(book.instance.persons), NO_ROW)
    households = book.instance.households
    pupils = np.flatnonzero(has_need)
    owner, school = book.household_of_person[pupils], target[pupils]
    first, last = lowest(school, owner, len(households)), highest(school, owner, len(households), NO_ROW)
    together = (households["siblings"] == "together") & book.is_placed
    counted = np.bincount(owner, minlength=len(households)) > 1
    findings.add("siblings", together & counted & (first != last), households["household_id"])
