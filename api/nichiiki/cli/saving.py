"""Writing a run's files: all under one folder, never over files that are not ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nichiiki.cli.options import Refusal
from nichiiki.outputs import AUDIT, BEFORE, PRICES, contents
from nichiiki.outputs import OUTPUTS as OUTPUTS
from nichiiki.outputs import json_bytes as json_bytes
from nichiiki_models.texts import Lang

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nichiiki_models.allocation import Allocation, Violation
    from nichiiki_models.instance import Instance
    from nichiiki_models.tariff import TariffResult

LATER = ("report-council.html", "report-public.html")
"""Files that ``report`` adds to them."""
DISAGREEING = ("allocation-first.json", "allocation-second.json")
"""What ``allocate --cross-check`` leaves where two engines disagree."""

OWN = (*OUTPUTS, *AUDIT, PRICES, BEFORE, *DISAGREEING)


def claim(folder: Path, *, force: bool, own: Sequence[str] = OWN) -> None:
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
    folder: Path,
    instance: Instance,
    allocation: Allocation,
    violations: Sequence[Violation],
    lang: Lang,
    tariff: TariffResult | None = None,
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
    tariff
        The prices of the same allocation, for the report.
    """
    from nichiiki.report.files import write_all

    return write_all(folder, told(folder, contents(instance, allocation, violations, lang, tariff)))


def told(folder: Path, files: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Pass files on, and say meanwhile how many are made."""
    from nichiiki.cli.waiting import step

    step("wait.writing", folder=folder.name, done=0)
    for done, file in enumerate(files, start=1):
        yield file
        del file  # nothing holds it while the next one is made
        step("wait.writing", folder=folder.name, done=done)
