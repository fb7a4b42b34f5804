"""The rows of long lists that the page does not lay out, as compact data that its script searches and shows on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from nichiiki.report.rows import Cell, Rows

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


def rest_json(rows: Rows, most: int) -> str:
    """Return the rows beyond the first households of either list as JSON for a data block; empty if there are none.

    Parameters
    ----------
    rows
        The lists of the result.
    most
        Households of each list that the page lays out.
    """
    laid_out = set(list(rows.facts.placements)[:most])
    placed = [row for row in rows.placements.rows if row[0] not in laid_out]
    waiting = rows.unplaced_households[most:]
    if not placed and not waiting:
        return ""
    order = {region: at for at, region in enumerate(rows.facts.regions)}
    data = {
        "regions": [[region, rows.facts.region_name(region)] for region in order],
        "placements": list(_placed(rows, placed, order)),
        "refused": list(_waiting(rows, waiting, order)),
    }
    # nothing in it can end the block that holds it
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _placed(rows: Rows, placed: list[tuple[Cell, ...]], order: dict[str, int]) -> Iterator[list[Any]]:
    places = [rows.placements.columns.index(name) for name in KEPT]
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


def _waiting(rows: Rows, waiting: list[tuple[str, list[str]]], order: dict[str, int]) -> Iterator[list[Any]]:
    for household, reasons in waiting:
        row = rows.facts.households.get(household)
        home = order.get(row.home_region, -1) if row else -1
        yield [household, rows.facts.members.get(household, 0), home, reasons[0] if reasons else ""]
