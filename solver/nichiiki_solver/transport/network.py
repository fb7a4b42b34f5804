"""The service network: every link in each direction and period in which it runs, and the last ways to houses.

A *leg* is a link in one direction and one period. A link runs in its own periods, forwards and, if `both_ways`, backwards;
each direction has the link's seats to itself, in each period anew. Straight ways between a house and the office and stops of its
region are legs without a link: they cost nothing and have no limit. Rules: docs/explanation/rules.md, section 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.ragged import Array, Bools, Ints
from nichiiki_solver.transport.points import Points, points_with
from nichiiki_solver.travel import directed_links, link_parts, straight_legs

UNLIMITED = -1
"""Seats of a leg without a limit."""


@dataclass(frozen=True, eq=False)
class ServiceNetwork:
    """A time-expanded network as flat arrays, one entry a leg; legs are sorted by period.

    Attributes
    ----------
    instance
        What it was made from.
    periods
        Ids in calendar order; a period is its place there.
    points
        Where ways begin, change and end. Node of a point in a period: period x len(points) + point.
    link
        Row of the links table; -1 for a straight way to or from a house.
    backward
        Whether the leg runs against the link's direction.
    period
        When it runs.
    start, end
        Points.
    minutes
        Minutes.
    fare_yen
        One-way fare of an adult.
    vehicle_yen
        The part of it that is paid per vehicle: all or nothing.
    seats
        Seats in the period; -1 = no limit.
    seat_cost_yen
        Cost of carrying a person.
    operator
        Row of the operators table; -1 = none is named.
    vehicles
        Vehicles at hand; -1 = not said. They are for the reader: how often one turns round in a period is not data.
    needs_car
        Only for travellers with a car of their own.
    begin
        First leg of each period, and the number of legs.
    """

    instance: Instance
    periods: Array
    points: Points
    link: Ints
    backward: Bools
    period: Ints
    start: Ints
    end: Ints
    minutes: Ints
    fare_yen: Ints
    vehicle_yen: Ints
    seats: Ints
    seat_cost_yen: Ints
    operator: Ints
    vehicles: Ints
    needs_car: Bools
    begin: Ints

    def __len__(self) -> int:
        return len(self.link)

    @property
    def nodes(self) -> int:
        """Number of nodes: points times periods."""
        return len(self.points) * len(self.periods)

    @property
    def tail(self) -> Ints:
        """Node that each leg leaves."""
        return self.period * len(self.points) + self.start

    @property
    def head(self) -> Ints:
        """Node that each leg enters."""
        return self.period * len(self.points) + self.end

    def legs_of(self, period: int) -> Ints:
        """Return the legs that run in a period, ascending."""
        return np.arange(self.begin[period], self.begin[period + 1])

    def leg_names(self) -> list[tuple[str, str, str, str]]:
        """Return link (empty = straight way), start, end and period of each leg."""
        links, ids = self.instance.links["link_id"], self.points.ids
        named = [str(links[k]) if k >= 0 else "" for k in self.link.tolist()]
        columns = (ids[self.start].tolist(), ids[self.end].tolist(), self.periods[self.period].tolist())
        return list(zip(named, *columns, strict=True))

    def period_positions(self, name: str, ids: Array) -> Ints:
        """Return the place of each period id in the calendar.

        Raises
        ------
        UsageError
            If there is no such period; `name` is what the column is called.
        """
        place = {period: at for at, period in enumerate(self.periods.tolist())}
        texts = np.asarray(ids, dtype=str).reshape(-1).tolist()
        for row, text in enumerate(texts, start=1):
            if text not in place:
                raise UsageError(f"{name}: row {row} names period {text!r}; periods are {', '.join(place)}")
        return np.array([place[text] for text in texts], dtype=np.int64)


def service_network(instance: Instance, *, houses: Iterable[str] | None = None) -> ServiceNetwork:
    """Build the service network of an instance.

    Parameters
    ----------
    instance
        Links, places, regions, houses, periods, operators and the travel rules are read.
    houses
        Ids of the houses to which trips are wanted; all if None. Fewer make a smaller network.

    Raises
    ------
    UsageError
        If a house is not known.

    Examples
    --------
    >>> import nichiiki as nk
    >>> network = service_network(nk.load("flagship"), houses=[])
    >>> sorted({str(network.points.ids[point]) for point in network.end[network.operator >= 0].tolist()})[:3]
    ['ap-haneda', 'ap-shirahama', 'nasu']
    """
    calendar = Calendar.of(instance)
    points = points_with(instance, instance.houses, _rows(instance, houses))
    of_links = _link_legs(instance, calendar, points)
    by_day = [_repeated(part, len(calendar)) for part in _straight(instance, points)]
    parts = [of_links, *by_day]
    link, backward, period, start, end, minutes, needs_car = (
        np.concatenate([part[k] for part in parts]) for k in range(7)
    )
    order = np.argsort(period, kind="stable")
    link, minutes = link[order], minutes[order].astype(np.int64)
    return ServiceNetwork(
        instance=instance,
        periods=calendar.ids,
        points=points,
        link=link,
        backward=backward[order],
        period=period[order],
        start=start[order],
        end=end[order],
        minutes=minutes,
        **_facts(instance, link),
        needs_car=needs_car[order],
        begin=np.searchsorted(period[order], np.arange(len(calendar) + 1)),
    )


Legs = tuple[Ints, Bools, Ints, Ints, Ints, Ints, Bools]
"""Link, backward, period, start, end, minutes, needs a car."""


def _rows(instance: Instance, houses: Iterable[str] | None) -> Ints:
    if houses is None:
        return np.arange(len(instance.houses))
    names = np.array(sorted(set(houses)), dtype=str)
    rows = instance.houses.find(names) if len(names) else np.zeros(0, dtype=np.int64)
    if len(rows) and rows.min() < 0:
        raise UsageError(f"houses: {str(names[rows.argmin()])!r} is not in the houses table; use its ids")
    return np.sort(rows)


def _link_legs(instance: Instance, calendar: Calendar, points: Points) -> Legs:
    """Legs of links between points, to a house from a point and from a house to a point."""
    first, last, link = directed_links(instance)
    start, end = points.leaving(points.find(first)), points.find(last)
    between_houses = (start >= points.changes) & (end >= points.changes)
    kept = np.flatnonzero((start >= 0) & (end >= 0) & ~between_houses)
    runs = calendar.mask(instance.links.lists("periods"), empty=True)[link[kept]]
    row, period = np.nonzero(runs)
    leg = kept[row]
    backward = leg >= len(instance.links)
    minutes, _, _ = link_parts(instance, link[leg])
    needs_car = instance.links["mode"][link[leg]] == "car"
    return link[leg], backward, period.astype(np.int64), start[leg], end[leg], minutes, needs_car


def _straight(instance: Instance, points: Points) -> list[Legs]:
    """Straight ways to houses and from them, on foot and by car, in the first period."""
    found: list[Legs] = []
    for car in (False, True):
        house, node, minutes, *_ = straight_legs(instance, car=car)
        at = points.arriving(house)
        kept = np.flatnonzero(at >= 0)
        at, node, minutes = at[kept], node[kept], minutes[kept]
        none, now = np.full(len(kept), -1, dtype=np.int64), np.zeros(len(kept), dtype=np.int64)
        away, with_car = points.leaving(at), np.full(len(kept), car)
        found.append((none, np.zeros(len(kept), dtype=bool), now, node, at, minutes, with_car))
        found.append((none, np.ones(len(kept), dtype=bool), now, away, node, minutes, with_car))
    return found


def _repeated(legs: Legs, periods: int) -> Legs:
    """The same legs in every period."""
    size = len(legs[0])
    row = np.tile(np.arange(size), periods)
    link, backward, _, start, end, minutes, needs_car = legs
    period = np.repeat(np.arange(periods), size).astype(np.int64)
    return link[row], backward[row], period, start[row], end[row], minutes[row], needs_car[row]


def _facts(instance: Instance, link: Ints) -> dict[str, Ints]:
    """Columns that a leg takes from its link; a straight way is free and has no limit."""
    links = instance.links
    _, fare, vehicle = link_parts(instance, np.arange(len(links)))
    columns = {
        "fare_yen": (fare, 0),
        "vehicle_yen": (vehicle, 0),
        "seats": (_or_unlimited(links["seats"]), UNLIMITED),
        "seat_cost_yen": (links["seat_cost_yen"], 0),
        "operator": (instance.operators.find(links["operator_id"]), -1),
        "vehicles": (_or_unlimited(links["vehicles"]), UNLIMITED),
    }
    return {
        name: np.append(values, straight).astype(np.int64)[link]
        for name, (values, straight) in columns.items()
    }


def _or_unlimited(values: Ints) -> Ints:
    return np.where(values == NULL_INT, UNLIMITED, values)
