"""Municipalities as columns: a small built-in set typed as facts, or the user's own table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from nichiiki_instances.raw import problem
from nichiiki_instances.text_files import read_text
from nichiiki_models.columns import Array
from nichiiki_models.errors import FileError
from nichiiki_models.tables import HAZARDS

T = TypeVar("T", int, float)
REQUIRED = ("code6", "name", "pref_code", "lat", "lon", "pop_2020")
"""Columns a table of municipalities must have; ``n_emg_<hazard>`` and ``nearest_station`` are optional."""


@dataclass(frozen=True)
class Municipality:
    """A municipality as typed in: code with check digit, office, people, hazards of its emergency sites."""

    code: str
    name: str
    prefecture: str
    lat: float
    lon: float
    population: int
    hazards: tuple[str, ...]
    station: str


QUAKE = ("flood", "landslide", "earthquake")
COAST = ("flood", "landslide", "storm_surge", "earthquake", "tsunami")

BUILT_IN: tuple[Municipality, ...] = (
    Municipality(
        "094072",
        "那須町",
        "09",
        37.01972,
        140.12111,
        24021,
        (*QUAKE, "fire", "inland_flood", "volcano"),
        "黒田原",
    ),
    Municipality("202151", "塩尻市", "20", 36.11500, 137.95361, 67302, (*QUAKE, "fire"), "塩尻"),
    Municipality(
        "204854", "白馬村", "20", 36.69833, 137.86222, 8585, (*QUAKE, "fire", "inland_flood"), "白馬"
    ),
    Municipality("205419", "小布施町", "20", 36.69778, 138.31222, 10661, ("flood", "earthquake"), "小布施"),
    Municipality(
        "302066", "田辺市", "30", 33.72806, 135.37778, 69906, (*COAST, "fire", "inland_flood"), "紀伊田辺"
    ),
    Municipality(
        "tokyo23", "東京23区", "13", 35.68944, 139.69167, 9744534, (*COAST, "fire", "inland_flood"), "東京"
    ),
    Municipality("141003", "横浜市", "14", 35.45020, 139.63490, 3778318, (*COAST, "fire"), "横浜"),
    Municipality("111007", "さいたま市", "11", 35.86167, 139.64528, 1324591, (*QUAKE, "fire"), "大宮"),
    Municipality(
        "271004",
        "大阪市",
        "27",
        34.69389,
        135.50222,
        2754742,
        ("flood", "earthquake", "tsunami", "fire"),
        "新大阪",
    ),
    Municipality(
        "281000", "神戸市", "28", 34.69000, 135.19556, 1527022, (*QUAKE, "tsunami", "fire"), "三ノ宮"
    ),
)
"""Facts: codes and offices from localgovjp (CC0, 2026-07-09); people of the census of 2020 (e-Stat);
hazards for which at least one emergency site is designated (GSI, 2025-10-27). Tokyo's 23 wards count as one
region at the prefecture's office, with the wards' people together; they have no code of their own."""


@dataclass(frozen=True)
class Municipalities:
    """Municipalities as columns of equal length; ``hazards`` is a mask (rows, `HAZARDS`)."""

    code: Array
    name: Array
    prefecture: Array
    lat: Array
    lon: Array
    population: Array
    hazards: Array
    station: Array

    def __len__(self) -> int:
        return len(self.code)


def built_in() -> Municipalities:
    """Return the built-in set: five host towns and five big cities."""
    return _columns(BUILT_IN)


def read_municipalities(file: Path) -> Municipalities:
    """Read a table of municipalities.

    Parameters
    ----------
    file
        CSV in UTF-8 or CP932 with the columns of `REQUIRED`; an empty population counts as 0.

    Raises
    ------
    FileError
        If the file cannot be read, lacks a column, or holds a cell that is not a number.
    """
    text = read_text(file, file.name)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    missing = [column for column in REQUIRED if not rows or column not in rows[0]]
    if missing:
        names = {"value": ", ".join(missing), "columns": ", ".join(REQUIRED)}
        raise FileError([problem("towns_columns", file.name, line=1, **names)])
    return _columns([_municipality(file, line, row) for line, row in enumerate(rows, start=2)])


def _municipality(file: Path, line: int, row: dict[str, str]) -> Municipality:
    def number(column: str, kind: Callable[[str], T], empty: str = "") -> T:
        cell = row.get(column) or empty
        try:
            return kind(cell)
        except ValueError:
            wrong = problem("towns_number", file.name, line=line, header=column, value=cell)
            raise FileError([wrong]) from None

    return Municipality(
        code=row["code6"],
        name=row["name"],
        prefecture=row["pref_code"],
        lat=number("lat", float),
        lon=number("lon", float),
        population=number("pop_2020", int, "0"),
        hazards=tuple(hazard for hazard in HAZARDS if number(f"n_emg_{hazard}", int, "0")),
        station=row.get("nearest_station") or row["name"],
    )


def _columns(rows: Sequence[Municipality]) -> Municipalities:
    return Municipalities(
        code=np.array([row.code for row in rows]),
        name=np.array([row.name for row in rows]),
        prefecture=np.array([row.prefecture for row in rows]),
        lat=np.array([row.lat for row in rows]),
        lon=np.array([row.lon for row in rows]),
        population=np.array([row.population for row in rows], dtype=np.int64),
        hazards=np.array([[hazard in row.hazards for hazard in HAZARDS] for row in rows]),
        station=np.array([row.station for row in rows]),
    )
