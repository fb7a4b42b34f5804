"""Gates: decisions that open resources. A role or experience that runs with its minimum; a measure with a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.measures import Plans, counting, own_budgets
from nichiiki_solver.ragged import Array, Bools, Ints, offsets_of

Number = Callable[[str, Array, Array | int], Ints]
"""Number of the resource of a kind, thing and period (-1 = without)."""


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
    kept, entries = [], []
    decides = _deciding(instance)
    supplies = {
        row: _supply(instance, calendar, bands, days, row, number)
        for row in np.unique(plans.measure).tolist()
    }
    wanted = {row: _are_in(supplied, in_use) for row, (supplied, _) in supplies.items()}
    own = own_budgets(instance)
    for plan, row in enumerate(plans.measure.tolist()):
        supplied, amount = supplies[row]
        useful = wanted[row] & (amount < 0)
        if useful.any():
            cost = _cost(plans, plan, own, number)
            entries.append((np.append(supplied[useful], cost[0]), np.append(amount[useful], cost[1])))
            kept.append(plan)
    counts = np.array([len(entry[0]) for entry in entries], dtype=np.int64)
    nothing = np.zeros(0, dtype=np.int64)
    return MeasureGates(
        np.array(kept, dtype=np.int64),
        decides[plans.measure[kept]] if kept else nothing,
        np.repeat(np.arange(len(kept)), counts),
        np.concatenate([nothing, *(entry[0] for entry in entries)]).astype(np.int64),
        np.concatenate([nothing, *(entry[1] for entry in entries)]).astype(np.int64),
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


def _supply(
    instance: Instance,
    calendar: Calendar,
    bands: dict[tuple[int, str], int],
    days: Ints,
    row: int,
    number: Number,
) -> tuple[Ints, Ints]:
    """Numbers and (negative) amounts of what a measure supplies."""
    measure = instance.measures.row(row)
    periods = np.flatnonzero(counting(instance, calendar, row))
    amount = np.full(len(periods), -measure.adds, dtype=np.int64)
    name = np.array([measure.target_id])
    match measure.target_kind:
        case "house":
            return _house_supply(instance, int(instance.houses.find(name)[0]), periods, amount, number)
        case "facility":
            facility = int(instance.facilities.find(name)[0])
            band = bands.get((facility, str(measure.band)), -1)
            if band < 0:
                return periods[:0], amount[:0]
            care = instance.facilities["kind"][facility] == "nursery"
            return number("seats", np.array(band), periods), amount * (days[band, periods] if care else 1)
        case "role":
            return number("role_max", instance.roles.find(name), periods), amount
        case _:
            return number("supporter_caseload", instance.supporters.find(name), periods), amount


def _house_supply(
    instance: Instance, house: int, periods: Ints, amount: Ints, number: Number
) -> tuple[Ints, Ints]:
    if not instance.houses["ready"][house]:
        amount = amount - instance.houses["units"][house]
    return number("house_units", np.array(house), periods), amount


def _cost(plans: Plans, plan: int, own: Ints, number: Number) -> tuple[Ints, Ints]:
    """Numbers of the budgets that a plan takes money from, and the yen."""
    paid = slice(plans.offsets[plan], plans.offsets[plan + 1])
    numbers, yen = number("programme", plans.programme[paid], -1), plans.amount_yen[paid]
    region, money = plans.own_region[plan], plans.own_yen[plan]
    if region >= 0 and own[region] != NULL_INT and money > 0:
        numbers, yen = np.append(numbers, number("own", np.array([region]), -1)), np.append(yen, money)
    return numbers, yen


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
