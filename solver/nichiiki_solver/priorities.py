"""Priorities: the points of a household at what a resource belongs to.

A household's points at a resource are its total points plus those of the rows of table `priorities` at the resource's
target: house units belong to the house and its region, reception to the region, seats and carers to the facility, the rest to the
role, supporter or experience. A quota belongs to the house or region it names. Other resources have no target.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.households import total_points
from nichiiki_solver.measures import Plans
from nichiiki_solver.options import Seats
from nichiiki_solver.ragged import Array, Ints
from nichiiki_solver.uses import KINDS, Resources

TABLES = {
    "house": "houses",
    "region": "regions",
    "facility": "facilities",
    "role": "roles",
    "supporter": "supporters",
    "experience": "experiences",
}
_OWN = {
    "role_max": "role",
    "role_min": "role",
    "supporter_caseload": "supporter",
    "experience_places": "experience",
    "experience_min": "experience",
}


class PointsAtTargets:
    """Points of households at resources.

    Parameters
    ----------
    instance
        Holds the points and the table `priorities`.
    resources
        The resources to look up.
    calendar
        The instance's calendar, by which seat rows are numbered.
    """

    def __init__(self, instance: Instance, resources: Resources, calendar: Calendar) -> None:
        self._instance = instance
        sizes = [len(instance.tables[table]) for table in TABLES.values()]
        self._first = dict(zip(TABLES, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
        self._total = total_points(instance)
        self._keys, self._points = self._rows()
        self._targets = self._targets_of(resources, Seats.of(instance, calendar, Plans.of(instance)))

    def at(self, resource: Ints, household: Ints) -> Ints:
        """Return the points of each household at each resource, pair by pair."""
        found = self._total[household].copy()
        for targets in self._targets:
            found += self._extra(targets[resource], household)
        return found

    def _key(self, target: Array, household: Array) -> Ints:
        return np.asarray(target * max(1, len(self._instance.households)) + household, dtype=np.int64)

    def _rows(self) -> tuple[Ints, Ints]:
        """Rows of `priorities`: key of target and household, ascending, and the points."""
        rows = self._instance.priorities
        target = np.zeros(len(rows), dtype=np.int64)
        for kind, table in TABLES.items():
            mine = np.flatnonzero(rows["target_kind"] == kind)
            target[mine] = self._first[kind] + self._instance.tables[table].find(rows["target_id"][mine])
        keys = self._key(target, self._instance.households.find(rows["household_id"]))
        order = np.argsort(keys)
        return keys[order], rows["points"][order]

    def _extra(self, target: Ints, household: Ints) -> Ints:
        """Points of the table's row of each pair, 0 where there is none."""
        if not len(self._keys):
            return np.zeros(len(target), dtype=np.int64)
        keys = self._key(target, household)
        row = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where((target >= 0) & (self._keys[row] == keys), self._points[row], 0)

    def _targets_of(self, resources: Resources, seats: Seats) -> tuple[Ints, Ints]:
        """Return the target of each resource and, for a house, its region (-1 = none)."""
        own, region = np.full(len(resources), -1, dtype=np.int64), np.full(len(resources), -1, dtype=np.int64)
        for kind, target in _OWN.items():
            rows = np.flatnonzero(resources.kind == KINDS.index(kind))
            own[rows] = self._first[target] + resources.thing[rows]
        rows = np.flatnonzero(resources.kind == KINDS.index("care_staff"))
        own[rows] = self._first["facility"] + resources.thing[rows]
        rows = np.flatnonzero(resources.kind == KINDS.index("seats"))
        own[rows] = self._first["facility"] + seats.facility[resources.thing[rows]]
        for rows, houses in (self._houses(resources), self._quotas(resources, "house")):
            own[rows] = self._first["house"] + houses
            region[rows] = self._first["region"] + self._region_of(houses)
        rows = np.flatnonzero(resources.kind == KINDS.index("reception"))
        region[rows] = self._first["region"] + resources.thing[rows]
        rows, regions = self._quotas(resources, "region")
        region[rows] = self._first["region"] + regions
        return own, region

    def _houses(self, resources: Resources) -> tuple[Ints, Ints]:
        rows = np.flatnonzero(resources.kind == KINDS.index("house_units"))
        return rows, resources.thing[rows]

    def _region_of(self, houses: Ints) -> Ints:
        return self._instance.regions.find(self._instance.houses["region_id"][houses])

    def _quotas(self, resources: Resources, kind: str) -> tuple[Ints, Ints]:
        """Resources of quotas that name a target of a kind, and the rows of these targets."""
        quotas = self._instance.quotas
        rows = np.flatnonzero(
            np.isin(
                resources.kind, [KINDS.index(name) for name in ("quota_max", "quota_min", "quota_reserved")]
            )
        )
        rows = rows[quotas["target_kind"][resources.thing[rows]] == kind] if len(rows) else rows
        named = quotas["target_id"][resources.thing[rows]] if len(rows) else np.zeros(0, dtype=object)
        return rows, self._instance.tables[TABLES[kind]].find(named) if len(rows) else rows
