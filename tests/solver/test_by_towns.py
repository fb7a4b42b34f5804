"""The bound town by town: never below the optimum, never above that of the dual prices, whatever households pay."""

import os

import numpy as np
import pytest

from nichiiki_instances.generators import generate
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver import cp_sat, mip
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.by_towns import ByTowns, towns_of
from nichiiki_solver.dual_prices import approach, find_tight_prices
from nichiiki_solver.helping import Threads
from nichiiki_solver.ragged import Ints
from nichiiki_solver.towns import PARTS

SEEDS = range(300) if os.environ.get("NICHIIKI_FULL") == "1" else range(3)


def never() -> bool:
    return False


def a_minute() -> float:
    return 60.0


def first_level(source: BundleSource) -> Ints:
    return np.asarray(np.eye(len(source.bundles.stay_terms), dtype=np.int64)[0])


def optimum(source: BundleSource) -> int | None:
    pieces = source.everything().market
    return cp_sat.solve_level(pieces, pieces.utility[0]).objective


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_it_lies_between_the_optimum_and_the_bound_of_the_prices(seed: int, rows: bool) -> None:
    source = BundleSource(find_bundles(medium_instance(seed) if seed % 3 == 0 else random_instance(seed)))
    weights, best = first_level(source), optimum(source)
    if best is None or not len(source.bundles.stays):
        return
    market = source.unlisted()
    priced = (
        find_tight_prices(market, weights, never) if rows else approach(market, source, weights, never, 30)
    )
    assert isinstance(priced.source, BundleSource)
    told: list[int] = []
    search = ByTowns(priced.source, weights, priced, Threads())
    search.improve(4, 10.0, never, a_minute, told.append)
    assert best <= search.bound <= priced.bound
    assert told == sorted(told, reverse=True) and (not told or told[-1] == search.bound)


@pytest.mark.parametrize("seed", sample(range(1, 6), 2))
def test_any_payments_prove_a_bound(seed: int) -> None:
    source = BundleSource(find_bundles(medium_instance(seed)))
    weights, best, rng = first_level(source), optimum(source), np.random.default_rng(seed)
    priced = approach(source.unlisted(), source, weights, never, 5)
    towns, outside = towns_of(source, weights, priced.prices)
    paid = rng.integers(0, 900 * PARTS, source.bundles.n_households)
    total = outside + int(paid.sum())
    for town in towns:
        worth = town.market.utility[0].copy()
        worth[: len(town.household)] -= paid[town.household]
        found = mip.solve_level(town.market, worth)
        assert found.bound is not None
        assert found.bound <= town.rest + int(np.maximum(town.best - paid[town.households], 0).sum()) + 1
        total += found.bound
    assert best is None or total >= PARTS * best


class Forgetful:
    """Searches every town once, and none that is asked for again."""

    def __init__(self) -> None:
        self.calls = 0

    def each(self, function, pieces, limit_s, should_stop):  # type: ignore[no-untyped-def]
        self.calls += 1
        if self.calls > 1:
            return [None] * len(pieces)
        return Threads().each(function, pieces, limit_s, should_stop)


@pytest.mark.parametrize("seed", sample([0, 1, 2, 3, 5], 2))
def test_what_was_known_of_a_town_bounds_it_at_other_payments(seed: int) -> None:
    source = BundleSource(find_bundles(generate(households=40, houses=14, hosts=4, seed=seed)))
    weights, best, helpers = first_level(source), optimum(source), Forgetful()
    assert best is not None
    priced = approach(source.unlisted(), source, weights, never, 30)
    search = ByTowns(source, weights, priced, helpers)
    search.improve(8, 10.0, never, a_minute, lambda _: None)
    assert helpers.calls > 2
    assert best <= search.bound <= priced.bound


def test_whoever_searches_finds_the_same() -> None:
    source = BundleSource(find_bundles(generate(households=70, houses=24, hosts=5, seed=3)))
    weights = first_level(source)
    priced = approach(source.unlisted(), source, weights, never)
    found = []
    for workers in (1, 3):
        search = ByTowns(source, weights, priced, Threads(workers))
        search.improve(5, 60.0, never, a_minute, lambda _: None)
        found.append(search.bound)
    assert found[0] == found[1] < priced.bound


def test_who_is_told_to_stop_keeps_the_bound_of_the_prices() -> None:
    source = BundleSource(find_bundles(medium_instance(2)))
    weights = first_level(source)
    priced = approach(source.unlisted(), source, weights, never, 30)
    search = ByTowns(source, weights, priced, Threads())
    search.improve(3, 10.0, lambda: True, a_minute, lambda _: None)
    assert search.bound <= priced.bound


@pytest.mark.parametrize("limit_s", [0.01, 0.2, 20.0])
def test_the_bound_of_a_part_holds_however_little_time_there_is(limit_s: float) -> None:
    market = (
        BundleSource(find_bundles(generate(households=60, houses=20, hosts=2, seed=5))).everything().market
    )
    best = cp_sat.solve_level(market, market.utility[0]).objective
    assert best is not None
    found = mip.bound_part(market, market.utility[0], limit_s, 1e-4)
    assert found.bound is None or found.bound >= best
    assert found.choice is None or market.is_feasible(found.choice)
    if limit_s > 1:
        assert found.bound is not None and found.bound <= best * (1 + 2e-4)
