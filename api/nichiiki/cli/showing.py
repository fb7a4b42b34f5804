"""Tables on the terminal: what a planner wants to see first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from nichiiki.cli.console import Screen
from nichiiki.report.facts import Facts
from nichiiki.report.rows import reason_of
from nichiiki.report.words import number, percent, rule_name, words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from nichiiki_models.allocation import Violation
    from nichiiki_models.lock_prices import LockPrice
    from nichiiki_models.result import Result

FIRST_ROWS = 15
NUMBERS = ("stay_rank", "cost_yen")
WHOLE = ("household_id", "home_region", "region_id", "house_id", "cost_yen")
"""Columns that are never broken into several lines."""
COLUMNS = ("household_id", "home_region", "region_id", "house_id", "periods", *NUMBERS, "besides")
THINGS = ("school", "care", "desk", "role")


@dataclass(frozen=True)
class Figures:
    """What is counted of an allocation."""

    households: int
    applied: int
    persons: int
    schools: int
    care: int
    desks: int
    roles: int
    cost_yen: int | None
    objective: int | None
    gap: float | None


def figures(result: Result) -> Figures:
    """Count what a planner asks for first.

    Parameters
    ----------
    result
        A run that has an allocation.
    """
    allocation = result.allocation
    if allocation is None:
        return Figures(0, len(result.instance.households), 0, 0, 0, 0, 0, None, None, None)
    facts = Facts(result.instance, allocation)
    kinds = allocation.items["list"]
    counted = {kind: int((kinds == kind).sum()) for kind in THINGS}
    costs = allocation.placements["cost_yen"]
    return Figures(
        households=len(facts.placements),
        applied=len(facts.households),
        persons=facts.placed_persons,
        schools=counted["school"],
        care=counted["care"],
        desks=counted["desk"],
        roles=counted["role"],
        cost_yen=int(costs.mean()) if len(costs) else None,
        objective=result.objective,
        gap=result.gap,
    )


def new_table() -> Table:
    """Return an empty table in the style of all."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")


def show(title: str, table: Table, screen: Screen) -> None:
    """Print a table below its title."""
    screen.out.print(f"\n{title}", style="bold", soft_wrap=True)
    screen.out.print(table)


def headline(result: Result, violations: Sequence[Violation], screen: Screen) -> None:
    """Show the key figures of a run."""
    from rich import box
    from rich.table import Table

    found = figures(result)
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(style="bold")
    status = words(screen.lang)(f"status.{result.status.value}")
    reason = words(screen.lang)(f"stop.{result.reason.value}")
    rows = [
        ("households", f"{found.households:,} / {found.applied:,}"),
        ("persons", f"{found.persons:,}"),
        ("seats", screen.say("show.seats_value", schools=found.schools, care=found.care, desks=found.desks)),
        ("roles", f"{found.roles:,}"),
        ("quality", f"{number(found.objective) or '–'} ≤ {number(result.bound) or '–'}"),
        ("gap", percent(found.gap) or "–"),
        ("status", f"{status} – {reason}"),
        ("verified", screen.say("show.violations", count=len(violations))),
        ("seconds", f"{result.seconds:.1f}"),
    ]
    for key, value in rows:
        table.add_row(screen.say(f"show.{key}"), value)
    screen.out.print(table)


def placements(result: Result, screen: Screen, *, rest: Path | None) -> None:
    """Show the first placements, and say where the rest is."""
    if result.allocation is None:
        return
    facts, say = Facts(result.instance, result.allocation), words(screen.lang)
    table = new_table()
    for column in COLUMNS:
        side: Literal["left", "right"] = "right" if column in NUMBERS else "left"
        table.add_column(say(f"column.{column}"), justify=side, no_wrap=column in WHOLE)
    for household in islice(facts.placements, FIRST_ROWS):
        table.add_row(*_placement(facts, household, screen))
    show(screen.say("show.placements"), table, screen)
    more = len(facts.placements) - FIRST_ROWS
    if more > 0:
        screen.out.print(
            screen.say("show.more" if rest else "show.more_nowhere", count=more, file=rest), style="dim"
        )


def _placement(facts: Facts, household: str, screen: Screen) -> tuple[str, ...]:
    say, row = words(screen.lang), facts.households[household]
    stays = facts.stays.get(household, [])
    counted = Counter(item.list for item in facts.items.get(household, []))
    things = [f"{say(f'list.{kind}')}\N{NO-BREAK SPACE}{count}" for kind, count in counted.items()]
    return (
        household,
        facts.region_name(row.home_region),
        ", ".join(facts.region_name(stay.region_id) for stay in stays),
        ", ".join(stay.house_id for stay in stays),
        facts.shown_periods(facts.stay_periods(household)),
        ", ".join(str(facts.stay_rank(stay) or "–") for stay in stays),
        number(facts.placements[household].cost_yen),
        ", ".join(things),
    )


def unplaced(result: Result, screen: Screen) -> None:
    """Show the rules that stand most often against households without a place, with one example each."""
    if result.allocation is None or not len(result.allocation.unplaced):
        return
    facts, reasons = Facts(result.instance, result.allocation), result.allocation.unplaced
    rules, first, counts = np.unique(reasons["rule"], return_index=True, return_counts=True)
    table = new_table()
    for key, side in (("show.rule", "left"), ("show.count", "right"), ("show.example", "left")):
        table.add_column(screen.say(key), justify="right" if side == "right" else "left")
    for at in np.lexsort((first, -counts))[:6].tolist():
        row = reasons.row(int(first[at]))
        example = f"{row.household_id}: {reason_of(facts, row, screen.lang)}"
        table.add_row(rule_name(str(rules[at]), screen.lang), f"{counts[at]:,}", example)
    show(screen.say("show.unplaced"), table, screen)


def lock_prices(prices: Sequence[LockPrice], screen: Screen) -> None:
    """Show what each override costs."""
    table = new_table()
    for key in ("lock", "reason", "lost", "first_choices", "moved", "certainty"):
        table.add_column(screen.say(f"prices.{key}"))
    for price in prices:
        lock = price.lock
        named = f"{lock.household_id} {lock.effect} {lock.target_kind} {lock.target_id or ''}".strip()
        table.add_row(
            named,
            lock.reason,
            ", ".join(f"{level} {lost:+,}" for level, lost in price.lost.items()),
            number(price.first_choices_lost),
            number(price.moved_households),
            _certainty(price, screen),
        )
    show(screen.say("prices.title"), table, screen)


def _certainty(price: LockPrice, screen: Screen) -> str:
    if price.blocks:
        return screen.say("prices.blocks")
    if price.impossible:
        return screen.say("prices.impossible")
    if price.proven:
        return screen.say("prices.proven")
    if not price.lost:
        return screen.say("prices.unknown")
    low, high = (number(limit) or "–" for limit in (price.lost_at_least, price.lost_at_most))
    return screen.say("prices.between", low=low, high=high)


def comparison(rule_mode: Result, optimum: Result, screen: Screen) -> None:
    """Show rule mode beside the optimum."""
    left, right = ({**vars(figures(run)), "first_wish": _first_wishes(run)} for run in (rule_mode, optimum))
    table = new_table()
    table.add_column("")
    for key in ("show.rule_mode", "show.optimum", "show.difference"):
        table.add_column(screen.say(key), justify="right")
    for name in (
        "households",
        "persons",
        "schools",
        "care",
        "desks",
        "roles",
        "first_wish",
        "cost_yen",
        "objective",
    ):
        before, after = left[name], right[name]
        table.add_row(
            screen.say(f"show.figure.{name}"), number(before), number(after), _change(before, after)
        )
    bound = screen.say("show.no_bound")
    table.add_row(screen.say("show.gap"), percent(left["gap"]) or bound, percent(right["gap"]) or bound, "")
    table.add_row(screen.say("show.seconds"), f"{rule_mode.seconds:.1f}", f"{optimum.seconds:.1f}", "")
    show(screen.say("show.comparison"), table, screen)


def _first_wishes(result: Result) -> int:
    """Count the households whose stay fulfils a first wish."""
    return Facts(result.instance, result.allocation).rank_counts()[1] if result.allocation else 0


def _change(before: int | None, after: int | None) -> str:
    return "" if before is None or after is None else f"{after - before:+,}"


def files(paths: Sequence[Path], screen: Screen) -> None:
    """List the files that were written, with what each is for."""
    table = new_table()
    table.add_column(screen.say("show.file"), no_wrap=True)
    table.add_column(screen.say("show.what_for"))
    for path in paths:
        table.add_row(str(path), screen.say(f"file.{path.name.replace('_2.', '.')}"))
    show(screen.say("show.files"), table, screen)


def violations(found: Sequence[Violation], screen: Screen, *, to: Console | None = None) -> None:
    """List broken rules, on standard output or elsewhere."""
    from nichiiki.report.page import violation_text

    for violation in found:
        (to or screen.out).print(
            f"✗ [{violation.rule}] {violation_text(violation, screen.lang)}", soft_wrap=True
        )
