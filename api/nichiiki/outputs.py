"""The files of a result as bytes: the same result gives the same bytes, so that a run can be replayed and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from nichiiki_models.allocation import Allocation, Violation
    from nichiiki_models.instance import Instance
    from nichiiki_models.tariff import TariffResult

OUTPUTS = (
    "allocation.json",
    "placements.csv",
    "unplaced.csv",
    "loads.csv",
    "budget.csv",
    "certificates.csv",
    "certificates.json",
    "costs.csv",
    "kpi.csv",
    "metrics.json",
    "report.html",
    "allocation.xlsx",
)
"""Every file of a result."""
AUDIT = ("instance.json", "manifest.json")
"""What ``allocate``, ``promote`` and ``demo`` write beside them so that the run can be replayed."""
PRICES = "prices.json"
"""Prices of what is shared, for `fit`: written by ``allocate`` where the run found them, else by the first ``fit``."""
BEFORE = "before.json"
"""The allocation that a promotion began with."""


def contents(
    instance: Instance,
    allocation: Allocation,
    violations: Sequence[Violation],
    lang: Lang,
    tariff: TariffResult | None = None,
) -> dict[str, bytes]:
    """Return every file of a result; nothing in them depends on the clock, the folder or the machine.

    Parameters
    ----------
    instance, allocation
        What was solved, and the answer.
    violations
        What the independent check found.
    lang
        Language of report, workbook and reasons.
    tariff
        The prices of the same allocation, for the report and what households pay.
    """
    from nichiiki.report.facts import Facts
    from nichiiki.report.files import csv_bytes
    from nichiiki.report.page import report_html
    from nichiiki.report.rows import Rows
    from nichiiki.report.workbook import workbook_bytes

    rows = Rows(Facts(instance, allocation), lang, tariff)
    made = (
        json_bytes(allocation.model_dump(mode="json")),
        csv_bytes(rows.placements),
        csv_bytes(rows.unplaced),
        csv_bytes(rows.load_sheet),
        csv_bytes(rows.budget),
        csv_bytes(rows.certificates),
        json_bytes(
            [dict(zip(rows.certificates.columns, row, strict=True)) for row in rows.certificates.rows]
        ),
        csv_bytes(rows.costs),
        csv_bytes(rows.kpi),
        json_bytes(rows.metrics.model_dump(mode="json")),
        report_html(rows, violations=violations, metrics=rows.metrics, tariff=tariff).encode("utf-8"),
        workbook_bytes(rows),
    )
    return dict(zip(OUTPUTS, made, strict=True))


def json_bytes(document: Any) -> bytes:
    """Return a JSON document as people can read it too."""
    return to_json(document, indent=2) + b"\n"
