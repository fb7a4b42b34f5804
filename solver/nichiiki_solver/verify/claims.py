"""Claims of an allocation about itself: objective, bounds, status, reasons."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nichiiki_models.allocation import Allocation, LevelResult, Status
from nichiiki_models.columns import Array
from nichiiki_models.texts import has_text
from nichiiki_solver.verify.arrays import total
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.findings import ONCE, Findings
from nichiiki_solver.verify.measures import own_money
from nichiiki_solver.verify.moves import kept_weight
from nichiiki_solver.verify.points import total_points
from nichiiki_solver.verify.wishes import NEEDS, Wishes


def household_utility(book: Book, wishes: Wishes) -> Array:
    """Return the utility of what each household got; 0 for those not placed."""
    size = len(book.instance.households)
    utility = total(wishes.stay.utility, wishes.stay.household, size)
    for name in NEEDS:
        answers, need = wishes.items[name], wishes.needs[name]
        utility += total(answers.utility, answers.household, size)
        empty = wishes.unanswered(name)
        utility += total(need.nothing_utility[empty], need.household[empty], size)
    return utility


def objective_terms(book: Book, wishes: Wishes) -> dict[str, int]:
    """Return the value of every term of the objective."""
    placed = book.is_placed
    return {
        "utility": int(household_utility(book, wishes)[placed].sum()),
        "role_value": int(book.instance.roles["value"][book.items("role").target].sum()),
        "placed": int(placed.sum()),
        "persons": int(book.household_size[placed].sum()),
        "points": int(np.maximum(0, total_points(book))[placed].sum()),
        "measure_yen": -sum(measure.cost_yen for measure in book.works.measures),
        "own_yen": -own_money(book),
        "kept": kept_weight(book),
    }


def check_claims(book: Book, wishes: Wishes, findings: Findings) -> None:
    """Check objective, bounds, status and reasons."""
    for rule, where, value, limit in _false_claims(book, objective_terms(book, wishes)):
        findings.add(rule, ONCE, where, value=value, limit=limit)
    rules = book.allocation.unplaced["rule"]
    known = [rule for rule in np.unique(rules).tolist() if has_text(f"reason.{rule}", "en")]
    findings.add("claim_reason", ~np.isin(rules, known), book.allocation.unplaced["household_id"], rules)


Claim = tuple[str, str, int | None, int | None]


def _false_claims(book: Book, terms: dict[str, int]) -> Iterator[Claim]:
    allocation = book.allocation
    levels = allocation.levels
    expected = [level.name for level in book.instance.levels]
    if levels and [level.name for level in levels] != expected:
        yield "claim_levels", " ".join(level.name for level in levels), len(levels), len(expected)
    else:
        yield from _objectives(book, terms)
    yield from _bounds(levels)
    yield from _repeated(allocation)
    if allocation.status not in (Status.OPTIMAL, Status.FEASIBLE):
        yield "claim_status", allocation.status.value, None, None
    if (allocation.status is Status.OPTIMAL) != (bool(levels) and all(level.proven for level in levels)):
        yield "claim_status", allocation.status.value, sum(level.proven for level in levels), len(levels)


def _objectives(book: Book, terms: dict[str, int]) -> Iterator[Claim]:
    """Yield levels whose objective is not what the allocation is worth."""
    for claimed, level in zip(book.allocation.levels, book.instance.levels, strict=False):
        worth = sum(weight * terms[term] for term, weight in level.weights.items())
        if claimed.objective != worth:
            yield "claim_objective", level.name, claimed.objective, worth


def _bounds(levels: tuple[LevelResult, ...]) -> Iterator[Claim]:
    """Yield bounds that break this: no bound is below its objective or after a level not proven."""
    proven = True
    for level in levels:
        if level.bound is not None:
            if not proven:
                yield "claim_levels", level.name, level.bound, None
            if level.objective is not None and level.bound < level.objective:
                yield "claim_bound", level.name, level.bound, level.objective
        proven = proven and level.proven


def _repeated(allocation: Allocation) -> Iterator[Claim]:
    """Yield what differs: the whole repeats the first level that is not proven, else the last."""
    if allocation.levels:
        shown = next((level for level in allocation.levels if not level.proven), allocation.levels[-1])
        objective, bound = shown.objective, shown.bound
    else:
        objective, bound = None, None
    if allocation.objective != objective:
        yield "claim_objective", "", allocation.objective, objective
    if allocation.bound != bound:
        yield "claim_bound", "", allocation.bound, bound
