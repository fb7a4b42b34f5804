"""What the choice of a class adds to goal and limits, as columns that add up over classes.

Everything is per thousandth of a party in a month: times the class's mass it is thousandths of persons, or of yen. A row
of the matrix returned by `Ledger.amounts` is one *column* of the market: ``buyers``, ``paid`` and so on, then one for each
town with a cap, each operator with a loss cap and each leg with seats that could run out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from nichiiki_models.columns import NULL_INT
from nichiiki_solver.pricing.choice import Best, Floats, best_use
from nichiiki_solver.pricing.offers import Offers
from nichiiki_solver.pricing.terms import Asked
from nichiiki_solver.pricing.travellers import month_weights
from nichiiki_solver.ragged import Array, Ints

COLUMNS = ("buyers", "riders", "riders_within", "paid", "need", "welfare")
"""Columns of every ledger: persons with a product, who travel, who pay at most the equity limit; yen."""
BUYERS, RIDERS, WITHIN, PAID, NEED, WELFARE = range(len(COLUMNS))


@dataclass(frozen=True, eq=False)
class Ledger:
    """How choices become amounts.

    Attributes
    ----------
    towns, operators
        Regions with a cap, operators with a loss cap: ids and limits.
    legs
        Legs whose seats could run out.
    """

    offers: Offers
    asked: Asked
    base: Best
    towns: list[tuple[str, int]]
    town_of: Ints
    operators: list[tuple[int, int]]
    legs: Ints
    seats: list[csr_array | None]

    @property
    def width(self) -> int:
        """Number of columns beside seats."""
        return len(COLUMNS) + len(self.towns) + len(self.operators)

    def amounts(self, alternative: int, rows: Array, best: Best) -> Floats:
        """Return columns x classes x prices for the use of an alternative, a thousandth of a party each."""
        offers = self.offers
        heads = offers.classes.heads[rows][:, None]
        trips, paid = best.trips, best.paid_yen
        cost = offers.cost_yen[alternative][rows][:, None] * trips
        admin = self.admin_yen(rows)[:, None] if alternative else 0
        need = self._need(alternative, rows, best) if alternative else np.zeros_like(paid)
        rides = trips > 0
        limit = self.asked.equity_yen
        within = rides & (paid * 1000 <= (limit or 0) * offers.classes.payers[rows][:, None])
        out = np.empty((self.width, *trips.shape))
        out[BUYERS] = heads if alternative else 0
        out[RIDERS], out[WITHIN] = heads * rides, heads * within
        out[PAID], out[NEED] = paid, need
        out[WELFARE] = best.gross_yen - cost - admin
        for column, (town, _) in enumerate(self.towns, start=len(COLUMNS)):
            here = self.town_of[rows] == offers.instance.regions.find(np.array([town]))[0]
            out[column] = need * here[:, None]
        for column, (operator, _) in enumerate(self.operators, start=len(COLUMNS) + len(self.towns)):
            out[column] = self.loss(operator, alternative, rows, best)
        return out

    def admin_yen(self, rows: Array) -> Ints:
        """Cost of selling a product to each class, a month."""
        rule = self.offers.instance.rules.demand
        return np.asarray(rule.admin_yen * self.offers.classes.payers[rows] // 1000)

    def _need(self, alternative: int, rows: Array, best: Best) -> Ints:
        """Shortfall of a buyer against the baseline."""
        offers, trips = self.offers, best.trips
        admin = self.admin_yen(rows)[:, None]
        if self.asked.baseline == "cost":
            product = best.paid_yen - offers.uncovered_yen[alternative][rows][:, None] * trips
            return np.asarray(offers.cover_cost_yen[alternative][rows][:, None] * trips + admin - product)
        before = self.base.paid_yen[rows] - offers.cost_yen[0][rows][:, None] * self.base.trips[rows]
        after = best.paid_yen - offers.cost_yen[alternative][rows][:, None] * trips - admin
        return np.asarray(before - after)

    def loss(self, operator: int, alternative: int, rows: Array, best: Best) -> Ints:
        """What an operator loses by a class, subsidy not counted: income before, less income after, more cost of seats."""
        before, after, spent = self.income(operator, alternative, rows, best)
        return before - after + spent

    def income(self, operator: int, alternative: int, rows: Array, best: Best) -> tuple[Ints, Ints, Ints]:
        """Income of an operator from a class before and after, and what more its seats cost; yen.

        What is paid for a product, and single fares of a party, are shared by the single fares of an adult on the legs
        that they pay for.
        """
        offers, network = self.offers, self.offers.network
        where, heads = offers.class_trip[rows], offers.classes.heads[rows]
        fare, cost = (
            np.where(network.operator == operator, column, 0)
            for column in (network.fare_yen, network.seat_cost_yen)
        )
        base = self.base.trips[rows]
        before = self._party_part(0, rows, fare, where) * base
        spent = (offers.routes[alternative].sums(cost)[where] * heads)[:, None] * best.trips
        spent = spent - (offers.routes[0].sums(cost)[where] * heads)[:, None] * base
        if alternative == 0:
            return before, self._party_part(0, rows, fare, where) * best.trips, spent
        mask = offers.covered[alternative - 1]
        stays = self._party_part(alternative, rows, np.where(mask, 0, fare), where) * best.trips
        product = best.paid_yen - offers.uncovered_yen[alternative][rows][:, None] * best.trips
        whole = offers.routes[alternative].sums(np.where(mask, network.fare_yen, 0))[where][:, None]
        own = offers.routes[alternative].sums(np.where(mask, fare, 0))[where][:, None]
        share = np.where(whole > 0, product * own // np.maximum(whole, 1), 0)
        return before, np.asarray(stays + share), spent

    def _party_part(self, alternative: int, rows: Array, fare: Ints, where: Ints) -> Ints:
        """A leg column's part of the uncovered fare of a party: by the fares of an adult."""
        offers = self.offers
        mask = offers.covered[alternative - 1] if alternative else np.zeros(len(offers.network), dtype=bool)
        whole = offers.routes[alternative].sums(np.where(mask, 0, offers.network.fare_yen))[where]
        own = offers.routes[alternative].sums(fare)[where]
        party = offers.uncovered_yen[alternative][rows]
        return np.asarray(np.where(whole > 0, party * own // np.maximum(whole, 1), 0)[:, None])


def make_ledger(offers: Offers, asked: Asked) -> Ledger:
    """Prepare the columns for an instance and what is asked."""
    everybody = np.arange(len(offers.classes))
    base = best_use(offers, 0, everybody, np.zeros(1, dtype=np.int64))
    legs = _scarce_legs(offers)
    return Ledger(
        offers=offers,
        asked=asked,
        base=base,
        towns=sorted(asked.town_caps_yen.items()),
        town_of=zone_of(offers),
        operators=_capped_operators(offers) if asked.operator_caps else [],
        legs=legs,
        seats=[None, *(_seat_matrix(offers, k, legs) for k in range(1, len(offers.terms) + 1))],
    )


def zone_of(offers: Offers) -> Ints:
    """Region in which the trips of each class end."""
    instance, points = offers.instance, offers.network.points
    own = instance.houses["region_id"][points.houses]
    parts = (instance.regions["region_id"], instance.places["region_id"], own, own)
    regions = instance.regions.find(np.concatenate([part.astype(str) for part in parts]))
    return np.asarray(regions[offers.classes.destination])


def _capped_operators(offers: Offers) -> list[tuple[int, int]]:
    """Operators with a loss cap that carry somebody, and the cap over the whole calendar in thousandths of a yen."""
    caps = offers.instance.operators["loss_cap_yen"]
    used = np.unique(np.concatenate([offers.network.operator[route.legs] for route in offers.routes]))
    months = int(month_weights(offers.instance).sum())
    return [(int(k), int(caps[k]) * months) for k in used.tolist() if k >= 0 and caps[k] != NULL_INT]


def _scarce_legs(offers: Offers) -> Ints:
    """Legs whose seats could run out if every class made its most trips with the product that fills the leg most."""
    seats = offers.network.seats
    load = np.zeros(len(offers.network))
    for alternative in range(1, len(offers.terms) + 1):
        used = offers.leg_mass(alternative, covered_only=True).T @ (
            offers.classes.most * offers.available[alternative]
        )
        load += used
    return np.flatnonzero((seats >= 0) & (load > seats * 1000.0))


def _seat_matrix(offers: Offers, alternative: int, legs: Ints) -> csr_array:
    """Persons of each class on each scarce leg, per thousandth of a party."""
    matrix = csr_array(offers.leg_mass(alternative, covered_only=True)[:, legs])
    mass = np.maximum(offers.classes.mass, 1)
    return csr_array(matrix.multiply(1.0 / mass[:, None]))
