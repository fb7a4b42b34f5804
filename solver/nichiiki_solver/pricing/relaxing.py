"""What would help where no prices keep what was asked: of each limit alone the smallest change that is enough.

A limit that is a row of the market is freed and its use made as small as possible, with every other limit kept. The share of an
equity floor, its yen and the subsidy per head change what menus use; of these the best value is found by halving, for
a weaker limit never forbids what a stronger one allows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_solver.market import Market, Outcome
from nichiiki_solver.pricing.amounts import BUYERS, make_ledger
from nichiiki_solver.pricing.offers import make_offers
from nichiiki_solver.pricing.price import check_allocation
from nichiiki_solver.pricing.price_market import Priced, subsidies
from nichiiki_solver.pricing.question import Effort, Question, choice_of
from nichiiki_solver.pricing.terms import Asked
from nichiiki_solver.ragged import Ints

YEN_STEP = 500
"""Steps in which a larger payment limit is looked for."""
OTHERS = ("operator_caps", "town_caps_yen")
"""Limits that may have to go together with the subsidy."""


@dataclass(frozen=True)
class Relaxation:
    """A limit and how far it would have to give way.

    Attributes
    ----------
    limit
        Name of the argument of `price`, or ``operator_caps``, ``seats``.
    target_id
        Region, operator or link and period, where there are several.
    asked, enough
        What was asked, and the nearest value with which some prices keep everything; None: this alone is not enough.
    without
        Limits that must give way as well; its own name where others of its kind must.
    """

    limit: str
    target_id: str
    asked: int
    enough: int | None
    without: tuple[str, ...] = ()


def relaxations(
    instance: Instance, allocation: Allocation | None = None, *, effort: Effort | None = None, **asked: Any
) -> list[Relaxation]:
    """Say what would help; empty if some prices keep what is asked.

    Parameters
    ----------
    instance, allocation
        As for `price`.
    effort
        How long to search for each answer.
    asked
        Arguments of `price` that say what is asked.
    """
    wanted = Asked(**asked).check(instance)
    check_allocation(instance, allocation)
    search = _Search(Question(make_ledger(make_offers(instance, allocation), wanted)), effort or Effort())
    if search.feasible():
        return []
    found = [*search.rows(), *search.equity(), *search.per_head()]
    money = any(each.limit == "subsidy_yen" and each.enough is not None for each in found)
    return found if money else [*found, *search.subsidy_with_others()]


class _Search:
    """Answers of one question with one limit changed at a time."""

    def __init__(self, question: Question, effort: Effort) -> None:
        self.question, self.effort = question, effort

    @property
    def asked(self) -> Asked:
        """What was asked."""
        return self.question.ledger.asked

    def _solve(self, shape: Callable[[Priced], Market], **limits: Any) -> tuple[Priced, Outcome]:
        return self.question.solve(self.effort, time.perf_counter(), shape=shape, **limits)

    def feasible(self, free: Container[int] = (), **limits: Any) -> bool:
        """Whether some prices keep the limits, those rows aside: a floor as high as possible is found faster than just any one."""
        if self.asked.equity_share_percent is None:
            return self._solve(lambda built: _lifted(_anything(built), free), **limits)[1].choice is not None
        priced, outcome = self._solve(
            lambda built: _least_use(built, [_row_of(built, "equity")], free), **limits
        )
        if outcome.choice is None:
            return False
        return bool(priced.market.usage(choice_of(priced, outcome))[_row_of(priced, "equity")] <= 0)

    def _built(self) -> Priced:
        """The market as it was asked for."""
        return self._solve(lambda built: replace(_anything(built), capacity=_most(built.market)))[0]

    def rows(self) -> Iterator[Relaxation]:
        """Limits that are rows of the market: alone where that is enough, else all of a kind together."""
        priced = self._built()
        for kind in ("subsidy", "town", "operator", "seats"):
            mine = [row for row, (name, _) in enumerate(priced.rows) if name == kind]
            if not mine or not self.feasible(mine):
                yield from (self._told(priced, row, None) for row in mine if kind == "subsidy")
                continue
            alone = [row for row in mine if len(mine) == 1 or self.feasible((row,))]
            yield from (self._told(priced, row, self._least(row)) for row in alone)
            if not alone:
                yield from self._together(priced, mine)

    def _together(self, priced: Priced, rows: list[int]) -> Iterator[Relaxation]:
        """Rows of a kind none of which helps alone, with their uses as small as possible in all."""
        built, outcome = self._solve(lambda built: _least_use(built, rows, ()))
        if outcome.choice is None:
            return
        use = built.market.usage(choice_of(built, outcome))
        for row in rows:
            if use[row] > built.market.capacity[row]:
                told = self._told(priced, row, int(use[row]))
                yield replace(told, without=(told.limit,))

    def _told(self, priced: Priced, row: int, least: int | None) -> Relaxation:
        ledger, (kind, number), cap = self.question.ledger, priced.rows[row], int(priced.market.capacity[row])
        if kind == "seats":
            names = " ".join(str(part) for part in ledger.offers.network.leg_names()[number])
            return Relaxation("seats", names, cap // 1000, None if least is None else -(-least // 1000))
        if kind == "town":
            return Relaxation("town_caps_yen", ledger.towns[number][0], cap, least)
        if kind == "operator":
            name = str(ledger.offers.instance.operators["operator_id"][number])
            return Relaxation("operator_caps", name, cap, least)
        return Relaxation("subsidy_yen", "", cap, least)

    def _least(self, row: int, free: Container[int] = ()) -> int | None:
        """Least use of a row with which everything else is kept, some rows aside."""
        priced, outcome = self._solve(lambda built: _least_use(built, [row], free))
        if outcome.choice is None:
            return None
        return int(priced.market.usage(choice_of(priced, outcome))[row])

    def equity(self) -> Iterator[Relaxation]:
        """A smaller share of riders, or a larger payment."""
        share, yen = self.asked.equity_share_percent, self.asked.equity_yen
        if share is None or yen is None:
            return
        less = _largest(lambda percent: self.feasible(equity_share_percent=percent), 0, share - 1)
        yield Relaxation("equity_share_percent", "", share, less)
        steps = _largest(lambda down: self._pays(yen - down * YEN_STEP), -self._steps(yen), -1)
        yield Relaxation("equity_yen", "", yen, None if steps is None else yen - steps * YEN_STEP)

    def _steps(self, yen: int) -> int:
        """Steps up to the largest payment that anybody makes."""
        ledger = self.question.ledger
        payers = np.maximum(ledger.offers.classes.payers, 1)
        most = int((ledger.base.paid_yen[:, 0] * 1000 // payers).max(initial=0))
        return max(1, -(-(most - yen) // YEN_STEP) + 1)

    def _pays(self, yen: int) -> bool:
        ledger = self.question.ledger
        wider = replace(ledger, asked=replace(ledger.asked, equity_yen=yen))
        return _Search(Question(wider), self.effort).feasible()

    def per_head(self) -> Iterator[Relaxation]:
        """A larger subsidy per head."""
        cap = self.asked.subsidy_per_head_yen
        if cap is None:
            return
        heads = [
            -(-subsidies(menus) * 1000 // np.maximum(menus.sums[:, BUYERS], 1))
            for menus in self.question.menus
        ]
        most = max(int(each.max(initial=0)) for each in heads)
        more = _largest(lambda down: self.feasible(subsidy_per_head_yen=-down), -most, -cap - 1)
        yield Relaxation("subsidy_per_head_yen", "", cap, None if more is None else -more)

    def subsidy_with_others(self) -> Iterator[Relaxation]:
        """The least subsidy if the caps of operators and towns are lifted."""
        priced = self._built()
        others = [row for row, (kind, _) in enumerate(priced.rows) if kind in ("operator", "town")]
        if self.asked.subsidy_yen is not None and others:
            row = _row_of(priced, "subsidy")
            least = self._least(row, others) if self.feasible((row, *others)) else None
            yield replace(self._told(priced, row, least), without=OTHERS)


def _largest(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """The largest value of a range for which something holds that then holds below it too; None if it never does."""
    if high < low or not holds(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _anything(priced: Priced) -> Market:
    """The market in which every choice that keeps the limits is as good."""
    return replace(
        priced.market, utility=np.zeros((1, len(priced.market.agent)), dtype=np.int64), levels=("any",)
    )


def _least_use(priced: Priced, rows: Sequence[int], free: Container[int]) -> Market:
    """The market in which the use of rows is to be small, and they and some others have no limit."""
    use = sum(
        (_use_of(priced.market, row) for row in rows), np.zeros(priced.market.n_options, dtype=np.int64)
    )
    market = replace(priced.market, utility=(use.max(initial=0) - use)[None, :], levels=("least",))
    return _lifted(market, (*rows, *(at for at in range(len(market.capacity)) if at in free)))


def _lifted(market: Market, free: Container[int]) -> Market:
    """The market without the limits of some rows."""
    lifted = np.array([row in free for row in range(len(market.capacity))], dtype=bool)
    return replace(market, capacity=np.where(lifted, _most(market), market.capacity))


def _row_of(priced: Priced, kind: str) -> int:
    return [name for name, _ in priced.rows].index(kind)


def _most(market: Market) -> Ints:
    """Capacities that no choice can reach."""
    use = np.bincount(market.resource, weights=np.maximum(market.amount, 0), minlength=len(market.capacity))
    return np.maximum(np.ceil(use).astype(np.int64), market.capacity)


def _use_of(market: Market, row: int) -> Ints:
    """Use of a resource by each option."""
    mine = market.resource == row
    use = np.zeros(market.n_options, dtype=np.int64)
    np.add.at(use, market.entry_option[mine], market.amount[mine])
    return use
