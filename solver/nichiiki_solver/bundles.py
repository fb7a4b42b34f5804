"""Bundles: a stay with one option for each slot; priced, listed, and turned back into an allocation.

The bundles of a household are many, so they are made when they are wanted: `best_values` finds the best one of every
household at given prices exactly (given the stay the slots are independent), and `within` lists all that are good enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_solver.calendar import Calendar, Patterns
from nichiiki_solver.households import persons_of, total_points
from nichiiki_solver.market import Market
from nichiiki_solver.needs import ROLE, Needs, RefusedTargets, Targets, Wanted, find_needs, utility_of
from nichiiki_solver.options import Options, Seats, Singles, Slots, drop_incomplete, find_options, find_singles
from nichiiki_solver.ragged import Array, Bools, Ints, expand, first_of_group, group, offsets_of, segment_max, segment_sum
from nichiiki_solver.stays import Refusals, Stays, find_stays
from nichiiki_solver.travel import Travel
from nichiiki_solver.uses import Uses, find_uses

LIST_ALL = 300_000
"""Most bundles that `compile_market` lists at once; above, they stay with the source."""
NO_VALUE = -(np.int64(1) << 60)


@dataclass(frozen=True)
class Bundles:
    """Everything that bundles are made of, for one instance."""

    instance: Instance
    calendar: Calendar
    patterns: Patterns
    targets: Targets
    stays: Stays
    needs: Needs
    slots: Slots
    options: Options
    uses: Uses
    stay_utility: Ints
    stay_terms: Ints
    option_terms: Ints
    refused_stays: Refusals
    refused_targets: RefusedTargets
    dropped: Stays
    singles: Singles
    wanted: Wanted

    @property
    def n_households(self) -> int:
        """Number of household agents; gates follow after them."""
        return len(self.instance.households)

    @property
    def n_gates(self) -> int:
        """Number of gate agents."""
        return len(self.uses.gate_offsets) - 1

    @cached_property
    def order_of_lists(self) -> tuple[str, ...]:
        """The lists in the order in which ranks are compared."""
        return tuple(self.instance.rules.lists.order)


def find_bundles(instance: Instance) -> Bundles:
    """Work out who may get what, and why not."""
    calendar = Calendar.of(instance)
    travel, targets, seats = Travel(instance, calendar), Targets.of(instance), Seats.of(instance, calendar)
    stays, patterns, refused = find_stays(instance, calendar, travel)
    stays = stays.take(_unlocked(instance, stays))
    needs, wanted, refused_targets = find_needs(instance, targets, stays)
    found = find_singles(instance, calendar, travel, patterns, targets, stays, needs, wanted, seats)
    slots, options = find_options(instance, calendar, patterns, targets, stays, needs, wanted, found)
    complete = drop_incomplete(stays, slots, options)
    dropped, stays, options = stays.take(~complete), stays.take(complete), _of_stays(options, complete)
    uses = find_uses(instance, calendar, patterns, targets, stays, needs, seats, options)
    utility = utility_of(instance, "stay", stays.rank, stays.score, stays.unlisted)
    stay_terms, option_terms = _terms(instance, stays, utility, options)
    return Bundles(
        instance, calendar, patterns, targets, stays, needs, slots, options, uses, utility, stay_terms, option_terms,
        refused, refused_targets, dropped, found, wanted,
    )  # fmt: skip


def _of_stays(options: Options, kept: Bools) -> Options:
    """Options of the stays that are kept, renumbered."""
    rows = np.flatnonzero(kept[options.stay])
    number = np.cumsum(kept) - 1
    counts = np.diff(options.part_offsets)[rows]
    _, parts = expand(options.part_offsets[:-1][rows], counts)
    flat = {name: getattr(options, name)[rows] for name in ("slot", "rank", "tie", "utility", "role_value")}
    return Options(
        stay=number[options.stay[rows]],
        part_offsets=offsets_of(counts),
        part_need=options.part_need[parts],
        part_target=options.part_target[parts],
        **flat,
    )


def _unlocked(instance: Instance, stays: Stays) -> Bools:
    """Stays that the planner's locks on houses, regions and places leave."""
    kept = np.ones(len(stays), dtype=bool)
    for lock in instance.locks.rows():
        mine = stays.household == instance.households.find(np.array([lock.household_id]))[0]
        if lock.target_kind == "placed" and lock.effect == "never":
            kept &= ~mine
        elif lock.target_kind in ("house", "region"):
            column = "house_id" if lock.target_kind == "house" else "region_id"
            there = instance.houses[column][stays.house] == lock.target_id
            kept &= ~mine | (there if lock.effect == "must" else ~there)
    return kept


def _terms(instance: Instance, stays: Stays, utility: Ints, options: Options) -> tuple[Ints, Ints]:
    """Levels × stays and levels × options: the weighted terms of the objective."""
    of_stay = {
        "utility": utility,
        "role_value": np.zeros(len(stays), dtype=np.int64),
        "placed": np.ones(len(stays), dtype=np.int64),
        "persons": persons_of(instance)[stays.household],
        "points": np.maximum(total_points(instance), 0)[stays.household],
    }
    of_option = {"utility": options.utility, "role_value": options.role_value}
    levels = instance.rules.objective.levels
    stay_rows = [sum((w * of_stay[t] for t, w in level.weights.items()), np.zeros(len(stays), dtype=np.int64)) for level in levels]
    option_rows = [
        sum((w * of_option[t] for t, w in level.weights.items() if t in of_option), np.zeros(len(options), dtype=np.int64)) for level in levels
    ]
    return np.array(stay_rows).reshape(len(levels), -1), np.array(option_rows).reshape(len(levels), -1)


class BundleSource:
    """Makes bundles at given prices; a market source.

    Parameters
    ----------
    bundles
        What they are made of.

    Notes
    -----
    Agents are the households, then the gates. A handle of a household's bundle is the number of its stay (its best
    options follow from the prices); `listed` therefore needs the prices of the last `best_values`.
    """

    def __init__(self, bundles: Bundles) -> None:
        self.bundles = bundles
        options = bundles.options
        key = options.stay * max(1, len(bundles.slots)) + options.slot
        self._first = np.flatnonzero(first_of_group(key)) if len(key) else np.zeros(0, dtype=np.int64)
        self._segments = np.append(self._first, len(options))
        self._stay_of_segment = options.stay[self._first]
        self._segment_offsets = offsets_of(np.bincount(self._stay_of_segment, minlength=len(bundles.stays)))
        self._household_offsets = offsets_of(np.bincount(bundles.stays.household, minlength=bundles.n_households))
        self._best: tuple[Ints, Ints] | None = None

    @property
    def n_agents(self) -> int:
        """Households and gates."""
        return self.bundles.n_households + self.bundles.n_gates

    def count(self) -> float:
        """Number of bundles in all."""
        sizes = np.log(np.diff(self._segments).astype(np.float64)) if len(self._first) else np.zeros(0)
        total = np.zeros(len(self.bundles.stays))
        np.add.at(total, self._stay_of_segment, sizes)
        return float(np.exp(total).sum())

    def _values(self, weights: Ints, prices: Ints, scale: int) -> tuple[Ints, Ints]:
        """Value of each stay alone and of each option at the prices."""
        uses = self.bundles.uses
        of_class = uses.price_of_classes(prices)
        stay = scale * (weights @ self.bundles.stay_terms) - segment_sum(of_class[uses.stay_class], uses.stay_offsets)
        option = scale * (weights @ self.bundles.option_terms) - segment_sum(of_class[uses.option_class], uses.option_offsets)
        return stay, option

    def _gate_values(self, prices: Ints) -> Ints:
        uses = self.bundles.uses
        return -segment_sum(prices[uses.gate_resource] * uses.gate_amount, uses.gate_offsets)

    def best_values(self, weights: Ints, prices: Ints, scale: int) -> tuple[Ints, Ints]:
        """Return each agent's largest value over all its bundles, and the stay that reaches it (a gate: itself)."""
        stay, option = self._values(weights, prices, scale)
        best_of_segment = segment_max(option, self._segments, int(NO_VALUE))
        total = stay + segment_sum(best_of_segment, self._segment_offsets)
        best = segment_max(total, self._household_offsets, int(NO_VALUE))
        reached = np.flatnonzero(total == best[self.bundles.stays.household])
        handle = np.full(self.bundles.n_households, -1, dtype=np.int64)
        handle[self.bundles.stays.household[reached[::-1]]] = reached[::-1]
        self._best = (option, best_of_segment)
        gates = self._gate_values(prices)
        return np.concatenate((best, gates)), np.concatenate((handle, np.arange(self.bundles.n_gates)))

    def listed(self, handles: Ints) -> Market:
        """List the bundles that `best_values` found last."""
        if self._best is None:
            raise RuntimeError("best_values comes first")
        option, best = self._best
        households = handles[: self.bundles.n_households]
        stays = np.sort(households[households >= 0])
        owner, segment = expand(self._segment_offsets[:-1][stays], np.diff(self._segment_offsets)[stays])
        reached = np.flatnonzero(option == np.repeat(best, np.diff(self._segments)))
        segment_of = np.repeat(np.arange(len(self._first)), np.diff(self._segments))
        chosen = np.zeros(len(self._first), dtype=np.int64)
        chosen[segment_of[reached[::-1]]] = reached[::-1]
        width = int(np.diff(self._segment_offsets)[stays].max(initial=0))
        rows = np.full((len(stays), width), -1, dtype=np.int64)
        rows[owner, segment - self._segment_offsets[:-1][stays][owner]] = chosen[segment]
        return self.market_of(stays, rows)

    def within(self, weights: Ints, prices: Ints, scale: int, least: Ints, most: int) -> Market | None:
        """List every bundle whose value is at least its household's entry of `least` (all gates are listed)."""
        stay, option = self._values(weights, prices, scale)
        found = self._grow(stay, option, least[self.bundles.stays.household], np.arange(len(self.bundles.stays)), None, most)
        return None if found is None else self.market_of(*found)

    def _grow(
        self, stay: Ints, option: Ints, least: Ints, rows: Ints, usable: Bools | None, most: int
    ) -> tuple[Ints, Ints] | None:
        """Join slot after slot, dropping at once what can no longer reach the least value."""
        ceiling = option if usable is None else np.where(usable, option, NO_VALUE)
        best = segment_max(ceiling, self._segments, int(NO_VALUE))
        rest = stay + segment_sum(np.maximum(best, NO_VALUE // 64), self._segment_offsets)
        rows = rows[rest[rows] >= least[rows]]
        chosen, value = np.zeros((len(rows), 0), dtype=np.int64), rest[rows]
        counts = np.diff(self._segment_offsets)
        for depth in range(int(counts[rows].max(initial=0))):
            rows, chosen, value = self._grow_slot(rows, chosen, value, depth, ceiling, best, least)
            if len(rows) > most:
                return None
        return rows, chosen

    def _grow_slot(
        self, rows: Ints, chosen: Ints, value: Ints, depth: int, option: Ints, best: Ints, least: Ints
    ) -> tuple[Ints, Ints, Ints]:
        """Give every partial bundle each option of its next slot, and keep those that can still reach the least value."""
        counts = np.diff(self._segment_offsets)[rows]
        deeper = counts > depth
        segment = np.where(deeper, self._segment_offsets[:-1][rows] + depth, 0)
        size = np.where(deeper, self._segments[segment + 1] - self._segments[segment], 1) if len(self._first) else np.ones_like(rows)
        start = np.where(deeper, self._segments[segment], -1) if len(self._first) else np.full_like(rows, -1)
        owner, position = expand(start, size)
        there = position >= 0
        gain = np.where(there, option[position] - best[segment[owner]], 0) if len(option) else np.zeros(len(owner), dtype=np.int64)
        total = value[owner] + gain
        kept = total >= least[rows[owner]]
        owner, position = owner[kept], position[kept]
        return rows[owner], np.concatenate((chosen[owner], position[:, None]), axis=1), total[kept]

    def of_household(self, household: int, usable_stay: Bools, usable_option: Bools) -> tuple[Ints, Ints]:
        """Every bundle of one household that is made of usable stays and options: stays, and options (matrix, -1 = no slot)."""
        low, high = self._household_offsets[household], self._household_offsets[household + 1]
        rows = np.arange(low, high)[usable_stay[low:high]]
        nothing = np.zeros(len(self.bundles.stays), dtype=np.int64)
        flat = np.zeros(len(self.bundles.options), dtype=np.int64)
        found = self._grow(nothing, flat, nothing, rows, usable_option, 1 << 62)
        assert found is not None  # noqa: S101 - no limit was given
        return found

    def sort_keys(self, stays: Ints, chosen: Ints) -> tuple[list[Ints], list[Ints]]:
        """Rank columns and tie columns of bundles, most important first (bundles of one household compare column by column)."""
        options, slots = self.bundles.options, self.bundles.slots
        there = chosen >= 0
        safe = np.where(there, chosen, 0)
        size = len(options)
        ranks = np.where(there, options.rank[safe] if size else 0, 0)
        ties = np.where(there, options.tie[safe] if size else 0, 0)
        before = self._slots_before_stay(stays, chosen)
        columns: list[Ints] = []
        stay_rank = self.bundles.stays.rank[stays]
        for depth in range(chosen.shape[1] + 1):
            earlier = ranks[:, depth - 1] if depth else np.zeros_like(stay_rank)
            own = ranks[:, depth] if depth < chosen.shape[1] else np.zeros_like(stay_rank)
            columns.append(np.where(depth == before, stay_rank, np.where(depth < before, own, earlier)))
        _ = slots
        return columns, [self.bundles.stays.house[stays], self.bundles.stays.pattern[stays], *ties.T]

    def _slots_before_stay(self, stays: Ints, chosen: Ints) -> Ints:
        """How many of a household's slots come before the stay in the order of lists."""
        order = self.bundles.order_of_lists
        early = [name for name in order[: order.index("stay")]]
        from nichiiki_solver.needs import NEED_LISTS

        codes = [NEED_LISTS.index(name) for name in early]
        slots = self.bundles.slots
        counts = np.bincount(slots.household[np.isin(slots.list, codes)], minlength=self.bundles.n_households)
        return np.asarray(counts[self.bundles.stays.household[stays]])

    def market_of(self, stays: Ints, chosen: Ints) -> Market:
        """Turn bundles into a market: households' bundles first, then one option for each gate."""
        bundles = self.bundles
        ranks, ties = self.sort_keys(stays, chosen)
        household = bundles.stays.household[stays]
        order = np.lexsort([*ties[::-1], *ranks[::-1], household])
        stays, chosen, household = stays[order], chosen[order], household[order]
        rank = _dense_ranks(household, [column[order] for column in ranks])
        owner, resource, amount = self._entries(stays, chosen)
        n, gates = len(stays), bundles.n_gates
        gate_counts = np.diff(bundles.uses.gate_offsets)
        utility = bundles.stay_terms[:, stays] + _sum_options(bundles.option_terms, chosen)
        return Market(
            n_agents=self.n_agents,
            agent=np.concatenate((household, bundles.n_households + np.arange(gates))),
            utility=np.concatenate((utility, np.zeros((len(utility), gates), dtype=np.int64)), axis=1),
            rank=np.concatenate((rank, np.ones(gates, dtype=np.int64))),
            offsets=np.concatenate((offsets_of(np.bincount(owner, minlength=n)), bundles.uses.gate_offsets[1:] + len(owner))),
            resource=np.concatenate((resource, bundles.uses.gate_resource)),
            amount=np.concatenate((amount, bundles.uses.gate_amount)),
            capacity=bundles.uses.resources.capacity,
            must_assign=self._must_assign(),
            gate=np.arange(self.n_agents) >= bundles.n_households,
            levels=tuple(level.name for level in bundles.instance.rules.objective.levels),
            labels={
                "stay": np.concatenate((stays, np.full(gates, -1))),
                "chosen": np.concatenate((chosen, np.full((gates, chosen.shape[1]), -1))),
            },
            source=self,
        ).with_checked_gates(gate_counts)

    def _entries(self, stays: Ints, chosen: Ints) -> tuple[Ints, Ints, Ints]:
        """What bundles use: owner, resource, amount, one entry a resource."""
        uses = self.bundles.uses
        owner, position = expand(uses.stay_offsets[:-1][stays], np.diff(uses.stay_offsets)[stays])
        owners, classes = [owner], [uses.stay_class[position]]
        for column in chosen.T:
            rows = np.flatnonzero(column >= 0)
            option = column[rows]
            owner, position = expand(uses.option_offsets[:-1][option], np.diff(uses.option_offsets)[option])
            owners.append(rows[owner])
            classes.append(uses.option_class[position])
        owner, cls = np.concatenate(owners), np.concatenate(classes)
        i, entry = expand(uses.class_offsets[:-1][cls], np.diff(uses.class_offsets)[cls])
        return _merged(owner[i], uses.resource[entry], uses.amount[entry], len(uses.resources))

    def _must_assign(self) -> Bools:
        locks = self.bundles.instance.locks
        must = np.zeros(self.n_agents, dtype=bool)
        must[self.bundles.instance.households.find(locks["household_id"][locks["effect"] == "must"])] = True
        return must


def _merged(owner: Ints, resource: Ints, amount: Ints, n_resources: int) -> tuple[Ints, Ints, Ints]:
    """Add up the entries of one option at one resource."""
    key = owner * n_resources + resource
    distinct, inverse = np.unique(key, return_inverse=True)
    total = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(total, inverse, amount)
    return distinct // n_resources, distinct % n_resources, total


def _sum_options(terms: Ints, chosen: Ints) -> Ints:
    """Levels × bundles: sum of the terms of the chosen options."""
    if not terms.shape[1]:
        return np.zeros((len(terms), len(chosen)), dtype=np.int64)
    return np.asarray(np.where(chosen[None] >= 0, terms[:, np.where(chosen >= 0, chosen, 0)], 0).sum(axis=2))


def _dense_ranks(household: Ints, columns: list[Ints]) -> Ints:
    """Ranks 1, 2, … inside each household of bundles sorted by household and rank columns."""
    new_household = first_of_group(household)
    step = first_of_group(np.stack([household, *columns], axis=1)) if len(household) else new_household
    count = np.cumsum(step)
    start = np.maximum.accumulate(np.where(new_household, count, 0)) if len(count) else count
    return count - start + 1


__all__ = ["BundleSource", "Bundles", "ROLE", "find_bundles", "group", "replace", "Array"]
