"""The files of a result as bytes: the same result gives the same bytes, so that a run can be replayed and compared.

They are made one after the other, and each is let go before the next is made: of a million households a single file is gigabytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from collections.abc import Callable

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
) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a result, name and content; nothing in them depends on the clock, the folder or the machine.

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
    makers: tuple[Callable[[], bytes], ...] = (
        lambda: allocation_json(allocation),
        lambda: csv_bytes(rows.placements),
        lambda: csv_bytes(rows.unplaced),
        lambda: csv_bytes(rows.load_sheet),
        lambda: csv_bytes(rows.budget),
        lambda: csv_bytes(rows.certificates),
        lambda: json_bytes(
            [dict(zip(rows.certificates.columns, row, strict=True)) for row in rows.certificates.rows]
        ),
        lambda: csv_bytes(rows.costs),
        lambda: csv_bytes(rows.kpi),
        lambda: json_bytes(rows.metrics.model_dump(mode="json")),
        lambda: report_html(rows, violations=violations, metrics=rows.metrics, tariff=tariff).encode("utf-8"),
        lambda: workbook_bytes(rows),
    )
    return ((name, make()) for name, make in zip(OUTPUTS, makers, strict=True))


def json_bytes(document: Any) -> bytes:
    """Return a JSON document as people can read it too."""
    return to_json(document, indent=2) + b"\n"


def allocation_json(allocation: Allocation) -> bytes:
    """Return what `json_bytes` makes of an allocation; its objects are made and let go some thousand households at a time."""
    return joined(_members(allocation.json_fields()))


def joined(pieces: Iterable[bytes]) -> bytes:
    """Return pieces as one, without ever holding both."""
    buffer = io.BytesIO()
    buffer.writelines(pieces)
    return buffer.getvalue()


def _members(fields: Iterable[tuple[str, Any]]) -> Iterator[bytes]:
    """Yield a JSON object of some fields; one whose value is an iterator of lists is all their entries as one list."""
    before = b"{\n"
    for name, value in fields:
        yield before
        if isinstance(value, Iterator):
            yield from _list(name, value)
        else:
            yield _member(name, value)
        before = b",\n"
    yield b"\n}\n"


def _list(name: str, blocks: Iterator[list[Any]]) -> Iterator[bytes]:
    head, tail = _member(name, []).removesuffix(b"]"), b"\n  ]"
    before = head
    for block in filter(None, blocks):
        yield before + _member(name, block).removeprefix(head).removesuffix(tail)
        before = b","
    yield head + b"]" if before is head else tail


def _member(name: str, value: Any) -> bytes:
    return to_json({name: value}, indent=2).removeprefix(b"{\n").removesuffix(b"\n}")
