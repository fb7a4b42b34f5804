"""One more household: the best places for it beside what all others have, in well under a second, without solving again.

What is free is found by looking, and the check passes it. For what is not free the dual prices of what is shared say what
those who would have to make room lose; they are found once (`shadow_prices`) and serve for every late applicant after.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np

from nichiiki_models.allocation import Allocation, Violation
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_models.explanation import Proof, Witness
from nichiiki_models.fits import Fit, ShadowPrice
from nichiiki_models.instance import Instance
from nichiiki_solver.building import as_built
from nichiiki_solver.bundles import BundleSource, compile_market
from nichiiki_solver.dual_prices import SCALE, find_prices
from nichiiki_solver.explain.drafts import Drafter
from nichiiki_solver.explain.obstacles import room_of
from nichiiki_solver.explain.world import World, find_world, parts_of
from nichiiki_solver.explain_check.placing import broken, placed, without
from nichiiki_solver.market import NO_VALUE
from nichiiki_solver.needs import NEED_LISTS
from nichiiki_solver.priced import Name, named_prices, names_of
from nichiiki_solver.ragged import Ints


def shadow_prices(instance: Instance, *, time_limit_s: float = 60.0) -> list[ShadowPrice]:
    """Price everything shared by what one unit more of it would be worth to the optimum's first level.

    Parameters
    ----------
    instance
        What is allocated.
    time_limit_s
        Wall time in seconds, after which the best prices so far are returned; positive.

    Returns
    -------
    list of ShadowPrice
        Those above 0. They hold for the linear relaxation: whole numbers may be worth more or less.

    Raises
    ------
    UsageError
        If the limit has no meaning.
    """
    if not time_limit_s > 0:
        raise UsageError.of("arg_above", argument="time_limit_s", value=time_limit_s, low=0)
    end = time.perf_counter() + time_limit_s
    market = compile_market(instance)
    weights = np.zeros(len(market.levels), dtype=np.int64)
    weights[0] = 1
    prices = find_prices(
        market, weights, lambda: time.perf_counter() > end, time_limit_s=end - time.perf_counter()
    ).prices
    source = market.source
    if not isinstance(source, BundleSource):
        raise TypeError("a compiled market has lost its source")
    return list(named_prices(source, prices))


def fit(
    instance: Instance,
    allocation: Allocation,
    household_id: str,
    *,
    withdrawn: Iterable[str] = (),
    prices: Sequence[ShadowPrice] | None = None,
    most: int = 5,
) -> list[Fit]:
    """Find the best places for one more household.

    Parameters
    ----------
    instance
        The instance with the household and its wishes in it.
    allocation
        What the others have; it may have been made before the household was in the instance.
    household_id
        Who is to be placed. If it has a place, that place is given back.
    withdrawn
        Households that give their places back.
    prices
        What is shared at which price; found anew if None, which takes longer than all the rest.
    most
        How many places; of each house the best one.

    Returns
    -------
    list of Fit
        The best first: what the first level of the objective gains on the whole, then the rank of the wish.

    Raises
    ------
    UsageError
        If a household is not in the instance.
    VerificationError
        If what the others have breaks a rule.
    """
    gone = [household_id, *withdrawn]
    unknown = [each for each in gone if each not in instance.households.ids]
    if unknown:
        raise UsageError.of("unknown_id", argument="household_id", value=unknown[0], tables="households")
    instance, allocation = as_built(instance, allocation)
    others = without(allocation, np.array(gone)).replace(instance_hash=instance.hash)
    violations = _broken(instance, others, gone)
    if violations:
        raise VerificationError(violations, given=True)
    known = shadow_prices(instance) if prices is None else prices
    return _Fitting(instance, others, household_id, gone[1:], known).best(most)


def _broken(instance: Instance, allocation: Allocation, gone: Sequence[str]) -> list[Violation]:
    """List what an allocation breaks; what an override demands for households that gave their places back does not count."""
    found = broken(instance, allocation)
    return [each for each in found if not (each.rule == "lock" and each.where.split(" ")[0] in gone)]


class _Fitting:
    """The places of one household."""

    def __init__(
        self,
        instance: Instance,
        others: Allocation,
        household_id: str,
        gone: Sequence[str],
        prices: Sequence[ShadowPrice],
    ) -> None:
        self.gone = gone
        self.instance, self.others, self.household_id = instance, others, household_id
        asked = instance.households["household_id"] == household_id
        self.world: World = find_world(instance, others, asked)
        self.drafter = Drafter(self.world, room_of(self.world, None), None)
        self.source, self.bundles = self.world.source, self.world.bundles
        self.household = int(np.flatnonzero(asked)[0])
        self.prices = self._priced(prices)

    def _priced(self, prices: Sequence[ShadowPrice]) -> Ints:
        """Prices in the numbering of the world; what is not priced is free."""
        known: dict[Name, int] = {(p.kind, p.id, p.band, p.period_id): p.price for p in prices}
        names = names_of(self.source, self.bundles.uses.resources)
        return np.array([known.get(name, 0) for name in names], dtype=np.int64)

    def best(self, most: int) -> list[Fit]:
        """Return the best places, one a house."""
        mine = np.flatnonzero(self.bundles.stays.household == self.household)
        world = self.world
        mine = mine[(world.rule[mine] < 0) & world.free[mine] & world.complete[mine]]
        found = [*self._free(mine), *self._at_prices(mine)]
        found.sort(key=lambda each: (-each.net, not each.free, each.rank))
        houses: dict[str, Fit] = {}
        for each in found:
            if len(houses) == most:
                break
            if each.place.house_id not in houses and (not each.free or self._passes(each)):
                houses[each.place.house_id] = each
        return list(houses.values())

    def _passes(self, free: Fit) -> bool:
        """Whether the check finds nothing broken with the household in a free place."""
        moved = placed(self.instance, self.others, self.household_id, free.place)
        return not _broken(self.instance, moved, self.gone)

    def _free(self, mine: Ints) -> list[Fit]:
        """The most valuable bundle of every stay for which all is left."""
        open_stays = self.drafter.stay_blocked == 0
        open_options = (self.drafter.option_blocked == 0) & (self.drafter.missing == 0)
        stay = np.where(open_stays, self.bundles.stay_terms[0], NO_VALUE)
        option = np.where(open_options, self.bundles.option_terms[0], NO_VALUE)
        _, total = self.source.tree.best(stay, option)
        found = []
        for row in mine[total[mine] > NO_VALUE // 128].tolist():
            options = self._options(row, option)
            if self.drafter._jointly_blocked(row, options):
                options, _ = self.drafter._combination(row, options)
            fitting = self._fit(row, options, 0)
            if fitting is not None:
                found.append(fitting)
        return found

    def _at_prices(self, mine: Ints) -> list[Fit]:
        """The best bundle of every stay if what it uses costs its price."""
        weights = np.zeros(len(self.bundles.stay_terms), dtype=np.int64)
        weights[0] = SCALE
        stay, option = self.source._values(weights, self.prices)
        option = np.where(self.drafter.missing == 0, option, NO_VALUE)
        _, total = self.source.tree.best(stay, option)
        found = []
        for row in mine[total[mine] > NO_VALUE // 128].tolist():
            options = self._options(row, option)
            cost = self._value(row, options) - int(total[row]) / SCALE
            fitting = self._fit(row, options, max(0, round(cost)))
            if fitting is not None:
                found.append(fitting)
        return found

    def _options(self, row: int, option: Ints) -> Ints:
        """The first best option of each slot of a stay."""
        slots = self.source.slots_of(row)
        return np.array([low + int(option[low:high].argmax()) for low, high in slots], dtype=np.int64)

    def _value(self, row: int, options: Ints) -> int:
        return int(self.bundles.stay_terms[0, row] + self.bundles.option_terms[0, options].sum())

    def _fit(self, row: int, options: Ints, cost: int) -> Fit | None:
        """Describe a place; one that is not free and has no price is none."""
        bundles = self.bundles
        is_free = not self.drafter._jointly_blocked(row, options)
        if not is_free and cost == 0 and not self.prices.any():
            return None
        return Fit(
            household_id=self.household_id, rank=int(bundles.stays.rank[row]), place=self._place(row, options),
            cost_yen=int(bundles.stays.cost_yen[row]), gain=self._value(row, options),
            cost=0 if is_free else cost, free=is_free, proof=Proof.PROVEN if is_free else Proof.ESTIMATED,
        )  # fmt: skip

    def _place(self, row: int, options: Ints) -> Witness:
        bundles, instance = self.bundles, self.instance
        persons = np.append(instance.persons["person_id"], "")
        mask = bundles.patterns.mask[int(bundles.stays.pattern[row])]
        items = [
            (
                NEED_LISTS[int(bundles.needs.list[need])],
                str(persons[bundles.needs.person[need]]),
                str(bundles.targets.ids[target]),
            )
            for need, target in parts_of(bundles, options)
        ]
        return Witness(
            house_id=str(instance.houses["house_id"][bundles.stays.house[row]]),
            periods=tuple(bundles.calendar.ids[mask].tolist()),
            items=tuple(sorted(items)),  # type: ignore[arg-type]  # a name of LISTS
        )
