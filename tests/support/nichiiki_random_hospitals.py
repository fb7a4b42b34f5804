"""Random hospitals/residents markets of any size, as flat arrays: the same seed gives the same market."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flat = tuple[Ints, ...]


def random_hospitals(
    n: int, m: int, *, choices: int = 10, seed: int = 0, tie: float = 0.0
) -> tuple[Flat, Flat, Ints]:
    """Residents each list different hospitals, popular ones more often; all places together suffice for all.

    Hospital k is drawn with a weight that falls evenly from 2 to 0.2. Hospitals join each resident to the tie before it
    with the probability `tie`.
    """
    rng = np.random.default_rng(seed)
    share = np.cumsum(np.linspace(2, 0.2, m))
    wishes = np.searchsorted(share, rng.random((n, choices)) * share[-1]).astype(np.int64)
    while len(again := np.flatnonzero(_repeats(wishes))):
        wishes[again] = np.searchsorted(share, rng.random((len(again), choices)) * share[-1])
    ids = wishes.reshape(-1)
    order = np.lexsort((rng.random(len(ids)), ids))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=m))])
    listed: Flat = (offsets, order // choices)
    if tie:
        listed = (*listed, np.cumsum(rng.random(len(ids)) >= tie))
    return (np.arange(n + 1) * choices, ids), listed, np.full(m, -(-n // m))


def _repeats(wishes: Ints) -> npt.NDArray[np.bool_]:
    ordered = np.sort(wishes, axis=1)
    return np.asarray((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))


def as_lists(flat: Flat) -> list[list[Any]]:
    """Return the rows of strict flat lists."""
    return [row.tolist() for row in np.split(flat[1], flat[0][1:-1])]
