"""How much of every shared capacity an allocation uses, in every period, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nichiiki.report.facts import Facts
from nichiiki_models.columns import Array, runs
from nichiiki_models.table import Table
from nichiiki_solver.verify.wishes import KIND_OF_FACILITY


@dataclass(frozen=True)
class SeatGroups:
    """The seat rows of each facility and band (a grade, an age band or ``desk``).

    Attributes
    ----------
    facility, band
        Row of the facility, and the band, one a group.
    row
        Row of the seats that count in each period, -1 where none does; shape (periods, groups).
    """

    facility: Array
    band: Array
    row: Array


class Uses:
    """What is used of what, as an allocation states it; shapes are (periods, targets), targets in the order of their table.

    Parameters
    ----------
    facts
        The allocation beside its instance. What it says of targets that the instance does not know is left out.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.calendar = facts.book.calendar
        self._households, lengths = runs(facts.allocation.stays["household_id"])
        self._household = np.repeat(np.arange(len(lengths)), lengths)

    @cached_property
    def _held(self) -> Array:
        """Mask of the periods of each row of stays."""
        return self.calendar.sets(self.facts.allocation.stays.lists("periods"))

    @cached_property
    def _there(self) -> Array:
        """Mask of the periods of all stays of each household that has one, and a last column for those that have none."""
        found = np.zeros((len(self.calendar), len(self._households) + 1), dtype=bool)
        for period, held in enumerate(self._held):
            found[period, self._household[held]] = True
        return found

    def _periods_of(self, households: Array) -> Array:
        """Return the periods of the stays of some households."""
        size = len(self._households)
        at = np.minimum(np.searchsorted(self._households, households), max(0, size - 1))
        known = self._households[at] == households if size else np.zeros(len(households), dtype=bool)
        return self._there[:, np.where(known, at, size)]

    @cached_property
    def houses(self) -> Array:
        """Units that are taken of each house, the gap after each stay included."""
        stays, houses = self.facts.allocation.stays, self.facts.instance.houses
        house = houses.find(stays["house_id"])
        known = house >= 0
        kept = self.calendar.with_gaps(self._held[:, known], houses["gap_periods"][house[known]])
        return _sums(kept * stays["units"][known], house[known], len(houses))

    @cached_property
    def regions(self) -> Array:
        """Households that each region receives."""
        regions = self.facts.instance.regions
        region = regions.find(self.facts.allocation.stays["region_id"])
        found = np.zeros((len(self.calendar), len(regions)), dtype=np.int64)
        for period, held in enumerate(self._held):
            rows = held & (region >= 0)
            pairs = np.unique(self._household[rows] * len(regions) + region[rows])
            found[period] = np.bincount(pairs % max(1, len(regions)), minlength=len(regions))
        return found

    @cached_property
    def supporters(self) -> Array:
        """Households that each supporter has."""
        placements, supporters = self.facts.allocation.placements, self.facts.instance.supporters
        target = supporters.find(placements["supporter_id"])
        known = target >= 0
        held = self._periods_of(placements["household_id"][known])
        return _sums(held, target[known], len(supporters))

    @cached_property
    def experiences(self) -> Array:
        """Households that take part in each experience; shape (experiences,)."""
        _, target = self._items("experience", self.facts.instance.experiences)
        return np.bincount(target, minlength=len(self.facts.instance.experiences))

    @cached_property
    def role_periods(self) -> Array:
        """Mask of the periods in which each role runs."""
        return self.facts.book.own_periods("role")

    @cached_property
    def roles(self) -> Array:
        """Holders of each role: in the periods of their stay, of some roles also in others (rules, section 2)."""
        roles = self.facts.instance.roles
        rows, role = self._items("role", roles)
        household = self.facts.allocation.items["household_id"][rows]
        throughout = (roles["whole_season"] | (roles["remote_share"] == 100))[role]
        if self.facts.instance.rules.limits.roles_at_home:
            throughout = throughout | (self._homes(household) == roles["region_id"][role])
        held = self.role_periods[:, role] & (self._periods_of(household) | throughout)
        return _sums(held, role, len(roles))

    def _homes(self, households: Array) -> Array:
        table = self.facts.instance.households
        return np.append(table["home_region"], "")[table.find(households)]

    @cached_property
    def seat_groups(self) -> SeatGroups:
        """Facilities and bands with seats."""
        seats = self.facts.instance.seats
        facility = self.facts.instance.facilities.find(seats["facility_id"])
        new = np.ones(len(seats), dtype=bool)
        new[1:] = (facility[1:] != facility[:-1]) | (seats["band"][1:] != seats["band"][:-1])
        group = np.cumsum(new) - 1
        row = np.full((len(self.calendar), int(new.sum())), -1, dtype=np.int64)
        always = np.flatnonzero(seats["period_id"] == "all")
        row[:, group[always]] = always
        period = self.calendar.positions(seats["period_id"])
        row[period[period >= 0], group[period >= 0]] = np.flatnonzero(period >= 0)
        return SeatGroups(facility[new], seats["band"][new], row)

    @cached_property
    def seats(self) -> Array:
        """Pupils, child days or desks that are taken of each group of seats."""
        found = np.zeros(self.seat_groups.row.shape, dtype=np.int64)
        for name in KIND_OF_FACILITY:
            found += self._seats_of(name)
        return found

    def _seats_of(self, name: str) -> Array:
        facilities, persons = self.facts.instance.facilities, self.facts.instance.persons
        items, groups = self.facts.allocation.items, self.seat_groups
        rows, facility = self._items(name, facilities)
        rows, facility = (
            each[facilities["kind"][facility] == KIND_OF_FACILITY[name]] for each in (rows, facility)
        )
        person = persons.find(items["person_id"][rows])
        band = np.append(persons["grade"], "")[person]
        if name == "desk":
            band = np.where(person >= 0, "desk", "")
        amount = np.append(persons["care_days"], 1)[person] if name == "care" else 1
        group = _places(groups.facility, groups.band, facility, band)
        held = self._periods_of(items["household_id"][rows]) * amount
        return _sums(held[:, group >= 0], group[group >= 0], len(groups.facility))

    def _items(self, name: str, table: Table[Any]) -> tuple[Array, Array]:
        """Return the rows of the items of a list, and the rows of their targets."""
        items = self.facts.allocation.items
        rows = np.flatnonzero(items["list"] == name)
        target = table.find(items["target_id"][rows])
        return rows[target >= 0], target[target >= 0]


def _sums(amounts: Array, targets: Array, size: int) -> Array:
    """Sum amounts, of shape (periods, rows), by the target of each row."""
    found = np.zeros((len(amounts), size), dtype=np.int64)
    for period, row in enumerate(amounts):
        np.add.at(found[period], targets, row)
    return found


def _places(facility: Array, band: Array, of_facility: Array, of_band: Array) -> Array:
    """Return the place of each pair of a facility and a band among those that ascend, or -1."""
    names, code = np.unique(np.concatenate((band, of_band)), return_inverse=True)
    known = facility * len(names) + code[: len(band)]
    asked = of_facility * len(names) + code[len(band) :]
    at = np.minimum(np.searchsorted(known, asked), max(0, len(known) - 1))
    return np.where(known[at] == asked, at, -1) if len(known) else np.full(len(asked), -1)
