"""Rank-maximal, leximin and Nash: equal to complete enumeration, on plain and on compiled markets."""

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_oracle.random_instances import random_instance
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.market import Market
from nichiiki_solver.policies import in_sequence
from nichiiki_solver.policies.nash import logarithms
from nichiiki_solver.solving import solve

Choice = Any


@st.composite
def markets(draw: st.DrawFn, low: int = 0) -> Market:
    """Small markets with signed amounts, demands, and agents that must be assigned."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    agents, resources = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    options, entries = int(rng.integers(1, 12)), int(rng.integers(0, 20))
    return Market.from_columns(
        agent=rng.integers(0, agents, options),
        utility=rng.integers(low, 12, options),
        option=rng.integers(0, options, entries),
        resource=rng.integers(0, resources, entries),
        amount=rng.integers(-2, 5, entries),
        capacity=rng.integers(-1, 8, resources),
        must_assign=rng.random(agents) < 0.1,
        n_agents=agents,
    )


def rank_counts(market: Market, choice: Choice) -> tuple[int, ...]:
    ranks = market.rank[choice[choice >= 0]]
    return tuple(int((ranks == r).sum()) for r in range(1, int(market.rank.max(initial=1)) + 1))


def ordered_utilities(market: Market, choice: Choice) -> tuple[int, ...]:
    return tuple(sorted(int(market.utility[0][o]) if o >= 0 else 0 for o in choice.tolist()))


def places_and_product(market: Market, choice: Choice) -> tuple[int, int, int]:
    values = market.utility[0][choice[choice >= 0]]
    return len(values), int((values > 0).sum()), math.prod(v for v in values.tolist() if v > 0)


MEASURES = {"rank_maximal": rank_counts, "leximin": ordered_utilities, "nash": places_and_product}


def best_of(market: Market, measure: Callable[[Market, Choice], tuple[int, ...]]) -> tuple[int, ...] | None:
    order, offsets = market.by_agent
    lists = [[-1, *order[offsets[a] : offsets[a + 1]].tolist()] for a in range(market.n_agents)]
    choices = (np.array(point) for point in product(*lists))
    return max((measure(market, choice) for choice in choices if market.is_feasible(choice)), default=None)


def assert_equals_enumeration(policy: str, market: Market) -> None:
    outcome, best = solve(market, policy=policy), best_of(market, MEASURES[policy])
    if best is None:
        assert (outcome.status, outcome.reason) == (Status.INFEASIBLE, StopReason.PROVEN)
        return
    assert outcome.status is Status.FEASIBLE
    assert MEASURES[policy](market, outcome.choice) == best
    assert outcome.reason is StopReason.PROVEN and all(each.proven for each in outcome.criteria)


@pytest.mark.parametrize("policy", ["rank_maximal", "leximin"])
@given(market=markets(low=-4))
def test_equals_enumeration(policy: str, market: Market) -> None:
    assert_equals_enumeration(policy, market)


@given(market=markets())
def test_nash_equals_enumeration(market: Market) -> None:
    assert_equals_enumeration("nash", market)


@pytest.mark.parametrize("policy", ["rank_maximal", "leximin", "nash"])
@given(market=markets())
def test_the_other_engine_agrees(policy: str, market: Market) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_sequence, "SMALL", -1)
        outcome, best = solve(market, policy=policy), best_of(market, MEASURES[policy])
    assert (best is None) == (outcome.choice is None)
    if best is not None:
        assert MEASURES[policy](market, outcome.choice) == best


def test_rank_maximal_leaves_more_without_a_place() -> None:
    """Irving et al. (2006): first wishes come before numbers. Agent 1 has only house 0; agent 0 could also take house 1."""
    market = Market.from_columns(
        agent=[0, 0, 1, 2], utility=[2, 1, 1, 5], rank=[1, 3, 2, 1],
        option=[0, 1, 2, 3], resource=[0, 1, 0, 1], amount=[1] * 4, capacity=[1, 1],
    )  # fmt: skip
    outcome = solve(market, policy="rank_maximal")
    assert outcome.choice is not None and outcome.choice.tolist() == [0, -1, 3]


def test_close_products_are_told_apart_or_reported() -> None:
    """6 · 7 = 42 beats 41 · 1; a product beyond what 2^-40 can resolve keeps a gap."""
    small = Market.from_columns(
        agent=[0, 0, 1, 1], utility=[6, 41, 7, 1], option=[0, 1, 2, 3], resource=[0, 1, 1, 0], amount=[1] * 4, capacity=[1, 1]
    )  # fmt: skip
    outcome = solve(small, policy="nash")
    assert outcome.choice is not None
    assert places_and_product(small, outcome.choice)[2] == 42
    large = Market.from_columns(
        agent=range(9), utility=[10**4] * 9, option=[], resource=[], amount=[], capacity=[]
    )
    last = solve(large, policy="nash").criteria[-1]
    assert last.bound is not None and last.objective is not None and 0 < last.bound - last.objective <= 18


def test_logarithms_are_rounded_down() -> None:
    assert logarithms(np.array([0, 1, 2, 8]), 10).tolist() == [0, 0, 1 << 10, 3 << 10]


def test_nash_refuses_utilities_below_zero() -> None:
    market = Market.from_columns(agent=[0], utility=[-1], option=[], resource=[], amount=[], capacity=[])
    with pytest.raises(UnsupportedMarketError, match="below 0"):
        solve(market, policy="nash")


@pytest.mark.parametrize("policy", ["rank_maximal", "leximin", "nash"])
@pytest.mark.parametrize("seed", sample(range(10), 4))
def test_compiled_instances_pass_the_check(policy: str, seed: int) -> None:
    """`allocate` verifies what it returns; roles with a minimum are gates of the market."""
    best = allocate(random_instance(seed), time_limit_s=60)
    result = allocate(random_instance(seed), policy=policy, time_limit_s=60)
    assert (result.status is Status.INFEASIBLE) == (best.status is Status.INFEASIBLE)
    for level, optimum in zip(result.levels[:1], best.levels[:1], strict=True):
        assert level.objective is not None and optimum.objective is not None
        assert level.objective <= optimum.objective
