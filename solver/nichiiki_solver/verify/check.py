"""The check as a whole: form and rules first, then claims."""

from __future__ import annotations

import numpy as np

from nichiiki_models.allocation import Allocation, Violation
from nichiiki_models.columns import Array
from nichiiki_models.instance import Instance
from nichiiki_solver.verify.bases import check_bases
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.capacity import check_house_units, check_reception, house_units_used
from nichiiki_solver.verify.care import care_use, check_care
from nichiiki_solver.verify.claims import check_claims
from nichiiki_solver.verify.desks import check_desks, desk_use
from nichiiki_solver.verify.experiences import check_experiences
from nichiiki_solver.verify.findings import ONCE, Findings
from nichiiki_solver.verify.locks import check_locks
from nichiiki_solver.verify.measures import check_measures, check_needed
from nichiiki_solver.verify.money import check_budget, check_burden, check_cost_claims
from nichiiki_solver.verify.quotas import check_quotas
from nichiiki_solver.verify.reach import check_reach
from nichiiki_solver.verify.registration import check_entitlement, check_registration
from nichiiki_solver.verify.roles import check_roles, holders, holders_offered
from nichiiki_solver.verify.schooling import check_schooling, check_siblings, school_use
from nichiiki_solver.verify.seats import SeatRows, row_loads
from nichiiki_solver.verify.standings import check_standings
from nichiiki_solver.verify.stays import check_stays, check_unit_claims
from nichiiki_solver.verify.structure import check_structure
from nichiiki_solver.verify.supporters import caseloads, caseloads_offered, check_supporters
from nichiiki_solver.verify.travel import Commutes, check_commute, check_trips, find_trips
from nichiiki_solver.verify.vehicles import check_vehicles
from nichiiki_solver.verify.wishes import Wishes, check_wishes


def verify(instance: Instance, allocation: Allocation) -> list[Violation]:
    """List every rule an allocation breaks and every claim of it that is not true.

    Parameters
    ----------
    instance
        What was to be allocated, locks included.
    allocation
        The answer, from whatever source; nothing in it is trusted.

    Returns
    -------
    list of Violation
        Sorted by rule and place; empty if everything is kept. An allocation of another instance gives the one
        violation ``instance_hash`` and is looked at no further.
    """
    findings = Findings()
    if allocation.instance_hash != instance.hash:
        findings.add("instance_hash", ONCE, value=allocation.instance_hash, limit=instance.hash)
        return findings.sorted()
    book = Book(instance, allocation)
    wishes = Wishes(book)
    check_structure(book, findings)
    _check_rules(book, wishes, findings)
    check_claims(book, wishes, findings)
    check_standings(book, findings)
    return findings.sorted()


def _check_rules(book: Book, wishes: Wishes, findings: Findings) -> None:
    check_stays(book, findings)
    check_unit_claims(book, findings)
    trips = find_trips(book)
    check_trips(book, trips, findings)
    check_registration(book, findings)
    check_entitlement(book, findings)
    check_reach(book, findings)
    check_budget(book, trips, findings)
    check_burden(book, trips, findings)
    check_cost_claims(book, trips, findings)
    check_wishes(book, wishes, findings)
    rows = SeatRows(book)
    check_schooling(book, rows, findings)
    check_siblings(book, wishes.needs["school"].exists, findings)
    check_care(book, rows, findings)
    check_desks(book, rows, findings)
    check_roles(book, findings)
    commutes = Commutes(book)
    for name in ("school", "care", "desk", "role"):
        check_commute(book, commutes, name, findings)
    check_supporters(book, findings)
    check_experiences(book, findings)
    check_house_units(book, findings)
    check_reception(book, findings)
    check_vehicles(book, findings)
    check_bases(book, findings)
    check_quotas(book, findings)
    check_locks(book, findings)
    check_measures(book, findings)
    if len(book.works.rows):
        every = np.arange(len(book.instance.seats))
        days = np.array([rows.care_days(every, period) for period in range(len(book.calendar))])
        check_needed(book, _loads(book, rows), days, findings)


def _loads(book: Book, rows: SeatRows) -> dict[str, tuple[Array, Array]]:
    """What is used and offered of everything that measures enlarge."""
    return {
        "house": (house_units_used(book), book.works.units()),
        "facility": row_loads(book, rows, (school_use(book), care_use(book), desk_use(book))),
        "role": (holders(book), holders_offered(book)),
        "supporter": (caseloads(book), caseloads_offered(book)),
    }
