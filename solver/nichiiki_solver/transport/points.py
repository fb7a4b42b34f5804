"""The points of a service network: where ways begin, change and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import House
from nichiiki_solver.ragged import Array, Ints
from nichiiki_solver.travel import points_of


@dataclass(frozen=True)
class Points:
    """Regions (their offices), places and houses by number.

    A house has two numbers, one to arrive at and one to leave from, so that no way leads through it.

    Attributes
    ----------
    ids
        Regions, places, houses to arrive at, the same houses to leave from.
    changes
        How many of them are regions or places: from there on there are houses.
    houses
        Rows of the houses table that are in the network.
    """

    instance: Instance
    ids: Array
    changes: int
    houses: Ints

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, ids: Array) -> Ints:
        """Return the number of each id, of a house the one to arrive at; -1 for what is not in the network."""
        point, house = points_of(self.instance, ids), self.instance.houses.find(ids)
        return np.where(point >= 0, point, self.arriving(house))

    def require(self, name: str, ids: Sequence[str] | Array) -> Ints:
        """Return the number of each id.

        Raises
        ------
        UsageError
            If an id is not in the network; `name` is what the column is called.
        """
        texts = np.asarray(ids, dtype=str).reshape(-1)
        found = self.find(texts)
        if len(found) and found.min() < 0:
            row = int(found.argmin())
            raise UsageError(
                f"{name}: row {row + 1} names {str(texts[row])!r}, which is no region, place or house of the network; "
                "use an id of regions, places or houses (and name the house when the network is built)"
            )
        return found

    def arriving(self, house: Ints) -> Ints:
        """Return the number to arrive at of each row of the houses table; -1 where it is not in the network."""
        if not len(self.houses):
            return np.full(len(house), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.houses, house), len(self.houses) - 1)
        return np.where(self.houses[at] == house, self.changes + at, -1)

    def leaving(self, point: Ints) -> Ints:
        """Return the number to leave from of each number to arrive at."""
        return np.where(point >= self.changes, point + len(self.houses), point)


def points_with(instance: Instance, houses: Table[House], rows: Ints) -> Points:
    """Number the regions, the places and some rows of the houses table."""
    regions, places = instance.regions["region_id"], instance.places["place_id"]
    named = houses["house_id"][rows]
    ids = np.concatenate((regions.astype(str), places.astype(str), named.astype(str), named.astype(str)))
    return Points(instance, ids, len(regions) + len(places), rows)
