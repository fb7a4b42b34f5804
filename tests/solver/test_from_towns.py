"""An answer town by town: it keeps every rule that can be kept, gains on prices alone, and is the same whoever searches."""

import numpy as np
import pytest

from nichiiki_instances.generators import generate
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_sample import sample
from nichiiki_solver import cp_sat
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.cp_sat import Answer
from nichiiki_solver.dual_prices import SCALE, Priced, approach, find_tight_prices
from nichiiki_solver.from_towns import TRIES, held_by_towns
from nichiiki_solver.helping import Threads
from nichiiki_solver.holding import Held, held_by_prices
from nichiiki_solver.ragged import Ints

ALL = 1_000.0
"""So near that nothing is left out."""
MOST = 10_000
"""So many stays of a town that no town is cut."""


def never() -> bool:
    return False


def first_level(source: BundleSource) -> Ints:
    return np.asarray(np.eye(len(source.bundles.stay_terms), dtype=np.int64)[0])


def priced_of(source: BundleSource) -> Priced:
    return approach(source.unlisted(), source, first_level(source), never, 60)


def value_of(source: BundleSource, held: Held) -> int:
    market, choice = held.choice(source)
    return int(market.objectives(choice)[0])


def same(one: Held, other: Held) -> bool:
    pairs = ((one.stay, other.stay), (one.chosen, other.chosen), (one.gates, other.gates))
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("seed", sample(range(12), 3))
def test_no_answer_takes_what_is_not_there_or_beats_the_optimum(seed: int) -> None:
    source = BundleSource(find_bundles(medium_instance(seed) if seed % 2 else random_instance(seed)))
    pieces, priced = source.everything().market, priced_of(source)
    best = cp_sat.solve_level(pieces, pieces.utility[0]).objective
    for near, most in ((0.05, MOST), (ALL, MOST), (ALL, 8)):
        held = held_by_towns(source, first_level(source), priced, near, most, Threads(), 10.0, never)
        used, capacity = held.used(source), source.bundles.uses.resources.capacity
        assert (used <= np.maximum(capacity, 0)).all()
        market, choice = held.choice(source)
        if market.is_feasible(choice):
            assert best is not None and value_of(source, held) <= best


class Idle:
    """Searches nothing, and keeps in mind how much was asked for."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def each(self, function, pieces, limit_s, should_stop):  # type: ignore[no-untyped-def]
        self.sizes += [market.n_options for market, *_ in pieces]
        return [Answer(None, None, None) for _ in pieces]


def test_a_town_that_does_not_close_is_tried_with_less() -> None:
    source = BundleSource(find_bundles(generate(households=30, houses=10, hosts=1, seed=1)))
    helpers = Idle()
    held = held_by_towns(source, first_level(source), priced_of(source), 1.0, MOST, helpers, 10.0, never)
    assert len(helpers.sizes) == TRIES
    assert helpers.sizes == sorted(helpers.sizes, reverse=True)
    assert helpers.sizes[-1] < helpers.sizes[0]
    assert (held.stay < 0).all()


def test_one_town_with_everything_in_it_is_the_optimum() -> None:
    found = 0
    for seed in range(12):
        source = BundleSource(find_bundles(generate(households=16, houses=5, hosts=1, seed=seed)))
        pieces = source.everything().market
        best = cp_sat.solve_level(pieces, pieces.utility[0]).objective
        held = held_by_towns(
            source, first_level(source), priced_of(source), ALL, MOST, Threads(), 10.0, never
        )
        market, choice = held.choice(source)
        assert best is not None and market.is_feasible(choice)
        assert best - 5e-4 * best <= value_of(source, held) <= best
        found += best > 0
    assert found > 6


def test_towns_place_better_than_prices() -> None:
    source = BundleSource(find_bundles(generate(households=400, houses=120, hosts=4, seed=1)))
    weights = first_level(source)
    priced = find_tight_prices(source.unlisted(), weights, never)
    assert isinstance(priced.source, BundleSource)
    by_prices = held_by_prices(priced.source, weights * SCALE, priced.central, never)
    by_towns = held_by_towns(priced.source, weights, priced, 0.05, MOST, Threads(), 10.0, never)
    market, choice = by_towns.choice(priced.source)
    assert market.is_feasible(choice)
    assert value_of(priced.source, by_towns) > value_of(priced.source, by_prices)


def test_whoever_searches_finds_the_same() -> None:
    source = BundleSource(find_bundles(generate(households=150, houses=40, hosts=5, seed=3)))
    priced = priced_of(source)
    one, three = (
        held_by_towns(source, first_level(source), priced, 0.2, 20, Threads(workers), 60.0, never)
        for workers in (1, 3)
    )
    assert same(one, three)


def test_told_to_stop_it_places_no_one() -> None:
    source = BundleSource(find_bundles(medium_instance(2)))
    held = held_by_towns(
        source, first_level(source), priced_of(source), 0.05, MOST, Threads(), 10.0, lambda: True
    )
    assert (held.stay < 0).all()
