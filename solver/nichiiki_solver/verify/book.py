"""What every check reads: the instance and the allocation with ids turned into row numbers.

A row that names something unknown, or contradicts another row, is left out here; `structure` reports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.columns import Array, ListColumn
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Supporter
from nichiiki_solver.verify.arrays import NO_ROW, find, repeats
from nichiiki_solver.verify.calendar import Calendar
from nichiiki_solver.verify.works import Works

PERSON_LISTS = ("school", "care", "desk", "role")
TARGET_TABLE = {
    "stay": "houses",
    "school": "facilities",
    "care": "facilities",
    "desk": "facilities",
    "role": "roles",
    "supporter": "supporters",
    "experience": "experiences",
}


@dataclass(frozen=True)
class Stays:
    """The stays that can be judged, one a household: rows of households and houses, and periods held."""

    household: Array
    house: Array
    held: Array
    """bool, shape (periods, stays)."""
    row: Array
    """Row of the allocation's table."""


@dataclass(frozen=True)
class Items:
    """What placed households got of one list beside the stay.

    `stay` is the index of the household's stay, or -1; `person` is -1 for a supporter or an experience.
    """

    household: Array
    person: Array
    target: Array
    stay: Array

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: Array) -> Items:
        """Return some of the items."""
        return Items(self.household[rows], self.person[rows], self.target[rows], self.stay[rows])


class Book:
    """Instance and allocation, joined."""

    def __init__(self, instance: Instance, allocation: Allocation) -> None:
        self.instance = instance
        self.allocation = allocation
        self.calendar = Calendar(instance.periods)
        self._items: dict[str, Items] = {}

    def with_stays(self, stays: Stays) -> Book:
        """Return a book with other stays, to ask what would be allowed."""
        other = Book(self.instance, self.allocation)
        shared = ("home", "house_region", "household_of_person", "household_size", "works")
        other.__dict__.update({name: getattr(self, name) for name in shared}, stays=stays)
        return other

    @cached_property
    def works(self) -> Works:
        """The measures that are taken."""
        return Works(self)

    # ---- people and places -------------------------------------------------------------------------------

    @cached_property
    def supporters(self) -> list[Supporter]:
        """The rows of the table of supporters."""
        return list(self.instance.supporters.rows())

    @cached_property
    def home(self) -> Array:
        """Row of the home region of each household."""
        return find(self.instance.regions, self.instance.households["home_region"])

    @cached_property
    def house_region(self) -> Array:
        """Row of the region of each house."""
        return find(self.instance.regions, self.instance.houses["region_id"])

    @cached_property
    def household_of_person(self) -> Array:
        """Row of the household of each person."""
        return find(self.instance.households, self.instance.persons["household_id"])

    def house_region_ids(self) -> Array:
        """Id of the region of each house, with an empty one at the end for unknown houses."""
        return np.append(self.instance.houses["region_id"], "")

    def count_persons(self, mask: Array) -> Array:
        """Count the persons of a mask in each household."""
        return np.bincount(self.household_of_person[mask], minlength=len(self.instance.households))

    @cached_property
    def household_size(self) -> Array:
        """Number of persons of each household."""
        return self.count_persons(np.ones(len(self.instance.persons), dtype=bool))

    def targets(self, name: str) -> Table[Any]:
        """Return the table in which the targets of a list of wishes are."""
        return getattr(self.instance, TARGET_TABLE[name])  # type: ignore[no-any-return]

    def target_ids(self, name: str) -> Array:
        """Return the ids of the targets of a list of wishes."""
        table = self.targets(name)
        return table[table.schema.key[0]]

    def target_region(self, name: str) -> Array:
        """Row of the region of each target of a list (supporters: -1)."""
        if name == "supporter":
            return np.full(len(self.instance.supporters), NO_ROW)
        return find(self.instance.regions, self.targets(name)["region_id"])

    # ---- what was given ----------------------------------------------------------------------------------

    @cached_property
    def placement_household(self) -> Array:
        """Row of the household of each placement, -1 if unknown."""
        return find(self.instance.households, self.allocation.placements["household_id"])

    @cached_property
    def is_placed(self) -> Array:
        """Mask of the households that are placed."""
        mask = np.zeros(len(self.instance.households), dtype=bool)
        mask[self.placement_household[self.placement_household >= 0]] = True
        return mask

    @cached_property
    def stay_household(self) -> Array:
        """Row of the household of each row of stays, -1 if it is unknown or not placed."""
        rows = find(self.instance.households, self.allocation.stays["household_id"])
        return np.where((rows >= 0) & _at(self.is_placed, rows), rows, NO_ROW)

    @cached_property
    def stay_house(self) -> Array:
        """Row of the house of each row of stays, -1 if unknown."""
        return find(self.instance.houses, self.allocation.stays["house_id"])

    @cached_property
    def stay_known_periods(self) -> Array:
        """Mask of the rows of stays that name periods, all of them known."""
        lists = self.allocation.stays.lists("periods")
        unknown = self.calendar.positions(lists.values) < 0
        mask = lists.lengths > 0
        mask[lists.owners[unknown]] = False
        return mask

    @cached_property
    def stays_of_household(self) -> Array:
        """Number of rows of stays of each placed household."""
        rows = self.stay_household[self.stay_household >= 0]
        return np.bincount(rows, minlength=len(self.instance.households))

    @cached_property
    def stays(self) -> Stays:
        """The stays that can be judged."""
        single = _at(self.stays_of_household, self.stay_household) == 1
        good = (self.stay_household >= 0) & (self.stay_house >= 0) & single & self.stay_known_periods
        rows = np.flatnonzero(good)
        held = self.calendar.sets(self.allocation.stays.lists("periods").take(rows))
        return Stays(self.stay_household[rows], self.stay_house[rows], held, rows)

    @cached_property
    def stay_of(self) -> Array:
        """Index in `stays` of each household's stay, or -1."""
        index = np.full(len(self.instance.households), NO_ROW, dtype=np.int64)
        index[self.stays.household] = np.arange(len(self.stays.household))
        return index

    @cached_property
    def item_rows(self) -> tuple[Array, Array, Array]:
        """Household (placed), person (of that household) of each row of items, -1 if not; repeated rows."""
        table = self.allocation.items
        households = find(self.instance.households, table["household_id"])
        households = np.where((households >= 0) & _at(self.is_placed, households), households, NO_ROW)
        persons = find(self.instance.persons, table["person_id"])
        persons = np.where(
            (persons >= 0) & (_at(self.household_of_person, persons) == households), persons, NO_ROW
        )
        repeated = repeats(table["household_id"], table["list"], table["person_id"], table["target_id"])
        return households, persons, repeated

    def items(self, name: str) -> Items:
        """Return what was given of one list, without rows that cannot be judged."""
        if name not in self._items:
            self._items[name] = self._supporters() if name == "supporter" else self._items_of(name)
        return self._items[name]

    def _items_of(self, name: str) -> Items:
        table = self.allocation.items
        households, persons, repeated = self.item_rows
        rows = np.flatnonzero((table["list"] == name) & (households >= 0) & ~repeated)
        targets = find(self.targets(name), table["target_id"][rows])
        has_person = table["person_id"][rows] != ""
        right = (persons[rows] >= 0) if name in PERSON_LISTS else ~has_person
        rows, targets = rows[right & (targets >= 0)], targets[right & (targets >= 0)]
        persons = persons[rows] if name in PERSON_LISTS else np.full(len(rows), NO_ROW)
        return Items(households[rows], persons, targets, _at(self.stay_of, households[rows]))

    def _supporters(self) -> Items:
        households = self.placement_household
        targets = find(self.instance.supporters, self.allocation.placements["supporter_id"])
        rows = np.flatnonzero((households >= 0) & (targets >= 0) & ~repeats(households))
        owners = households[rows]
        return Items(owners, np.full(len(rows), NO_ROW), targets[rows], _at(self.stay_of, owners))

    def settled(self, name: str) -> Items:
        """Return the items of a list whose household has a stay that can be judged."""
        items = self.items(name)
        return items.take(items.stay >= 0)

    def own_periods(self, name: str) -> Array:
        """Return the periods in which each target of a list runs, as a mask (periods, targets)."""
        lists: ListColumn = self.targets(name).lists("periods")
        return self.calendar.sets(lists, empty=self.calendar.every)

    # ---- ids, for messages -------------------------------------------------------------------------------

    def stay_ids(self) -> tuple[Array, Array]:
        """Return the ids of household and house of each stay."""
        return (
            self.instance.households["household_id"][self.stays.household],
            self.instance.houses["house_id"][self.stays.house],
        )

    def item_ids(self, name: str, items: Items) -> tuple[Array, ...]:
        """Return the ids of household, person (if any) and target of items."""
        household = self.instance.households["household_id"][items.household]
        target = self.target_ids(name)[items.target]
        if name not in PERSON_LISTS:
            return household, target
        return household, self.instance.persons["person_id"][items.person], target


def _at(values: Array, rows: Array) -> Array:
    """Take rows of a column; where the row is -1 the value means nothing, but is there."""
    if len(values) == 0:
        return np.full(len(rows), NO_ROW).astype(values.dtype)
    return np.asarray(values[rows])
