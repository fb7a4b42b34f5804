"""Stable marriage, hospitals/residents and firms/workers: deferred acceptance by either side, checked before it is returned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nichiiki_models.errors import UsageError
from nichiiki_solver.matching.deferred_acceptance import propose
from nichiiki_solver.matching.market import Given, TwoSided, two_sided
from nichiiki_solver.matching.results import HospitalMatching, Marriage, Matching, certified

Kind = TypeVar("Kind", bound=Matching)


def stable_marriage(
    left_prefs: Given, right_prefs: Given, *, optimal: str = "left", seed: int | None = None
) -> Marriage:
    """Match two sides one to one.

    Parameters
    ----------
    left_prefs, right_prefs
        One list of 0-based ids of the other side per row, best first, ties as nested lists; or flat arrays (offsets, ids)
        or (offsets, ids, ranks). Lists may be incomplete; a pair is acceptable if both sides list it.
    optimal
        ``"left"`` or ``"right"``: which side proposes, and so gets the best stable partners.
    seed
        Draws the order inside ties; None takes it as listed.

    Returns
    -------
    Marriage
        A (weakly) stable matching.

    Raises
    ------
    MarketError
        If the lists do not fit together.
    UsageError
        If `optimal` is unknown.

    References
    ----------
    D. Gale, L. S. Shapley (1962). College admissions and the stability of marriage.
    """
    market = two_sided(left_prefs, right_prefs, 1, 1)
    return _deferred(Marriage, market, optimal, ("left", "right"), seed)


def hospital_residents(
    resident_prefs: Given,
    hospital_prefs: Given,
    capacities: npt.ArrayLike,
    *,
    optimal: str = "residents",
    seed: int | None = None,
) -> HospitalMatching:
    """Match residents to hospitals that take several.

    Parameters
    ----------
    resident_prefs, hospital_prefs
        As for `stable_marriage`.
    capacities
        Places of each hospital.
    optimal
        ``"residents"`` or ``"hospitals"``: which side gets its best stable partners.
    seed
        Draws the order inside ties; None takes it as listed.

    Returns
    -------
    HospitalMatching
        A (weakly) stable matching; ``hospital_of`` is -1 for the unmatched. Without ties every stable matching leaves the same
        residents unmatched and the same places free (Roth 1986).

    Raises
    ------
    MarketError
        If lists and capacities do not fit together.
    UsageError
        If `optimal` is unknown.

    References
    ----------
    D. Gale, L. S. Shapley (1962). College admissions and the stability of marriage.
    A. E. Roth (1986). On the allocation of residents to rural hospitals. Econometrica 54.
    """
    market = hospital_market(resident_prefs, hospital_prefs, capacities)
    return _deferred(HospitalMatching, market, optimal, ("residents", "hospitals"), seed)


def many_to_many(
    worker_prefs: Given,
    firm_prefs: Given,
    worker_capacities: npt.ArrayLike,
    firm_capacities: npt.ArrayLike,
    *,
    optimal: str = "workers",
    seed: int | None = None,
) -> Matching:
    """Match workers who take several jobs to firms that take several workers.

    Preferences over sets are responsive to the lists; the result is pairwise stable.

    Parameters
    ----------
    worker_prefs, firm_prefs
        As for `stable_marriage`.
    worker_capacities, firm_capacities
        Most jobs of each worker, most workers of each firm.
    optimal
        ``"workers"`` or ``"firms"``: which side gets its best stable partners.
    seed
        Draws the order inside ties; None takes it as listed.

    Returns
    -------
    Matching
        ``pairs`` lists (worker, firm).

    Raises
    ------
    MarketError
        If lists and capacities do not fit together.
    UsageError
        If `optimal` is unknown.

    References
    ----------
    A. E. Roth (1984). Stability and polarization of interests in job matching. Econometrica 52.
    """
    sides = ("workers", "firms")
    market = two_sided(worker_prefs, firm_prefs, worker_capacities, firm_capacities, sides=sides)
    return _deferred(Matching, market, optimal, sides, seed)


def hospital_market(resident_prefs: Given, hospital_prefs: Given, capacities: npt.ArrayLike) -> TwoSided:
    """Join residents (one place each) and hospitals to a market."""
    return two_sided(resident_prefs, hospital_prefs, 1, capacities, sides=("residents", "hospitals"))


def _deferred(
    kind: type[Kind], market: TwoSided, optimal: str, sides: Sequence[str], seed: int | None
) -> Kind:
    if optimal not in sides:
        raise UsageError(f"optimal: {optimal!r} is unknown; allowed are {' and '.join(sides)}")
    if seed is not None:
        market = market.shuffled_ties(seed)
    if optimal == sides[0]:
        return certified(kind(market, propose(market)))
    held = np.empty(market.n_pairs, dtype=bool)
    held[market.by_right] = propose(market.flipped())
    return certified(kind(market, held))
