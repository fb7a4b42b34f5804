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
    found, short = source.reaches(weights, prices)
    assert (found == expected).all()
    assert (short == best[tree.segment_of] - option).all()


def test_equal_slots_are_kept_once() -> None:
    source = BundleSource(find_bundles(medium_instance(1)))
    menu = source.distinct.menu
    assert len(menu.option_uses) - 1 < len(source.bundles.options)
    assert len(menu.list_offsets) - 1 < len(menu.slot)


@pytest.mark.parametrize("seed", range(6))
def test_some_of_the_stays_are_worth_what_they_were(seed: int) -> None:
    """A source of some stays asks for the best of these, and leaves what is shut."""
    source = BundleSource(find_bundles(medium_instance(seed)))
    bundles, rng = source.bundles, np.random.default_rng(seed)
    weights = np.eye(len(bundles.stay_terms), dtype=np.int64)[0]
    prices = rng.integers(0, 400, len(bundles.uses.resources))
    of_stay, _ = source.reaches(weights, prices)
    kept = np.flatnonzero(rng.random(len(bundles.stays)) < 0.5)
    part = source.among(kept)
    assert (part.reaches(weights, prices)[0] == of_stay[kept]).all()
    left = bundles.uses.resources.capacity // 2
    shut = part.bundles.uses.beyond(left)
    asked = rng.random(bundles.n_households) < 0.8
    stays, picked, values = part.best_fitting(weights, prices, shut, asked)
    for stay, options, value in zip(stays, picked, values, strict=True):
        home = part.bundles.stays.household[stay]
        assert asked[home] and value <= of_stay[kept][part.bundles.stays.household == home].max()
        assert (part.used(np.array([stay]), options[:0], kept[:0]) <= np.maximum(left, 0)).all()
