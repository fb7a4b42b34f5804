"""Random serial dictatorship: chances equal to those over all orders, exactly, and samples that say how far they may be off."""

from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Status
from nichiiki_oracle.random_instances import random_instance
from nichiiki_sample import sample
from nichiiki_solver.allocating import allocate
from nichiiki_solver.bundles import compile_market
from nichiiki_solver.lotteries.lottery import Lottery
from nichiiki_solver.market import Market
from nichiiki_solver.policies import random_serial_dictatorship as rsd
from nichiiki_solver.solving import solve


@st.composite
def packings(draw: st.DrawFn) -> Market:
    """Small markets of bundles with capacities."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    agents, resources = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    options, entries = int(rng.integers(1, 12)), int(rng.integers(0, 20))
    return Market.from_columns(
        agent=rng.integers(0, agents, options),
        utility=rng.permutation(options),
        option=rng.integers(0, options, entries),
        resource=rng.integers(0, resources, entries),
        amount=rng.integers(1, 3, entries),
        capacity=rng.integers(0, 5, resources),
        n_agents=agents,
    )


def over_all_orders(market: Market) -> list[Fraction]:
    """Chances by running every order, with feasibility looked up in the market itself."""
    counts, orders = [0] * market.n_options, list(permutations(range(market.n_agents)))
    for order in orders:
        choice = np.full(market.n_agents, -1)
        for agent in order:
            mine = np.flatnonzero(market.agent == agent)
            for option in mine[np.argsort(market.rank[mine], kind="stable")].tolist():
                trial = choice.copy()
                trial[agent] = option
                if market.is_feasible(trial):
                    choice = trial
                    break
        for option in choice[choice >= 0].tolist():
            counts[option] += 1
    return [Fraction(count, len(orders)) for count in counts]


@given(packings())
def test_chances_equal_those_over_all_orders(market: Market) -> None:
    expected = over_all_orders(market)
    lottery = solve(market, policy="random_serial_dictatorship").lottery
    assert list(lottery.marginals) == expected and not lottery.samples
    searched = rsd.exact_lottery(rsd._Completed(market), lambda: False)
    assert searched is not None and list(searched.marginals) == expected


def bogomolnaia_moulin() -> Market:
    wishes = [[0, 1, 2, 3], [0, 1, 2, 3], [1, 0, 3, 2], [1, 0, 3, 2]]
    houses = [house for mine in wishes for house in mine]
    return Market.from_columns(
        agent=np.repeat(range(4), 4), utility=[4, 3, 2, 1] * 4, option=range(16), resource=houses, amount=[1] * 16, capacity=[1] * 4
    )  # fmt: skip


def test_example_of_bogomolnaia_and_moulin() -> None:
    """Bogomolnaia and Moulin (2001): chances 5/12, 1/12, 5/12, 1/12, which probabilistic serial improves for everybody."""
    lottery = solve(bogomolnaia_moulin(), policy="random_serial_dictatorship").lottery
    assert list(lottery.marginals) == [Fraction(k, 12) for k in (5, 1, 5, 1)] * 4


def test_samples_state_their_error() -> None:
    turn = rsd.Turns(bogomolnaia_moulin())
    assert rsd.exact_lottery(turn, lambda: False, most=3) is None

    def choose(order: list[int]) -> Any:
        return turn.choice(rsd.dictatorship(turn, order))

    lottery = rsd.sampled_lottery(choose, turn.agents, 16, 7, lambda: False, samples=400)
    assert isinstance(lottery, Lottery) and lottery.samples == 400
    for found, error, exact in zip(lottery.marginals, lottery.standard_errors, [5, 1, 5, 1] * 4, strict=True):
        assert abs(float(found) - exact / 12) < 5 * error
    assert rsd.sampled_lottery(choose, turn.agents, 16, 7, lambda: True) is None


def test_large_markets_with_roles_are_sampled_by_closing() -> None:
    """Nobody looks ahead there; what ends below its minimum is closed, so that every sampled choice is feasible."""
    market = compile_market(generate(households=60, seed=1))
    assert market.gate.any() and market.n_options > rsd.MOST_SEARCHED
    lottery = solve(market, policy="random_serial_dictatorship", time_limit_s=20).lottery
    assert isinstance(lottery, Lottery) and lottery.samples == rsd.SAMPLES
    assert all(market.is_feasible(choice) for choice in lottery.choices)


@pytest.mark.parametrize("seed", sample(range(12), 4))
def test_compiled_instances_pass_the_check(seed: int) -> None:
    """`allocate` verifies what it returns; minimums and roles to open are completed by an exact search."""
    result = allocate(random_instance(seed), policy="random_serial_dictatorship", time_limit_s=20)
    assert result.status in (Status.FEASIBLE, Status.INFEASIBLE)
