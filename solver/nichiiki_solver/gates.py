"""Gates: decisions that open resources. A role or experience that runs with its minimum; a measure with a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.measures import TARGET_TABLE, Plans, counts_from, own_budgets
from nichiiki_solver.ragged import Array, Bools, Ints, expand_rows, group, joined, offsets_of

Number = Callable[[str, Array, Array | int], Ints]
"""Number of the resource of a kind, thing and period (-1 = without)."""
SUPPLIED = {
    "house": "house_units",
    "facility": "seats",
    "role": "role_max",
    "supporter": "supporter_caseload",
}
"""Resources that a measure at each kind of target supplies."""
NO_BAND = -1


@dataclass(frozen=True)
class Gates:
    """Options of gates as columns.

    Attributes
    ----------
    agent
        Number of the gate agent; measures at a house that is not ready are options of one agent.
    plan
        Row of `Plans`; -1 for a role or experience.
    offsets, resource, amount
        What each option uses and supplies (CSR).
    """

    agent: Ints
    plan: Ints
    offsets: Ints
    resource: Ints
    amount: Ints

    def __len__(self) -> int:
        return len(self.agent)

    @property
    def n_agents(self) -> int:
        """Number of gate agents."""
        return int(self.agent.max(initial=-1)) + 1

    @cached_property
    def of_entry(self) -> Ints:
        """Option that each entry belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def at(self, resources: Bools) -> Ints:
        """Options that use or supply some of the resources of a mask, ascending."""
        return np.unique(self.of_entry[resources[self.resource]])


@dataclass(frozen=True)
class MeasureGates:
    """Gates of measures with resources by their raw numbers: plan, deciding measure, entries."""

    plan: Ints
    decides: Ints
    owner: Ints
    number: Ints
    amount: Ints


def measure_gates(
    instance: Instance,
    calendar: Calendar,
    bands: dict[tuple[int, str], int],
    days: Ints,
    plans: Plans,
    number: Number,
    in_use: Ints,
) -> MeasureGates:
    """List a gate for every plan whose measure supplies something that is in use.

    Parameters
    ----------
    bands, days
        Row of each facility and band, and its days of care in each period.
    number
        Numbers resources.
    in_use
        Numbers of the resources that stays and options use, ascending.
    """
    rows = np.unique(plans.measure)
    supply = _supplies(instance, calendar, bands, days, rows, number)
    useful = _are_in(supply.number, in_use) & (supply.amount < 0)
    order, offsets = group(supply.measure[useful], len(instance.measures))
    supplied, amount = supply.number[useful][order], supply.amount[useful][order]
    kept = np.flatnonzero(np.diff(offsets)[plans.measure])
    owner, entry = expand_rows(offsets, plans.measure[kept])
    paying, paid, yen = _costs(instance, plans, kept, number)
    every = np.concatenate((owner, paying))
    # of each plan first what it supplies, then who pays
    sort = np.argsort(every, kind="stable")
    return MeasureGates(
        kept,
        _deciding(instance)[plans.measure[kept]],
        every[sort],
        np.concatenate((supplied[entry], paid))[sort],
        np.concatenate((amount[entry], yen))[sort],
    )


def _are_in(numbers: Ints, ascending: Ints) -> Bools:
    """Mask of the numbers that are among others, found without a pass over these."""
    place = np.searchsorted(ascending, numbers)
    found = np.zeros(len(numbers), dtype=bool)
    inside = place < len(ascending)
    found[inside] = ascending[place[inside]] == numbers[inside]
    return found


def _deciding(instance: Instance) -> Ints:
    """The measure that stands for each: itself, or the first one at its house that is not ready."""
    table = instance.measures
    decides = np.arange(len(table))
    at_house = np.flatnonzero(table["target_kind"] == "house")
    house = instance.houses.find(table["target_id"][at_house])
    closed = ~instance.houses["ready"][house]
    first = np.full(len(instance.houses), len(table), dtype=np.int64)
    np.minimum.at(first, house, at_house)
    decides[at_house[closed]] = first[house[closed]]
    return decides


@dataclass(frozen=True)
class _Supply:
    """What measures supply, an entry a resource: row of the measure, number of the resource, amount (not positive)."""

    measure: Ints
    number: Ints
    amount: Ints


def _supplies(
    instance: Instance,
    calendar: Calendar,
    bands: dict[tuple[int, str], int],
    days: Ints,
    rows: Ints,
    number: Number,
) -> _Supply:
    """List what some measures supply in the periods from which they count."""
    table, parts = instance.measures, []
    counts = np.arange(len(calendar)) >= counts_from(instance, calendar, rows)[:, None]
    for kind in ("house", "facility", "role", "supporter"):
        here = np.flatnonzero(table["target_kind"][rows] == kind)
        thing = instance.tables[TARGET_TABLE[kind]].find(table["target_id"][rows[here]])
        owner, period = np.nonzero(counts[here])
        measure, thing, adds = rows[here][owner], thing[owner], table["adds"][rows[here]][owner]
        if kind == "house":
            # what opens a house that is not ready opens all of it
            adds = adds + np.where(instance.houses["ready"], 0, instance.houses["units"])[thing]
        elif kind == "facility":
            care = instance.facilities["kind"][thing] == "nursery"
            names = zip(thing.tolist(), table["band"][measure].tolist(), strict=True)
            thing = np.array([bands.get(name, NO_BAND) for name in names], dtype=np.int64)
            adds = adds * np.where(care, days[thing, period], 1)
        known = thing >= 0
        parts.append(_Supply(measure[known], number(SUPPLIED[kind], thing, period)[known], -adds[known]))
    return joined(_Supply, parts)


def _costs(instance: Instance, plans: Plans, kept: Ints, number: Number) -> tuple[Ints, Ints, Ints]:
    """Number in `kept` of each plan, number of the budget that it takes money from, and the yen."""
    owner, paid = expand_rows(plans.offsets, kept)
    own, region, money = own_budgets(instance), plans.own_region[kept], plans.own_yen[kept]
    limited = np.flatnonzero((region >= 0) & (np.append(own, NULL_INT)[region] != NULL_INT) & (money > 0))
    return (
        np.concatenate((owner, limited)),
        np.concatenate((number("programme", plans.programme[paid], -1), number("own", region[limited], -1))),
        np.concatenate((plans.amount_yen[paid], money[limited])),
    )


def budget_units(resource: Ints, amount: Ints, is_budget: Bools) -> Ints:
    """Yen that one unit of each budget stands for: the common divisor of all that is asked of it; 1 elsewhere."""
    unit = np.zeros(len(is_budget), dtype=np.int64)
    asked = is_budget[resource]
    np.gcd.at(unit, resource[asked], amount[asked])
    return np.maximum(unit, 1)


def joined_gates(minimums: tuple[Ints, Ints, Ints], found: MeasureGates, resource: Ints, unit: Ints) -> Gates:
    """Put the gates of minimums and those of measures into one table.

    Parameters
    ----------
    minimums
        Offsets, resources and amounts of the gates of roles and experiences, an agent each.
    found, resource
        The gates of measures, and the resource of each of their entries.
    unit
        Units of the resources (`budget_units`).
    """
    first = len(minimums[0]) - 1
    _, agent = np.unique(found.decides, return_inverse=True)
    counts = np.bincount(found.owner, minlength=len(found.plan))
    return Gates(
        np.concatenate((np.arange(first), first + agent.reshape(-1))).astype(np.int64),
        np.concatenate((np.full(first, -1, dtype=np.int64), found.plan)),
        np.concatenate((minimums[0], minimums[0][-1] + offsets_of(counts)[1:])),
        np.concatenate((minimums[1], resource)),
        np.concatenate((minimums[2], found.amount // unit[resource])),
    )
