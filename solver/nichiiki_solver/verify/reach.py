"""Services that must be near the house of a stay (地域生活圏)."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.rules import Reach
from nichiiki_solver.verify.arrays import FAR, expand, find, grouped, lowest
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import Finder
from nichiiki_solver.verify.geo import distance_m, straight_minutes


def check_reach(book: Book, findings: Finder) -> None:
    """Check `reach` for every row of `limits.reach`."""
    for row in book.instance.rules.limits.reach:
        least = nearest_minutes(book, row)
        shown = np.where(least == FAR, NULL_INT, least)
        findings.add("reach", least > row.minutes, *book.stay_ids(), value=shown, limit=row.minutes)


def nearest_minutes(book: Book, row: Reach) -> Array:
    """Return the minutes from the house of each stay to the nearest service, `FAR` where there is no way."""
    houses, stays = book.instance.houses, book.stays
    car = book.instance.households["car"][stays.household]
    best = _by_links(book, row, car)
    for table in (book.instance.places, book.instance.facilities):
        rows = _counted(table["kind"], row) if table is book.instance.places else _schools(table["kind"], row)
        for service in rows.tolist():
            metres = distance_m(
                houses["lat"][stays.house],
                houses["lon"][stays.house],
                np.full(len(stays.house), table["lat"][service]),
                np.full(len(stays.house), table["lon"][service]),
            )
            walk, drive = straight_minutes(metres, book.instance.rules.travel)
            best = np.minimum(best, np.minimum(walk, np.where(car, drive, FAR)))
    return best


def _counted(kind: Array, row: Reach) -> Array:
    return np.flatnonzero(np.isin(kind, row.kinds))


def _schools(kind: Array, row: Reach) -> Array:
    return np.flatnonzero((kind == "school") & ("school" in row.kinds))


def _by_links(book: Book, row: Reach, car: Array) -> Array:
    """Fewest minutes of the links that lead from each stay's house to a service."""
    instance, house = book.instance, book.stays.house
    best = np.full(len(house), FAR)
    places, facilities = instance.places, instance.facilities
    known = np.concatenate(
        (
            places["place_id"][_counted(places["kind"], row)],
            facilities["facility_id"][_schools(facilities["kind"], row)],
        )
    )
    links = instance.links
    for tail, head, rows in (
        ("from_id", "to_id", np.ones_like(links["both_ways"])),
        ("to_id", "from_id", links["both_ways"]),
    ):
        good = np.flatnonzero(rows & np.isin(links[head], known))
        start = find(instance.houses, links[tail][good])
        good, start = good[start >= 0], start[start >= 0]
        order, counts, starts = grouped(start, len(instance.houses))
        stay, at = expand(house, counts, starts)
        link = good[order][at]
        usable = car[stay] | (links["mode"][link] != "car")
        best = np.minimum(best, lowest(links["minutes"][link][usable], stay[usable], len(house)))
    return best
