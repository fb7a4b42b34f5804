"""Markets of single units as flows: equal to an exact search, and to the assignment of scipy where that applies."""

import os
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from nichiiki_models.allocation import Status
from nichiiki_solver import assignment, cp_sat
from nichiiki_solver.market import Market, in_largest_units
from nichiiki_solver.policies import welfare
from nichiiki_solver.solving import solve

SEEDS = 2000 if os.environ.get("NICHIIKI_FULL") == "1" else 60


def drawn(seed: int) -> Market:
    """Options of one resource or of none, worth less than nothing at times; some agents must get one."""
    rng = np.random.default_rng(seed)
    agents, resources, options = rng.integers(1, 8), rng.integers(1, 5), rng.integers(0, 25)
    uses = np.flatnonzero(rng.random(options) < 0.9)
    resource = rng.integers(0, resources, len(uses))
    unit = rng.integers(1, 4, resources)
    return Market.from_columns(
        agent=rng.integers(0, agents, options),
        utility=rng.integers(-3, 20, options),
        option=uses,
        resource=resource,
        amount=unit[resource],
        capacity=rng.integers(0, 7, resources),
        must_assign=rng.random(agents) < 0.2,
        n_agents=int(agents),
    )


@pytest.mark.parametrize("seed", range(SEEDS))
def test_equals_an_exact_search(seed: int) -> None:
    market = in_largest_units(drawn(seed))
    assert assignment.is_assignment(market)
    found = assignment.solve_level(market, market.utility[0])
    expected = cp_sat.solve_level(market, market.utility[0], time_limit_s=20, workers=1)
    assert (found.objective, found.infeasible) == (expected.objective, expected.infeasible)
    if found.choice is not None:
        assert market.is_feasible(found.choice)
        assert market.objectives(found.choice)[0] == found.objective == found.bound


def test_a_large_market_is_proven_and_equals_the_assignment() -> None:
    rng = np.random.default_rng(3)
    gain = rng.integers(0, 1000, (80, 80))
    agent, resource = np.divmod(np.arange(6400), 80)
    market = Market.from_columns(
        agent=agent,
        utility=gain.ravel(),
        option=np.arange(6400),
        resource=resource,
        amount=np.ones(6400, dtype=np.int64),
        capacity=np.ones(80, dtype=np.int64),
    )
    assert market.n_options > welfare.SMALL
    outcome = solve(market, time_limit_s=30, workers=1)
    best = int(gain[linear_sum_assignment(gain, maximize=True)].sum())
    assert (outcome.status, outcome.objective, outcome.bound) == (Status.OPTIMAL, best, best)


def test_other_markets_are_none_of_single_units() -> None:
    market = Market.from_columns(
        agent=[0, 1], utility=[1, 2], option=[0, 1], resource=[0, 0], amount=[1, 1], capacity=[1]
    )
    assert assignment.is_assignment(market)
    both = Market.from_columns(
        agent=[0], utility=[1], option=[0, 0], resource=[0, 1], amount=[1, 1], capacity=[1, 1]
    )
    assert not assignment.is_assignment(both)
    assert not assignment.is_assignment(replace(market, amount=np.array([1, 2])))
    assert not assignment.is_assignment(replace(market, capacity=np.array([-1])))
    assert not assignment.is_assignment(replace(market, gate=np.array([True, False])))


def test_a_short_limit_leaves_a_large_market_to_a_search_that_can_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    market = drawn(1)
    monkeypatch.setattr(welfare, "SMALL", -1)
    monkeypatch.setattr(assignment, "ARCS_A_SECOND", 0)
    monkeypatch.setattr(assignment, "solve_level", None)
    assert solve(market, time_limit_s=10, workers=1).status in (Status.OPTIMAL, Status.INFEASIBLE)
