"""Take the pictures of the report that the documentation shows: first screen, phone, paper, and the public's version.

Needs a Chromium and Poppler's pdftoppm on PATH. Run it after a change that can be seen, and look at what it wrote.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nichiiki
from nichiiki.report.levels import report_of
from nichiiki.report.privacy import Level

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SHOTS: tuple[tuple[str, Level, int, int, bool], ...] = (
    ("report.png", "staff", 1280, 980, False),
    ("report-390.png", "staff", 390, 1600, False),
    ("report-a4.png", "staff", 1032, 703, True),
    ("report-public.png", "public", 1280, 1500, False),
)
"""Name, level, width and height in pixels, and whether it is the first sheet of the print (its height follows)."""

if TYPE_CHECKING:
    from nichiiki_models.result import Result
    from nichiiki_models.tariff import TariffResult


def main() -> int:
    """Write the pictures; return the exit code."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from nichiiki_browser import find_browser

    browser = find_browser()
    if browser is None:
        print("no Chromium on PATH", file=sys.stderr)
        return 1
    result = nichiiki.allocate(nichiiki.load("flagship"), time_limit_s=120)
    tariff = nichiiki.price(
        result.instance, result.allocation, goal="uptake", baseline="single_fares", subsidy_yen=6_000_000
    )
    with tempfile.TemporaryDirectory() as folder:
        for shot in SHOTS:
            _take(browser, Path(folder), result, tariff, *shot)
    return 0


def _take(
    browser: str,
    folder: Path,
    result: Result,
    tariff: TariffResult,
    name: str,
    level: Level,
    width: int,
    height: int,
    on_paper: bool,
) -> None:
    from nichiiki_browser import open_page

    answer = result.allocation
    assert answer is not None  # noqa: S101 - the bundled instance has one
    broken, figures = nichiiki.verify(result.instance, answer), nichiiki.evaluate(result.instance, answer)
    page = report_of(
        result.instance, answer, violations=broken, metrics=figures, lang="en", level=level, tariff=tariff
    )
    file = folder / f"{name}.html"
    file.write_text(page, "utf-8")
    with open_page(browser, file, folder / f"{name}-profile", width, height) as opened:
        picture = _first_sheet(opened.printed(), width) if on_paper else opened.picture()
    (IMAGES / name).write_bytes(picture)
    print(IMAGES / name)


def _first_sheet(printed: bytes, width: int) -> bytes:
    """Return the picture of the first page of a PDF."""
    command = ["pdftoppm", "-png", "-f", "1", "-l", "1", "-scale-to-x", str(width), "-scale-to-y", "-1", "-"]
    return subprocess.run(command, input=printed, capture_output=True, check=True).stdout  # noqa: S603 - our own print


if __name__ == "__main__":
    sys.exit(main())
