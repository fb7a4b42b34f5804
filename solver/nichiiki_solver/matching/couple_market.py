"""A market with couples: agents of one or two people who rank options, one hospital (or none) for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nichiiki_models.errors import MarketError
from nichiiki_solver.matching.preferences import Lists, read_preferences
from nichiiki_solver.ragged import Ints

Option = tuple[int, ...]


@dataclass(frozen=True)
class CouplesMarket:
    """Agents and hospitals.

    Attributes
    ----------
    people
        Of each agent: its residents, one or two.
    options
        Of each agent: acceptable options, best first; an option names a hospital for each of its residents, -1 = none.
    rank
        Of each hospital: rank (0 = best, equal = tie) of the residents it lists.
    capacity
        Places of each hospital.
    n_residents
        Number of residents.
    """

    people: tuple[tuple[int, ...], ...]
    options: tuple[tuple[Option, ...], ...]
    rank: tuple[Mapping[int, int], ...]
    capacity: Ints
    n_residents: int


def couples_market(
    resident_prefs: Sequence[Sequence[int]],
    couples: Sequence[tuple[int, int]],
    couple_prefs: Sequence[Sequence[tuple[int, int]]],
    hospital_prefs: Lists,
    capacities: npt.ArrayLike,
) -> CouplesMarket:
    """Put a market with couples together; options with a hospital that does not list the resident are left out.

    Parameters
    ----------
    resident_prefs
        One list of hospitals per resident, best first; what it says of members of couples is not read.
    couples, couple_prefs
        Pairs of residents, and of each couple the pairs of hospitals, best first; -1 = no hospital.
    hospital_prefs, capacities
        As for `hospital_residents`.

    Raises
    ------
    MarketError
        If ids are out of range or repeated; names side, row, value and what is allowed.
    """
    n, limits = len(resident_prefs), np.asarray(capacities)
    hospitals = read_preferences(hospital_prefs, side="hospitals")
    _check_hospitals(hospitals.rows(), hospitals.ids, n, limits, len(hospitals))
    _check_couples(couples, couple_prefs, n)
    rank: list[dict[int, int]] = [{} for _ in range(len(hospitals))]
    entries = (hospitals.rows(), hospitals.ids, hospitals.tie_ranks())
    for hospital, resident, at in zip(*(a.tolist() for a in entries), strict=True):
        rank[hospital][resident] = at
    paired = {resident for couple in couples for resident in couple}
    singles = [resident for resident in range(n) if resident not in paired]
    people = [*((resident,) for resident in singles), *map(tuple, couples)]
    wishes = [*([(h,) for h in resident_prefs[r]] for r in singles), *couple_prefs]
    options = tuple(_options(row, p, w, rank) for row, (p, w) in enumerate(zip(people, wishes, strict=True)))
    return CouplesMarket(tuple(people), options, tuple(rank), limits.astype(np.int64), n)


def _options(
    row: int, people: tuple[int, ...], wishes: Sequence[Option], rank: Sequence[Mapping[int, int]]
) -> tuple[Option, ...]:
    side = "residents" if len(people) == 1 else "couples"
    lowest = 0 if len(people) == 1 else -1
    listed = [tuple(map(int, wish)) for wish in wishes]
    for option in listed:
        if len(option) != len(people) or not all(lowest <= h < len(rank) for h in option) or max(option) < 0:
            raise MarketError(
                f"{side}, {people}: {option} is no option; allowed are hospitals {lowest} to {len(rank) - 1}"
            )
    if len(set(listed)) < len(listed):
        raise MarketError(f"{side}, {people}: an option is listed twice; allowed is once")
    return tuple(o for o in listed if all(h < 0 or r in rank[h] for r, h in zip(people, o, strict=True)))


def _check_hospitals(rows: Ints, ids: Ints, n: int, limits: npt.NDArray[np.generic], size: int) -> None:
    if (
        limits.shape != (size,)
        or (size and limits.dtype.kind not in "iu")
        or (limits.astype(np.int64) < 0).any()
    ):
        raise MarketError(
            f"hospitals: capacities {limits.tolist()}; allowed are {size} whole numbers of 0 or more"
        )
    outside = np.flatnonzero((ids < 0) | (ids >= n))
    if len(outside):
        at = outside[0]
        raise MarketError(
            f"hospitals, row {rows[at]}: resident {ids[at]} is unknown; allowed are 0 to {n - 1}"
        )
    keys, count = np.unique(rows * max(n, 1) + ids, return_counts=True)
    if (count > 1).any():
        row, resident = divmod(int(keys[count > 1][0]), n)
        raise MarketError(f"hospitals, row {row}: resident {resident} is listed twice; allowed is once")


def _check_couples(couples: Sequence[tuple[int, int]], prefs: Sequence[object], n: int) -> None:
    if len(couples) != len(prefs):
        raise MarketError(f"couples: {len(prefs)} lists for {len(couples)} couples; give one per couple")
    seen: set[int] = set()
    for row, couple in enumerate(couples):
        if np.shape(couple) != (2,) or not all(0 <= r < n for r in couple):
            raise MarketError(f"couples, row {row}: {couple}; allowed are two residents from 0 to {n - 1}")
        if couple[0] == couple[1] or seen & set(couple):
            raise MarketError(f"couples, row {row}: {couple}; a resident is in at most one couple, once")
        seen |= set(couple)
