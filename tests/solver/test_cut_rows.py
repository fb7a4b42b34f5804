"""Further rows cut off fractions and no allocation, and the bound they bring down still holds."""

import os

import numpy as np
import pytest

from nichiiki_models.instance import Instance
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_solver import cp_sat, dual_prices
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.cut_rows import Taken, violated_rows, with_rounded_rows, with_rows
from nichiiki_solver.dual_prices import find_prices, find_tight_prices
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Ints

FULL = os.environ.get("NICHIIKI_FULL") == "1"
SEEDS = range(400 if FULL else 6)


def never() -> bool:
    return False


def best_of(market: Market, weights: Ints) -> int | None:
    return cp_sat.solve_level(market, weights, time_limit_s=60).objective


def cut_at_random(source: BundleSource, rng: np.random.Generator) -> tuple[BundleSource, int]:
    """Rows that shares drawn at random break: more kinds of them than one linear program shows."""
    market, tight = source.all_listed(), with_rounded_rows(source)
    added = len(tight.bundles.uses.resources) - len(market.capacity)
    for _ in range(3):
        share = rng.random(market.n_options) * (rng.random(market.n_options) < 0.6)
        share[market.gate[market.agent]] *= 0.4
        rows = violated_rows(source, Taken.of(source.bundles, market, share))
        if rows is not None:
            tight, added = with_rows(tight, rows), added + len(rows)
    return tight, added


def cases() -> list[Instance]:
    """Small instances, and in full one whose optima take CP-SAT a minute."""
    return [random_instance(seed) for seed in SEEDS] + ([medium_instance(0)] if FULL else [])


def test_no_allocation_is_cut_off() -> None:
    """Whatever the objective, the best of all allocations is as good with the rows as without."""
    total = 0
    for number, instance in enumerate(cases()):
        rng = np.random.default_rng(number)
        source = BundleSource(find_bundles(instance))
        tight, added = cut_at_random(source, rng)
        plain, cut = source.all_listed(), tight.all_listed()
        total += added
        for _ in range(2):
            weights = rng.integers(0, 100, plain.n_options)
            assert best_of(plain, weights) == best_of(cut, weights)
    assert total > 4 * len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_bounds_with_the_rows_hold_and_are_no_worse(seed: int) -> None:
    market = BundleSource(find_bundles(random_instance(seed))).unlisted()
    weights = np.zeros(len(market.levels), dtype=np.int64)
    weights[0] = 1
    loose, tight = find_prices(market, weights, never), find_tight_prices(market, weights, never)
    assert tight.total <= loose.total
    assert market.source is not None
    listed = market.source.everything().market
    best = best_of(listed, listed.utility[0])
    assert best is None or tight.bound >= best


def test_rows_close_most_of_what_fractions_of_gates_open() -> None:
    """Medium markets have roles that run with a minimum: there the bound must come down."""
    gained = 0
    for seed in range(3):
        market = BundleSource(find_bundles(medium_instance(seed))).unlisted()
        weights = np.eye(len(market.levels), dtype=np.int64)[0]
        gained += find_prices(market, weights, never).total - find_tight_prices(market, weights, never).total
    assert gained > 0


def test_a_market_with_further_rows_reads_as_before_without_them() -> None:
    source = BundleSource(find_bundles(medium_instance(1)))
    tight, added = cut_at_random(source, np.random.default_rng(1))
    assert added > 0
    plain, cut = source.all_listed(), tight.all_listed().with_resources_of(source.all_listed())
    for name in ("agent", "utility", "offsets", "resource", "amount", "capacity"):
        assert (getattr(plain, name) == getattr(cut, name)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_bounds_by_ascent_with_rows_hold(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of the largest markets: no linear program, rows that the mean of what was asked for breaks."""
    monkeypatch.setattr(dual_prices, "MOST_PROGRAMMED", -1)
    market = BundleSource(find_bundles(random_instance(seed))).unlisted()
    weights = np.eye(len(market.levels), dtype=np.int64)[0]
    assert market.source is not None
    listed = market.source.everything().market
    best = best_of(listed, listed.utility[0])
    assert best is None or find_tight_prices(market, weights, never).bound >= best
