"""Write the coarse picture of the land behind the map of the report: cells of a tenth of a degree that hold something.

The folder must hold lists with the columns ``lat`` and ``lon``: schools, stations and municipal offices of the whole country.
Only which cells hold any of them is kept, 4 kB; holes inland are filled.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

LISTS = ("schools_from_shelters.csv", "stations.csv", "municipalities.csv")
TARGET = Path(__file__).resolve().parents[1] / "api" / "nichiiki" / "report" / "templates" / "land.txt"
PER_DEGREE = 10
FILLS, NEIGHBOURS = 3, 5
"""How often holes are filled, and how many of the nine cells around must be land."""
AROUND = [(up, right) for up in (-1, 0, 1) for right in (-1, 0, 1)]
Cell = tuple[int, int]


def main() -> int:
    """Read the lists of a folder and write the cells; return the exit code."""
    cells = {cell for name in LISTS for cell in _cells(Path(sys.argv[1]) / name)}
    for _ in range(FILLS):
        beside = {(lat + up, lon + right) for lat, lon in cells for up, right in AROUND} - cells
        cells |= {cell for cell in beside if _land_around(cell, cells) >= NEIGHBOURS}
    cells |= _inland(cells)
    TARGET.write_text("\n".join(_lines(cells)) + "\n", "utf-8")
    return 0


def _cells(path: Path) -> Iterator[Cell]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            yield int(float(row["lat"]) * PER_DEGREE), int(float(row["lon"]) * PER_DEGREE)


def _inland(cells: set[Cell]) -> set[Cell]:
    """Return the cells that the sea does not reach: mountains without a school or station."""
    lats, lons = [lat for lat, _ in cells], [lon for _, lon in cells]
    box = {
        (lat, lon)
        for lat in range(min(lats) - 1, max(lats) + 2)
        for lon in range(min(lons) - 1, max(lons) + 2)
    }
    sea, edge = set[Cell](), [(min(lats) - 1, min(lons) - 1)]
    while edge:
        lat, lon = edge.pop()
        if (lat, lon) in box and (lat, lon) not in cells and (lat, lon) not in sea:
            sea.add((lat, lon))
            edge += [(lat + 1, lon), (lat - 1, lon), (lat, lon + 1), (lat, lon - 1)]
    return box - cells - sea


def _land_around(cell: Cell, cells: set[Cell]) -> int:
    return sum((cell[0] + up, cell[1] + right) in cells for up, right in AROUND)


def _lines(cells: set[Cell]) -> Iterator[str]:
    """Return a line a row of cells: its latitude, then first cell and number of cells of each run."""
    for lat in sorted({lat for lat, _ in cells}):
        row = sorted(lon for own, lon in cells if own == lat)
        starts = [lon for at, lon in enumerate(row) if at == 0 or row[at - 1] + 1 < lon]
        ends = [lon for at, lon in enumerate(row) if at + 1 == len(row) or row[at + 1] > lon + 1]
        yield " ".join([str(lat), *(f"{a}+{b - a + 1}" for a, b in zip(starts, ends, strict=True))])


if __name__ == "__main__":
    sys.exit(main())
