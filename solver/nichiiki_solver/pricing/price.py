"""Price: find out who travels, evaluate every menu of prices, choose on the market, check, return."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from nichiiki_models.allocation import Allocation, LevelResult, Status
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_models.hashing import content_hash
from nichiiki_models.instance import Instance
from nichiiki_models.rules import DemandRule
from nichiiki_models.tariff import Baseline, Figures, Goal, ProductResult, TariffResult, UnitResult
from nichiiki_solver.market import Outcome
from nichiiki_solver.policies.registry import Progress
from nichiiki_solver.pricing.amounts import NEED, make_ledger
from nichiiki_solver.pricing.figures import Sums, behave, by_pair, flows, settlement, sharing, ways, without
from nichiiki_solver.pricing.offers import make_offers
from nichiiki_solver.pricing.price_market import Priced, subsidies
from nichiiki_solver.pricing.question import Effort, Question, choice_of, level_shift, prices_of
from nichiiki_solver.pricing.rents import find_rents
from nichiiki_solver.pricing.roots import break_even
from nichiiki_solver.pricing.terms import Asked
from nichiiki_solver.solving import make_settings
from nichiiki_solver.verify.tariff import verify_tariff


def price(
    instance: Instance,
    allocation: Allocation | None = None,
    *,
    goal: Goal = "break_even",
    subsidy_yen: int | None = 0,
    baseline: Baseline = "cost",
    subsidy_per_head_yen: int | None = None,
    town_caps_yen: Mapping[str, int] | None = None,
    equity_share_percent: int | None = None,
    equity_yen: int | None = None,
    no_arbitrage: bool = True,
    operator_caps: bool = True,
    price_ratios: Mapping[str, tuple[str, int]] | None = None,
    time_limit_s: float = 60.0,
    relative_gap: float = 0.0,
    seed: int = 0,
    workers: int = 2,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TariffResult:
    """Choose the prices of fare products.

    Parameters
    ----------
    instance
        Links, products, operators, demand and rules are read.
    allocation
        Whose households travel, beside the travellers of the demand table.
    goal
        ``break_even``: most buyers, and of equals the lowest prices, with every unit's shortfall within the subsidy and a
        buyer for what is sold (of one price the smallest that breaks even); ``uptake``: most buyers within the subsidy;
        ``revenue``: all fees and fares; ``welfare``: value to travellers less the cost of seats, of selling and of public
        money (`rules.demand.public_funds_percent`).
    subsidy_yen
        Public money over the calendar, a lump sum; None = any amount.
    baseline
        Against what a shortfall counts: ``cost`` of the seats that products cover, or the margin of ``single_fares`` alone.
    subsidy_per_head_yen
        Most subsidy of a unit for each person-month with a product.
    town_caps_yen
        Most shortfall of trips to a region, over the calendar, by region id.
    equity_share_percent, equity_yen
        At least this share of those who travel pay at most so much a month and full fare.
    no_arbitrage
        Whether no product may cost more than others that together let its buyer do the same.
    operator_caps
        Whether no operator may lose more than its `loss_cap_yen` a month, subsidy not counted.
    price_ratios
        Of some products: another one, and what percent of its price they cost, to the nearest step; sold both or neither.
    time_limit_s, relative_gap, seed, workers, progress, should_stop
        As in `allocate`.

    Returns
    -------
    TariffResult
        With INFEASIBLE where no prices keep what was asked, or nothing can be sold at break-even; its units then say why.

    Raises
    ------
    UsageError
        If an argument has no meaning, or grids make too many menus.
    VerificationError
        If the answer failed its independent check; nothing is returned then.
    """
    started = time.perf_counter()
    make_settings(time_limit_s, relative_gap, seed, workers)
    asked = Asked(
        goal=goal,
        baseline=baseline,
        subsidy_yen=subsidy_yen,
        subsidy_per_head_yen=subsidy_per_head_yen,
        town_caps_yen=dict(town_caps_yen or {}),
        equity_share_percent=equity_share_percent,
        equity_yen=equity_yen,
        no_arbitrage=no_arbitrage,
        operator_caps=operator_caps,
        price_ratios=dict(price_ratios or {}),
    ).check(instance)
    check_allocation(instance, allocation)
    ledger = make_ledger(make_offers(instance, allocation), asked)
    effort = Effort(time_limit_s, relative_gap, seed, workers, should_stop, progress)
    priced, outcome = Question(ledger).solve(effort, started)
    result = _result(priced, outcome, allocation, {"seed": seed}, started)
    violations = verify_tariff(instance, result, allocation)
    if violations:
        raise VerificationError(violations)
    return result


def check_allocation(instance: Instance, allocation: Allocation | None) -> None:
    """Refuse an allocation of another instance."""
    if allocation is not None and allocation.instance_hash != instance.hash:
        raise UsageError.of("other_instance", argument="allocation")


def _result(
    priced: Priced, outcome: Outcome, allocation: Allocation | None, run: dict[str, Any], started: float
) -> TariffResult:
    ledger = priced.ledger
    offers, asked = ledger.offers, ledger.asked
    head: dict[str, Any] = {
        "instance_hash": offers.instance.hash,
        "allocation_hash": None if allocation is None else allocation_hash(allocation),
        "goal": asked.goal,
        "baseline": asked.baseline,
        "settings": {**asked.settings(), **run},
        "unreachable": offers.unreachable,
        "without": without(ledger),
        "provenance": {
            "nichiiki": version("nichiiki"),
            "rules": f"{offers.instance.rules.rules_id} {offers.instance.rules.version}",
            "classes": len(offers.classes),
            "menus": sum(len(menus) for menus in priced.everything),
        },
    }
    body = _nothing(priced) if outcome.choice is None else _body(priced, outcome)
    status = outcome.status
    decided = [product for product in body.get("products", ()) if product.decided]
    if asked.goal == "break_even" and decided and not any(product.offered for product in decided):
        status = Status.INFEASIBLE if status is Status.OPTIMAL else status
    return TariffResult(
        **head,
        **body,
        status=status,
        reason=outcome.reason,
        **_claims(priced, outcome),
        seconds=time.perf_counter() - started,
    )


def allocation_hash(allocation: Allocation) -> str:
    """SHA-256 of who stays where: what prices depend on."""
    return content_hash({"stays": allocation.stays}, DemandRule())


def _claims(priced: Priced, outcome: Outcome) -> dict[str, Any]:
    """Levels as they are without the market's shift."""
    levels = tuple(_level(priced, level) for level in outcome.levels)
    leading = next((level for level in levels if not level.proven), levels[0] if levels else None)
    if leading is None:
        return {"levels": levels}
    return {"levels": levels, "objective": leading.objective, "bound": leading.bound}


def _level(priced: Priced, level: LevelResult) -> LevelResult:
    add = level_shift(priced, level.name)
    objective, bound = (None if x is None else x + add for x in (level.objective, level.bound))
    return LevelResult(name=level.name, objective=objective, bound=bound)


def _nothing(priced: Priced) -> dict[str, Any]:
    units = tuple(_unit(priced, at, None) for at in range(len(priced.units) - 1))
    products = tuple(
        _product(priced, k, None, Figures()) for k in range(1, len(priced.ledger.offers.terms) + 1)
    )
    return {"units": units, "products": products}


def _body(priced: Priced, outcome: Outcome) -> dict[str, Any]:
    ledger, offers = priced.ledger, priced.ledger.offers
    prices = prices_of(priced, outcome)
    behaviour, rents = behave(ledger, prices), find_rents(priced)
    sums = Sums(behaviour, rents.yen)
    ods, zones = by_pair(sums)
    menus = [choice_of(priced, outcome)[at] for at in range(len(priced.units))]
    units = tuple(_unit(priced, at, int(option)) for at, option in enumerate(menus[:-1]))
    total, used = sums.figures(), sum(unit.subsidy_yen for unit in units)
    return {
        "products": tuple(
            _product(priced, k, prices[k - 1], sums.figures(alternatives=[k]))
            for k in range(1, len(offers.terms) + 1)
        ),
        "units": units,
        "subsidy_used_yen": used,
        "yen_per_buyer": rents.yen_per_buyer,
        "deadweight_share": min(1.0, total.gift_yen / used) if used else None,
        "total": total,
        "ods": tuple(ods),
        "zones": tuple(zones),
        "flows": tuple(flows(behaviour, rents)),
        "ways": tuple(ways(offers)),
        "settlement": tuple(settlement(behaviour)),
        "sharing": tuple(sharing(behaviour)),
    }


def _product(priced: Priced, k: int, asked: int | None, figures: Figures) -> ProductResult:
    terms = priced.ledger.offers.terms[k - 1]
    unit = next((at for at, each in enumerate(priced.units) if k in each.decided), None)
    return ProductResult(
        product_id=terms.product_id,
        kind=terms.kind,
        offered=asked is not None,
        decided=terms.decided,
        price_yen=asked,
        unit=unit,
        covers=_covers(priced, k),
        figures=figures,
    )


def _covers(priced: Priced, k: int) -> tuple[str, ...]:
    offers = priced.ledger.offers
    return tuple(offers.instance.links["link_id"][offers.links[k - 1]].tolist())


def _unit(priced: Priced, at: int, option: int | None) -> UnitResult:
    unit, evaluator, menus = priced.units[at], priced.evaluators[at], priced.everything[at]
    asked, rule = priced.ledger.asked, priced.ledger.offers.instance.rules.demand
    start = sum(len(menus) for menus in priced.allowed[:at])
    chosen = None if option is None else priced.allowed[at].take(np.array([option - start]))
    names = [priced.ledger.offers.terms[k - 1].product_id for k in unit.decided or unit.given]
    exact = len(unit.decided) == 1 and rule.choice == "best"
    return UnitResult(
        unit=at,
        product_ids=tuple(names),
        menus=len(menus),
        need_yen=0 if chosen is None else -(-int(chosen.sums[0, NEED]) // 1000),
        subsidy_yen=0 if chosen is None else int(subsidies(chosen)[0]),
        break_even=break_even(evaluator, menus, asked.subsidy_yen or 0) if exact else None,
    )
