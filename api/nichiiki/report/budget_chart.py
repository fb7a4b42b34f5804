"""What more money changes, as bars: buyers won, and yen that all travellers together pay less, against the smallest budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nichiiki.report.words import number

if TYPE_CHECKING:
    from nichiiki_solver.pricing.frontier import FrontierPoint

HEIGHT, WIDTH, GAP = 230, 300, 40
"""Of the chart, of each of its two halves, between them."""
TOP, BOTTOM = 44, 40
"""Room for words above and below the bars."""
MILLION = 1_000_000


@dataclass(frozen=True)
class Bar:
    """A bar, its value, and the budget below it."""

    x: float
    y: float
    width: float
    height: float
    label: str
    budget: str


@dataclass(frozen=True)
class Half:
    """Bars of one question."""

    key: str
    x: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Change:
    """What a budget changes against the smallest one.

    Attributes
    ----------
    point
        The budget.
    buyers
        Further buyers, thousandths of a person-month.
    saved_yen
        What all travellers pay less (below 0: more).
    each_yen
        Money used for each further person-month of a buyer; None if there is none.
    """

    point: FrontierPoint
    buyers: int
    saved_yen: int
    each_yen: int | None


def changes(points: Sequence[FrontierPoint]) -> list[Change]:
    """Set every budget with an answer beside the first of them."""
    known = [point for point in points if point.buyers is not None]
    return [_change(known[0], point) for point in known]


def _change(first: FrontierPoint, point: FrontierPoint) -> Change:
    buyers = (point.buyers or 0) - (first.buyers or 0)
    used = point.used_yen - first.used_yen
    each = round(used * 1000 / buyers) if buyers > 0 else None
    return Change(point, buyers, first.paid_yen - point.paid_yen, each)


def halves(found: Sequence[Change]) -> list[Half]:
    """Place the bars; none where there are fewer than two budgets to compare."""
    if len(found) < 2:
        return []
    budgets = [f"{change.point.subsidy_yen / MILLION:,.4g}" for change in found]
    won = [change.buyers / 1000 for change in found], [f"{change.buyers / 1000:,.1f}" for change in found]
    saved = [change.saved_yen / MILLION for change in found], [number(change.saved_yen) for change in found]
    return [
        _half("more_buyers", 0, *won, budgets),
        _half("less_paid", WIDTH + GAP, *saved, budgets),
    ]


def _half(key: str, left: int, values: list[float], labels: list[str], budgets: list[str]) -> Half:
    low, high = min(0.0, *values), max(0.0, *values)
    scale = (HEIGHT - TOP - BOTTOM) / ((high - low) or 1.0)
    step = WIDTH / len(values)
    bars = (
        Bar(
            x=round(left + step * (at + 0.2), 1),
            y=round(TOP + scale * (high - max(value, 0.0)), 1),
            width=round(step * 0.6, 1),
            height=round(max(1.0, scale * abs(value)), 1),
            label=label,
            budget=budget,
        )
        for at, (value, label, budget) in enumerate(zip(values, labels, budgets, strict=True))
    )
    return Half(key, left, tuple(bars))
