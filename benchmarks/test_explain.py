"""Reasons, late applicants and conflicts: what a clerk waits for at the counter."""

from typing import Any

import pytest

import nichiiki as nk
from nichiiki_models.instance import Instance


@pytest.fixture(scope="module")
def flagship() -> Instance:
    return nk.load("flagship")


@pytest.fixture(scope="module")
def thousand() -> Instance:
    return nk.generate(households=1000, seed=1)


def test_every_reason_of_the_flagship(benchmark: Any, flagship: Instance) -> None:
    allocation = nk.allocate(flagship, policy="points").allocation
    assert allocation is not None
    reasons = benchmark.pedantic(lambda: nk.explain(flagship, allocation), rounds=1)
    benchmark.extra_info["reasons"] = len(reasons)


@pytest.mark.parametrize("name", ["flagship", "thousand"])
def test_one_more_household(benchmark: Any, request: pytest.FixtureRequest, name: str) -> None:
    instance = request.getfixturevalue(name)
    allocation = nk.allocate(instance, policy="points").allocation
    assert allocation is not None
    prices = nk.shadow_prices(instance, time_limit_s=20)
    household = str(allocation.unplaced["household_id"][0])
    benchmark.pedantic(lambda: nk.fit(instance, allocation, household, prices=prices), rounds=3)


def test_conflict_of_a_thousand_households(benchmark: Any, thousand: Instance) -> None:
    choices = thousand.choices
    wishes = (choices["list"] == "stay") & (choices["target_kind"] == "house")
    house = str(choices["target_id"][wishes][0])
    asking = dict.fromkeys(choices["household_id"][wishes & (choices["target_id"] == house)].tolist())
    locks = [
        {"household_id": h, "target_kind": "house", "target_id": house, "effect": "must", "reason": "test"}
        for h in asking
    ]
    clash = benchmark.pedantic(lambda: nk.conflicts(thousand.replace(locks=locks)), rounds=1)
    benchmark.extra_info["demands"] = len(clash.demands)
