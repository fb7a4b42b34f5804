"""An allocation beside its instance, indexed once: who is who, and in which periods everything holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from nichiiki.report.lazily import Numbers, all_of, one_each
from nichiiki_models.allocation import Allocation, Item, Placement, Stay, Unplaced
from nichiiki_models.columns import Array, is_in, runs
from nichiiki_models.instance import Instance
from nichiiki_models.tables import Facility, House, Household, Region, Role
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.wishes import stay_answers, wish_rows
from nichiiki_solver.verify.works import Works


class Facts:
    """An allocation beside its instance.

    Parameters
    ----------
    instance, allocation
        What was solved, and the answer. Ids that the instance does not know are shown as they are.
    """

    def __init__(self, instance: Instance, allocation: Allocation) -> None:
        self.instance = instance
        self.allocation = allocation
        self.periods: list[str] = instance.periods["period_id"].tolist()
        self.position = {period: index for index, period in enumerate(self.periods)}

    @cached_property
    def regions(self) -> dict[str, Region]:
        """Regions by id."""
        return {row.region_id: row for row in self.instance.regions.rows()}

    @cached_property
    def households(self) -> Mapping[str, Household]:
        """Households by id."""
        return one_each(self.instance.households)

    @cached_property
    def houses(self) -> Mapping[str, House]:
        """Houses by id."""
        return one_each(self.instance.houses)

    @cached_property
    def facilities(self) -> Mapping[str, Facility]:
        """Facilities by id."""
        return one_each(self.instance.facilities)

    @cached_property
    def roles(self) -> Mapping[str, Role]:
        """Roles by id."""
        return one_each(self.instance.roles)

    @cached_property
    def placements(self) -> Mapping[str, Placement]:
        """Placements by household."""
        return one_each(self.allocation.placements)

    @cached_property
    def stays(self) -> Mapping[str, list[Stay]]:
        """Stays by household."""
        return all_of(self.allocation.stays)

    @cached_property
    def items(self) -> Mapping[str, list[Item]]:
        """School seats, care places, desks, roles and experiences by household."""
        return all_of(self.allocation.items)

    @cached_property
    def unplaced(self) -> Mapping[str, list[Unplaced]]:
        """Reasons why a household has no place, by household."""
        return all_of(self.allocation.unplaced)

    @cached_property
    def waiting(self) -> Array:
        """Ids of the households without a place, in canonical order; after them others that reasons are stated for all the same."""
        ids = self.instance.households["household_id"][~self.book.is_placed]
        stated = runs(self.allocation.unplaced["household_id"])[0]
        return np.concatenate((ids, stated[~is_in(stated, ids.tolist())]))

    @cached_property
    def silent(self) -> Array:
        """Ids of the households without a place for which no reason is stated."""
        has_none = ~self.book.is_placed
        stated = self.instance.households.find(runs(self.allocation.unplaced["household_id"])[0])
        has_none[stated[stated >= 0]] = False
        return self.instance.households["household_id"][has_none]

    @cached_property
    def members(self) -> Mapping[str, int]:
        """Number of persons by household."""
        return Numbers(self.instance.households["household_id"], self.book.household_size)

    @property
    def placed_persons(self) -> int:
        """Number of persons of all households with a place."""
        return int(self.book.household_size[self.book.is_placed].sum())

    @cached_property
    def book(self) -> Book:
        """Instance and allocation, joined."""
        return Book(self.instance, self.allocation)

    @cached_property
    def cleaning(self) -> Array:
        """Mask of the periods in which a house stays empty after a stay (`gap_periods`), shape (periods, houses)."""
        stays, houses = self.book.stays, self.instance.houses
        kept = self.book.calendar.with_gaps(stays.held, houses["gap_periods"][stays.house]) & ~stays.held
        found = np.zeros((len(self.periods), len(houses)), dtype=bool)
        for period, rows in enumerate(kept):
            found[period, stays.house[rows]] = True
        return found

    def row_of(self, house: str) -> int:
        """Return the row of a house in the table of houses; -1 if there is none."""
        return int(self.instance.houses.find(np.array([house]))[0])

    @property
    def works(self) -> Works:
        """The measures taken."""
        return self.book.works

    @cached_property
    def units(self) -> Array:
        """Units of each house in each period, those that measures add or open included; shape (periods, houses)."""
        return self.works.units()

    @cached_property
    def open_periods(self) -> list[str]:
        """Periods in which stays are possible, in calendar order."""
        flags = self.instance.periods["open"].tolist()
        return [period for period, is_open in zip(self.periods, flags, strict=True) if is_open]

    @cached_property
    def after(self) -> dict[str, str]:
        """The next period of the same slot, where there is one."""
        found: dict[str, str] = {}
        last: dict[str, str] = {}
        for period, slot in zip(self.periods, self.instance.periods["slot"].tolist(), strict=True):
            if slot in last:
                found[last[slot]] = period
            last[slot] = period
        return found

    def in_order(self, periods: Iterable[str]) -> list[str]:
        """Return periods in calendar order."""
        return sorted(set(periods), key=lambda period: self.position.get(period, len(self.periods)))

    def stay_periods(self, household: str) -> list[str]:
        """Return the periods of all stays of a household, in calendar order."""
        return self.in_order(period for stay in self.stays.get(household, ()) for period in stay.periods)

    def region_name(self, region: str) -> str:
        """Return the name of a region, or its id if it has none."""
        row = self.regions.get(region)
        return row.name if row and row.name else region

    def target_name(self, target: str) -> str:
        """Return name or title of a facility, role, experience or supporter, with its id."""
        name = self._names.get(target)
        return f"{name} ({target})" if name else target

    @cached_property
    def _names(self) -> dict[str, str]:
        named = {"supporters": "name", "experiences": "title", "facilities": "name", "roles": "title"}
        tables = ((self.instance.tables[table], column) for table, column in named.items())
        return {
            key: name
            for table, column in tables
            for key, name in zip(table[table.id_column].tolist(), table[column].tolist(), strict=True)
        }

    def shown_periods(self, periods: Iterable[str]) -> str:
        """Return periods as runs: ``2026-04 – 2026-06, 2026-09``."""
        ordered = self.in_order(periods)
        starts = [p for i, p in enumerate(ordered) if i == 0 or self.after.get(ordered[i - 1]) != p]
        ends = [
            p for i, p in enumerate(ordered) if i + 1 == len(ordered) or self.after.get(p) != ordered[i + 1]
        ]
        return ", ".join(a if a == b else f"{a} – {b}" for a, b in zip(starts, ends, strict=True))

    def stay_rank(self, stay: Stay) -> int | None:
        """Return the best rank of the wishes that a stay fulfils; None if it was not listed, or `verify` cannot judge it."""
        return self._ranks.get(stay.household_id, 0) or None

    def rank_counts(self) -> Counter[int]:
        """Count the households with stays by the rank of their stay, 0 = not listed."""
        ranks, counts = np.unique(self._ranks.numbers[self._ranks.numbers > 0], return_counts=True)
        found = dict(zip(ranks.tolist(), counts.tolist(), strict=True))
        return Counter({0: len(self.stays) - sum(found.values()), **found})

    @cached_property
    def _ranks(self) -> Numbers:
        answers = stay_answers(self.book, wish_rows(self.book, "stay"))
        ranks = np.zeros(len(self.instance.households), dtype=np.int64)
        ranks[answers.household[answers.is_listed]] = answers.rank[answers.is_listed]
        return Numbers(self.instance.households["household_id"], ranks)
