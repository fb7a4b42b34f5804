"""A tariff as a GTFS feed of fares: single fares for every reader (fares v1), products in fares v2, and their terms beside them.

The feed holds services between places and offices of regions whose fare is for a person; own cars, shared cars, taxis and the ways
to houses stay out, so that nobody's address is in it. Departures are not known here: trips and stop_times come from the
operators' own feeds, whose routes and stops these files are to be joined with. Sources: *General Transit Feed
Specification*, files fare_attributes to timeframes (MobilityData); 標準的なバス情報フォーマット (GTFS-JP), 国土交通省.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.tables import Link, Product
from nichiiki_models.tariff import ProductResult, TariffResult

ROUTE_TYPES = {"rail": 2, "bus": 3, "demand_bus": 715, "ferry": 4, "air": 1100}
"""Modes that are in the feed, and their number."""
UNNAMED = "unnamed"
"""Agency of links that name no operator."""
Cells = tuple[Any, ...]
Files = dict[str, tuple[tuple[str, ...], list[Cells]]]
"""Columns and rows by file."""
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TERMS = ("cap_rides", "percent_back", "threshold_trips", "bonus_yen")
UNSAID = ("threshold",)
"""Kinds that fares v2 cannot say at all: what comes back later is no fare."""
WRITTEN = (1980, 1, 1, 0, 0, 0)
"""Date in the zip, so that the same tariff makes the same bytes."""


def write_gtfs_fares(path: str | Path, instance: Instance, tariff: TariffResult) -> list[str]:
    """Write the fares of an instance and the products of a tariff as a GTFS zip.

    Parameters
    ----------
    path
        The zip; an older one is replaced.
    instance, tariff
        What was priced, and the answer.

    Returns
    -------
    list of str
        Products that are sold and only in ``nichiiki_products.txt``: they cover no service of the feed, or are of a kind that
        fares v2 has no words for.

    Raises
    ------
    UsageError
        If the tariff belongs to another instance.
    """
    Path(path).write_bytes(fares_feed(instance, tariff))
    known = {link.link_id for link in _links(instance)}
    return [
        row.product_id
        for row, result in _sold(instance, tariff)
        if row.kind in UNSAID or not known & set(result.covers)
    ]


def fares_feed(instance: Instance, tariff: TariffResult) -> bytes:
    """Return the zip of `write_gtfs_fares`."""
    if tariff.instance_hash != instance.hash:
        raise UsageError("tariff: it belongs to another instance; price this one first")
    links, sold = _links(instance), _sold(instance, tariff)
    return _zipped({**_network(instance, links), **_singles(links), **_products(instance, links, sold)})


def _sold(instance: Instance, tariff: TariffResult) -> list[tuple[Product, ProductResult]]:
    """Rows and results of the products that are sold."""
    both = zip(instance.products.rows(), tariff.products, strict=True)
    return [(row, result) for row, result in both if result.offered]


def _links(instance: Instance) -> list[Link]:
    """Services between places and offices whose fare is for a person."""
    ends = instance.places.ids | instance.regions.ids
    return [
        link
        for link in instance.links.rows()
        if link.mode in ROUTE_TYPES and link.fare_basis == "person" and {link.from_id, link.to_id} <= ends
    ]


def _network(instance: Instance, links: list[Link]) -> Files:
    """Agencies, stops and routes; a link is a route of its own and a network of its own."""
    used = {end for link in links for end in (link.from_id, link.to_id)}
    points = [(row.place_id, row.name, row.lat, row.lon) for row in instance.places.rows()]
    points += [(row.region_id, row.name, row.lat, row.lon) for row in instance.regions.rows()]
    stops = [(*point, point[0]) for point in points if point[0] in used]
    names = {row.operator_id: row.name or row.operator_id for row in instance.operators.rows()}
    agencies = dict.fromkeys(link.operator_id or UNNAMED for link in links)
    begins, ends = _calendar(instance)
    label = {stop[0]: stop[1] for stop in stops}
    routes = [
        (
            link.link_id,
            link.operator_id or UNNAMED,
            f"{label[link.from_id]} - {label[link.to_id]}",
            ROUTE_TYPES[link.mode],
        )
        for link in links
    ]
    return {
        "agency": (
            ("agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang"),
            [(name, names.get(name, name), "https://example.org", "Asia/Tokyo", "ja") for name in agencies],
        ),
        "feed_info": (
            (
                "feed_publisher_name",
                "feed_publisher_url",
                "feed_lang",
                "feed_start_date",
                "feed_end_date",
                "feed_version",
            ),
            [
                (
                    instance.name or "nichiiki",
                    "https://example.org",
                    "ja",
                    _day(begins),
                    _day(ends),
                    instance.hash[7:23],
                )
            ],
        ),
        "stops": (("stop_id", "stop_name", "stop_lat", "stop_lon", "zone_id"), stops),
        "routes": (("route_id", "agency_id", "route_long_name", "route_type"), routes),
        "networks": (("network_id", "network_name"), [(route[0], route[2]) for route in routes]),
        "route_networks": (("network_id", "route_id"), [(route[0], route[0]) for route in routes]),
    }


def _singles(links: list[Link]) -> Files:
    """Single fares in fares v1: which cannot say what a pass is, so nothing else is in it."""
    return {
        "fare_attributes": (
            ("fare_id", "price", "currency_type", "payment_method", "transfers", "agency_id"),
            [
                (f"single-{link.link_id}", link.fare_yen, "JPY", 1, 0, link.operator_id or UNNAMED)
                for link in links
            ],
        ),
        "fare_rules": (
            ("fare_id", "route_id", "origin_id", "destination_id"),
            [(f"single-{link.link_id}", link.link_id, *ends) for link in links for ends in _ways(link)],
        ),
    }


def _ways(link: Link) -> list[tuple[str, str]]:
    """Zones from and to, in each direction that runs."""
    there = (link.from_id, link.to_id)
    return [there, there[::-1]] if link.both_ways else [there]


def _products(instance: Instance, links: list[Link], sold: list[tuple[Product, ProductResult]]) -> Files:
    """Fares v2: what each product costs, who may buy it, where and when it holds; and the terms that fares v2 has no words for."""
    offered: list[Cells] = [
        (f"single-{link.link_id}", "single fare", link.fare_yen, "JPY", "") for link in links
    ]
    rules: list[Cells] = [(link.link_id, f"single-{link.link_id}", "") for link in links]
    for product, result in sold:
        held = product.product_id if product.blackout_periods else ""
        for link in links:
            if link.link_id in result.covers and product.kind not in UNSAID:
                name, yen = _fare(product, result, link)
                offered.append((name, f"{product.product_id} ({product.kind})", yen, "JPY", _riders(product)))
                rules.append((link.link_id, name, held))
    groups = dict.fromkeys(_riders(product) for product, _ in sold if product.eligible)
    terms = [
        (row.product_id, row.kind, result.price_yen, *("" if (cell := getattr(row, name)) is None else cell for name in TERMS),
         ";".join(result.covers), ";".join(row.eligible), ";".join(row.blackout_periods))
        for row, result in sold
    ]  # fmt: skip
    return {
        "fare_products": (
            ("fare_product_id", "fare_product_name", "amount", "currency", "rider_category_id"),
            [*dict.fromkeys(offered)],
        ),
        "fare_leg_rules": (("network_id", "fare_product_id", "from_timeframe_group_id"), rules),
        "rider_categories": (
            ("rider_category_id", "rider_category_name", "is_default_fare_category"),
            [(name, name.replace("-", " or "), 0) for name in groups],
        ),
        **_times(instance, [row for row, _ in sold if row.blackout_periods]),
        "nichiiki_products": (
            ("product_id", "kind", "price_yen_a_month", *TERMS, "covers", "eligible", "blackout_periods"),
            terms,
        ),
    }  # fmt: skip


def _fare(product: Product, result: ProductResult, link: Link) -> tuple[str, int]:
    """Id and yen of a product on a link: of a ride where rides are paid, else of a month."""
    price = result.price_yen or 0
    if product.kind == "percentage":
        back = link.fare_yen * (product.percent_back or 0) // 100
        return f"{product.product_id}-{link.link_id}", link.fare_yen - back
    if product.kind == "fixed_ride":
        return f"{product.product_id}-ride", -(-price // 2)
    return product.product_id, price


def _riders(product: Product) -> str:
    return "-".join(product.eligible)


def _times(instance: Instance, closed: list[Product]) -> Files:
    """Days on which products with black-outs hold."""
    begins, ends = _calendar(instance)
    days = {row.period_id: (row.starts_on, row.ends_on) for row in instance.periods.rows()}
    shut = [
        (product.product_id, _day(day), 2)
        for product in closed
        for day in sorted({day for name in product.blackout_periods for day in _days(*days[name])})
    ]
    names = [product.product_id for product in closed]
    return {
        "calendar": (("service_id", *WEEK, "start_date", "end_date"), [(name, *[1] * 7, _day(begins), _day(ends)) for name in names]),
        "calendar_dates": (("service_id", "date", "exception_type"), shut),
        "timeframes": (("timeframe_group_id", "service_id"), [(name, name) for name in names]),
    }  # fmt: skip


def _calendar(instance: Instance) -> tuple[date, date]:
    rows = list(instance.periods.rows())
    return min(row.starts_on for row in rows), max(row.ends_on for row in rows)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")


def _zipped(files: Files) -> bytes:
    """Return the files as a zip: UTF-8 without a mark, lines of CR and LF."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (columns, rows) in files.items():
            text = io.StringIO(newline="")
            csv.writer(text).writerows([columns, *rows])
            archive.writestr(zipfile.ZipInfo(f"{name}.txt", WRITTEN), text.getvalue().encode("utf-8"))
    return packed.getvalue()
