"""Which stays could be worth more to a household than what is known: a bound for each before anything of it is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nichiiki_solver.calendar import Patterns
from nichiiki_solver.house_limits import HouseLimits
from nichiiki_solver.ragged import Bools, Floats, Ints, group

SHUT = 2.0**52
"""Price of a house in a period in which it is closed: above any room."""


@dataclass(frozen=True)
class Worth:
    """What stays have to reach.

    Attributes
    ----------
    least
        Of each household: what the utility of a stay and its needs less the price of its house must pass.
    utility
        What a unit of utility is worth.
    price
        Of a unit of each house in each period (matrix); `SHUT` where it is closed.
    besides
        Of some households and patterns (matrix of periods): what needs bring at most, households × patterns.
    persons, limits
        Of each household; what houses allow.
    """

    least: Ints
    utility: int
    price: Floats
    besides: Callable[[Ints, Bools], Ints]
    persons: Ints
    limits: HouseLimits

    def could_gain(
        self,
        household: Ints,
        house: Ints,
        utility: Ints,
        which: Ints,
        sets: tuple[Ints, Ints],
        patterns: Patterns,
    ) -> tuple[Ints, Ints]:
        """Expand wishes to the patterns by which their households could gain; as `expand_rows`.

        Parameters
        ----------
        household, house, utility, which
            Of each wish; `which` is its set of patterns.
        sets
            Sets of patterns (CSR).
        patterns
            The patterns.
        """
        offsets, pattern = sets
        room = self.utility * utility - self.least[household]
        units = self.limits.units_for(self.persons[household], house)
        rows = np.flatnonzero(units <= self.limits.units[house])
        order, begins = group(which[rows], len(offsets) - 1)
        found = [(order[:0], order[:0])]
        for number in np.flatnonzero(np.diff(begins)).tolist():
            wishes, first = rows[order[begins[number] : begins[number + 1]]], offsets[number]
            of_set = pattern[first : offsets[number + 1]]
            homes, whose = np.unique(household[wishes], return_inverse=True)
            brings = self.besides(homes, patterns.mask[of_set])[whose] + room[wishes][:, None]
            gains = self._cost(house[wishes], units[wishes], patterns.mask[of_set]) < brings
            wish, place = np.nonzero(gains & self._fits(house[wishes], patterns, of_set))
            found.append((wishes[wish], first + place))
        row, position = (np.concatenate([pair[k] for pair in found]) for k in range(2))
        sort = np.lexsort((position, row))
        return row[sort], position[sort]

    def _cost(self, house: Ints, units: Ints, periods: Bools) -> Floats:
        """What so many units of houses cost over patterns; whole numbers below 2^53, in floats for the sake of a quick product."""
        return np.asarray(self.price[house] @ periods.T.astype(float)) * units[:, None]

    def _fits(self, house: Ints, patterns: Patterns, of_set: Ints) -> Bools:
        """Whether runs are neither too short nor too long for each house."""
        shortest, longest = self.limits.shortest[house], self.limits.longest[house]
        return np.asarray(
            (patterns.shortest_run[of_set] >= shortest[:, None])
            & (patterns.longest_run[of_set] <= longest[:, None])
        )
