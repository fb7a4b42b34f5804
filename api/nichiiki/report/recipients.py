"""Lists for those who receive households: a host region, a school or nursery, a supporter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from nichiiki.report.lazily import Lines
from nichiiki.report.rows import PLACEMENT_COLUMNS, Cell, Rows, Sheet, besides

MOST = 40
"""Recipients of a kind that get a sheet of their own: those with most households."""
COMING = ("household_id", "home_region", "persons", "region_id", "house_id", "periods")
"""Who comes, from where and when: columns of the placements."""
AT_A_FACILITY = ("person_id", *COMING, "supporter_id")
OF_A_SUPPORTER = (*COMING, "cost_yen", "schools", "care", "desks", "roles", "experiences")
SEATS = ("school", "care", "desk")
Line = tuple[Cell, ...]


def sheets_of(rows: Rows) -> Iterator[tuple[str, str, Sheet]]:
    """Return kind (region, facility, supporter), name and list of each recipient, the largest of a kind first."""
    placed = list(rows.placements.rows)
    for kind, found in (
        ("region", _regions(rows, placed)),
        ("facility", _facilities(rows, placed)),
        ("supporter", _supporters(rows, placed)),
    ):
        for name, sheet in sorted(found, key=lambda pair: -len(pair[1]))[:MOST]:
            yield kind, name, sheet


def _regions(rows: Rows, placed: list[Line]) -> Iterator[tuple[str, Sheet]]:
    for region, own in _grouped(placed, "region_id").items():
        yield rows.facts.region_name(region), Sheet("placements", PLACEMENT_COLUMNS, own)


def _supporters(rows: Rows, placed: list[Line]) -> Iterator[tuple[str, Sheet]]:
    places = [PLACEMENT_COLUMNS.index(name) for name in OF_A_SUPPORTER]
    for supporter, own in _grouped(placed, "supporter_id").items():
        lines = Lines(partial(_picked, own, places), len(own))
        yield rows.facts.target_name(supporter), Sheet("placements", OF_A_SUPPORTER, lines)


def _grouped(placed: list[Line], column: str) -> dict[str, list[Line]]:
    """Return the rows by what they have in a column, those that have something there."""
    at, found = PLACEMENT_COLUMNS.index(column), dict[str, list[Line]]()
    for row in placed:
        if row[at]:
            found.setdefault(str(row[at]), []).append(row)
    return found


def _picked(lines: list[Line], places: list[int]) -> Iterator[Line]:
    return (tuple(row[place] for place in places) for row in lines)


def _facilities(rows: Rows, placed: list[Line]) -> Iterator[tuple[str, Sheet]]:
    places = [PLACEMENT_COLUMNS.index(name) for name in AT_A_FACILITY[1:]]
    region, facilities = PLACEMENT_COLUMNS.index("region_id"), rows.facts.instance.facilities
    where = dict(zip(facilities["facility_id"].tolist(), facilities["region_id"].tolist(), strict=True))
    found: dict[str, list[Line]] = {}
    for row in placed:
        items = rows.facts.items.get(str(row[0]), [])
        for (kind, target), persons in besides(items).items():
            # of several stays, the one in the region of the facility
            if kind in SEATS and where[target] == row[region]:
                found.setdefault(target, []).extend((person, *(row[p] for p in places)) for person in persons)
    for facility, own in found.items():
        yield rows.facts.target_name(facility), Sheet("placements", AT_A_FACILITY, own)
