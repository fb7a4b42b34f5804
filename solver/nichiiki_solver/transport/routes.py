"""The round trip that travellers take, and what it takes: legs, minutes, fare, cost, and which operator carries them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from nichiiki_models.errors import UsageError
from nichiiki_solver.ragged import Bools, Ints, expand_rows, offsets_of
from nichiiki_solver.transport.network import ServiceNetwork
from nichiiki_solver.transport.trips import Trips
from nichiiki_solver.transport.ways import WayFinder, Ways
from nichiiki_solver.travel import (
    CHEAPEST,
    FASTEST,
    MINUTE_BITS,
    Labels,
    Packing,
    trip_cost_yen,
)

Criterion = Literal["household", "cost"]
MOST_COST = (1 << (53 - MINUTE_BITS - 1)) - 1
"""Largest rent that counts by cost: a way with one that high is not exact and refused."""
MOST_PRICE = 250_000
"""Largest fare and rent of a leg together by which households choose: what `links.fare_yen` may be."""


@dataclass(frozen=True, eq=False)
class Routes:
    """The round trip used for each entry of `Trips`.

    Where there is no way out or no way back, `found` is false and everything else is 0 or empty.

    Attributes
    ----------
    network
        Where they run.
    found
        Whether there is a way in both directions.
    offsets, legs
        Legs of the round trip (CSR), the way out first.
    turn
        Number of legs of the way out.
    """

    network: ServiceNetwork
    found: Bools
    offsets: Ints
    legs: Ints
    turn: Ints

    def __len__(self) -> int:
        return len(self.found)

    @cached_property
    def owner(self) -> Ints:
        """Round trip of each entry of `legs`."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @cached_property
    def out(self) -> Ways:
        """The ways out."""
        return self._part(self.offsets[:-1], self.turn)

    @cached_property
    def back(self) -> Ways:
        """The ways back."""
        return self._part(self.offsets[:-1] + self.turn, np.diff(self.offsets) - self.turn)

    @property
    def minutes(self) -> Ints:
        """Minutes there and back."""
        return self.sums(self.network.minutes)

    @property
    def fare_yen(self) -> Ints:
        """Single fares of one adult there and back, what is paid per vehicle included."""
        return self.sums(self.network.fare_yen)

    @property
    def seat_cost_yen(self) -> Ints:
        """Cost of carrying one person there and back."""
        return self.sums(self.network.seat_cost_yen)

    @property
    def limited(self) -> Bools:
        """Whether a leg has a limit of seats."""
        return self.sums((self.network.seats >= 0).astype(np.int64)) > 0

    def sums(self, values: Ints) -> Ints:
        """Sum of a leg column over each round trip."""
        return Ways(self.found, self.offsets, self.legs).sums(values)

    def party_fare_yen(self, adults: Ints, children: Ints) -> Ints:
        """Single fares of a party there and back: adults in full, children at their share, vehicles once."""
        return self._party(self.out, adults, children) + self._party(self.back, adults, children)

    def operator_fare_yen(self) -> Ints:
        """Single fares of one adult by operator.

        Returns
        -------
        Ints
            Trips x (operators + 1), yen; the last column is links that name no operator. Rows sum to `fare_yen`.
        """
        columns = len(self.network.instance.operators) + 1
        split = np.zeros((len(self), columns), dtype=np.int64)
        at = self.network.operator[self.legs]
        np.add.at(split, (self.owner, np.where(at < 0, columns - 1, at)), self.network.fare_yen[self.legs])
        return split

    def operators_used(self) -> Bools:
        """Which operators carry each trip: trips x operators."""
        used = np.zeros((len(self), len(self.network.instance.operators)), dtype=bool)
        at = self.network.operator[self.legs]
        used[self.owner[at >= 0], at[at >= 0]] = True
        return used

    def load(self, amount: Ints) -> Ints:
        """Persons on each leg when `amount` persons make each round trip."""
        return np.bincount(
            self.legs, weights=np.repeat(amount, np.diff(self.offsets)), minlength=len(self.network)
        ).astype(np.int64)

    def take(self, rows: Ints) -> Routes:
        """Return some of the round trips."""
        _, position = expand_rows(self.offsets, rows)
        lengths = np.diff(self.offsets)[rows]
        return Routes(
            self.network, self.found[rows], offsets_of(lengths), self.legs[position], self.turn[rows]
        )

    def _part(self, start: Ints, counts: Ints) -> Ways:
        position = np.repeat(start - offsets_of(counts)[:-1], counts) + np.arange(int(counts.sum()))
        return Ways(self.found, offsets_of(counts), self.legs[position])

    def _party(self, ways: Ways, adults: Ints, children: Ints) -> Ints:
        network = self.network
        sums = (ways.sums(column) for column in (network.minutes, network.fare_yen, network.vehicle_yen))
        return trip_cost_yen(network.instance, Labels(*sums), adults, children)


def routes(
    network: ServiceNetwork,
    trips: Trips,
    *,
    by: Criterion = "household",
    rent_yen: Ints | None = None,
    minute_yen: int = 0,
) -> Routes:
    """Find the round trip of each entry.

    Parameters
    ----------
    network, trips
        The services and who wants to go where.
    by
        ``household``: each way is the cheapest for an adult if that keeps the time limit, else the fastest, as in the
        rules (section 5), so that the way out costs what `allocate` says it costs. ``cost``: seat costs, minutes at
        `minute_yen` and rents add up to the least, of equals the fewest minutes.
    rent_yen
        Price of a seat on each leg, ≥ 0, added to its fare (``household``) or cost (``cost``); none if None. Fares in
        the answer are without it.
    minute_yen
        Value of a minute for ``cost``; `rules.demand.minute_value_yen` is one.

    Raises
    ------
    UsageError
        If rents are no whole numbers ≥ 0, one a leg.
    InputError
        If ways get so long or dear that sums are no longer exact.

    Examples
    --------
    >>> import nichiiki as nk
    >>> from nichiiki.transport import round_trips, routes, service_network
    >>> network = service_network(nk.load("flagship"), houses=[])
    >>> trip = round_trips(network, ["tokyo23"], ["st-nagano"], out_period=["2026-05"])
    >>> found = routes(network, trip)
    >>> found.minutes.tolist(), found.fare_yen.tolist(), found.turn.tolist()
    ([222], [17100], [2])
    """
    rent = _rents(network, rent_yen)
    if by == "cost":
        weight = _cost_weight(network, rent, minute_yen)
        pair = [WayFinder(network, weight).find(*ends) for ends in ends_of(network, trips)]
    else:
        pair = [_as_households(network, trips, rent, ends) for ends in ends_of(network, trips)]
    return _joined(network, *pair)


Ends = tuple[Ints, Ints, Ints, Bools]
"""Start, end, period, car."""


def ends_of(network: ServiceNetwork, trips: Trips) -> tuple[Ends, Ends]:
    """Ends of the ways out and of the ways back."""
    stays, leave = trips.origin == trips.destination, network.points.leaving
    away = np.where(stays, trips.destination, leave(trips.origin))
    home = np.where(stays, trips.origin, leave(trips.destination))
    out = away, trips.destination, trips.out_period, trips.car
    back = home, trips.origin, trips.back_period, trips.car
    return out, back


def _as_households(network: ServiceNetwork, trips: Trips, rent: Ints, ends: Ends) -> Ways:
    if (network.fare_yen + rent).max(initial=0) > MOST_PRICE:
        raise UsageError(
            f"rent_yen: fare and rent of a leg may be {MOST_PRICE:,} yen together; use by='cost' for more"
        )
    cheapest = _best(network, rent, CHEAPEST, ends)
    fits = cheapest.found & (cheapest.sums(network.minutes) <= trips.limit_minutes)
    if fits.all():
        return cheapest
    return cheapest.chosen(fits, _best(network, rent, FASTEST, ends))


def _best(network: ServiceNetwork, rent: Ints, packing: Packing, ends: Ends) -> Ways:
    weight = packing.pack(network.minutes, network.fare_yen + rent, network.vehicle_yen)
    return WayFinder(network, weight, packing).find(*ends)


def _cost_weight(network: ServiceNetwork, rent: Ints, minute_yen: int) -> Ints:
    yen = network.seat_cost_yen + rent + minute_yen * network.minutes
    return (yen << MINUTE_BITS) + network.minutes


def _rents(network: ServiceNetwork, rent_yen: Ints | None) -> Ints:
    if rent_yen is None:
        return np.zeros(len(network), dtype=np.int64)
    rent = np.asarray(rent_yen)
    if rent.shape != (len(network),) or rent.dtype.kind not in "iu" or rent.min(initial=0) < 0:
        raise UsageError(
            f"rent_yen: a whole number of yen, 0 or more, is needed for each of {len(network)} legs"
        )
    return np.minimum(rent.astype(np.int64), MOST_COST)


def _joined(network: ServiceNetwork, out: Ways, back: Ways) -> Routes:
    """Ways out followed by ways back; nothing where one of them is missing."""
    found = out.found & back.found
    turn = np.where(found, np.diff(out.offsets), 0)
    counts = turn + np.where(found, np.diff(back.offsets), 0)
    size = len(found)
    offsets = np.concatenate((out.offsets, out.offsets[-1] + back.offsets[1:]))
    row = np.column_stack((np.arange(size), size + np.arange(size)))[found].ravel()
    _, position = expand_rows(offsets, row)
    return Routes(network, found, offsets_of(counts), np.concatenate((out.legs, back.legs))[position], turn)
