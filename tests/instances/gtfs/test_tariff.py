"""Fares that are written: every reference holds, prices are those of the tariff, and our own reader reads the single fares back."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

import nichiiki as nk
from nichiiki_instances.gtfs.tariff import ROUTE_TYPES, UNSAID
from nichiiki_models.errors import UsageError

Rows = list[dict[str, str]]
KEYS = {
    "fare_rules": {
        "fare_id": ("fare_attributes", "fare_id"),
        "route_id": ("routes", "route_id"),
        "origin_id": ("stops", "zone_id"),
        "destination_id": ("stops", "zone_id"),
    },
    "fare_attributes": {"agency_id": ("agency", "agency_id")},
    "routes": {"agency_id": ("agency", "agency_id")},
    "route_networks": {"route_id": ("routes", "route_id"), "network_id": ("networks", "network_id")},
    "fare_leg_rules": {
        "network_id": ("networks", "network_id"),
        "fare_product_id": ("fare_products", "fare_product_id"),
        "from_timeframe_group_id": ("timeframes", "timeframe_group_id"),
    },
    "fare_products": {"rider_category_id": ("rider_categories", "rider_category_id")},
    "timeframes": {"service_id": ("calendar", "service_id")},
    "calendar_dates": {"service_id": ("calendar", "service_id")},
}
"""Columns that name a row of another file."""


def rows_of(path: Path) -> dict[str, Rows]:
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".txt"): list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8"))))
            for name in archive.namelist()
        }


@pytest.fixture(scope="module")
def priced() -> tuple[nk.Instance, nk.TariffResult]:
    flagship = nk.load("flagship")
    return flagship, nk.price(flagship, goal="uptake", baseline="single_fares", subsidy_yen=6_000_000)


@pytest.fixture(scope="module")
def written(
    priced: tuple[nk.Instance, nk.TariffResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Rows], list[str], Path]:
    path = tmp_path_factory.mktemp("fares") / "fares.zip"
    left = nk.write_gtfs_fares(path, *priced)
    return rows_of(path), left, path


def test_every_reference_holds(written: tuple[dict[str, Rows], list[str], Path]) -> None:
    files = written[0]
    for name, columns in KEYS.items():
        for column, (other, key) in columns.items():
            known = {row[key] for row in files[other]}
            assert {row[column] for row in files[name] if row[column]} <= known, (name, column)
    assert files["fare_leg_rules"] and files["timeframes"] and files["rider_categories"]


def test_products_cost_what_the_tariff_says_on_what_they_cover(
    priced: tuple[nk.Instance, nk.TariffResult], written: tuple[dict[str, Rows], list[str], Path]
) -> None:
    (instance, tariff), (files, left, _) = priced, written
    fares = {row.link_id: row.fare_yen for row in instance.links.rows()}
    amount = {row["fare_product_id"]: int(row["amount"]) for row in files["fare_products"]}
    legs = {(row["network_id"], row["fare_product_id"]) for row in files["fare_leg_rules"]}
    routes = {row["route_id"] for row in files["routes"]}
    for row, result in zip(instance.products.rows(), tariff.products, strict=True):
        mine = [(link, name) for link, name in legs if name.startswith(row.product_id)]
        if not result.offered or row.kind in UNSAID:
            assert not mine
            continue
        assert {link for link, _ in mine} == routes & set(result.covers)
        assert bool(mine) != (row.product_id in left)
        for link, name in mine:
            per_ride = {"percentage": fares[link] - fares[link] * (row.percent_back or 0) // 100}
            assert amount[name] == per_ride.get(row.kind, result.price_yen)


def test_black_outs_are_the_days_without_service(
    priced: tuple[nk.Instance, nk.TariffResult], written: tuple[dict[str, Rows], list[str], Path]
) -> None:
    (instance, tariff), (files, _, _) = priced, written
    for row in instance.products.rows():
        shut = [each["date"] for each in files["calendar_dates"] if each["service_id"] == row.product_id]
        days = 31 if tariff.prices[row.product_id] is not None and row.blackout_periods else 0
        assert len(shut) == days and all(day.startswith("202608") for day in shut)


def test_no_house_is_in_the_feed(
    priced: tuple[nk.Instance, nk.TariffResult], written: tuple[dict[str, Rows], list[str], Path]
) -> None:
    words = {cell for rows in written[0].values() for row in rows for cell in row.values()}
    assert not words & priced[0].houses.ids


def test_single_fares_are_read_back(
    priced: tuple[nk.Instance, nk.TariffResult],
    written: tuple[dict[str, Rows], list[str], Path],
    tmp_path: Path,
) -> None:
    """With a timetable beside them, as an operator would have it: a ride a day in each direction."""
    rules = written[0]["fare_rules"]
    joined = tmp_path / "joined.zip"
    calls = ["trip_id,arrival_time,departure_time,stop_id,stop_sequence"]
    for number, rule in enumerate(rules):
        calls.append(f"t{number},08:00:00,08:00:00,{rule['origin_id']},1")
        calls.append(f"t{number},09:00:00,09:00:00,{rule['destination_id']},2")
    with zipfile.ZipFile(written[2]) as old, zipfile.ZipFile(joined, "w") as new:
        for name in set(old.namelist()) - {"calendar.txt", "calendar_dates.txt"}:
            new.writestr(name, old.read(name))
        new.writestr(
            "calendar.txt",
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nd,1,1,1,1,1,1,1,20260401,20260430\n",
        )
        trips = [f"{rule['route_id']},d,t{number}" for number, rule in enumerate(rules)]
        new.writestr("trips.txt", "\n".join(["route_id,service_id,trip_id", *trips]))
        new.writestr("stop_times.txt", "\n".join(calls))
    found: dict[tuple[str, str], int] = {}
    for row in nk.read_gtfs(joined).links.rows():
        ends = row.from_id, row.to_id
        found[ends] = min(row.fare_yen, found.get(ends, row.fare_yen))
    instance, wanted = priced[0], dict[tuple[str, str], int]()
    for link in instance.links.rows():
        if link.mode in ROUTE_TYPES and link.to_id not in instance.houses.ids and link.fare_basis == "person":
            for ends in ((link.from_id, link.to_id), (link.to_id, link.from_id))[: 1 + link.both_ways]:
                wanted[ends] = min(link.fare_yen, wanted.get(ends, link.fare_yen))
    assert found == wanted


def test_the_same_tariff_makes_the_same_bytes(
    priced: tuple[nk.Instance, nk.TariffResult],
    written: tuple[dict[str, Rows], list[str], Path],
    tmp_path: Path,
) -> None:
    nk.write_gtfs_fares(tmp_path / "again.zip", *priced)
    assert (tmp_path / "again.zip").read_bytes() == written[2].read_bytes()


def test_a_tariff_of_another_instance_is_refused(
    priced: tuple[nk.Instance, nk.TariffResult], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="another instance"):
        nk.write_gtfs_fares(tmp_path / "x.zip", priced[0].replace(demand=[]), priced[1])
