"""Measures: renovations and expansions, who may pay for them, and every plan of who does.

A plan is a choice of programmes, asked in order; what each pays follows from the plan alone (docs/explanation/rules.md,
section 13). So a measure with one plan is one option: it supplies what it adds, and takes its money from budgets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_models.tables import Measure, Programme
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.ragged import Ints, offsets_of

NEVER = np.int64(1) << 40
TARGET_TABLE = {"house": "houses", "facility": "facilities", "role": "roles", "supporter": "supporters"}


@dataclass(frozen=True)
class Plans:
    """Every plan of every measure, ordered by measure, then as section 13 orders plans.

    Attributes
    ----------
    measure
        Row of the measure.
    own_yen, own_region
        Own money, and the region that pays it (-1 = a supporter pays itself).
    offsets, programme, amount_yen
        What each programme of the plan pays (CSR by plan).
    """

    measure: Ints
    own_yen: Ints
    own_region: Ints
    offsets: Ints
    programme: Ints
    amount_yen: Ints

    def __len__(self) -> int:
        return len(self.measure)

    @classmethod
    def of(cls, instance: Instance, *, every: bool = False) -> Plans:
        """List the plans that the budgets could carry if nothing else were paid from them, or every plan whatever it costs."""
        found: list[tuple[int, int, int, list[tuple[int, int]]]] = []
        programmes, own_money = list(instance.programmes.rows()), own_budgets(instance)
        for row, measure in enumerate(instance.measures.rows()):
            region = _region(instance, measure)
            may = [p for p in _listed(instance, measure) if may_pay(instance, programmes[p], measure)]
            plans = [
                _plan(measure.cost_yen, programmes, chosen) for chosen in _choices(instance, may, programmes)
            ]
            kept = [plan for plan in plans if plan and (every or _fits(own_money, programmes, region, plan))]
            order = {programme: place for place, programme in enumerate(may)}
            kept.sort(key=lambda plan: (plan[0], [order[p] for p, _ in plan[1]]))
            found += [(row, own, region, paid) for own, paid in kept]
        return cls(
            np.array([plan[0] for plan in found], dtype=np.int64),
            np.array([plan[1] for plan in found], dtype=np.int64),
            np.array([plan[2] for plan in found], dtype=np.int64),
            offsets_of(np.array([len(plan[3]) for plan in found], dtype=np.int64)),
            np.array([p for plan in found for p, _ in plan[3]], dtype=np.int64),
            np.array([yen for plan in found for _, yen in plan[3]], dtype=np.int64),
        )


Paid = tuple[int, list[tuple[int, int]]]
"""Own money, and (programme, yen) in order."""


def _listed(instance: Instance, measure: Measure) -> list[int]:
    """Rows of the programmes that a measure names, each once."""
    named = np.array(list(dict.fromkeys(measure.programmes)), dtype=np.str_)
    return [int(row) for row in instance.programmes.find(named)]


def _region(instance: Instance, measure: Measure) -> int:
    """Row of the region of a measure's target; -1 for a supporter."""
    if measure.target_kind == "supporter":
        return -1
    table = instance.tables[TARGET_TABLE[measure.target_kind]]
    region = table["region_id"][table.find(np.array([measure.target_id]))]
    return int(instance.regions.find(region)[0])


def may_pay(instance: Instance, programme: Programme, measure: Measure) -> bool:
    """Whether a programme may pay for a measure at all: item, requirements, dates."""
    return (
        _pays_item(instance, programme, measure.item)
        and all(_has(instance, word, measure) for word in programme.requires)
        and _is_valid(instance, programme, measure)
    )


def _pays_item(instance: Instance, programme: Programme, item: str) -> bool:
    if programme.payer == "state" and item in instance.rules.funding.state_excluded_items:
        return False
    return (not programme.eligible_items or item in programme.eligible_items) and (
        item not in programme.excluded_items
    )


def _has(instance: Instance, word: str, measure: Measure) -> bool:
    """Whether region or supporter have what a programme requires."""
    if measure.target_kind == "supporter":
        own = instance.supporters.row(int(instance.supporters.find(np.array([measure.target_id]))[0]))
        planned = set(instance.regions["region_id"][instance.regions["has_plan"]].tolist())
        return {
            "plan": bool(planned & set(own.regions)),
            "designation": own.designated,
            "membership": own.platform_member,
        }[word]
    region = instance.regions.row(_region(instance, measure))
    if word == "designation":
        return any(
            row.designated and (region.region_id in row.regions or (row.scope == "wide" and not row.regions))
            for row in instance.supporters.rows()
        )
    return region.has_plan if word == "plan" else region.platform_member


def _is_valid(instance: Instance, programme: Programme, measure: Measure) -> bool:
    if measure.starts_on is None and not len(instance.periods):
        return programme.valid_from is None and programme.valid_until is None
    first = measure.starts_on or instance.periods["starts_on"].min().item()
    return (programme.valid_from is None or programme.valid_from <= first) and (
        programme.valid_until is None or first <= programme.valid_until
    )


def _choices(instance: Instance, may: list[int], programmes: list[Programme]) -> Iterator[tuple[int, ...]]:
    """Yield every choice of programmes in their order, with at most one of each single payer."""
    single = instance.rules.funding.single_payers
    for size in range(len(may) + 1):
        for chosen in combinations(may, size):
            payers = [programmes[p].payer for p in chosen if programmes[p].payer in single]
            if len(payers) == len(set(payers)):
                yield chosen


def _plan(cost: int, programmes: list[Programme], chosen: tuple[int, ...]) -> Paid | None:
    """Ask the chosen programmes in order; None if one of them would pay nothing."""
    left, paid = cost, []
    for p in chosen:
        programme = programmes[p]
        share = left if programme.rate_kind == "fixed" else left * programme.rate_percent // 100
        share = share if programme.cap_yen is None else min(share, programme.cap_yen)
        if share == 0:
            return None
        left -= share
        paid.append((p, share))
    return left, paid


def _fits(own: Ints, programmes: list[Programme], region: int, plan: Paid) -> bool:
    """Whether every budget could carry a plan alone."""
    enough = region < 0 or own[region] == NULL_INT or plan[0] <= own[region]
    return bool(enough) and all(yen <= programmes[p].budget_yen for p, yen in plan[1])


def own_budgets(instance: Instance) -> Ints:
    """Own money of each region for measures; `NULL_INT` = no limit."""
    budgets = instance.rules.funding.own_budget_yen
    return np.array(
        [budgets.get(name, NULL_INT) for name in instance.regions["region_id"].tolist()], dtype=np.int64
    )


@dataclass(frozen=True)
class Additions:
    """What measures could add, for judging what may be allowed at all.

    Attributes
    ----------
    opens_at
        First position from which a house may be lived in: 0 if it is ready, `NEVER` if nothing can open it.
    house_adds
        Most units that measures add to each house.
    """

    opens_at: Ints
    house_adds: Ints


def find_additions(instance: Instance, calendar: Calendar, plans: Plans) -> Additions:
    """Say what is possible if every measure with a plan were taken."""
    houses = instance.houses
    opens = np.where(houses["ready"], 0, NEVER).astype(np.int64)
    adds = np.zeros(len(houses), dtype=np.int64)
    table, rows = instance.measures, np.unique(plans.measure)
    rows = rows[table["target_kind"][rows] == "house"]
    house = houses.find(table["target_id"][rows])
    ready = houses["ready"][house]
    np.add.at(adds, house[ready], table["adds"][rows[ready]])
    np.maximum.at(adds, house[~ready], table["adds"][rows[~ready]])
    np.minimum.at(opens, house[~ready], counts_from(instance, calendar, rows[~ready]))
    return Additions(opens, adds)


def counts_from(instance: Instance, calendar: Calendar, measures: Ints) -> Ints:
    """Position of the period from which each of some measures counts."""
    names, which = np.unique(instance.measures["from_period"][measures], return_inverse=True)
    begins = [calendar.positions([name])[0] if name else 0 for name in names.tolist()]
    return np.array(begins, dtype=np.int64)[which]


def added_seats(instance: Instance, plans: Plans) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Measures with a plan by facility and band: (row, seats)."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    table, rows = instance.measures, np.unique(plans.measure)
    rows = rows[(table["target_kind"][rows] == "facility") & (table["band"][rows] != "")]
    columns = (rows, table["target_id"][rows], table["band"][rows], table["adds"][rows])
    for row, target, band, adds in zip(*(column.tolist() for column in columns), strict=True):
        found.setdefault((target, band), []).append((row, adds))
    return found
