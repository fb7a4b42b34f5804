"""Random towns to be priced: households that live there part of the time, roads, ferries and buses, products of every scope.

Small, but with all that trees (`nichiiki_tariff_small`) leave out: an allocation, children and cars, ways by the last mile, fares a
vehicle pays, links of one direction or of some periods, operators, registrations that run out. Nothing here imports the solver.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules

Record = dict[str, Any]

SPANS = (
    ("2026-04-01", "2026-04-30", "all"),
    ("2026-05-04", "2026-05-10", "all"),
    ("2026-06-01", "2026-07-02", "all"),
    ("2026-08-01", "2026-08-31", "weekday"),
    ("2026-09-01", "2026-09-30", "weekend"),
)
DAYS = ("2026-03-31", "2026-04-01", "2026-05-03", "2026-05-04", "2026-05-31", "2026-09-01", None)
"""Last days of a registration: the day before periods begin, that day, later ones, and never."""


@dataclass(frozen=True)
class Town:
    """What is priced, and with which arguments of `price`."""

    instance: Instance
    allocation: Allocation
    asked: Record


def random_town(seed: int) -> Town:
    """Draw a town by a seed."""
    draw = random.Random(seed)  # noqa: S311 - test data
    tables = {
        "regions": [
            {"region_id": name, "name": name, "lat": lat, "lon": 139.0}
            for name, lat in (("h", 36.0), ("k", 37.0), ("m", 35.5), ("d0", 35.0), ("d1", 34.0))
        ],
        "places": [
            {"place_id": "stop", "region_id": "d0", "kind": "station", "lat": 35.01, "lon": 139.0},
            {"place_id": "pier", "region_id": "d1", "kind": "port", "lat": 34.01, "lon": 139.0},
            {"place_id": "shop", "region_id": "d0", "kind": "shop", "lat": 35.012, "lon": 139.0},
        ],
        "periods": _periods(draw),
        "houses": [
            _house("near", "d0", 35.005),
            _house("by_stop", "d0", 35.013),
            _house("isle", "d1", 34.012),
        ],
        "operators": [
            {"operator_id": name, "loss_cap_yen": draw.choice([None, None, 9_000])}
            for name in ("rail", "sea")
        ],
        "links": _links(draw),
        "demand": [_riders(draw, name) for name in ("q0", "q1")],
    }
    tables["households"], tables["persons"] = _people(draw)
    tables["products"] = [_product(draw, name) for name in ("x", "y")[: draw.choice([1, 1, 2])]]
    instance = Instance(name="town", rules=Rules.model_validate(_rules(draw)), **tables)  # type: ignore[arg-type]
    return Town(instance, _stays(draw, instance), _asked(draw))


def _periods(draw: random.Random) -> list[Record]:
    keys = ("starts_on", "ends_on", "slot")
    picked = sorted(draw.sample(SPANS, draw.choice([1, 2, 3])))
    return [{"period_id": f"p{at}", **dict(zip(keys, span, strict=True))} for at, span in enumerate(picked)]


def _house(name: str, region: str, lat: float) -> Record:
    return {
        "house_id": name,
        "region_id": region,
        "lat": lat,
        "lon": 139.0,
        "capacity_persons": 9,
        "rent_yen": 0,
    }


def _links(draw: random.Random) -> list[Record]:
    def link(name: str, start: str, end: str, mode: str, minutes: int, yen: int, **more: Any) -> Record:
        return {
            "link_id": name,
            "from_id": start,
            "to_id": end,
            "mode": mode,
            "minutes": minutes,
            "fare_yen": yen + 10 * draw.randrange(9),
            "seat_cost_yen": 10 * draw.randrange(20),
            "operator_id": draw.choice(["rail", "sea", None]),
            "seats": draw.choice([None, None, None, 40]),
            **more,
        }

    some = [[], [], ["p0"]]
    every = [
        link("trunk", "h", "m", "rail", 60, 310),
        link("coach", "k", "m", "bus", 80, 250),
        link("slow", "m", "d0", "bus", 50, 400),
        link("fast", "m", "stop", "rail", 20, 700, periods=draw.choice(some)),
        link("ferry", "m", "pier", "ferry", 90, 900, fare_basis=draw.choice(["person", "vehicle"])),
        link("back", "pier", "m", "ferry", 40, 650, both_ways=False, periods=draw.choice(some)),
        link("road", "h", "d0", "car", 70, 600, fare_basis="vehicle"),
        link("taxi", "stop", "by_stop", "bus", 2, 40, both_ways=draw.choice([True, False])),
        link("lane", "pier", "isle", "car", 1, 0),
    ]
    return [
        each
        for each in every
        if each["link_id"] in ("trunk", "slow", "ferry", "coach") or draw.random() < 0.7
    ]


def _riders(draw: random.Random, name: str) -> Record:
    return {
        "demand_id": name,
        "from_id": draw.choice(["h", "k"]),
        "to_id": draw.choice(["d0", "stop", "d1"]),
        "mass": draw.randrange(4),
        "trips": draw.randrange(6),
        "value_yen": draw.randrange(60) * 100,
        "value_step_yen": draw.choice([0, 100, 700]),
        "bias_yen": draw.choice([0, 300, -200]),
        "registration": draw.choice(["none", "basic"]),
    }


def _people(draw: random.Random) -> tuple[list[Record], list[Record]]:
    households, persons = [], []
    for name in ("a", "b", "c"):
        households.append(
            {
                "household_id": name,
                "home_region": draw.choice(["h", "h", "k"]),
                "budget_yen": 1_000_000,
                "round_trips": draw.choice([0.0, 0.5, 1.0, 1.25, 2.07, 4.0, 20.0]),
                "car": draw.random() < 0.5,
                "max_trip_minutes": draw.choice([None, None, 100, 140]),
                "registration": draw.choice(["none", "basic", "premium"]),
                "registration_valid_until": draw.choice(DAYS),
            }
        )
        ages = draw.choices([5, 6, 11, 12, 40], k=draw.randrange(4))
        persons += [
            {"person_id": f"{name}{at}", "household_id": name, "age": age} for at, age in enumerate(ages)
        ]
    return households, persons


SCOPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("links", ("trunk", "slow")),
    ("links", ("trunk", "ferry")),
    ("zone", ("h", "m", "d0")),
    ("zone", ("m", "d1")),
    ("od", ("h", "m")),
    ("od", ("h", "d0")),
    ("od", ("k", "stop")),
    ("od", ("h", "d1")),
)


def _product(draw: random.Random, name: str) -> Record:
    kind = draw.choice(["flat", "flat", "capped", "percentage", "fixed_ride", "threshold"])
    scope_kind, scope = draw.choice(SCOPES)
    low = draw.randrange(0, 30) * 100
    grid = {"price_min_yen": low, "price_max_yen": low + draw.choice([0, 1500]), "step_yen": 500}
    return {
        "product_id": name,
        "kind": kind,
        "scope_kind": scope_kind,
        "scope": scope,
        "cap_rides": draw.choice([1, 2, 3, 5]) if kind == "capped" else None,
        "percent_back": draw.choice([10, 35]) if kind == "percentage" else None,
        "threshold_trips": draw.choice([1, 2, 3]) if kind == "threshold" else None,
        "bonus_yen": draw.choice([300, 1500]) if kind == "threshold" else None,
        **({"price_yen": low} if draw.random() < 0.2 else grid | {"price_min_yen": low - low % 500}),
        "eligible": draw.choice([(), (), ("basic",), ("none", "premium")]),
        "blackout_periods": draw.choice([(), (), ("p0",)]),
    }


def _rules(draw: random.Random) -> Record:
    return {
        "demand": {
            "basis": draw.choice(["stated", "values"]),
            "elasticity_percent": draw.choice([0, 40, 130, 1000]),
            "trip_value_yen": draw.choice([1500, 4000]),
            "trip_value_step_yen": draw.choice([0, 50, 300, 1100]),
            "flat_bias_yen": draw.choice([0, 250]),
            "minute_value_yen": draw.choice([0, 7]),
            "choice": draw.choice(["best", "best", "logit"]),
            "logit_yen": draw.choice([300, 3000, 1_000_000]),
            "admin_yen": draw.choice([0, 70]),
            "public_funds_percent": draw.choice([0, 30]),
        },
        "travel": {"child_fare_percent": draw.choice([50, 33])},
        "limits": {"trip_minutes": draw.choice([None, None, 120])},
    }


def _stays(draw: random.Random, instance: Instance) -> Allocation:
    periods = instance.periods["period_id"].tolist()
    stays = []
    for household in instance.households["household_id"].tolist():
        house = draw.choice([("near", "d0"), ("by_stop", "d0"), ("isle", "d1")])
        stays.append((household, *house, sorted(draw.sample(periods, draw.randrange(1, len(periods) + 1)))))
    return staying(instance, *stays)


def staying(instance: Instance, *stays: tuple[str, str, str, list[str]]) -> Allocation:
    """Place households in houses: household, house, its region, periods."""
    placements = [
        {
            "household_id": household,
            "stays": [{"house_id": house, "region_id": region, "units": 1, "periods": periods}],
            "cost_yen": 0,
        }
        for household, house, region, periods in stays
    ]
    told: Record = {"policy": "points", "status": "FEASIBLE", "reason": "TIME_LIMIT"}
    return Allocation.model_validate({"instance_hash": instance.hash, "placements": placements, **told})


def _asked(draw: random.Random) -> Record:
    return {
        "goal": draw.choice(["break_even", "uptake", "revenue", "welfare"]),
        "baseline": draw.choice(["cost", "single_fares"]),
        "subsidy_yen": draw.choice([0, 3_000, None]),
        "no_arbitrage": draw.choice([True, False]),
    }
