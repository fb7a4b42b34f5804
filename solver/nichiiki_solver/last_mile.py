"""Vehicles of limited links: which stays need one, of which link, in which period.

Rules: docs/explanation/rules.md, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.ragged import Bools, Ints, unique_rows
from nichiiki_solver.stays import Stays, trip_limit
from nichiiki_solver.travel import FASTEST, Travel


@dataclass(frozen=True)
class Vehicles:
    """Vehicles that stays need.

    Attributes
    ----------
    stay, group
        Stays that may need some, and the group (home, house, time limit) of each.
    group_of, link, period
        Each vehicle that a group needs in a period of the calendar, as a row.
    """

    stay: Ints
    group: Ints
    group_of: Ints
    link: Ints
    period: Ints


def find_vehicles(instance: Instance, calendar: Calendar, stays: Stays) -> Vehicles:
    """Work out which vehicles the stays need in every period of the calendar."""
    limited = np.flatnonzero(instance.links["vehicles"] != NULL_INT)
    rows = np.flatnonzero(~instance.households["car"][stays.household])
    nothing = np.zeros(0, dtype=np.int64)
    if not len(limited) or not len(rows):
        return Vehicles(nothing, nothing, nothing, nothing, nothing)
    household = stays.household[rows]
    _, home = np.unique(instance.households["home_region"], return_inverse=True)
    limit = trip_limit(instance)[household]
    (homes, houses, limits), group = unique_rows(home[household], stays.house[rows], limit)
    needed = _needed(instance, calendar, limited, (homes, houses, limits))
    link, group_of, period = np.nonzero(needed)
    return Vehicles(rows, group, group_of, limited[link], period)


Groups = tuple[Ints, Ints, Ints]


def _needed(instance: Instance, calendar: Calendar, limited: Ints, groups: Groups) -> Bools:
    """Array limited links × groups × periods: whether one of its vehicles is needed."""
    free = np.ones(len(instance.links), dtype=bool)
    free[limited] = False
    lacking = ~_has_way(instance, calendar, free, groups)
    needed = np.zeros((len(limited), *lacking.shape), dtype=bool)
    for number, link in enumerate(limited.tolist()):
        if lacking.any():
            needed[number] = lacking & _has_way(
                instance, calendar, free | (np.arange(len(free)) == link), groups
            )
            lacking = lacking & ~needed[number]
    runs = calendar.mask(instance.links.lists("periods").take(limited), empty=True)
    return needed | (lacking[None] & runs[:, None, :])


def _has_way(instance: Instance, calendar: Calendar, links: Bools, groups: Groups) -> Bools:
    """Matrix groups × periods: whether some of the links give a way that keeps the time limit."""
    home, house, limit = groups
    tables = {**instance.tables, "links": instance.links.take(links)}
    part = Travel(Instance.from_tables(tables, instance.rules, checked=True), calendar)
    found = np.zeros((len(home), len(calendar)), dtype=bool)
    for network in range(len(part.running)):
        number = np.full(len(home), network, dtype=np.int64)
        minutes = part.trips(home, house, np.zeros(len(home), dtype=bool), number, FASTEST).minutes
        found[:, part.network_of_period == network] = ((minutes >= 0) & (minutes <= limit))[:, None]
    return found
