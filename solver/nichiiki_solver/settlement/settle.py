"""Settle fees among operators, and say who can live with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nichiiki_models.errors import UsageError
from nichiiki_models.settlement import Coalition, Fall, OperatorShare, Settlement, SharingRule
from nichiiki_solver.flow.shortest import Floats
from nichiiki_solver.ragged import Ints
from nichiiki_solver.settlement.core import best_coalition
from nichiiki_solver.settlement.sharing import (
    Journeys,
    Parts,
    by_cost,
    by_flow,
    by_holder,
    by_trip,
    equal_split,
    read_journeys,
    read_whole,
    whole_yen,
)

HALF_YEN = 0.5
ROUNDING = 1e-9
"""Share of the largest income below which a fall is rounding."""
RULES: tuple[SharingRule, ...] = ("trip", "holder", "flow", "cost")


def settle(
    trips: npt.ArrayLike,
    operators: Sequence[str],
    fees: npt.ArrayLike,
    costs: npt.ArrayLike | None = None,
    *,
    rule: SharingRule = "holder",
    holder: npt.ArrayLike | None = None,
) -> Settlement:
    """Share fees among operators by one rule, and check the outcome.

    Parameters
    ----------
    trips
        Trips x operators, whole, ≥ 0: how much each trip uses each operator (rides, passenger-kilometres, or single
        fares); 0 = not at all.
    operators
        Names, one a column.
    fees
        Yen paid, whole, ≥ 0: of each trip if `holder` is None (single fares: the game per trip), else of each holder.
    costs
        Yen that carrying the travellers costs each operator; 0 if None.
    rule
        ``trip``: each fee equally over the trips it paid for, each trip's part equally among its operators. ``holder``:
        each fee equally among all operators the holder used; for single fares the same. ``flow``: all fees together in
        proportion to use. ``cost``: costs first, what is left in proportion to use.
    holder
        Of each trip: row of `fees`; None if every trip has a fee of its own.

    Returns
    -------
    Settlement
        Incomes in whole yen that sum to the fees; the Shapley value of the game; the coalition that would gain most by leaving,
        if one gains half a yen or more; costs that are not covered; and the largest fall of an income when a twin of a holder buys.

    Raises
    ------
    UsageError
        If shapes do not fit, a number is not whole or below 0, or sums leave the exact range.

    Examples
    --------
    A holder who rode with both operators and one who rode with the first only.

    >>> done = settle([[3, 1], [5, 0]], ["jr", "bus"], [1000, 600], holder=[0, 1])
    >>> [(share.operator_id, share.income_yen) for share in done.operators], done.in_core
    ([('jr', 1100), ('bus', 500)], True)
    >>> settle([[3, 1], [5, 0]], ["jr", "bus"], [1000, 600], holder=[0, 1], rule="flow").operators[1].income_yen
    178
    """
    if rule not in RULES:
        raise UsageError(f"rule: one of {', '.join(RULES)} is needed, got {rule!r}")
    if not len(operators):
        raise UsageError("operators: at least one is needed")
    journeys, cost = read_journeys(trips, len(operators), fees, holder), _read_costs(costs, len(operators))
    total, members = int(journeys.fees.sum()), journeys.of_holders
    parts = _share(journeys, cost, rule)
    shapley = equal_split(journeys.fees, members)
    incomes = whole_yen(parts, total)
    inside, gain = best_coalition(journeys.fees, members, np.array([float(part) for part in parts]))
    blocking = tuple(name for name, member in zip(operators, inside.tolist(), strict=True) if member)
    return Settlement(
        rule=rule,
        game="per_trip" if holder is None else "per_holder",
        operators=tuple(
            OperatorShare(
                operator_id=name,
                income_yen=income,
                shapley_yen=float(value),
                cost_yen=own,
                short_yen=max(0, own - income),
            )
            for name, income, value, own in zip(operators, incomes, shapley, cost, strict=True)
        ),
        total_yen=total,
        blocking=Coalition(operators=blocking, excess_yen=gain) if gain >= HALF_YEN else None,
        fall=_largest_fall(journeys, cost, rule, operators, parts),
    )


def _share(journeys: Journeys, cost: list[int], rule: SharingRule) -> Parts:
    total = int(journeys.fees.sum())
    match rule:
        case "trip":
            return by_trip(journeys)
        case "holder":
            return by_holder(journeys)
        case "flow":
            return by_flow(total, [int(each) for each in journeys.flow.sum(axis=0)])
        case "cost":
            return by_cost(total, [int(each) for each in journeys.flow.sum(axis=0)], cost)


def _largest_fall(
    journeys: Journeys, cost: list[int], rule: SharingRule, operators: Sequence[str], before: Parts
) -> Fall | None:
    """The largest fall of an income when a twin of a holder buys; costs stay as they are.

    Where each fee is shared by itself a further one only adds. In a pool a twin brings its fee and its flow.
    """
    if rule in ("trip", "holder") or not len(journeys.fees):
        return None
    income = np.array([float(part) for part in before])
    loss = income - _with_a_twin(journeys, np.array(cost), rule)
    holder, operator = divmod(int(loss.argmax()), len(operators))
    if loss[holder, operator] <= ROUNDING * max(1.0, float(income.max())):
        return None
    return Fall(operator_id=operators[operator], holder=holder, fall_yen=float(loss[holder, operator]))


def _with_a_twin(journeys: Journeys, cost: Ints, rule: SharingRule) -> Floats:
    """Incomes by operator when a twin of each holder buys: holders x operators."""
    total = (journeys.fees.sum() + journeys.fees).astype(float)[:, None]
    flow = journeys.flow.sum(axis=0) + journeys.flow_of_holders
    needed = cost.sum() if rule == "cost" else 0
    if needed == 0:
        return np.asarray(total * _shares(flow))
    made_whole = cost + (total - needed) * _shares(flow)
    return np.asarray(np.where(total > needed, made_whole, total * _shares(cost[None, :])))


def _shares(weight: Ints) -> Floats:
    """Rows in proportion to weights; equal where all are 0."""
    whole = weight.sum(axis=1, keepdims=True)
    return np.asarray(np.where(whole > 0, weight / np.maximum(1, whole), 1 / weight.shape[1]))


def _read_costs(costs: npt.ArrayLike | None, size: int) -> list[int]:
    if costs is None:
        return [0] * size
    cost = read_whole("costs", costs, 1)
    if len(cost) != size:
        raise UsageError(f"costs: {len(cost)} for {size} operators; give one each")
    return [int(each) for each in cost]
