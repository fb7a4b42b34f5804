"""What each town loses if every town decides alone instead of all together (広域型と地域密着型).

Alone, each town offers its houses to everybody who wishes for them, without knowing what the others offer. A household with
several offers takes the one it ranks first (then the town whose id comes first) and declines the others, whose places stay empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_models.allocation import (
    Allocation,
    Item,
    MeasureTaken,
    Payment,
    Placement,
    Status,
    Stay,
    StopReason,
    Unplaced,
    Violation,
)
from nichiiki_models.columns import ListColumn
from nichiiki_models.instance import Instance
from nichiiki_models.result import Result
from nichiiki_models.table import Table
from nichiiki_solver.allocating import allocate
from nichiiki_solver.verify import verify
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.wishes import Wishes


@dataclass(frozen=True)
class TownAlone:
    """A town that decides alone.

    Attributes
    ----------
    region_id
        The town.
    together
        Households it hosts if all decide together.
    offered, accepted
        Households to which it makes an offer alone, and those that take it.
    lost
        ``together - accepted``: what it loses by deciding alone (negative: it gains).
    objective, bound
        Of its own allocation, first level not proven or last: equal if its offers are proven best for it.
    """

    region_id: str
    together: int
    offered: int
    accepted: int
    lost: int
    objective: int | None
    bound: int | None


@dataclass(frozen=True)
class Alone:
    """All towns alone, beside all together.

    Attributes
    ----------
    together
        The result of one decision for all.
    towns
        One entry a town with houses, in order of ids.
    allocation
        Who has what after every household has taken its best offer.
    promised_twice
        Rules that offers taken together break: what the towns share (supporters of wide scope, quotas over all, minima of roles),
        each town promised as its own.
    """

    together: Result
    towns: tuple[TownAlone, ...]
    allocation: Allocation
    promised_twice: tuple[Violation, ...]

    @property
    def lost(self) -> int:
        """Households fewer than together."""
        return sum(town.lost for town in self.towns)


def alone(instance: Instance, **settings: Any) -> Alone:
    """Allocate once for all towns and once for each town alone, and say what each town loses.

    Parameters
    ----------
    instance
        What is to be allocated.
    settings
        Arguments of `nichiiki.allocate` for every run: ``policy``, ``time_limit_s`` (of each run), ``seed`` and so on.

    Returns
    -------
    Alone
        Runs have their own status and bound; a town whose run has no answer (locks on other towns' houses) offers nothing.

    Examples
    --------
    >>> import nichiiki as nk
    >>> found = nk.alone(nk.generate(households=12, seed=3), policy="points")
    >>> all(town.lost == town.together - town.accepted for town in found.towns)
    True
    """
    together = allocate(instance, **settings)
    towns = sorted(set(instance.houses["region_id"].tolist()))
    runs = {town: allocate(only(instance, town), **settings) for town in towns}
    offers = {town: _offers(run) for town, run in runs.items()}
    taken = _choices(offers)
    merged = _merged(instance, runs, taken)
    hosted = _hosted(together.allocation)
    found = []
    for town in towns:
        accepted = sum(where == town for where in taken.values())
        here, run = hosted.get(town, 0), runs[town]
        found.append(
            TownAlone(town, here, len(offers[town]), accepted, here - accepted, run.objective, run.bound)
        )
    return Alone(together, tuple(found), merged, tuple(verify(instance, merged)))


def only(instance: Instance, town: str) -> Instance:
    """Return the instance in which houses elsewhere are closed in every period."""
    houses, everything = instance.houses, tuple(instance.periods["period_id"].tolist())
    here = (houses["region_id"] == town).tolist()
    own = list(houses.lists("closed_periods"))
    closed = [tuple(mine) if inside else everything for inside, mine in zip(here, own, strict=True)]
    return instance.replace(houses=houses.with_columns(closed_periods=ListColumn.from_lists(closed)))


def _offers(run: Result) -> dict[str, int]:
    """Rank of the stay that a town offers, by household."""
    if run.allocation is None:
        return {}
    book = Book(run.instance, run.allocation)
    ids = run.instance.households["household_id"][book.stays.household]
    return dict(zip(ids.tolist(), Wishes(book).stay.rank.tolist(), strict=True))


def _choices(offers: dict[str, dict[str, int]]) -> dict[str, str]:
    """The town whose offer each household takes: best rank, then first id."""
    best: dict[str, tuple[int, str]] = {}
    for town, ranks in offers.items():
        for household, rank in ranks.items():
            best[household] = min(best.get(household, (rank, town)), (rank, town))
    return {household: town for household, (_, town) in best.items()}


def _merged(instance: Instance, runs: dict[str, Result], taken: dict[str, str]) -> Allocation:
    """The allocation of all offers that are taken, with the measures that these need."""
    kept: dict[str, list[Any]] = {"placements": [], "stays": [], "items": []}
    for town, run in runs.items():
        for name, rows in kept.items():
            table = () if run.allocation is None else getattr(run.allocation, name).rows()
            rows += [row for row in table if taken.get(row.household_id) == town]
    left = [h for h in instance.households["household_id"].tolist() if h not in taken]
    measures, payments = _works(runs)
    merged = Allocation(
        instance_hash=instance.hash,
        policy="alone",
        status=Status.FEASIBLE,
        reason=StopReason.PROCEDURE_ENDED,
        placements=Table.from_rows(Placement, kept["placements"]),
        stays=Table.from_rows(Stay, kept["stays"]),
        items=Table.from_rows(Item, kept["items"]),
        unplaced=Table.from_rows(Unplaced, [Unplaced(household_id=name, rule="capacity") for name in left]),
    )
    return _with_needed(instance, merged, measures, payments)


def _works(runs: dict[str, Result]) -> tuple[dict[str, MeasureTaken], dict[str, list[Payment]]]:
    """Measures that some town takes alone, and who pays them there; of several towns the first."""
    measures: dict[str, MeasureTaken] = {}
    payments: dict[str, list[Payment]] = {}
    for run in runs.values():
        if run.allocation is not None:
            own = {row.measure_id: row for row in run.allocation.measures.rows()}
            for name in own.keys() - measures.keys():
                payments[name] = [row for row in run.allocation.payments.rows() if row.measure_id == name]
            measures = {**own, **measures}
    return measures, payments


def _with_needed(
    instance: Instance,
    merged: Allocation,
    measures: dict[str, MeasureTaken],
    payments: dict[str, list[Payment]],
) -> Allocation:
    """Add the measures without those that nobody needs once offers are declined, the last left out first."""
    names = sorted(measures)
    while True:
        full = merged.replace(
            measures=Table.from_rows(MeasureTaken, [measures[name] for name in names]),
            payments=Table.from_rows(Payment, [row for name in names for row in payments[name]]),
        )
        unused = {v.where.split()[0] for v in verify(instance, full) if v.rule == "measure_unused"}
        if not unused & set(names):
            return full
        names.remove(max(unused & set(names)))


def _hosted(allocation: Allocation | None) -> dict[str, int]:
    if allocation is None:
        return {}
    towns, counts = np.unique(allocation.stays["region_id"], return_counts=True)
    return dict(zip(towns.tolist(), counts.tolist(), strict=True))
