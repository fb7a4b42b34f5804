"""An allocation beside its instance, indexed once: who is who, and in which periods everything holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import TypeVar

import numpy as np

from nichiiki_models.allocation import Allocation, Item, Placement, Stay
from nichiiki_models.instance import Instance
from nichiiki_models.table import Row, Table
from nichiiki_models.tables import Choice, Facility, House, Household, Person, Region, Role, Seat
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.works import Works

R = TypeVar("R", bound=Row)


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
        return by_id(self.instance.regions)

    @cached_property
    def households(self) -> dict[str, Household]:
        """Households by id."""
        return by_id(self.instance.households)

    @cached_property
    def houses(self) -> dict[str, House]:
        """Houses by id."""
        return by_id(self.instance.houses)

    @cached_property
    def persons(self) -> dict[str, Person]:
        """Persons by id."""
        return by_id(self.instance.persons)

    @cached_property
    def facilities(self) -> dict[str, Facility]:
        """Facilities by id."""
        return by_id(self.instance.facilities)

    @cached_property
    def roles(self) -> dict[str, Role]:
        """Roles by id."""
        return by_id(self.instance.roles)

    @cached_property
    def placements(self) -> dict[str, Placement]:
        """Placements by household."""
        return by_id(self.allocation.placements)

    @cached_property
    def stays(self) -> dict[str, list[Stay]]:
        """Stays by household."""
        return _grouped(self.allocation.stays)

    @cached_property
    def items(self) -> dict[str, list[Item]]:
        """School seats, care places, desks, roles and experiences by household."""
        return _grouped(self.allocation.items)

    @cached_property
    def choices(self) -> dict[str, list[Choice]]:
        """Wishes for a stay by household."""
        table = self.instance.choices
        return _grouped(table.take(table["list"] == "stay"))

    @cached_property
    def seats(self) -> dict[tuple[str, str], dict[str, Seat]]:
        """Seat rows by facility and band, then by period."""
        found: dict[tuple[str, str], dict[str, Seat]] = defaultdict(dict)
        for row in self.instance.seats.rows():
            found[row.facility_id, row.band][row.period_id] = row
        return found

    @cached_property
    def members(self) -> dict[str, int]:
        """Number of persons by household."""
        found: dict[str, int] = defaultdict(int)
        for household in self.instance.persons["household_id"].tolist():
            found[household] += 1
        return found

    @cached_property
    def book(self) -> Book:
        """Instance and allocation, joined."""
        return Book(self.instance, self.allocation)

    @cached_property
    def cleaning(self) -> set[tuple[str, str]]:
        """Houses and periods in which a house stays empty after a stay (`gap_periods`)."""
        stays, houses = self.book.stays, self.instance.houses
        kept = self.book.calendar.with_gaps(stays.held, houses["gap_periods"][stays.house]) & ~stays.held
        period, stay = np.nonzero(kept)
        names, periods = houses["house_id"][stays.house[stay]], self.instance.periods["period_id"]
        return set(zip(names.tolist(), periods[period].tolist(), strict=True))

    @property
    def works(self) -> Works:
        """The measures taken."""
        return self.book.works

    @cached_property
    def units(self) -> dict[tuple[str, str], int]:
        """Units of each house in each period, those that measures add or open included."""
        names = self.instance.houses["house_id"].tolist()
        return {
            (name, period): count
            for period, row in zip(self.periods, self.works.units().tolist(), strict=True)
            for name, count in zip(names, row, strict=True)
        }

    def added(self, kind: str, target: str, period: str, band: str | None = None) -> int:
        """Return what measures add to a target in a period."""
        return self._added.get((kind, target, band, period), 0)

    @cached_property
    def _added(self) -> Counter[tuple[str, str, str | None, str]]:
        found: Counter[tuple[str, str, str | None, str]] = Counter()
        for measure in self.works.measures:
            for at in np.flatnonzero(self.works.counts(measure)).tolist():
                key = (measure.target_kind, measure.target_id, measure.band, self.periods[at])
                found[key] += measure.adds
        return found

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

    def with_gaps(self, stay: Stay, gap: int) -> set[str]:
        """Return the periods a stay keeps a house from others: its own and the gap after each run."""
        held = set(stay.periods)
        for period in stay.periods:
            following = self.after.get(period)
            if following not in stay.periods:
                held |= self._next(period, gap)
        return held

    def _next(self, period: str, gap: int) -> set[str]:
        found: set[str] = set()
        while len(found) < gap and period in self.after:
            period = self.after[period]
            found.add(period)
        return found

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
        given = self.instance
        supporters = {row.supporter_id: row.name for row in given.supporters.rows()}
        experiences = {row.experience_id: row.title for row in given.experiences.rows()}
        facilities = {key: row.name for key, row in self.facilities.items()}
        return {
            **supporters,
            **experiences,
            **facilities,
            **{key: row.title for key, row in self.roles.items()},
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
        """Return the best rank of the wishes that a stay fulfils; None if it was not listed."""
        periods = set(stay.periods)
        own = self._is_own_pattern(stay.household_id, periods)
        ranks = [
            wish.rank
            for wish in self.choices.get(stay.household_id, ())
            if wish.target_id in (stay.house_id, stay.region_id)
            and (periods == set(wish.periods) if wish.periods else own)
        ]
        return min(ranks, default=None)

    def _is_own_pattern(self, household: str, periods: set[str]) -> bool:
        row = self.households.get(household)
        if row is None:
            return False
        window = set(row.stay_periods or self.open_periods)
        if row.stay_kind == "fixed":
            return periods == window
        joined = sum(1 for period in periods if self.after.get(period) in periods) == len(periods) - 1
        return periods <= window and len(periods) == row.stay_length and (joined or row.stay_kind == "any")


def by_id(table: Table[R]) -> dict[str, R]:
    """Return the rows of a table by the first column of their key."""
    return {getattr(row, table.schema.key[0]): row for row in table.rows()}


def _grouped(table: Table[R]) -> dict[str, list[R]]:
    found: dict[str, list[R]] = defaultdict(list)
    for row in table.rows():
        found[getattr(row, "household_id")].append(row)  # noqa: B009
    return found
