"""Small random services, and the best ways on them by networkx."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import networkx as nx
import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.transport.network import ServiceNetwork

Row = dict[str, Any]
MODES = ("rail", "air", "bus", "ferry", "car", "taxi")


def random_services(seed: int) -> Instance:
    """Up to 4 regions, 4 places, 3 months, 3 operators, 2 houses and 14 links of every kind, parallel ones among them."""
    rng = np.random.default_rng(seed)
    regions = [
        {"region_id": f"r{k}", "name": f"r{k}", "lat": 35.0 + k, "lon": 138.0}
        for k in range(rng.integers(2, 5))
    ]
    kinds = ("station", "airport", "port", "bus_stop", "shop")
    places = [
        {
            "place_id": f"s{k}",
            "region_id": f"r{rng.integers(len(regions))}",
            "kind": str(rng.choice(kinds)),
            "lat": 35.0 + k / 100,
            "lon": 138.0,
        }
        for k in range(rng.integers(0, 5))
    ]
    houses = [_house(rng, k, regions) for k in range(rng.integers(0, 3))]
    periods = [_month(k) for k in range(rng.integers(1, 4))]
    ends = [str(row["region_id"]) for row in regions] + [str(row["place_id"]) for row in places]
    ends += [str(row["house_id"]) for row in houses]
    links = [_link(rng, k, ends, periods) for k in range(rng.integers(1, 15))]
    return Instance(
        regions=regions,  # type: ignore[arg-type]
        places=places,  # type: ignore[arg-type]
        houses=houses,  # type: ignore[arg-type]
        periods=periods,  # type: ignore[arg-type]
        operators=[{"operator_id": f"o{k}"} for k in range(3)],  # type: ignore[arg-type]
        links=[link for link in links if link["from_id"] != link["to_id"]],  # type: ignore[arg-type]
    )


def _house(rng: np.random.Generator, number: int, regions: list[Row]) -> Row:
    region = regions[rng.integers(len(regions))]
    return {
        "house_id": f"h{number}",
        "region_id": region["region_id"],
        "lat": region["lat"] + int(rng.integers(1, 9)) / 1000,
        "lon": 138.0,
        "capacity_persons": 4,
        "rent_yen": 30_000,
    }


def _month(number: int) -> Row:
    first = date(2027, 4, 1) + timedelta(days=30 * number)
    return {"period_id": f"m{number}", "starts_on": first, "ends_on": first + timedelta(days=29)}


def _link(rng: np.random.Generator, number: int, ends: list[str], periods: list[Row]) -> Row:
    start, end = rng.choice(ends, 2).tolist()
    some = [row["period_id"] for row in periods if rng.random() < 0.6]
    return {
        "link_id": f"l{number:02}",
        "from_id": start,
        "to_id": end,
        "mode": str(rng.choice(MODES)),
        "operator_id": f"o{rng.integers(3)}" if rng.random() < 0.7 else None,
        "minutes": int(rng.integers(0, 120)),
        "fare_yen": int(rng.integers(0, 9)) * 500,
        "fare_basis": "vehicle" if rng.random() < 0.3 else "person",
        "both_ways": bool(rng.random() < 0.7),
        "seats": int(rng.integers(0, 30)) if rng.random() < 0.5 else None,
        "seat_cost_yen": int(rng.integers(0, 9)) * 100,
        "vehicles": int(rng.integers(0, 3)) if rng.random() < 0.2 else None,
        "periods": some if rng.random() < 0.4 else [],
    }


def graph_of(network: ServiceNetwork, period: int, *, car: bool, weight: Any) -> Any:
    """What runs in a period as a graph of networkx; edges are keyed by leg."""
    graph: Any = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(network.points)))
    for leg in range(len(network)):
        if network.period[leg] == period and (car or not network.needs_car[leg]):
            graph.add_edge(int(network.start[leg]), int(network.end[leg]), key=leg, weight=int(weight[leg]))
    return graph


def lightest(graph: Any, start: int, end: int) -> int | None:
    """Weight of the lightest way, None without one."""
    try:
        return int(nx.dijkstra_path_length(graph, start, end))
    except nx.NetworkXNoPath:
        return None
