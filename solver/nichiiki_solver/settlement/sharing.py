"""The rules by which fees are shared, in exact fractions of a yen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from nichiiki_models.errors import UsageError
from nichiiki_solver.ragged import Bools, Ints

Parts = list[Fraction]
MOST_YEN = 1 << 52
"""Largest total of fees that linear programs and reports hold exactly."""


@dataclass(frozen=True, eq=False)
class Journeys:
    """Who travelled with whom for which fee.

    Attributes
    ----------
    flow
        Trips x operators: how much a trip uses an operator, ≥ 0 (rides, passenger-kilometres or single fares).
    holder
        Of each trip: row of `fees`.
    fees
        Of each holder, yen. A holder without trips paid for what all operators offer.
    """

    flow: Ints
    holder: Ints
    fees: Ints

    @property
    def operators(self) -> int:
        """Number of operators."""
        return int(self.flow.shape[1])

    @property
    def of_trips(self) -> Bools:
        """Trips x operators: who carries."""
        return self.flow > 0

    @property
    def of_holders(self) -> Bools:
        """Holders x operators: who carried on some trip; all where there was none."""
        carried = np.zeros((len(self.fees), self.operators), dtype=bool)
        trip, operator = np.nonzero(self.of_trips)
        carried[self.holder[trip], operator] = True
        carried[~carried.any(axis=1)] = True
        return carried

    @property
    def flow_of_holders(self) -> Ints:
        """Holders x operators: flow over all trips."""
        total = np.zeros((len(self.fees), self.operators), dtype=np.int64)
        np.add.at(total, self.holder, self.flow)
        return total


def equal_split(fees: Ints, members: Bools) -> Parts:
    """Split each fee equally among its members; exact.

    This is the Shapley value of the game in which a coalition is worth the fees whose members all belong to it, and lies in
    its core (Shapley 1953: a sum of unanimity games; Algaba, Fragnelli, Llorca and Sánchez-Soriano, *Horizontal
    cooperation in a multimodal public transport system: the profit allocation problem*, 2019).
    """
    parts = [Fraction(0)] * members.shape[1]
    size = members.sum(axis=1)
    for count in np.unique(size[size > 0]).tolist():
        rows = size == count
        sums = fees[rows] @ members[rows].astype(np.int64)
        parts = [part + Fraction(int(total), count) for part, total in zip(parts, sums, strict=True)]
    return parts


def by_holder(journeys: Journeys) -> Parts:
    """Split each holder's fee equally among the operators used."""
    return equal_split(journeys.fees, journeys.of_holders)


def by_trip(journeys: Journeys) -> Parts:
    """Split each holder's fee equally over the trips made, and each trip's part equally among its operators."""
    carried = journeys.of_trips
    counts = np.where(carried.any(axis=1), 1, 0)
    trips = np.bincount(journeys.holder, weights=counts, minlength=len(journeys.fees)).astype(np.int64)
    parts = equal_split(
        journeys.fees[trips == 0], np.ones((int((trips == 0).sum()), journeys.operators), dtype=bool)
    )
    for number in np.unique(trips[trips > 0]).tolist():
        rows = (trips[journeys.holder] == number) & carried.any(axis=1)
        some = equal_split(journeys.fees[journeys.holder[rows]], carried[rows])
        parts = [part + more / number for part, more in zip(parts, some, strict=True)]
    return parts


def in_proportion(total: int, weight: Sequence[int]) -> Parts:
    """Divide a total in proportion to weights; equally if all are 0."""
    whole = sum(weight)
    if whole == 0:
        return [Fraction(total, len(weight))] * len(weight)
    return [Fraction(total * each, whole) for each in weight]


def by_flow(total: int, flow: Sequence[int]) -> Parts:
    """Divide the pool in proportion to flow."""
    return in_proportion(total, flow)


def by_cost(total: int, flow: Sequence[int], cost: Sequence[int]) -> Parts:
    """Pay costs first, in proportion to them if the pool is too small; divide what is left by flow."""
    needed = sum(cost)
    if needed >= total:
        return in_proportion(total, cost if needed else flow)
    rest = in_proportion(total - needed, flow)
    return [Fraction(own) + more for own, more in zip(cost, rest, strict=True)]


def whole_yen(parts: Parts, total: int) -> list[int]:
    """Round to whole yen that sum to the total: down, and what is left to the largest remainders, of equals the first."""
    floors = [int(part // 1) for part in parts]
    order = sorted(range(len(parts)), key=lambda k: (floors[k] - parts[k], k))
    for k in order[: total - sum(floors)]:
        floors[k] += 1
    return floors


def read_journeys(
    trips: npt.ArrayLike, size: int, fees: npt.ArrayLike, holder: npt.ArrayLike | None
) -> Journeys:
    """Read who travelled with whom for which fee; see `settle`.

    Raises
    ------
    UsageError
        If shapes do not fit, a number is not whole or below 0, or sums leave the exact range.
    """
    flow = read_whole("trips", np.zeros((0, size), dtype=np.int64) if np.size(trips) == 0 else trips, 2)
    if flow.shape[1] != size:
        raise UsageError(f"trips: {flow.shape[1]} columns for {size} operators; give one each")
    paid = read_whole("fees", fees, 1)
    owner = np.arange(len(flow)) if holder is None else read_whole("holder", holder, 1)
    if len(owner) != len(flow):
        raise UsageError(f"holder: {len(owner)} entries for {len(flow)} trips; give one each")
    if holder is None and len(paid) != len(flow):
        raise UsageError(
            f"fees: {len(paid)} for {len(flow)} trips; give one each, or say whose trips they are (holder)"
        )
    if owner.max(initial=-1) >= len(paid):
        raise UsageError(f"holder: there is no row {owner.max()} in fees; rows are 0 … {len(paid) - 1}")
    return Journeys(flow, owner, paid)


def read_whole(name: str, values: npt.ArrayLike, dimensions: int) -> Ints:
    """Read a table of whole numbers, 0 or more, whose sum is exact.

    Raises
    ------
    UsageError
        If it is none.
    """
    table = np.asarray(values)
    if table.size == 0:
        table = table.astype(np.int64)
    if table.ndim != dimensions or table.dtype.kind not in "iu" or table.min(initial=0) < 0:
        raise UsageError(f"{name}: whole numbers, 0 or more, in {dimensions} dimension(s) are needed")
    if table.sum(dtype=np.float64) >= MOST_YEN:
        raise UsageError(f"{name}: all together reach {MOST_YEN}; use larger units")
    return table.astype(np.int64)
