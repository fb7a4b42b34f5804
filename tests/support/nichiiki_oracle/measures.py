"""Measures and programmes: section 13 of the rules, read literally."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from nichiiki_models.tables import Measure, Programme

if TYPE_CHECKING:
    from nichiiki_oracle.market import Market

Taken = Mapping[str, "Plan"]
"""The plan of every measure that is taken."""


@dataclass(frozen=True)
class Plan:
    """Who pays a measure: (programme, yen) in order, and own money."""

    shares: tuple[tuple[str, int], ...]
    own_yen: int


def region_of(market: Market, measure: Measure) -> str | None:
    """Return the region of the target; None for a supporter."""
    match measure.target_kind:
        case "house":
            return market.houses[measure.target_id].region_id
        case "facility":
            return market.facilities[measure.target_id].region_id
        case "role":
            return market.roles[measure.target_id].region_id
        case _:
            return None


def may_pay(market: Market, programme: Programme, measure: Measure) -> bool:
    """Say whether the three rules of who may pay hold."""
    return (
        _item(market, programme, measure.item)
        and all(_has(market, measure, word) for word in programme.requires)
        and _dates(market, programme, measure)
    )


def _item(market: Market, programme: Programme, item: str) -> bool:
    if programme.eligible_items and item not in programme.eligible_items:
        return False
    if item in programme.excluded_items:
        return False
    return programme.payer != "state" or item not in market.rules.funding.state_excluded_items


def _has(market: Market, measure: Measure, word: str) -> bool:
    region_id = region_of(market, measure)
    if region_id is None:
        supporter = market.supporters[measure.target_id]
        if word == "plan":
            return any(market.regions[name].has_plan for name in supporter.regions)
        return supporter.designated if word == "designation" else supporter.platform_member
    region = market.regions[region_id]
    if word == "designation":
        serving = [
            row
            for row in market.supporters.values()
            if region_id in row.regions or (row.scope == "wide" and not row.regions)
        ]
        return any(row.designated for row in serving)
    return region.has_plan if word == "plan" else region.platform_member


def _dates(market: Market, programme: Programme, measure: Measure) -> bool:
    day = measure.starts_on or market.periods[market.calendar[0]].starts_on
    after_start = programme.valid_from is None or day >= programme.valid_from
    return after_start and (programme.valid_until is None or day <= programme.valid_until)


def plans(market: Market, measure: Measure) -> list[Plan]:
    """List every plan of a measure in the order of plans."""
    usable = [name for name in measure.programmes if may_pay(market, market.programmes[name], measure)]
    found = []
    for used in product((False, True), repeat=len(usable)):
        names = [name for name, use in zip(usable, used, strict=True) if use]
        plan = _plan(market, measure, names)
        if plan is not None and _payers_differ(market, names):
            found.append(plan)
    places = {name: place for place, name in enumerate(measure.programmes)}
    return sorted(found, key=lambda plan: (plan.own_yen, [places[name] for name, _ in plan.shares]))


def _plan(market: Market, measure: Measure, names: list[str]) -> Plan | None:
    unpaid, shares = measure.cost_yen, []
    for name in names:
        programme = market.programmes[name]
        share = unpaid if programme.rate_kind == "fixed" else unpaid * programme.rate_percent // 100
        if programme.cap_yen is not None and share > programme.cap_yen:
            share = programme.cap_yen
        if share == 0:
            return None
        shares.append((name, share))
        unpaid -= share
    return Plan(tuple(shares), unpaid)


def _payers_differ(market: Market, names: list[str]) -> bool:
    payers = [market.programmes[name].payer for name in names]
    return all(payers.count(payer) <= 1 for payer in market.rules.funding.single_payers)


def keeps_budgets(market: Market, taken: Taken) -> bool:
    """Say whether programmes and regions can pay for all that is taken."""
    budgets = {name: row.budget_yen for name, row in market.programmes.items()}
    own = dict(market.rules.funding.own_budget_yen)
    for measure_id, plan in taken.items():
        for name, yen in plan.shares:
            budgets[name] -= yen
        region = region_of(market, market.measures[measure_id])
        if region in own:
            own[region] -= plan.own_yen
    return all(left >= 0 for left in (*budgets.values(), *own.values()))


def one_a_house(market: Market, taken: Taken) -> bool:
    """Say whether at every house that is not ready at most one measure is taken."""
    houses = [
        market.measures[name].target_id for name in taken if market.measures[name].target_kind == "house"
    ]
    return all(houses.count(house) <= 1 or market.houses[house].ready for house in houses)


def every_choice(market: Market) -> Iterator[dict[str, Plan]]:
    """Yield every choice of measures and plans that the budgets allow."""
    ways: list[list[Plan | None]] = [[None, *plans(market, row)] for row in market.measures.values()]
    for chosen in product(*ways):
        pairs = zip(market.measures, chosen, strict=True)
        taken = {name: plan for name, plan in pairs if plan is not None}
        if keeps_budgets(market, taken) and one_a_house(market, taken):
            yield taken


def settled(market: Market, names: Iterable[str]) -> dict[str, Plan]:
    """Return who pays in the end for measures that are taken: least own money, then the first plans."""
    measures = sorted(names)
    ways = [plans(market, market.measures[name]) for name in measures]
    tries = [dict(zip(measures, chosen, strict=True)) for chosen in product(*ways)]
    allowed = [taken for taken in tries if keeps_budgets(market, taken)]
    return min(
        allowed,
        key=lambda taken: (
            sum(plan.own_yen for plan in taken.values()),
            [way.index(plan) for way, plan in zip(ways, taken.values(), strict=True)],
        ),
    )


def possible(market: Market) -> frozenset[str]:
    """Return the measures that the budgets allow to be taken alone."""
    return frozenset(
        name
        for name, row in market.measures.items()
        if any(keeps_budgets(market, {name: plan}) for plan in plans(market, row))
    )


def counts_in(market: Market, measure: Measure, period: str) -> bool:
    """Say whether a measure counts in a period."""
    first = measure.from_period
    return first is None or market.position[period] >= market.position[first]


def added(market: Market, kind: str, target: str, period: str, band: str | None = None) -> int:
    """Return what the measures taken add to a target in a period."""
    return sum(
        row.adds
        for name in market.taken
        if (row := market.measures[name]).target_kind == kind
        and (row.target_id, row.band) == (target, band)
        and counts_in(market, row, period)
    )


def is_open(market: Market, house_id: str, period: str) -> bool:
    """Say whether a house is ready, or a measure taken there counts in a period."""
    at_house = [market.measures[name] for name in market.taken]
    return market.houses[house_id].ready or any(
        row.target_kind == "house" and row.target_id == house_id and counts_in(market, row, period)
        for row in at_house
    )


def terms(market: Market, taken: Taken) -> dict[str, int]:
    """Return the terms of the objective that are summed over the measures taken."""
    return {
        "measure_yen": -sum(market.measures[name].cost_yen for name in taken),
        "own_yen": -sum(plan.own_yen for plan in taken.values()),
    }
