"""Conflicts: a minimal set of overrides and minimum quotas that cannot be kept together, and the cheapest way out.

Mechanism
    Whether demands can be kept together is asked over a market in which nobody is given more than they must have: first by
    prices that prove a shortfall (`nichiiki_solver.shortfall`), then of CP-SAT. A large market is asked in part: the best
    stays of each household at these prices, and only then as a whole.
    A minimal set that cannot be kept is found by halving (QuickXplain), never read off an assumption core. Then it is proven anew:
    another engine (HiGHS after CP-SAT, CP-SAT without presolve after HiGHS) finds the set impossible, or the prices are
    added up in whole numbers, and for each set smaller by one an allocation is shown that the independent check passes.
    The cheapest way out is the optimum of a market in which every demand may be given up at a cost of one; of a large one
    it is the best found, beside the least that the prices prove.
Source
    Junker (2004), QuickXplain: preferred explanations and relaxations for over-constrained problems, AAAI.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.columns import NULL_INT
from nichiiki_models.conflict import Conflict, Demand, Release
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules
from nichiiki_models.table import Table
from nichiiki_models.tables import Lock, Quota
from nichiiki_solver import cp_sat, mip
from nichiiki_solver.bundles import BundleSource, assemble
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.cp_sat import Answer, Floor
from nichiiki_solver.factored import Factored
from nichiiki_solver.market import Market
from nichiiki_solver.needs import NEED_LISTS, ROLE
from nichiiki_solver.ragged import Bools, Ints
from nichiiki_solver.shortfall import (
    Prices,
    largest_shortfall,
    promising,
    proven_shortfall,
    proves,
    shortfall,
)
from nichiiki_solver.solving import settled_gates
from nichiiki_solver.stays import find_stays
from nichiiki_solver.travel import Travel
from nichiiki_solver.uses import _counted, plans_of_families
from nichiiki_solver.verify import verify

LISTS_OF_KIND = {
    "facility": ("school", "care", "desk"),
    "role": ("role",),
    "supporter": ("supporter",),
    "experience": ("experience",),
}
STAY_KINDS = ("house", "region", "placed")
MOST_RELEASES = 3
LARGE = 3_000
"""Pieces above which a market is asked in part first, and of HiGHS: it sees by its relaxation that too much is wanted."""
SECOND_S = 10.0
"""Most seconds for the second proof."""
PART_S, LATE_S = 2.0, 12.0
"""Most seconds for a part of a large market, and for a second try on a machine that is busy."""
BEST_STAYS = 5
"""Stays of each household in that part."""
ROUNDS = {False: 30, True: 300}
"""Steps of pricing before a small and a large market is given to an engine."""
HALVING_ROUNDS = 50


class OutOfTime(Exception):
    """A question could not be answered in the time that was left."""


def conflicts(instance: Instance, *, time_limit_s: float = 30.0, workers: int = 2) -> Conflict:
    """Say whether overrides and minimum quotas can all be kept, and if not which of them clash, and what to give up.

    Parameters
    ----------
    instance
        The instance with its overrides.
    time_limit_s
        Wall time in seconds; positive.
    workers
        Processor cores to use; at least 1.

    Returns
    -------
    Conflict
        ``feasible`` None if time was too short.

    Raises
    ------
    UsageError
        If an argument has no meaning.
    """
    if not time_limit_s > 0:
        raise UsageError.of("arg_above", argument="time_limit_s", value=time_limit_s, low=0)
    if workers < 1:
        raise UsageError.of("arg_from", argument="workers", value=workers, low=1)
    started = time.perf_counter()
    search = _Search(instance, started + time_limit_s, workers)
    try:
        found = search.run()
    except OutOfTime:
        found = Conflict(feasible=None)
    return found.model_copy(update={"seconds": time.perf_counter() - started})


@dataclass(frozen=True)
class _Group:
    """A demand, and the pieces of the market that speak for it.

    Attributes
    ----------
    demand
        In words.
    row
        Row in the locks or quotas.
    pieces
        Options of the market that have the target, or are counted; one that counts twice is named twice.
    """

    demand: Demand
    row: int
    pieces: Ints

    def floor(self, size: int) -> Floor:
        """The demand as a row: so many pieces at least, or none."""
        weights = np.zeros(size, dtype=np.int64)
        np.add.at(weights, self.pieces, -1 if self.demand.kind == "never" else 1)
        return Floor(weights, {"must": 1, "never": 0, "quota_min": self.demand.least}[self.demand.kind])


class _Search:
    """One question: the market without demands, the demands, and the clock."""

    def __init__(self, instance: Instance, deadline: float, workers: int) -> None:
        self.instance, self.deadline, self.workers = instance, deadline, workers
        self.bare = _bare(instance)
        self.factored = _market(self.bare)
        self.market: Market = self.factored.market
        self.groups = self._groups()
        self.owner = self._owners()

    # What is asked

    def run(self) -> Conflict:
        """Find the conflict, what to give up, and prove both."""
        everything = list(range(len(self.groups)))
        if self.is_possible(everything):
            return Conflict(feasible=True, confirmed=True)
        minimal = self._quick_explain([], [], everything)
        releases, least_cost = self._ways_out()
        confirmed = self._is_confirmed(minimal) and all(shown for _, shown in releases)
        return Conflict(
            feasible=False, demands=tuple(self.groups[g].demand for g in minimal),
            releases=tuple(release for release, _ in releases), confirmed=confirmed, least_cost=least_cost,
            cheapest=bool(releases) and releases[0][0].cost == least_cost,
        )  # fmt: skip

    def _ways_out(self) -> tuple[list[tuple[Release, bool]], int]:
        """The releases that are found in the time that is left, each with whether it is shown to work; what any costs at least."""
        try:
            large = self._large_releases()
            return self._releases() if large is None else large
        except OutOfTime:
            return [], 1

    def _is_confirmed(self, minimal: Sequence[int]) -> bool:
        """Whether a minimal set is proven once more, and each set smaller by one is shown to be possible."""
        try:
            return self._is_impossible_again(minimal) and all(
                self._is_shown([g for g in minimal if g != out], {}) for out in minimal
            )
        except OutOfTime:
            return False

    def is_possible(self, groups: Sequence[int]) -> bool:
        """Whether some demands can be kept together."""
        market, floors = self._asked(groups)
        if floors:
            prices = shortfall(market, floors, rounds=ROUNDS[market.n_options > LARGE])
            if proves(market, floors, prices):
                return False
            if market.n_options > LARGE and self._meets(market, floors, prices):
                return True
        return not self._answer(market, floors).infeasible

    def _meets(self, market: Market, floors: tuple[Floor, ...], prices: Prices) -> bool:
        """Whether the best stays of a large market meet all demands; False says nothing about the others."""
        choice = self._best_part(market, floors, prices)
        return choice is not None and _shortfalls(floors, choice).sum() == 0

    def _best_part(
        self, market: Market, floors: tuple[Floor, ...], prices: Prices, limit_s: float = PART_S
    ) -> Ints | None:
        """The choice among the best stays of each household that meets most of what is demanded; None in too short a time."""
        group = np.where(market.agent < len(self.instance.households), market.agent, -1)
        kept = promising(market, floors, prices, group, BEST_STAYS)
        weights = np.sum([floor.weights for floor in floors], axis=0)[kept]
        found = mip.solve_level(market.take(kept), weights, time_limit_s=min(limit_s, self.left_s))
        return None if found.choice is None else _back(found.choice, np.flatnonzero(kept))

    def _asked(self, groups: Sequence[int]) -> tuple[Market, tuple[Floor, ...]]:
        """The market of those concerned by some demands, and the demands as rows."""
        kept = self._concerned(groups)
        number = np.cumsum(kept) - 1
        rows = [
            replace(self.groups[g], pieces=number[self.groups[g].pieces[kept[self.groups[g].pieces]]])
            for g in groups
        ]
        return self.market.take(kept), tuple(group.floor(int(kept.sum())) for group in rows)

    def _concerned(self, groups: Sequence[int]) -> Bools:
        """Pieces of households that some demands speak of, and everything that opens roles and experiences."""
        who = np.zeros(len(self.instance.households), dtype=bool)
        for g in groups:
            demand = self.groups[g].demand
            if demand.kind == "quota_min":
                who[self.owner[self.groups[g].pieces]] = True
                who[self._workers(self.groups[g].row)] = True
            elif demand.kind == "must":
                who[self._household(demand)] = True
                if demand.target_kind in ("role", "experience"):
                    who[self._sharers[demand.target_id]] = True
        plan, _ = plans_of_families(self.instance)
        who |= (plan >= 0) & np.isin(plan, plan[who])  # who is in a plan comes with all of it, or not at all
        return np.asarray((self.owner < 0) | who[self.owner])

    def _workers(self, quota: int) -> Ints:
        """Households that could help a role of an employer with a minimum to its own."""
        bundles = self.factored.source.bundles
        return np.unique(bundles.needs.household[bundles.options.part_need[self._employed(quota)]])

    def _employed(self, quota: int) -> Bools:
        """Mask of the parts that are roles of a quota's employer; none for a quota of stays."""
        bundles, row = self.factored.source.bundles, self.instance.quotas.row(quota)
        if row.target_kind != "employer":
            return np.zeros(len(bundles.options.part_target), dtype=bool)
        roles = self.instance.roles["role_id"][self.instance.roles["employer"] == row.target_id]
        ids = bundles.targets.ids[bundles.options.part_target]
        return np.asarray(np.isin(ids, roles) & (bundles.needs.list[bundles.options.part_need] == ROLE))

    def _employed_pieces(self, quota: int) -> Ints:
        """Options of the market for every role of an employer that a quota counts."""
        bundles, row = self.factored.source.bundles, self.instance.quotas.row(quota)
        owner = np.repeat(np.arange(len(bundles.options)), np.diff(bundles.options.part_offsets))
        counted = self._employed(quota)
        if row.group is not None:
            member = self.instance.households.lists("groups").holds(row.group)
            counted &= member[bundles.needs.household[bundles.options.part_need]]
        times = np.bincount(owner[counted], minlength=len(bundles.options))[self.factored.options]
        return len(self.factored.stays) + np.repeat(np.arange(len(times)), times)

    @cached_property
    def _sharers(self) -> dict[str, Ints]:
        """Households that could help a role or experience that somebody must have to its minimum."""
        bundles, found = self.factored.source.bundles, {}
        for group in self.groups:
            if group.demand.target_kind in ("role", "experience"):
                hit = bundles.targets.ids[bundles.options.part_target] == group.demand.target_id
                found[group.demand.target_id] = np.unique(
                    bundles.needs.household[bundles.options.part_need[hit]]
                )
        return found

    def _household(self, demand: Demand) -> int:
        return int(self.instance.households.find(np.array([demand.household_id]))[0])

    def _answer(self, market: Market, floors: tuple[Floor, ...], weights: Ints | None = None) -> Answer:
        """Ask CP-SAT, once more without its presolve where it says that nothing is possible; of a large market HiGHS."""
        if market.n_options > LARGE:
            asked = np.zeros(market.n_options, dtype=np.int64) if weights is None else weights
            found = mip.solve_level(market, asked, floors=floors, time_limit_s=self.left_s)
            if not found.infeasible and found.choice is None:
                raise OutOfTime
            return found
        for presolve in (True, False):
            found = cp_sat.solve_level(
                market, np.zeros(market.n_options, dtype=np.int64) if weights is None else weights, floors=floors,
                time_limit_s=self.left_s, workers=self.workers, presolve=presolve,
            )  # fmt: skip
            if not found.infeasible:
                break
        if not found.infeasible and found.choice is None:
            raise OutOfTime
        return found

    # A minimal set

    def _quick_explain(self, base: list[int], added: list[int], rest: list[int]) -> list[int]:
        """Return a minimal part of `rest` that is impossible beside `base`; `added` is what base grew by last."""
        if added and not self.is_possible(base):
            return []
        if len(rest) == 1:
            return rest
        half = len(rest) // 2
        first, second = rest[:half], rest[half:]
        from_second = self._quick_explain([*base, *first], first, second)
        from_first = self._quick_explain([*base, *from_second], from_second, first)
        return [*from_first, *from_second]

    @property
    def left_s(self) -> float:
        """Wall time left."""
        left = self.deadline - time.perf_counter()
        if left <= 0:
            raise OutOfTime
        return left

    def _is_impossible_again(self, groups: Sequence[int]) -> bool:
        """Whether prices, or the engine that did not answer first, prove that demands cannot be kept together."""
        market, floors = self._asked(groups)
        if market.n_options == 0:
            return any(floor.least > 0 for floor in floors)
        large = market.n_options > LARGE
        if large and proves(market, floors, shortfall(market, floors, rounds=ROUNDS[large])):
            return True
        left = max(0.1, min(SECOND_S, self.deadline - time.perf_counter()))
        nothing = np.zeros(market.n_options, dtype=np.int64)
        if large:
            return cp_sat.solve_level(
                market, nothing, floors=floors, time_limit_s=left, workers=self.workers, presolve=False
            ).infeasible
        return mip.solve_level(market, nothing, floors=floors, time_limit_s=left).infeasible

    def _is_shown(self, groups: Sequence[int], lowered: dict[int, int]) -> bool:
        """Whether an allocation is found that keeps some demands (minimums lowered by so much), and the check passes it."""
        market, floors = self._asked(groups)
        floors = tuple(
            replace(floor, least=floor.least - lowered.get(g, 0))
            for g, floor in zip(groups, floors, strict=True)
        )
        choice = self._answer(market, floors).choice
        if choice is None:
            return False
        kept = np.flatnonzero(self._concerned(groups))
        return verify(*self._shown(groups, lowered, _back(choice, kept))) == []

    def _shown(
        self, groups: Sequence[int], lowered: dict[int, int], choice: Ints
    ) -> tuple[Instance, Allocation]:
        """The instance with only some demands, and an allocation of it."""
        instance = _only(
            self.instance,
            [self.groups[g] for g in groups],
            {self.groups[g].row: n for g, n in lowered.items()},
        )
        market, whole = self.factored.bundles_of(choice)
        allocation = market.to_allocation(settled_gates(market, whole))
        return instance, allocation.replace(instance_hash=instance.hash)

    # The cheapest way out

    def _large_releases(self) -> tuple[list[tuple[Release, bool]], int] | None:
        """The best way out that the best stays of a large market show, and the least that any costs; None if there is none."""
        groups = list(range(len(self.groups)))
        market, floors = self._asked(groups)
        if market.n_options <= LARGE:
            return None
        prices = largest_shortfall(market, floors, rounds=HALVING_ROUNDS)
        choice = next(
            filter(_is_known, (self._best_part(market, floors, prices, s) for s in (PART_S, LATE_S))), None
        )
        if choice is None:
            return None
        missing = _shortfalls(floors, choice)
        count = {g: self._units_of(g, int(missing[g])) for g in groups if missing[g] > 0}
        works = self._works(count, market, choice, np.flatnonzero(self._concerned(groups)))
        is_proven = all(
            demand.kind != "never" or demand.target_kind in STAY_KINDS for demand in self._demands()
        )
        least_cost = max(1, proven_shortfall(market, floors, prices)) if is_proven else 1
        return [(self._release(count), works)], least_cost

    def _demands(self) -> list[Demand]:
        return [group.demand for group in self.groups]

    def _units_of(self, group: int, missing: int) -> int:
        """What it costs that so many pieces are missing, or too many."""
        return missing if self.groups[group].demand.kind == "quota_min" else 1

    def _releases(self) -> tuple[list[tuple[Release, bool]], int]:
        """The cheapest demands to give up, each with whether it is shown to work; and the least that any of them costs."""
        found: list[tuple[Release, bool]] = []
        least_cost = 0
        cuts: list[Floor] = []
        groups = list(range(len(self.groups)))
        kept = self._concerned(groups)
        market, floors = self._asked(groups)
        units = [g for g in groups for _ in range(self._most_units(g))]
        wide = _with_slack(market, len(units))
        slack = np.arange(market.n_options, wide.n_options)
        rows = [
            _widened(floor, wide.n_options, slack[np.array(units) == g])
            for g, floor in zip(groups, floors, strict=True)
        ]
        weights = np.where(np.arange(wide.n_options) >= market.n_options, -1, 0)
        for _ in range(MOST_RELEASES):
            answer = self._answer(wide, (*rows, *cuts), weights)
            if answer.choice is None:
                break
            given = np.flatnonzero(np.isin(slack, answer.choice))
            count = {g: sum(units[k] == g for k in given.tolist()) for g in groups}
            count = {g: n for g, n in count.items() if n}
            if not found and answer.bound is not None:
                least_cost = max(0, -answer.bound)
            if found and sum(count.values()) > found[0][0].cost + 1:
                break
            found.append(
                (self._release(count), self._works(count, market, answer.choice, np.flatnonzero(kept)))
            )
            cuts.append(_another(wide.n_options, slack, np.array(units), count))
        return found, least_cost

    def _most_units(self, group: int) -> int:
        demand = self.groups[group].demand
        return demand.least if demand.kind == "quota_min" else 1

    def _release(self, count: dict[int, int]) -> Release:
        minimums = {g: n for g, n in count.items() if self.groups[g].demand.kind == "quota_min"}
        return Release(
            locks=tuple(self.groups[g].demand for g in count if g not in minimums),
            minimums=tuple((self.groups[g].demand, n) for g, n in minimums.items()),
            cost=sum(count.values()),
        )

    def _works(self, count: dict[int, int], market: Market, choice: Ints, kept: Ints) -> bool:
        """Whether the allocation found keeps, by the check, all demands but those given up."""
        lowered = {g: n for g, n in count.items() if self.groups[g].demand.kind == "quota_min"}
        groups = [g for g in range(len(self.groups)) if g not in count or g in lowered]
        return verify(*self._shown(groups, lowered, _back(choice[: market.n_agents], kept))) == []

    # Demands

    def _groups(self) -> list[_Group]:
        return [*self._quota_groups(), *self._lock_groups()]

    def _quota_groups(self) -> list[_Group]:
        bundles = self.factored.source.bundles
        found = []
        for row, quota in enumerate(self.instance.quotas.rows()):
            if quota.kind == "limit" and quota.min:
                stays = _counted(self.instance, bundles.stays, row)[self.factored.stays]
                of_roles = quota.target_kind == "employer"
                pieces = self._employed_pieces(row) if of_roles else np.flatnonzero(stays)
                demand = Demand(kind="quota_min", quota_id=quota.quota_id, least=quota.min)
                found.append(_Group(demand, row, pieces))
        return found

    def _lock_groups(self) -> list[_Group]:
        found = []
        for row, lock in enumerate(self.instance.locks.rows()):
            pieces = self._stay_pieces(lock) if lock.target_kind in STAY_KINDS else self._target_pieces(lock)
            demand = Demand(
                kind=lock.effect, household_id=lock.household_id, target_kind=lock.target_kind,
                target_id=lock.target_id or "", reason=lock.reason,
            )  # fmt: skip
            found.append(_Group(demand, row, pieces))
        return found

    def _stay_pieces(self, lock: Lock) -> Ints:
        stays = self.factored.source.bundles.stays.take(self.factored.stays)
        mine = self.instance.households["household_id"][stays.household] == lock.household_id
        if lock.target_kind != "placed":
            column = "house_id" if lock.target_kind == "house" else "region_id"
            mine &= self.instance.houses[column][stays.house] == lock.target_id
        return np.flatnonzero(mine)

    def _target_pieces(self, lock: Lock) -> Ints:
        bundles, options = self.factored.source.bundles, self.factored.options
        target = bundles.targets.find(
            self.instance, np.array([lock.target_kind]), np.array([lock.target_id])
        )[0]
        owner = np.repeat(np.arange(len(bundles.options)), np.diff(bundles.options.part_offsets))
        has = np.zeros(len(bundles.options), dtype=bool)
        has[owner[bundles.options.part_target == target]] = True
        mine = self.instance.households["household_id"][bundles.household_of_option] == lock.household_id
        return len(self.factored.stays) + np.flatnonzero((has & mine)[options])

    def _owners(self) -> Ints:
        """Household of each piece of the market; -1 for what opens roles and experiences."""
        bundles = self.factored.source.bundles
        owner = np.full(self.market.n_options, -1, dtype=np.int64)
        stays, options = self.factored.stays, self.factored.options
        owner[: len(stays)] = bundles.stays.household[stays]
        owner[len(stays) : len(stays) + len(options)] = bundles.household_of_option[options]
        return owner


# The market without demands


def _bare(instance: Instance) -> Instance:
    """Return the instance without overrides and minimums, and without wishes that nobody has to fulfil.

    What a household may leave out stays out, unless an override asks for it, or a role or experience that somebody must
    have needs company: an allocation of what is left is one of the instance.
    """
    asked = _asked_lists(instance)
    lists = {
        name: rule.model_copy(
            update={"accept_unlisted": rule.accept_unlisted and (rule.required or name in asked)}
        )
        for name in NEED_LISTS
        for rule in (getattr(instance.rules.lists, name),)
    }
    rules = instance.rules.model_copy(update={"lists": instance.rules.lists.model_copy(update=lists)})
    return instance.replace(
        choices=instance.choices.take(_needed_wishes(instance, asked)),
        locks=Table.empty(Lock), quotas=_quotas(instance, {}), rules=Rules.model_validate(rules.model_dump()),
    )  # fmt: skip


def _asked_lists(instance: Instance) -> set[str]:
    """Lists in which an override demands something."""
    locks = instance.locks
    kinds = np.unique(locks["target_kind"][locks["effect"] == "must"]).tolist()
    asked = {name for kind in kinds for name in LISTS_OF_KIND.get(kind, ())}
    return asked | ({"role"} if _has_employers(instance) else set())


def _has_employers(instance: Instance) -> bool:
    """Whether some employer must have a least number of holders."""
    quotas = instance.quotas
    return bool(
        ((quotas["kind"] == "limit") & (quotas["target_kind"] == "employer") & (quotas["min"] > 0)).any()
    )


def _needed_wishes(instance: Instance, asked: set[str]) -> Bools:
    """Wishes of stays, of lists that are required, and of lists in which an override demands something."""
    names = instance.choices["list"]
    required = [name for name in NEED_LISTS if getattr(instance.rules.lists, name).required]
    locks, choices = instance.locks, instance.choices
    must = locks["effect"] == "must"
    concerned = np.isin(choices["household_id"], locks["household_id"][must])
    concerned |= np.isin(choices["target_id"], locks["target_id"][must]) | (
        choices["target_kind"] == "region"
    )
    concerned |= (names == "role") & _has_employers(instance)
    return np.asarray(np.isin(names, ["stay", *required]) | (np.isin(names, sorted(asked)) & concerned))


def _market(instance: Instance) -> Factored:
    """The market of stays and options apart, with every bundle."""
    calendar = Calendar.of(instance)
    travel = Travel(instance, calendar)
    stays, patterns, refused = find_stays(instance, calendar, travel)
    source = BundleSource(assemble(instance, calendar, travel, patterns, stays, refused))
    return source.everything()


def _only(instance: Instance, groups: Sequence[_Group], lowered: dict[int, int]) -> Instance:
    """Return the instance with only some demands, minimums lowered by so much."""
    locks = [group.row for group in groups if group.demand.kind != "quota_min"]
    least = {g.row: g.demand.least - lowered.get(g.row, 0) for g in groups if g.demand.kind == "quota_min"}
    return instance.replace(
        locks=instance.locks.take(np.array(locks, dtype=np.int64)), quotas=_quotas(instance, least)
    )


def _quotas(instance: Instance, least: dict[int, int]) -> Table[Quota]:
    """Return the quotas with only some minimums; a quota without any bound goes."""
    quotas = instance.quotas
    limits = quotas["kind"] == "limit"
    minimum = np.where(limits, NULL_INT, quotas["min"])
    for row, value in least.items():
        minimum[row] = value
    kept = ~limits | (minimum != NULL_INT) | (quotas["max"] != NULL_INT)
    return quotas.with_columns(min=minimum).take(kept)


def _is_known(choice: Ints | None) -> bool:
    return choice is not None


def _shortfalls(floors: Sequence[Floor], choice: Ints) -> Ints:
    """By how many pieces a choice misses each demand."""
    taken = choice[choice >= 0]
    got = np.array([int(floor.weights[taken].sum()) for floor in floors], dtype=np.int64)
    least = np.array([floor.least for floor in floors], dtype=np.int64)
    return np.asarray(np.maximum(least - got, 0))


def _back(choice: Ints, kept: Ints) -> Ints:
    """A choice of some pieces as one of all pieces."""
    whole = np.full(len(choice), -1, dtype=np.int64)
    taken = choice >= 0
    whole[taken] = kept[choice[taken]]
    return whole


def _with_slack(market: Market, count: int) -> Market:
    """Return the market with so many agents more, each with one option that uses nothing."""
    n, agents = market.n_options, market.n_agents
    return replace(
        market,
        n_agents=agents + count,
        agent=np.concatenate((market.agent, agents + np.arange(count))),
        utility=np.concatenate(
            (market.utility, np.zeros((len(market.utility), count), dtype=np.int64)), axis=1
        ),
        rank=np.concatenate((market.rank, np.ones(count, dtype=np.int64))),
        offsets=np.concatenate((market.offsets, np.full(count, market.offsets[n]))),
        must_assign=np.concatenate((market.must_assign, np.zeros(count, dtype=bool))),
        gate=np.concatenate((market.gate, np.ones(count, dtype=bool))),
        labels={},
    )


def _widened(floor: Floor, size: int, slack: Ints) -> Floor:
    """A demand that slack may stand in for: each unit for one piece (an override that forbids: for as many as there are)."""
    weights = np.zeros(size, dtype=np.int64)
    weights[: len(floor.weights)] = floor.weights
    weights[slack] = max(1, int((floor.weights < 0).sum()))
    return Floor(weights, floor.least)


def _another(size: int, slack: Ints, units: Ints, count: dict[int, int]) -> Floor:
    """Ask for another release: less of at least one demand that this one gives up."""
    weights = np.zeros(size, dtype=np.int64)
    for group in count:
        weights[slack[units == group]] = -1
    return Floor(weights, 1 - sum(count.values()))
