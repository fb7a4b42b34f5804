"""Time of two-sided matching; the largest market has a million residents with ten choices each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nichiiki.matching import (
    allocate_projects,
    best_stable,
    hospital_residents,
    large_stable,
    largest_stable,
    many_to_many,
    match_couples,
    stable_with_ties,
)
from nichiiki_random_hospitals import as_lists, random_hospitals

SIZES = [
    (1_000, 100),
    (10_000, 500),
    pytest.param((100_000, 2_000), marks=pytest.mark.slow),
    pytest.param((1_000_000, 20_000), marks=pytest.mark.slow),
]


def once(benchmark: BenchmarkFixture, function: Any, *args: Any, **options: Any) -> Any:
    return benchmark.pedantic(function, args, options, rounds=1)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("optimal", ["residents", "hospitals"])
def test_hospital_residents(benchmark: BenchmarkFixture, size: tuple[int, int], optimal: str) -> None:
    found = once(benchmark, hospital_residents, *random_hospitals(*size), optimal=optimal)
    assert found.size > 0.9 * size[0]


@pytest.mark.parametrize("size", SIZES[:3])
def test_from_lists(benchmark: BenchmarkFixture, size: tuple[int, int]) -> None:
    residents, hospitals, capacities = random_hospitals(*size)
    once(benchmark, hospital_residents, as_lists(residents), as_lists(hospitals), capacities)


@pytest.mark.parametrize("size", SIZES)
def test_many_to_many(benchmark: BenchmarkFixture, size: tuple[int, int]) -> None:
    workers, firms, capacities = random_hospitals(*size)
    once(benchmark, many_to_many, workers, firms, 3, 3 * capacities)


@pytest.mark.parametrize("size", SIZES[:3])
@pytest.mark.parametrize("stability", ["strong", "super"])
@pytest.mark.parametrize("optimal", ["residents", "hospitals"])
def test_stable_with_ties(
    benchmark: BenchmarkFixture, size: tuple[int, int], stability: str, optimal: str
) -> None:
    market = random_hospitals(*size, tie=0.0005)
    once(benchmark, stable_with_ties, *market, stability=stability, optimal=optimal)


@pytest.mark.parametrize("size", SIZES[:3])
def test_large_stable(benchmark: BenchmarkFixture, size: tuple[int, int]) -> None:
    once(benchmark, large_stable, *random_hospitals(*size, tie=0.85))


def test_largest_stable(benchmark: BenchmarkFixture) -> None:
    """The size of the Scottish sets: 759 residents, 53 hospitals, lists of up to 6."""
    found = once(benchmark, largest_stable, *random_hospitals(759, 53, choices=6, tie=0.85))
    assert found.matching.size <= found.bound


def test_best_stable(benchmark: BenchmarkFixture) -> None:
    rng = np.random.default_rng(0)
    men, women = ([rng.permutation(300).tolist() for _ in range(300)] for _ in range(2))
    once(benchmark, best_stable, men, women)


def test_couples(benchmark: BenchmarkFixture) -> None:
    rng = np.random.default_rng(0)
    couples = [(2 * k, 2 * k + 1) for k in range(25)]
    wishes = [list(dict.fromkeys(map(tuple, rng.integers(0, 50, (12, 2)).tolist()))) for _ in couples]
    singles = [rng.permutation(50)[:8].tolist() for _ in range(500)]
    found = once(
        benchmark,
        match_couples,
        singles,
        couples,
        wishes,
        [rng.permutation(500).tolist() for _ in range(50)],
        np.full(50, 10),
    )
    assert found.matching is not None


@pytest.mark.parametrize("size", SIZES[:3])
@pytest.mark.parametrize("optimal", ["students", "lecturers"])
def test_projects(benchmark: BenchmarkFixture, size: tuple[int, int], optimal: str) -> None:
    students, m = size
    wishes, _, capacities = random_hospitals(students, m)
    rng = np.random.default_rng(1)
    lecturers = m // 5
    owner = np.arange(m) % lecturers
    pairs = np.unique(owner[wishes[1]] * students + np.repeat(np.arange(students), 10))
    order = np.lexsort((rng.random(len(pairs)), pairs // students))
    offsets = np.searchsorted(pairs, np.arange(lecturers + 1) * students)
    listed = (offsets, pairs[order] % students)
    once(
        benchmark,
        allocate_projects,
        wishes,
        listed,
        owner,
        capacities,
        5 * int(capacities[0]),
        optimal=optimal,
    )
