"""Files of a tariff: JSON, lists of prices, flows and settlement, and the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nichiiki.report.files import csv_bytes, write_all
from nichiiki.report.rows import Sheet
from nichiiki.report.tariff_extras import Extras, extra_sheets
from nichiiki.report.tariff_page import tariff_html
from nichiiki_instances.gtfs.tariff import fares_feed
from nichiiki_models.instance import Instance
from nichiiki_models.tariff import Figures, TariffResult
from nichiiki_models.texts import Lang

FRONTIER, KINDS, BLACKOUT, PAYERS = "frontier.csv", "kinds.csv", "blackout.csv", "payers.csv"
SCENARIOS, RELAXATIONS, FEED = "scenarios.csv", "relaxations.csv", "fares-gtfs.zip"
TARIFF_OUTPUTS = (
    "tariff.json",
    "prices.csv",
    "flows.csv",
    "settlement.csv",
    FRONTIER,
    KINDS,
    BLACKOUT,
    PAYERS,
    SCENARIOS,
    RELAXATIONS,
    FEED,
    "report.html",
)
"""Every file that ``price`` writes."""


def write_tariff(
    folder: Path,
    instance: Instance,
    tariff: TariffResult,
    *,
    extras: Extras | None = None,
    lang: Lang,
) -> list[Path]:
    """Write every file of a tariff and return where they are.

    Parameters
    ----------
    folder
        Where; made if need be.
    instance, tariff
        What was priced, and the answer.
    extras
        What was found beside it; nothing if None.
    lang
        Language of the report.
    """
    document = json.dumps(tariff.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"
    extras = extras or Extras()
    page = tariff_html(instance, tariff, extras=extras, lang=lang)
    contents = (
        document.encode("utf-8"),
        csv_bytes(prices_sheet(tariff)),
        csv_bytes(flows_sheet(tariff)),
        csv_bytes(settlement_sheet(tariff)),
        *(csv_bytes(sheet) for sheet in extra_sheets(tariff, extras)),
        fares_feed(instance, tariff),
        page.encode("utf-8"),
    )
    return write_all(folder, zip(TARIFF_OUTPUTS, contents, strict=True))


def prices_sheet(tariff: TariffResult) -> Sheet:
    """One row a product."""
    names = [*Figures.model_fields]
    head = ("product_id", "kind", "offered", "decided", "price_yen", "unit")
    rows = [
        [
            *(_cell(getattr(product, name)) for name in head),
            *(_cell(getattr(product.figures, name)) for name in names),
        ]
        for product in tariff.products
    ]
    return Sheet("prices", (*head, *names), [tuple(row) for row in rows])


def flows_sheet(tariff: TariffResult) -> Sheet:
    """One row a link, direction and period."""
    names = [*type(tariff.flows[0]).model_fields] if tariff.flows else ["link_id"]
    return Sheet(
        "flows", tuple(names), [tuple(_cell(getattr(flow, name)) for name in names) for flow in tariff.flows]
    )


SETTLEMENT = (
    "rule",
    "operator_id",
    "before_yen",
    "after_yen",
    "cost_change_yen",
    "loss_cap_yen",
    "shapley_yen",
    "short_yen",
    "in_core",
)


def settlement_sheet(tariff: TariffResult) -> Sheet:
    """Income of operators, and what products earn shared by each rule."""
    found: list[dict[str, Any]] = [row.model_dump() for row in tariff.settlement]
    for shared in tariff.sharing:
        for share in shared.operators:
            found.append(
                {
                    "rule": f"products_by_{shared.rule}",
                    "operator_id": share.operator_id,
                    "after_yen": share.income_yen,
                    "cost_change_yen": share.cost_yen,
                    "shapley_yen": round(share.shapley_yen),
                    "short_yen": share.short_yen,
                    "in_core": shared.in_core,
                }
            )
    return Sheet(
        "settlement", SETTLEMENT, [tuple(_cell(row.get(name)) for name in SETTLEMENT) for row in found]
    )


def _cell(value: Any) -> Any:
    return "" if value is None else int(value) if isinstance(value, bool) else value
