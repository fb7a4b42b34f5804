"""Who pays: the measures taken, payer by payer, and what the households pay a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nichiiki.report.privacy import Level
from nichiiki.report.rows import Cell, Rows, Sheet
from nichiiki.report.words import number, words
from nichiiki_models.metrics import BudgetLine
from nichiiki_solver.budget import budget_table

PAYERS = ("state", "prefecture", "municipality", "private", "own")
"""Who can pay for a measure, in the order of the columns."""
MONTHLY = ("rent_yen", "fares_yen", "before_yen", "after_yen", "saved_yen")
"""What placed households pay a month, columns of costs.csv."""


@dataclass(frozen=True)
class Share:
    """What a kind of payer pays for a measure, and under which programmes."""

    yen: int
    names: str


@dataclass(frozen=True)
class PaidMeasure:
    """A measure that was taken, with what each kind of payer pays."""

    measure: str
    target: str
    item: str
    cost_yen: int
    shares: dict[str, Share]


@dataclass(frozen=True)
class RefusedMeasure:
    """A measure that was not taken, in words: why not, and which of its programmes could not pay."""

    measure: str
    target: str
    item: str
    cost_yen: int
    why: str
    programmes: list[str]


@dataclass(frozen=True)
class Bill:
    """The measures taken, and the sums.

    Attributes
    ----------
    measures, refused
        Those taken, and the others, in their order.
    payers
        Kinds of payers that pay anything.
    totals
        Yen by kind of payer.
    cost_yen
        Of all measures.
    """

    measures: list[PaidMeasure]
    refused: list[RefusedMeasure]
    payers: list[str]
    totals: dict[str, int]
    cost_yen: int


def bill(rows: Rows) -> Bill:
    """Return who pays for the measures taken, and why the others are not."""
    by_measure: dict[str, list[BudgetLine]] = {}
    for line in budget_table(rows.facts.instance, rows.facts.allocation):
        by_measure.setdefault(line.measure_id, []).append(line)
    measures = [_measure(rows, lines) for lines in by_measure.values() if lines[0].taken]
    refused = [_refused(rows, lines) for lines in by_measure.values() if not lines[0].taken]
    totals: Counter[str] = Counter()
    for measure in measures:
        totals.update({payer: share.yen for payer, share in measure.shares.items()})
    payers = [payer for payer in PAYERS if totals[payer]]
    return Bill(measures, refused, payers, dict(totals), sum(measure.cost_yen for measure in measures))


def _measure(rows: Rows, lines: Sequence[BudgetLine]) -> PaidMeasure:
    first = lines[0]
    shares = {
        payer: Share(sum(line.amount_yen for line in own), ", ".join(_name(rows, line) for line in own))
        for payer in PAYERS
        if (own := [line for line in lines if line.payer == payer and line.amount_yen])
    }
    target = rows.facts.target_name(first.target_id)
    return PaidMeasure(first.measure_id, target, first.item, first.cost_yen, shares)


def _refused(rows: Rows, lines: Sequence[BudgetLine]) -> RefusedMeasure:
    *programmes, own = lines
    say, target = words(rows.lang), rows.facts.target_name(own.target_id)
    money = {"who": _name(rows, own), "need": number(own.need_yen), "left": number(own.left_yen)}
    barred = [
        f"{line.paid_by}: {say(f'budget.{line.note}')}" for line in programmes if line.note != "not_asked"
    ]
    why = say(f"budget.why.{own.note}", **money)
    return RefusedMeasure(own.measure_id, target, own.item, own.cost_yen, why, barred)


def _name(rows: Rows, line: BudgetLine) -> str:
    """Return the region or supporter that pays of its own, else the programme."""
    if line.payer == "own":
        facts = rows.facts
        return (
            facts.region_name(line.paid_by)
            if line.paid_by in facts.regions
            else facts.target_name(line.paid_by)
        )
    return line.paid_by


def cost_columns(rows: Rows, level: Level) -> list[str]:
    """Return the columns of costs.csv that the report shows.

    With a tariff also what its products change; income and budget of a household are for staff alone.
    """
    after = ("after_yen", "saved_yen") if rows.tariff else ()
    income, means = (("income_class",), ("burden_yen", "budget_yen")) if level == "staff" else ((), ())
    return ["household_id", *income, "rent_yen", "fares_yen", "before_yen", *after, *means]


def picked(sheet: Sheet, columns: Sequence[str], most: int) -> list[list[Cell]]:
    """Return some columns of the first rows of a list."""
    places = [sheet.columns.index(name) for name in columns]
    return [[row[place] for place in places] for row in sheet.first(most)]


def monthly(rows: Rows) -> dict[str, int]:
    """Return what all placed households pay a month together, by column of costs.csv."""
    places = [rows.costs.columns.index(name) for name in MONTHLY]
    sums = [0] * len(places)
    for row in rows.costs.rows:
        sums = [total + int(row[at] or 0) for total, at in zip(sums, places, strict=True)]
    return dict(zip(MONTHLY, sums, strict=True))
