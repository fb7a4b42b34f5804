"""A national tariff of any size: municipalities, corridors with seats, and travellers on them, by a seed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_models.rules import DemandRule, Rules
from nichiiki_models.table import Row, Table
from nichiiki_models.tables import TABLES, Demand, Link, Operator, Period, Product, Region

AREAS = ("east", "central", "west")
TIERS = (4, 8)


def national(
    *,
    municipalities: int = 1_741,
    corridors: int = 100,
    kinds: int = 2_500,
    travellers: int = 50_000,
    step: int = 500,
    seed: int = 0,
) -> Instance:
    """Build the instance.

    Parameters
    ----------
    municipalities, corridors
        Regions, and services from a hub of each area to one of them, each of 12 months with seats of its own.
    kinds, travellers
        Kinds of travellers (rows of the demand table), and persons in all.
    step
        Price grid in yen: two passes (4 and 8 rides) in each of three areas, 4,000 to 24,000 yen.
    """  # fmt: skip
    draw = np.random.default_rng(seed)
    ids = [f"m{k:04d}" for k in range(municipalities)]
    fares = draw.integers(15, 45, corridors) * 100
    seats = draw.integers(1_500, 4_000, corridors)
    ends = draw.permutation(np.arange(len(AREAS), municipalities))[:corridors]
    area = np.arange(corridors) % len(AREAS)
    links = [
        Link(
            link_id=f"c{k:03d}", from_id=ids[int(area[k])], to_id=ids[int(ends[k])], mode="rail", minutes=60 + int(fares[k]) // 50,
            fare_yen=int(fares[k]), seats=int(seats[k]), seat_cost_yen=int(fares[k]) // 4, operator_id=AREAS[int(area[k])],
        )
        for k in range(corridors)
    ]  # fmt: skip
    products = [
        Product(
            product_id=f"{name}-{rides}", kind="capped", cap_rides=rides, scope_kind="links",
            scope=tuple(f"c{k:03d}" for k in range(corridors) if area[k] == at), operator_id=name,
            price_min_yen=4_000, price_max_yen=24_000, step_yen=step,
        )
        for at, name in enumerate(AREAS)
        for rides in TIERS
    ]  # fmt: skip
    rows: dict[str, Sequence[Row]] = {
        "regions": [
            Region(region_id=name, name=name, lat=float(lat), lon=float(lon))
            for name, lat, lon in zip(
                ids, draw.uniform(31, 44, municipalities), draw.uniform(130, 144, municipalities), strict=True
            )
        ],
        "periods": [_month(k) for k in range(12)],
        "operators": [Operator(operator_id=name) for name in AREAS],
        "links": links,
        "products": products,
        "demand": _demand(draw, ids, links, fares, kinds, travellers),
    }
    tables = {name: Table.from_rows(TABLES[name], list(listed)) for name, listed in rows.items()}
    return Instance.from_tables(tables, Rules(demand=DemandRule()), name=f"national-{municipalities}-{seed}")


def _month(k: int) -> Period:
    first = date(2026 + (3 + k) // 12, (3 + k) % 12 + 1, 1)
    following = date(2026 + (4 + k) // 12, (4 + k) % 12 + 1, 1)
    return Period(period_id=first.strftime("%Y-%m"), starts_on=first, ends_on=following - timedelta(days=1))


def _demand(
    draw: np.random.Generator,
    ids: list[str],
    links: list[Link],
    fares: np.ndarray,
    kinds: int,
    travellers: int,
) -> list[Demand]:
    """Travellers with one to five trips whose first is worth 0.8 to 2.5 single fares, each further one 6 percent less."""
    mass = np.bincount(draw.integers(0, kinds, travellers), minlength=kinds)
    link = draw.integers(0, len(links), kinds)
    worth = draw.uniform(1.6, 5.0, kinds) * fares[link]
    return [
        Demand(
            demand_id=f"d{k:05d}", from_id=links[int(link[k])].from_id, to_id=links[int(link[k])].to_id, mass=int(mass[k]),
            trips=int(trips), value_yen=int(worth[k]), value_step_yen=int(worth[k]) * 6 // 100, bias_yen=int(bias) * 100,
        )
        for k, (trips, bias) in enumerate(zip(draw.integers(1, 6, kinds), draw.integers(0, 15, kinds), strict=True))
    ]  # fmt: skip
