"""The menu: equal options and slots kept once have the values that each of them has on its own."""

import numpy as np
import pytest

from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.dual_prices import SCALE
from nichiiki_solver.ragged import segment_max, segment_sum
from nichiiki_solver.uses import Uses


def costs(offsets: np.ndarray, classes: np.ndarray, uses: Uses, prices: np.ndarray) -> list[int]:
    """What each piece costs, class by class and entry by entry."""
    found = []
    for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        total = 0
        for each in classes[a:b].tolist():
            entries = slice(uses.class_offsets[each], uses.class_offsets[each + 1])
            total += int(prices[uses.resource[entries]] @ uses.amount[entries])
        found.append(total)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_values_are_those_of_every_piece_alone(seed: int) -> None:
    source = BundleSource(find_bundles(random_instance(seed) if seed % 2 else medium_instance(seed)))
    bundles, uses = source.bundles, source.bundles.uses
    prices = np.random.default_rng(seed).integers(0, 1 << 20, len(uses.resources))
    weights = np.eye(len(bundles.stay_terms), dtype=np.int64)[0] * SCALE
    stay = weights @ bundles.stay_terms - costs(uses.stay_offsets, uses.stay_class, uses, prices)
    option = weights @ bundles.option_terms - costs(uses.option_offsets, uses.option_class, uses, prices)
    tree = source.tree
    best = segment_max(option, tree.segments, 0)
    expected = stay + segment_sum(best, tree.segment_offsets)[bundles.group]
    at = source.at(weights, prices)
    assert (at.of_stay == expected).all()
    assert (at.short(np.arange(len(option))) == best[tree.segment_of] - option).all()


def test_equal_slots_are_kept_once() -> None:
    source = BundleSource(find_bundles(medium_instance(1)))
    menu = source.distinct.menu
    assert len(menu.option_uses) - 1 < len(source.bundles.options)
    assert len(menu.list_offsets) - 1 < len(menu.slot)


@pytest.mark.parametrize("seed", range(6))
def test_options_within_reach_are_those_of_good_enough_bundles(seed: int) -> None:
    """Every bundle that falls short of a stay's best by no more than its room has only such options, and each is in one."""
    source = BundleSource(find_bundles(medium_instance(seed)))
    bundles, tree, rng = source.bundles, source.tree, np.random.default_rng(seed)
    weights = np.eye(len(bundles.stay_terms), dtype=np.int64)[0]
    at = source.at(weights, rng.integers(0, 400, len(bundles.uses.resources)))
    stays = np.flatnonzero(rng.random(len(bundles.stays)) < 0.5)
    room = rng.integers(0, 300, len(stays))
    expected: set[int] = set()
    for stay, most in zip(stays.tolist(), room.tolist(), strict=True):
        options = tree.options_of(np.array([stay]))
        expected.update(options[at.short(options) <= most].tolist())
    assert at.options_within(stays, room).tolist() == sorted(expected)


@pytest.mark.parametrize("seed", range(6))
def test_who_is_asked_takes_the_best_of_what_is_not_shut(seed: int) -> None:
    source = BundleSource(find_bundles(medium_instance(seed)))
    bundles, rng = source.bundles, np.random.default_rng(seed)
    weights = np.eye(len(bundles.stay_terms), dtype=np.int64)[0]
    prices = rng.integers(0, 400, len(bundles.uses.resources))
    of_stay, left = source.at(weights, prices).of_stay, bundles.uses.resources.capacity // 2
    asked = rng.random(bundles.n_households) < 0.8
    stays, picked, values = source.best_fitting(weights, prices, bundles.uses.beyond(left), asked)
    for stay, options, value in zip(stays, picked, values, strict=True):
        home = bundles.stays.household[stay]
        assert asked[home] and value <= of_stay[bundles.stays.household == home].max()
        assert (source.used(np.array([stay]), options[:0], stays[:0]) <= np.maximum(left, 0)).all()
