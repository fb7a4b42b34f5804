"""Agents choose one after the other, however many are looked at together."""

import numpy as np
import pytest

from nichiiki_instances.generators import generate
from nichiiki_solver.allocating import allocate
from nichiiki_solver.market import Market
from nichiiki_solver.policies import in_turn
from nichiiki_solver.solving import solve


@pytest.mark.parametrize("seed", range(3))
def test_nothing_hangs_on_how_many_are_looked_at_together(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = generate(households=90, houses=25, hosts=3, seed=seed)
    found = []
    for block in (1, 7, 1_000):
        monkeypatch.setattr(in_turn, "BLOCK", block)
        allocation = allocate(instance, policy="points", seed=seed).allocation
        assert allocation is not None
        found.append((allocation.stays, allocation.items, allocation.measures))
    assert found[0] == found[1] == found[2]


def test_what_one_agent_supplies_the_next_may_use() -> None:
    market = Market.from_columns(
        agent=[0, 1], utility=[1, 1], option=[0, 1], resource=[0, 0], amount=[-1, 1], capacity=[0]
    )
    outcome = solve(market, policy="points")
    assert outcome.choice is not None
    np.testing.assert_array_equal(outcome.choice, [0, 1])
