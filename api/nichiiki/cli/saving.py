"""Writing a run's files: all under one folder, never over files that are not ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nichiiki.cli.options import Refusal
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nichiiki_models.allocation import Allocation, Violation
    from nichiiki_models.instance import Instance

OUTPUTS = (
    "allocation.json",
    "placements.csv",
    "unplaced.csv",
    "loads.csv",
    "metrics.json",
    "report.html",
    "allocation.xlsx",
)
"""Every file that ``allocate`` writes."""
LATER = ("report-council.html", "report-public.html")
"""Files that ``report`` adds to them."""
DISAGREEING = ("allocation-first.json", "allocation-second.json")
"""What ``allocate --cross-check`` leaves where two engines disagree."""


def claim(folder: Path, *, force: bool, own: Sequence[str] = (*OUTPUTS, *DISAGREEING)) -> None:
    """Refuse a folder that holds something else than our own files.

    Parameters
    ----------
    folder
        Where a command is to write; it need not exist.
    force
        Whether to write there all the same.
    own
        Names of files and folders that are ours.
    """
    if folder.exists() and not folder.is_dir():
        raise Refusal("failed.not_a_folder", folder=folder)
    if force or not folder.exists():
        return
    drafts = tuple(f".{name}." for name in own)
    seconds = {Path(name).stem + "_2" for name in own}
    foreign = [
        entry.name
        for entry in sorted(folder.iterdir())
        if entry.name not in (*own, *LATER)
        and entry.stem not in seconds
        and not entry.name.startswith(drafts)
    ]
    if foreign:
        raise Refusal("failed.foreign_folder", folder=folder, name=foreign[0])


def save(
    folder: Path, instance: Instance, allocation: Allocation, violations: Sequence[Violation], lang: Lang
) -> list[Path]:
    """Write every file of an allocation and return where they are.

    Parameters
    ----------
    folder
        Where; made if need be.
    instance, allocation
        What was solved, and the answer.
    violations
        What the independent check found.
    lang
        Language of report, workbook and reasons.
    """
    import nichiiki
    from nichiiki.report.facts import Facts
    from nichiiki.report.files import csv_bytes, write_all
    from nichiiki.report.page import report_html
    from nichiiki.report.rows import Rows
    from nichiiki.report.workbook import workbook_bytes

    rows = Rows(Facts(instance, allocation), lang)
    figures = nichiiki.evaluate(instance, allocation)
    contents = (
        json_bytes(allocation.model_dump(mode="json")),
        csv_bytes(rows.placements),
        csv_bytes(rows.unplaced),
        csv_bytes(rows.load_sheet),
        json_bytes(figures.model_dump(mode="json")),
        report_html(rows, violations=violations, metrics=figures).encode("utf-8"),
        workbook_bytes(rows),
    )
    return write_all(folder, dict(zip(OUTPUTS, contents, strict=True)))


def json_bytes(document: Any) -> bytes:
    """Return a JSON document as people can read it too."""
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
