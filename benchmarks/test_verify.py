"""Time to check and to evaluate large allocations; the biggest has a million households."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nichiiki_models.allocation import Allocation, Item, Placement, Status, Stay, StopReason
from nichiiki_models.columns import Array, ListColumn
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import TABLES
from nichiiki_solver.evaluate import evaluate
from nichiiki_solver.verify import verify
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.money import highest_cost_yen
from nichiiki_solver.verify.travel import find_trips

REGIONS, HOMES, PERIODS = 1000, 300, 12
SIZES = [
    10_000,
    pytest.param(100_000, marks=pytest.mark.slow),
    pytest.param(1_000_000, marks=pytest.mark.slow),
]


def ids(letter: str, count: int) -> Array:
    """Ids in numeric order, which is also their order as text."""
    return np.strings.add(letter, np.strings.zfill(np.arange(count).astype(np.str_), 7))


def lists(cells: Array) -> ListColumn:
    """One list of equal length a row."""
    return ListColumn(np.arange(len(cells) + 1) * cells.shape[1], cells.reshape(-1))


def table(name: str, /, **columns: Any) -> Table[Any]:
    """A table of an instance, of columns."""
    return Table(TABLES[name], columns)


def country(rng: np.random.Generator) -> dict[str, Table[Any]]:
    """Regions with a station each, joined by rail to the next ones and to a hub."""
    regions, stations = ids("R", REGIONS), ids("P", REGIONS)
    lat, lon = rng.uniform(33, 40, REGIONS), rng.uniform(131, 141, REGIONS)
    near = (np.arange(REGIONS)[:, None] + np.array([1, 2, 50])) % REGIONS
    start = np.concatenate((np.repeat(np.arange(REGIONS), 3), np.arange(REGIONS)))
    end = np.concatenate((near.reshape(-1), np.arange(REGIONS) % 10))
    rails = len(start)
    offices = np.arange(REGIONS)
    months = np.arange("2026-04", "2027-04", dtype="M8[M]")
    return {
        "regions": table(
            "regions",
            region_id=regions,
            name=regions,
            lat=lat,
            lon=lon,
            board_consents=lists(np.full((REGIONS, 1), "*")),
        ),
        "places": table(
            "places",
            place_id=stations,
            region_id=regions,
            kind=np.full(REGIONS, "station"),
            lat=lat + 0.003,
            lon=lon,
        ),
        "periods": table(
            "periods",
            period_id=ids("T", PERIODS),
            starts_on=months.astype("M8[D]"),
            ends_on=(months + 1).astype("M8[D]") - 1,
        ),
        "links": table(
            "links",
            link_id=ids("L", rails + REGIONS),
            from_id=np.concatenate((stations[start], regions[offices])),
            to_id=np.concatenate((stations[end], stations[offices])),
            mode=np.full(rails + REGIONS, "rail"),
            minutes=np.concatenate((rng.integers(5, 90, rails), np.full(REGIONS, 5))),
            fare_yen=np.concatenate((rng.integers(20, 900, rails) * 10, np.zeros(REGIONS, dtype=np.int64))),
        ),
    }


def world(size: int) -> tuple[Instance, Allocation]:
    """A country in which every household has a house of its own, a pupil at school, and three wishes."""
    rng = np.random.default_rng(7)
    tables = country(rng)
    home = rng.integers(0, HOMES, size)
    there = HOMES + rng.integers(0, REGIONS - HOMES, size)
    first = rng.integers(0, PERIODS - 2, size)
    tables |= families(rng, tables["regions"], home)
    tables |= offers(rng, tables["regions"], there)
    tables["choices"] = wishes(size, there)
    instance = Instance.from_tables(tables, checked=True)
    held = lists(tables["periods"]["period_id"][first[:, None] + np.arange(3)])
    draft = answer(instance, there, held)
    return instance, draft.replace(placements=priced(instance, draft))


def families(rng: np.random.Generator, regions: Table[Any], home: Array) -> dict[str, Table[Any]]:
    size = len(home)
    households = table(
        "households",
        household_id=ids("H", size),
        home_region=regions["region_id"][home],
        budget_yen=np.full(size, 10_000_000),
        round_trips=rng.integers(0, 400, size) / 100,
        stay_kind=np.full(size, "consecutive"),
        stay_length=np.full(size, 3),
        car=rng.random(size) < 0.5,
        points=rng.integers(0, 50, size),
    )
    persons = table(
        "persons",
        person_id=ids("M", 2 * size),
        household_id=np.repeat(ids("H", size), 2),
        age=np.tile([40, 8], size),
        grade=np.tile(["none", "2"], size),
    )
    return {"households": households, "persons": persons}


def offers(rng: np.random.Generator, regions: Table[Any], there: Array) -> dict[str, Table[Any]]:
    size = len(there)
    schools = ids("S", REGIONS)
    facilities = table(
        "facilities",
        facility_id=schools,
        region_id=regions["region_id"],
        kind=np.full(REGIONS, "school"),
        consent_regions=lists(np.full((REGIONS, 1), "*")),
        lat=regions["lat"],
        lon=regions["lon"],
    )
    seats = table("seats", facility_id=schools, band=np.full(REGIONS, "2"), seats=np.full(REGIONS, 100_000))
    houses = table(
        "houses",
        house_id=ids("A", size),
        region_id=regions["region_id"][there],
        lat=regions["lat"][there] + 0.004,
        lon=regions["lon"][there] + rng.uniform(0, 0.004, size),
        capacity_persons=np.full(size, 4),
        rent_yen=rng.integers(10, 90, size) * 1000,
    )
    return {"facilities": facilities, "seats": seats, "houses": houses}


def wishes(size: int, there: Array) -> Table[Any]:
    houses, persons = ids("A", size), ids("M", 2 * size)
    return table(
        "choices",
        household_id=np.tile(ids("H", size), 3),
        list=np.repeat(["stay", "stay", "school"], size),
        rank=np.repeat([1, 2, 1], size),
        person_id=np.concatenate((np.full(2 * size, ""), persons[1::2])),
        target_kind=np.repeat(["house", "house", "facility"], size),
        target_id=np.concatenate((np.roll(houses, 1), houses, ids("S", REGIONS)[there])),
    )


def answer(instance: Instance, there: Array, held: ListColumn) -> Allocation:
    """Every household in the house that is its own, for three periods; what that costs is not said yet."""
    size = len(there)
    stays = Table(
        Stay,
        {
            "household_id": ids("H", size),
            "house_id": ids("A", size),
            "region_id": instance.regions["region_id"][there],
            "units": np.ones(size, dtype=np.int64),
            "periods": held,
        },
    )
    items = Table(
        Item,
        {
            "household_id": ids("H", size),
            "list": np.full(size, "school"),
            "person_id": ids("M", 2 * size)[1::2],
            "target_id": ids("S", REGIONS)[there],
        },
    )
    placements = Table(
        Placement, {"household_id": ids("H", size), "cost_yen": np.zeros(size, dtype=np.int64)}
    )
    head = {
        "instance_hash": instance.hash,
        "policy": "none",
        "status": Status.FEASIBLE,
        "reason": StopReason.TIME_LIMIT,
    }
    return Allocation.model_validate({**head, "placements": placements, "stays": stays, "items": items})


def priced(instance: Instance, allocation: Allocation) -> Table[Placement]:
    """Placements with the costs that the check expects, so that nothing is found."""
    book = Book(instance, allocation)
    return allocation.placements.with_columns(cost_yen=highest_cost_yen(book, find_trips(book)))


@pytest.mark.parametrize("size", SIZES)
def test_verify(benchmark: BenchmarkFixture, size: int) -> None:
    instance, allocation = world(size)
    assert benchmark.pedantic(verify, (instance, allocation), rounds=1) == []  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("size", SIZES)
def test_evaluate(benchmark: BenchmarkFixture, size: int) -> None:
    instance, allocation = world(size)
    found = benchmark.pedantic(evaluate, (instance, allocation), rounds=1)  # type: ignore[no-untyped-call]
    assert found.total.placed_households == size
