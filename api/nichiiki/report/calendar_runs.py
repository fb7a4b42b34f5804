"""The house calendar as runs: neighbouring cells that say the same are one bar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from nichiiki.report.rows import Cell, Rows
from nichiiki_models.tables import House

CLOSED = "shut"
CLEANING = "rest"


@dataclass(frozen=True)
class Run:
    """Neighbouring periods of a house that say the same.

    Attributes
    ----------
    periods
        How many they are.
    kind
        ``on`` where somebody lives there, ``shut`` where the house is closed, ``rest`` where it stays empty after a stay
        (`gap_periods`), else empty.
    text
        Who lives there; where a house has several units, how many of them are taken.
    households
        Everybody who lives there, where `text` counts them.
    """

    periods: int
    kind: str
    text: str = ""
    households: str = ""


@dataclass(frozen=True)
class HouseLine:
    """A house in the calendar."""

    house: str
    region: str
    units: int
    runs: tuple[Run, ...]


def house_lines(rows: Rows, most: int) -> Iterator[HouseLine]:
    """Return the house calendar, at most `most` houses."""
    for house, region, units, *cells in rows.house_calendar.first(most):
        runs = _runs(rows, str(house), int(units or 0), cells)
        yield HouseLine(str(house), str(region), int(units or 0), tuple(runs))


def _runs(rows: Rows, house: str, units: int, cells: list[Cell]) -> Iterator[Run]:
    row, at = rows.facts.houses[house], rows.facts.row_of(house)
    said = [
        (str(cell or ""), "" if cell else _empty(rows, row, at, period))
        for cell, period in zip(cells, rows.facts.open_periods, strict=True)
    ]
    for (cell, kind), same in groupby(said):
        length = len(list(same))
        if cell:
            yield _taken(cell, length, units)
        elif kind:
            yield Run(length, kind)
        else:
            yield from [Run(1, "")] * length


def _empty(rows: Rows, house: House, row: int, period: str) -> str:
    """Return why nobody lives in a house in a period, where there is a reason."""
    place = rows.facts.position[period], row
    if period in house.closed_periods or not rows.facts.units[place]:
        return CLOSED
    return CLEANING if rows.facts.cleaning[place] else ""


def _taken(cell: str, length: int, units: int) -> Run:
    if units <= 1:
        return Run(length, "on", cell)
    return Run(length, "on", f"{cell.count(',') + 1} / {units}", cell)
