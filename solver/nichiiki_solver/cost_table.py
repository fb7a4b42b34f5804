"""What the second base costs each placed household a month, with and without a pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.outputs import Cost
from nichiiki_models.table import Table
from nichiiki_solver.verify.arrays import FAR, total
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.money import burden_limits, highest_cost_yen, rent_yen
from nichiiki_solver.verify.roles import role_held
from nichiiki_solver.verify.stays import units_needed
from nichiiki_solver.verify.travel import find_trips


def costs(
    instance: Instance, allocation: Allocation, *, pass_yen: int | Mapping[str, int] | None = None
) -> Table[Cost]:
    """List what each placed household pays a month before and after a pass.

    Parameters
    ----------
    instance
        What was allocated.
    allocation
        The answer; rows that contradict the instance are left out (`nichiiki.verify` lists them).
    pass_yen
        Travel cost of a month with the pass: one price for everybody, or a price by household id (others have none);
        None for no pass. A household takes the cheaper of pass and single fares.

    Returns
    -------
    Table of Cost
        By household; ``before_yen`` is ``cost_yen`` of the placement.

    Raises
    ------
    UsageError
        If a price is negative, or one is given for a household that the instance does not know.
    """
    book = Book(instance, allocation)
    stays, households = book.stays, instance.households
    rent, before = rent_yen(book), highest_cost_yen(book, find_trips(book))
    price = _prices(instance, pass_yen)[stays.household]
    fares = before - rent
    travel = np.where(price == NULL_INT, fares, np.minimum(fares, price))
    burden = burden_limits(book)[stays.household]
    columns = {
        "household_id": households["household_id"][stays.household],
        "region_id": instance.houses["region_id"][stays.house],
        "income_class": households["income_class"][stays.household],
        "rent_yen": rent,
        "fares_yen": fares,
        "pass_yen": price,
        "before_yen": before,
        "after_yen": rent + travel,
        "saved_yen": fares - travel,
        "budget_yen": households["budget_yen"][stays.household],
        "burden_yen": np.where(burden >= FAR, NULL_INT, burden),
        "deposit_yen": units_needed(book) * instance.houses["deposit_yen"][stays.house],
        "pay_yen": _best_pay(book),
    }
    return Table(Cost, columns, rows=len(stays.household)).sorted()


def _prices(instance: Instance, given: int | Mapping[str, int] | None) -> Array:
    ids = instance.households["household_id"]
    prices = np.full(len(ids), NULL_INT, dtype=np.int64)
    if isinstance(given, Mapping):
        rows = instance.households.find(np.array(list(given), dtype=np.str_))
        if (rows < 0).any():
            raise UsageError("pass_yen: a price is given for a household that the instance does not have")
        prices[rows] = list(given.values())
    elif given is not None:
        prices[:] = given
    if ((prices < 0) & (prices != NULL_INT)).any():
        raise UsageError("pass_yen: a price must be 0 yen or more")
    return prices


def _best_pay(book: Book) -> Array:
    """Pay for all roles of the household in the period in which it is highest, of each stay."""
    items, size = book.settled("role"), len(book.stays.household)
    pay, held = book.instance.roles["pay_yen"][items.target], role_held(book, items)
    best = np.zeros(size, dtype=np.int64)
    for now in held:
        best = np.maximum(best, total(pay[now], items.stay[now], size))
    return best
