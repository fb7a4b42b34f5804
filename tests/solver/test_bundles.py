"""Bundles against the oracle: the same ones, in the same order, worth the same."""

import os

import numpy as np
import pytest

from nichiiki_models.instance import Instance
from nichiiki_oracle.brute_force import options
from nichiiki_oracle.market import Market as OracleMarket
from nichiiki_oracle.random_instances import random_instance
from nichiiki_oracle.shared import levels_of
from nichiiki_sample import sample
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.market import Market

SEEDS = 1000 if os.environ.get("NICHIIKI_FULL") == "1" else 8


def without_target_locks(instance: Instance) -> Instance:
    """A lock on a target is a resource of the market, not a filter of bundles; those on stays filter."""
    kept = [lock for lock in instance.locks.rows() if lock.target_kind in ("house", "region", "placed")]
    return instance.replace(locks=[lock for lock in kept if lock.effect == "never"])


def listed(instance: Instance) -> Market:
    return BundleSource(find_bundles(instance)).all_listed()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_bundles_are_those_of_the_oracle_in_its_order(seed: int) -> None:
    instance = without_target_locks(random_instance(seed))
    market, oracle = listed(instance), OracleMarket(instance)
    for agent, bundles in enumerate(options(oracle).values()):
        expected = [tuple(levels_of(oracle, bundle)) for bundle in bundles if bundle is not None]
        found = [tuple(column) for column in market.utility[:, market.agent == agent].T.tolist()]
        assert found == expected


@pytest.mark.parametrize("seed", sample(range(20), 3))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    instance = random_instance(seed)
    rng = np.random.default_rng(seed)
    shuffled = {name: table.take(rng.permutation(len(table))) for name, table in instance.tables.items()}
    left, right = listed(instance), listed(Instance.from_tables(shuffled, instance.rules))
    for name in ("agent", "utility", "rank", "offsets", "resource", "amount", "capacity"):
        assert np.array_equal(getattr(left, name), getattr(right, name)), name


@pytest.mark.parametrize("seed", sample(range(30), 4))
def test_best_values_are_the_maxima_over_all_bundles(seed: int) -> None:
    source = BundleSource(find_bundles(random_instance(seed)))
    market, rng = source.all_listed(), np.random.default_rng(seed)
    prices = rng.integers(0, 300, len(market.capacity))
    weights = np.zeros(len(market.levels), dtype=np.int64)
    weights[0] = 7
    values = market.value_at(weights, prices)
    best = source.best_values(weights, prices)
    for agent in range(market.n_agents):
        mine = values[market.agent == agent]
        assert not len(mine) or mine.max() == best[agent]


@pytest.mark.parametrize("seed", sample(range(30), 4))
def test_good_enough_is_exactly_what_good_bundles_are_made_of(seed: int) -> None:
    source = BundleSource(find_bundles(random_instance(seed)))
    market, rng = source.all_listed(), np.random.default_rng(seed)
    prices = rng.integers(0, 300, len(market.capacity))
    weights = np.zeros(len(market.levels), dtype=np.int64)
    weights[0] = 3
    least = source.best_values(weights, prices) - int(rng.integers(0, 1500))
    stays, options = source.good_enough(weights, prices, least)
    good = (market.value_at(weights, prices) >= least[market.agent]) & ~market.gate[market.agent]
    chosen = market.labels["chosen"][good]
    assert stays.tolist() == np.unique(market.labels["stay"][good]).tolist()
    assert options.tolist() == np.unique(chosen[chosen >= 0]).tolist()
