"""The figures at the head of the report, and those of the section on results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nichiiki.report.facts import Facts
from nichiiki.report.rows import Rows
from nichiiki.report.words import number, percent, words
from nichiiki_models.allocation import Violation
from nichiiki_models.metrics import Metrics, SeatFigures, Spread


@dataclass(frozen=True)
class Card:
    """A figure at the head of the report."""

    key: str
    value: str
    note: str = ""
    good: bool | None = None


@dataclass(frozen=True)
class Bar:
    """A share of households, as a bar."""

    name: str
    count: int
    share: float


def gap_of(facts: Facts) -> float | None:
    """Return how far the objective may be from the best, as a share; None without a bound."""
    allocation = facts.allocation
    if allocation.objective is None or allocation.bound is None:
        return None
    return (allocation.bound - allocation.objective) / max(1, abs(allocation.objective))


def cards(rows: Rows, violations: Sequence[Violation]) -> list[Card]:
    """Return the figures at the head: what a planner asks first."""
    facts, allocation = rows.facts, rows.facts.allocation
    placed = len(facts.placements)
    people = sum(facts.members.get(household, 0) for household in facts.placements)
    return [
        Card("households", f"{placed:,}", f"/ {len(facts.households):,}"),
        Card("persons", f"{people:,}"),
        Card("roles", f"{_items(facts, 'role'):,}"),
        Card("seats", f"{_items(facts, 'school') + _items(facts, 'care'):,}"),
        Card("gap", percent(gap_of(facts)) or "–", words(rows.lang)(f"status.{allocation.status.value}")),
        Card("violations", f"{len(violations):,}", good=not violations),
    ]


def _items(facts: Facts, kind: str) -> int:
    return int((facts.allocation.items["list"] == kind).sum())


def rank_bars(metrics: Metrics, rows: Rows) -> list[Bar]:
    """Return placed households by the rank of their stay."""
    say, total = words(rows.lang), max(1, sum(metrics.stay_ranks.values()))
    ranked = sorted(
        metrics.stay_ranks.items(), key=lambda item: int(item[0]) if item[0].isdecimal() else 10**9
    )
    return [
        Bar(
            say("public.rank", rank=rank) if rank.isdecimal() else say("public.unlisted"),
            count,
            count / total,
        )
        for rank, count in ranked
        if count
    ]


def figures(metrics: Metrics, rows: Rows) -> list[tuple[str, str]]:
    """Return the figures of a result by key: what is reached, used, paid, and how fairly."""
    return [(key, value) for key, value in _figures(metrics, rows) if value]


def _figures(metrics: Metrics, rows: Rows) -> Iterator[tuple[str, str]]:
    regions, roles, fair = metrics.regions.values(), metrics.roles, metrics.fairness
    yield "houses", _of(sum(use.houses_used for use in regions), sum(use.houses for use in regions))
    used, offered = (
        sum(getattr(use, f"unit_periods_{name}") for use in regions) for name in ("used", "offered")
    )
    yield "unit_periods", _of(used, offered)
    yield "person_days", number(sum(use.person_days for use in regions))
    yield "school", _seats(metrics.school_seats)
    yield "care", _seats(metrics.care_days)
    yield "desk", _seats(metrics.desks)
    yield "running", _of(roles.running_periods, roles.wanted_periods)
    yield "missing", number(roles.missing_holder_periods) if roles.wanted_periods else ""
    yield "cost", _spread(metrics.cost_yen_a_month, rows)
    yield "travel", _spread(metrics.travel_yen_a_month, rows)
    yield "cost_total", number(sum(placement.cost_yen for placement in rows.facts.placements.values()))
    yield "minutes", _spread(metrics.trip_minutes, rows)
    yield "hazards", number(sum(metrics.hazard_overlaps.values()))
    yield "gini", "" if fair.gini is None else f"{fair.gini:.3f}"
    yield "lowest", "" if fair.placed_lowest_milli_points is None else f"{fair.placed_lowest_milli_points:,}"
    yield "envy", number(metrics.justified_envy_households)


def _of(used: int, offered: int) -> str:
    return f"{used:,} / {offered:,} ({percent(used / offered)})" if offered else ""


def _seats(seats: SeatFigures) -> str:
    return _of(seats.used, seats.offered)


def _spread(spread: Spread, rows: Rows) -> str:
    if spread.mean is None or spread.median is None or spread.max is None:
        return ""
    say = words(rows.lang)
    return say(
        "figure.spread", mean=f"{spread.mean:,.0f}", median=f"{spread.median:,.0f}", max=f"{spread.max:,}"
    )
