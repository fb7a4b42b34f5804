"""Prices that hold in every scenario are the best of all vectors of prices that do."""

from itertools import product as every

import pytest

from nichiiki_models.allocation import Status
from nichiiki_models.errors import UsageError
from nichiiki_sample import sample
from nichiiki_solver.pricing.robust import SCENARIOS, Scenario, in_scenario, robust_prices
from nichiiki_tariff_small import Brute, Limits, riders, sold, tree

CROWD = [
    riders(trips=n, value=3000 + 100 * n, step=150, mass=m, bias=200, name=f"q{n}")
    for n, m in ((1, 8), (3, 6), (5, 5))
]
LINE = tree(
    [900],
    trunk_yen=300,
    costs=[250],
    demand=CROWD,
    products=[
        sold("capped", name="four", cap_rides=4, low=2000, high=8000, step=1000),
        sold("flat", name="all", links=("l0",), low=3000, high=9000, step=1000),
    ],
)


@pytest.mark.parametrize("baseline", ["cost", "single_fares"])
@pytest.mark.parametrize("subsidy", sample([9_000, 0, 40_000], 3))
def test_it_is_the_best_of_all_that_hold(baseline: str, subsidy: int) -> None:
    limits = Limits(goal="uptake", baseline=baseline, subsidy_yen=subsidy)
    brutes = [Brute(in_scenario(LINE, each), limits) for each in SCENARIOS]
    best = None
    for vector in every(*(brutes[0].grid(each) for each in brutes[0].products)):
        prices = {each.product_id: price for each, price in zip(brutes[0].products, vector, strict=True)}
        values = [brute.value(prices) for brute in brutes]
        if None not in values and (best is None or values[0] > best):  # type: ignore[operator]
            best = values[0]
    found = robust_prices(LINE, goal="uptake", baseline=baseline, subsidy_yen=subsidy, no_arbitrage=False)
    assert best is not None and found.prices is not None
    assert found.status is Status.OPTIMAL
    assert brutes[0].value(found.prices) == best
    for each, brute in zip(found.scenarios, brutes, strict=True):
        alone, robust = brute.best(), brute.value(found.prices)
        assert robust is not None and alone is not None and each.alone is not None
        assert each.buyers == robust[0] and each.subsidy_yen is not None and each.subsidy_yen <= subsidy
        assert brute.value(each.alone) == alone.levels


def test_bands_hold_the_prices_of_every_scenario() -> None:
    found = robust_prices(LINE, goal="uptake", subsidy_yen=5_000)
    for name, (low, high) in found.bands.items():
        prices = [each.alone[name] for each in found.scenarios if each.alone and each.alone[name] is not None]
        assert (low, high) == (min(prices), max(prices))  # type: ignore[type-var]


def test_the_first_scenario_changes_nothing() -> None:
    assert in_scenario(LINE, SCENARIOS[0]).hash == LINE.hash


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(UsageError, match="subsidy_yen"):
        robust_prices(LINE, subsidy_yen=None)
    with pytest.raises(UsageError, match="at least one"):
        robust_prices(LINE, scenarios=())


def test_nobody_asks_for_nothing() -> None:
    found = robust_prices(LINE, goal="uptake", scenarios=(SCENARIOS[0], Scenario("nobody", travellers=0)))
    assert [(each.buyers, each.subsidy_yen) for each in found.scenarios][1] == (0, 0)
