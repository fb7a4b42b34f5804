"""Paired differences between policies, with intervals that say what they rest on.

The unit of a difference is an instance where there are several: seeds of one instance are no independent draws from the
instances one wants to speak about, so its differences are averaged first. With one instance the unit is a seed, and the
interval speaks about chance on that instance only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from nichiiki.comparing import Comparison

CONFIDENCE = 0.95
RESAMPLES = 10_000
Values = npt.NDArray[np.float64]


class Difference(BaseModel):
    """How a policy differs from the baseline in a metric.

    Attributes
    ----------
    metric, policy, baseline
        What is compared.
    unit, units, pairs
        What a difference belongs to (instance or seed), how many there are, and of how many pairs of runs.
    missing
        Pairs left out because one of the two runs has no such figure.
    mean, baseline_mean, difference
        Means over the units; difference = mean - baseline_mean.
    low, high
        95 % interval of the difference; None with fewer than two units.
    method
        How the interval was found.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    policy: str
    baseline: str
    unit: Literal["instance", "seed"]
    units: int
    pairs: int
    missing: int
    mean: float
    baseline_mean: float
    difference: float
    low: float | None
    high: float | None
    method: Literal["t", "bootstrap"]


def differences(
    comparison: Comparison, metrics: Sequence[str], *, method: Literal["t", "bootstrap"], seed: int
) -> list[Difference]:
    """Compare each policy with the first in each metric; a metric that no pair has is left out."""
    baseline = comparison.policies[0]
    found = (
        _difference(comparison, metric, policy, baseline, method, seed)
        for metric in metrics
        for policy in comparison.policies[1:]
    )
    return [difference for difference in found if difference is not None]


Pairs = dict[str, list[tuple[float, float]]]


def paired(comparison: Comparison, metric: str, policy: str, baseline: str) -> tuple[Pairs, int]:
    """Return the pairs of a metric by instance, and how many lack a figure."""
    values = {(row["instance_hash"], row["seed"], row["policy"]): row.get(metric) for row in comparison.rows}
    pairs: Pairs = defaultdict(list)
    missing = 0
    for (instance, seed, name), value in values.items():
        if name == policy:
            other = values.get((instance, seed, baseline))
            if value is None or other is None:
                missing += 1
            else:
                pairs[instance].append((float(value), float(other)))
    return pairs, missing


def _difference(
    comparison: Comparison,
    metric: str,
    policy: str,
    baseline: str,
    method: Literal["t", "bootstrap"],
    seed: int,
) -> Difference | None:
    pairs, missing = paired(comparison, metric, policy, baseline)
    if not pairs:
        return None
    many = len({row["instance_hash"] for row in comparison.rows}) > 1
    units = np.array(
        [np.mean(each, axis=0) for each in pairs.values()] if many else next(iter(pairs.values()))
    )
    change = units[:, 0] - units[:, 1]
    low, high = interval(change, method=method, seed=seed)
    return Difference(
        metric=metric,
        policy=policy,
        baseline=baseline,
        unit="instance" if many else "seed",
        units=len(units),
        pairs=sum(map(len, pairs.values())),
        missing=missing,
        mean=float(units[:, 0].mean()),
        baseline_mean=float(units[:, 1].mean()),
        difference=float(change.mean()),
        low=low,
        high=high,
        method=method,
    )


def interval(
    change: Values, *, method: Literal["t", "bootstrap"], seed: int = 0
) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a mean; None where there are fewer than two values.

    Parameters
    ----------
    change
        One value a unit.
    method
        ``t``, or ``bootstrap`` (percentiles of `RESAMPLES` means).
    seed
        Seed of the bootstrap.
    """
    if len(change) < 2:
        return None, None
    if method == "t":
        from scipy import stats

        reach = stats.t.ppf((1 + CONFIDENCE) / 2, len(change) - 1) * change.std(ddof=1) / np.sqrt(len(change))
        return float(change.mean() - reach), float(change.mean() + reach)
    rng = np.random.default_rng(seed)
    means = np.array([rng.choice(change, len(change)).mean() for _ in range(RESAMPLES)])
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
