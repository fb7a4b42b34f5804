"""Run `welfare` and the engines alone on published families of markets, and write a table.

    .venv/bin/python -m benchmarks.families gap-d cfl mck-200x20 [--seconds 60] [--only "nichiiki;HiGHS"]

A name stands for every case that begins with it. Each run has a process of its own and the same wall time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from benchmarks.family_cases import CASES, WHO
from benchmarks.scale import RESULTS, gap_of, machine

SHORT = [
    "gap-a-5x100",
    "gap-c-10x100",
    "gap-d-5x100",
    "gap-e-10x100",
    "mra-5x100x4",
    "cfl-16x50",
    "mck-100x10x5",
]
"""What runs if nothing is named."""


def main() -> None:
    """Run what the command line names, and write ``families-<time>.json`` and ``.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", default=SHORT, help="beginnings of names of cases")
    parser.add_argument("--seconds", type=float, default=60.0, help="wall time of every run")
    parser.add_argument(
        "--only", default=";".join(WHO), help="names of those to run, separated by semicolons"
    )
    asked = parser.parse_args()
    cases = [case for case in CASES if case.startswith(tuple(asked.families))]
    if not cases:
        parser.error(f"no case begins so; there are: {', '.join(CASES)}")
    about = {
        "machine": machine(),
        "versions": {n: version(n) for n in ("nichiiki", "ortools", "highspy", "scipy", "numpy")},
    }
    runs = [_one(case, who.strip(), asked.seconds) for case in cases for who in asked.only.split(";")]
    stamp = f"families-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    RESULTS.mkdir(exist_ok=True)
    found = json.dumps({**about, "seconds": asked.seconds, "runs": runs}, indent=1)
    (RESULTS / f"{stamp}.json").write_text(found, encoding="utf-8")
    text = table(runs)
    (RESULTS / f"{stamp}.md").write_text(text, encoding="utf-8")
    print(text)


def _one(case: str, who: str, seconds: float) -> dict[str, Any]:
    """Run one of `WHO` in a fresh process; one that dies or overruns its limit by far is told so."""
    command = [sys.executable, "-m", "benchmarks.family_cases", case, who, str(seconds)]
    named = {"case": case, "who": who}
    try:
        done = subprocess.run(command, capture_output=True, timeout=3 * seconds + 120, check=False)
    except subprocess.TimeoutExpired:
        return {**named, "error": "stopped: far over its limit"}
    print(f"{case} {who}: {done.returncode}", file=sys.stderr, flush=True)
    if done.returncode:
        return {**named, "error": f"ended with {done.returncode}"}
    return {**named, "error": None, **json.loads(done.stdout.splitlines()[-1])}


def table(runs: list[dict[str, Any]]) -> str:
    """Return the runs as a table; ``short of the best`` is what a value lacks of the best one of its case."""
    lines = [
        "| case | who | value | bound | gap | short of the best | wall s | processor s |",
        "| --- | --- | --: | --: | --: | --: | --: | --: |",
    ]
    for row in runs:
        if row["error"] is not None:
            lines.append(f"| {row['case']} | {row['who']} | {row['error']} | | | | | |")
            continue
        values = [each.get("value") for each in runs if each["case"] == row["case"]]
        best = max((value for value in values if value is not None), default=None)
        short = (
            "" if best is None or row["value"] is None else f"{(best - row['value']) / max(1, abs(best)):.3%}"
        )
        gap = gap_of(row["value"], row["bound"], 3)
        lines.append(
            f"| {row['case']} | {row['who']} | {_shown(row['value'])} | {_shown(row['bound'])} | "
            f"{gap} | {short} | {row['wall_s']:.1f} | {row['cpu_s']:.1f} |"
        )
    return "\n".join([*lines, ""])


def _shown(number: int | None) -> str:
    return "none" if number is None else f"{number:,}"


if __name__ == "__main__":
    main()
