"""Prices that keep their budget in every scenario, and what each scenario would ask by itself.

A scenario changes how many travel, how they answer prices, how they like flat fees, and what seats cost. The menus of every unit are
evaluated in each of them; the market of the first one then gets a subsidy row for each further one, so the robust prices
are proven best like any others. Who may buy what is the same in all of them, hence units and menus too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_models.allocation import Allocation, Status
from nichiiki_models.columns import Array
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_solver.pricing.amounts import BUYERS, make_ledger
from nichiiki_solver.pricing.frontier import moved
from nichiiki_solver.pricing.offers import make_offers
from nichiiki_solver.pricing.price import check_allocation
from nichiiki_solver.pricing.price_market import subsidies
from nichiiki_solver.pricing.question import Effort, Question, prices_of
from nichiiki_solver.pricing.terms import Asked
from nichiiki_solver.pricing.units import OFF
from nichiiki_solver.ragged import Ints


@dataclass(frozen=True)
class Scenario:
    """One way in which things may turn out, in percent of what the instance says.

    Attributes
    ----------
    travellers, values, elasticity, liking, seat_cost
        Persons of the demand table, the worth of its trips, the elasticity of placed households, the liking of flat
        fees, and what a seat costs.
    """

    name: str
    travellers: int = 100
    values: int = 100
    elasticity: int = 100
    liking: int = 100
    seat_cost: int = 100


SCENARIOS = (
    Scenario("base"),
    Scenario("fewer", travellers=80),
    Scenario("more", travellers=120),
    Scenario("poorer", values=95),
    Scenario("richer", values=105),
    Scenario("elastic", elasticity=150),
    Scenario("no_liking", liking=0),
    Scenario("double_liking", liking=200),
    Scenario("dearer_seats", seat_cost=120),
)
"""What is tried if nothing else is given; the first one is the instance as it is."""


@dataclass(frozen=True)
class ScenarioResult:
    """What a scenario makes of the robust prices, and which prices would be best in it alone.

    Attributes
    ----------
    buyers, need_yen, subsidy_yen
        At the robust prices; thousandths of a person-month, yen over the calendar. None without robust prices.
    alone
        Best prices in this scenario alone; None if nothing is allowed in it.
    """

    scenario: Scenario
    buyers: int | None
    subsidy_yen: int | None
    alone: dict[str, int | None] | None


@dataclass(frozen=True)
class RobustPrices:
    """Prices that keep the subsidy in every scenario.

    Attributes
    ----------
    status
        OPTIMAL if proven best by the goal in the first scenario; INFEASIBLE if no prices keep every scenario.
    prices
        Of each product; None if it is not sold.
    bands
        Lowest and highest price of each product over the scenarios alone, where it is sold in any.
    """

    status: Status
    prices: dict[str, int | None] | None
    scenarios: tuple[ScenarioResult, ...]
    bands: dict[str, tuple[int, int]]


def robust_prices(
    instance: Instance,
    allocation: Allocation | None = None,
    *,
    scenarios: Sequence[Scenario] = SCENARIOS,
    effort: Effort | None = None,
    **asked: Any,
) -> RobustPrices:
    """Find the best prices whose subsidy stays within the budget in every scenario.

    Parameters
    ----------
    instance, allocation
        As for `price`.
    scenarios
        The first one is that in which the goal and all other limits count.
    effort
        How long to search for each answer.
    asked
        Further arguments of `price`; `subsidy_yen` is needed.

    Raises
    ------
    UsageError
        If there is no scenario, or no subsidy to keep.
    """
    if not scenarios:
        raise UsageError("scenarios: at least one is needed")
    if asked.get("subsidy_yen", 0) is None:
        raise UsageError("subsidy_yen: without a limit there is nothing to keep; give a number of yen")
    wanted, effort = Asked(**asked).check(instance), effort or Effort()
    check_allocation(instance, allocation)
    questions = [_question(in_scenario(instance, each), allocation, wanted) for each in scenarios]
    first = questions[0]
    stress = [question.menus for question in questions[1:]]
    priced, outcome = first.solve(effort, time.perf_counter(), stress=stress)
    prices = None if outcome.choice is None else prices_of(priced, outcome)
    found = tuple(_result(*pair, prices, effort) for pair in zip(scenarios, questions, strict=True))
    names = first.ledger.offers.names
    return RobustPrices(
        status=outcome.status,
        prices=None if prices is None else dict(zip(names, prices, strict=True)),
        scenarios=found,
        bands=_bands(names, found),
    )


def in_scenario(instance: Instance, scenario: Scenario) -> Instance:
    """Return the instance as a scenario has it; whole yen, rounded down, and persons rounded to the nearest."""
    rule = instance.rules.demand
    changed = rule.model_copy(
        update={
            "elasticity_percent": rule.elasticity_percent * scenario.elasticity // 100,
            "flat_bias_yen": rule.flat_bias_yen * scenario.liking // 100,
        }
    )
    people, links = instance.demand, instance.links
    demand = people.with_columns(
        mass=(people["mass"] * scenario.travellers + 50) // 100,
        value_yen=people["value_yen"] * scenario.values // 100,
        bias_yen=people["bias_yen"] * scenario.liking // 100,
    )
    services = links.with_columns(seat_cost_yen=links["seat_cost_yen"] * scenario.seat_cost // 100)
    rules = instance.rules.model_copy(update={"demand": changed})
    return instance.replace(demand=demand, links=services, rules=rules)


def _question(instance: Instance, allocation: Allocation | None, asked: Asked) -> Question:
    return Question(make_ledger(make_offers(instance, moved(allocation, instance)), asked))


def _result(
    scenario: Scenario, question: Question, prices: list[int | None] | None, effort: Effort
) -> ScenarioResult:
    priced, outcome = question.solve(effort, time.perf_counter())
    names = question.ledger.offers.names
    alone = None if outcome.choice is None else dict(zip(names, prices_of(priced, outcome), strict=True))
    if prices is None:
        return ScenarioResult(scenario, None, None, alone)
    rows = [
        _row(unit.decided, menus.prices, prices)
        for unit, menus in zip(question.units, question.menus, strict=True)
    ]
    taken = [menus.take(row) for menus, row in zip(question.menus, rows, strict=True)]
    buyers = sum(int(menus.sums[0, BUYERS]) for menus in taken)
    return ScenarioResult(scenario, buyers, sum(int(subsidies(menus)[0]) for menus in taken), alone)


def _row(decided: list[int], menus: Ints, prices: list[int | None]) -> Array:
    """Place of the menu with the prices of a unit's products."""
    wanted = np.array([OFF if (asked := prices[k - 1]) is None else asked for k in decided], dtype=np.int64)
    return np.flatnonzero((menus == wanted).all(axis=1))[:1]


def _bands(names: list[str], found: Sequence[ScenarioResult]) -> dict[str, tuple[int, int]]:
    listed = {
        name: [price for each in found if each.alone and (price := each.alone[name]) is not None]
        for name in names
    }
    return {name: (min(prices), max(prices)) for name, prices in listed.items() if prices}


__all__ = ["SCENARIOS", "RobustPrices", "Scenario", "ScenarioResult", "in_scenario", "robust_prices"]
