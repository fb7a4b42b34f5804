"""Which stays could be worth more to a household than what is known: a bound for each before anything of it is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nichiiki_solver.ragged import Bools, Ints, group


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
        Of a unit of each house in each period (matrix).
    besides
        Of some households and patterns (matrix of periods): what needs bring at most, households × patterns.
    """

    least: Ints
    utility: int
    price: Ints
    besides: Callable[[Ints, Bools], Ints]

    def could_gain(
        self,
        household: Ints,
        house: Ints,
        utility: Ints,
        which: Ints,
        sets: tuple[Ints, Ints],
        periods: Bools,
    ) -> tuple[Ints, Ints]:
        """Expand wishes to the patterns by which their households could gain; as `expand_rows`.

        Parameters
        ----------
        household, house, utility, which
            Of each wish; `which` is its set of patterns.
        sets
            Sets of patterns (CSR).
        periods
            Periods of each pattern (matrix).
        """
        offsets, pattern = sets
        room = self.utility * utility - self.least[household]
        order, begins = group(which, len(offsets) - 1)
        found = [(order[:0], order[:0])]
        for number in np.flatnonzero(np.diff(begins)).tolist():
            wishes, first = order[begins[number] : begins[number + 1]], offsets[number]
            of_set = periods[pattern[first : offsets[number + 1]]]
            homes, whose = np.unique(household[wishes], return_inverse=True)
            # whole numbers below 2^53, in floats for the sake of a quick product
            cost = self.price[house[wishes]].astype(float) @ of_set.T.astype(float)
            wish, place = np.nonzero(room[wishes][:, None] + self.besides(homes, of_set)[whose] > cost)
            found.append((wishes[wish], first + place))
        row, position = (np.concatenate([pair[k] for pair in found]) for k in range(2))
        sort = np.lexsort((position, row))
        return row[sort], position[sort]
