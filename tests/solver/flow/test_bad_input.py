"""What cannot be used is refused, with the place and the remedy."""

from typing import Any

import numpy as np
import pytest

from nichiiki.flow import Network, min_cost_flow, multicommodity_flow
from nichiiki_models.errors import MarketError, UsageError
from nichiiki_solver.flow.columns import MOST

GOOD: dict[str, Any] = {
    "tail": [0, 1],
    "head": [1, 2],
    "capacity": [3, 3],
    "cost": [1, 2],
    "supply": [2, 0, -2],
}
SHARED: dict[str, Any] = {
    "tail": [0, 1],
    "head": [1, 2],
    "capacity": [3, 3],
    "cost": [1, 2],
    "origin": [0, 1],
    "destination": [2, 2],
    "demand": [1, 1],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"capacity": [3, -1]}, r"capacity: arc 1 has -1; give 0 or more"),
        ({"head": [1, 3]}, r"head: arc 1 names node 3; nodes are 0 … 2: give each node a supply"),
        ({"tail": [-1, 1]}, r"tail: arc 0 names node -1"),
        ({"tail": [0, 1], "supply": []}, r"tail: arc 0 names node 0; there is no node"),
        ({"supply": [2, 0, -1]}, r"supply: the 3 nodes sum to 1, not 0; add a node with supply -1"),
        ({"cost": [1]}, r"cost: 1 values for the 2 arcs of tail; give one value an arc"),
        ({"head": [1]}, r"head: 1 values for the 2 arcs of tail"),
        ({"cost": [1.0, 2.5]}, r"cost: whole numbers of 64 bits are needed, got float64; scale and round"),
        ({"cost": ["a", "b"]}, r"cost: whole numbers"),
        ({"cost": [True, False]}, r"cost: whole numbers of 64 bits are needed, got bool"),
        ({"cost": [[1, 2]]}, r"cost: one flat column is needed, got 2 dimensions"),
        ({"cost": [2**70, 1]}, r"cost: whole numbers of 64 bits are needed, got object"),
        ({"capacity": np.array([3, 2**63], dtype=np.uint64)}, r"capacity: entry 1 does not fit into 64 bits"),
        ({"cost": [1, 2**60]}, r"cost: arc 1 has 1152921504606846976; with 3 nodes at most"),
        ({"cost": [1, -(2**63)]}, r"cost: arc 1 has -9223372036854775808"),
        ({"supply": [2**62, 0, -(2**62)]}, r"supply: node 0 has 4611686018427387904; at most"),
        ({"supply": [MOST, 0, -MOST]}, r"supply: all supplies and demands together pass"),
        ({"cost": [-1, 2], "capacity": [2**62, 3]}, r"arc 0 has a negative cost .* give it a true capacity"),
    ],
)
def test_a_bad_network_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MarketError, match=message):
        min_cost_flow(**{**GOOD, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost": {7: 1}}, r"cost: there is no arc 7; arcs are 0 … 1"),
        ({"supply": {3: 1}}, r"supply: there is no node 3"),
        ({"supply": {0: 3}}, r"sum to 1, not 0"),
        ({"cost": [1, 2, 3]}, r"cost: 3 values for 2 arcs"),
        ({"capacity": {0: 1.5}}, r"capacity: whole numbers"),
    ],
)
def test_a_bad_change_is_refused(change: dict[str, Any], message: str) -> None:
    network = Network(**GOOD)
    with pytest.raises(MarketError, match=message):
        network.resolve(**change)
    assert network.resolve().cost == 6


def test_labels_are_counted() -> None:
    with pytest.raises(MarketError, match="node_labels: 1 names for 3"):
        Network(**GOOD, node_labels=["a"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"demand": [1, -1]}, r"demand: OD pair 1 has -1; give 0 or more \(swap origin and destination\)"),
        ({"cost": [1, -2]}, r"cost: arc 1 has -2"),
        ({"capacity": [1, -2]}, r"capacity: arc 1 has -2"),
        ({"origin": [0]}, r"destination: 2 values for the 1 OD pairs of origin"),
        ({"capacity": [3]}, r"capacity: 1 values for the 2 arcs of tail"),
        ({"nodes": 2}, r"head: arc 1 names node 2"),
        ({"nodes": 3, "destination": [2, 5]}, r"destination: OD pair 1 names node 5"),
        ({"demand": [2**53, 1]}, r"demand: all demands together reach"),
        ({"penalty": -1}, r"penalty: a number from 0"),
        ({"seat": [0]}, r"seat: 1 values for the 2 arcs of tail"),
        ({"seat": [0, 2]}, r"seat: arc 1 names row 2; capacity has rows 0 … 1"),
        ({"back": ([0], [1])}, r"back_origin: 1 values for the 2 OD pairs of origin"),
        ({"nodes": 3, "back": ([0, 7], [1, 1])}, r"back_origin: OD pair 1 names node 7"),
    ],
)
def test_bad_demands_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MarketError, match=message):
        multicommodity_flow(**{**SHARED, **change})


def test_a_time_limit_is_positive() -> None:
    with pytest.raises(UsageError, match="time_limit_s"):
        multicommodity_flow(**SHARED, time_limit_s=0)
