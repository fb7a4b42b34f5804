"""Reach of services from a house (地域生活圏): fewest minutes to the nearest place of some kinds.

Rules: docs/explanation/rules.md, section 2.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_models.rules import Reach
from nichiiki_solver.ragged import Array, Ints
from nichiiki_solver.travel import Travel

NO_WAY = np.int64(1) << 40
PAIRS_AT_ONCE = 1 << 20


def nearest_minutes_by_car(instance: Instance, travel: Travel, row: Reach) -> Ints:
    """Matrix houses × (without car, with car): minutes to the nearest place of the kinds, `NO_WAY` if there is none."""
    lat, lon, ids = _services(instance, row)
    size = len(instance.houses)
    best = np.full((size, 2), NO_WAY, dtype=np.int64)
    step = max(1, PAIRS_AT_ONCE // max(1, len(ids)))
    for first in range(0, size if len(ids) else 0, step):
        houses = np.arange(first, min(size, first + step))
        house, service = np.repeat(houses, len(ids)), np.tile(np.arange(len(ids)), len(houses))
        for car in (0, 1):
            minutes = travel.commute_minutes(
                house, lat[service], lon[service], ids[service], np.full(len(house), car == 1)
            )
            least = np.where(minutes < 0, NO_WAY, minutes).reshape(len(houses), len(ids)).min(axis=1)
            best[houses, car] = least
    return best


def _services(instance: Instance, row: Reach) -> tuple[Array, Array, Array]:
    """Latitude, longitude and id of everything that counts."""
    places, facilities = instance.places, instance.facilities
    at = np.flatnonzero(np.isin(places["kind"], row.kinds))
    schools = np.flatnonzero((facilities["kind"] == "school") & ("school" in row.kinds))
    lat, lon = (np.concatenate((places[name][at], facilities[name][schools])) for name in ("lat", "lon"))
    return lat, lon, np.concatenate((places["place_id"][at], facilities["facility_id"][schools]))
