"""Pairs that no weakly stable matching uses, found before a search.

Hospitals offer: a resident inside the ties that fit into a hospital's places gets that hospital or one it likes as well, so
that worse ones go. Residents apply: a hospital that is the only best one of enough residents takes none below them.

References
----------
R. W. Irving, D. F. Manlove (2009). Finding large stable matchings. ACM Journal of Experimental Algorithmics 14.
M. Delorme, S. García, J. Gondzio, J. Kalcsics, D. Manlove, W. Pettersson (2019). Mathematical models for stable matching problems
with ties and incomplete lists. European Journal of Operational Research 277.
"""

from __future__ import annotations

import numpy as np

from nichiiki_solver.matching.market import TwoSided
from nichiiki_solver.ragged import Bools, Ints

LAST = np.iinfo(np.int64).max


def possible_pairs(market: TwoSided) -> Bools:
    """Mark the pairs that stay when both rules have nothing more to remove; the weakly stable matchings stay the same.

    Parameters
    ----------
    market
        Each left agent takes at most one partner.
    """
    alive = (market.right_capacity[market.right] > 0) & (market.left_capacity[market.left] > 0)
    while True:
        before = int(alive.sum())
        alive &= _offers(market, alive)
        alive &= _applications(market, alive)
        if int(alive.sum()) == before:
            return alive


def _offers(market: TwoSided, alive: Bools) -> Bools:
    """Mark what is not worse for the resident than a hospital sure to take it."""
    pairs = market.by_right[alive[market.by_right]]
    hospital, rank = market.right[pairs], market.right_rank[pairs]
    first = np.searchsorted(hospital, np.arange(market.n_right))
    inside = _upto_tie_end(hospital, rank) - first[hospital] <= market.right_capacity[hospital]
    best = np.full(market.n_left, LAST)
    np.minimum.at(best, market.left[pairs[inside]], market.left_rank[pairs[inside]])
    return np.asarray(market.left_rank <= best[market.left])


def _upto_tie_end(hospital: Ints, rank: Ints) -> Ints:
    """Position behind the tie of each entry."""
    last = np.ones(len(rank), dtype=bool)
    last[:-1] = (hospital[1:] != hospital[:-1]) | (rank[1:] != rank[:-1])
    ends = np.flatnonzero(last) + 1
    return ends[np.searchsorted(ends, np.arange(len(rank)), side="right")]


def _applications(market: TwoSided, alive: Bools) -> Bools:
    """Mark what is not worse for the hospital than as many sure applicants as it has places."""
    best = np.full(market.n_left, LAST)
    np.minimum.at(best, market.left[alive], market.left_rank[alive])
    top = np.flatnonzero(alive & (market.left_rank == best[market.left]))
    single = top[np.bincount(market.left[top], minlength=market.n_left)[market.left[top]] == 1]
    single = single[np.argsort(market.right_position[single])]
    hospital = market.right[single]
    place = np.arange(len(single)) - np.searchsorted(hospital, np.arange(market.n_right))[hospital] + 1
    last = single[place == market.right_capacity[hospital]]
    limit = np.full(market.n_right, LAST)
    limit[market.right[last]] = market.right_rank[last]
    return np.asarray(market.right_rank <= limit[market.right])
