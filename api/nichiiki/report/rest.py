"""The rows of long lists that the page does not lay out, as compact data that its script searches and shows on demand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from nichiiki.report.rows import PLACEMENT_COLUMNS, Cell, Rows, placement_cells

KEPT = (
    "household_id",
    "persons",
    "home_region",
    "region_id",
    "house_id",
    "units",
    "periods",
    "stay_rank",
    "cost_yen",
)
"""Columns of the placements that are kept; what comes besides is in placements.csv."""
MOST_SEARCHED = 20_000
"""Households of each list that are kept beyond those laid out: a page of some megabytes, which any browser opens at once."""


def rest_json(rows: Rows, most: int) -> str:
    """Return the rows beyond the first households of either list as JSON for a data block; empty if there are none.

    At most `MOST_SEARCHED` households of each list are in it; the CSV files hold them all.

    Parameters
    ----------
    rows
        The lists of the result.
    most
        Households of each list that the page lays out.
    """
    if max(len(rows.facts.placements), len(rows.facts.waiting)) <= most:
        return ""
    placed = placement_cells(rows.facts, islice(rows.facts.placements, most, most + MOST_SEARCHED))
    order = {region: at for at, region in enumerate(rows.facts.regions)}
    data = {
        "regions": [[region, rows.facts.region_name(region)] for region in order],
        "placements": list(_placed(rows, placed, order)),
        "refused": list(_waiting(rows, most, order)),
    }
    # nothing in it can end the block that holds it
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _placed(rows: Rows, placed: Iterable[tuple[Cell, ...]], order: dict[str, int]) -> Iterator[list[Any]]:
    places = [PLACEMENT_COLUMNS.index(name) for name in KEPT]
    for row in placed:
        household, persons, home, host, house, units, periods, rank, cost = (row[place] for place in places)
        shown = rows.facts.shown_periods(str(periods).split("; "))
        named = f"{house} × {units}" if isinstance(units, int) and units > 1 else house
        yield [
            household,
            persons,
            order.get(str(home), -1),
            order.get(str(host), -1),
            named,
            shown,
            rank,
            cost,
        ]


def _waiting(rows: Rows, most: int, order: dict[str, int]) -> Iterator[list[Any]]:
    for household, reasons, _ in rows.refused(MOST_SEARCHED, after=most):
        row = rows.facts.households.get(household)
        home = order.get(row.home_region, -1) if row else -1
        yield [household, rows.facts.members.get(household, 0), home, reasons[0] if reasons else ""]
