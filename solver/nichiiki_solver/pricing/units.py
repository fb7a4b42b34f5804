"""Pricing units: products whose prices must be chosen together, and the sums of every menu of prices.

Two products with a price to choose are in one unit if some class may buy either, directly or over others. Within a unit
every menu (a price of the grid, or not sold, for each product) is evaluated; units meet only in the market.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from nichiiki_models.errors import UsageError
from nichiiki_solver.pricing.amounts import Ledger
from nichiiki_solver.pricing.choice import NEVER, Best, Floats, best_use, shares
from nichiiki_solver.pricing.offers import Offers
from nichiiki_solver.ragged import Array, Bools, Ints

MOST_MENUS = 400_000
"""Most menus of a unit; more are refused, with the remedy."""
CELLS = 2_000_000
"""Classes times prices evaluated at a time."""
OFF = -1
"""Price of a product that is not sold."""


@dataclass(frozen=True, eq=False)
class Unit:
    """Products priced together and the classes they concern.

    Attributes
    ----------
    decided, given
        Alternatives (product + 1) whose price is chosen, and others that the classes may buy.
    rows
        Classes.
    """

    decided: list[int]
    given: list[int]
    rows: Ints


@dataclass(frozen=True, eq=False)
class Menus:
    """Every menu of a unit.

    Attributes
    ----------
    prices
        Menus x decided products; `OFF` where not sold.
    sums
        Menus x columns of the ledger, thousandths.
    seats
        Menus x scarce legs, thousandths of a person, rounded up.
    """

    prices: Ints
    sums: Ints
    seats: Ints

    def take(self, rows: Array) -> Menus:
        """Return some of the menus."""
        return Menus(self.prices[rows], self.sums[rows], self.seats[rows])

    def __len__(self) -> int:
        return len(self.prices)


def find_units(offers: Offers, tied: Iterable[tuple[int, int]] = ()) -> list[Unit]:
    """Divide products and classes into units.

    Parameters
    ----------
    offers
        Who may buy what.
    tied
        Pairs of products (their places) whose prices hang on each other.

    Returns
    -------
    list
        Units with prices to choose, in the order of their first product, then units of given prices only, and last those
        whom no product concerns.
    """
    is_decided = np.array([terms.decided for terms in offers.terms], dtype=bool)
    left = np.ones(len(offers.classes), dtype=bool)
    units: list[Unit] = []
    decided = np.flatnonzero(is_decided)
    for kind in (decided, np.flatnonzero(~is_decided)):
        ties = [pair for pair in tied if kind is decided]
        for members in _components(offers.available[1:][kind] & left, kind, ties):
            alternatives = kind[members] + 1
            rows = np.flatnonzero(offers.available[alternatives].any(axis=0) & left)
            others = [
                k for k in (np.flatnonzero(~is_decided) + 1).tolist() if offers.available[k, rows].any()
            ]
            chosen = [k for k in alternatives.tolist() if is_decided[k - 1]]
            units.append(Unit(chosen, others, rows))
        left[np.concatenate([unit.rows for unit in units] or [np.zeros(0, dtype=np.int64)])] = False
    units = [unit for unit in units if unit.decided or len(unit.rows)]
    return [*units, Unit([], [], np.flatnonzero(left))]


def _components(available: Bools, kind: Ints, tied: Iterable[tuple[int, int]]) -> list[Ints]:
    """Connected products, each list ascending, in the order of their first."""
    size = len(available)
    shared = available.astype(np.int64) @ available.astype(np.int64).T
    for one, other in tied:
        shared[np.searchsorted(kind, one), np.searchsorted(kind, other)] = 1
    meet = csr_array(shared)
    count, label = connected_components(meet, directed=False) if size else (0, np.zeros(0, dtype=np.int64))
    groups = [np.flatnonzero(label == number) for number in range(count)]
    return sorted(groups, key=lambda group: int(group[0]))


def refuse_too_many(offers: Offers, unit: Unit) -> None:
    """Refuse a unit with more menus than can be compared."""
    sizes = [len(offers.terms[k - 1].grid) + 1 for k in unit.decided]
    menus = int(np.prod(np.array(sizes, dtype=float))) if sizes else 1
    if menus > MOST_MENUS:
        names = ", ".join(offers.terms[k - 1].product_id for k in unit.decided)
        raise UsageError.of(
            "too_many_menus", table="products", value=names, menus=f"{menus:,}", most=f"{MOST_MENUS:,}"
        )


class Evaluator:
    """Evaluates the menus of a unit.

    Each decided product is looked at once for each price of its grid; a menu then only asks who takes which product.

    Parameters
    ----------
    ledger
        The columns.
    unit
        The unit.
    """

    def __init__(self, ledger: Ledger, unit: Unit) -> None:
        self.ledger, self.unit, self.offers = ledger, unit, ledger.offers
        self.rows = unit.rows
        self.mass = self.offers.classes.mass[unit.rows].astype(np.float64)
        self.singles = Best(*(getattr(ledger.base, name)[unit.rows] for name in Best.__dataclass_fields__))
        self.given = {k: best_use(self.offers, k, unit.rows, self.grid(k)) for k in unit.given}
        self._fixed_amounts = {0: ledger.amounts(0, unit.rows, self.singles)}
        self._fixed_amounts |= {k: ledger.amounts(k, unit.rows, best) for k, best in self.given.items()}

    def grid(self, alternative: int) -> Ints:
        """Prices of a product."""
        return self.offers.terms[alternative - 1].grid

    def all_menus(self) -> Menus:
        """Evaluate every menu; the price of the last product changes fastest, and not sold comes last."""
        refuse_too_many(self.offers, self.unit)
        grids = {k: np.append(self.grid(k), OFF) for k in self.unit.decided}
        on_grid = {k: self._best(k, prices) for k, prices in grids.items()}
        amounts = {k: self.amounts(k, best) for k, best in on_grid.items()}
        sizes = tuple(len(prices) for prices in grids.values())
        count, width = math.prod(sizes), max(1, CELLS // max(1, len(self.rows)))
        blocks = [np.arange(start, min(start + width, count)) for start in range(0, count, width)]
        places = [np.unravel_index(block, sizes) if sizes else () for block in blocks]
        found = [
            self._evaluate(on_grid, amounts, place, len(block))
            for place, block in zip(places, blocks, strict=True)
        ]
        prices = [
            np.stack([grid[at] for grid, at in zip(grids.values(), place, strict=True)], axis=1)
            if sizes
            else np.zeros((1, 0), dtype=np.int64)
            for place in places
        ]
        sums, seats = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Menus(
            np.concatenate(prices).astype(np.int64),
            np.rint(sums).astype(np.int64),
            np.ceil(seats - 1e-6).astype(np.int64),
        )

    def _best(self, alternative: int, prices: Ints) -> Best:
        """Best use at prices; never where the product is not sold."""
        best = best_use(self.offers, alternative, self.rows, np.maximum(prices, 0))
        off = prices == OFF
        return Best(best.trips, best.paid_yen, np.where(off, NEVER, best.net_yen), best.gross_yen)

    def amounts(self, alternative: int, best: Best) -> Floats:
        """Columns of the use of an alternative."""
        if alternative in self._fixed_amounts:
            return self._fixed_amounts[alternative]
        return self.ledger.amounts(alternative, self.rows, best)

    def _evaluate(
        self, on_grid: dict[int, Best], amounts: dict[int, Floats], place: Sequence[Ints], width: int
    ) -> tuple[Floats, Floats]:
        """Sums and seats of menus that take the prices at some places of the grids."""
        at = dict(zip(on_grid, place, strict=True))
        bests = {k: _at(best, at[k]) for k, best in on_grid.items()} | self.given
        order = sorted(bests)
        parts = shares(self.offers, self.rows, self.singles, [bests[k] for k in order])
        sums, seats = np.zeros((width, self.ledger.width)), np.zeros((width, len(self.ledger.legs)))
        for k, part in zip((0, *order), parts, strict=True):
            weight = np.broadcast_to(part * self.mass[:, None], (len(self.rows), width))
            if k in at:
                _add_by_price(sums, amounts[k], weight, at[k])
            else:
                sums += weight.T @ self._fixed_amounts[k][:, :, 0].T
            seats += self._load(k, self.singles if k == 0 else bests[k], weight)
        return sums, seats

    def _load(self, alternative: int, best: Best, weight: Floats) -> Floats:
        """Persons on scarce legs: menus x legs."""
        matrix = self.ledger.seats[alternative]
        if matrix is None or not len(self.ledger.legs):
            return np.zeros((weight.shape[1], len(self.ledger.legs)))
        return np.asarray((csr_array(matrix[self.rows]).T @ (weight * best.trips)).T)


def _at(best: Best, place: Ints) -> Best:
    """The best use at places of a grid."""
    return Best(*(getattr(best, name)[:, place] for name in Best.__dataclass_fields__))


def _add_by_price(sums: Floats, amounts: Floats, weight: Floats, place: Ints) -> None:
    """Add the columns of a product to menus x columns, for the menus of each price together."""
    for price in np.unique(place).tolist():
        menus = place == price
        sums[menus] += weight[:, menus].T @ amounts[:, :, price].T
