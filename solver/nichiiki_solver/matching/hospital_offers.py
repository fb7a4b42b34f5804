"""Super-stable and strongly stable matchings as hospitals like them best: hospitals offer, residents cut their lists.

Every hospital offers its places to its list from the top as far as they reach, the last tie as a whole. A resident cuts
off what it likes less than its worst offers at hand, which then are one tie of its own, its *last tie*. The rest removes pairs
that no stable matching has, and begins anew:

`super`
    A resident with two offers drops its last tie.
`strong`
    An offer is *firm* if the hospital cannot be full with others it likes as well. A resident with one firm offer takes
    no other one of the tie, and one with two firm offers drops the tie. Among the rest, where all candidates of a hospital
    are tied, the smallest set of hospitals that lacks most residents is found by a maximum flow: a resident
    of its neighbourhood can stay with its last tie only if it hangs on one hospital of the set alone, and drops it
    otherwise. Some resident does, for else each hospital of the set would have enough.

At the end every resident that was ever offered a place has one in every stable matching, and the hospitals have no more
places filled there than here. So if a pair still blocks, or a resident is left out, nothing is stable.

References
----------
R. W. Irving, D. F. Manlove, S. Scott (2000). The hospitals/residents problem with ties. SWAT 2000.
R. W. Irving, D. F. Manlove, S. Scott (2003). Strong stability in the hospitals/residents problem. STACS 2003 (residents
apply there; the side of the hospitals with firm offers is our own, and tested against enumeration).
"""

from __future__ import annotations

import numpy as np

from nichiiki_solver.matching.assigning import fill, reached
from nichiiki_solver.matching.market import TwoSided
from nichiiki_solver.ragged import Bools, Ints, offsets_of

LAST = np.iinfo(np.int64).max


def super_for_hospitals(market: TwoSided) -> Bools:
    """Mark the pairs of the hospital-optimal super-stable matching, if there is one."""
    lists = _Lists(market)
    while True:
        offers = lists.offers()
        torn = np.bincount(market.left[offers], minlength=market.n_left) > 1
        if not lists.drop(np.flatnonzero(torn)):
            return lists.mask(offers)


def strong_for_hospitals(market: TwoSided) -> Bools:
    """Mark the pairs of the hospital-optimal strongly stable matching, if there is one."""
    lists = _Lists(market)
    while True:
        offers = lists.offers()
        firm = offers[lists.firm(offers)]
        n_firm = np.bincount(market.left[firm], minlength=market.n_left)
        if lists.drop(np.flatnonzero(n_firm > 1)) or lists.reserve(firm):
            continue
        loose = offers[n_firm[market.left[offers]] == 0]
        quota = market.right_capacity - np.bincount(market.right[firm], minlength=market.n_right)
        chosen = fill(market, loose, quota)
        if not lists.drop(_torn(market, loose, quota, chosen)):
            return lists.mask(np.concatenate([firm, loose[chosen]]))


def _torn(market: TwoSided, pairs: Ints, quota: Ints, chosen: Bools) -> Ints:
    """Residents that hang on several hospitals of the smallest set that lacks most residents."""
    left, right = market.left[pairs], market.right[pairs]
    asking = np.unique(right)
    filled = np.bincount(right[chosen], minlength=market.n_right)
    lacking = asking[filled[asking] < quota[asking]]
    node = market.n_left + right
    start, end = np.where(chosen, left, node), np.where(chosen, node, left)
    inside = reached(market.n_left + lacking, start, end, market.n_left + market.n_right)[market.n_left :]
    return np.flatnonzero(np.bincount(left[inside[right]], minlength=market.n_left) > 1)


class _Lists:
    """What is left of the lists: residents cut theirs from the end; single pairs may be reserved, so that no place is kept for them.

    Attributes
    ----------
    alive
        Pairs in the order of the hospitals' lists, without what residents have cut off.
    open
        Of each pair, whether the hospital counts on it.
    """

    def __init__(self, market: TwoSided) -> None:
        self.market = market
        self.worst = np.full(market.n_left, LAST, dtype=np.int64)
        self.open = np.ones(market.n_pairs, dtype=bool)
        self.alive = market.by_right[market.right_capacity[market.right[market.by_right]] > 0]

    def offers(self) -> Ints:
        """Offer places as far as they reach, and cut lists below the best offer, until nobody cuts."""
        while True:
            self.alive = self.alive[self._kept(self.alive)]
            offers = self._offers()
            best = self.worst.copy()
            np.minimum.at(best, self.market.left[offers], self.market.left_rank[offers])
            if (best == self.worst).all():
                return offers
            self.worst = best

    def _kept(self, pairs: Ints) -> Bools:
        return np.asarray(self.market.left_rank[pairs] <= self.worst[self.market.left[pairs]])

    def _offers(self) -> Ints:
        market = self.market
        counted = self.alive[self.open[self.alive]]
        count = np.bincount(market.right[counted], minlength=market.n_right)
        self.tail = np.full(market.n_right, LAST, dtype=np.int64)
        full = np.flatnonzero((count >= market.right_capacity) & (count > 0))
        self.tail[full] = market.right_rank[
            counted[offsets_of(count)[full] + market.right_capacity[full] - 1]
        ]
        within = market.right_rank[counted] <= self.tail[market.right[counted]]
        self.within = np.bincount(market.right[counted[within]], minlength=market.n_right)
        return np.asarray(self.alive[market.right_rank[self.alive] <= self.tail[market.right[self.alive]]])

    def firm(self, offers: Ints) -> Bools:
        """Mark offers of hospitals that cannot be full with others they like as well."""
        market, hospital = self.market, self.market.right[offers]
        others = self.within[hospital] - self.open[offers]
        above = market.right_rank[offers] < self.tail[hospital]
        return np.asarray(above | (others < market.right_capacity[hospital]))

    def reserve(self, firm: Ints) -> bool:
        """Let residents with a firm offer take no other one of the same tie; say whether that is news."""
        market = self.market
        taken = np.full(market.n_left, -1, dtype=np.int64)
        taken[market.left[firm]] = firm
        tied = self.market.left_rank[self.alive] == self.worst[market.left[self.alive]]
        mine = taken[market.left[self.alive]]
        others = self.alive[tied & (mine >= 0) & (mine != self.alive) & self.open[self.alive]]
        self.open[others] = False
        return len(others) > 0

    def drop(self, residents: Ints) -> bool:
        """Let residents cut off their last ties; say whether there were any."""
        self.worst[residents] -= 1
        return len(residents) > 0

    def mask(self, pairs: Ints) -> Bools:
        """Mark pairs."""
        mask = np.zeros(self.market.n_pairs, dtype=bool)
        mask[pairs] = True
        return mask
