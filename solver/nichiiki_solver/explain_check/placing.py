"""An allocation with one household moved, as the check wants it: no claims, everybody else as before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from nichiiki_models.allocation import Allocation, Item, Placement, Status, Stay, Violation
from nichiiki_models.columns import Array, Column, ListColumn
from nichiiki_models.explanation import Witness
from nichiiki_models.instance import Instance
from nichiiki_models.table import Row, Table
from nichiiki_solver.verify import verify

R = TypeVar("R", bound=Row)
LEFT_OUT = ("not_accounted", "measure_unused")
"""Rules of a whole allocation: where one household moves, the others may not be accounted for, and a measure be needed no more."""


def without(allocation: Allocation, gone: Array) -> Allocation:
    """Return the allocation without some households (ids), and without claims.

    Parameters
    ----------
    allocation
        Any allocation.
    gone
        Ids of the households that are taken out.
    """
    tables: dict[str, Any] = {
        name: table.take(~np.isin(table["household_id"], gone))
        for name in ("placements", "stays", "items", "unplaced")
        for table in (getattr(allocation, name),)
    }
    return allocation.replace(levels=(), objective=None, bound=None, status=Status.FEASIBLE, **tables)


def placed(instance: Instance, allocation: Allocation, household_id: str, witness: Witness) -> Allocation:
    """Return the allocation of an instance in which a household has what a witness says, and all others what they have."""
    base = without(allocation, np.array([household_id]))
    house = instance.houses.row(int(instance.houses.find(np.array([witness.house_id]))[0]))
    persons = max(1, int((instance.persons["household_id"] == household_id).sum()))
    supporter = next((target for name, _, target in witness.items if name == "supporter"), None)
    stay = Stay(
        household_id=household_id, house_id=house.house_id, region_id=house.region_id,
        units=-(-persons // house.capacity_persons), periods=witness.periods,
    )  # fmt: skip
    items = [
        Item(household_id=household_id, list=name, person_id=person or None, target_id=target)  # type: ignore[arg-type]
        for name, person, target in witness.items
        if name != "supporter"
    ]
    head = Placement(household_id=household_id, supporter_id=supporter, cost_yen=0)
    return base.replace(
        instance_hash=instance.hash,
        placements=_with_rows(base.placements, [head]),
        stays=_with_rows(base.stays, [stay]),
        items=_with_rows(base.items, items),
    )


def _with_rows(table: Table[R], rows: Sequence[R]) -> Table[R]:
    """Append a few rows to a table, column by column."""
    more = Table.from_rows(table.schema, rows)
    columns = {name: _joined(column, more.columns[name]) for name, column in table.columns.items()}
    return Table(table.schema, columns, rows=len(table) + len(rows))


def _joined(left: Column, right: Column) -> Column:
    if isinstance(left, ListColumn) and isinstance(right, ListColumn):
        offsets = np.concatenate((left.offsets, left.offsets[-1] + right.offsets[1:]))
        return ListColumn(offsets, np.concatenate((left.values, right.values)))
    return np.concatenate((np.asarray(left), np.asarray(right)))


def broken(instance: Instance, allocation: Allocation) -> list[Violation]:
    """List what an allocation breaks; what it states of itself, who is not accounted for, and what nobody needs is left out."""
    found = verify(instance, allocation)
    return [v for v in found if not v.rule.startswith("claim_") and v.rule not in LEFT_OUT]
