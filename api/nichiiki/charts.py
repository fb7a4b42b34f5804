"""Charts of a comparison, with matplotlib from the extra ``charts``; imported only when one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nichiiki_models.errors import UsageError

if TYPE_CHECKING:
    from nichiiki.comparing import Comparison

HINT = "charts need matplotlib: pip install 'nichiiki[charts]'"


def chart(comparison: Comparison, metric: str) -> Any:
    """Return a figure: left the values of each run by policy, right the paired differences with their intervals.

    Parameters
    ----------
    comparison
        What was found.
    metric
        A column of numbers.

    Raises
    ------
    UsageError
        If matplotlib is missing, or no run has such a figure.
    """
    if metric not in comparison.numbers:
        raise UsageError(f"metric={metric!r}: one of {', '.join(comparison.numbers)}")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError(HINT) from None
    figure = Figure(figsize=(9, 1.2 + 0.5 * len(comparison.policies)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _runs(left, comparison, metric)
    _differences(right, comparison, metric)
    left.set_yticks(range(len(comparison.policies)), comparison.policies)
    left.invert_yaxis()
    return figure


def _runs(axes: Any, comparison: Comparison, metric: str) -> None:
    places = {policy: place for place, policy in enumerate(comparison.policies)}
    points = [(row[metric], places[row["policy"]]) for row in comparison.rows if row.get(metric) is not None]
    axes.plot(*zip(*points, strict=True), "o", alpha=0.4)
    axes.set_xlabel(metric)


def _differences(axes: Any, comparison: Comparison, metric: str) -> None:
    for found in comparison.summary([metric]):
        place = comparison.policies.index(found.policy)
        low = found.difference if found.low is None else found.low
        high = found.difference if found.high is None else found.high
        axes.plot([low, high], [place, place], "-", color="black")
        axes.plot([found.difference], [place], "o", color="black")
    axes.axvline(0, color="grey", linewidth=0.8)
    axes.set_xlabel(f"{metric} − {comparison.policies[0]} (95 %)")
