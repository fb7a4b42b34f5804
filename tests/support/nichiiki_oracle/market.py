"""An instance as plain dictionaries of row objects, and its calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

from nichiiki_models.instance import Instance
from nichiiki_models.tables import Choice, Household, Period, Person, Seat
from nichiiki_oracle.measures import possible

Periods = tuple[str, ...]
T = TypeVar("T")


class Market:
    """The rows of an instance by id.

    Parameters
    ----------
    instance
        The instance to look at.
    without
        Ids of rules that are left out, to see what they change.
    taken
        Measures that are taken; None: all that the budgets allow to be taken alone, to see what is possible.

    Attributes
    ----------
    calendar
        Ids of all periods in calendar order.
    memo
        Ways and bundles that were found before.
    """

    def __init__(
        self, instance: Instance, *, without: Iterable[str] = (), taken: Iterable[str] | None = None
    ) -> None:
        self.instance = instance
        self.rules = instance.rules
        self.without = frozenset(without)
        self.memo: dict[Any, Any] = {}
        self.regions = {row.region_id: row for row in instance.regions.rows()}
        self.places = {row.place_id: row for row in instance.places.rows()}
        self.households = {row.household_id: row for row in instance.households.rows()}
        self.persons = {row.person_id: row for row in instance.persons.rows()}
        self.houses = {row.house_id: row for row in instance.houses.rows()}
        self.facilities = {row.facility_id: row for row in instance.facilities.rows()}
        self.roles = {row.role_id: row for row in instance.roles.rows()}
        self.supporters = {row.supporter_id: row for row in instance.supporters.rows()}
        self.experiences = {row.experience_id: row for row in instance.experiences.rows()}
        self.seats: dict[tuple[str, str, str], Seat] = {
            (row.facility_id, row.band, row.period_id): row for row in instance.seats.rows()
        }
        self.choices = list(instance.choices.rows())
        self.links = list(instance.links.rows())
        self.quotas = [row for row in instance.quotas.rows() if row.kind == "limit"]
        self.reserved = [row for row in instance.quotas.rows() if row.kind == "reserved" and row.group]
        self.locks = list(instance.locks.rows())
        in_order = sorted(instance.periods.rows(), key=lambda row: (row.starts_on, row.slot, row.period_id))
        self.periods = {row.period_id: row for row in in_order}
        self.calendar: Periods = tuple(self.periods)
        self.position = {period: index for index, period in enumerate(self.calendar)}
        self.programmes = {row.programme_id: row for row in instance.programmes.rows()}
        self.measures = {
            row.measure_id: row for row in sorted(instance.measures.rows(), key=lambda m: m.measure_id)
        }
        self.taken = possible(self) if taken is None else frozenset(taken)

    def applies(self, rule: str) -> bool:
        """Say whether a rule is looked at."""
        return rule not in self.without

    def once(self, key: tuple[Any, ...], find: Callable[[], T]) -> T:
        """Return what was found before under a key, else find it now."""
        if key not in self.memo:
            self.memo[key] = find()
        found: T = self.memo[key]
        return found

    def members(self, household: Household) -> list[Person]:
        """Return the persons of a household in order of their ids."""
        return self.once(("members", household.household_id), lambda: self._members(household))

    def _members(self, household: Household) -> list[Person]:
        found = [row for row in self.persons.values() if row.household_id == household.household_id]
        return sorted(found, key=lambda row: row.person_id)

    def wishes(self, household: Household, name: str, person_id: str | None = None) -> list[Choice]:
        """Return the wish rows of a list of a household, or of one person of it."""
        wanted = (household.household_id, name, person_id)
        return self.once(("wishes", *wanted), lambda: self._wishes(wanted))

    def _wishes(self, wanted: tuple[str, str, str | None]) -> list[Choice]:
        return [row for row in self.choices if (row.household_id, row.list, row.person_id) == wanted]

    def in_order(self, periods: Iterable[str]) -> Periods:
        """Return a set of periods in calendar order."""
        return tuple(sorted(set(periods), key=self.position.__getitem__))

    def own_periods(self, periods: Iterable[str]) -> Periods:
        """Return the periods of a role, link or experience: an empty list means every period."""
        return self.in_order(periods) or self.calendar

    def open_periods(self) -> Periods:
        """Return the periods in which stays are possible."""
        return tuple(period for period in self.calendar if self.periods[period].open)

    def next_neighbour(self, period: str) -> str | None:
        """Return the next period of the same slot, if the calendar has one."""
        later = self.calendar[self.position[period] + 1 :]
        slot = self.periods[period].slot
        return next((other for other in later if self.periods[other].slot == slot), None)

    def chain(self, period: str, length: int) -> Periods:
        """Return a period and the neighbours that follow it, as far as the calendar goes."""
        found: list[str] = []
        at: str | None = period
        while at is not None and len(found) < length:
            found.append(at)
            at = self.next_neighbour(at)
        return tuple(found)

    def runs(self, periods: Iterable[str]) -> list[Periods]:
        """Cut a set of periods into its maximal chains of neighbours."""
        chosen = self.in_order(periods)
        followers = {self.next_neighbour(period) for period in chosen}
        firsts = [period for period in chosen if period not in followers]
        return [self._run_from(period, chosen) for period in firsts]

    def _run_from(self, first: str, chosen: Periods) -> Periods:
        run = [first]
        while (after := self.next_neighbour(run[-1])) is not None and after in chosen:
            run.append(after)
        return tuple(run)

    def seat_row(self, facility_id: str, band: str, period: str) -> Seat | None:
        """Return the seat row that counts in a period: its own, else the row ``all``."""
        return self.seats.get((facility_id, band, period)) or self.seats.get((facility_id, band, "all"))

    def days_of(self, seat: Seat, period: str) -> int:
        """Return the days of care of a seat row in a period."""
        return seat.days if seat.days is not None else days_of_week(self.periods[period])


def days_of_week(period: Period) -> int:
    """Count the Mondays to Fridays of a period (slot weekend: its Saturdays and Sundays)."""
    wanted = (5, 6) if period.slot == "weekend" else (0, 1, 2, 3, 4)
    length = (period.ends_on - period.starts_on).days + 1
    days = [period.starts_on + timedelta(days=number) for number in range(length)]
    return sum(1 for day in days if day.weekday() in wanted)
