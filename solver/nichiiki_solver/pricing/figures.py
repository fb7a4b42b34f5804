"""What travellers do at chosen prices, summed as the result shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nichiiki_models.settlement import Settlement
from nichiiki_models.tariff import Figures, FlowResult, OdResult, SettlementRow, Way, ZoneResult
from nichiiki_solver.house_limits import NO_LIMIT
from nichiiki_solver.pricing.amounts import NEED, Ledger
from nichiiki_solver.pricing.choice import NEVER, Best, Floats, best_use, shares
from nichiiki_solver.pricing.offers import Offers
from nichiiki_solver.pricing.rents import Rents
from nichiiki_solver.pricing.schedules import payment
from nichiiki_solver.ragged import Array, Ints
from nichiiki_solver.settlement.settle import RULES, settle

UNNAMED = "unnamed"
"""What links without an operator are called in a settlement."""


@dataclass(frozen=True, eq=False)
class Behaviour:
    """Everybody's choice; matrices alternatives x classes.

    Attributes
    ----------
    mass
        Thousandths of parties that take each alternative.
    bests
        Best use of each alternative, one price each.
    prices
        Price of each product; None where not sold.
    """

    ledger: Ledger
    prices: list[int | None]
    mass: Floats
    bests: list[Best]

    @property
    def offers(self) -> Offers:
        """What was offered."""
        return self.ledger.offers

    def stack(self, name: str) -> Ints:
        """A column of the bests: alternatives x classes."""
        return np.stack([getattr(best, name)[:, 0] for best in self.bests])


def behave(ledger: Ledger, prices: list[int | None]) -> Behaviour:
    """Let everybody choose at the prices of the products."""
    offers, rows = ledger.offers, np.arange(len(ledger.offers.classes))
    bests = [ledger.base]
    for number, price in enumerate(prices, start=1):
        best = best_use(offers, number, rows, np.array([price or 0]))
        net = best.net_yen if price is not None else np.full_like(best.net_yen, NEVER)
        bests.append(Best(best.trips, best.paid_yen, net, best.gross_yen))
    parts = shares(offers, rows, bests[0], bests[1:])
    return Behaviour(ledger, prices, np.stack([part[:, 0] for part in parts]) * offers.classes.mass, bests)


class Sums:
    """Figures of groups of classes and alternatives.

    Parameters
    ----------
    behaviour
        What everybody does.
    rents
        Rent of each leg in yen, or None where rents have no price in yen.
    """

    def __init__(self, behaviour: Behaviour, rents: Floats | None) -> None:
        self.behaviour, self.rents = behaviour, rents
        self.cells = self._cells()

    def figures(self, classes: Array | None = None, alternatives: Iterable[int] | None = None) -> Figures:
        """Sum over a mask of classes and some alternatives; over all if None."""
        rows = range(len(self.behaviour.mass)) if alternatives is None else alternatives
        found: dict[str, int] = {}
        for name, cells in self.cells.items():
            part = cells[list(rows)]
            whole = float((part if classes is None else part[:, classes]).sum())
            found[name] = int(np.rint(whole / 1000)) if name.endswith("_yen") else int(np.rint(whole))
        return Figures(**found)

    def _cells(self) -> dict[str, Floats]:
        """Each figure for each alternative and class, thousandths."""
        behaviour, offers = self.behaviour, self.behaviour.offers
        mass, heads = behaviour.mass, offers.classes.heads
        trips, paid = behaviour.stack("trips"), behaviour.stack("paid_yen")
        base = behaviour.ledger.base.trips[:, 0]
        buys = np.arange(len(mass))[:, None] > 0
        travels = trips > 0
        cells: dict[str, Floats] = {
            "buyers": mass * heads * buys,
            "riders": mass * heads * travels,
            "priced_out": mass
            * heads
            * (~travels & (offers.classes.first_yen > offers.cost_yen[0]) & (offers.classes.most > 0)),
            **self._trips(trips, base, mass * heads),
            "paid_yen": mass * paid,
            "product_yen": mass * buys * (paid - offers.uncovered_yen * trips),
            "cost_yen": mass * offers.cost_yen * trips,
            "product_cost_yen": mass * offers.cover_cost_yen * trips * buys,
            "admin_yen": mass * behaviour.ledger.admin_yen(np.arange(len(base))) * buys,
            "cannibalised_yen": mass * buys * behaviour.ledger.base.paid_yen[:, 0],
            "gift_yen": mass * self._gifts(),
            "need_yen": mass * self._needs(),
            "surplus_yen": mass * np.where(mass > 0, behaviour.stack("net_yen"), 0),
        }
        if self.rents is not None:
            cells["seat_rent_yen"] = self._rent(trips)
        return cells

    @staticmethod
    def _trips(trips: Ints, base: Ints, weight: Floats) -> dict[str, Floats]:
        before = base > 0
        return {
            "trips_existing": weight * np.minimum(trips, base),
            "trips_induced": weight * np.where(before, np.maximum(trips - base, 0), 0),
            "trips_new": weight * np.where(before, 0, trips),
            "trips_lost": weight * np.maximum(base - trips, 0),
        }

    def _gifts(self) -> Ints:
        """What buyers save on the trips that they made anyway."""
        offers, base = self.behaviour.offers, self.behaviour.ledger.base
        rows = np.arange(len(offers.classes))
        saved = [np.zeros(len(rows), dtype=np.int64)]
        for number, price in enumerate(self.behaviour.prices, start=1):
            paid = payment(offers, number, rows, base.trips, np.array([price or 0]))[:, 0]
            saved.append(np.where(base.trips[:, 0] > 0, np.maximum(base.paid_yen[:, 0] - paid, 0), 0))
        return np.stack(saved)

    def _needs(self) -> Floats:
        ledger, rows = self.behaviour.ledger, np.arange(len(self.behaviour.offers.classes))
        return np.stack(
            [ledger.amounts(k, rows, best)[NEED, :, 0] for k, best in enumerate(self.behaviour.bests)]
        )

    def _rent(self, trips: Ints) -> Floats:
        """Rents of the seats used by products, thousandths of a yen."""
        offers, rents = self.behaviour.offers, self.rents
        assert rents is not None  # noqa: S101 - the caller has looked
        mass = np.maximum(offers.classes.mass, 1)
        cells = [np.zeros(len(mass))]
        for k in range(1, len(trips)):
            each = offers.leg_mass(k, covered_only=True) @ rents / mass
            cells.append(self.behaviour.mass[k] * trips[k] * each)
        return np.stack(cells)


def by_pair(sums: Sums) -> tuple[list[OdResult], list[ZoneResult]]:
    """Figures of every pair of origin and destination, and of every region of destinations."""
    offers, ledger = sums.behaviour.offers, sums.behaviour.ledger
    ids, classes = offers.network.points.ids, offers.classes
    regions = offers.instance.regions["region_id"]
    pairs = np.stack((classes.origin, classes.destination), axis=1)
    distinct, number = np.unique(pairs, axis=0, return_inverse=True)
    ods = []
    for at, (origin, destination) in enumerate(distinct.tolist()):
        here = number.reshape(-1) == at
        zone = str(regions[ledger.town_of[np.flatnonzero(here)[0]]])
        names = {"from_id": str(ids[origin]), "to_id": str(ids[destination]), "zone": zone}
        ods.append(OdResult(**names, figures=sums.figures(here)))
    zones = [
        ZoneResult(region_id=str(regions[zone]), figures=sums.figures(ledger.town_of == zone))
        for zone in np.unique(ledger.town_of).tolist()
    ]
    return ods, zones


def flows(behaviour: Behaviour, rents: Rents) -> list[FlowResult]:
    """Passengers of every link in use, by direction and period."""
    offers, network = behaviour.offers, behaviour.offers.network
    mass = np.maximum(offers.classes.mass, 1)
    total, covered = np.zeros(len(network)), np.zeros(len(network))
    for k, trips in enumerate(behaviour.stack("trips")):
        share = behaviour.mass[k] * trips / mass
        total += offers.leg_mass(k, covered_only=False).T @ share
        if k:
            covered += offers.leg_mass(k, covered_only=True).T @ share
    ids, links = network.points.ids, offers.instance.links["link_id"]
    used = np.flatnonzero((network.link >= 0) & (total > 0))
    return [
        FlowResult(
            link_id=str(links[network.link[leg]]),
            from_id=str(ids[network.start[leg]]),
            to_id=str(ids[network.end[leg]]),
            period_id=str(network.periods[network.period[leg]]),
            passengers=int(np.ceil(total[leg] - 1e-6)),
            product_passengers=int(np.ceil(covered[leg] - 1e-6)),
            seats=int(network.seats[leg]) if network.seats[leg] >= 0 else None,
            rent_yen=None if rents.yen is None else float(rents.yen[leg]),
            rent_buyers=None if rents.buyers is None else float(rents.buyers[leg]),
        )
        for leg in used.tolist()
    ]


def ways(offers: Offers) -> list[Way]:
    """The way of every trip, with single fares and with each product that the trip may use."""
    used = np.zeros((len(offers.routes), len(offers.trips)), dtype=bool)
    for k in range(len(offers.routes)):
        used[k, offers.trip[offers.available[k][offers.trip_class]]] = True
    return [
        _way(offers, k, trip)
        for trip in range(len(offers.trips))
        for k in np.flatnonzero(used[:, trip]).tolist()
    ]


def _way(offers: Offers, alternative: int, trip: int) -> Way:
    network, route, trips = offers.network, offers.routes[alternative], offers.trips
    ids, links = network.points.ids, offers.instance.links["link_id"]
    legs = route.legs[route.offsets[trip] : route.offsets[trip + 1]].tolist()
    steps = [
        (str(links[network.link[leg]]) if network.link[leg] >= 0 else "", str(ids[network.end[leg]]))
        for leg in legs
    ]
    turn, limit = int(route.turn[trip]), int(trips.limit_minutes[trip])
    return Way(
        from_id=str(ids[trips.origin[trip]]),
        to_id=str(ids[trips.destination[trip]]),
        period_id=str(network.periods[trips.out_period[trip]]),
        car=bool(trips.car[trip]),
        limit_minutes=None if limit >= NO_LIMIT else limit,
        product_id=None if alternative == 0 else offers.terms[alternative - 1].product_id,
        out=tuple(steps[:turn]),
        back=tuple(steps[turn:]),
    )


def settlement(behaviour: Behaviour) -> list[SettlementRow]:
    """Income of each operator before and after: what a buyer pays is shared by the single fares of the legs covered."""
    offers, ledger = behaviour.offers, behaviour.ledger
    operators, rows = offers.instance.operators, np.arange(len(offers.classes))
    found = []
    for operator in range(len(operators)):
        sums = np.zeros(3)
        for k, best in enumerate(behaviour.bests):
            parts = ledger.income(operator, k, rows, best)
            sums += [float((behaviour.mass[k] * part[:, 0]).sum()) for part in parts]
        before, after, spent = np.rint(sums / 1000).astype(np.int64).tolist()
        found.append(
            _row(str(operators["operator_id"][operator]), before, after, spent, _cap(ledger, operator))
        )
    return found


def sharing(behaviour: Behaviour) -> list[Settlement]:
    """Share what products earn among the operators that carry their buyers, by every rule of `settle`.

    Each class of buyers of a product is one holder: its fees are what it pays for the product, its use of an operator the single
    fares of the legs covered. Links that name no operator count as one, ``unnamed``.
    """
    offers = behaviour.offers
    names = [*offers.instance.operators["operator_id"].tolist(), UNNAMED]
    uses, fees, costs = _holders(behaviour, len(names))
    carried = np.flatnonzero(uses.sum(axis=0) > 0)
    held = (fees > 0) & (uses.sum(axis=1) > 0)
    if not held.any():
        return []
    table, operators = uses[held][:, carried], [names[k] for k in carried.tolist()]
    holder = np.arange(len(table))
    return [settle(table, operators, fees[held], costs[carried], rule=rule, holder=holder) for rule in RULES]


def _holders(behaviour: Behaviour, operators: int) -> tuple[Ints, Ints, Ints]:
    """Use of operators and fees of each class with each product, and what their seats cost each operator; yen."""
    offers, network = behaviour.offers, behaviour.offers.network
    trips, paid = behaviour.stack("trips"), behaviour.stack("paid_yen")
    owner = np.where(network.operator < 0, operators - 1, network.operator)
    uses: list[Ints] = [np.zeros((0, operators), dtype=np.int64)]
    fees, costs = [np.zeros(0, dtype=np.int64)], np.zeros(operators)
    for k in range(1, len(trips)):
        mass, covered = behaviour.mass[k], offers.covered[k - 1]
        amount = mass * trips[k] * offers.classes.heads / 1000
        columns = [covered & (owner == operator) for operator in range(operators)]
        parts = [_of_legs(offers, k, np.where(mine, network.fare_yen, 0)) * amount for mine in columns]
        uses.append(np.rint(np.stack(parts, axis=1)).astype(np.int64))
        fees.append(np.rint(mass * (paid[k] - offers.uncovered_yen[k] * trips[k]) / 1000).astype(np.int64))
        costs += [
            float((_of_legs(offers, k, np.where(mine, network.seat_cost_yen, 0)) * amount).sum())
            for mine in columns
        ]
    return np.concatenate(uses), np.concatenate(fees), np.rint(costs).astype(np.int64)


def _of_legs(offers: Offers, alternative: int, column: Ints) -> Ints:
    """Sum of a leg column over the round trip of each class."""
    return offers.routes[alternative].sums(column)[offers.class_trip]


def _cap(ledger: Ledger, operator: int) -> int | None:
    return next((cap // 1000 for number, cap in ledger.operators if number == operator), None)


def _row(operator: str, before: int, after: int, spent: int, cap: int | None) -> SettlementRow:
    return SettlementRow(
        rule="by_fare",
        operator_id=operator,
        before_yen=before,
        after_yen=after,
        cost_change_yen=spent,
        loss_cap_yen=cap,
    )


def without(ledger: Ledger) -> Figures:
    """Figures of the same travellers with single fares alone."""
    return Sums(behave(ledger, [None] * len(ledger.offers.terms)), None).figures()
