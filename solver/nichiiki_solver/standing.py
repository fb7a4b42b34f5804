"""Standing of households as furusato residents (ふるさと住民登録), period by period.

Rules: docs/explanation/rules.md, section 2.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import is_null
from nichiiki_models.instance import Instance
from nichiiki_solver.ragged import Array, Bools, Ints, unique_rows

STANDINGS = ("none", "basic", "premium")


def activities(instance: Instance) -> Ints:
    """Count the activities of each household in the days before the calendar that the rules name."""
    use, periods = instance.use_history, instance.periods
    counts = np.zeros(len(instance.households), dtype=np.int64)
    if not len(periods):
        return counts
    first = periods["starts_on"].min()
    dated = ~is_null(use.specs["on"].kind, use["on"])
    recent = (use["on"] < first) & (use["on"] >= first - instance.rules.registration.activity_days)
    rows = np.flatnonzero((use["kind"] == "activity") & dated & recent)
    np.add.at(counts, instance.households.find(use["household_id"][rows]), 1)
    return counts


def standings(instance: Instance) -> Ints:
    """Matrix households × periods of the standing, as an index of `STANDINGS`."""
    households = instance.households
    registration = households["registration"]
    active = activities(instance) >= instance.rules.registration.activities_min
    level = np.select([registration == "none", (registration == "premium") & active], [0, 2], 1)
    until = households["registration_valid_until"]
    endless = is_null(households.specs["registration_valid_until"].kind, until)
    starts = instance.periods["starts_on"]
    good = endless[:, None] | (until[:, None] >= starts[None, :])
    return np.where(good, level[:, None], 0).astype(np.int64)


def lowest_standing(standing: Ints, mask: Bools, household: Ints, pattern: Ints) -> Ints:
    """Lowest standing of each household over the periods of each pattern."""
    (who, pats), pair = unique_rows(household, pattern)
    return np.asarray(
        np.where(mask[pats], standing[who], len(STANDINGS)).min(axis=1, initial=len(STANDINGS))
    )[pair]


def is_entitled(instance: Instance, facility: Ints, household: Ints, mask: Bools, pattern: Ints) -> Bools:
    """Whether the household's standing gives it a right to a facility in every period of a pattern."""
    eligible = instance.facilities.lists("eligible")
    allowed = (
        np.stack([eligible.holds(name) for name in STANDINGS], axis=1) | (eligible.lengths == 0)[:, None]
    )
    (places, who, pats), row = unique_rows(facility, household, pattern)
    now = standings(instance)[who]
    right = allowed[places[:, None], now] | ~mask[pats]
    return np.asarray(right.all(axis=1))[row]


__all__ = ["STANDINGS", "Array", "activities", "is_entitled", "lowest_standing", "standings"]
