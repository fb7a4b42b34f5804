"""Every answer of `price` on small networks equals that of trying every vector of prices."""

import os

import pytest

from nichiiki_models.allocation import Status
from nichiiki_solver.pricing.price import price
from nichiiki_tariff_small import Brute, random_tree

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


@pytest.mark.slow
@pytest.mark.skipif(not FULL, reason="the full count: NICHIIKI_FULL=1")
@pytest.mark.parametrize("block", range(20))
def test_equals_every_vector_of_prices_in_full(block: int) -> None:
    for seed in range(1_000 + block * 100, 1_100 + block * 100):
        _agrees(seed)
