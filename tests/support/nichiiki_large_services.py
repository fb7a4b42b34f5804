"""Services of a whole country, drawn at random: municipalities with a bus to the nearest station, and lines between stations."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from nichiiki.transport import ServiceNetwork, Trips, round_trips, service_network
from nichiiki_models.instance import Instance

Row = dict[str, Any]
MUNICIPALITIES, STATIONS, MORE_LINES = 1_741, 120, 30


def national_services(seed: int = 0) -> Instance:
    """1,741 municipalities, 120 stations joined by 149 lines with seats, 12 months, 5 operators."""
    rng = np.random.default_rng(seed)
    homes, stations = (rng.uniform((31, 130), (45, 145), (size, 2)) for size in (MUNICIPALITIES, STATIONS))
    far = np.hypot(*(homes[:, None, k] - stations[None, :, k] for k in range(2)))
    order = rng.permutation(STATIONS)
    tree = [(int(order[k]), int(order[rng.integers(0, k)])) for k in range(1, STATIONS)]
    lines = tree + [tuple(rng.choice(STATIONS, 2, replace=False).tolist()) for _ in range(MORE_LINES)]
    buses = [
        _link(f"bus{k:04}", f"r{k:04}", f"s{far[k].argmin():03}", "bus", 30, 500)
        for k in range(MUNICIPALITIES)
    ]
    rails = [
        {
            **_link(f"line{k:03}", f"s{a:03}", f"s{b:03}", "rail", 60, 3000),
            "seats": int(rng.integers(300, 3000)),
            "seat_cost_yen": 1000,
            "operator_id": f"o{k % 5}",
        }
        for k, (a, b) in enumerate(lines)
    ]
    return Instance(
        regions=[_spot({"region_id": f"r{k:04}", "name": "town"}, homes[k]) for k in range(MUNICIPALITIES)],  # type: ignore[arg-type]
        places=[  # type: ignore[arg-type]
            _spot(
                {"place_id": f"s{k:03}", "region_id": f"r{far[:, k].argmin():04}", "kind": "station"},
                stations[k],
            )
            for k in range(STATIONS)
        ],
        periods=[_month(k) for k in range(1, 13)],  # type: ignore[arg-type]
        operators=[{"operator_id": f"o{k}"} for k in range(5)],  # type: ignore[arg-type]
        links=[*buses, *rails],  # type: ignore[arg-type]
    )


def national_trips(count: int, seed: int = 0) -> tuple[ServiceNetwork, Trips]:
    """The network, and trips between random municipalities in random months."""
    network, rng = service_network(national_services(seed), houses=[]), np.random.default_rng(seed)
    ends = [[f"r{k:04}" for k in rng.integers(0, MUNICIPALITIES, count).tolist()] for _ in range(2)]
    months = [f"2026-{k:02}" for k in rng.integers(1, 13, count).tolist()]
    return network, round_trips(network, *ends, out_period=months)


def _link(link_id: str, start: str, end: str, mode: str, minutes: int, fare_yen: int) -> Row:
    return {
        "link_id": link_id,
        "from_id": start,
        "to_id": end,
        "mode": mode,
        "minutes": minutes,
        "fare_yen": fare_yen,
    }


def _spot(row: Row, position: Any) -> Row:
    return {**row, "lat": float(position[0]), "lon": float(position[1])}


def _month(number: int) -> Row:
    first = date(2026, number, 1)
    return {"period_id": f"2026-{number:02}", "starts_on": first, "ends_on": first + timedelta(days=27)}
