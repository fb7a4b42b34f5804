"""The oracle's cases of every rule, trivially kept, just kept and just broken: one placement, and what the check says of it."""

from __future__ import annotations

import pytest

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_oracle.cases import RULES_OF_BUNDLES, SHARED_RULES, Cells
from nichiiki_oracle.tiny import tiny
from nichiiki_solver.allocating import allocate
from nichiiki_solver.verify import verify


@pytest.fixture(scope="module")
def everything() -> dict[int, Allocation]:
    """One family, and two, with all that they wish for."""
    found = {}
    for names in (("a",), ("a", "b")):
        allocation = allocate(tiny(*names), policy="points").allocation
        assert allocation is not None
        assert len(allocation.placements) == len(names)
        found[len(names)] = allocation
    return found


TARGETS = {"school": "school", "care": "nursery", "desk": "desks", "role": "role"}
"""What the family has of lists whose rules may have one name."""


def broken(instance: Instance, allocation: Allocation, target: str = "") -> set[str]:
    """Rules that are broken, those of what else the family has left out."""
    shape = {"levels": (), "objective": None, "bound": None, "instance_hash": instance.hash}
    found = verify(instance, allocation.replace(**shape))
    others = set(TARGETS.values()) - {target} if target else set()
    return {violation.rule for violation in found if not others & set(violation.where.split(" "))}


@pytest.mark.parametrize(
    ("name", "rule", "kept", "not_kept"),
    RULES_OF_BUNDLES,
    ids=[f"{case[0]}-{case[1]}-{n}" for n, case in enumerate(RULES_OF_BUNDLES)],
)
def test_a_rule_of_one_family(
    name: str, rule: str, kept: Cells, not_kept: Cells, everything: dict[int, Allocation]
) -> None:
    assert rule not in broken(tiny(**kept), everything[1], TARGETS.get(name, ""))
    assert rule in broken(tiny(**not_kept), everything[1], TARGETS.get(name, ""))


@pytest.mark.parametrize(
    ("rule", "kept", "not_kept"), SHARED_RULES, ids=[f"{case[0]}-{n}" for n, case in enumerate(SHARED_RULES)]
)
def test_what_two_families_share(
    rule: str, kept: Cells, not_kept: Cells, everything: dict[int, Allocation]
) -> None:
    found = broken(tiny("a", "b", **kept), everything[2])
    assert rule not in found or "not_listed" in found  # where the families wish for other periods
    assert rule in broken(tiny("a", "b", **not_kept), everything[2])
