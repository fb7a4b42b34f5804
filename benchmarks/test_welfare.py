"""The optimum policy beside engines that get the whole market at once, on the same instances in the same run.

Each case notes value and bound reached within the limit; an engine that proves nothing shows its gap, not a time to
be proud of. Of docs/explanation/national-scale.md the table "HiGHS where CP-SAT stalls" comes from
here.
"""

from typing import Any

import numpy as np
import pytest

from nichiiki_instances.bundled import load
from nichiiki_instances.generators import generate
from nichiiki_models.instance import Instance
from nichiiki_solver import cp_sat, mip
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.dual_prices import SCALE
from nichiiki_solver.market import NO_VALUE, Market
from nichiiki_solver.solving import solve

LIMIT_S = 60.0
SIZES = ("60", "flagship", "240")


@pytest.fixture(scope="module", params=SIZES)
def instance(request: pytest.FixtureRequest) -> Instance:
    return (
        load("flagship") if request.param == "flagship" else generate(households=int(request.param), seed=1)
    )


def note(benchmark: Any, objective: int | None, bound: int | None) -> None:
    benchmark.extra_info.update(objective=objective, bound=bound)


def whole(instance: Instance) -> Market:
    """Stays and options apart, nothing left out."""
    source = BundleSource(find_bundles(instance))
    levels = len(instance.rules.objective.levels)
    least = np.full(source.n_agents, NO_VALUE // 2, dtype=np.int64)
    prices = np.zeros(len(source.bundles.uses.resources), dtype=np.int64)
    return source.factored(np.full(levels, SCALE, dtype=np.int64), prices, least).market


def test_nichiiki(benchmark: Any, instance: Instance) -> None:
    benchmark.group = instance.name
    market = BundleSource(find_bundles(instance)).all_listed()
    outcome = benchmark.pedantic(lambda: solve(market, time_limit_s=LIMIT_S), rounds=1)
    note(benchmark, outcome.objective, outcome.bound)


def test_clerk(benchmark: Any, instance: Instance) -> None:
    benchmark.group = instance.name
    market = BundleSource(find_bundles(instance)).all_listed()
    outcome = benchmark.pedantic(lambda: solve(market, policy="points"), rounds=1)
    note(benchmark, outcome.objective, outcome.bound)


def test_cp_sat_whole(benchmark: Any, instance: Instance) -> None:
    benchmark.group = instance.name
    market = whole(instance)
    found = benchmark.pedantic(
        lambda: cp_sat.solve_level(market, market.utility[0], time_limit_s=LIMIT_S), rounds=1
    )
    note(benchmark, found.objective, found.bound)


def test_highs_whole(benchmark: Any, instance: Instance) -> None:
    benchmark.group = instance.name
    market = whole(instance)
    found = benchmark.pedantic(
        lambda: mip.solve_level(market, market.utility[0], time_limit_s=LIMIT_S), rounds=1
    )
    note(benchmark, found.objective, found.bound)
