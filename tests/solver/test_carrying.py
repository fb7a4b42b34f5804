"""What is held is the same in another source: the same houses, months, places and worth."""

import numpy as np
import pytest

from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.carrying import Carried
from nichiiki_solver.holding import Held, held_at_once
from nichiiki_solver.narrowing import EVERYTHING, Narrowing


def held_in(source: BundleSource) -> Held:
    weights = np.eye(len(source.bundles.instance.levels), dtype=np.int64)[0]
    return held_at_once(source, weights, lambda: False)


@pytest.mark.parametrize("seed", [*sample(range(100, 140), 5), 1, 2, 3])
def test_a_source_that_looks_at_more_holds_the_same(seed: int) -> None:
    instance = medium_instance(seed) if seed < 100 else random_instance(seed)
    few = BundleSource(find_bundles(instance, Narrowing(1, 1)))
    every = BundleSource(find_bundles(instance, EVERYTHING))
    held = held_in(few)
    moved = Carried.of(few, held).in_source(every)
    (market, choice), (wide, same) = held.choice(few), moved.choice(every)
    assert (wide.objectives(same) == market.objectives(choice)).all()
    assert wide.is_feasible(same) == market.is_feasible(choice)
    back = Carried.of(every, moved).in_source(few)
    assert (back.stay == held.stay).all() and (back.chosen == held.chosen).all()


def test_what_is_not_looked_at_is_not_held() -> None:
    instance = medium_instance(1)
    few = BundleSource(find_bundles(instance, Narrowing(1, 1)))
    every = BundleSource(find_bundles(instance, EVERYTHING))
    held = held_in(every)
    moved = Carried.of(every, held).in_source(few)
    assert 0 < (moved.stay >= 0).sum() < (held.stay >= 0).sum()
