"""Measure growth: every case and peer in a process of its own, a table, and the gap over time.

    .venv/bin/python -m benchmarks.scale 60 600 5k [--seconds 60] [--only "nichiiki;HiGHS, whole"]

`make bench` runs the small cases; 50k, 200k and 1M take an hour or more and are named by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.gap_plot import draw
from benchmarks.scale_cases import CASES, WHO

RESULTS = Path(__file__).parent / "results"
PEER_TIMES, PEER_MOST_S = 10, 1_800.0
"""An engine with the whole model has so many times our limit, and at most so many seconds, to come as near."""
LARGEST_AT_RANDOM = 10_000
"""A random order says little beside the clerk's, and takes a millisecond or more a household."""


def main() -> None:
    """Run what the command line names, and write ``scale-<time>.json`` and ``.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=["60", "600"], choices=[*CASES, []])
    parser.add_argument("--seconds", type=float, help="limit of every run instead of the case's own")
    parser.add_argument("--only", help="names of those to run, separated by semicolons")
    asked = parser.parse_args()
    runs = [_one(name, who, asked.seconds) for name in asked.cases for who in _who(name, asked.only)]
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    RESULTS.mkdir(exist_ok=True)
    about = {
        "machine": machine(),
        "versions": {n: version(n) for n in ("nichiiki", "ortools", "highspy", "scipy", "numpy")},
    }
    (RESULTS / f"scale-{stamp}.json").write_text(
        json.dumps({**about, "runs": runs}, indent=1), encoding="utf-8"
    )
    table = _table(runs, about)
    (RESULTS / f"scale-{stamp}.md").write_text(table, encoding="utf-8")
    print(table)
    draw(runs, RESULTS / f"scale-{stamp}.svg")


def _who(name: str, only: str | None) -> list[str]:
    names = list(WHO) if only is None else [each.strip() for each in only.split(";")]
    small = CASES[name].households <= LARGEST_AT_RANDOM
    return [who for who in names if small or who != "random order"]


def _one(name: str, who: str, seconds: float | None) -> dict[str, Any]:
    """Run one peer on one case in a fresh process; one that dies or overruns its limit threefold is told so."""
    own = seconds or CASES[name].limit_s
    limit = min(PEER_TIMES * own, PEER_MOST_S) if who.endswith("whole") else own
    command = [sys.executable, "-m", "benchmarks.scale_cases", name, who, str(limit)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=3 * limit + 300, check=False)
        error = None if done.returncode == 0 else f"ended with {done.returncode}"
    except subprocess.TimeoutExpired:
        done, error = None, "stopped: far over its limit"
    print(f"{name} {who}: {error or 'done'}", flush=True)
    found = json.loads(done.stdout.splitlines()[-1]) if done is not None and error is None else {}
    return {"case": name, "who": who, "error": error, **found}


def machine() -> dict[str, Any]:
    """Say what runs here: processor, cores, load, Python."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
    }


def gap_of(value: int | None, bound: int | None, digits: int) -> str:
    """(bound - value) / |value| in percent; empty where one of them is missing."""
    return "" if value is None or bound is None else f"{(bound - value) / max(1, abs(value)):.{digits}%}"


def _table(runs: list[dict[str, Any]], about: dict[str, Any]) -> str:
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {about['machine']['cores']} cores, load {about['machine']['load'][0]:.1f}; "
        + ", ".join(f"{name} {number}" for name, number in about["versions"].items())
        + ".",
        "",
        "| case | who | value | bound | gap | gap of prices | wall s | processor s | check s | peak GB |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for row in runs:
        if row["error"] is not None:
            lines.append(f"| {row['case']} | {row['who']} | {row['error']} | | | | | | | |")
            continue
        value, bound = (row[k] if row[k] is not None else "none" for k in ("objective", "bound"))
        gap, prices = (gap_of(row["objective"], row[name], 2) for name in ("bound", "price_bound"))
        lines.append(
            f"| {row['case']} | {row['who']} | {value} | {bound} | {gap} | {prices} | {row['seconds']:.1f} | {row['cpu_s']:.1f} | "
            f"{row['verify_s']:.1f} | {row['peak_gb']:.2f} |"
        )
    return "\n".join([*lines, "", *_growth(runs), ""])


def _growth(runs: list[dict[str, Any]]) -> list[str]:
    """Fit processor time and memory of nichiiki as powers of the number of households."""
    mine = [row for row in runs if row["who"] == "nichiiki" and row["error"] is None]
    if len(mine) < 2:
        return []
    size = np.log([CASES[row["case"]].households for row in mine])
    slopes = {
        name: float(np.polyfit(size, np.log([max(1e-3, row[name]) for row in mine]), 1)[0])
        for name in ("cpu_s", "peak_gb")
    }
    return [
        f"Growth with the number of households n: processor time ~ n^{slopes['cpu_s']:.2f}, memory ~ n^{slopes['peak_gb']:.2f}."
    ]


if __name__ == "__main__":
    main()
