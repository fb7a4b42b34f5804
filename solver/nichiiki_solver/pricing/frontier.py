"""What a budget buys, and which kind of product suits the same people: prices found again with one thing changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nichiiki_models.allocation import Allocation
from nichiiki_models.cross_checks import PRODUCT_FIELDS
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Product
from nichiiki_models.tariff import TariffResult
from nichiiki_solver.pricing.amounts import PAID, RIDERS, make_ledger
from nichiiki_solver.pricing.offers import make_offers
from nichiiki_solver.pricing.price import check_allocation, price
from nichiiki_solver.pricing.question import Effort, Question, choice_of, prices_of
from nichiiki_solver.pricing.terms import Asked

KINDS = ("flat", "capped", "percentage", "fixed_ride", "threshold")
DEFAULTS: dict[str, Any] = {"cap_rides": 8, "percent_back": 40, "threshold_trips": 2}
"""Terms of a kind where the product at hand has none."""


@dataclass(frozen=True)
class FrontierPoint:
    """What a budget buys.

    Attributes
    ----------
    subsidy_yen, used_yen
        Given, and used.
    buyers
        Thousandths of a person-month; None where nothing is allowed.
    prices
        Of each product.
    riders
        All who travel, with a product or single fares; thousandths of a person-month.
    paid_yen
        What they pay together.
    """

    subsidy_yen: int
    used_yen: int
    buyers: int | None
    prices: dict[str, int | None]
    riders: int = 0
    paid_yen: int = 0


def frontier(
    instance: Instance, allocation: Allocation | None = None, *, budgets_yen: Sequence[int], **asked: Any
) -> list[FrontierPoint]:
    """Return the most buyers for each of several budgets; what does not depend on the budget is computed once.

    Parameters
    ----------
    instance, allocation
        As for `price`.
    budgets_yen
        Subsidies over the calendar.
    asked
        Further arguments of `price`, but not goal and subsidy.
    """
    for budget in budgets_yen:
        Asked(subsidy_yen=budget).check(instance)
    check_allocation(instance, allocation)
    wanted = Asked(goal="uptake", **asked).check(instance)
    question = Question(make_ledger(make_offers(instance, allocation), wanted))
    return [_point(question, budget) for budget in budgets_yen]


def _point(question: Question, budget: int) -> FrontierPoint:
    priced, outcome = question.solve(Effort(), time.perf_counter(), subsidy_yen=budget)
    names = question.ledger.offers.names
    if outcome.choice is None:
        return FrontierPoint(budget, 0, None, dict.fromkeys(names))
    choice = choice_of(priced, outcome)
    return FrontierPoint(
        subsidy_yen=budget,
        used_yen=int(priced.market.usage(choice)[0]),
        buyers=int(outcome.levels[0].objective or 0) + priced.shift,
        prices=dict(zip(names, prices_of(priced, outcome), strict=True)),
        riders=priced.total_of(choice, RIDERS),
        paid_yen=priced.total_of(choice, PAID) // 1000,
    )


def compare_products(
    instance: Instance,
    allocation: Allocation | None = None,
    *,
    product_id: str,
    kinds: Sequence[str] = KINDS,
    **asked: Any,
) -> dict[str, TariffResult]:
    """Price each kind of product alone, on the scope of one product and on the same people.

    Parameters
    ----------
    product_id
        Whose scope, price range, eligibility and black-outs are taken. Terms that it has not are usual ones: 8 rides, 40 percent, 2
        trips, and as bonus half of its highest price. A fixed ride costs up to the same highest price.
    kinds
        Kinds to compare.
    asked
        Further arguments of `price`.

    Returns
    -------
    dict
        Result by kind.
    """
    rows = [row for row in instance.products.rows() if row.product_id == product_id]
    if not rows:
        known = ", ".join(instance.products["product_id"].tolist())
        raise UsageError.of("arg_unknown", argument="product_id", value=product_id, choices=known)
    variants = {
        kind: instance.replace(products=Table.from_rows(Product, [_as_kind(rows[0], kind)])) for kind in kinds
    }
    return {kind: price(variant, moved(allocation, variant), **asked) for kind, variant in variants.items()}


def _as_kind(product: Product, kind: str) -> Product:
    """The same product as another kind, with usual terms where it has none."""
    top = product.price_max_yen or product.price_yen or 0
    usual = {**DEFAULTS, "bonus_yen": top // 2}
    wanted = PRODUCT_FIELDS.get(kind, ())
    terms = {name: own if (own := getattr(product, name)) is not None else usual[name] for name in wanted}
    free = kind in ("percentage", "threshold")
    prices = {"price_yen": 0} if free else {"price_yen": product.price_yen}
    cleared = dict.fromkeys(("cap_rides", "percent_back", "threshold_trips", "bonus_yen"))
    return product.model_copy(update={"kind": kind, **cleared, **terms, **prices})


def moved(allocation: Allocation | None, variant: Instance) -> Allocation | None:
    """The allocation as one of the variant: products do not bind it."""
    return None if allocation is None else allocation.replace(instance_hash=variant.hash)
