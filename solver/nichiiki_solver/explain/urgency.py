"""Who is more urgent where places choose among those who ask (`points`, variant `per_target`): rules in full, section 10."""

from __future__ import annotations

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.explain.room import Room
from nichiiki_solver.priorities import PointsAtTargets
from nichiiki_solver.ragged import Ints


class Urgency:
    """Urgency of households at what is shared: more points there, of equal points earlier in the order.

    Parameters
    ----------
    instance, calendar
        What was allocated.
    room
        Who holds what.
    position
        Place of each household in the order, 0 = first.
    """

    def __init__(self, instance: Instance, calendar: Calendar, room: Room, position: Ints) -> None:
        self.room, self.position = room, position
        self._points = PointsAtTargets(instance, room.uses.resources, calendar)

    def points_at(self, resource: int, household: Ints) -> Ints:
        """Points of households at one resource."""
        return self._points.at(np.full(len(household), resource), household)

    def ahead(self, household: int, resource: Ints) -> Ints:
        """What those who are more urgent than a household hold of resources."""
        row, _, amount = self._more_urgent(household, resource)
        found = np.zeros(len(resource), dtype=np.int64)
        np.add.at(found, row, amount)
        return found

    def last(self, household: int, resource: int) -> int:
        """The least urgent of those who hold some of a resource and are more urgent than a household; -1 if there is none."""
        _, other, amount = self._more_urgent(household, np.array([resource]))
        other = other[amount > 0]
        if not len(other):
            return -1
        return int(other[np.lexsort((self.position[other], -self.points_at(resource, other)))[-1]])

    def _more_urgent(self, household: int, resource: Ints) -> tuple[Ints, Ints, Ints]:
        """Number in `resource`, household and amount of every holder who is more urgent."""
        row, other, amount = self.room.holders(resource)
        theirs = self._points.at(resource[row], other)
        own = self._points.at(resource, np.full(len(resource), household))[row]
        before = self.position[other] < self.position[household]
        more = (theirs > own) | ((theirs == own) & before)
        return row[more], other[more], amount[more]
