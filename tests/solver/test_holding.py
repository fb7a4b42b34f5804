"""A first answer by prices: nobody takes what is not there, a dive places at least as well, and both are the same every time."""

import numpy as np
import pytest

from nichiiki_instances.generators import generate
from nichiiki_oracle.random_instances import medium_instance
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.dual_prices import SCALE, approach
from nichiiki_solver.holding import Held, held_by_diving, held_by_prices
from nichiiki_solver.ragged import Ints


def never() -> bool:
    return False


def value_of(source: BundleSource, held: Held) -> int:
    market, choice = held.choice(source)
    return int(market.objectives(choice)[0])


def begun(source: BundleSource) -> tuple[Ints, Ints]:
    weights = np.eye(len(source.bundles.instance.levels), dtype=np.int64)[0]
    return weights * SCALE, approach(source.unlisted(), source, weights, never, 60).prices


@pytest.mark.parametrize("place", [held_by_prices, held_by_diving])
@pytest.mark.parametrize("seed", range(6))
def test_nobody_takes_what_is_not_there(place: object, seed: int) -> None:
    assert callable(place)
    source = BundleSource(find_bundles(medium_instance(seed)))
    held = place(source, *begun(source), never)
    used, capacity = held.used(source), source.bundles.uses.resources.capacity
    # what must be met by several together is asked for by capacities below nothing, and may stay unmet
    assert (used <= np.maximum(capacity, 0)).all()
    again = place(source, *begun(source), never)
    assert (again.stay == held.stay).all() and (again.chosen == held.chosen).all()


def test_a_dive_places_better_than_one_set_of_prices() -> None:
    source = BundleSource(find_bundles(generate(households=400, houses=120, hosts=4, seed=1)))
    weights, prices = begun(source)
    one, many = held_by_prices(source, weights, prices, never), held_by_diving(source, weights, prices, never)
    assert value_of(source, many) > value_of(source, one)


def test_told_to_stop_it_places_no_one() -> None:
    source = BundleSource(find_bundles(medium_instance(1)))
    assert (held_by_diving(source, *begun(source), lambda: True).stay < 0).all()
