"""Straight ways: distance on the sphere, minutes on foot and by car."""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_models.rules import Travel
from nichiiki_solver.verify.arrays import FAR

EARTH_RADIUS_M = 6_371_008.8


def distance_m(lat: Array, lon: Array, other_lat: Array, other_lon: Array) -> Array:
    """Return the haversine distance in whole metres; positions in degrees."""
    lat, lon, other_lat, other_lon = (np.radians(x) for x in (lat, lon, other_lat, other_lon))
    half = (
        np.sin((other_lat - lat) / 2) ** 2
        + np.cos(lat) * np.cos(other_lat) * np.sin((other_lon - lon) / 2) ** 2
    )
    metres = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return np.asarray(np.rint(metres).astype(np.int64))


def straight_minutes(metres: Array, travel: Travel) -> tuple[Array, Array]:
    """Return full minutes on foot (`FAR` if nobody walks that long) and by car over a straight distance."""
    way = metres * travel.detour_percent
    walk = -(-way // (100 * travel.walk_metres_per_minute))
    drive = -(-way // (100 * travel.car_metres_per_minute))
    return np.where(walk <= travel.walk_max_minutes, walk, FAR), drive
