"""The flagship instance: proven optimal, the clerk's result reproduced, both checked."""

import pytest

from nichiiki_instances.bundled import load
from nichiiki_models.allocation import Status
from nichiiki_models.instance import Instance
from nichiiki_models.result import Result
from nichiiki_oracle.allocations import choice_of, objective_levels
from nichiiki_oracle.clerk import one_list
from nichiiki_solver.allocating import allocate
from nichiiki_solver.verify import verify


@pytest.fixture(scope="module")
def flagship() -> Instance:
    return load("flagship")


@pytest.fixture(scope="module")
def optimum(flagship: Instance) -> Result:
    return allocate(flagship, time_limit_s=240)


def test_the_optimum_is_proven(optimum: Result) -> None:
    assert optimum.status is Status.OPTIMAL
    assert optimum.gap == 0
    assert optimum.objective == optimum.bound == 146_830


def test_the_oracle_agrees_with_its_value(flagship: Instance, optimum: Result) -> None:
    assert optimum.allocation is not None
    assert list(objective_levels(flagship, optimum.allocation)) == [optimum.objective]
    assert verify(flagship, optimum.allocation) == []


def test_rule_mode_is_the_clerks_result(flagship: Instance) -> None:
    result = allocate(flagship, policy="points", seed=2026)
    assert result.allocation is not None
    assert choice_of(flagship, result.allocation) == one_list(flagship, 2026).choice


def test_the_optimum_is_no_worse_than_rule_mode(flagship: Instance, optimum: Result) -> None:
    clerk = allocate(flagship, policy="points", seed=1)
    assert clerk.objective is not None
    assert optimum.bound is not None
    assert clerk.objective <= optimum.bound
