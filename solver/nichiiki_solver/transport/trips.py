"""Round trips asked for: from where to where, out in one period and back in the same or a later one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nichiiki_models.allocation import Allocation
from nichiiki_models.errors import UsageError
from nichiiki_solver.house_limits import NO_LIMIT
from nichiiki_solver.ragged import Array, Bools, Ints
from nichiiki_solver.stays import trip_limit
from nichiiki_solver.transport.network import ServiceNetwork


@dataclass(frozen=True, eq=False)
class Trips:
    """Round trips, one entry each; see `round_trips` for how to make them from ids.

    Attributes
    ----------
    origin, destination
        Points of the network; of a house the number to arrive at.
    out_period, back_period
        When the way out and the way back are made.
    car
        Whether a car is at hand.
    limit_minutes
        Longest one-way trip that the cheapest way may take (`NO_LIMIT` = any).
    """

    origin: Ints
    destination: Ints
    out_period: Ints
    back_period: Ints
    car: Bools
    limit_minutes: Ints

    def __len__(self) -> int:
        return len(self.origin)

    def take(self, rows: Array) -> Trips:
        """Return some of the trips, by index or mask."""
        return Trips(
            self.origin[rows],
            self.destination[rows],
            self.out_period[rows],
            self.back_period[rows],
            self.car[rows],
            self.limit_minutes[rows],
        )


def round_trips(
    network: ServiceNetwork,
    origin: Array | list[str],
    destination: Array | list[str],
    *,
    out_period: Array | list[str],
    back_period: Array | list[str] | None = None,
    car: npt.ArrayLike = False,
    limit_minutes: npt.ArrayLike = NO_LIMIT,
) -> Trips:
    """Read round trips.

    Parameters
    ----------
    network
        Where they are made.
    origin, destination
        Ids of regions, places or houses, one each a trip.
    out_period, back_period
        Ids of periods; back in the same one if None.
    car
        Whether a car is at hand, of each trip or of all.
    limit_minutes
        Longest one-way trip that the cheapest way may take, of each trip or of all.

    Raises
    ------
    UsageError
        If lengths differ, an id is not known, or a trip is back before it is out.
    """
    start, end = network.points.require("origin", origin), network.points.require("destination", destination)
    out = network.period_positions("out_period", np.asarray(out_period))
    back = out if back_period is None else network.period_positions("back_period", np.asarray(back_period))
    lengths = {"destination": len(end), "out_period": len(out), "back_period": len(back)}
    for name, length in lengths.items():
        if length != len(start):
            raise UsageError(f"{name}: {length} entries for the {len(start)} of origin; give one each")
    if (back < out).any():
        row = int((back < out).argmax())
        raise UsageError(
            f"back_period: row {row + 1} is back in {network.periods[back[row]]}, before it is out in "
            f"{network.periods[out[row]]}; name the same or a later period"
        )
    shape = (len(start),)
    return Trips(
        start,
        end,
        out,
        back,
        np.broadcast_to(np.asarray(car, dtype=bool), shape),
        np.broadcast_to(np.asarray(limit_minutes, dtype=np.int64), shape),
    )


def trips_of_allocation(network: ServiceNetwork, allocation: Allocation) -> tuple[Trips, Ints]:
    """Return the round trips of an allocation: one entry for each placed household and period of its stay, out and back in it.

    Parameters
    ----------
    network
        Must hold the houses of the allocation.
    allocation
        Of the network's instance.

    Returns
    -------
    trips, household
        The trips, and the row of the households table of each.
    """
    instance, stays = network.instance, allocation.stays
    periods = stays.lists("periods")
    household = instance.households.find(stays["household_id"][periods.owners])
    home = instance.regions.find(instance.households["home_region"][household])
    house = network.points.require("houses", stays["house_id"])[periods.owners]
    when = network.period_positions("periods", periods.values)
    car, limit = instance.households["car"][household], trip_limit(instance)[household]
    return Trips(home, house, when, when, car, limit), household
