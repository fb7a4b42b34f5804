"""The instance as built: what measures taken open or add is there, and no measure is left to be decided."""

from __future__ import annotations

from typing import Any

import numpy as np

from nichiiki_models.allocation import Allocation, MeasureTaken, Payment
from nichiiki_models.columns import ListColumn
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Measure

COLUMNS = {"role": ("roles", "max_holders"), "supporter": ("supporters", "caseload")}


def as_built(instance: Instance, allocation: Allocation) -> tuple[Instance, Allocation]:
    """Carry out the measures of an allocation.

    Parameters
    ----------
    instance
        What was allocated.
    allocation
        An allocation of it that passes `verify`.

    Returns
    -------
    instance, allocation
        The instance with what its measures add, and the same places in it. A measure that counts only from some period
        adds its units, seats, holders and cases in every period; a house that it opens stays closed before.
    """
    if not len(instance.measures):
        return instance, allocation
    tables: dict[str, Any] = {"measures": Table.empty(Measure)}
    for row in instance.measures.find(allocation.measures["measure_id"]).tolist():
        _build(instance, tables, instance.measures.row(row))
    built = instance.replace(**tables)
    nothing = {"measures": Table.empty(MeasureTaken), "payments": Table.empty(Payment)}
    return built, allocation.replace(instance_hash=built.hash, **nothing)


def _build(instance: Instance, tables: dict[str, Any], measure: Measure) -> None:
    """Carry out one measure."""
    if measure.target_kind == "house":
        _build_house(instance, tables, measure)
        return
    if measure.target_kind == "facility":
        table = tables.get("seats", instance.seats)
        here = (table["facility_id"] == measure.target_id) & (table["band"] == str(measure.band))
        tables["seats"] = table.with_columns(seats=table["seats"] + measure.adds * here)
        return
    name, column = COLUMNS[measure.target_kind]
    table = tables.get(name, instance.tables[name])
    here = table[table.schema.key[0]] == measure.target_id
    tables[name] = table.with_columns(**{column: table[column] + measure.adds * here})


def _build_house(instance: Instance, tables: dict[str, Any], measure: Measure) -> None:
    table = tables.get("houses", instance.houses)
    here = table["house_id"] == measure.target_id
    changes: dict[str, Any] = {"units": table["units"] + measure.adds * here, "ready": table["ready"] | here}
    if measure.from_period is not None and not table["ready"][np.flatnonzero(here)[0]]:
        periods = instance.periods["period_id"].tolist()
        early = tuple(periods[: periods.index(measure.from_period)])
        closed = [
            tuple(dict.fromkeys((*cell, *early))) if mine else cell
            for cell, mine in zip(table.lists("closed_periods"), here.tolist(), strict=True)
        ]
        changes["closed_periods"] = ListColumn.from_lists(closed)
    tables["houses"] = table.with_columns(**changes)
