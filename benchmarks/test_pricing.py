"""Time to price a national tariff: 1,741 municipalities, 100 corridors with seats, 12 periods, 50,000 travellers, 6 products."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nichiiki_models.tariff import TariffResult
from nichiiki_national_tariff import national
from nichiiki_solver.pricing.price import price


@pytest.mark.slow
def test_national_tariff(benchmark: BenchmarkFixture) -> None:
    """Most buyers for 200 million yen, every price of the grid, the independent check included."""
    instance = national()

    def run() -> TariffResult:
        return price(instance, goal="uptake", subsidy_yen=200_000_000, baseline="single_fares")

    tariff: TariffResult = benchmark.pedantic(run, rounds=1)  # type: ignore[no-untyped-call]
    assert tariff.gap is not None
    assert tariff.gap <= 0.001
