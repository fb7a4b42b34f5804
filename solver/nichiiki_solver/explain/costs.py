"""What a forced wish would cost the optimum: estimated by dual prices for everybody at once, exact by solving again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nichiiki_models.allocation import Allocation, Status
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_models.tables import Choice, Lock
from nichiiki_solver.bundles import compile_market
from nichiiki_solver.dual_prices import SCALE, find_prices, gains
from nichiiki_solver.explain.drafts import STAY, Draft
from nichiiki_solver.explain.world import World
from nichiiki_solver.market import NO_VALUE, Market
from nichiiki_solver.needs import NEED_LISTS, ROLE
from nichiiki_solver.ragged import Bools, Ints
from nichiiki_solver.uses import Resources

KINDS_OF_TARGET = ("facility", "facility", "facility", "role", "supporter", "experience")


@dataclass(frozen=True)
class Estimate:
    """What the first level loses at least (proven), and by the prices (an estimate)."""

    at_least: int
    loss: int


class DualCosts:
    """Prices of what is shared, and what wishes cost at them.

    Parameters
    ----------
    world
        What might have been, with all measures to be decided.
    objective
        Value of the first level that is reached.
    should_stop
        Asked between the rounds of pricing; the prices are then valid, but weaker.
    """

    def __init__(self, world: World, objective: int, should_stop: Callable[[], bool]) -> None:
        self.world, self.objective = world, objective
        market = compile_market(world.bundles.instance)
        weights = np.zeros(len(market.levels), dtype=np.int64)
        weights[0] = 1
        self.priced = find_prices(market, weights, should_stop)
        self.gain = gains(market, self.priced.values)
        prices = self._prices(market)
        source = world.source
        stay, self.option = source._values(weights * SCALE, prices)
        self.best, self.total = source.tree.best(stay, self.option)
        self.allowed: Bools = (world.rule < 0) & world.free & world.complete

    def _prices(self, market: Market) -> Ints:
        """Prices in the numbering of the world; what the market does not know is free."""
        known: Resources = market.source.bundles.uses.resources  # type: ignore[union-attr]
        price = dict(zip(_names(known), self.priced.prices.tolist(), strict=True))
        return np.array(
            [price.get(name, 0) for name in _names(self.world.bundles.uses.resources)], dtype=np.int64
        )

    def of(self, draft: Draft) -> Estimate | None:
        """Return what it costs to force a wish; None if nothing allowed fulfils it."""
        value = self._stay_value(draft) if draft.need == STAY else self._need_value(draft)
        if value <= NO_VALUE // 64:
            return None
        reduced = int(self.gain[draft.household]) - value
        bound = (self.priced.total - reduced) // SCALE
        at_least = max(0, self.objective - bound)
        return Estimate(at_least, max(at_least, -(-reduced // SCALE)))

    def _stay_value(self, draft: Draft) -> int:
        stays = self.world.bundles.stays
        low, high = np.searchsorted(stays.household, (draft.household, draft.household + 1))
        mine = slice(low, high)
        rows = self.allowed[mine] & (stays.house[mine] == draft.target) & (stays.rank[mine] == draft.rank)
        return int(self.total[mine][rows].max(initial=NO_VALUE))

    def _need_value(self, draft: Draft) -> int:
        bundles, tree = self.world.bundles, self.world.source.tree
        stays = np.searchsorted(bundles.stays.household, (draft.household, draft.household + 1))
        low, high = np.searchsorted(bundles.stay_of_option, stays)
        first, last = bundles.options.part_offsets[[low, high]]
        parts = np.arange(first, last)
        hit = parts[
            (bundles.options.part_need[parts] == draft.need)
            & (bundles.options.part_target[parts] == draft.target)
        ]
        options = np.searchsorted(bundles.options.part_offsets, hit, side="right") - 1
        options = options[self.allowed[bundles.stay_of_option[options]]]
        segment = np.searchsorted(tree.segments, options, side="right") - 1
        value = self.total[bundles.stay_of_option[options]] - self.best[segment] + self.option[options]
        return int(value.max(initial=NO_VALUE))


def _names(resources: Resources) -> list[tuple[int, int, int]]:
    return list(
        zip(resources.kind.tolist(), resources.thing.tolist(), resources.period.tolist(), strict=True)
    )


# By solving again


@dataclass(frozen=True)
class Forced:
    """The best allocation that fulfils a wish.

    Attributes
    ----------
    possible
        False if there is none.
    level, loss
        First level that loses, and how much; empty and 0 if none does.
    moves
        How many other households have something else in the allocation found.
    proven
        Whether both optima are proven and the one found fulfils the wish.
    """

    possible: bool
    level: str
    loss: int
    moves: int
    proven: bool


def force(
    world: World, allocation: Allocation, draft: Draft, *, time_limit_s: float, workers: int
) -> Forced | None:
    """Solve again with a wish fulfilled; None if time was too short for any answer.

    Parameters
    ----------
    world, allocation
        What might have been, with all measures to be decided, and the optimum without force.
    draft
        The wish.
    time_limit_s, workers
        Limits of the solve.
    """
    from nichiiki_solver.allocating import allocate

    result = allocate(
        forced_instance(world, draft), policy="welfare", time_limit_s=time_limit_s, workers=workers,
        seed=allocation.seed,
    )  # fmt: skip
    if result.status is Status.INFEASIBLE:
        return Forced(False, "", 0, 0, True)
    if result.allocation is None:
        return None
    level, loss = "", 0
    for before, after in zip(allocation.levels, result.levels, strict=True):
        if before.objective != after.objective:
            level, loss = before.name, (before.objective or 0) - (after.objective or 0)
            break
    proven = allocation.status is Status.OPTIMAL and result.status is Status.OPTIMAL
    return Forced(
        True, level, loss, _moves(world, draft, allocation, result.allocation),
        proven and _fulfils(world, draft, result.allocation),
    )  # fmt: skip


def forced_instance(world: World, draft: Draft) -> Instance:
    """Return the instance in which a household can have nothing but a wish fulfilled (or a little more)."""
    instance = world.bundles.instance
    household = str(instance.households["household_id"][draft.household])
    choices = instance.choices
    mine = choices["household_id"] == household
    if draft.need == STAY:
        mine &= choices["list"] == "stay"
        rows = _stay_rows(world, draft, household)
        kind, target = "house", str(instance.houses["house_id"][draft.target])
    else:
        code, person = int(world.bundles.needs.list[draft.need]), _person(world, draft)
        mine &= (choices["list"] == NEED_LISTS[code]) & (choices["person_id"] == (person or ""))
        kind, target = KINDS_OF_TARGET[code], str(world.bundles.targets.ids[draft.target])
        rows = [_need_row(world, draft, household, NEED_LISTS[code], person, kind, target)]
        if (
            code == ROLE
        ):  # a person may hold other roles beside it: all wishes stay, and the override asks for this one
            mine, rows = np.zeros_like(mine), []
    lock = Lock(household_id=household, target_kind=kind, target_id=target, effect="must", reason="explain")  # type: ignore[arg-type]
    others = [
        row for row in instance.locks.rows()
        if (row.household_id, row.target_kind, row.target_id) != (household, kind, target)
    ]  # fmt: skip
    return instance.replace(
        choices=Table.from_rows(Choice, [*choices.take(~mine).rows(), *rows]),
        locks=Table.from_rows(Lock, [*others, lock]),
    )


def _stay_rows(world: World, draft: Draft, household: str) -> list[Choice]:
    """One wish for each way to stay in the house at this rank, with the periods spelt out."""
    bundles = world.bundles
    stays = bundles.stays
    rows = np.flatnonzero(
        (stays.household == draft.household) & (stays.house == draft.target) & (stays.rank == draft.rank)
    )
    house = str(bundles.instance.houses["house_id"][draft.target])
    return [
        Choice(
            household_id=household, list="stay", rank=draft.rank, target_kind="house", target_id=house,
            periods=tuple(bundles.calendar.ids[bundles.patterns.mask[int(stays.pattern[row])]].tolist()),
            score=int(stays.utility[row]),
        )
        for row in rows.tolist()
    ]  # fmt: skip


def _person(world: World, draft: Draft) -> str | None:
    person = int(world.bundles.needs.person[draft.need])
    return None if person < 0 else str(world.bundles.instance.persons["person_id"][person])


def _need_row(
    world: World, draft: Draft, household: str, name: str, person: str | None, kind: str, target: str
) -> Choice:
    wanted = world.bundles.wanted
    rows = np.flatnonzero((wanted.need == draft.need) & (wanted.target == draft.target))
    score = int(wanted.utility[rows[0]]) if len(rows) else None
    return Choice(
        household_id=household, list=name, person_id=person, rank=draft.rank, target_kind=kind, target_id=target,  # type: ignore[arg-type]
        score=score,
    )  # fmt: skip


def _fulfils(world: World, draft: Draft, allocation: Allocation) -> bool:
    instance = world.bundles.instance
    household = str(instance.households["household_id"][draft.household])
    if draft.need == STAY:
        return bool((allocation.stays["household_id"] == household).any())
    code, target = int(world.bundles.needs.list[draft.need]), str(world.bundles.targets.ids[draft.target])
    if NEED_LISTS[code] == "supporter":
        heads = allocation.placements
        return bool(((heads["household_id"] == household) & (heads["supporter_id"] == target)).any())
    items = allocation.items
    hit = (items["household_id"] == household) & (items["list"] == NEED_LISTS[code])
    return bool(
        (hit & (items["person_id"] == (_person(world, draft) or "")) & (items["target_id"] == target)).any()
    )


def _moves(world: World, draft: Draft, before: Allocation, after: Allocation) -> int:
    """How many other households have something else, or something where they had nothing, or the reverse."""
    left, right = (
        {entry["household_id"]: entry for entry in each.model_dump()["placements"]}
        for each in (before, after)
    )
    own = str(world.bundles.instance.households["household_id"][draft.household])
    return sum(left.get(h) != right.get(h) for h in {*left, *right} - {own})
