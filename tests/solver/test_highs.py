"""HiGHS: what it calls the optimum is one, programs without a solution are told, and time is heeded."""

import os
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from benchmarks.family_cases import gap
from scipy.sparse import csr_array

from nichiiki_instances.generators import generate
from nichiiki_solver import cp_sat, mip
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.highs import Program, minimise
from nichiiki_solver.market import Market

BEGUN = 27
"""Draw of type D whose presolve closes it, and where the solution to begin with came back instead of the optimum."""
SEEDS = range(200) if os.environ.get("NICHIIKI_FULL") == "1" else range(3)


def program(cost: list[float], rows: list[list[float]], least: list[float], most: list[float]) -> Program:
    """Whole numbers from 0 to 10."""
    size = len(cost)
    return Program(
        cost=np.array(cost),
        matrix=csr_array(np.array(rows, dtype=float)),
        row_least=np.array(least),
        row_most=np.array(most),
        least=np.zeros(size),
        most=np.full(size, 10.0),
        whole=np.ones(size, dtype=bool),
    )


def pieces(households: int, houses: int, hosts: int, seed: int) -> Market:
    """All stays and options of a generated instance apart."""
    instance = generate(households=households, houses=houses, hosts=hosts, seed=seed)
    return BundleSource(find_bundles(instance)).everything().market


def test_the_market_that_the_presolve_of_1_12_gets_wrong() -> None:
    market = pieces(60, 20, 2, 5)
    found = mip.solve_level(market, market.utility[0])
    assert (found.objective, found.bound) == (32_430, 32_430)


def test_the_program_that_the_presolve_of_1_14_gets_wrong() -> None:
    asked = program([2, 3], [[1, 1]], [4.5], [np.inf])
    found = minimise(replace(asked, whole=np.array([False, True])), time_limit_s=10, relative_gap=0.0)
    assert found.bound == pytest.approx(9.0)
    assert found.x is not None
    assert np.allclose(found.x, [4.5, 0.0])


@pytest.mark.parametrize("seed", SEEDS)
def test_it_agrees_with_another_engine(seed: int) -> None:
    rng = np.random.default_rng(seed)
    market = pieces(int(rng.integers(10, 60)), int(rng.integers(4, 20)), int(rng.integers(1, 4)), seed)
    best = cp_sat.solve_level(market, market.utility[0], time_limit_s=60)
    found = mip.solve_level(market, market.utility[0])
    assert found.objective == best.objective
    assert best.objective is None or (found.bound == best.bound == best.objective)


def test_no_solution_is_told() -> None:
    found = minimise(program([1], [[2]], [3], [3]), time_limit_s=10, relative_gap=0.0)
    assert found.infeasible
    assert found.x is None


def test_a_program_without_whole_numbers_has_its_value_as_bound() -> None:
    asked = program([-1, -1], [[2, 1], [1, 2]], [-np.inf] * 2, [3, 3])
    found = minimise(replace(asked, whole=np.zeros(2, dtype=bool)), time_limit_s=10, relative_gap=0.0)
    assert found.bound == pytest.approx(-2.0)


def test_what_is_no_program_is_an_error() -> None:
    asked = program([1], [[1]], [0], [1])
    with pytest.raises(RuntimeError, match="passModel"):
        minimise(replace(asked, row_least=np.array([np.nan])), time_limit_s=10, relative_gap=0.0)


def test_nothing_is_written(capfd: pytest.CaptureFixture[str]) -> None:
    minimise(program([1], [[1]], [0], [1]), time_limit_s=10, relative_gap=0.0)
    assert capfd.readouterr() == ("", "")


def test_a_solution_to_begin_with_does_not_come_back_for_a_better_one() -> None:
    market = gap("D", 3, 6, BEGUN)
    best = mip.solve_level(market, market.utility[0])
    ways = [np.flatnonzero(market.agent == agent).tolist() for agent in range(market.n_agents)]
    for choice in map(np.array, product(*ways)):
        if market.is_feasible(choice):
            found = mip.solve_level(market, market.utility[0], hint=choice)
            assert (found.objective, found.bound) == (best.objective, best.bound)
