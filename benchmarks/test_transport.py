"""Speed of the service network: a whole country, its ways, its seats, alternatives, settlement."""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nichiiki.settlement import settle
from nichiiki.transport import alternatives, route_demand, routes, service_network
from nichiiki_large_services import national_services, national_trips


def test_network_of_a_country(benchmark: BenchmarkFixture) -> None:
    instance = national_services()
    assert len(benchmark(lambda: service_network(instance, houses=[]))) == 45_360


def test_ways_of_fifty_thousand_trips(benchmark: BenchmarkFixture) -> None:
    network, trips = national_trips(50_000)
    assert benchmark(lambda: routes(network, trips)).found.all()


def test_alternatives_of_two_hundred_trips(benchmark: BenchmarkFixture) -> None:
    network, trips = national_trips(200)
    assert len(benchmark(lambda: alternatives(network, trips, most=3)).trip) > 500


@pytest.mark.slow
@pytest.mark.parametrize("persons", [30, 200])
def test_three_thousand_trips_under_seats(benchmark: BenchmarkFixture, persons: int) -> None:
    network, trips = national_trips(3_000)
    amount = np.full(len(trips), persons)
    routed = benchmark(lambda: route_demand(network, trips, amount, minute_yen=20, unserved_yen=50_000))
    assert routed.cost_yen is not None


@pytest.mark.parametrize("rule", ["holder", "flow"])
def test_settlement_of_fifty_thousand_holders(benchmark: BenchmarkFixture, rule: str) -> None:
    rng = np.random.default_rng(0)
    trips, holder = rng.integers(0, 3, (200_000, 8)), rng.integers(0, 50_000, 200_000)
    fees = rng.integers(5, 60, 50_000) * 500
    names = [f"o{k}" for k in range(8)]
    done = benchmark(lambda: settle(trips, names, fees, rule=rule, holder=holder))  # type: ignore[arg-type]
    assert sum(share.income_yen for share in done.operators) == fees.sum()
