"""Time of generating instances: 100,000 households in seconds; a million with `-m slow`."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nichiiki_instances.generators import generate


@pytest.mark.parametrize(("households", "most_s"), [(5_000, 2), (100_000, 20)])
def test_generate(benchmark: BenchmarkFixture, households: int, most_s: float) -> None:
    instance = benchmark.pedantic(generate, kwargs={"households": households, "seed": 1}, rounds=1)  # type: ignore[no-untyped-call]
    assert len(instance.households) == households
    if benchmark.stats is not None:
        assert benchmark.stats["max"] < most_s


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_generate_a_million(benchmark: BenchmarkFixture) -> None:
    instance = benchmark.pedantic(generate, kwargs={"households": 1_000_000, "seed": 1}, rounds=1)  # type: ignore[no-untyped-call]
    assert len(instance.households) == 1_000_000
