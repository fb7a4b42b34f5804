"""Drawing whole columns at once: shares, lognormals, groups, lists."""

from __future__ import annotations

import numpy as np

from nichiiki_instances.generating.parameters import Lognormal, Number, Shares
from nichiiki_models.columns import Array, ListColumn

Z_90 = 1.2815515655446004
"""90 % of a standard normal lie below it."""


def draw(rng: np.random.Generator, shares: Shares, size: int) -> Array:
    """Draw values by their shares, float64, shape (size,)."""
    edges = np.cumsum(shares.shares) / np.sum(shares.shares)
    index = np.searchsorted(edges, rng.random(size), side="right")
    return np.asarray(shares.values, dtype=np.float64)[np.minimum(index, len(edges) - 1)]


def draw_int(rng: np.random.Generator, shares: Shares, size: int) -> Array:
    """Draw whole values by their shares, int64."""
    return draw(rng, shares, size).astype(np.int64)


def spread(rng: np.random.Generator, curve: Lognormal, size: int) -> Array:
    """Draw lognormal numbers, cut to their range and rounded to their step (0 = not rounded), float64."""
    sigma = np.log(curve.under_90 / curve.median) / Z_90
    values = np.clip(curve.median * np.exp(sigma * rng.standard_normal(size)), curve.low, curve.high)
    return np.asarray(np.round(values / curve.step) * curve.step if curve.step else values)


def spread_int(rng: np.random.Generator, curve: Lognormal, size: int) -> Array:
    """Draw lognormal numbers as int64."""
    return spread(rng, curve, size).astype(np.int64)


def happens(rng: np.random.Generator, share: Number, size: int) -> Array:
    """Draw a mask in which each row is true with a share."""
    return np.asarray(rng.random(size) < share.value)


def draw_in_group(rng: np.random.Generator, weights: Array, offsets: Array, groups: Array) -> Array:
    """Draw a member of each row's group by weight.

    Parameters
    ----------
    weights
        Positive weight of each member, members of a group next to each other.
    offsets
        Group g holds the members ``offsets[g]`` to ``offsets[g + 1]``, at least one.
    groups
        Group of each draw, any shape.

    Returns
    -------
    ndarray
        Index of a member, of the shape of `groups`.
    """
    heights = np.concatenate(([0.0], np.cumsum(weights)))
    low, high = heights[offsets[groups]], heights[offsets[groups + 1]]
    found = np.searchsorted(heights, low + rng.random(groups.shape) * (high - low), side="right") - 1
    return np.asarray(np.clip(found, offsets[groups], offsets[groups + 1] - 1))


def ids(prefix: str, count: int, width: int = 0) -> Array:
    """Return ids in ascending order: a prefix and a number with leading zeros."""
    if count == 0:
        return np.zeros(0, dtype="U1")
    digits = max(width, len(str(count)))
    return np.char.add(prefix, np.char.zfill(np.arange(1, count + 1).astype(f"U{digits}"), digits))


def group_offsets(groups: Array, count: int) -> Array:
    """Return where each group of an ascending group column begins, and its end."""
    return np.searchsorted(groups, np.arange(count + 1))


def lists_of(mask: Array, names: Array) -> ListColumn:
    """Build a list column: row i lists the names where ``mask[i]`` is true."""
    offsets = np.concatenate(([0], np.cumsum(mask.sum(axis=1))))
    return ListColumn(offsets, np.asarray(names)[np.nonzero(mask)[1]])


def runs_of(starts: Array, lengths: Array, names: Array) -> ListColumn:
    """Build a list column: row i lists `lengths[i]` names in a row from `starts[i]`."""
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    flat = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - starts, lengths)
    return ListColumn(offsets, np.asarray(names)[flat])


def empty_unless(mask: Array, values: Array) -> Array:
    """Return texts, empty where the mask is false."""
    return np.where(mask, values, "")


def first_of_row(table: Array) -> Array:
    """Mask of the entries of an integer table that did not stand further left in their row."""
    order = np.argsort(table, axis=1, kind="stable")
    ordered = np.take_along_axis(table, order, axis=1)
    fresh = np.ones(table.shape, dtype=bool)
    fresh[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    mask = np.empty_like(fresh)
    np.put_along_axis(mask, order, fresh, axis=1)
    return mask
