"""The path search of the check against an independent slow twin: Dijkstra with tuples as labels."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nichiiki_small import small_world
from nichiiki_solver.verify.arrays import FAR
from nichiiki_solver.verify.calendar import Calendar
from nichiiki_solver.verify.geo import distance_m
from nichiiki_solver.verify.paths import best_ways

Arc = tuple[int, int, tuple[int, int, int]]


def slow_ways(arcs: list[Arc], source: int) -> dict[int, tuple[int, int, int]]:
    """Best label of every point that can be reached, by Dijkstra over tuples."""
    best: dict[int, tuple[int, int, int]] = {}
    waiting = [((0, 0, 0), source)]
    while waiting:
        label, point = heapq.heappop(waiting)
        if point in best:
            continue
        best[point] = label
        for tail, head, weight in arcs:
            if tail == point and head not in best:
                heapq.heappush(
                    waiting, ((label[0] + weight[0], label[1] + weight[1], label[2] + weight[2]), head)
                )
    return best


@st.composite
def networks(draw: st.DrawFn) -> tuple[int, list[Arc]]:
    """Networks with many equal labels, zero weights, loops and double arcs."""
    points = draw(st.integers(1, 8))
    point = st.integers(0, points - 1)
    weight = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
    return points, draw(st.lists(st.tuples(point, point, weight), max_size=25))


@given(networks())
def test_best_ways_are_those_of_dijkstra(network: tuple[int, list[Arc]]) -> None:
    points, arcs = network
    tail, head = (np.array([arc[end] for arc in arcs], dtype=np.int64) for end in (0, 1))
    keys = [np.array([arc[2][key] for arc in arcs], dtype=np.int64) for key in range(3)]
    sources = np.arange(points)
    found = best_ways(tail, head, keys, sources, points)
    for source in range(points):
        expected = slow_ways(arcs, source)
        for point in range(points):
            label = tuple(int(key[point, source]) for key in found)
            assert label == expected.get(point, (FAR, FAR, FAR))


@pytest.mark.parametrize(
    ("here", "there"),
    [((34.0, 134.0), (34.005, 134.0)), ((35.68, 139.76), (34.7, 135.49)), ((24.3, 123.9), (45.4, 141.7))],
)
def test_distance(here: tuple[float, float], there: tuple[float, float]) -> None:
    """The distance is the angle between the two positions as vectors, times the radius, to the metre."""

    def vector(lat: float, lon: float) -> np.ndarray:
        lat, lon = np.radians(lat), np.radians(lon)
        return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])

    first, second = vector(*here), vector(*there)
    angle = np.arctan2(np.linalg.norm(np.cross(first, second)), first @ second)
    found = distance_m(*(np.array([number]) for number in (*here, *there)))
    assert found.tolist() == [round(6_371_008.8 * float(angle))]


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=5), st.integers(0, 4))
def test_gaps_are_those_of_a_plain_loop(sets: list[list[bool]], gap: int) -> None:
    calendar = Calendar(small_world().instance().periods)
    held = np.array(sets).T
    kept = calendar.with_gaps(held, np.full(len(sets), gap))
    for number, periods in enumerate(sets):
        slow = {at + step for at, is_held in enumerate(periods) if is_held for step in range(gap + 1)}
        expected = {at for at, is_held in enumerate(periods) if is_held}
        for at in expected.copy():
            if at + 1 >= 6 or not periods[at + 1]:
                expected |= {at + step for step in range(gap + 1) if at + step < 6}
        assert set(np.flatnonzero(kept[:, number]).tolist()) == expected <= slow
