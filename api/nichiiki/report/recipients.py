"""Lists for those who receive households: a host region, a school or nursery, a supporter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nichiiki.report.rows import Cell, Rows, Sheet, besides

MOST = 40
"""Recipients of a kind that get a sheet of their own: those with most households."""
COMING = ("household_id", "home_region", "persons", "region_id", "house_id", "periods")
"""Who comes, from where and when: columns of the placements."""
AT_A_FACILITY = ("person_id", *COMING, "supporter_id")
OF_A_SUPPORTER = (*COMING, "cost_yen", "schools", "care", "desks", "roles", "experiences")
SEATS = ("school", "care", "desk")


def sheets_of(rows: Rows) -> Iterator[tuple[str, str, Sheet]]:
    """Return kind (region, facility, supporter), name and list of each recipient, the largest of a kind first."""
    for kind, found in (
        ("region", _regions(rows)),
        ("facility", _facilities(rows)),
        ("supporter", _supporters(rows)),
    ):
        for name, sheet in sorted(found, key=lambda pair: -len(pair[1]))[:MOST]:
            yield kind, name, sheet


def _regions(rows: Rows) -> Iterator[tuple[str, Sheet]]:
    at = rows.placements.columns.index("region_id")
    for region in Counter(row[at] for row in rows.placements.rows):
        own = [row for row in rows.placements.rows if row[at] == region]
        yield rows.facts.region_name(str(region)), Sheet("placements", rows.placements.columns, own)


def _supporters(rows: Rows) -> Iterator[tuple[str, Sheet]]:
    at = rows.placements.columns.index("supporter_id")
    places = [rows.placements.columns.index(name) for name in OF_A_SUPPORTER]
    for supporter in Counter(row[at] for row in rows.placements.rows if row[at]):
        own = [tuple(row[p] for p in places) for row in rows.placements.rows if row[at] == supporter]
        yield rows.facts.target_name(str(supporter)), Sheet("placements", OF_A_SUPPORTER, own)


def _facilities(rows: Rows) -> Iterator[tuple[str, Sheet]]:
    places = [rows.placements.columns.index(name) for name in AT_A_FACILITY[1:]]
    region = rows.placements.columns.index("region_id")
    found: dict[str, list[tuple[Cell, ...]]] = {}
    for row in rows.placements.rows:
        items = rows.facts.items.get(str(row[0]), [])
        for (kind, target), persons in besides(items).items():
            # of several stays, the one in the region of the facility
            if kind in SEATS and rows.facts.facilities[target].region_id == row[region]:
                found.setdefault(target, []).extend((person, *(row[p] for p in places)) for person in persons)
    for facility, own in found.items():
        yield rows.facts.target_name(facility), Sheet("placements", AT_A_FACILITY, own)
