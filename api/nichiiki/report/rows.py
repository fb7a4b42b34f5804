"""The rows that people read, one function a list; CSV, workbook and report all show these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice
from operator import itemgetter

import numpy as np

from nichiiki.report.facts import Facts
from nichiiki.report.lazily import Lines
from nichiiki.report.loads import Load, loads
from nichiiki.report.people import cost_table, kpi_cells, row_cells
from nichiiki.report.uses import Uses
from nichiiki.report.words import reason_text, words
from nichiiki_models.allocation import Item, Unplaced
from nichiiki_models.columns import runs
from nichiiki_models.explanation import code_of, hazards_sentence
from nichiiki_models.metrics import Metrics
from nichiiki_models.table import BLOCK
from nichiiki_models.tariff import TariffResult
from nichiiki_models.texts import Lang
from nichiiki_solver.budget import budget_table
from nichiiki_solver.certificates import certificates
from nichiiki_solver.evaluate import evaluate

Cell = str | int | None


@dataclass(frozen=True)
class Sheet:
    """A list with named columns.

    Attributes
    ----------
    name
        Name of the file or sheet; its title is in the catalogue.
    columns
        Canonical names of the columns.
    rows
        One tuple of cells a row; those of long lists are made anew whenever they are read.
    """

    name: str
    columns: tuple[str, ...]
    rows: Collection[tuple[Cell, ...]]

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, most: int) -> list[tuple[Cell, ...]]:
        """Return the first rows."""
        return list(islice(self.rows, most))


PLACEMENT_COLUMNS = (
    "household_id",
    "home_region",
    "persons",
    "region_id",
    "house_id",
    "units",
    "periods",
    "stay_rank",
    "cost_yen",
    "budget_yen",
    "schools",
    "care",
    "desks",
    "roles",
    "experiences",
    "supporter_id",
)
UNPLACED_COLUMNS = (
    "household_id",
    "home_region",
    "persons",
    "code",
    "rule",
    "target_id",
    "value",
    "limit",
    "reason",
)
REASON = ("household_id", "rule", "target_id", "value", "limit")
LOAD_COLUMNS = ("rule", "region_id", "target_id", "band", "period_id", "used", "capacity", "least")

BUDGET_COLUMNS = (
    "measure_id",
    "target_id",
    "item",
    "taken",
    "cost_yen",
    "payer",
    "paid_by",
    "amount_yen",
    "note",
    "need_yen",
    "left_yen",
)


class Rows:
    """Every list of a result, made when it is first asked for.

    Parameters
    ----------
    facts
        The allocation beside its instance.
    lang
        Language of the sentences.
    tariff
        Prices of the same allocation, by which the costs count the products.
    """

    def __init__(self, facts: Facts, lang: Lang, tariff: TariffResult | None = None) -> None:
        self.facts = facts
        self.lang = lang
        self.tariff = tariff

    @cached_property
    def uses(self) -> Uses:
        """What is used of the shared capacities."""
        return Uses(self.facts)

    def loads(self, *rules: str) -> Iterator[Load]:
        """Yield the shared capacities that some rules limit; all of them if none is named."""
        return loads(self.uses, rules or None)

    @cached_property
    def placements(self) -> Sheet:
        """One row a stay: who gets what."""
        facts = self.facts
        placed = facts.allocation.placements["household_id"]
        count = int(facts.allocation.stays.spans(runs(placed)[0])[1].sum())
        return Sheet("placements", PLACEMENT_COLUMNS, Lines(lambda: placement_cells(facts), count))

    @cached_property
    def unplaced(self) -> Sheet:
        """One row a reason: who gets nothing, and why."""
        silent = len(self.facts.silent)
        lines = Lines(lambda: _unplaced(self.facts, self.lang), len(self.facts.allocation.unplaced) + silent)
        return Sheet("unplaced", UNPLACED_COLUMNS, lines)

    @cached_property
    def load_sheet(self) -> Sheet:
        """One row a shared capacity and period."""
        return Sheet("loads", LOAD_COLUMNS, Lines(lambda: map(_load_cells, self.loads())))

    @cached_property
    def budget(self) -> Sheet:
        """One row for everybody who pays for a measure, or was asked to."""
        say = words(self.lang)
        return Sheet(
            "budget",
            BUDGET_COLUMNS,
            [
                (
                    line.measure_id,
                    line.target_id,
                    line.item,
                    say("yes" if line.taken else "no"),
                    line.cost_yen,
                    say(f"payer.{line.payer}"),
                    line.paid_by,
                    line.amount_yen,
                    say(f"budget.{line.note}") if line.note else "",
                    line.need_yen,
                    line.left_yen,
                )
                for line in budget_table(self.facts.instance, self.facts.allocation)
            ],
        )

    @cached_property
    def paid(self) -> list[tuple[Cell, ...]]:
        """The rows of the budget in which something is paid; budget.csv has the others too."""
        return [row for row in self.budget.rows if row[BUDGET_COLUMNS.index("amount_yen")]]

    @cached_property
    def house_calendar(self) -> Sheet:
        """Houses by periods: who lives there."""
        columns = ("house_id", "region_id", "units", *self.facts.open_periods)
        lines = Lines(lambda: _calendar(self.facts), len(self.facts.instance.houses))
        return Sheet("house_calendar", columns, lines)

    @cached_property
    def roles(self) -> Sheet:
        """Roles by periods: holders of the most that fit."""
        columns = ("role_id", "title", "region_id", "min_holders", "max_holders", *self.facts.open_periods)
        return Sheet("roles", columns, list(_roster(self.facts, self.uses)))

    @cached_property
    def certificates(self) -> Sheet:
        """One row a stay: what is to be certified."""
        table = certificates(self.facts.instance, self.facts.allocation)
        return Sheet("certificates", tuple(table.columns), Lines(lambda: row_cells(table), len(table)))

    @cached_property
    def costs(self) -> Sheet:
        """One row a stay: what the household pays a month."""
        table = cost_table(self.facts.instance, self.facts.allocation, self.tariff)
        return Sheet("costs", tuple(table.columns), Lines(lambda: row_cells(table), len(table)))

    @cached_property
    def metrics(self) -> Metrics:
        """The figures of the allocation."""
        return evaluate(self.facts.instance, self.facts.allocation)

    @cached_property
    def kpi(self) -> Sheet:
        """One row a key figure."""
        cells = kpi_cells(self.facts.instance, self.metrics, self.lang)
        return Sheet("kpi", ("figure", "value", "meaning"), cells)

    def refused(self, most: int, *, after: int = 0, reasons: int = 1) -> Iterator[tuple[str, list[str], int]]:
        """Yield the households without a place: each with the first of its reasons in words, and how many it has.

        Parameters
        ----------
        most, after
            How many households, and how many others come before them.
        reasons
            How many reasons are put in words.
        """
        for household in self.facts.waiting[after : after + most].tolist():
            yield household, self.reasons(household, reasons), len(self.facts.unplaced.get(household, ()))

    def reasons(self, household: str, most: int) -> list[str]:
        """Return the first reasons why a household has no place, in words."""
        stated = self.facts.unplaced.get(household, [])[:most]
        return [reason_of(self.facts, reason, self.lang) for reason in stated]


def reason_of(facts: Facts, reason: Unplaced, lang: Lang) -> str:
    """Return a reason as a sentence; of hazards that threaten both homes it names them."""
    return _sentence(facts, lang, *(getattr(reason, name) for name in REASON))


def _sentence(
    facts: Facts,
    lang: Lang,
    household_id: str,
    rule: str,
    target: str | None,
    value: int | None,
    limit: int | None,
) -> str:
    is_shared = rule == "hazard_shared"
    house = facts.row_of(target or "") if is_shared else -1
    household = facts.households.get(household_id) if is_shared else None
    if house < 0 or household is None:
        return reason_text(rule, target, value, limit, lang)
    there = facts.instance.houses.lists("hazards")[house]
    both = {*there} & {*facts.regions[household.home_region].hazards}
    named = [each for each in facts.instance.rules.limits.hazards_apart if each in both]
    return hazards_sentence(target or "", named, lang)


def besides(items: Sequence[Item]) -> dict[tuple[str, str], list[str]]:
    """Return what a household gets beside its stays: the persons of each kind and target, in order."""
    found: dict[tuple[str, str], list[str]] = {}
    for item in items:
        found.setdefault((item.list, item.target_id), []).extend([item.person_id] if item.person_id else [])
    return found


def targets(items: Sequence[Item], kind: str) -> str:
    """Return the targets of one list as text: ``person: target`` joined by semicolons."""
    found = [item for item in items if item.list == kind]
    return "; ".join(
        f"{item.person_id}: {item.target_id}" if item.person_id else item.target_id for item in found
    )


def placement_cells(facts: Facts, households: Iterable[str] | None = None) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of placements.csv, of some households or of all."""
    for household in facts.placements if households is None else households:
        placement = facts.placements[household]
        row, items = facts.households.get(household), facts.items.get(household, [])
        head: tuple[Cell, ...] = (household, row.home_region if row else "", facts.members.get(household, 0))
        things = tuple(targets(items, kind) for kind in ("school", "care", "desk", "role", "experience"))
        budget = row.budget_yen if row else None
        for stay in facts.stays.get(household, ()):
            periods = "; ".join(facts.in_order(stay.periods))
            middle = (stay.region_id, stay.house_id, stay.units, periods, facts.stay_rank(stay))
            yield (*head, *middle, placement.cost_yen, budget, *things, placement.supporter_id)


def _unplaced(facts: Facts, lang: Lang) -> Iterator[tuple[Cell, ...]]:
    for household, reasons in groupby(facts.allocation.unplaced.tuples(*REASON), key=itemgetter(0)):
        who = _who(facts, household)
        for _, rule, *rest in reasons:
            yield (*who, code_of(rule).value, rule, *rest, _sentence(facts, lang, household, rule, *rest))
    for household in facts.silent.tolist():
        yield (*_who(facts, household), "", "", None, None, None, "")


def _who(facts: Facts, household: str) -> tuple[Cell, ...]:
    row = facts.households.get(household)
    return household, row.home_region if row else "", facts.members.get(household, 0)


def _load_cells(load: Load) -> tuple[Cell, ...]:
    return (
        load.rule,
        load.region_id,
        load.target_id,
        load.band,
        load.period_id,
        load.used,
        load.capacity,
        load.least,
    )


def _calendar(facts: Facts) -> Iterator[tuple[Cell, ...]]:
    houses, stays = facts.instance.houses, facts.allocation.stays
    house = houses.find(stays["house_id"])
    order = np.argsort(house, kind="stable")
    starts = np.searchsorted(house[order], np.arange(len(houses) + 1))
    for first in range(0, len(houses), BLOCK):
        part = slice(first, min(first + BLOCK, len(houses)))
        tenants: dict[tuple[str, str], list[str]] = {}
        for stay in stays.take(order[starts[part.start] : starts[part.stop]]).rows():
            for period in stay.periods:
                tenants.setdefault((stay.house_id, period), []).append(stay.household_id)
        heads = zip(
            *(houses[name][part].tolist() for name in ("house_id", "region_id", "units")), strict=True
        )
        for head in heads:
            yield (*head, *(", ".join(tenants.get((head[0], each), ())) for each in facts.open_periods))


def _roster(facts: Facts, uses: Uses) -> Iterator[tuple[Cell, ...]]:
    roles = facts.instance.roles
    names = ("role_id", "title", "region_id", "min_holders", "max_holders")
    heads = zip(*(roles[name].tolist() for name in names), strict=True)
    at = uses.calendar.open
    cells = zip(uses.roles[at].T.tolist(), uses.role_periods[at].T.tolist(), strict=True)
    for head, (held, runs_) in zip(heads, cells, strict=True):
        yield (*head, *(count if is_there else None for count, is_there in zip(held, runs_, strict=True)))
