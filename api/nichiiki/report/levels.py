"""The report of an allocation at one of its three levels."""

from __future__ import annotations

from collections.abc import Sequence

from nichiiki.report.facts import Facts
from nichiiki.report.page import report_html
from nichiiki.report.privacy import Level, pseudonymous
from nichiiki.report.rows import Rows
from nichiiki_models.allocation import Allocation, Violation
from nichiiki_models.instance import Instance
from nichiiki_models.metrics import Metrics
from nichiiki_models.tariff import TariffResult
from nichiiki_models.texts import Lang


def report_of(
    instance: Instance,
    allocation: Allocation,
    *,
    violations: Sequence[Violation],
    metrics: Metrics,
    lang: Lang,
    level: Level = "staff",
    tariff: TariffResult | None = None,
) -> str:
    """Return the report as one HTML document.

    Parameters
    ----------
    instance, allocation
        What was solved, and the answer.
    violations
        What the independent check found.
    metrics
        Figures of the allocation.
    lang
        Language of the page.
    level
        ``staff`` sees everything; ``council`` a random name of this report in place of each household and
        person; ``public`` no household at all, and no number of households below five.
    tariff
        The prices of the same allocation, if there are any.
    """
    facts = Facts(instance, allocation)
    if level == "council":
        facts = pseudonymous(facts)
    rows = Rows(facts, lang, tariff)
    return report_html(rows, violations=violations, metrics=metrics, level=level, tariff=tariff)
