"""The rows that people read, one function a list; CSV, workbook and report all show these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from nichiiki.report.facts import Facts
from nichiiki.report.loads import Load, loads
from nichiiki.report.people import certificate_cells, cost_cells, kpi_cells
from nichiiki.report.words import reason_text, words
from nichiiki_models.allocation import Item, Unplaced
from nichiiki_models.explanation import code_of, hazards_sentence
from nichiiki_models.metrics import Metrics
from nichiiki_models.tariff import TariffResult
from nichiiki_models.texts import Lang
from nichiiki_solver.budget import budget_table
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
        One tuple of cells a row.
    """

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]

    def __len__(self) -> int:
        return len(self.rows)


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
    def loads(self) -> list[Load]:
        """Every shared capacity."""
        return loads(self.facts)

    @cached_property
    def placements(self) -> Sheet:
        """One row a stay: who gets what."""
        return Sheet("placements", PLACEMENT_COLUMNS, list(_placements(self.facts)))

    @cached_property
    def unplaced(self) -> Sheet:
        """One row a reason: who gets nothing, and why."""
        return Sheet("unplaced", UNPLACED_COLUMNS, list(_unplaced(self.facts, self.lang)))

    @cached_property
    def load_sheet(self) -> Sheet:
        """One row a shared capacity and period."""
        return Sheet("loads", LOAD_COLUMNS, [_load_cells(load) for load in self.loads])

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
        return Sheet(
            "house_calendar",
            ("house_id", "region_id", "units", *self.facts.open_periods),
            _calendar(self.facts),
        )

    @cached_property
    def roles(self) -> Sheet:
        """Roles by periods: holders of the most that fit."""
        columns = ("role_id", "title", "region_id", "min_holders", "max_holders", *self.facts.open_periods)
        return Sheet("roles", columns, _roster(self.facts, self.loads))

    @cached_property
    def certificates(self) -> Sheet:
        """One row a stay: what is to be certified."""
        columns, cells = certificate_cells(self.facts.instance, self.facts.allocation)
        return Sheet("certificates", columns, cells)

    @cached_property
    def costs(self) -> Sheet:
        """One row a stay: what the household pays a month."""
        columns, cells = cost_cells(self.facts.instance, self.facts.allocation, self.tariff)
        return Sheet("costs", columns, cells)

    @cached_property
    def metrics(self) -> Metrics:
        """The figures of the allocation."""
        return evaluate(self.facts.instance, self.facts.allocation)

    @cached_property
    def kpi(self) -> Sheet:
        """One row a key figure."""
        cells = kpi_cells(self.facts.instance, self.metrics, self.lang)
        return Sheet("kpi", ("figure", "value", "meaning"), cells)

    @cached_property
    def unplaced_households(self) -> list[tuple[str, list[str]]]:
        """Each household without a place, with its reasons in words."""
        found: dict[str, list[str]] = {household: [] for household in not_placed(self.facts)}
        for household, *_, sentence in self.unplaced.rows:
            found.setdefault(str(household), []).extend([str(sentence)] if sentence else [])
        return list(found.items())


def not_placed(facts: Facts) -> list[str]:
    """Return the households that have no place, in canonical order."""
    return [household for household in facts.households if household not in facts.placements]


def reason_of(facts: Facts, reason: Unplaced, lang: Lang) -> str:
    """Return a reason as a sentence; of hazards that threaten both homes it names them."""
    house = facts.houses.get(reason.target_id or "")
    household = facts.households.get(reason.household_id)
    if reason.rule != "hazard_shared" or house is None or household is None:
        return reason_text(
            reason.rule, reason.target_id, reason.value, reason.limit, lang, reason.household_id
        )
    both = {*house.hazards} & {*facts.regions[household.home_region].hazards}
    return hazards_sentence(
        house.house_id, [each for each in facts.instance.rules.limits.hazards_apart if each in both], lang
    )


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


def _placements(facts: Facts) -> Iterator[tuple[Cell, ...]]:
    for household, placement in facts.placements.items():
        row, items = facts.households.get(household), facts.items.get(household, [])
        head: tuple[Cell, ...] = (household, row.home_region if row else "", facts.members.get(household, 0))
        things = tuple(targets(items, kind) for kind in ("school", "care", "desk", "role", "experience"))
        budget = row.budget_yen if row else None
        for stay in facts.stays.get(household, ()):
            periods = "; ".join(facts.in_order(stay.periods))
            middle = (stay.region_id, stay.house_id, stay.units, periods, facts.stay_rank(stay))
            yield (*head, *middle, placement.cost_yen, budget, *things, placement.supporter_id)


def _unplaced(facts: Facts, lang: Lang) -> Iterator[tuple[Cell, ...]]:
    known: set[str] = set()
    for row in facts.allocation.unplaced.rows():
        known.add(row.household_id)
        reason = reason_of(facts, row, lang)
        code = code_of(row.rule).value
        yield (*_who(facts, row.household_id), code, row.rule, row.target_id, row.value, row.limit, reason)
    for household in not_placed(facts):
        if household not in known:
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


def _calendar(facts: Facts) -> list[tuple[Cell, ...]]:
    tenants: dict[tuple[str, str], list[str]] = {}
    for stay in facts.allocation.stays.rows():
        for period in stay.periods:
            tenants.setdefault((stay.house_id, period), []).append(stay.household_id)
    return [
        (
            house.house_id,
            house.region_id,
            house.units,
            *(", ".join(tenants.get((house.house_id, period), ())) for period in facts.open_periods),
        )
        for house in facts.houses.values()
    ]


def _roster(facts: Facts, all_loads: list[Load]) -> list[tuple[Cell, ...]]:
    holders = {(load.target_id, load.period_id): load.used for load in all_loads if load.rule == "role_max"}
    return [
        (
            role.role_id,
            role.title,
            role.region_id,
            role.min_holders,
            role.max_holders,
            *(holders.get((role.role_id, period)) for period in facts.open_periods),
        )
        for role in facts.roles.values()
    ]
