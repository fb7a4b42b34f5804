"""The figures at the head of the report, and those of the section on results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nichiiki.report.facts import Facts
from nichiiki.report.rows import Rows
from nichiiki.report.words import number, percent, words
from nichiiki_models.allocation import Violation
from nichiiki_models.metrics import Metrics, SeatFigures, Spread

MOST_GROUPS = 12
"""Groups of households that the section on results compares."""


@dataclass(frozen=True)
class Card:
    """A figure at the head of the report."""

    key: str
    value: str
    note: str = ""
    good: bool | None = None


@dataclass(frozen=True)
class Bar:
    """A share of households, as a bar; `of` is all of them where that differs from bar to bar."""

    name: str
    count: int
    share: float
    of: int | None = None


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
    return [
        Card("households", f"{placed:,}", f"/ {len(facts.households):,}"),
        Card("persons", f"{facts.placed_persons:,}"),
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


def group_bars(metrics: Metrics) -> list[Bar]:
    """Return how many households of each group are placed, the largest groups first."""
    groups = sorted(metrics.by_group.items(), key=lambda item: -item[1].households)[:MOST_GROUPS]
    everybody = [("", metrics.total)] if metrics.total.households else []
    return [
        Bar(name, placed.placed_households, placed.placed_households / placed.households, placed.households)
        for name, placed in (*everybody, *groups)
        if placed.households
    ]


def relation_bars(metrics: Metrics, rows: Rows) -> list[Bar]:
    """Return placed households by type of relation to the region (関係人口)."""
    say, types = words(rows.lang), metrics.kpi.relation_types
    total = max(1, sum(types.values()))
    return [Bar(say(f"relation.{name}"), count, count / total) for name, count in types.items()]


def kpi_lines(metrics: Metrics, rows: Rows) -> list[tuple[str, int | None]]:
    """Return the sheet of key figures in words, without the types of relation."""
    say, values = words(rows.lang), metrics.kpi.model_dump()
    return [(say(f"kpi.{name}"), value) for name, value in values.items() if name != "relation_types"]


def figures(metrics: Metrics, rows: Rows) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the figures of a result by key, in three parts: what is used, what it costs, and how fair it is."""
    parts = (("use", _use(metrics)), ("costs", _costs(metrics, rows)), ("fairness", _fairness(metrics)))
    return [(part, [(key, value) for key, value in lines if value]) for part, lines in parts]


def _use(metrics: Metrics) -> Iterator[tuple[str, str]]:
    regions, roles = metrics.regions.values(), metrics.roles
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
    yield "hazards", number(sum(metrics.hazard_overlaps.values()))


def _costs(metrics: Metrics, rows: Rows) -> Iterator[tuple[str, str]]:
    yield "cost", _spread(metrics.cost_yen_a_month, rows)
    yield "travel", _spread(metrics.travel_yen_a_month, rows)
    yield "cost_total", number(int(rows.facts.allocation.placements["cost_yen"].sum()))
    yield "minutes", _spread(metrics.trip_minutes, rows)


def _fairness(metrics: Metrics) -> Iterator[tuple[str, str]]:
    fair = metrics.fairness
    yield "gini", "" if fair.gini is None else f"{fair.gini:.3f}"
    yield "lowest", "" if fair.placed_lowest_milli_points is None else f"{fair.placed_lowest_milli_points:,}"
    yield "envy", number(metrics.justified_envy_households)


def _of(used: int, offered: int) -> str:
    share = percent(used / offered).replace(" ", "\u00a0") if offered else ""
    return f"{used:,} / {offered:,} ({share})" if offered else ""


def _seats(seats: SeatFigures) -> str:
    return _of(seats.used, seats.offered)


def _spread(spread: Spread, rows: Rows) -> str:
    if spread.mean is None or spread.median is None or spread.max is None:
        return ""
    say = words(rows.lang)
    return say(
        "figure.spread", mean=f"{spread.mean:,.0f}", median=f"{spread.median:,.0f}", max=f"{spread.max:,}"
    )
