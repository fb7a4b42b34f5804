"""Results made by hand, as allocations: last year's list, checked and compared like any other result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nichiiki_models.allocation import Allocation, Status, StopReason, Unplaced
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Previous
from nichiiki_solver.bundles import BundleSource, compile_market

FIELDS = {"school": "schools", "care": "care", "desk": "desks"}


def hand_result(instance: Instance, rows: Iterable[Previous]) -> Allocation:
    """Turn rows in the form of the table `previous` into an allocation of policy ``hand``.

    Parameters
    ----------
    instance
        What was allocated by hand.
    rows
        Who got what. A stay without periods is taken to have those of the household's best possible stay in that house;
        where none is possible, its ``stay_periods``, or all open periods.

    Returns
    -------
    Allocation
        Units, regions and costs are filled in from the instance, so that only what was decided by hand is judged. Nothing is
        claimed of its worth (no levels).
    """
    entries: dict[str, dict[str, Any]] = {}
    known = _Known(instance)
    for row in rows:
        entry = entries.setdefault(row.household_id, _blank(row.household_id))
        if row.item_kind == "stay":
            entry["stays"].append(known.stay(row))
        elif row.item_kind == "supporter":
            entry["supporter_id"] = row.target_id
        elif row.item_kind == "experience":
            entry["experiences"].append(row.target_id)
        elif row.item_kind == "role":
            entry["roles"].setdefault(row.person_id, []).append(row.target_id)
        else:
            entry[FIELDS[row.item_kind]][row.person_id] = row.target_id
    for entry in entries.values():
        entry["cost_yen"] = known.cost_yen(entry)
    missing = [h for h in instance.households["household_id"].tolist() if h not in entries]
    draft = Allocation.model_validate(
        {
            "instance_hash": instance.hash,
            "policy": "hand",
            "status": Status.FEASIBLE,
            "reason": StopReason.PROCEDURE_ENDED,
            "placements": list(entries.values()),
            "unplaced": [],
        }
    )
    reasons = [Unplaced(household_id=household, rule="not_stated") for household in missing]
    return draft.replace(unplaced=Table.from_rows(Unplaced, reasons))


def _blank(household: str) -> dict[str, Any]:
    lists: dict[str, Any] = {"schools": {}, "care": {}, "desks": {}, "roles": {}, "experiences": []}
    return {"household_id": household, "stays": [], **lists, "supporter_id": None, "cost_yen": 0}


class _Known:
    """What the instance says of a stay that was only named."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        source = compile_market(instance).source
        assert isinstance(source, BundleSource)  # noqa: S101 - markets of instances have this source
        self._bundles, self._stays_of = source.bundles, source.stays_of
        self._household = {h: k for k, h in enumerate(instance.households["household_id"].tolist())}
        self._house = {h: k for k, h in enumerate(instance.houses["house_id"].tolist())}
        self._persons: dict[str, int] = {}
        for household in instance.persons["household_id"].tolist():
            self._persons[household] = self._persons.get(household, 0) + 1

    def stay(self, row: Previous) -> dict[str, Any]:
        """Fill in region, units and, where none are named, periods."""
        house = self.instance.houses.row(self._house[row.target_id])
        persons = self._persons.get(row.household_id, 1)
        named = set(row.periods) or self._periods(row)
        return {
            "house_id": row.target_id,
            "region_id": house.region_id,
            "units": -(-persons // house.capacity_persons),
            "periods": tuple(p for p in self._bundles.calendar.ids.tolist() if p in named),
        }

    def _possible(self, household_id: str, house_id: str) -> list[int]:
        """Possible stays of a household in a house, the best rank first."""
        table = self._bundles.stays
        low, high = self._stays_of(self._household[household_id])
        there = [k for k in range(low, high) if table.house[k] == self._house[house_id]]
        return sorted(there, key=lambda k: (int(table.rank[k]), int(table.pattern[k])))

    def _periods(self, row: Previous) -> set[str]:
        possible = self._possible(row.household_id, row.target_id)
        calendar = self._bundles.calendar
        if possible:
            mask = self._bundles.patterns.mask[self._bundles.stays.pattern[possible[0]]]
            return set(calendar.ids[mask].tolist())
        own = self.instance.households.row(self._household[row.household_id]).stay_periods
        return set(own) or set(calendar.ids[calendar.open].tolist())

    def cost_yen(self, entry: dict[str, Any]) -> int:
        """Monthly cost of a household's stay, if it is a possible one."""
        for stay in entry["stays"]:
            for k in self._possible(entry["household_id"], stay["house_id"]):
                mask = self._bundles.patterns.mask[self._bundles.stays.pattern[k]]
                if tuple(self._bundles.calendar.ids[mask].tolist()) == stay["periods"]:
                    return int(self._bundles.stays.cost_yen[k])
        return 0
