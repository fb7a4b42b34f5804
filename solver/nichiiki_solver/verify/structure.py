"""Form: ids that exist, nobody twice, everybody placed or not, one stay each, persons of their household."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_solver.verify.arrays import find, repeats
from nichiiki_solver.verify.book import PERSON_LISTS, Book
from nichiiki_solver.verify.findings import Findings

REASON_TARGETS = ("houses", "regions", "facilities", "roles", "supporters", "experiences")


def check_structure(book: Book, findings: Findings) -> None:
    """Check the form of every table of the allocation."""
    _households(book, findings)
    _stays(book, findings)
    _items(book, findings)
    _supporters(book, findings)
    _reasons(book, findings)
    _measures(book, findings)


def _households(book: Book, findings: Findings) -> None:
    """Every household is placed once, or not placed and given a reason."""
    ids = book.instance.households["household_id"]
    placed_ids = book.allocation.placements["household_id"]
    findings.add("unknown_id", book.placement_household < 0, placed_ids)
    findings.add("duplicate", repeats(placed_ids), placed_ids)
    refused = np.zeros(len(ids), dtype=bool)
    rows = find(book.instance.households, book.allocation.unplaced["household_id"])
    refused[rows[rows >= 0]] = True
    findings.add("placed_and_unplaced", book.is_placed & refused, ids)
    findings.add("not_accounted", ~book.is_placed & ~refused, ids)


def _stays(book: Book, findings: Findings) -> None:
    """Every placed household has one stay: a known house, known periods in order, the right region."""
    table = book.allocation.stays
    households, houses = table["household_id"], table["house_id"]
    known = find(book.instance.households, households) >= 0
    findings.add("unknown_id", ~known, households)
    findings.add("not_placed", known & (book.stay_household < 0), households, houses)
    findings.add("unknown_id", book.stay_house < 0, households, houses)
    count = book.stays_of_household
    ids = book.instance.households["household_id"]
    findings.add("one_stay", book.is_placed & (count != 1), ids, value=count, limit=1)
    region = book.house_region_ids()[book.stay_house]
    wrong = (book.stay_house >= 0) & (region != table["region_id"])
    findings.add("stay_region", wrong, households, houses, table["region_id"])
    _periods(book, findings)


def _periods(book: Book, findings: Findings) -> None:
    """Check that the periods of a stay are some, known, in calendar order, none twice."""
    table = book.allocation.stays
    lists = table.lists("periods")
    at = book.calendar.positions(lists.values)
    owners = lists.owners
    findings.add("unknown_id", at < 0, table["household_id"][owners], lists.values)
    wrong = lists.lengths == 0
    back = (owners[1:] == owners[:-1]) & (at[1:] <= at[:-1]) & (at[1:] >= 0)
    wrong[owners[1:][back]] = True
    findings.add("stay_periods", wrong, table["household_id"], table["house_id"])


def _items(book: Book, findings: Findings) -> None:
    """Every item belongs to a placed household, to one of its persons, and names a known target."""
    table = book.allocation.items
    households, persons, repeated = book.item_rows
    owner, person, target, name = (table[c] for c in ("household_id", "person_id", "target_id", "list"))
    known = find(book.instance.households, owner) >= 0
    findings.add("unknown_id", ~known, owner)
    findings.add("not_placed", known & (households < 0), owner, person, target)
    findings.add("duplicate", repeated, owner, person, target)
    unknown = (person != "") & (find(book.instance.persons, person) < 0)
    findings.add("unknown_id", unknown, owner, person)
    personal = np.isin(name, PERSON_LISTS)
    right = np.where(personal, persons >= 0, person == "")
    findings.add("not_a_member", ~right & ~unknown & (households >= 0), owner, person, target)
    findings.add("unknown_id", ~_known_targets(book, name, target), owner, target)


def _known_targets(book: Book, names: Array, targets: Array) -> Array:
    known = np.zeros(len(targets), dtype=bool)
    for name in (*PERSON_LISTS, "experience"):
        mask = names == name
        known[mask] = find(book.targets(name), targets[mask]) >= 0
    return known


def _supporters(book: Book, findings: Findings) -> None:
    table = book.allocation.placements
    given = table["supporter_id"]
    unknown = (given != "") & (find(book.instance.supporters, given) < 0)
    findings.add("unknown_id", unknown, table["household_id"], given)


def _reasons(book: Book, findings: Findings) -> None:
    """Check that a reason is given to a known household and names a known target or none."""
    table = book.allocation.unplaced
    households, targets = table["household_id"], table["target_id"]
    findings.add("unknown_id", find(book.instance.households, households) < 0, households)
    known = targets == ""
    for name in REASON_TARGETS:
        known |= find(getattr(book.instance, name), targets) >= 0
    findings.add("unknown_id", ~known, households, targets)


def _measures(book: Book, findings: Findings) -> None:
    """Check that a measure taken is a known one, and taken once."""
    taken = book.allocation.measures["measure_id"]
    findings.add("unknown_id", find(book.instance.measures, taken) < 0, taken)
    findings.add("duplicate", repeats(taken), taken)
    paid = book.allocation.payments
    measure, programme = paid["measure_id"], paid["programme_id"]
    unknown = (programme != "") & (find(book.instance.programmes, programme) < 0)
    findings.add("unknown_id", unknown, measure, programme)
    findings.add("duplicate", repeats(measure, programme), measure, programme)
    findings.add("payment_without_measure", ~np.isin(measure, taken), measure, programme)
