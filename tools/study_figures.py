"""Tables and figures of the study, from the rows that ``tools/study.py run`` wrote."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nichiiki.intervals import interval
from study import KINDS, POLICIES, Row, read

COLOURS = {
    "optimum": "#1b6ca8",
    "rule": "#c44e52",
    "priority": "#3f8f5f",
    "chance": "#8172b2",
    "fair": "#b8860b",
}
"""Kinds of policies."""
NAMES = {
    "optimum": "optimum",
    "rule": "one list",
    "priority": "priorities at places",
    "chance": "chance",
    "fair": "fairness first",
}
OLD = {"points:by_rank": "points, by rank", "points:per_target": "points, per target"}
Figure = Callable[[Row, Row], float | None]
"""A figure of a run, beside the optimum of the same instance."""


def value(row: Row, best: Row) -> float | None:
    """Value in percent of the optimum's."""
    return None if row["objective"] is None else 100 * row["objective"] / best["objective"]


def placed(row: Row, best: Row) -> float | None:
    """Households placed in percent of the optimum's."""
    return None if row["placed"] is None else 100 * row["placed"] / best["placed"]


def first_wish(row: Row, _best: Row) -> float | None:
    """Placed households with their first house, in percent of those placed."""
    return None if not row["placed"] else 100 * row["first_wish"] / row["placed"]


def count(name: str) -> Figure:
    """Return a figure as it stands in the rows."""
    return lambda row, _best: row[name]


TABLE: tuple[tuple[str, Figure], ...] = (
    ("placed", count("placed")),
    ("of the optimum's, %", placed),
    ("value, % of the optimum's", value),
    ("first wish, % of placed", first_wish),
    ("blocking households", count("blocking_households")),
    ("envious with more points", count("envious_justified")),
    ("envious in all", count("envious")),
)


def show(rows: Path, folder: Path) -> None:
    """Print the tables and draw the figures."""
    for name in ("flagship", "generated"):
        found = read(rows / f"{name}.csv")
        if found:
            print(f"\n{name}: {len({row['instance_hash'] for row in found})} instances\n")
            print(table(found))
    found = read(rows / "manipulation.csv")
    if found:
        print(f"\nmanipulation: {found[0]['markets']} markets of each kind\n")
        print(lies_table(found))
    folder.mkdir(parents=True, exist_ok=True)
    generated, flagship = read(rows / "generated.csv"), read(rows / "flagship.csv")
    if generated:
        save(prices(generated, "30 generated national markets"), folder / "study-generated.svg")
    if flagship:
        save(flags(flagship), folder / "study-flagship.svg")
    if generated and flagship:
        save(envies(flagship), folder / "study-envy.svg")


def save(figure: Any, path: Path) -> None:
    """Write a figure; the same rows give the same file."""
    figure.savefig(path, metadata={"Date": None})
    print(path)


def figures(rows: Sequence[Row], policy: str, of: Figure) -> list[float]:
    """Values of a figure for a policy, one an instance that the optimum placed somebody in."""
    best = {row["instance_hash"]: row for row in rows if row["policy"] == "welfare" and row["placed"]}
    mine = [row for row in rows if row["policy"] == policy and row["instance_hash"] in best]
    values = [of(row, best[row["instance_hash"]]) for row in mine]
    return [found for found in values if found is not None]


def lies_table(rows: Sequence[Row]) -> str:
    """Return the share of agents that gain by lying as a table in Markdown."""
    lines = [
        "| policy | proven strategy-proof | one place an option: gain, % | bundles: gain, % | agents | reports tried |",
        "| --- |" + " --- |" * 5,
    ]
    for policy in dict.fromkeys(row["policy"] for row in rows):
        mine = {row["kind"]: row for row in rows if row["policy"] == policy}
        cells = [f"{100 * mine[kind]['gained'] / mine[kind]['agents']:.1f}" for kind in ("unit", "bundles")]
        proven = mine["unit"]["strategy_proof"].replace("_", " ")
        agents, reports = (sum(row[name] for row in mine.values()) for name in ("agents", "reports"))
        lines.append(f"| {policy} | {proven} | {' | '.join(cells)} | {agents} | {reports:,} |")
    return "\n".join(lines)


def table(rows: Sequence[Row]) -> str:
    """Return the means as a table in Markdown, with half the 95 % interval where there are several instances."""
    lines = [
        "| policy | runs | ended by the clock | " + " | ".join(name for name, _ in TABLE) + " |",
        "| --- |" + " --- |" * (len(TABLE) + 2),
    ]
    for policy in POLICIES:
        cells = [cell(figures(rows, policy, of)) for _, of in TABLE]
        runs = len(figures(rows, policy, count("placed")))
        cut = sum(row["policy"] == policy and row["reason"] == "TIME_LIMIT" for row in rows)
        lines.append(f"| {OLD.get(policy, policy)} | {runs} | {cut} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(values: Sequence[float]) -> str:
    """Mean, and half of its interval."""
    if not values:
        return "–"
    mean = statistics.fmean(values)
    low, _ = interval(np.array(values), method="t")
    return f"{mean:.1f}" if low is None else f"{mean:.1f} ± {mean - low:.1f}"


def prices(rows: Sequence[Row], title: str) -> Any:
    """Draw value and placed households of every policy as parts of the optimum's, best first."""
    from matplotlib.figure import Figure as Sheet

    order = sorted(POLICIES, key=lambda policy: -statistics.fmean(figures(rows, policy, value) or [0]))
    sheet = Sheet(figsize=(10, 6.4), layout="constrained")
    axes = sheet.subplots(1, 2, sharey=True)
    for axis, of, name in zip(axes, (value, placed), ("value", "households placed"), strict=True):
        for place, policy in enumerate(order):
            whisker(axis, place, figures(rows, policy, of), COLOURS[KINDS[policy]])
        axis.axvline(100, color="grey", linewidth=0.8)
        axis.set_xlabel(f"{name}, % of the optimum's")
        axis.set_xlim(left=35)
    axes[0].set_yticks(range(len(order)), [OLD.get(policy, policy) for policy in order])
    axes[0].invert_yaxis()
    legend(axes[1], "upper left")
    sheet.suptitle(title)
    return sheet


def whisker(axis: Any, place: int, values: Sequence[float], colour: str) -> None:
    """Draw the runs as dots, and their mean with its interval."""
    axis.plot(values, [place] * len(values), "o", color=colour, alpha=0.18, markersize=5, markeredgewidth=0)
    low, high = interval(np.array(values), method="t")
    if low is not None:
        axis.plot([low, high], [place, place], "-", color=colour, linewidth=2)
    if values:
        axis.plot([statistics.fmean(values)], [place], "o", color=colour, markersize=7)


def legend(axis: Any, where: str) -> None:
    """Say which colour is which kind."""
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], marker="o", linestyle="", color=colour, label=NAMES[kind])
        for kind, colour in COLOURS.items()
    ]
    axis.legend(handles=marks, loc=where, frameon=False)


LINE, WIDTH = 1.8, 14
"""Height of a line of a label in percent of value, and its reach in households."""


def flags(rows: Sequence[Row]) -> Any:
    """Draw what is gained against who is passed over: value, and households that block, of each policy on one instance."""
    from matplotlib.figure import Figure as Sheet

    sheet = Sheet(figsize=(10, 6.2), layout="constrained")
    axis = sheet.subplots()
    points: dict[str, tuple[float, float]] = {}
    for policy in POLICIES:
        x, y = figures(rows, policy, count("blocking_households")), figures(rows, policy, value)
        if x and y:
            points[policy] = x[0], y[0]
            axis.plot(x, y, "o", color=COLOURS[KINDS[policy]], markersize=8)
    for names, left, top in together(points):
        axis.annotate(names, (left, top), xytext=(11, 4), textcoords="offset points", fontsize=8, va="top")
    axis.set_xlabel("households that could claim something better by priority")
    axis.set_ylabel("value, % of the optimum's")
    axis.margins(y=0.12)
    axis.set_xlim(-6, 1.35 * max(x for x, _ in points.values()))
    legend(axis, "lower left")
    sheet.suptitle("The flagship: what respecting priorities costs")
    return sheet


def together(points: dict[str, tuple[float, float]]) -> list[tuple[str, float, float]]:
    """Names of policies that lie so close that their labels would cross, as one label at the highest of them."""
    found: list[tuple[str, float, float]] = []
    for policy, (x, y) in sorted(points.items(), key=lambda each: -each[1][1]):
        name = OLD.get(policy, policy)
        for place, (names, left, top) in enumerate(found):
            lowest = top - LINE * (names.count("\n") + 1)
            if abs(left - x) < WIDTH and y > lowest:
                found[place] = (f"{names}\n{name}", left, top)
                break
        else:
            found.append((name, x, y))
    return found


def envies(rows: Sequence[Row]) -> Any:
    """Draw who would rather have another household's stay, with and without more points."""
    from matplotlib.figure import Figure as Sheet

    known = [policy for policy in POLICIES if figures(rows, policy, count("envious"))]
    order = sorted(known, key=lambda policy: figures(rows, policy, count("envious_justified"))[0])
    sheet = Sheet(figsize=(9, 5.6), layout="constrained")
    axis = sheet.subplots()
    for place, policy in enumerate(order):
        every = figures(rows, policy, count("envious"))[0]
        justified = figures(rows, policy, count("envious_justified"))[0]
        axis.barh(place, every, color="#d9d9d9")
        axis.barh(place, justified, color=COLOURS[KINDS[policy]])
    axis.set_yticks(range(len(order)), [OLD.get(policy, policy) for policy in order])
    axis.invert_yaxis()
    axis.set_xlabel(
        "households that would rather have another's stay (coloured: with more points than its holder)"
    )
    sheet.suptitle("The flagship: who envies whom")
    return sheet
