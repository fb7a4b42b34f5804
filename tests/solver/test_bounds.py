"""Bounds at medium size, where no enumeration reaches: never below the linear program over all bundles, and close to it."""

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from nichiiki_instances.generators import generate
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.cut_rows import Mean, Taken
from nichiiki_solver.dual_prices import SCALE, approach, find_prices, go_on
from nichiiki_solver.market import Market

NEAR = 0.01


def never() -> bool:
    return False


def linear_program(market: Market) -> float:
    """Value of the relaxation of a listed market."""
    n = market.n_options
    owners = csr_array((np.ones(n), (market.agent, np.arange(n))), shape=(market.n_agents, n))
    use = csr_array((market.amount, (market.resource, market.entry_option)), shape=(len(market.capacity), n))
    limits = np.concatenate((np.ones(market.n_agents), market.capacity))
    found = linprog(  # type: ignore[call-overload]  # the stubs know no sparse arrays
        -market.utility[0], A_ub=vstack([owners, use]), b_ub=limits, bounds=(0, None)
    )
    assert found.status == 0
    return float(-found.fun)


@pytest.fixture(scope="module", params=range(3))
def source(request: pytest.FixtureRequest) -> BundleSource:
    return BundleSource(
        find_bundles(generate(households=100, houses=35, hosts=2, periods=8, seed=request.param))
    )


@pytest.fixture(scope="module")
def relaxed(source: BundleSource) -> float:
    return linear_program(source.everything().market)


def test_shared_lists_relax_no_more_than_bundles_do(source: BundleSource, relaxed: float) -> None:
    """Column generation over whole bundles ends at the value of the program over stays and options apart."""
    weights = np.eye(len(source.bundles.stay_terms), dtype=np.int64)[0]
    total = find_prices(source.unlisted(), weights, never).total
    assert total >= SCALE * relaxed - 1
    assert total <= SCALE * relaxed * (1 + 1e-4)


def test_prices_by_ascent_end_near_the_linear_program(source: BundleSource, relaxed: float) -> None:
    weights = np.eye(len(source.bundles.stay_terms), dtype=np.int64)[0]
    market = source.unlisted()
    begun = approach(market, source, weights, never)
    mean = Mean(Taken.nothing(source.bundles))
    ended = go_on(source, weights, never, begun.prices, mean=mean)
    assert SCALE * relaxed - 1 <= ended.total <= begun.total
    assert ended.total <= SCALE * relaxed * (1 + NEAR)
