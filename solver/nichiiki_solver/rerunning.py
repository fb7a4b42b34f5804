"""Runs that begin from an earlier allocation: its rows as table `previous`, and its bundles in the present market."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Previous
from nichiiki_solver.bundles import BundleSource
from nichiiki_solver.market import Market
from nichiiki_solver.needs import NEED_LISTS, SUPPORTER
from nichiiki_solver.policies.closing import Gates, Taken
from nichiiki_solver.ragged import Ints, expand_rows

Given = tuple[int, int, int]
"""List (`NEED_LISTS` index), person (-1 = none) and target of something a household got."""


def with_previous(instance: Instance, allocation: Allocation) -> tuple[Instance, int]:
    """Return the instance whose table `previous` holds an allocation, and how many of its rows no longer fit.

    Rows that name a household, person, period or target that is gone are left out: what cannot be kept is no move.
    """
    rows = list(previous_rows(allocation))
    known = {
        thing: frozenset(instance.tables[table][f"{thing}_id"].tolist()) for thing, table in _TABLES.items()
    }
    kept = [row for row in rows if _is_known(known, row)]
    return instance.replace(previous=Table.from_rows(Previous, kept)), len(rows) - len(kept)


def previous_rows(allocation: Allocation) -> Iterator[Previous]:
    """Yield what an allocation gave, in the form of the table `previous`."""
    for stay in allocation.stays.rows():
        yield Previous(
            household_id=stay.household_id, item_kind="stay", target_id=stay.house_id, periods=stay.periods
        )
    for item in allocation.items.rows():
        yield Previous(
            household_id=item.household_id,
            item_kind=item.list,
            person_id=item.person_id,
            target_id=item.target_id,
        )
    for placement in allocation.placements.rows():
        if placement.supporter_id is not None:
            yield Previous(
                household_id=placement.household_id,
                item_kind="supporter",
                target_id=placement.supporter_id,
            )


_THING = {"stay": "house", "role": "role", "supporter": "supporter", "experience": "experience"}
_TABLES = {
    "household": "households",
    "person": "persons",
    "period": "periods",
    "house": "houses",
    "facility": "facilities",
    "role": "roles",
    "supporter": "supporters",
    "experience": "experiences",
}


def _is_known(known: Mapping[str, frozenset[str]], row: Previous) -> bool:
    named = [("household", row.household_id), (_THING.get(row.item_kind, "facility"), row.target_id)]
    named += [("period", period) for period in row.periods]
    named += [("person", row.person_id)] if row.person_id is not None else []
    return all(id_ in known[thing] for thing, id_ in named)


@dataclass(frozen=True)
class Placed:
    """An allocation in terms of a market: the bundle of each household whose placement is one of its possible bundles.

    `plans` are those of the measures that it takes, as far as they are possible.
    """

    source: BundleSource
    market: Market
    taken: Taken
    plans: Ints

    @property
    def choice(self) -> tuple[Market, Ints]:
        """The market of these bundles and of the gates they open, and the choice of all of it."""
        gates = Gates(self.market)
        gates.open_as_held(self.taken, self.plans)
        gates.supply()
        return gates.chosen(self.taken)


def placed_bundles(market: Market, allocation: Allocation) -> Placed:
    """Find the bundles of an allocation among those that are possible now.

    Parameters
    ----------
    market
        Compiled from an instance.
    allocation
        From whatever source; placements that are no possible bundle any more are left out.
    """
    source = market.source
    assert isinstance(source, BundleSource)  # noqa: S101 - markets of instances have this source
    stays = _stays(source, allocation)
    given = _given(source, allocation)
    taken: dict[int, Market] = {}
    for household, stay in stays.items():
        options = _options(source, stay, given.get(household, frozenset()))
        if options is not None:
            found = source.market_of(np.array([stay]), options[None, :])
            taken[household] = found.take(found.agent == household)
    return Placed(source, market, taken, plans_held(source, allocation))


def plans_held(source: BundleSource, allocation: Allocation) -> Ints:
    """The plan of each measure of an allocation whose payments are what it says."""
    instance, plans = source.bundles.instance, source.bundles.plans
    paid: dict[str, dict[str | None, int]] = {name: {} for name in allocation.measures["measure_id"].tolist()}
    for row in allocation.payments.rows():
        paid.setdefault(row.measure_id, {})[row.programme_id] = row.amount_yen
    measures, programmes = instance.measures["measure_id"], instance.programmes["programme_id"]
    found = []
    for plan, measure in enumerate(measures[plans.measure].tolist()):
        entries = slice(plans.offsets[plan], plans.offsets[plan + 1])
        names = programmes[plans.programme[entries]].tolist()
        says: dict[str | None, int] = dict(zip(names, plans.amount_yen[entries].tolist(), strict=True))
        own = int(plans.own_yen[plan])
        if paid.get(measure) == (says | {None: own} if own else says):
            found.append(plan)
    return np.array(found, dtype=np.int64)


def _stays(source: BundleSource, allocation: Allocation) -> dict[int, int]:
    """The stay of each household that has exactly one, if it is a possible one."""
    bundles, table = source.bundles, allocation.stays
    household = bundles.instance.households.find(table["household_id"])
    house = bundles.instance.houses.find(table["house_id"])
    known = set(bundles.calendar.ids.tolist())
    periods = table.lists("periods")
    found: dict[int, int] = {}
    counts = np.bincount(household[household >= 0], minlength=bundles.n_households)
    for row in np.flatnonzero((household >= 0) & (house >= 0)).tolist():
        named = periods[row]
        if counts[household[row]] == 1 and known.issuperset(named):
            held = np.zeros(len(bundles.calendar), dtype=bool)
            held[list(bundles.calendar.positions(named))] = True
            low, high = source.stays_of(int(household[row]))
            same = (bundles.stays.house[low:high] == house[row]) & (
                bundles.patterns.mask[bundles.stays.pattern[low:high]] == held
            ).all(axis=1)
            if same.any():
                found[int(household[row])] = low + int(np.flatnonzero(same)[0])
    return found


def _given(source: BundleSource, allocation: Allocation) -> dict[int, frozenset[Given]]:
    """What each household got beside its stay; what is unknown now is told by a target of -1."""
    bundles, instance = source.bundles, source.bundles.instance
    found: dict[int, set[Given]] = {}
    items, placements = allocation.items, allocation.placements
    kinds = np.array([{"role": "role", "experience": "experience"}.get(n, "facility") for n in items["list"]])
    columns = (
        instance.households.find(items["household_id"]),
        np.array([NEED_LISTS.index(name) for name in items["list"].tolist()], dtype=np.int64),
        instance.persons.find(items["person_id"]),
        bundles.targets.find(instance, kinds, items["target_id"]),
    )
    for household, *rest in zip(*(column.tolist() for column in columns), strict=True):
        found.setdefault(household, set()).add(tuple(rest))
    supported = np.flatnonzero(placements["supporter_id"] != "")
    ids = placements["supporter_id"][supported]
    targets = bundles.targets.find(instance, np.full(len(ids), "supporter"), ids)
    owners = instance.households.find(placements["household_id"][supported])
    for household, target in zip(owners.tolist(), targets.tolist(), strict=True):
        found.setdefault(household, set()).add((SUPPORTER, -1, target))
    return {household: frozenset(rows) for household, rows in found.items()}


def _options(source: BundleSource, stay: int, given: frozenset[Given]) -> Ints | None:
    """The option of each slot of a stay that together give exactly what was given; None if there is none."""
    bundles, left, chosen = source.bundles, given, []
    for low, high in source.slots_of(stay):
        owner, part = expand_rows(bundles.options.part_offsets, np.arange(low, high))
        need, target = bundles.options.part_need[part], bundles.options.part_target[part]
        rows = zip(
            bundles.needs.list[need].tolist(),
            bundles.needs.person[need].tolist(),
            target.tolist(),
            strict=True,
        )
        gives: list[set[Given]] = [set() for _ in range(low, high)]
        for option, row in zip(owner.tolist(), rows, strict=True):
            gives[option].add(row)
        everything = set().union(*gives)
        fitting = [k for k, each in enumerate(gives) if each == left & everything]
        if not fitting:
            return None
        chosen.append(low + fitting[0])
        left = left - everything
    return None if left else np.array(chosen, dtype=np.int64)
