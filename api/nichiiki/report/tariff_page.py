"""The report of a tariff: one HTML file without any outside reference or script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from nichiiki.report.budget_chart import changes, halves
from nichiiki.report.page import INDENT, asset, digest
from nichiiki.report.tariff_extras import Extras
from nichiiki.report.words import number, percent, words
from nichiiki_models.instance import Instance
from nichiiki_models.tariff import Figures, ProductResult, TariffResult
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki_solver.pricing.robust import Scenario

FARE = "fare"
"""Item of expense that a fare product is."""
MOST_FLOWS = 40
PARTS = ("product_cost_yen", "seat_rent_yen", "admin_yen", "margin_yen")
"""What the price of a product pays for."""


@dataclass(frozen=True)
class Part:
    """A part of what a buyer pays a month for a product."""

    key: str
    yen: int | None


def tariff_html(
    instance: Instance,
    tariff: TariffResult,
    *,
    extras: Extras,
    lang: Lang,
) -> str:
    """Return the report of a tariff as one HTML document.

    Parameters
    ----------
    instance, tariff
        What was priced, and the answer.
    extras
        What was found beside it.
    lang
        Language.
    """
    style = asset("report.css")
    won = changes(extras.points)
    flows = sorted(
        tariff.flows,
        key=lambda flow: (-(flow.rent_yen or flow.rent_buyers or 0), -flow.product_passengers),
    )
    page: str = _template().render(
        lang=lang,
        say=words(lang),
        number=number,
        percent=percent,
        persons=lambda thousandths: f"{thousandths / 1000:,.1f}",
        instance=instance,
        tariff=tariff,
        parts={product.product_id: parts_of(product) for product in tariff.products},
        extras=extras,
        points=extras.points,
        won={change.point.subsidy_yen: change for change in won},
        chart=halves(won),
        kinds=extras.kinds,
        flows=flows[:MOST_FLOWS],
        names=_named(instance, "regions", "region_id"),
        programmes=_named(instance, "programmes", "programme_id"),
        prices_of=prices_of,
        refusals=refusals(instance, words(lang)),
        scenario_name=lambda scenario: scenario_name(scenario, words(lang)),
        style=style,
        policy=f"default-src 'none'; style-src '{digest(style)}'; base-uri 'none'; form-action 'none'",
    )
    return INDENT.sub("\n", page)


def _named(instance: Instance, table: str, key: str) -> dict[str, str]:
    """Name of each row of a table by its id."""
    rows = instance.tables[table]
    return dict(zip(rows[key].tolist(), rows["name"].tolist(), strict=True))


def refusals(instance: Instance, say: Callable[..., str]) -> list[tuple[str, str]]:
    """Programmes that exclude fares or do not pay them, and which of the two."""
    found = []
    for programme in instance.programmes.rows():
        if FARE in programme.excluded_items:
            found.append((programme.name, say("tariff.rule_excluded")))
        elif FARE not in programme.eligible_items:
            found.append((programme.name, say("tariff.rule_not_eligible")))
    return found


def prices_of(prices: Mapping[str, int | None]) -> str:
    """Prices of the products that are sold."""
    return ", ".join(f"{name} {number(price)}" for name, price in prices.items() if price is not None) or "–"


def scenario_name(scenario: Scenario, say: Callable[..., str]) -> str:
    """What differs in a scenario, in words; what the instance says if nothing does."""
    parts = [
        f"{say(f'tariff.scenario.{name}')} {value} %"
        for name, value in vars(scenario).items()
        if name != "name" and value != 100
    ]
    return ", ".join(parts) or say("tariff.scenario.base")


def parts_of(product: ProductResult) -> list[Part]:
    """Divide what a buyer pays a month for a product: seats, their scarcity, selling, and what is left (below 0: missing)."""
    figures = product.figures
    if not figures.buyers:
        return []
    shares = {name: getattr(figures, name, None) for name in PARTS}
    paid = figures.product_yen - figures.product_cost_yen - figures.admin_yen - (figures.seat_rent_yen or 0)
    shares["margin_yen"] = paid
    others = {name: getattr(figures, name) for name in ("cannibalised_yen", "gift_yen")}
    return [
        Part(name, _a_head(figures, yen))
        for name, yen in {"product_yen": figures.product_yen, **shares, **others}.items()
    ]


def _a_head(figures: Figures, yen: int | None) -> int | None:
    return None if yen is None else round(yen * 1000 / figures.buyers)


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("nichiiki.report", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("tariff.html.j2")
