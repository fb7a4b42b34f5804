"""What each class of travellers is offered: its way, fares and cost with single fares and with each product.

Alternative 0 is single fares, alternative k + 1 is product k. Every traveller has one way for each alternative: that of
`transport.routes` on today's fares, and the same with the legs that the product covers for nothing. Travellers of the
same kind on ways of the same links form a *class* and choose alike, whatever the period.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_solver.pricing.products import Terms, covered_legs, covered_links, terms_of
from nichiiki_solver.pricing.travellers import (
    Travellers,
    payers,
    stated_values,
    travellers_of,
    usable,
)
from nichiiki_solver.ragged import Array, Bools, Ints, unique_rows
from nichiiki_solver.transport.network import ServiceNetwork, service_network
from nichiiki_solver.transport.routes import Routes, routes
from nichiiki_solver.transport.trips import Trips
from nichiiki_solver.transport.ways import Ways
from nichiiki_solver.travel import Labels, trip_cost_yen


@dataclass(frozen=True, eq=False)
class Classes:
    """Travellers who choose alike.

    Attributes
    ----------
    mass
        Parties times months, thousandths.
    entry
        Mass of each of the entries that a class is made of, where shares are rounded for each (`choice = "logit"`).
    heads, payers
        Persons on a seat; full fares in thousandths.
    first_yen, step_yen, most
        The j-th trip is worth ``first - step * (j - 1)``, up to `most` trips.
    bias_yen
        Liking of a flat fee.
    origin, destination
        Points.
    """

    mass: Ints
    entry: Ints
    heads: Ints
    payers: Ints
    first_yen: Ints
    step_yen: Ints
    most: Ints
    bias_yen: Ints
    origin: Ints
    destination: Ints

    def __len__(self) -> int:
        return len(self.mass)


@dataclass(frozen=True, eq=False)
class Offers:
    """The alternatives of every class; matrices are alternatives x classes, yen a round trip of the party.

    Attributes
    ----------
    available
        Whether the class may use the alternative.
    uncovered_yen
        Single fares that stay; of alternative 0 all of them.
    out_yen, back_yen
        Single fares of what the product covers, on the way out and back.
    extra_yen
        Value of the minutes that the way takes longer than that with single fares.
    cost_yen, cover_cost_yen
        Cost of the seats used, and of those on covered legs.
    trip_class, trip_mass
        Traveller entries behind the classes: class and mass; `trip` their row in `routes`.
    unreachable
        Persons without any way, thousandths.
    links
        Which links each product covers.
    row
        Of each entry of `trip_class`: its place among the travellers given.
    """

    network: ServiceNetwork
    terms: list[Terms]
    covered: Bools
    classes: Classes
    available: Bools
    uncovered_yen: Ints
    out_yen: Ints
    back_yen: Ints
    extra_yen: Ints
    cost_yen: Ints
    cover_cost_yen: Ints
    trips: Trips
    routes: list[Routes]
    trip: Ints
    trip_class: Ints
    trip_mass: Ints
    unreachable: int
    links: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    row: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def instance(self) -> Instance:
        """What is priced."""
        return self.network.instance

    @property
    def names(self) -> list[str]:
        """Ids of the products."""
        return [terms.product_id for terms in self.terms]

    def leg_mass(self, alternative: int, *, covered_only: bool) -> csr_array:
        """Persons that each class puts on each leg by a round trip: classes x legs, thousandths of a person."""
        found = self.routes[alternative].take(self.trip)
        owner, legs = found.owner, found.legs
        heads = self.classes.heads[self.trip_class]
        weight = (self.trip_mass * heads)[owner]
        if covered_only:
            kept = self.covered[alternative - 1][legs]
            owner, legs, weight = owner[kept], legs[kept], weight[kept]
        shape = (len(self.classes), len(self.network))
        matrix = csr_array((weight.astype(float), (self.trip_class[owner], legs)), shape=shape)
        matrix.sum_duplicates()
        return matrix

    @cached_property
    def class_trip(self) -> Ints:
        """A trip of each class: all of a class run on the same links."""
        trip = np.zeros(len(self.classes), dtype=np.int64)
        trip[self.trip_class[::-1]] = self.trip[::-1]
        return trip


def make_offers(instance: Instance, allocation: Allocation | None = None) -> Offers:
    """Find out who travels and what each of them is offered.

    Parameters
    ----------
    instance
        Links, products, demand, operators and rules are read.
    allocation
        Whose households travel, beside the demand table.
    """
    houses = [] if allocation is None else np.unique(allocation.stays["house_id"]).tolist()
    network = service_network(instance, houses=houses)
    return offers_for(network, travellers_of(network, allocation))


def offers_for(network: ServiceNetwork, everybody: Travellers) -> Offers:
    """Find out what given travellers are offered.

    Parameters
    ----------
    network
        Must hold the houses that they go to.
    everybody
        The travellers.
    """
    terms, links = terms_of(network), covered_links(network)
    covered = covered_legs(network, links)
    trips, trip = _distinct_trips(everybody.trips)
    found = _routes(network, covered, trips)
    reachable = found[0].found[trip]
    lost = (everybody.mass * (everybody.adults + everybody.children))[~reachable].sum()
    travellers, trip = usable(everybody, reachable), trip[reachable]
    pattern = _link_patterns(network, found, covered, terms, trips)
    offers = _classify(network, terms, covered, travellers, trips, trip, found, pattern, int(lost))
    return replace(offers, links=links, row=np.flatnonzero(reachable))


def _distinct_trips(trips: Trips) -> tuple[Trips, Ints]:
    columns = [np.asarray(getattr(trips, name)).astype(np.int64) for name in Trips.__dataclass_fields__]
    _, number = unique_rows(*columns)
    _, first = np.unique(number, return_index=True)
    return trips.take(first), number


def _routes(network: ServiceNetwork, covered: Bools, trips: Trips) -> list[Routes]:
    """Routes of each alternative; those of a product with what it covers for nothing, fares read as they are."""
    found = [routes(network, trips)]
    for mask in covered:
        free = replace(
            network,
            fare_yen=np.where(mask, 0, network.fare_yen),
            vehicle_yen=np.where(mask, 0, network.vehicle_yen),
        )
        found.append(replace(routes(free, trips), network=network))
    return found


def _link_patterns(
    network: ServiceNetwork, found: list[Routes], covered: Bools, terms: list[Terms], trips: Trips
) -> Array:
    """Number the trips by the links of their ways and the products that hold in their period."""
    arc = np.where(network.link >= 0, network.link * 2 + network.backward, -1)
    keys = []
    for trip in range(len(trips)):
        parts: list[object] = [(int(trips.origin[trip]), int(trips.destination[trip]))]
        for number, route in enumerate(found):
            legs = route.legs[route.offsets[trip] : route.offsets[trip + 1]]
            held = number == 0 or (
                covered[number - 1][legs].any() and not terms[number - 1].blackout[trips.out_period[trip]]
            )
            parts.append(
                (*zip(arc[legs].tolist(), network.end[legs].tolist(), strict=True),) if held else None
            )
        keys.append(tuple(parts))
    number_of = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([number_of[key] for key in keys], dtype=np.int64)


def _classify(
    network: ServiceNetwork,
    terms: list[Terms],
    covered: Bools,
    travellers: Travellers,
    trips: Trips,
    trip: Ints,
    found: list[Routes],
    pattern: Ints,
    unreachable: int,
) -> Offers:
    """Join travellers who choose alike, and read what they are offered."""
    names = ("adults", "children", "stated", "first_yen", "step_yen", "most", "bias_yen", "registration")
    columns = [pattern[trip], *(getattr(travellers, name) for name in names)]
    if network.instance.rules.demand.choice == "logit":
        columns.append(travellers.mass)  # shares are rounded entry by entry
    _, number = unique_rows(*columns)
    size = int(number.max(initial=-1)) + 1
    first = np.zeros(size, dtype=np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    kinds, at = usable(travellers, np.isin(np.arange(len(number)), first)), np.sort(first)
    order = np.empty(size, dtype=np.int64)
    order[number[at]] = np.arange(size)
    number = order[number]
    where = trip[at]
    fares = _party_fares(network, covered, found, where, kinds)
    classes = _classes(
        network, kinds, np.bincount(number, weights=travellers.mass, minlength=size), fares[0][0]
    )
    return Offers(
        network=network,
        terms=terms,
        covered=covered,
        classes=classes,
        available=_available(terms, covered, trips, found, where, kinds),
        uncovered_yen=fares[0],
        out_yen=fares[1],
        back_yen=fares[2],
        extra_yen=_extra(network, found, where, classes),
        cost_yen=np.array([route.seat_cost_yen[where] for route in found]) * classes.heads,
        cover_cost_yen=_cover_cost(network, covered, found, where) * classes.heads,
        trips=trips,
        routes=found,
        trip=trip,
        trip_class=number,
        trip_mass=travellers.mass,
        unreachable=unreachable,
    )


def _classes(network: ServiceNetwork, kinds: Travellers, mass: Array, fare: Ints) -> Classes:
    stated = kinds.stated >= 0
    values = stated_values(network.instance, fare, kinds.stated)
    given = (kinds.first_yen, kinds.step_yen, kinds.most)
    first, step, most = (np.where(stated, a, b) for a, b in zip(values, given, strict=True))
    return Classes(
        mass=mass.astype(np.int64),
        entry=kinds.mass,
        heads=kinds.adults + kinds.children,
        payers=payers(network.instance, kinds.adults, kinds.children),
        first_yen=first,
        step_yen=step,
        most=most,
        bias_yen=kinds.bias_yen,
        origin=kinds.trips.origin,
        destination=kinds.trips.destination,
    )


def _party_fares(
    network: ServiceNetwork, covered: Bools, found: list[Routes], where: Ints, kinds: Travellers
) -> tuple[Ints, Ints, Ints]:
    """Fares of each alternative that stay, and those that a product covers on the way out and back."""
    uncovered, out, back = [], [], []
    for number, route in enumerate(found):
        mask = covered[number - 1] if number else np.zeros(len(network), dtype=bool)
        whole, rest = zip(
            *(_two_fares(network, mask, ways, where, kinds) for ways in (route.out, route.back)), strict=True
        )
        uncovered.append(rest[0] + rest[1])
        out.append(whole[0] - rest[0])
        back.append(whole[1] - rest[1])
    return np.array(uncovered), np.array(out), np.array(back)


def _two_fares(
    network: ServiceNetwork, mask: Bools, ways: Ways, where: Ints, kinds: Travellers
) -> tuple[Ints, Ints]:
    """Fare of a party for a whole way, and for the part of it that is not covered."""
    fares = []
    for left in (np.ones(len(network), dtype=bool), ~mask):
        person, vehicle = (
            ways.sums(np.where(left, column, 0)) for column in (network.fare_yen, network.vehicle_yen)
        )
        labels = Labels(person * 0, person[:], vehicle)
        taken = Labels(labels.minutes[where], labels.fare_yen[where], labels.vehicle_yen[where])
        fares.append(trip_cost_yen(network.instance, taken, kinds.adults, kinds.children))
    return fares[0], fares[1]


def _available(
    terms: list[Terms], covered: Bools, trips: Trips, found: list[Routes], where: Ints, kinds: Travellers
) -> Bools:
    """Whether each class may use each alternative: it is entitled, the product holds and covers something."""
    rows = [np.ones(len(where), dtype=bool)]
    for number, (each, mask) in enumerate(zip(terms, covered, strict=True), start=1):
        covers = found[number].sums(mask.astype(np.int64))[where] > 0
        holds = ~each.blackout[trips.out_period[where]]
        rows.append(covers & holds & each.eligible[kinds.registration] & found[number].found[where])
    return np.array(rows)


def _extra(network: ServiceNetwork, found: list[Routes], where: Ints, classes: Classes) -> Ints:
    minutes = np.array([route.minutes[where] for route in found])
    value = network.instance.rules.demand.minute_value_yen
    return np.asarray((minutes - minutes[0]) * value * classes.heads)


def _cover_cost(network: ServiceNetwork, covered: Bools, found: list[Routes], where: Ints) -> Ints:
    rows = [np.zeros(len(where), dtype=np.int64)]
    rows += [
        found[k + 1].sums(np.where(mask, network.seat_cost_yen, 0))[where] for k, mask in enumerate(covered)
    ]
    return np.array(rows)
