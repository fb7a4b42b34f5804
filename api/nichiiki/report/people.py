"""Lists about people that others use: certificates, costs, key figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nichiiki.report.words import words
from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.metrics import Metrics
from nichiiki_models.outputs import Cost
from nichiiki_models.table import Table
from nichiiki_models.tariff import TariffResult
from nichiiki_models.texts import Lang
from nichiiki_solver.cost_table import costs
from nichiiki_solver.pricing.passes import travel_with

Cell = str | int | None
Cells = tuple[Cell, ...]


def cost_table(instance: Instance, allocation: Allocation, tariff: TariffResult | None = None) -> Table[Cost]:
    """Return the costs, at single fares and with the products of a tariff."""
    passes = travel_with(instance, allocation, tariff) if tariff else None
    return costs(instance, allocation, pass_yen=passes)


def kpi_cells(instance: Instance, metrics: Metrics, lang: Lang) -> list[Cells]:
    """Return the key figures by name, with their meaning."""
    return list(_figures(instance, metrics, lang))


def row_cells(table: Table[Any]) -> Iterator[Cells]:
    """Yield the rows of a table as cells, in the order of its columns."""
    for row in table.rows():
        yield tuple(row.model_dump(mode="json").values())


def _figures(instance: Instance, metrics: Metrics, lang: Lang) -> Iterator[Cells]:
    say = words(lang)
    for name, value in metrics.kpi.model_dump().items():
        if isinstance(value, dict):
            for kind, count in value.items():
                yield f"{name}.{kind}", count, say(f"kpi.{kind}")
        else:
            yield name, value, say(f"kpi.{name}")
    lacking = sum(sum(periods.values()) for periods in metrics.short_roles.values())
    yield (
        "short_roles",
        lacking,
        "; ".join(_short(metrics.short_roles, instance)) or say("kpi.no_short_roles"),
    )


def _short(short: Any, instance: Instance) -> Iterator[str]:
    titles = dict(zip(instance.roles["role_id"].tolist(), instance.roles["title"].tolist(), strict=True))
    for role, periods in short.items():
        for period, count in periods.items():
            yield f"{titles[role] or role} ({role}) {period}: {count}"
