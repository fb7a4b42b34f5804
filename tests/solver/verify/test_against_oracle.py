"""Random placements that break whatever they happen to break: the check finds exactly what the oracle finds, numbers included.

The oracle was written by other hands from docs/explanation/rules.md; it looks at rows, one after the other, in plain Python.
"""

from __future__ import annotations

import os
import random

import pytest

from nichiiki_models.allocation import Violation
from nichiiki_oracle.allocations import to_allocation
from nichiiki_oracle.broken import OF_HOUSEHOLDS, OF_KIND, Broken, broken_by, random_choice
from nichiiki_oracle.market import Market
from nichiiki_oracle.measures import every_choice
from nichiiki_oracle.random_instances import random_instance
from nichiiki_solver.verify import verify

SEEDS = 1000 if os.environ.get("NICHIIKI_FULL") == "1" else int(os.environ.get("NICHIIKI_DRAWS", "6"))
DRAWS = 4
Found = dict[tuple[str, str], set[tuple[int | None, int | None]]]


def by_place(broken: set[Broken]) -> Found:
    """Numbers of each rule and what it is about."""
    found: Found = {}
    for rule, where, value, limit in broken:
        found.setdefault((rule, where), set()).add((value, limit))
    return found


def told(violations: list[Violation]) -> set[Broken]:
    """What the check says, in the words of the oracle: claims, and measures that nobody needs, are another matter."""
    return {
        (v.rule, v.where.split(" ")[0] if v.rule in OF_HOUSEHOLDS else v.where, v.details.get("value"), v.details.get("limit"))  # type: ignore[misc]
        for v in violations
        if not v.rule.startswith("claim_") and v.rule != "measure_unused"
    }  # fmt: skip


def without_kinds(found: Found) -> Found:
    """Leave out whether something is listed where it is of a wrong kind: the rules do not say which of both is named."""
    wrong = {where for rule, where in found if rule in OF_KIND}
    return {key: numbers for key, numbers in found.items() if key[0] != "not_listed" or key[1] not in wrong}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_check_finds_what_the_oracle_finds(seed: int) -> None:
    instance, draw = random_instance(seed), random.Random(seed)  # noqa: S311 - a draw of cases
    plans = sorted(every_choice(Market(instance)), key=str)
    for _ in range(DRAWS):
        taken = draw.choice(plans)
        market = Market(instance, taken=taken)
        choice = random_choice(market, draw)
        allocation = to_allocation(instance, choice, taken=taken)
        found = without_kinds(by_place(told(verify(instance, allocation))))
        expected = without_kinds(by_place(broken_by(market, choice)))
        assert found.keys() == expected.keys()
        for key, numbers in expected.items():
            stated = {number for number in numbers if number != (None, None)}
            assert stated <= found[key], key
