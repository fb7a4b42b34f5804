"""Draw the gap over time of `welfare`, one curve a case, from what `benchmarks.scale` measured.

.venv/bin/python -m benchmarks.gap_plot docs/images/gap.svg benchmarks/results/scale-*.json
"""

from __future__ import annotations

import json
import sys
from itertools import accumulate
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

LABEL = {"xytext": (4, -4), "textcoords": "offset points", "ha": "left", "va": "top"}
PROVEN = 1e-4
"""Gaps are drawn down to here; a proven optimum ends on this line with a full dot."""


def main() -> None:
    """Draw the runs of some files of results into an SVG."""
    to, *files = map(Path, sys.argv[1:])
    draw([run for file in files for run in json.loads(file.read_text(encoding="utf-8"))["runs"]], to)


def draw(runs: list[dict[str, Any]], file: Path) -> None:
    """Write the curves as SVG: the same runs give the same file."""
    mpl.rcParams.update({"svg.hashsalt": "nichiiki", "svg.fonttype": "none"})
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    for run in runs:
        if run["who"] == "nichiiki" and run["error"] is None:
            _curve(axes, run)
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(0.05, 40_000),
        ylim=(PROVEN / 2, 1),
        xlabel="wall time, s",
        ylabel="gap",
    )
    axes.set_yticks([1, 0.1, 0.01, 0.001, PROVEN], ["100 %", "10 %", "1 %", "0.1 %", "proven"])
    axes.set_xticks([0.1, 1, 10, 100, 1000], ["0.1", "1", "10", "100", "1,000"])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    figure.savefig(file, metadata={"Date": None})


def _curve(axes: Any, run: dict[str, Any]) -> None:
    """Draw the gap of a run as steps: it holds until a better answer or bound is known."""
    seconds, gaps = gap_over_time(run["trace"])
    if not len(seconds):
        return
    (line,) = axes.step(seconds, np.maximum(gaps, PROVEN), where="post", linewidth=1.8)
    shape = "o" if gaps[-1] == 0 else "|"
    axes.plot(seconds[-1:], np.maximum(gaps[-1:], PROVEN), shape, color=line.get_color())
    reached = f"{gaps[-1]:.1%}" if gaps[-1] else "proven"
    axes.annotate(
        f"{run['case']}: {reached}", (seconds[-1], max(gaps[-1], PROVEN)), **LABEL, color=line.get_color()
    )


def gap_over_time(trace: list[tuple[float, int | None, int | None]]) -> tuple[np.ndarray, np.ndarray]:
    """Return seconds and (best bound - best value) / |best value|, from when both are known.

    Parameters
    ----------
    trace
        Wall seconds, value and bound at each step of progress; None where a step says nothing about it.
    """
    known = [
        (seconds, value, bound)
        for (seconds, _, _), value, bound in zip(
            trace,
            accumulate((value for _, value, _ in trace), _pick(max)),
            accumulate((bound for _, _, bound in trace), _pick(min)),
            strict=True,
        )
        if value is not None and bound is not None
    ]
    gaps = [(bound - value) / max(1, abs(value)) for _, value, bound in known]
    return np.array([seconds for seconds, _, _ in known]), np.array(gaps)


def _pick(best: Any) -> Any:
    """Return the better of two figures, either of which may be missing."""
    return lambda a, b: b if a is None else a if b is None else best(a, b)


if __name__ == "__main__":
    main()
