"""What needs bring at most is never less than what they bring with any stay, at any prices."""

import os

import numpy as np
import pytest

from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_solver.besides import Besides
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.dual_prices import SCALE
from nichiiki_solver.known_prices import Prices
from nichiiki_solver.uses import KINDS
from nichiiki_solver.worth_at_prices import worth_of

SEEDS = range(300) if os.environ.get("NICHIIKI_FULL") == "1" else range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_stay_brings_more_than_its_bound(seed: int) -> None:
    instance = medium_instance(seed) if seed % 3 == 0 else random_instance(seed)
    source = BundleSource(find_bundles(instance))
    bundles, resources = source.bundles, source.bundles.uses.resources
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 300 * SCALE, len(resources)) * rng.integers(0, 2, len(resources))
    drawn[resources.kind == KINDS.index("quota_min")] = 0
    prices = Prices.of(resources, drawn)
    weights = np.eye(len(instance.levels), dtype=np.int64)[0]
    known = np.zeros(len(instance.households), dtype=np.int64)
    worth = worth_of(instance, Calendar.of(instance), weights, prices, known, SCALE, bundles.plans)
    if worth is None:
        return
    alone, _ = source._values(weights * SCALE, prices.at(resources))
    with_needs = source.at(weights * SCALE, prices.at(resources)).of_stay
    homes = np.arange(len(instance.households))
    most = worth.besides(homes, bundles.patterns.mask)[bundles.stays.household, bundles.stays.pattern]
    assert (with_needs - alone <= most).all()


def test_without_needs_there_is_nothing() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    offsets = np.zeros(4, dtype=np.int64)
    besides = Besides(offsets, offsets[:1], nothing, nothing, nothing, nothing, nothing, np.zeros((1, 2)))
    assert (besides.at(np.arange(3), np.ones((2, 2), dtype=bool)) == 0).all()
