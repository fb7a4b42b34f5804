"""Lists about people that others use: certificates, costs, key figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nichiiki.report.words import words
from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.metrics import Metrics
from nichiiki_models.table import Table
from nichiiki_models.tariff import TariffResult
from nichiiki_models.texts import Lang
from nichiiki_solver.certificates import certificates
from nichiiki_solver.cost_table import costs
from nichiiki_solver.pricing.passes import travel_with

Cell = str | int | None
Cells = tuple[Cell, ...]


def certificate_cells(instance: Instance, allocation: Allocation) -> tuple[tuple[str, ...], list[Cells]]:
    """Return columns and rows of the certificates."""
    return _cells(certificates(instance, allocation))


def cost_cells(
    instance: Instance, allocation: Allocation, tariff: TariffResult | None = None
) -> tuple[tuple[str, ...], list[Cells]]:
    """Return columns and rows of the costs, at single fares and with the products of a tariff."""
    passes = travel_with(instance, allocation, tariff) if tariff else None
    return _cells(costs(instance, allocation, pass_yen=passes))


def kpi_cells(instance: Instance, metrics: Metrics, lang: Lang) -> list[Cells]:
    """Return the key figures by name, with their meaning."""
    return list(_figures(instance, metrics, lang))


def _cells(table: Table[Any]) -> tuple[tuple[str, ...], list[Cells]]:
    names = tuple(table.columns)
    rows = [row.model_dump(mode="json") for row in table.rows()]
    return names, [tuple(row[name] for name in names) for row in rows]


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
