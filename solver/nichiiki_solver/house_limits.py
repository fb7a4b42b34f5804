"""What each house allows at most, whoever comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver.measures import Additions
from nichiiki_solver.ragged import Ints

NO_LIMIT = np.int64(1) << 40
"""Stands where there is no limit."""
SEVERAL_UNITS = ("room", "hotel")
"""Kinds of houses of which one household may take several units."""


@dataclass(frozen=True)
class HouseLimits:
    """Limits of houses, by row of their table.

    Attributes
    ----------
    shortest, longest
        Least and most periods of a run; 0 and `NO_LIMIT` where there is no limit.
    persons
        Persons a unit.
    units
        Most units for one household, those that measures could add included.
    """

    shortest: Ints
    longest: Ints
    persons: Ints
    units: Ints

    @classmethod
    def of(cls, instance: Instance, additions: Additions) -> HouseLimits:
        """Read the limits of an instance's houses."""
        houses = instance.houses
        most = houses["units"] + additions.house_adds
        return cls(
            np.where(houses["min_stay"] == NULL_INT, 0, houses["min_stay"]),
            np.where(houses["max_stay"] == NULL_INT, NO_LIMIT, houses["max_stay"]),
            houses["capacity_persons"],
            np.where(np.isin(houses["kind"], SEVERAL_UNITS), most, np.minimum(1, most)),
        )

    def units_for(self, persons: Ints, house: Ints) -> Ints:
        """Units that so many persons take in each of some houses."""
        return -(-np.maximum(persons, 1) // self.persons[house])
