"""The budget table: who pays each yen of the measures taken, and why a programme that was named does not pay."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.metrics import BudgetLine, ProgrammeUse
from nichiiki_models.tables import Measure
from nichiiki_solver.measures import Plans
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.measures import Bodies, Money
from nichiiki_solver.verify.works import region_of


def budget_table(instance: Instance, allocation: Allocation) -> tuple[BudgetLine, ...]:
    """List who pays for each measure.

    Parameters
    ----------
    instance, allocation
        What was solved, and the answer; who pays is taken from its payments as they are stated.

    Returns
    -------
    tuple of BudgetLine
        For each measure, in order: a line for each programme it names, and one for own money. A measure that is not
        taken has lines, too: they say which programmes could not pay for it and by which rule, and the line of own money
        says why it is not taken: the region has too little left (`own_budget`), the programmes have (`programme_budget`),
        or there is money enough and the allocation does without it (`not_needed`).
    """
    book = Book(instance, allocation)
    bodies, money, left = Bodies(book), Money(book), _Left(book)
    return tuple(
        line for measure in instance.measures.rows() for line in _lines(bodies, money, left, measure)
    )


class _Left:
    """The money that is left beside the measures taken, and the plans by which another one could be paid."""

    def __init__(self, book: Book) -> None:
        self._plans = Plans.of(book.instance, every=True)
        self._uses = list(programme_uses(book).values())
        self._own = dict(book.instance.rules.funding.own_budget_yen)
        self._measures = book.instance.measures
        for measure_id, paid in (money := Money(book)).paid.items():
            region = region_of(book, money.measures[measure_id])
            if region in self._own:
                self._own[region] -= paid.get(None, 0)

    def why_not(self, measure: Measure, region: str | None) -> tuple[str, int | None, int | None]:
        """Say why a measure is not taken; where own money is short also how much it takes, and how much is left."""
        row = int(self._measures.find(np.array([measure.measure_id]))[0])
        mine = np.flatnonzero(self._plans.measure == row)
        own, have = self._plans.own_yen[mine], self._own.get(region or "")
        if have is not None and own.min() > have:
            return "own_budget", int(own.min()), have
        payable = mine if have is None else mine[own <= have]
        is_paid = any(self._carries(plan) for plan in payable.tolist())
        return ("not_needed" if is_paid else "programme_budget"), None, None

    def _carries(self, plan: int) -> bool:
        shares = slice(self._plans.offsets[plan], self._plans.offsets[plan + 1])
        found = zip(
            self._plans.programme[shares].tolist(), self._plans.amount_yen[shares].tolist(), strict=True
        )
        return all(yen <= self._uses[row].budget_yen - self._uses[row].paid_yen for row, yen in found)


def _lines(bodies: Bodies, money: Money, left: _Left, measure: Measure) -> Iterator[BudgetLine]:
    paid = money.paid.get(measure.measure_id, {})
    for name in dict.fromkeys((*measure.programmes, *(name for name in paid if name is not None))):
        amount, programme = paid.get(name, 0), money.known[name]
        note = "" if amount else bodies.refusal(measure, programme) or "not_asked"
        yield _line(money, measure, programme.payer, name, amount, note)
    region = region_of(bodies.book, measure)
    own = region or measure.target_id
    if measure.measure_id not in money.measures:
        note, need, have = left.why_not(measure, region)
        yield _line(money, measure, "own", own, 0, note, need_yen=need, left_yen=have)
    elif paid.get(None) or not measure.programmes:
        yield _line(money, measure, "own", own, paid.get(None, 0), "")


def _line(
    money: Money,
    measure: Measure,
    payer: str,
    paid_by: str,
    amount_yen: int,
    note: str,
    *,
    need_yen: int | None = None,
    left_yen: int | None = None,
) -> BudgetLine:
    return BudgetLine(
        measure_id=measure.measure_id,
        target_id=measure.target_id,
        item=measure.item,
        taken=measure.measure_id in money.measures,
        cost_yen=measure.cost_yen,
        payer=payer,
        paid_by=paid_by,
        amount_yen=amount_yen,
        note=note,
        need_yen=need_yen,
        left_yen=left_yen,
    )


def programme_uses(book: Book) -> dict[str, ProgrammeUse]:
    """Return what each programme has and pays."""
    money = Money(book)
    return {
        name: ProgrammeUse(
            budget_yen=row.budget_yen, paid_yen=sum(paid.get(name, 0) for paid in money.paid.values())
        )
        for name, row in money.known.items()
    }
