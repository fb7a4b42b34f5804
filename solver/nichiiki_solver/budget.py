"""The budget table: who pays each yen of the measures taken, and why a programme that was named does not pay."""

from __future__ import annotations

from collections.abc import Iterator

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.metrics import BudgetLine, ProgrammeUse
from nichiiki_models.tables import Measure
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.measures import Money, refusal
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
        taken has lines, too: they say which programmes could not pay for it and by which rule.
    """
    book = Book(instance, allocation)
    money = Money(book)
    return tuple(line for measure in instance.measures.rows() for line in _lines(book, money, measure))


def _lines(book: Book, money: Money, measure: Measure) -> Iterator[BudgetLine]:
    paid = money.paid.get(measure.measure_id, {})
    for name in dict.fromkeys((*measure.programmes, *(name for name in paid if name is not None))):
        amount, programme = paid.get(name, 0), money.known[name]
        note = "" if amount else refusal(book, measure, programme) or "not_asked"
        yield _line(money, measure, programme.payer, name, amount, note)
    if paid.get(None) or not measure.programmes:
        own = region_of(book, measure) or measure.target_id
        yield _line(money, measure, "own", own, paid.get(None, 0), "")


def _line(money: Money, measure: Measure, payer: str, paid_by: str, amount_yen: int, note: str) -> BudgetLine:
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
