"""A second opinion: the same market solved again by another exact engine, from all options and without our prices.

The second run shares neither dual prices nor fixing with the first, nor its engine unless the usual way itself went to SCIP
(plain markets, and the tie-break of large ones). They disagree if one calls
infeasible what the other answers, if both prove a level and the values differ, if either has an answer above the other's
bound, or if both name the one official answer and it is not the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nichiiki_models.allocation import Status
from nichiiki_models.errors import CrossCheckError, UsageError
from nichiiki_models.problems import Problem, make_problem
from nichiiki_solver.market import Outcome
from nichiiki_solver.policies.registry import Engine

SECOND: dict[Engine, Engine] = {"auto": "scip", "cp_sat": "scip", "highs": "scip", "scip": "cp_sat"}
"""Which engine gives the second opinion on which."""

CONFIRMED = ("confirmed_levels", "confirmed_choice", "confirmed_infeasible")
"""Names of the facts that a second opinion adds to an outcome."""


def refuse_cross_check(policy: str) -> None:
    """Refuse a second opinion on what is no optimum: a procedure is checked by running it again."""
    if policy != "welfare":
        raise UsageError.of("no_second_engine", argument="cross_check", value=policy)


def confirmed(first: Outcome, second: Outcome) -> Outcome:
    """Return an outcome that another engine has confirmed, as far as it came in the same time.

    Parameters
    ----------
    first, second
        What the two engines found, in terms of the same market.

    Returns
    -------
    Outcome
        The first one. Its `facts` say how many levels the second engine proved too (``confirmed_levels``), whether it found
        the same choice to be the only one (``confirmed_choice``), and whether both say infeasible.

    Raises
    ------
    CrossCheckError
        If the two disagree.
    """
    difference = _difference(first, second)
    if difference:
        raise CrossCheckError(difference, (first, second))
    both = [a.proven and b.proven for a, b in zip(first.levels, second.levels, strict=False)]
    infeasible = first.status is second.status is Status.INFEASIBLE
    known = (sum(both), int(first.unique and second.unique), int(infeasible))
    return replace(first, facts={**first.facts, **dict(zip(CONFIRMED, known, strict=True))})


def _difference(first: Outcome, second: Outcome) -> Problem | None:
    """What two outcomes contradict each other in; None if nothing."""
    statuses = {first.status, second.status}
    if Status.INFEASIBLE in statuses and statuses & {Status.OPTIMAL, Status.FEASIBLE}:
        return _problem("status", first.status.value, other=second.status.value)
    for one, other in zip(first.levels, second.levels, strict=False):
        if one.proven and other.proven and one.objective != other.objective:
            return _problem("value", one.objective, level=one.name, other=other.objective)
        for answer, limit in ((one, other), (other, one)):
            if answer.objective is not None and limit.bound is not None and answer.objective > limit.bound:
                return _problem("bound", answer.objective, level=one.name, other=limit.bound)
        if not (one.proven and other.proven):
            break
    if first.unique and second.unique and _identity(first) != _identity(second):
        return _problem("choice", None)
    return None


def _problem(what: str, value: object, **more: object) -> Problem:
    return make_problem(f"engines_{what}", argument="cross_check", value=value, **more)


def _identity(outcome: Outcome) -> list[tuple[int, bytes, bytes, bytes]]:
    """Which household takes what use and utility; compares choices that number their options differently."""
    market, choice = outcome.market, outcome.choice
    if choice is None:
        return []
    taken = market.take(np.sort(choice[(choice >= 0) & ~market.gate]))
    uses = [slice(*taken.offsets[k : k + 2].tolist()) for k in range(taken.n_options)]
    return sorted(
        (agent, taken.resource[use].tobytes(), taken.amount[use].tobytes(), taken.utility[:, k].tobytes())
        for k, (agent, use) in enumerate(zip(taken.agent.tolist(), uses, strict=True))
    )
