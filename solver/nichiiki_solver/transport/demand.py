"""Routing of demand over shared seats: what carrying everybody costs, what a seat is worth, what one more traveller costs.

The routing is a multicommodity flow on the time-expanded network. A round trip is two paths, out in one period and back in the
same or a later one, carried together or not at all; those with and without a car move on two layers of nodes that share the same
seats. Model M1 of the literature: `min Σ cost · x` under seats, with rents as duals; Ahuja, Magnanti and Orlin, *Network
Flows*, 1993, chapter 17.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nichiiki_models.allocation import Status
from nichiiki_models.errors import UsageError
from nichiiki_solver.flow.columns import MOST
from nichiiki_solver.flow.multicommodity import SharedFlow, multicommodity_flow
from nichiiki_solver.flow.shortest import Floats
from nichiiki_solver.ragged import Bools, Ints, unique_rows
from nichiiki_solver.transport.network import ServiceNetwork
from nichiiki_solver.transport.routes import Routes
from nichiiki_solver.transport.trips import Trips


@dataclass(frozen=True, eq=False)
class RoutedDemand:
    """Persons on round trips under seats, with the proof that no routing costs less.

    Attributes
    ----------
    network, trips, persons
        What was asked for.
    flow
        The multicommodity flow behind it: bound, gap, metric. Its OD pairs are `pair`, its arcs and rows not legs.
    pair
        Of each entry of `trips`: OD pair of the flow; entries alike are one.
    seat_rent_yen
        Of each leg: what one more seat would save, for one person; 0 where seats have no limit. None without a routing.
    """

    network: ServiceNetwork
    trips: Trips
    persons: Ints
    flow: SharedFlow
    pair: Ints
    seat_rent_yen: Floats | None
    _leg: Ints

    @property
    def status(self) -> Status:
        """OPTIMAL, or INFEASIBLE if the seats cannot carry everybody and all must be carried."""
        return self.flow.status

    @property
    def cost_yen(self) -> float | None:
        """Cost of carrying everybody; penalties for those left behind included."""
        return self.flow.cost

    @cached_property
    def routes(self) -> Routes | None:
        """The round trips in use."""
        paths = self.flow.paths
        if paths is None:
            return None
        found = np.ones(len(paths), dtype=bool)
        return Routes(self.network, found, paths.offsets, self._leg[paths.arcs], paths.turn)

    @property
    def amount(self) -> Floats | None:
        """Persons on each of `routes`."""
        return None if self.flow.amount is None else self.flow.amount.astype(float)

    @property
    def route_pair(self) -> Ints | None:
        """OD pair of each of `routes`."""
        return None if self.flow.paths is None else self.flow.paths.pair

    @property
    def load(self) -> Floats | None:
        """Persons on each leg."""
        if self.routes is None or self.amount is None:
            return None
        units = np.repeat(self.amount, np.diff(self.routes.offsets))
        return np.bincount(self.routes.legs, weights=units, minlength=len(self.network)).astype(float)

    @property
    def unserved(self) -> Floats | None:
        """Persons of each entry of `trips` who are left behind; entries alike share what is left in proportion."""
        if self.flow.unserved is None:
            return None
        asked = np.bincount(self.pair, weights=self.persons, minlength=len(self.flow.unserved))
        share = self.flow.unserved / np.maximum(1.0, asked)
        return np.asarray(share[self.pair] * self.persons)

    @property
    def marginal_cost_yen(self) -> Floats | None:
        """Of each entry of `trips`: cost + rents of the cheapest round trip of a person, at most the penalty."""
        return self._of_trips(self.flow.marginal_cost)

    @property
    def marginal_left_yen(self) -> Floats | None:
        """Of each entry of `trips`: what one person less saves; nan where nobody travels."""
        return self._of_trips(self.flow.marginal_left)

    @property
    def marginal_right_yen(self) -> Floats | None:
        """Of each entry of `trips`: what one person more costs; infinite where nobody more can be carried."""
        return self._of_trips(self.flow.marginal_right)

    def _of_trips(self, of_pairs: Floats | None) -> Floats | None:
        return None if of_pairs is None else of_pairs[self.pair]


def route_demand(
    network: ServiceNetwork,
    trips: Trips,
    persons: npt.ArrayLike,
    *,
    minute_yen: int = 0,
    unserved_yen: int | None = None,
) -> RoutedDemand:
    """Route persons over the seats at least cost.

    The cost is what the operators' seats cost and, if asked for, what minutes are worth; fares move money and are not in it.
    Time limits of trips do not count here. Every answer has passed the checks of `nichiiki_solver.flow.rent_certificate`,
    the rent identity `Σ persons · marginal cost = cost + Σ seats · rent` among them.

    Parameters
    ----------
    network, trips
        The services and who wants to go where; of a party every person takes a seat.
    persons
        Persons on each entry of `trips`, whole, ≥ 0.
    minute_yen
        Value of a minute of a person; `rules.demand.minute_value_yen` is one. With 0 a traveller may be sent a long
        way round where that costs no operator anything.
    unserved_yen
        Cost of a person who cannot make the round trip; None if all must be carried.

    Raises
    ------
    UsageError
        If persons are no whole numbers ≥ 0, one a trip, or minutes are worth less than nothing.
    VerificationError
        If the answer fails its check; nothing is returned then.

    Examples
    --------
    The plane to the second home has 240 seats in each direction and month; some must take a train and a bus one way.

    >>> import nichiiki as nk
    >>> from nichiiki.transport import round_trips, route_demand, service_network
    >>> instance = nk.load("flagship")
    >>> network = service_network(instance, houses=[])
    >>> trip = round_trips(network, ["tokyo23"], ["ap-shirahama"], out_period=["2026-08"])
    >>> routed = route_demand(network, trip, [300], minute_yen=40, unserved_yen=100_000)
    >>> routed.cost_yen, routed.unserved.tolist(), routed.marginal_cost_yen.tolist()
    (7430400.0, [0.0], [35840.0])
    """
    count = np.asarray(persons)
    if count.shape != (len(trips),) or count.dtype.kind not in "iu" or count.min(initial=0) < 0:
        raise UsageError(f"persons: a whole number, 0 or more, is needed for each of {len(trips)} trips")
    if minute_yen < 0:
        raise UsageError(f"minute_yen: 0 or more is needed, got {minute_yen}")
    columns = trips.origin, trips.destination, trips.out_period, trips.back_period, trips.car
    (origin, destination, out, back, car), pair = unique_rows(*columns)
    arcs = _Arcs(network, bool(car.any()))
    leave, stay = network.points.leaving, origin == destination
    flow = multicommodity_flow(
        arcs.tail,
        arcs.head,
        arcs.capacity,
        (network.seat_cost_yen + minute_yen * network.minutes)[arcs.leg],
        arcs.node(leave(origin), out, car),
        arcs.node(np.where(stay, leave(origin), destination), out, car),
        np.bincount(pair, weights=count, minlength=len(origin)).astype(np.int64),
        nodes=arcs.nodes,
        penalty=unserved_yen,
        seat=arcs.seat,
        back=(
            arcs.node(leave(destination), back, car),
            arcs.node(np.where(stay, leave(destination), origin), back, car),
        ),
    )
    rent = None if flow.seat_rent is None else np.append(flow.seat_rent, 0.0)[arcs.seat_of_leg]
    return RoutedDemand(network, trips, count.astype(np.int64), flow, pair, rent, arcs.leg)


class _Arcs:
    """Legs as arcs: once for everybody, and once more for those with a car, on the same seats."""

    def __init__(self, network: ServiceNetwork, with_cars: bool) -> None:
        self._network = network
        self._layers = bool(with_cars and network.needs_car.any())
        on_foot = np.flatnonzero(~network.needs_car)
        both = np.arange(len(network)) if self._layers else np.zeros(0, dtype=np.int64)
        self.leg = np.concatenate((on_foot, both))
        shift = np.repeat([0, network.nodes], [len(on_foot), len(both)])
        self.tail, self.head = network.tail[self.leg] + shift, network.head[self.leg] + shift
        self.nodes = network.nodes * (2 if self._layers else 1)
        limited = np.flatnonzero(network.seats >= 0)
        self.capacity = np.append(network.seats[limited], MOST)
        self.seat_of_leg = np.full(len(network), len(limited))
        self.seat_of_leg[limited] = np.arange(len(limited))
        self.seat = self.seat_of_leg[self.leg]

    def node(self, point: Ints, period: Ints, car: Ints | Bools) -> Ints:
        """Node of a point in a period, on the layer of those with a car if there is one."""
        network = self._network
        shift = network.nodes * np.asarray(car, dtype=np.int64) if self._layers else 0
        return np.asarray(period * len(network.points) + point + shift)
