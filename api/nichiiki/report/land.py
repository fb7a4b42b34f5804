"""The land behind the map: cells of a tenth of a degree, so that one sees where one is.

Made by tools/make_land.py from the places of schools, stations and municipal offices (the Geospatial Information
Authority's list of shelters, National Land Numerical Information N02, localgovjp); the map names the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources

PER_DEGREE = 10
Place = Callable[[float, float], tuple[float, float]]


@cache
def _runs() -> list[tuple[float, float, float]]:
    """Return latitude of the middle, west and east end of each run of cells, in degrees."""
    text = (resources.files("nichiiki.report") / "templates" / "land.txt").read_text("utf-8")
    found = []
    for line in text.splitlines():
        lat, *runs = line.split()
        for first, count in (run.split("+") for run in runs):
            west = int(first) / PER_DEGREE
            found.append(((int(lat) + 0.5) / PER_DEGREE, west, west + int(count) / PER_DEGREE))
    return found


def land_path(place: Place, width: int, height: int) -> str:
    """Return the land inside a picture as an SVG path of level lines, one a run of cells.

    Parameters
    ----------
    place
        Where a latitude and longitude lie in the picture.
    width, height
        Size of the picture.
    """
    return "".join(_lines(place, width, height))


def _lines(place: Place, width: int, height: int) -> Iterator[str]:
    for lat, west, east in _runs():
        (x1, y), (x2, _) = place(lat, west), place(lat, east)
        if 0 <= y <= height and x2 > 0 and x1 < width:
            left, right = max(0.0, x1), min(float(width), x2)
            yield f"M{left:.0f} {y:.0f}H{right:.0f}"
