"""Bundles: a stay with one option for each slot; priced, listed, and turned back into an allocation.

The bundles of a household are many, so they are made when they are wanted: `best_values` finds the best one of every
household at given prices exactly (given the stay the slots are independent), and `good_enough` names the stays and
options of all that are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_solver.at_prices import AtPrices
from nichiiki_solver.calendar import Calendar, Patterns
from nichiiki_solver.factored import Factored, build_factored
from nichiiki_solver.finding import Finder
from nichiiki_solver.gates import Gates
from nichiiki_solver.households import order_of_households, persons_of, total_points
from nichiiki_solver.known_prices import Proven
from nichiiki_solver.market import NO_VALUE, Market, Order, joined, mean_amount, merged
from nichiiki_solver.measures import Plans
from nichiiki_solver.menu import Distinct, Seen, make_menu
from nichiiki_solver.moves import kept_weights
from nichiiki_solver.narrowing import EVERYTHING, Narrowing
from nichiiki_solver.needs import NEED_LISTS, Needs, RefusedTargets, Targets, Wanted, find_needs
from nichiiki_solver.options import (
    Options,
    Seats,
    Singles,
    Slots,
    drop_incomplete,
    find_slots,
)
from nichiiki_solver.priorities import PointsAtTargets
from nichiiki_solver.public_weights import SEPARATOR, public_weights
from nichiiki_solver.ragged import (
    Bools,
    Floats,
    Ints,
    Sparse,
    best_of_each,
    expand,
    expand_rows,
    first_of_group,
    offsets_of,
    segment_max,
    segment_sum,
    unique_rows,
)
from nichiiki_solver.sharing import find_groups, make_options
from nichiiki_solver.stays import Refusals, Stays, find_stays
from nichiiki_solver.to_allocation import build_allocation
from nichiiki_solver.travel import Travel
from nichiiki_solver.tree import NO_LIMIT, Tree
from nichiiki_solver.uses import KINDS, Uses, find_uses
from nichiiki_solver.worth import Worth

LIST_ALL = 300_000
"""Most bundles that `compile_market` lists at once; above, they stay with the source."""


@dataclass(frozen=True)
class Bundles:
    """Everything that bundles are made of, for one instance.

    Attributes
    ----------
    group
        Group of each stay: options are made for each group of stays, as `find_groups` says, or for each stay.
    """

    instance: Instance
    calendar: Calendar
    patterns: Patterns
    targets: Targets
    stays: Stays
    group: Ints
    needs: Needs
    slots: Slots
    options: Options
    uses: Uses
    stay_terms: Ints
    option_terms: Ints
    plans: Plans
    gate_terms: Ints
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
        return self.uses.gates.n_agents

    def plan_terms(self, rows: Ints) -> Ints:
        """Levels × plans of measures: the weighted terms of the objective that some plans have."""
        return _plan_terms(self.instance, self.plans, rows)

    @cached_property
    def household_of_option(self) -> Ints:
        """Household of each option."""
        return self.slots.household[self.options.slot]

    @cached_property
    def stay_of_option(self) -> Ints:
        """Stay of each option, where each stay has options of its own (`assemble` apart)."""
        if (self.group != np.arange(len(self.group))).any():
            raise RuntimeError("stays share their options here")
        return self.options.group

    @cached_property
    def order_of_lists(self) -> tuple[str, ...]:
        """The lists in the order in which ranks are compared."""
        return tuple(self.instance.rules.lists.order)


def find_bundles(
    instance: Instance,
    narrowing: Narrowing = EVERYTHING,
    worth: Worth | None = None,
    plans: Plans | None = None,
) -> Bundles:
    """Work out who may get what, and why not.

    Parameters
    ----------
    instance
        What is allocated.
    narrowing, worth
        What is looked at; see `find_stays`.
    plans
        Plans of the measures, if they are known.

    Raises
    ------
    UsageError
        If the instance has no periods, as one of the platform alone: there is nothing to place households in.
    """
    if not len(instance.periods):
        raise UsageError.of("no_periods", table="periods")
    calendar, plans = Calendar.of(instance), plans or Plans.of(instance)
    travel = Travel(instance, calendar)
    stays, patterns, refused = find_stays(instance, calendar, travel, narrowing, worth, plans)
    stays = stays.take(unlocked(instance, stays))
    return assemble(instance, calendar, travel, patterns, stays, refused, narrowing=narrowing, plans=plans)


def assemble(
    instance: Instance,
    calendar: Calendar,
    travel: Travel,
    patterns: Patterns,
    stays: Stays,
    refused: Refusals,
    *,
    apart: bool = False,
    narrowing: Narrowing = EVERYTHING,
    plans: Plans | None = None,
) -> Bundles:
    """Find the options of some stays, and what they use.

    Parameters
    ----------
    instance, calendar, travel, patterns
        What the stays belong to.
    stays, refused
        Stays to be taken, in their order, and stays that are not.
    apart
        Whether each stay has options of its own, and is kept without an answer to a need that the household insists on: so
        that reasons can be given for each stay alone.
    narrowing
        Whether all that answers to a need is looked at.
    plans
        Plans of the measures, if they are known.
    """
    plans = plans or Plans.of(instance)
    targets, seats = Targets.of(instance), Seats.of(instance, calendar, plans)
    needs, wanted, refused_targets = find_needs(instance, targets, stays, narrowing)
    first = group = np.arange(len(stays))
    if not apart:
        first, group = find_groups(instance, travel, targets, stays, needs, wanted)
    heads = stays.take(first)
    slots = find_slots(instance, needs)
    found, options = make_options(
        instance, calendar, travel, patterns, targets, heads, needs, wanted, seats, slots
    )
    complete = drop_incomplete(heads, slots, options) | apart
    kept, number = complete[group], np.cumsum(complete) - 1
    dropped, stays, group = stays.take(~kept), stays.take(kept), number[group[kept]]
    options = _of_groups(options, complete)
    uses = find_uses(instance, calendar, patterns, targets, stays, needs, seats, options, plans)
    moves = kept_weights(instance, patterns, calendar, targets, stays, needs, options)
    stay_terms, option_terms = _terms(instance, stays, options, moves)
    return Bundles(
        instance, calendar, patterns, targets, stays, group, needs, slots, options, uses, stay_terms, option_terms,
        plans, _gate_terms(instance, plans, uses.gates), refused, refused_targets, dropped, found, wanted,
    )  # fmt: skip


def _of_groups(options: Options, kept: Bools) -> Options:
    """Options of the groups that are kept, renumbered."""
    if kept.all():
        return options
    rows = np.flatnonzero(kept[options.group])
    number = np.cumsum(kept) - 1
    counts = np.diff(options.part_offsets)[rows]
    _, parts = expand(options.part_offsets[:-1][rows], counts)
    flat = {name: getattr(options, name)[rows] for name in ("slot", "rank", "tie", "utility", "role_value")}
    return Options(
        group=number[options.group[rows]],
        pattern=options.pattern[kept],
        part_offsets=offsets_of(counts),
        part_need=options.part_need[parts],
        part_target=options.part_target[parts],
        **flat,
    )


def unlocked(instance: Instance, stays: Stays) -> Bools:
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


def _terms(instance: Instance, stays: Stays, options: Options, kept: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Levels × stays and levels × options: the weighted terms of the objective."""
    of_stay = {
        "utility": stays.utility,
        "role_value": np.zeros(len(stays), dtype=np.int64),
        "placed": np.ones(len(stays), dtype=np.int64),
        "persons": persons_of(instance)[stays.household],
        "points": np.maximum(total_points(instance), 0)[stays.household],
        "kept": kept[0],
    }
    of_option = {"utility": options.utility, "role_value": options.role_value, "kept": kept[1]}
    levels = instance.levels
    stay_rows = [
        sum(
            (w * of_stay[t] for t, w in level.weights.items() if t in of_stay),
            np.zeros(len(stays), dtype=np.int64),
        )
        for level in levels
    ]
    option_rows = [
        sum(
            (w * of_option[t] for t, w in level.weights.items() if t in of_option),
            np.zeros(len(options), dtype=np.int64),
        )
        for level in levels
    ]
    return np.array(stay_rows).reshape(len(levels), -1), np.array(option_rows).reshape(len(levels), -1)


def _gate_terms(instance: Instance, plans: Plans, gates: Gates) -> Ints:
    """Levels × gates: the weighted terms of the objective that measures have."""
    measured = np.flatnonzero(gates.plan >= 0)
    terms = np.zeros((len(instance.levels), len(gates)), dtype=np.int64)
    terms[:, measured] = _plan_terms(instance, plans, gates.plan[measured])
    return terms


def _plan_terms(instance: Instance, plans: Plans, rows: Ints) -> Ints:
    """Levels × plans of measures: their weighted terms of the objective."""
    terms = np.stack((-instance.measures["cost_yen"][plans.measure[rows]], -plans.own_yen[rows]))
    weights = [
        [level.weights.get("measure_yen", 0), level.weights.get("own_yen", 0)] for level in instance.levels
    ]
    return np.asarray(np.array(weights, dtype=np.int64) @ terms)


TOO_MUCH = 1 << 50
"""Price of what no longer fits: above any value, and safe to add up over the parts of a bundle."""


@dataclass(frozen=True)
class _Priced:
    """Values at the last prices: what the menu has, options of gates, agents."""

    seen: Seen
    gates: Ints
    values: Ints


def _first_equal(values: Ints, wanted: Ints, owner: Ints) -> Ints:
    """The first index of each owner (ascending) whose value is the wanted one."""
    hit = np.flatnonzero(values == wanted)
    return hit[np.unique(owner[hit], return_index=True)[1]]


class BundleSource:
    """Makes bundles at given prices; a market source.

    Parameters
    ----------
    bundles
        What they are made of.
    proven
        Where bundles were left out: what is known about all of them.
    distinct
        Their menu, if it is known.

    Notes
    -----
    Agents are the households, then the gates.
    """

    def __init__(
        self, bundles: Bundles, proven: Proven | None = None, distinct: Distinct | None = None
    ) -> None:
        self.bundles, self.proven, self._distinct = bundles, proven, distinct
        options = bundles.options
        key = options.group * max(1, len(bundles.slots)) + options.slot
        first = np.flatnonzero(first_of_group(key)) if len(key) else np.zeros(0, dtype=np.int64)
        of_group = np.bincount(options.group[first], minlength=len(options.pattern))
        self.tree = Tree(bundles.group, offsets_of(of_group), np.append(first, len(options)))
        self.household_offsets = offsets_of(
            np.bincount(bundles.stays.household, minlength=bundles.n_households)
        )
        nothing = np.zeros(0, dtype=np.int64)
        self._last = _Priced(Seen(nothing, nothing, nothing), nothing, nothing)
        self.asked: tuple[Ints, Ints, Ints] = nothing, nothing, nothing
        """Stays, options and options of gates of the last `demand`."""

    @property
    def n_agents(self) -> int:
        """Households and gates."""
        return self.bundles.n_households + self.bundles.n_gates

    def count(self) -> float:
        """Number of bundles in all."""
        sizes = np.log(np.diff(self.tree.segments).astype(np.float64))
        owner = np.repeat(np.arange(len(self.tree.sizes)), self.tree.sizes)
        of_group = np.exp(np.bincount(owner, weights=sizes, minlength=len(self.tree.sizes)))
        return float(of_group[self.tree.group].sum())

    def _values(self, weights: Ints, prices: Ints) -> tuple[Ints, Ints]:
        """Value of each stay alone and of each option at the prices."""
        of_class, menu = self.bundles.uses.price_of_classes(prices), self.distinct.menu
        stay, option = self._classes
        return (
            weights @ self.bundles.stay_terms - stay @ of_class,
            (weights @ menu.option_terms - option @ of_class)[self.distinct.of_option],
        )

    @cached_property
    def distinct(self) -> Distinct:
        """The menu of the bundles."""
        if self._distinct is not None:
            return self._distinct
        bundles, uses = self.bundles, self.bundles.uses
        return make_menu(
            self.household_offsets,
            (bundles.stay_terms, uses.stay_offsets, uses.stay_class),
            self.tree.group,
            self.tree.segment_offsets,
            self.tree.segments,
            (bundles.option_terms, uses.option_offsets, uses.option_class),
        )

    @cached_property
    def _classes(self) -> tuple[Sparse, Sparse]:
        """How often each stay, and each distinct option, has each class: one pass of compiled code prices them all."""
        return self.distinct.menu.classes(self._n_classes)

    def _gate_values(self, weights: Ints, prices: Ints) -> Ints:
        """Value of each option of a gate at the prices."""
        gates = self.bundles.uses.gates
        return np.asarray(
            weights @ self.bundles.gate_terms
            - segment_sum(prices[gates.resource] * gates.amount, gates.offsets)
        )

    def best_values(self, weights: Ints, prices: Ints) -> Ints:
        """Return each agent's largest value over all its bundles at the prices (`NO_VALUE` where it has none)."""
        seen = self.at(weights, prices).seen
        gates = self._gate_values(weights, prices)
        of_gate = np.full(self.bundles.n_gates, NO_VALUE, dtype=np.int64)
        np.maximum.at(of_gate, self.bundles.uses.gates.agent, gates)
        values = np.concatenate((segment_max(seen.total, self.household_offsets, NO_VALUE), of_gate))
        self._last = _Priced(seen, gates, values)
        return values

    def demand(self) -> Ints:
        """What the best bundles at the last prices use together, of the agents that must have one or gain by it."""
        last, uses = self._last, self.bundles.uses
        homes, gates = last.values[: self.bundles.n_households], last.values[self.bundles.n_households :]
        wants = (homes > 0) | (self.must_assign[: len(homes)] & (homes > NO_VALUE // 2))
        owner = self.bundles.stays.household
        stays = _first_equal(last.seen.total, np.where(wants, homes, NO_LIMIT)[owner], owner)
        chosen = self._best_options(stays, last.seen)
        agent = uses.gates.agent
        opened = _first_equal(last.gates, np.where(gates > 0, gates, NO_LIMIT)[agent], agent)
        self.asked = stays, chosen[chosen >= 0], opened
        return self.used(*self.asked)

    @property
    def _n_classes(self) -> int:
        return len(self.bundles.uses.class_offsets) - 1

    @cached_property
    def unit(self) -> Floats:
        """Amount of each resource that a class takes, on the average of those that take any."""
        uses = self.bundles.uses
        return mean_amount(uses.resource, uses.amount, len(uses.resources))

    def improving(self, least: Ints, most: int) -> Market:
        """List, for each stay whose best bundle was worth more than its household's entry of `least`, that bundle.

        Parameters
        ----------
        least
            Value to pass, by agent, at the prices of the last `best_values`.
        most
            Most bundles of one household; the best ones are taken.
        """
        stays = self.best_stays(least, most)
        return self.market_of(stays, self._best_options(stays, self._last.seen))

    def best_stays(self, least: Ints, most: int) -> Ints:
        """The stays of the bundles that `improving` lists."""
        return best_of_each(self._last.seen.total, self.bundles.stays.household, least, most)

    def _best_options(self, stays: Ints, seen: Seen) -> Ints:
        """The first best option of each slot of some stays (matrix, -1 = no slot)."""
        tree = self.tree
        owner, segment, place = self.distinct.menu.picks(stays, seen)
        rows = np.full((len(stays), int(np.bincount(owner).max(initial=0))), -1, dtype=np.int64)
        rows[owner, segment - tree.segment_offsets[tree.group[stays]][owner]] = tree.segments[segment] + place
        return rows

    def factored(self, weights: Ints, prices: Ints, least: Ints) -> Factored:
        """List stays and options apart, tied by rows, without those that no good enough bundle has.

        A stay with s slots becomes one option of its household, and every option of a slot one option of an agent of its
        own; two rows a slot say that one option is taken if the stay is, and none otherwise. That is the same market
        with far fewer options: their numbers add up where bundles multiply. Where several stays leave a slot the same options,
        these are stated once, and one of them is taken if one of the stays is.
        """
        return build_factored(self, *self.good_enough(weights, prices, least))

    def everything(self) -> Factored:
        """List all stays and options apart, as `factored` does."""
        return build_factored(self, np.arange(len(self.bundles.stays)), np.arange(len(self.bundles.options)))

    def most_pieces(self) -> int:
        """Count the stays, and the distinct options of slots: about what `everything` lists."""
        menu = self.distinct.menu
        return len(self.bundles.stays) + len(menu.entry)

    def pieces(self, weights: Ints, prices: Ints, least: Ints) -> int:
        """Count the stays that `factored` would list, and all options of their slots, of which it may leave out some."""
        menu, tree = self.distinct.menu, self.tree
        of_stay = self.at(weights, prices).of_stay
        stays = np.flatnonzero(of_stay >= least[self.bundles.stays.household])
        segment = expand_rows(tree.segment_offsets, np.unique(tree.group[stays]))[1]
        slots = self.bundles.options.slot[tree.segments[segment]]
        (_, lists), _ = unique_rows(slots, menu.slot[segment])
        return len(stays) + int(np.diff(menu.list_offsets)[lists].sum())

    def good_enough(self, weights: Ints, prices: Ints, least: Ints) -> tuple[Ints, Ints]:
        """Stays and options that are in some bundle worth at least `least`."""
        at = self.at(weights, prices)
        room = at.of_stay - least[self.bundles.stays.household]
        stays = np.flatnonzero(room >= 0)
        return stays, at.options_within(stays, room[stays])

    def at(self, weights: Ints, prices: Ints) -> AtPrices:
        """What stays and options are worth at the prices."""
        of_class = self.bundles.uses.price_of_classes(prices)
        seen = self.distinct.menu.see(weights, of_class, self._classes)
        return AtPrices(self.tree, self.distinct, self.bundles.options.group, seen)

    def pieces_of(self, households: Ints) -> tuple[Ints, Ints]:
        """All stays of some households (ascending), and all options of these stays."""
        stays = expand_rows(self.household_offsets, households)[1]
        return stays, self.tree.options_of(stays)

    def used(self, stays: Ints, options: Ints, gates: Ints) -> Ints:
        """Amount of each resource that some stays, options and options of gates use together."""
        uses = self.bundles.uses
        taken = np.bincount(
            uses.stay_class[expand_rows(uses.stay_offsets, stays)[1]], minlength=self._n_classes
        ) + np.bincount(
            uses.option_class[expand_rows(uses.option_offsets, options)[1]], minlength=self._n_classes
        )
        total = uses.of_classes(taken)
        _, resource, amount = uses.of_gates(gates)
        np.add.at(total, resource, amount)
        return total

    def uses_of(self, stays: Ints, options: Ints, gates: Ints) -> tuple[Ints, Ints]:
        """What some stays, options and options of gates use: a resource and an amount for each use."""
        uses = self.bundles.uses
        entries = uses.of_stays(stays), uses.of_options(options), uses.of_gates(gates)
        _, resource, amount = (np.concatenate(column) for column in zip(*entries, strict=True))
        return resource, amount

    def best_fitting(self, weights: Ints, prices: Ints, shut: Bools, asked: Bools) -> tuple[Ints, Ints, Ints]:
        """For each of the households asked, the best bundle at the prices without any of the classes that are shut.

        Returns
        -------
        stays, chosen, values
            Of the households that have one.
        """
        of_class = self.bundles.uses.price_of_classes(prices)
        of_class[shut] = TOO_MUCH
        seen = self.distinct.menu.see(weights, of_class, self._classes)
        owner = self.bundles.stays.household
        most = segment_max(seen.total, self.household_offsets, NO_VALUE)
        wanted = np.where(asked & (most > -TOO_MUCH // 2), most, NO_LIMIT)
        stays = _first_equal(seen.total, wanted[owner], owner)
        return stays, self._best_options(stays, seen), seen.total[stays]

    def unlisted(self) -> Market:
        """List the gates alone; the bundles are made at prices."""
        nothing = np.zeros(0, dtype=np.int64)
        return replace(self.market_of(nothing, np.zeros((0, 0), dtype=np.int64)), complete=False)

    def all_listed(self) -> Market:
        """List every bundle."""
        stays, options = len(self.bundles.stays), len(self.bundles.options)
        return self.market_of(
            *self.tree.every(np.zeros(stays, dtype=np.int64), np.zeros(options, dtype=np.int64))
        )

    @property
    def procedure(self) -> str:
        """The variant of the clerk's procedure that the rules name."""
        return self.bundles.instance.rules.procedure.kind

    def order(self, seed: int, kind: Order = "procedure") -> Ints:
        """Households in one of the orders of `Order`."""
        return order_of_households(self.bundles.instance, seed, kind)

    def priorities(self, market: Market) -> Ints:
        """Points of each entry's household at the target of the entry's resource."""
        owner = market.agent[market.entry_option]
        found = np.zeros(len(owner), dtype=np.int64)
        mine = np.flatnonzero(owner < self.bundles.n_households)
        found[mine] = self._points_at_targets.at(market.resource[mine], owner[mine])
        return found

    @cached_property
    def _points_at_targets(self) -> PointsAtTargets:
        return PointsAtTargets(self.bundles.instance, self.bundles.uses.resources, self.bundles.calendar)

    @property
    def has_demands(self) -> bool:
        """Whether some minimum must be met by several households together."""
        return bool((self.bundles.uses.resources.kind == KINDS.index("quota_min")).any())

    @cached_property
    def supplies(self) -> bool:
        """Whether what a household takes may open bundles for others: a minimum that it helps to reach is used by gates alone."""
        uses = self.bundles.uses
        return len(np.intersect1d(uses.resource[uses.amount < 0], uses.resource[uses.amount > 0])) > 0

    @cached_property
    def _finder(self) -> Finder:
        return Finder(self)

    def options_of(self, household: int) -> Market:
        """List all bundles of a household that keep its locks, best first."""
        return self._finder.options_of(household)

    def first_fit(self, household: int, left: Ints, stay_rank: int | None = None) -> Market | None:
        """List the best bundle of a household for which everything is left; see `Finder.first_fit`."""
        return self._finder.first_fit(household, left, stay_rank)

    def first_fits(self, households: Ints, left: Ints, stay_rank: int | None = None) -> list[Market | None]:
        """List for each household what `first_fit` does, were it alone; see `Finder.first_fits`."""
        return self._finder.first_fits(households, left, stay_rank)

    def stays_of(self, household: int) -> tuple[int, int]:
        """First stay of a household, and the one after its last."""
        low, high = self.household_offsets[household : household + 2].tolist()
        return low, high

    def slots_of(self, stay: int) -> list[tuple[int, int]]:
        """First option of each slot of a stay, and the one after its last."""
        group = int(self.tree.group[stay])
        first, last = self.tree.segment_offsets[group : group + 2].tolist()
        ends = self.tree.segments[first : last + 1].tolist()
        return list(pairwise(ends))

    def stay_ranks(self, household: int) -> Ints:
        """Distinct ranks of a household's possible stays, ascending."""
        low, high = self.household_offsets[household : household + 2]
        return np.unique(self.bundles.stays.rank[low:high])

    def sort_keys(self, stays: Ints, chosen: Ints) -> tuple[list[Ints], list[Ints]]:
        """Rank columns and tie columns of bundles, most important first (bundles of one household compare column by column)."""
        options = self.bundles.options
        there = chosen >= 0
        safe = np.where(there, chosen, 0)
        size = len(options)
        ranks = np.where(there, options.rank[safe] if size else 0, 0)
        ties = np.where(there, options.tie[safe] if size else 0, 0)
        before = self._slots_before_stay[self.bundles.stays.household[stays]]
        columns: list[Ints] = []
        stay_rank = self.bundles.stays.rank[stays]
        for depth in range(chosen.shape[1] + 1):
            earlier = ranks[:, depth - 1] if depth else np.zeros_like(stay_rank)
            own = ranks[:, depth] if depth < chosen.shape[1] else np.zeros_like(stay_rank)
            columns.append(np.where(depth == before, stay_rank, np.where(depth < before, own, earlier)))
        return columns, [self.bundles.stays.house[stays], self.bundles.stays.pattern[stays], *ties.T]

    @cached_property
    def _slots_before_stay(self) -> Ints:
        """How many slots of each household come before the stay in the order of lists."""
        order = self.bundles.order_of_lists
        codes = [NEED_LISTS.index(name) for name in order[: order.index("stay")]]
        slots = self.bundles.slots
        return np.bincount(slots.household[np.isin(slots.list, codes)], minlength=self.bundles.n_households)

    def market_of(self, stays: Ints, chosen: Ints) -> Market:
        """Turn bundles into a market: households' bundles first, then the options of gates."""
        return joined([self.listed(stays, chosen), self._doors])

    def listed(self, stays: Ints, chosen: Ints) -> Market:
        """Turn bundles into a market without the options of gates, each household's best first."""
        bundles = self.bundles
        ranks, ties = self.sort_keys(stays, chosen)
        household = bundles.stays.household[stays]
        order = np.lexsort([*ties[::-1], *ranks[::-1], household])
        stays, chosen, household = stays[order], chosen[order], household[order]
        owner, resource, amount = self.entries(stays, chosen)
        return Market(
            n_agents=self.n_agents,
            agent=household,
            utility=bundles.stay_terms[:, stays] + _sum_options(bundles.option_terms, chosen),
            rank=_dense_ranks(household, [column[order] for column in ranks]),
            offsets=offsets_of(np.bincount(owner, minlength=len(stays))),
            resource=resource,
            amount=amount,
            capacity=bundles.uses.resources.capacity,
            must_assign=self.must_assign,
            gate=self._gate,
            levels=tuple(level.name for level in bundles.instance.levels),
            labels={"stay": stays, "chosen": chosen, "plan": np.full(len(stays), -1)},
            source=self,
        )

    @cached_property
    def _gate(self) -> Bools:
        return np.arange(self.n_agents) >= self.bundles.n_households

    @cached_property
    def _doors(self) -> Market:
        """The options of gates, as a market of their own."""
        nothing, doors = np.zeros(0, dtype=np.int64), self.bundles.uses.gates
        return replace(
            self.listed(nothing, np.zeros((0, 0), dtype=np.int64)),
            agent=self.bundles.n_households + doors.agent,
            utility=self.bundles.gate_terms,
            rank=np.ones(len(doors), dtype=np.int64),
            offsets=doors.offsets,
            resource=doors.resource,
            amount=doors.amount,
            labels={
                "stay": np.full(len(doors), -1),
                "chosen": np.full((len(doors), 0), -1),
                "plan": doors.plan,
            },
        )

    def entries(self, stays: Ints, chosen: Ints) -> tuple[Ints, Ints, Ints]:
        """What bundles use: owner, resource, amount, one entry a resource."""
        uses = self.bundles.uses
        blocks = [uses.of_stays(stays)]
        for column in chosen.T:
            rows = np.flatnonzero(column >= 0)
            owner, resource, amount = uses.of_options(column[rows])
            blocks.append((rows[owner], resource, amount))
        owner, resource, amount = (np.concatenate([block[k] for block in blocks]) for k in range(3))
        return merged(owner, resource, amount, len(uses.resources))[1:]

    def settled(self, market: Market, choice: Ints) -> Ints:
        """Return the choice with the plans of the measures taken settled anew: least own money (rules, section 13)."""
        plan = market.labels["plan"]
        taken = np.flatnonzero(choice >= 0)
        taken = taken[plan[choice[taken]] >= 0]
        if not len(taken):
            return choice
        from nichiiki_solver.settling import settle_plans  # brings in CP-SAT, which few callers need

        best = settle_plans(self.bundles.instance, self.bundles.plans, plan[choice[taken]])
        option_of = np.full(len(self.bundles.plans), -1, dtype=np.int64)
        option_of[plan[plan >= 0]] = np.flatnonzero(plan >= 0)
        settled = choice.copy()
        settled[taken] = option_of[best]
        return settled

    def tie_weights(self, market: Market, seed: int, level: int) -> Ints:
        """Public weights of bundles: those of the stay and of every part together; gates weigh nothing."""
        stays, chosen = market.labels["stay"], market.labels["chosen"]
        weights = np.zeros(market.n_options, dtype=np.int64)
        mine = np.flatnonzero(stays >= 0)
        weights[mine] = self.tie_weights_of_stays(stays[mine], seed, level)
        options, place = np.unique(chosen, return_inverse=True)
        there = options >= 0
        of_option = np.zeros(len(options), dtype=np.int64)
        of_option[there] = self.tie_weights_of_options(options[there], seed, level)
        return np.asarray(weights + of_option[place.reshape(chosen.shape)].sum(axis=1))

    def tie_weights_of_stays(self, stays: Ints, seed: int, level: int) -> Ints:
        """Public weights of stays: household, house, periods."""
        table = self.bundles.stays
        kept, place = np.unique(stays, return_inverse=True)
        columns = (
            self.bundles.instance.households["household_id"][table.household[kept]],
            self.bundles.instance.houses["house_id"][table.house[kept]],
        )
        periods = self._texts_of_patterns
        texts = [
            SEPARATOR.join((household, "stay", house, periods[pattern]))
            for household, house, pattern in zip(
                *(c.tolist() for c in columns), table.pattern[kept].tolist(), strict=True
            )
        ]
        return public_weights(seed, level, texts)[place]

    def tie_weights_of_options(self, options: Ints, seed: int, level: int) -> Ints:
        """Public weights of options: for each part household, list, person, target; together. Nothing weighs nothing."""
        table, needs = self.bundles.options, self.bundles.needs
        owner, part = expand_rows(table.part_offsets, options)
        pairs, place = unique_rows(table.part_need[part], table.part_target[part])
        need, target = pairs
        person = needs.person[need]
        persons = np.append(self.bundles.instance.persons["person_id"].astype(object), "")
        columns = (
            self.bundles.instance.households["household_id"][needs.household[need]],
            np.array(NEED_LISTS)[needs.list[need]],
            persons[person],
            self.bundles.targets.ids[target],
        )
        texts = [SEPARATOR.join(row) for row in zip(*(c.tolist() for c in columns), strict=True)]
        weights = np.zeros(len(options), dtype=np.int64)
        np.add.at(weights, owner, public_weights(seed, level, texts)[place])
        return weights

    @cached_property
    def _texts_of_patterns(self) -> list[str]:
        ids = self.bundles.calendar.ids
        return [",".join(ids[row].tolist()) for row in self.bundles.patterns.mask]

    def to_allocation(self, market: Market, choice: Ints, **claims: Any) -> Allocation:
        """Turn a choice into an allocation."""
        taken = choice[: self.bundles.n_households]
        taken = taken[taken >= 0]
        plans = market.labels["plan"][choice[choice >= 0]]
        stays, chosen = market.labels["stay"][taken], market.labels["chosen"][taken]
        return build_allocation(self.bundles, stays, chosen, np.sort(plans[plans >= 0]), **claims)

    @cached_property
    def must_assign(self) -> Bools:
        """Agents that must be placed."""
        locks = self.bundles.instance.locks
        must = np.zeros(self.n_agents, dtype=bool)
        must[self.bundles.instance.households.find(locks["household_id"][locks["effect"] == "must"])] = True
        return must


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


def compile_market(instance: Instance, narrowing: Narrowing = EVERYTHING) -> Market:
    """Compile an instance to its market, or as much of it as a narrowing looks at.

    All bundles are listed if there are at most `LIST_ALL`; else only the gates are, and the market's `source` makes
    bundles at prices.

    Raises
    ------
    UsageError
        If the instance has no periods, as one of the platform alone: there is nothing to place households in.
    """
    source = BundleSource(find_bundles(instance, narrowing))
    if source.count() <= LIST_ALL:
        return source.all_listed()
    return source.unlisted()
