"""Everybody is asked about everything: the bound block by block is the bound, whatever was left out, and what is missed is found."""

import os

import numpy as np
import pytest

from nichiiki_models.instance import Instance
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_solver import asking
from nichiiki_solver.allocating import allocate
from nichiiki_solver.asking import Asked, Blocks, ask_everyone
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.dual_prices import SCALE, gains
from nichiiki_solver.known_prices import ABOUT_HOUSEHOLDS, Prices
from nichiiki_solver.measures import Plans
from nichiiki_solver.narrowing import Narrowing
from nichiiki_solver.ragged import Bools, Ints
from nichiiki_solver.stays import find_stays
from nichiiki_solver.travel import Travel
from nichiiki_solver.uses import KINDS, Resources
from nichiiki_solver.worth_at_prices import worth_of

SEEDS = range(200) if os.environ.get("NICHIIKI_FULL") == "1" else range(4, 8)

FEW = Narrowing(1, 1)


def never() -> bool:
    return False


def some_instance(seed: int) -> Instance:
    return medium_instance(seed) if seed < 5 else random_instance(seed)


def first(instance: Instance) -> Ints:
    return np.asarray(np.eye(len(instance.levels), dtype=np.int64)[0])


def some_prices(source: BundleSource, seed: int) -> Prices:
    """Prices that nothing was found by, some of them nothing."""
    rng = np.random.default_rng(seed)
    resources = source.bundles.uses.resources
    drawn = rng.integers(0, 400 * SCALE, len(resources)) * rng.integers(0, 2, len(resources))
    return Prices.of(resources, drawn * (resources.kind != KINDS.index("quota_min")) if seed % 2 else drawn)


def nobody_loses(source: BundleSource, weights: Ints, prices: Prices) -> bool:
    """Whether no household must be placed at a loss: what is not looked at counts as nothing, which is more than a loss."""
    values = source.best_values(weights * SCALE, prices.at(source.bundles.uses.resources))
    return bool((gains(source.unlisted(), values)[: source.bundles.n_households] >= 0).all())


def total_at(source: BundleSource, weights: Ints, prices: Prices) -> int:
    own = prices.at(source.bundles.uses.resources)
    market = source.unlisted()
    values = source.best_values(weights * SCALE, own)
    return int(gains(market, values).sum()) + int(own @ market.capacity)


@pytest.mark.parametrize("seed", SEEDS)
def test_where_nothing_is_left_out_it_is_the_bound(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 15 if seed < 5 else 2 + seed % 3)
    instance = some_instance(seed)
    source, weights = BundleSource(find_bundles(instance)), first(instance)
    for turn in range(3):
        prices = some_prices(source, 10 * seed + turn)
        asked = ask_everyone(source, weights, prices, never)
        assert asked is not None
        total = total_at(source, weights, prices) // SCALE
        assert asked.bound >= total
        assert asked.bound == total or not nobody_loses(source, weights, prices)
        assert not len(asked.household)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_left_out_is_in_the_bound(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 15 if seed < 5 else 3)
    instance = some_instance(seed)
    whole, weights, prices, asked = asked_of_few(instance, seed)
    assert asked.bound >= total_at(whole, weights, prices) // SCALE
    if not len(instance.measures) and nobody_loses(whole, weights, prices):
        assert asked.bound == total_at(whole, weights, prices) // SCALE
    best = allocate(instance).levels[:1]
    assert not best or not best[0].proven or asked.bound >= (best[0].objective or 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_gains_more_elsewhere_is_told_where(seed: int) -> None:
    instance = some_instance(seed)
    whole, weights, prices, asked = asked_of_few(instance, seed)
    wider = BundleSource(find_bundles(instance, FEW.also(asked.household, asked.house)))
    count = len(instance.households)

    def gain(source: BundleSource) -> list[int]:
        values = source.best_values(weights * SCALE, prices.at(source.bundles.uses.resources))
        found: list[int] = gains(source.unlisted(), values)[:count].tolist()
        return found

    free = [not missing for missing in _may_miss_supporters(instance)]
    assert [a for a, ok in zip(gain(wider), free, strict=True) if ok] == [
        a for a, ok in zip(gain(whole), free, strict=True) if ok
    ]


def _may_miss_supporters(instance: Instance) -> list[bool]:
    """Households that must have a supporter, of whom few are looked at, or are worth something as they had one."""
    rule = instance.rules.lists.supporter
    return [rule.required or bool(len(instance.previous))] * len(instance.households)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stay_that_need_not_be_looked_at_brings_nothing(seed: int) -> None:
    instance = some_instance(seed)
    source, weights = BundleSource(find_bundles(instance)), first(instance)
    prices, count = some_prices(source, seed), len(instance.households)
    own = prices.at(source.bundles.uses.resources)
    rng = np.random.default_rng(seed)
    known = rng.integers(0, 1500 * SCALE, count)
    calendar = Calendar.of(instance)
    worth = worth_of(instance, calendar, weights, prices, known, SCALE, Plans.of(instance))
    if worth is None:
        return
    stays, patterns, _ = find_stays(instance, calendar, Travel(instance, calendar), worth=worth)
    looked_at = set(
        zip(stays.household.tolist(), stays.house.tolist(), _masks(patterns.mask, stays.pattern), strict=True)
    )
    of_stay = source.at(weights * SCALE, own).of_stay
    bundles = source.bundles
    for k, mask in enumerate(_masks(bundles.patterns.mask, bundles.stays.pattern)):
        household, house = int(bundles.stays.household[k]), int(bundles.stays.house[k])
        assert (household, house, mask) in looked_at or of_stay[k] <= known[household]


def _masks(mask: Bools, pattern: Ints) -> list[bytes]:
    return [row.tobytes() for row in mask[pattern]]


def test_blocks_are_the_households_with_all_that_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 7)
    instance = medium_instance(3)
    cut = Blocks(instance)
    blocks = [cut.block(first) for first in cut.firsts]
    assert len(blocks) == -(-len(instance.households) // 7)
    for name, table in instance.tables.items():
        if "household_id" in table.columns and len(table):
            assert sum(len(block.tables[name]) for block in blocks) == len(table)
        else:
            assert all(block.tables[name] == table for block in blocks)
    assert all(block.levels == instance.levels for block in blocks)


def test_told_to_stop_there_is_no_bound() -> None:
    source = BundleSource(find_bundles(medium_instance(1)))
    assert ask_everyone(source, first(source.bundles.instance), Prices.none(), lambda: True) is None


def asked_of_few(instance: Instance, seed: int) -> tuple[BundleSource, Ints, Prices, Asked]:
    """Everything, and what everybody answers at some prices of a few."""
    weights, few = first(instance), BundleSource(find_bundles(instance, FEW))
    prices = some_prices(few, seed)
    asked = ask_everyone(few, weights, prices, never)
    assert asked is not None
    return BundleSource(find_bundles(instance)), weights, prices, asked


def named(resources: Resources, prices: Ints) -> dict[tuple[int, int, int], int]:
    columns = (resources.kind, resources.thing, resources.period)
    return dict(zip(zip(*(c.tolist() for c in columns), strict=True), prices.tolist(), strict=True))


def test_prices_mean_the_same_in_another_numbering() -> None:
    instance = medium_instance(4)
    source, few = (BundleSource(find_bundles(instance, each)) for each in (Narrowing(), Narrowing(1, 0)))
    resources, other = source.bundles.uses.resources, few.bundles.uses.resources
    drawn = np.arange(1, len(resources) + 1)
    prices = Prices.of(resources, drawn)
    every = named(resources, prices.at(resources))
    assert every == named(resources, np.where(np.isin(resources.kind, ABOUT_HOUSEHOLDS), 0, drawn))
    assert named(other, prices.at(other)).items() <= every.items()
    units = KINDS.index("house_units")
    houses = prices.of_kind(units, len(instance.houses), len(instance.periods))
    found = {key: int(houses[key[1], key[2] + 1]) for key in every if key[0] == units}
    assert found == {key: price for key, price in every.items() if key[0] == units}
    assert houses.sum() == sum(found.values())
