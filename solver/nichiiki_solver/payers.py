"""Who may lawfully pay which yen: programmes with the items they pay and must not pay, budgets, caps and shares.

The ministry's model projects for two-region living pay for surveys and trials but exclude fares and lodging (国土交通省, 二地域居住
先導的プロジェクト実装事業, 対象外経費); a municipality may pay fares with money of its own. Rules are data: the table `programmes`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.payers import Expense, Payment, PaymentPlan, RefusedYen
from nichiiki_models.tables import Programme
from nichiiki_solver.flow.min_cost import min_cost_flow
from nichiiki_solver.ragged import Ints

NO_PROGRAMME, EXHAUSTED = "no_programme", "exhausted"


def lawful_payers(instance: Instance, expenses: Iterable[Expense]) -> PaymentPlan:
    """Find a lawful payer for as many yen as possible, and refuse the others with the rules that stand against them.

    A programme pays what it names as eligible and does not exclude, if its requirements are met: of one expense at most its share
    and its cap, of all together its budget. Money is led from expenses to programmes as a flow of least cost: no other
    lawful plan pays more, and among those that pay as much earlier programmes (in the order of their ids) come first.

    Parameters
    ----------
    instance
        Its table `programmes` is read; dates are not.
    expenses
        What has to be paid.

    Returns
    -------
    PaymentPlan
        Payments and refused yen; of each expense they sum to what it costs.

    Raises
    ------
    UsageError
        If two expenses have one id.

    Examples
    --------
    >>> import nichiiki as nk
    >>> from nichiiki.payers import Expense, lawful_payers
    >>> plan = lawful_payers(nk.load("flagship"), [Expense(expense_id="pass", item="fare", yen=7_000_000)])
    >>> [(paid.programme_id, paid.yen) for paid in plan.payments], plan.refused[0].yen
    ([('own-products', 6000000)], 1000000)
    """
    asked, programmes = list(expenses), list(instance.programmes.rows())
    ids = [expense.expense_id for expense in asked]
    for expense_id in ids:
        if ids.count(expense_id) > 1:
            raise UsageError(f"expenses: {expense_id!r} comes twice; give each its own id")
    rules = [[refusal(programme, expense) for programme in programmes] for expense in asked]
    most = np.array(
        [
            [
                0 if rule else _most(programme, expense)
                for programme, rule in zip(programmes, row, strict=True)
            ]
            for expense, row in zip(asked, rules, strict=True)
        ],
        dtype=np.int64,
    ).reshape(len(asked), len(programmes))
    paid = _lead(most, [expense.yen for expense in asked], [programme.budget_yen for programme in programmes])
    return PaymentPlan(
        payments=tuple(
            Payment(
                expense_id=asked[row].expense_id,
                programme_id=programmes[column].programme_id,
                payer=programmes[column].payer,
                yen=int(paid[row, column]),
            )
            for row, column in np.argwhere(paid > 0).tolist()
        ),
        refused=tuple(
            RefusedYen(
                expense_id=expense.expense_id,
                yen=expense.yen - int(given),
                rules={p.programme_id: rule or EXHAUSTED for p, rule in zip(programmes, row, strict=True)}
                or {"": NO_PROGRAMME},
            )
            for expense, row, given in zip(asked, rules, paid.sum(axis=1), strict=True)
            if given < expense.yen
        ),
    )


def refusal(programme: Programme, expense: Expense) -> str | None:
    """Return the rule by which a programme must not pay an expense, None if it may."""
    if expense.item in programme.excluded_items:
        return "excluded_item"
    if expense.item not in programme.eligible_items:
        return "not_eligible"
    missing = sorted(set(programme.requires) - set(expense.fulfils))
    return f"requires_{missing[0]}" if missing else None


def _most(programme: Programme, expense: Expense) -> int:
    """Largest sum that a programme gives to one expense."""
    share = expense.yen if programme.rate_kind == "fixed" else expense.yen * programme.rate_percent // 100
    return share if programme.cap_yen is None else min(share, programme.cap_yen)


def _lead(most: Ints, yen: list[int], budget: list[int]) -> Ints:
    """Yen from expenses to programmes: the largest sum, and among those the earliest programmes."""
    expenses, programmes = most.shape
    row, column = np.nonzero(most)
    refuse, sink = expenses + programmes, expenses + programmes + 1
    first, last = np.arange(expenses), expenses + np.arange(programmes)
    flow = min_cost_flow(
        np.concatenate((row, first, last, [refuse])),
        np.concatenate((expenses + column, np.full(expenses, refuse), np.full(programmes, sink), [sink])),
        np.concatenate((most[row, column], yen, budget, [sum(yen)])).astype(np.int64),
        np.concatenate((column, np.full(expenses, (programmes + 1) ** 2), np.zeros(programmes + 1))).astype(
            np.int64
        ),
        np.concatenate((yen, np.zeros(programmes + 1), [-sum(yen)])).astype(np.int64),
    )
    assert flow.flow is not None  # noqa: S101  # all may be refused
    paid = np.zeros_like(most)
    paid[row, column] = flow.flow[: len(row)]
    return paid
