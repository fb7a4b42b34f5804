"""What follows from a tariff: a black-out calendar for its passes, and who may lawfully pay its subsidy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_models.payers import Expense, PaymentPlan, Requirement
from nichiiki_models.tariff import FlowResult, ProductResult, TariffResult
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.payers import lawful_payers
from nichiiki_solver.pricing.travellers import month_weights
from nichiiki_solver.ragged import Array, Ints
from nichiiki_solver.seat_control.blackout import BlackoutCalendar, blackout_calendar

FARE = "fare"
"""Item of expense that a fare product is."""


@dataclass(frozen=True, eq=False)
class PassCalendar:
    """When products over the same seats need not hold, so that they pay for their seats and what these are worth.

    Attributes
    ----------
    product_ids
        Products sold that share a link with a limit of seats, directly or over others.
    periods
        Periods in which one of them is used.
    cost_yen
        Of each period: seats and their rents; without rents where these have no price in yen.
    budget_yen
        What products earn on the links that they cover, and their subsidy.
    seats
        Of each period: seats on the scarcest link and direction.
    members
        Most holders in a period.
    calendar
        Fewest closed periods that keep the price.
    """

    product_ids: tuple[str, ...]
    periods: tuple[str, ...]
    cost_yen: Ints
    budget_yen: int
    has_rents: bool
    seats: Ints
    members: int
    calendar: BlackoutCalendar


def pass_calendars(instance: Instance, tariff: TariffResult, *, guaranteed: int = 0) -> list[PassCalendar]:
    """Find the black-out calendar of each group of products that use the same seats.

    Parameters
    ----------
    instance, tariff
        What was priced, and the answer.
    guaranteed
        Seats that each holder must find in the open periods.
    """
    return [_calendar(instance, tariff, group, guaranteed) for group in _groups(instance, tariff)]


def _groups(instance: Instance, tariff: TariffResult) -> list[list[ProductResult]]:
    """Products sold, joined where they cover the same link with a limit of seats; in the order of the first."""
    limited = set(instance.links["link_id"][instance.links["seats"] >= 0].tolist())
    groups: list[list[ProductResult]] = []
    for product in tariff.products:
        covers = limited & set(product.covers)
        if not product.offered or not product.figures.buyers or not covers:
            continue
        near = [group for group in groups if any(covers & set(other.covers) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([each for group in near for each in group] + [product])
    return sorted(groups, key=lambda group: tariff.products.index(group[0]))


def _calendar(
    instance: Instance, tariff: TariffResult, group: list[ProductResult], guaranteed: int
) -> PassCalendar:
    covers = {link for product in group for link in product.covers}
    used = [
        flow
        for flow in tariff.flows
        if flow.link_id in covers and flow.product_passengers and flow.seats is not None
    ]
    listed = Calendar.of(instance).ids.tolist()
    periods = [name for name in listed if any(flow.period_id == name for flow in used)]
    cost = dict(
        zip(instance.links["link_id"].tolist(), instance.links["seat_cost_yen"].tolist(), strict=True)
    )
    spent = np.array(
        [sum(_yen(flow, cost) for flow in used if flow.period_id == name) for name in periods], dtype=np.int64
    )
    seats = np.array(
        [min(flow.seats or 0 for flow in used if flow.period_id == name) for name in periods], dtype=np.int64
    )
    weight = month_weights(instance)[[listed.index(name) for name in periods]]
    earned = sum(product.figures.product_yen for product in group)
    subsidy = sum(max(0, product.figures.need_yen) for product in group) if tariff.subsidy_used_yen else 0
    budget, lost = earned + subsidy, _shares(earned, weight)
    members = -(-sum(product.figures.buyers for product in group) // max(1, int(weight.sum())))
    found = blackout_calendar(
        spent, budget, lost_yen=lost, seats=seats, members=members, guaranteed=guaranteed
    )
    return PassCalendar(
        product_ids=tuple(product.product_id for product in group),
        periods=tuple(periods),
        cost_yen=spent,
        budget_yen=budget,
        has_rents=all(flow.rent_yen is not None for flow in used),
        seats=seats,
        members=members,
        calendar=found,
    )


def _yen(flow: FlowResult, cost: dict[str, int]) -> int:
    """What the seats that products take in a leg cost and would have earned, rounded up."""
    return int(np.ceil(flow.product_passengers * (cost[flow.link_id] + (flow.rent_yen or 0.0)) / 1000))


def _shares(total: int, weight: Array) -> Ints:
    """Divide a sum by weights, rounded down."""
    return np.asarray(total * weight.astype(object) // max(1, int(weight.sum())), dtype=np.int64)


def payers_of(instance: Instance, tariff: TariffResult) -> PaymentPlan:
    """Say who may lawfully pay the subsidy of a tariff: an expense for each town, in proportion to the shortfall of trips to it.

    Parameters
    ----------
    instance
        Its tables `programmes` and `regions` are read.
    tariff
        What is to be paid.
    """
    needs = {zone.region_id: max(0, zone.figures.need_yen) for zone in tariff.zones}
    total, left, expenses = sum(needs.values()), tariff.subsidy_used_yen, list[Expense]()
    for region, need in needs.items():
        yen = left * need // total if total else 0
        left, total = left - yen, total - need
        if yen:
            expenses.append(
                Expense(expense_id=region, item=FARE, yen=yen, fulfils=_fulfils(instance, region))
            )
    return lawful_payers(instance, expenses)


def _fulfils(instance: Instance, region: str) -> tuple[Requirement, ...]:
    """What a town has of the things that programmes require; a designation is not a column of towns, and counts as given."""
    row = instance.regions.row(int(instance.regions.find(np.array([region]))[0]))
    plan: tuple[Requirement, ...] = ("plan",) if row.has_plan else ()
    member: tuple[Requirement, ...] = ("membership",) if row.platform_member else ()
    return (*plan, "designation", *member)
