"""What is found beside a tariff: budgets, kinds of product, black-outs, payers, scenarios, and what would help; and its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nichiiki.report.rows import Sheet
from nichiiki_models.payers import PaymentPlan
from nichiiki_models.tariff import TariffResult

if TYPE_CHECKING:
    from nichiiki_solver.pricing.after import PassCalendar
    from nichiiki_solver.pricing.frontier import FrontierPoint
    from nichiiki_solver.pricing.relaxing import Relaxation
    from nichiiki_solver.pricing.robust import RobustPrices

KIND_FIGURES = (
    "buyers",
    "riders",
    "trips_existing",
    "trips_induced",
    "trips_new",
    "product_yen",
    "gift_yen",
    "need_yen",
    "surplus_yen",
)


@dataclass(frozen=True)
class Extras:
    """Answers to what planners ask next; empty where nobody asked.

    Attributes
    ----------
    points
        What budgets buy.
    kinds
        Kinds of one product on the same demand.
    calendars
        Black-out calendars of products that share seats.
    payers
        Who may pay the subsidy.
    robust
        Prices that keep the budget in every scenario.
    relaxations
        What would help where nothing keeps what was asked.
    """

    points: Sequence[FrontierPoint] = ()
    kinds: Mapping[str, TariffResult] = field(default_factory=dict)
    calendars: Sequence[PassCalendar] = ()
    payers: PaymentPlan | None = None
    robust: RobustPrices | None = None
    relaxations: Sequence[Relaxation] = ()


def extra_sheets(tariff: TariffResult, extras: Extras) -> list[Sheet]:
    """Return the lists of the extras, in the order of their files."""
    names = [product.product_id for product in tariff.products]
    return [
        Sheet("frontier", ("subsidy_yen", "used_yen", "buyers", *_prices(names)), [*_points(names, extras)]),
        Sheet("kinds", ("kind", "price_yen", *KIND_FIGURES), [*_kinds(extras)]),
        Sheet(
            "blackout",
            ("products", "period_id", "cost_yen", "seats", "members", "closed"),
            [*_calendars(extras)],
        ),
        Sheet("payers", ("region_id", "programme_id", "payer", "yen", "rules"), [*_payers(extras)]),
        Sheet(
            "scenarios", ("scenario", "buyers", "subsidy_yen", *_prices(names)), [*_scenarios(names, extras)]
        ),
        Sheet("relaxations", ("limit", "target_id", "asked", "enough", "without"), [*_relaxations(extras)]),
    ]


def _prices(names: Sequence[str]) -> list[str]:
    return [f"price_yen {name}" for name in names]


def _cells(*values: Any) -> tuple[Any, ...]:
    return tuple("" if value is None else value for value in values)


def _points(names: Sequence[str], extras: Extras) -> Iterator[tuple[Any, ...]]:
    for point in extras.points:
        yield _cells(point.subsidy_yen, point.used_yen, point.buyers, *(point.prices[name] for name in names))


def _kinds(extras: Extras) -> Iterator[tuple[Any, ...]]:
    for kind, found in extras.kinds.items():
        total = None if found.objective is None else found.total
        figures = (getattr(total, name, None) for name in KIND_FIGURES)
        yield _cells(kind, found.products[0].price_yen, *figures)


def _calendars(extras: Extras) -> Iterator[tuple[Any, ...]]:
    for each in extras.calendars:
        closed = each.calendar.closed
        for at, period in enumerate(each.periods):
            shut = "" if closed is None else ("yes" if closed[at] else "no")
            yield (
                ";".join(each.product_ids),
                period,
                int(each.cost_yen[at]),
                int(each.seats[at]),
                each.members,
                shut,
            )


def _payers(extras: Extras) -> Iterator[tuple[Any, ...]]:
    if extras.payers is None:
        return
    for paid in extras.payers.payments:
        yield paid.expense_id, paid.programme_id, paid.payer, paid.yen, ""
    for left in extras.payers.refused:
        yield (
            left.expense_id,
            "",
            "",
            left.yen,
            ";".join(f"{name}={rule}" for name, rule in left.rules.items()),
        )


def _scenarios(names: Sequence[str], extras: Extras) -> Iterator[tuple[Any, ...]]:
    """First the robust prices, then each scenario with its own best prices."""
    if extras.robust is None:
        return
    robust = extras.robust.prices
    yield _cells("robust", None, None, *((robust or {}).get(name) for name in names))
    for each in extras.robust.scenarios:
        alone = each.alone or {}
        yield _cells(each.scenario.name, each.buyers, each.subsidy_yen, *(alone.get(name) for name in names))


def _relaxations(extras: Extras) -> Iterator[tuple[Any, ...]]:
    for each in extras.relaxations:
        yield _cells(each.limit, each.target_id, each.asked, each.enough, ";".join(each.without))
