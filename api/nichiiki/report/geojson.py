"""The placements and loads of a result as GeoJSON, for maps of other programs (RFC 7946, WGS 84)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nichiiki.report.chart import flows_of
from nichiiki.report.loads import Load
from nichiiki.report.rows import Rows


def geojson(rows: Rows) -> dict[str, Any]:
    """Return houses, facilities and roles as points with their peak load, and second homes as lines between regions.

    No household is in it; numbers of households are not hidden, so it is for staff.

    Parameters
    ----------
    rows
        The lists of the result.
    """
    return {"type": "FeatureCollection", "features": [*_points(rows), *_lines(rows)]}


def _points(rows: Rows) -> Iterator[dict[str, Any]]:
    facts = rows.facts
    peaks: dict[str, Load] = {}
    for load in rows.loads(*KINDS):
        best = peaks.get(load.target_id)
        if best is None or (load.share, load.used) > (best.share, best.used):
            peaks[load.target_id] = load
    for kind, targets in (("house", facts.houses), ("facility", facts.facilities), ("role", facts.roles)):
        for target, row in targets.items():
            peak = peaks.get(target)
            properties = {
                "kind": kind,
                "id": target,
                "name": getattr(row, "name", "") or getattr(row, "title", ""),
                "region_id": row.region_id,
                "used_at_peak": peak.used if peak else 0,
                "capacity": peak.capacity if peak else None,
                "peak_period": peak.period_id if peak and peak.used else None,
                "rule": peak.rule if peak else None,
            }
            yield _feature({"type": "Point", "coordinates": [row.lon, row.lat]}, properties)


KINDS = ("house_units", "school_seats", "care_places", "desks", "role_max")
"""Rules whose capacity lies at a place."""


def _lines(rows: Rows) -> Iterator[dict[str, Any]]:
    facts = rows.facts
    for (home, host), households in flows_of(facts).most_common():
        ends = [facts.regions.get(home), facts.regions.get(host)]
        places = [[end.lon, end.lat] for end in ends if end]
        if len(places) == 2:
            properties = {"kind": "flow", "home_region": home, "host_region": host, "households": households}
            yield _feature({"type": "LineString", "coordinates": places}, properties)


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
