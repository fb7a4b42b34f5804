"""Break-even of one price, exactly: every root between demand breakpoints, or the proof that there is none.

With one price F to choose, the worth of an alternative to a class is a straight line in F for each number of trips, so
that what the class does changes at finitely many breakpoints. Between two of them the shortfall is a straight line,
need(F) = A - B·F, and its root, if it lies there, is A / B. At a breakpoint heavy users stay and light users leave, so
the shortfall jumps; there may be no root, one or many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.tariff import BreakEven
from nichiiki_solver.pricing.amounts import BUYERS, NEED
from nichiiki_solver.pricing.choice import NEVER, Best, Floats, takes, value_of
from nichiiki_solver.pricing.schedules import payment
from nichiiki_solver.pricing.units import Evaluator, Menus
from nichiiki_solver.ragged import Ints

TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Lines:
    """Worth and shortfall of each class for each number of trips with the product: a - b·F; matrices trips x classes."""

    worth: Floats
    slope: Floats
    need: Floats


def break_even(evaluator: Evaluator, menus: Menus, lump_sum_yen: int) -> BreakEven | None:
    """Return all prices at which the one decided product of a unit breaks even; None if nobody could buy it.

    Parameters
    ----------
    evaluator
        Of a unit with one decided product, choice by what is best.
    menus
        All its menus.
    lump_sum_yen
        Subsidy that does not depend on sales.
    """
    terms = evaluator.offers.terms[evaluator.unit.decided[0] - 1]
    sold = (menus.prices[:, 0] >= 0) & (menus.sums[:, BUYERS] > 0)
    travels = len(evaluator.rows) and evaluator.offers.classes.most[evaluator.rows].any()
    roots, ranges = _roots(evaluator, lump_sum_yen) if travels else ([], [])
    needs = sorted(
        zip(
            *(
                column.tolist()
                for column in (menus.prices[sold, 0], menus.sums[sold, BUYERS], _yen(menus.sums[sold, NEED]))
            ),
            strict=True,
        )
    )
    smallest = next((price for price, _, need in needs if need <= lump_sum_yen), None)
    return BreakEven(
        product_id=terms.product_id,
        roots_yen=tuple(roots),
        ranges_yen=tuple(ranges),
        smallest_yen=smallest,
        needs=tuple(needs),
        rescue_yen=max(0, min(need for _, _, need in needs)) if needs else None,
    )


def _yen(thousandths: Ints) -> Ints:
    """Whole yen, rounded up: what must be paid."""
    return np.asarray(-(-thousandths // 1000))


def _roots(evaluator: Evaluator, lump_sum: int) -> tuple[list[float], list[tuple[float, float]]]:
    """Roots of the shortfall, and ranges in which it is at most the lump sum and somebody buys."""
    ends, fixed, slope, buyers = _intervals(evaluator)
    roots: list[float] = []
    ranges: list[tuple[float, float]] = []
    budget = 1000.0 * lump_sum
    for k in np.flatnonzero(buyers > 0).tolist():
        low, high = float(ends[k]), float(ends[k + 1])
        root = (fixed[k] - budget) / slope[k]
        # at the lower end lighter users buy too: it belongs to the interval below, except where the price begins
        first = k == 0 and abs(root - low) <= TOLERANCE
        if first or low + TOLERANCE * max(1.0, low) < root <= high + TOLERANCE * high:
            roots.append(float(root))
        if root <= high:
            ranges.append((max(low, float(root)), high))
    return _distinct(roots), _joined(ranges)


def _intervals(evaluator: Evaluator) -> tuple[Floats, Floats, Floats, Floats]:
    """Intervals of the price in which nobody changes: ends, shortfall as fixed - slope·F (thousandths of yen), buyers."""
    lines, (worth, need) = _lines(evaluator), _other(evaluator)
    low, high = _stretches(lines, worth)
    n, row = np.nonzero(low < high)
    mass = evaluator.mass[row]
    change = np.stack((mass * (lines.need[n, row] - need[row]), mass * lines.slope[n, row], mass))
    ends, place = np.unique(np.concatenate((low[n, row], high[n, row])), return_inverse=True)
    steps = np.zeros((3, len(ends)))
    for values, at, sign in ((change, place[: len(n)], 1.0), (change, place[len(n) :], -1.0)):
        for k in range(3):
            np.add.at(steps[k], at, sign * values[k])
    fixed, slope, buyers = np.rint(np.cumsum(steps, axis=1) * 1e3) / 1e3
    return ends, (fixed + float((evaluator.mass * need).sum()))[:-1], slope[:-1], buyers[:-1]


def _stretches(lines: Lines, other: Floats) -> tuple[Floats, Floats]:
    """Prices from and up to which each class makes each number of trips with the product; matrices trips x classes.

    Those who pay no fare (infants alone) answer no price, and are left out.
    """
    pays = lines.slope > 0
    open_ = pays & (lines.worth > NEVER / 2)
    low = np.zeros_like(lines.worth)
    high = np.where(open_, (lines.worth - other) / np.where(pays, lines.slope, 1.0), -1.0)
    for n in range(len(lines.worth)):
        for m in range(len(lines.worth)):
            change = lines.slope[m] - lines.slope[n]
            meet = (lines.worth[m] - lines.worth[n]) / np.where(change == 0, 1.0, change)
            if m > n:
                low[n] = np.where(open_[m] & (change > 0), np.maximum(low[n], meet), low[n])
            elif m < n:
                high[n] = np.where(open_[m] & (change < 0), np.minimum(high[n], meet), high[n])
            better = (lines.worth[m] > lines.worth[n]) | ((lines.worth[m] == lines.worth[n]) & (m < n))
            high[n] = np.where((change == 0) & open_[m] & better, -1.0, high[n])
    return low, high


def _other(evaluator: Evaluator) -> tuple[Floats, Floats]:
    """Worth and shortfall of each class without the product: best of single fares and given products."""
    order = sorted(evaluator.given)
    bests = [evaluator.given[k] for k in order]
    masks = takes(evaluator.singles, bests)
    worth = np.zeros(len(evaluator.rows))
    need = np.zeros(len(evaluator.rows))
    for k, mask, best in zip((0, *order), masks, (evaluator.singles, *bests), strict=True):
        own = mask[:, 0]
        worth[own] = best.net_yen[own, 0]
        need[own] = evaluator.amounts(k, best)[NEED, own, 0]
    return worth, need


def _lines(evaluator: Evaluator) -> Lines:
    alternative = evaluator.unit.decided[0]
    offers, rows = evaluator.offers, evaluator.rows
    terms = offers.terms[alternative - 1]
    most = int(offers.classes.most[rows].max(initial=0))
    full = offers.classes.payers[rows] / 1000.0
    worth, slope, need = [], [], []
    for n in range(1, most + 1):
        fixed = payment(offers, alternative, rows, np.array(n), np.zeros(1, dtype=np.int64))[:, 0]
        use = _use(evaluator, alternative, n, fixed)
        worth.append(np.where(n <= offers.classes.most[rows], use.net_yen[:, 0].astype(float), float(NEVER)))
        slope.append(full * n if terms.kind == "fixed_ride" else full)
        need.append(evaluator.ledger.amounts(alternative, rows, use)[NEED][:, 0])
    worth_matrix = np.where(offers.available[alternative][rows], np.array(worth), float(NEVER))
    return Lines(worth_matrix, np.array(slope), np.array(need))


def _use(evaluator: Evaluator, alternative: int, n: int, paid: Ints) -> Best:
    """N trips with the product at a price of nothing."""
    trips = np.full((len(paid), 1), n, dtype=np.int64)
    gross = value_of(evaluator.offers, alternative, evaluator.rows, n)[:, None]
    return Best(trips, paid[:, None], gross - paid[:, None], gross)


def _distinct(roots: list[float]) -> list[float]:
    return [root for k, root in enumerate(roots) if k == 0 or root - roots[k - 1] > 1e-6]


def _joined(ranges: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join ranges that touch."""
    joined: list[tuple[float, float]] = []
    for low, high in ranges:
        if joined and low <= joined[-1][1] + TOLERANCE:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined
