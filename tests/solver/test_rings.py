"""Plain markets by rings around the prices: equal to complete enumeration on every published family, bounds that hold."""

import itertools
import os
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
from benchmarks.family_cases import CASES, WHO, gap, knapsack, location, multi_resource

from nichiiki.market import Market, solve
from nichiiki_models.allocation import Status
from nichiiki_solver import rings

DRAWS = 300 if os.environ.get("NICHIIKI_FULL") == "1" else 2

FAMILIES: dict[str, Callable[..., Market]] = {
    **{f"gap-{kind}": partial(gap, kind, 3, 6) for kind in "ABCDE"},
    "mra": partial(multi_resource, 3, 5, 2),
    "cfl": partial(location, 3, 5, 2.0),
    "mck": partial(knapsack, 6, 3, 1),
    "mck-2": partial(knapsack, 5, 4, 2),
}


def optimum(market: Market) -> int | None:
    """Best value by trying everything; None if nothing fits."""
    use = np.zeros((market.n_options + 1, len(market.capacity)), dtype=np.int64)
    np.add.at(use, (market.entry_option, market.resource), market.amount)
    utility = np.append(market.utility[0], 0)
    ways = [
        [*np.flatnonzero(market.agent == agent).tolist(), *([] if must else [-1])]
        for agent, must in enumerate(market.must_assign.tolist())
    ]
    choices = np.array(list(itertools.product(*ways)))
    fits = (use[choices].sum(axis=1) <= market.capacity).all(axis=1)
    return int(utility[choices[fits]].sum(axis=1).max()) if fits.any() else None


def _after(most: int, asked: Iterator[int]) -> Callable[[], bool]:
    return lambda: next(asked) > most


@pytest.mark.parametrize("seed", range(DRAWS))
@pytest.mark.parametrize("family", FAMILIES)
def test_rings_equal_enumeration(family: str, seed: int) -> None:
    market = FAMILIES[family](seed)
    best = optimum(market)
    found = rings.solve_level(market, market.utility[0], time_limit_s=30)
    assert (found.objective, found.infeasible) == (best, best is None)
    if best is not None:
        assert found.bound == best
        assert found.choice is not None
        assert market.is_feasible(found.choice)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_bound_holds_whenever_the_search_ends(family: str) -> None:
    for seed in range(DRAWS):
        market = FAMILIES[family](seed)
        best, asked = optimum(market), itertools.count()
        stop = _after(seed % 5, asked)
        found = rings.solve_level(market, market.utility[0], time_limit_s=30, should_stop=stop)
        assert found.bound is None or best is None or found.bound >= best
        assert found.objective is None or (best is not None and found.objective <= best)


@pytest.mark.parametrize("seed", range(DRAWS))
@pytest.mark.parametrize("family", FAMILIES)
def test_rings_too_small_for_everything_still_bound_and_answer(
    family: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no ring may hold all options they double up to the most that one may hold; then blocks go on."""
    market = FAMILIES[family](seed)
    monkeypatch.setattr(rings, "MOST_OPTIONS", market.n_options // 2)
    best = optimum(market)
    found = rings.solve_level(market, market.utility[0], time_limit_s=2, seed=seed)
    assert found.bound is None or best is None or found.bound >= best
    assert found.objective is None or (best is not None and found.objective <= best)
    assert found.choice is None or market.is_feasible(found.choice)
    if (
        best is not None
        and not market.must_assign.any()
        and market.is_feasible(np.full(market.n_agents, -1, dtype=np.int64))
    ):
        assert found.choice is not None


@pytest.mark.parametrize("family", FAMILIES)
def test_the_policy_equals_enumeration(family: str) -> None:
    market = FAMILIES[family](1)
    best, found = optimum(market), solve(market, time_limit_s=30)
    assert found.status is (Status.INFEASIBLE if best is None else Status.OPTIMAL)
    assert found.objective == best


@pytest.mark.parametrize("case", CASES)
def test_the_cases_of_the_benchmark_are_drawn_alike_twice(case: str) -> None:
    one, other = CASES[case](), CASES[case]()
    assert one.must_assign.any()
    for name in ("agent", "utility", "resource", "amount", "capacity"):
        assert (getattr(one, name) == getattr(other, name)).all()


@pytest.mark.parametrize("who", WHO)
def test_every_engine_proves_the_same_small_optimum(who: str) -> None:
    for make in FAMILIES.values():
        market = make(2)
        best = optimum(market)
        assert WHO[who](market, 30.0) == (best, best) or best is None
