"""Few of many that are worth the same: where a nation is allocated, a wish for a whole town names hundreds of houses.

What answers such a wish is worth the same by definition, so a household needs few of them to choose from: an even share of each
town's houses, and of the supporters who serve a region. Supporters whom nobody named are worth nothing to the objective, so
that nothing is lost there. Of houses, what is left out is missing from the answers alone; what it could have added is in the bound,
which is summed over everything block by block (`nichiiki_solver.asking`), and what is missed joins (`nichiiki_solver.widening`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_solver.ragged import Ints, expand, group, mixed

HOUSES, SUPPORTERS = 32, 2
"""Of each wish for a town so many houses; for each household and region so many supporters whom it does not name."""
MOST_HOUSES, MOST_SUPPORTERS = 5_000_000, 100_000
"""Up to so many pairs of a household with a house wished for, or with a supporter at hand, nothing is left out."""


def _nobody() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Narrowing:
    """How many of what is wished for as a whole are looked at; None = all.

    Attributes
    ----------
    houses
        Of each wish for a town, and of the houses that nobody named where rules accept these.
    supporters
        Of those that serve a region, for each household that may stay there and does not name them; beside whom overrides demand.
    household, house
        Pairs that are looked at in any case: what was held before, and what overrides demand.
    """

    houses: int | None = None
    supporters: int | None = None
    household: Ints = field(default_factory=_nobody)
    house: Ints = field(default_factory=_nobody)

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out at all."""
        return self.houses is None and self.supporters is None

    def leaves_out(self, instance: Instance) -> bool:
        """Whether anything is left out by which somebody could gain."""
        return self.houses is not None or (self.supporters is not None and not supporters_are_idle(instance))

    def also(self, household: Ints, house: Ints) -> Narrowing:
        """Look at some more pairs of a household and a house in any case."""
        return replace(
            self,
            household=np.concatenate((self.household, household)),
            house=np.concatenate((self.house, house)),
        )


EVERYTHING = Narrowing()


def narrowing_for(instance: Instance, held: Allocation | None = None) -> Narrowing:
    """Return how an instance is narrowed: not at all unless its wishes are too many to be kept.

    Parameters
    ----------
    instance
        What is to be allocated.
    held
        An allocation whose stays are looked at in any case.
    """
    houses = HOUSES if _houses_wished(instance) > MOST_HOUSES else None
    supporters = SUPPORTERS if _supporters_at_hand(instance) > MOST_SUPPORTERS else None
    narrowing = Narrowing(houses, supporters)
    if houses is None:
        return narrowing
    locks = instance.locks
    demanded = (locks["effect"] == "must") & (locks["target_kind"] == "house")
    pairs = [(locks["household_id"][demanded], locks["target_id"][demanded])]
    if held is not None:
        pairs.append((held.stays["household_id"], held.stays["house_id"]))
    for household_id, house_id in pairs:
        household, house = instance.households.find(household_id), instance.houses.find(house_id)
        known = (household >= 0) & (house >= 0)
        narrowing = narrowing.also(household[known], house[known])
    return narrowing


def supporters_are_idle(instance: Instance) -> bool:
    """Whether supporters whom nobody named are worth nothing to anybody: none must have one, and none had one."""
    return not instance.rules.lists.supporter.required and not len(instance.previous)


def _houses_wished(instance: Instance) -> int:
    """Pairs of a household and a house that its wishes name, or could mean."""
    if instance.rules.lists.stay.accept_unlisted:
        return len(instance.households) * len(instance.houses)
    choices = instance.choices
    wide = (choices["list"] == "stay") & (choices["target_kind"] == "region")
    region = instance.regions.find(choices["target_id"][wide])
    of_region = np.bincount(
        instance.regions.find(instance.houses["region_id"]), minlength=len(instance.regions)
    )
    return int((choices["list"] == "stay").sum() + of_region[region].sum())


def _supporters_at_hand(instance: Instance) -> int:
    """About how many pairs there are of a household and a supporter whom it may be given without having named one."""
    if not instance.rules.lists.supporter.accept_unlisted or not len(instance.regions):
        return 0
    supporters, regions = instance.supporters, instance.supporters.lists("regions").lengths
    everywhere = int(((supporters["scope"] == "wide") & (regions == 0)).sum())
    return len(instance.households) * (everywhere + int(regions.sum()) // len(instance.regions))


def some_of_each(starts: Ints, counts: Ints, most: int | None) -> tuple[Ints, Ints]:
    """Expand rows to their positions as `ragged.expand` does, those with more than `most` to so many, evenly spaced.

    Where the first one lies hangs on the number of the row, so that equal rows do not name the same ones.
    """
    if most is None:
        return expand(starts, counts)
    owner, place = expand(np.zeros(len(counts), dtype=np.int64), np.minimum(counts, most))
    size = counts[owner]
    begin = (mixed(np.arange(len(counts)), 0) & (2**62 - 1))[owner] % np.maximum(size, 1)
    spread = (begin + place * size // max(1, most)) % np.maximum(size, 1)
    return owner, starts[owner] + np.where(size > most, spread, place)


def join_some(left: Ints, right: Ints, size: int, most: int | None) -> tuple[Ints, Ints]:
    """Pair left indices with right indices of the same key as `ragged.join` does, each with at most so many."""
    order, offsets = group(right, size)
    i, position = some_of_each(offsets[left], offsets[left + 1] - offsets[left], most)
    return i, order[position]
