"""Lotteries that keep as large a part of promised chances as can be kept: for large markets, and where little decomposes.

A lottery over feasible choices with chances y keeps the part μ of promised chances x if y ≥ μ · x for every option. The largest μ
is a linear program over all feasible choices:

    max μ   s.t.   Σ_k w_k [o in choice k] ≥ μ · x(o) for each promised option o,   Σ w = 1,   w ≥ 0

Its dual asks for prices π ≥ 0 with π · x = 1 under which the dearest feasible choice costs least, and that choice is one
exact search; so choices are generated until none is dear enough, or time is up. In packing markets μ is at least one over the
integrality gap (Carr and Vempala 2002; Lavi and Swamy 2011). Weights come out of a floating-point program and are rounded
to whole numbers; what is reported of the lottery is worked out from these, and the bound on μ is summed in whole
numbers from rounded prices, so that both are exact.

References
----------
Carr and Vempala (2002), Randomized metarounding, Random Structures and Algorithms 20. Lavi and Swamy (2011), Truthful and
near-optimal mechanism design via linear programming, Journal of the ACM 58.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

from nichiiki_solver import cp_sat
from nichiiki_solver.lotteries.lottery import ONE, ZERO, Lottery, promises
from nichiiki_solver.lotteries.opened import Choosing, Opened
from nichiiki_solver.market import Market
from nichiiki_solver.ragged import Ints

WEIGHT = 1 << 40
"""Weights of choices are whole multiples of one part in so many."""
PRICE = 1 << 20
"""Sum of the prices that a search gets, about."""
ORDERS = 300
"""Orders in which agents choose among promised options for a first set of choices."""
SEARCH_S = 5.0
"""Longest search for one more choice."""
ENOUGH = 1e-6
"""How close μ and its bound must be to end."""


def cover_shares(
    market: Market,
    shares: Sequence[Fraction],
    should_stop: Callable[[], bool] = lambda: False,
    workers: int = 1,
) -> Lottery | None:
    """Return a lottery over feasible choices that keeps a large part of promised chances.

    Parameters
    ----------
    market
        All of its options listed; only promised options and gates are chosen.
    shares
        Chance of each option.
    should_stop
        Asked between searches; True ends with what was found.
    workers
        Processor cores of a search.

    Returns
    -------
    Lottery or None
        `kept` is the part kept and `kept_bound` what no lottery can pass; promised options that no feasible choice of
        promised options has are `impossible`, and left out of both. None if nothing promised is possible.
    """
    cover = _Cover(market, shares, should_stop, workers)
    cover.start()
    return cover.lottery() if cover.choices and len(cover.rows) else None


class _Cover:
    """Choices found so far, and the program that mixes them."""

    def __init__(
        self, market: Market, shares: Sequence[Fraction], should_stop: Callable[[], bool], workers: int
    ) -> None:
        self.market, self.should_stop, self.workers = market, should_stop, workers
        self.promised = promises(market, shares)
        mine = np.array([share > 0 for share in shares], dtype=bool) & ~market.gate[market.agent]
        self.rows = np.flatnonzero(mine)
        self.kept = np.flatnonzero(mine | market.gate[market.agent])
        self.searched = market.take(self.kept)
        self.impossible: list[int] = []
        self.choices: list[Ints] = []
        self.known: set[bytes] = set()
        self.bound = ONE
        self.part = 0.0

    @property
    def x(self) -> Ints:
        """Promised chance of each row."""
        return np.array([float(self.promised[o]) for o in self.rows])

    def start(self) -> None:
        """Choose in some orders, then search for each promised option that is in no choice yet."""
        opened = Opened.of(self.market)
        if opened is not None:
            self._choose(Choosing(opened), opened)
        missing = self._missing()
        while len(missing) and not self.should_stop():
            gains = np.zeros(self.market.n_options, dtype=np.int64)
            gains[missing] = 1
            gains[missing[0]] = len(missing)
            found = self._search(gains)
            if found is None or missing[0] not in found[0]:
                self.impossible.append(int(missing[0]))
                self.rows = self.rows[self.rows != missing[0]]
            if found is not None:
                self._add(found[0])
            missing = self._missing()

    def _missing(self) -> Ints:
        covered = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *self.choices]))
        return self.rows[~np.isin(self.rows, covered)]

    def _choose(self, choosing: Choosing, opened: Opened) -> None:
        """Let agents choose among promised options in random orders, each option first in proportion to its chance."""
        rng = np.random.default_rng(0)
        place = {int(option): k for k, option in enumerate(opened.options)}
        lists: dict[int, list[int]] = {}
        for option in self.rows.tolist():
            lists.setdefault(int(self.market.agent[option]), []).append(place[option])
        chance = {place[o]: float(self.promised[o]) for o in self.rows.tolist()}
        for _ in range(ORDERS):
            if self.should_stop():
                return
            turns = [
                (a, sorted(lists[a], key=lambda o: rng.exponential() / chance[o]))
                for a in rng.permutation(list(lists)).tolist()
            ]
            self._add(choosing.run(turns))

    def _add(self, choice: Ints) -> bool:
        """Keep a choice; say whether it is new."""
        name = choice.tobytes()
        if name in self.known:
            return False
        self.known.add(name)
        self.choices.append(choice)
        return True

    def _search(self, gains: Ints, hint: Ints | None = None) -> tuple[Ints, int] | None:
        """Find a choice worth much, and a bound on what any one is worth; confirm that there is none without presolve."""
        place = np.full(self.market.n_options + 1, -1, dtype=np.int64)
        place[self.kept] = np.arange(len(self.kept))
        for presolve in (True, False):
            answer = cp_sat.solve_level(
                self.searched,
                gains[self.kept],
                hint=None if hint is None else place[hint],
                workers=self.workers,
                time_limit_s=SEARCH_S,
                presolve=presolve,
                should_stop=self.should_stop,
            )
            if answer.choice is not None and answer.bound is not None:
                return np.asarray(np.append(self.kept, -1)[answer.choice]), answer.bound
            if not answer.infeasible:
                break
        return None

    def _matrix(self) -> csr_array:
        """Rows × choices: which promised options each choice has."""
        row = np.full(self.market.n_options + 1, -1, dtype=np.int64)
        row[self.rows] = np.arange(len(self.rows))
        places = row[np.array(self.choices)]
        column, agent = np.nonzero(places >= 0)
        return csr_array(
            (np.ones(len(column)), (places[column, agent], column)), shape=(len(self.rows), len(self.choices))
        )

    def _mix(self) -> tuple[Any, Any]:
        """Solve the program over the choices found: their weights, and the prices of the rows."""
        x = self.x
        left = hstack([-self._matrix(), csr_array(x[:, None])]).tocsr()
        cost = np.append(np.zeros(len(self.choices)), -1.0)
        total = csr_array(np.append(np.ones(len(self.choices)), 0.0)[None, :])
        result: Any = linprog(  # type: ignore[call-overload]  # the stubs know no sparse arrays
            cost, A_ub=left, b_ub=np.zeros(len(x)), A_eq=total, b_eq=[1.0], bounds=(0, None), method="highs"
        )
        if result.status != 0:
            raise RuntimeError(f"the linear program ended with {result.message}")
        self.part = float(result.x[-1])
        return result.x[:-1], np.maximum(-result.ineqlin.marginals, 0.0)

    def lottery(self) -> Lottery:
        """Generate choices until none helps or time is up, and turn the best mixture into a lottery."""
        weights, prices = self._mix()
        while not self.should_stop() and self._extend(weights, prices):
            weights, prices = self._mix()
        whole = self._whole(weights)
        parts = ((Fraction(w), choice) for w, choice in zip(whole.tolist(), self.choices, strict=True))
        found = Lottery.of(
            self.market.n_options, parts, promised=self.promised, impossible=tuple(self.impossible)
        )
        return found.with_shares(self.market, kept_bound=self.bound)

    def _whole(self, weights: Any) -> Ints:
        """Weights in whole numbers, raised where rounding or the program's tolerance has lost a small promise."""
        whole: Ints = np.maximum(np.rint(np.asarray(weights) * WEIGHT), 0).astype(np.int64)
        matrix = self._matrix().astype(np.int64)
        by_choice, needed = matrix.tocsc(), np.ceil(self.part * self.x * WEIGHT).astype(np.int64)
        given = np.asarray(matrix @ whole)
        for row in np.flatnonzero(given < needed).tolist():
            lacking = int(needed[row] - given[row])
            if lacking > 0:  # an earlier row may have raised this one, too
                choice = int(matrix.indices[matrix.indptr[row]])
                whole[choice] += lacking
                given[by_choice.indices[by_choice.indptr[choice] : by_choice.indptr[choice + 1]]] += lacking
        return whole

    def _extend(self, weights: Any, prices: Any) -> bool:
        """Add the dearest choice at the prices; say whether there was a new one that helps."""
        gains = np.zeros(self.market.n_options, dtype=np.int64)
        gains[self.rows] = np.rint(prices * (PRICE / max(prices.sum(), 1e-300))).astype(np.int64)
        promised = sum((int(gains[o]) * self.promised[o] for o in self.rows.tolist()), ZERO)
        found = self._search(gains, self.choices[int(np.argmax(weights))])
        if found is None or not promised:
            return False
        self.bound = min(self.bound, found[1] / promised)
        value = int(gains[found[0][found[0] >= 0]].sum())
        floor = max(
            int(gains[c[c >= 0]].sum()) for c, w in zip(self.choices, weights, strict=True) if w > ENOUGH
        )
        return value > floor * (1 + ENOUGH) and self._add(found[0])
