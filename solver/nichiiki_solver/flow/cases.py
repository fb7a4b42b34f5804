"""Many small changes of one network, each looked at alone: read, checked, and joined to one list of changed arcs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np

from nichiiki_models.errors import MarketError
from nichiiki_solver.flow.certificate import Cases
from nichiiki_solver.flow.columns import MOST, Columns, read_ints
from nichiiki_solver.ragged import Bools, Ints, first_of_group

Changes = Sequence[Mapping[int, int]]
"""Of each case the new values by arc or node."""


@dataclass(frozen=True)
class Entries:
    """Values by case and place (an arc or a node).

    Attributes
    ----------
    case, place, value
        Of each entry.
    """

    case: Ints
    place: Ints
    value: Ints

    def each(self, column: Ints, count: int, *, added: bool = False) -> Iterator[Ints]:
        """The column of each of `count` cases: with the values in place, or added to what is there."""
        cuts = np.searchsorted(self.case, np.arange(count + 1)).tolist()
        for start, end in pairwise(cuts):
            if start == end:
                yield column
                continue
            new, place = column.copy(), self.place[start:end]
            new[place] = self.value[start:end] + (new[place] if added else 0)
            yield new

    def of(self, number: Ints) -> Entries:
        """The entries of the cases that have a number (others have -1), by that number."""
        kept = number[self.case] >= 0
        return Entries(number[self.case[kept]], self.place[kept], self.value[kept])


@dataclass(frozen=True)
class CaseChanges:
    """What is other than now in each case.

    Attributes
    ----------
    count
        Number of cases.
    cost, capacity
        New values of arcs.
    supply
        What a node sends out more than now.
    """

    count: int
    cost: Entries
    capacity: Entries
    supply: Entries

    def take(self, cases: Ints) -> CaseChanges:
        """Some of the cases, numbered anew."""
        number = np.full(self.count, -1, dtype=np.int64)
        number[cases] = np.arange(len(cases))
        return CaseChanges(
            len(cases), *(entries.of(number) for entries in (self.cost, self.capacity, self.supply))
        )

    def each(self, columns: Columns) -> Iterator[Columns]:
        """The network of each case; a column without changes is the same object."""
        new = (
            self.cost.each(columns.cost, self.count),
            self.capacity.each(columns.capacity, self.count),
            self.supply.each(columns.supply, self.count, added=True),
        )
        for cost, capacity, supply in zip(*new, strict=True):
            yield Columns(columns.tail, columns.head, capacity, cost, supply)

    def with_flow(self, columns: Columns, flow: Ints, shift: Entries) -> Cases:
        """Join what is changed and what flows otherwise.

        Parameters
        ----------
        columns, flow
            The network as it stands and its flow.
        shift
            How much more runs on an arc in a case; of several entries the sum.
        """
        arcs = max(1, len(columns.tail))
        keys = [entries.case * arcs + entries.place for entries in (self.cost, self.capacity, shift)]
        key = np.sort(np.concatenate(keys))
        key = key[first_of_group(key)]
        at_cost, at_capacity, at_shift = (np.searchsorted(key, some) for some in keys)
        case, arc = np.divmod(key, arcs)
        cost, capacity, now = columns.cost[arc], columns.capacity[arc], flow[arc]
        cost[at_cost], capacity[at_capacity] = self.cost.value, self.capacity.value
        np.add.at(now, at_shift, shift.value)
        more = self.supply
        return Cases(self.count, case, arc, cost, capacity, now, more.case, more.place, more.value)


def read_cases(
    columns: Columns, *, cost: Changes | None, capacity: Changes | None, supply: Changes | None
) -> CaseChanges:
    """Read the changes of each case.

    Raises
    ------
    MarketError
        As for `Columns.changed`, with the number of the case; also if the kinds of changes speak of different numbers of cases.
    """
    given = {"cost": cost, "capacity": capacity, "supply": supply}
    counts = {name: len(changes) for name, changes in given.items() if changes is not None}
    if len(set(counts.values())) > 1:
        raise MarketError(
            f"what_if: {counts} cases; give each kind of change one mapping a case, {{}} for none"
        )
    count = next(iter(counts.values()), 0)
    read = {name: _entries(name, changes) for name, changes in given.items()}
    for case in _doubtful(columns, read, count).tolist():
        _refuse(
            columns, case, {name: changes[case] for name, changes in given.items() if changes is not None}
        )
    more = read["supply"]
    more = Entries(more.case, more.place, more.value - columns.supply[more.place])
    return CaseChanges(count, read["cost"], read["capacity"], more)


def _entries(name: str, changes: Changes | None) -> Entries:
    some = changes if changes is not None else ()
    counts = np.fromiter(map(len, some), dtype=np.int64, count=len(some))
    case = np.repeat(np.arange(len(some)), counts)
    place = read_ints(f"{name}: places", list(chain.from_iterable(some)))
    values = chain.from_iterable(mapping.values() for mapping in some)
    return Entries(case, place, read_ints(name, list(values)))


def _doubtful(columns: Columns, read: dict[str, Entries], count: int) -> Ints:
    """Cases that may have to be refused; where costs are negative all, for what flows in circles needs a look at the whole."""
    arcs, nodes = len(columns.tail), len(columns.supply)
    if columns.cost.min(initial=0) < 0 or read["cost"].value.min(initial=0) < 0:
        return np.arange(count)
    bad = np.zeros(count, dtype=bool)
    for name, places in (("cost", arcs), ("capacity", arcs), ("supply", nodes)):
        some = read[name]
        bad[some.case[(some.place < 0) | (some.place >= places)]] = True
    if bad.any():
        return np.flatnonzero(bad)
    bad[read["cost"].case[read["cost"].value > MOST // (nodes + 1)]] = True
    bad[read["capacity"].case[read["capacity"].value < 0]] = True
    return np.flatnonzero(bad | _unbalanced(columns, read["supply"], count))


def _unbalanced(columns: Columns, supply: Entries, count: int) -> Bools:
    """Cases whose supplies may not sum to zero, or pass the range."""
    rest = np.zeros(count, dtype=np.int64)
    np.add.at(rest, supply.case, supply.value - columns.supply[supply.place])
    wide: Any = np.abs(supply.value.astype(float))
    total = np.bincount(supply.case, weights=wide, minlength=count)
    return np.asarray((rest != 0) | (total + np.abs(columns.supply).sum(dtype=float) > MOST))


def _refuse(columns: Columns, case: int, changes: Mapping[str, Mapping[int, int]]) -> None:
    """Say what is wrong with a case, if anything is."""
    try:
        columns.changed(**changes)
    except MarketError as error:
        raise MarketError(f"case {case}: {error}") from None
