"""Every answer of `price` on small networks equals that of trying every vector of prices."""

import os
from typing import Any

import pytest

from nichiiki_models.allocation import Status
from nichiiki_models.errors import UsageError
from nichiiki_solver.pricing.price import price
from nichiiki_solver.verify.tariff import verify_tariff
from nichiiki_tariff_small import Brute, Limits, random_tree, riders, sold, tree

FULL = bool(os.environ.get("NICHIIKI_FULL"))


def _agrees(seed: int) -> None:
    instance, limits = random_tree(seed)
    equity = limits.equity or (None, None)
    found = price(
        instance,
        goal=limits.goal,  # type: ignore[arg-type]
        baseline=limits.baseline,  # type: ignore[arg-type]
        subsidy_yen=limits.subsidy_yen,
        subsidy_per_head_yen=limits.subsidy_per_head_yen,
        equity_share_percent=equity[0],
        equity_yen=equity[1],
        no_arbitrage=limits.no_arbitrage,
    )
    brute = Brute(instance, limits)
    best = brute.best()
    if best is None:
        assert found.status is Status.INFEASIBLE, seed
        return
    assert tuple(level.objective for level in found.levels) == best.levels, (seed, found.prices, best.prices)
    assert brute.value(found.prices) == best.levels, seed
    assert all(level.proven for level in found.levels), seed


@pytest.mark.parametrize("block", range(4))
def test_equals_every_vector_of_prices(block: int) -> None:
    for seed in range(block * 6, block * 6 + 6):
        _agrees(seed)


@pytest.mark.parametrize("seed", [1840, 1941])
def test_who_may_buy_a_given_and_a_decided_product_is_counted_with_the_decided_one(seed: int) -> None:
    """A simpler check counted them with the given product, and refused tariffs that keep every rule."""
    _agrees(seed)


@pytest.mark.slow
@pytest.mark.skipif(not FULL, reason="the full count: NICHIIKI_FULL=1")
@pytest.mark.parametrize("block", range(20))
def test_equals_every_vector_of_prices_in_full(block: int) -> None:
    for seed in range(1_000 + block * 100, 1_100 + block * 100):
        _agrees(seed)


@pytest.mark.parametrize("goal", ["break_even", "uptake", "revenue", "welfare"])
@pytest.mark.parametrize(("percent", "subsidy"), [(150, 0), (180, 4_000), (200, 20_000), (333, 2_000)])
def test_prices_in_a_ratio_equal_every_vector_that_keeps_it(goal: Any, percent: int, subsidy: int) -> None:
    crowd = [riders(trips=n, value=2600, step=150, mass=m, name=f"q{n}") for n, m in ((1, 4), (2, 5), (4, 3))]
    far = riders(end=1, trips=3, value=2000, step=100, mass=4)
    instance = tree(
        [700, 500],
        trunk_yen=200,
        costs=[300, 200],
        demand=[*crowd, far],
        products=[
            sold("capped", name="four", links=("l0",), cap_rides=4, low=500, high=4000, step=500),
            sold("flat", name="all", links=("l1",), low=900, high=8100, step=300),
        ],
    )
    limits = Limits(goal=goal, subsidy_yen=subsidy, ratios=(("all", "four", percent),))
    brute = Brute(instance, limits)
    best = brute.best()
    assert best is not None
    tied = {"all": ("four", percent)}
    found = price(instance, goal=goal, subsidy_yen=subsidy, no_arbitrage=False, price_ratios=tied)
    assert tuple(level.objective for level in found.levels) == best.levels
    assert brute.value(found.prices) == best.levels
    assert len([unit for unit in found.units if len(unit.product_ids) == 2]) == 1


def test_a_price_out_of_its_ratio_is_seen() -> None:
    products = [sold("flat", name=name, links=("l0",), low=500, high=6000) for name in ("a", "b")]
    crowd = [riders(trips=2, value=2600, mass=4)]
    instance = tree([700], demand=crowd, products=products)
    found = price(
        instance, goal="uptake", subsidy_yen=None, no_arbitrage=False, price_ratios={"b": ("a", 200)}
    )
    assert found.prices["a"] is not None and found.prices["b"] == 2 * found.prices["a"]
    moved = found.settings | {"price_ratios": {"b": ["a", 150]}}
    assert {each.rule for each in verify_tariff(instance, found.model_copy(update={"settings": moved}))} == {
        "tariff_ratio"
    }


@pytest.mark.parametrize(
    ("ratios", "word"),
    [
        ({"b": ("c", 100)}, '"c" has no price range'),
        ({"b": ("b", 100)}, "free"),
        ({"b": ("a", 0)}, "10,000 %"),
        ({"b": ("a", 9), "a": ("b", 9)}, "free"),
    ],
)
def test_a_ratio_without_meaning_is_refused(ratios: Any, word: str) -> None:
    products = [sold("flat", name=name, links=("l0",), low=500, high=6000) for name in ("a", "b")]
    instance = tree([700], demand=[riders(trips=2, value=2600, mass=4)], products=products)
    with pytest.raises(UsageError, match=word):
        price(instance, price_ratios=ratios)
