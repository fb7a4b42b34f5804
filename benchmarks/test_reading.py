"""How fast files become an instance: 100,000 households with 250,000 persons and 500,000 wishes from CSV."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nichiiki_instances import read, write
from nichiiki_instances.generators import generate
from nichiiki_models.checks import find_problems
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import TABLES

MUNICIPALITIES = Path(__file__).resolve().parents[2] / "shared" / "data" / "municipalities.csv"
HOUSEHOLDS = 100_000
HOUSES = 20_000
REGIONS = 200


def ids(prefix: str, numbers: Any) -> Any:
    """Return ids of equal length."""
    return np.char.add(prefix, np.char.zfill(np.asarray(numbers).astype(np.str_), 7))


def synthetic(households: int, *, seed: int = 1) -> dict[str, Table[Any]]:
    """Return tables of a made-up instance: no sense in it, but every rule kept."""
    rng = np.random.default_rng(seed)
    persons, wishes, houses = households * 5 // 2, households * 5, households // 5
    person_home = np.concatenate((np.arange(households), rng.integers(0, households, persons - households)))
    columns = {
        "regions": {
            "region_id": ids("r", np.arange(REGIONS)),
            "name": ids("町", np.arange(REGIONS)),
            "lat": rng.uniform(30, 45, REGIONS).round(5),
            "lon": rng.uniform(130, 145, REGIONS).round(5),
        },
        "periods": {
            "period_id": ids("p", np.arange(12)),
            "starts_on": np.datetime64("2026-04-01") + 30 * np.arange(12),
            "ends_on": np.datetime64("2026-04-30") + 30 * np.arange(12),
        },
        "households": {
            "household_id": ids("h", np.arange(households)),
            "home_region": ids("r", rng.integers(0, REGIONS, households)),
            "budget_yen": rng.integers(30, 200, households) * 1000,
            "round_trips": rng.integers(0, 400, households) / 100,
            "max_trip_minutes": rng.integers(60, 400, households),
            "car": rng.random(households) < 0.5,
            "applied_at": np.datetime64("2026-01-01T09:00:00") + rng.integers(0, 10**6, households),
        },
        "persons": {
            "person_id": ids("m", np.arange(persons)),
            "household_id": ids("h", person_home),
            "age": rng.integers(16, 90, persons),
            "hours_per_period": rng.integers(0, 20, persons),
        },
        "houses": {
            "house_id": ids("k", np.arange(houses)),
            "region_id": ids("r", rng.integers(0, REGIONS, houses)),
            "lat": rng.uniform(30, 45, houses).round(5),
            "lon": rng.uniform(130, 145, houses).round(5),
            "capacity_persons": rng.integers(1, 8, houses),
            "rent_yen": rng.integers(10, 90, houses) * 1000,
        },
        "choices": {
            "household_id": ids("h", np.repeat(np.arange(households), 5)),
            "list": np.full(wishes, "stay"),
            "rank": np.tile(np.arange(1, 6), households),
            "target_kind": np.full(wishes, "house"),
            "target_id": ids("k", rng.integers(0, houses, wishes)),
        },
    }
    return {
        name: Table(TABLES[name], columns[name]) if name in columns else Table.empty(TABLES[name])
        for name in TABLES
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the instance, as CSV."""
    path = tmp_path_factory.mktemp("reading") / "instance"
    write(Instance.from_tables(synthetic(HOUSEHOLDS)), path)
    return path


def test_read_folder(benchmark: Any, folder: Path) -> None:
    instance = benchmark.pedantic(read, args=(folder,), rounds=3, iterations=1)
    assert len(instance.households) == HOUSEHOLDS
    assert len(instance.choices) == 5 * HOUSEHOLDS
    unit = 1 if sys.platform == "darwin" else 1024
    benchmark.extra_info["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def test_write_folder(benchmark: Any, folder: Path, tmp_path: Path) -> None:
    instance = read(folder)
    benchmark.pedantic(write, args=(instance, tmp_path / "copy"), rounds=3, iterations=1)
    assert read(tmp_path / "copy").hash == instance.hash


@pytest.mark.parametrize("households", [100_000, 1_000_000])
def test_find_problems(benchmark: Any, households: int) -> None:
    tables = synthetic(households)
    rules = Instance.from_tables({}, checked=True).rules
    assert benchmark.pedantic(find_problems, args=(tables, rules), rounds=1, iterations=1) == []


@pytest.mark.skipif(
    not MUNICIPALITIES.is_file(), reason=f"the reference data is not there: {MUNICIPALITIES.name}"
)
def test_read_generated(benchmark: Any, tmp_path: Path) -> None:
    """100,000 households of the generator on all 1,741 municipalities."""
    write(generate(households=100_000, seed=1, municipalities=MUNICIPALITIES), tmp_path / "national")
    instance = benchmark.pedantic(lambda: read(tmp_path / "national"), rounds=1)
    benchmark.extra_info["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    assert len(instance.households) == 100_000
