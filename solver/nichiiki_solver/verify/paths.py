"""Lexicographically best ways from many sources at once, by relaxing every arc until nothing changes.

The best ways by the first key are exactly the ways made of tight arcs; the second key is then minimised over
tight arcs alone, and so on. Only sums of one key occur, so nothing overflows.
"""

from __future__ import annotations

import numpy as np

from nichiiki_models.columns import Array
from nichiiki_solver.verify.arrays import FAR

FASTEST, CHEAPEST = (0, 1, 2), (1, 0, 2)
"""Keys of a way (minutes, fare, part per vehicle) in the order in which two ways are compared."""


def best_ways(tail: Array, head: Array, keys: list[Array], sources: Array, points: int) -> list[Array]:
    """Return the lexicographically lowest sums of keys over all ways from each source to each point.

    Parameters
    ----------
    tail, head
        Ends of the arcs.
    keys
        Weights of the arcs, not negative, most important first.
    sources
        Point at which each search starts.
    points
        Number of points.

    Returns
    -------
    list of arrays
        One for each key, int64 of shape (points, sources); `FAR` where there is no way.
    """
    order = np.argsort(head, kind="stable")
    tail, head = tail[order], head[order]
    tight = np.ones((len(tail), len(sources)), dtype=bool)
    labels = []
    for key in keys:
        weight = key[order][:, None]
        label = _shortest(tail, head, weight, tight, sources, points)
        labels.append(label)
        tight &= (label[tail] < FAR) & (label[tail] + weight == label[head])
    return labels


def _shortest(tail: Array, head: Array, weight: Array, usable: Array, sources: Array, points: int) -> Array:
    label = np.full((points, len(sources)), FAR, dtype=np.int64)
    label[sources, np.arange(len(sources))] = 0
    if len(tail) == 0:
        return label
    heads, starts = np.unique(head, return_index=True)
    while True:
        reached = np.where(usable, label[tail] + weight, FAR)
        better = np.minimum(label[heads], np.minimum.reduceat(reached, starts, axis=0))
        if np.array_equal(better, label[heads]):
            return label
        label[heads] = better
