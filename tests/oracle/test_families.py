"""Statistics of random instances: every family of rules is there often, and decides something."""

import pytest

from nichiiki_oracle.families import FAMILIES, Family, Whole
from nichiiki_oracle.random_instances import random_instance

INSTANCES = 300
LEAST_PRESENT = 0.20
NEVER_ALONE = {"not_a_school", "not_a_pupil", "not_a_nursery", "not_a_coworking"}
"""What these refuse has no seat row either, since seats fit their facility: `no_seats` refuses it too."""


@pytest.fixture(scope="module")
def wholes() -> list[Whole]:
    return [Whole(random_instance(seed)) for seed in range(INSTANCES)]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_a_family_is_often_there_and_decides_something(family: Family, wholes: list[Whole]) -> None:
    present = [whole for whole in wholes if family.is_present(whole.instance)]
    deciding = sum(family.decides(whole) for whole in present)
    print(f"{family.name}: present in {len(present) / INSTANCES:.0%}, decides in {deciding / INSTANCES:.1%}")
    assert len(present) >= LEAST_PRESENT * INSTANCES
    assert (deciding > 0) != (family.name in NEVER_ALONE)
