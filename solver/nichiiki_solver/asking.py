"""Ask every household about everything, block by block: a bound over all bundles where some were left out, and what was missed.

Whatever the prices λ ≥ 0 are, no allocation is worth more than Σ_a max(0, best value of a at λ) + λ · b. Prices found with some of
the bundles prove a bound over all of them, if every household is asked once for its best one among all. A block of households
is an instance of its own for that, with everything else as it is; what it uses is found by kind, thing and period, and nothing of it
is kept. Resources that are about households (families, stay plans, overrides) cost nothing here, which can only raise the bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_solver.bundles import BundleSource, find_bundles
from nichiiki_solver.calendar import Calendar
from nichiiki_solver.dual_prices import SCALE, gains
from nichiiki_solver.helping import Threads
from nichiiki_solver.known_prices import Prices
from nichiiki_solver.market import NO_VALUE
from nichiiki_solver.measures import Plans
from nichiiki_solver.narrowing import EVERYTHING, Narrowing, supporters_are_idle
from nichiiki_solver.ragged import Ints, group
from nichiiki_solver.worth_at_prices import worth_of

AT_ONCE = 25_000
"""Households of a block."""
MISSED = 12
"""Most houses that join for one household."""
OF_HOUSEHOLDS = "household_id"
"""Tables with this column are cut into blocks with the households."""


@dataclass(frozen=True)
class Asked:
    """What everybody answers.

    Attributes
    ----------
    bound
        Upper bound on any allocation, in units.
    household, house
        Pairs of which the household would gain more than by anything that was looked at.
    """

    bound: int
    household: Ints
    house: Ints


def ask_everyone(
    source: BundleSource, weights: Ints, prices: Prices, should_stop: Callable[[], bool], workers: int = 1
) -> Asked | None:
    """Ask for the best bundle of everyone among all; None if told to stop before the end.

    Parameters
    ----------
    source
        The narrowed source.
    weights
        Weight of each level of utility.
    prices
        What is shared costs so much.
    should_stop
        Asked now and then; blocks that have begun are left, and end unseen.
    workers
        Blocks at a time.
    """
    market, count = source.unlisted(), source.bundles.n_households
    own = prices.at(source.bundles.uses.resources)
    gain = gains(market, source.best_values(weights * SCALE, own))
    total = int(gain[count:].sum()) + int(own @ market.capacity) + _gain_of_absent_measures(source, weights)
    blocks, plans = Blocks(source.bundles.instance), source.bundles.plans
    pieces = [
        (blocks, first, weights, prices, gain[:count][first : first + AT_ONCE], plans)
        for first in blocks.firsts
    ]
    found = Threads(workers).each(_ask, pieces, np.inf, should_stop)
    if any(answer is None for answer in found):
        return None
    household, house = (np.concatenate([answer[k] for answer in found]) for k in (1, 2))
    return Asked((total + sum(answer[0] for answer in found)) // SCALE, household, house)


def _ask(
    blocks: Blocks, first: int, weights: Ints, prices: Prices, known: Ints, plans: Plans
) -> tuple[int, Ints, Ints]:
    """What the households of a block gain in all; and the best houses, by household, of those that gain more than is known."""
    block = blocks.block(first)
    worth = worth_of(block, Calendar.of(block), weights, prices, known, SCALE, plans)
    narrowing = Narrowing(None, 0) if supporters_are_idle(block) else EVERYTHING
    source = BundleSource(find_bundles(block, narrowing, worth, plans))
    bundles, count = source.bundles, source.bundles.n_households
    values = source.best_values(weights * SCALE, prices.at(bundles.uses.resources))
    gain = gains(source.unlisted(), values)[:count]
    least = np.full(source.n_agents, -NO_VALUE, dtype=np.int64)
    least[:count] = np.where(gain > known, known, -NO_VALUE)
    stays = source.best_stays(least, MISSED)
    household = first + bundles.stays.household[stays]
    return int(np.maximum(gain, known).sum()), household, bundles.stays.house[stays]


def _gain_of_absent_measures(source: BundleSource, weights: Ints) -> int:
    """What measures without a gate in the source could gain at most: all their worth, as nothing that they open is known."""
    bundles = source.bundles
    terms = weights @ bundles.plan_terms(np.arange(len(bundles.plans)))
    plan = bundles.uses.gates.plan
    terms[plan[plan >= 0]] = 0
    best = np.zeros(int(bundles.plans.measure.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(best, bundles.plans.measure, terms)
    return int(best.sum()) * SCALE


class Blocks:
    """An instance cut between its households: each block has some of them with all that is theirs, and everything else.

    Attributes
    ----------
    firsts
        First household of each block.
    """

    def __init__(self, instance: Instance) -> None:
        # a block in which nobody had a place before would have no level for that
        objective = instance.rules.objective.model_copy(update={"levels": instance.levels})
        self._rules = instance.rules.model_copy(update={"objective": objective})
        size = len(instance.households)
        self._instance, self.firsts = instance, range(0, size, AT_ONCE)
        self._cut = {
            name: (table, *group(instance.households.find(table[OF_HOUSEHOLDS]), size))
            for name, table in instance.tables.items()
            if OF_HOUSEHOLDS in table.columns and len(table)
        }

    def block(self, first: int) -> Instance:
        """Return the block that begins with a household."""
        last = min(first + AT_ONCE, len(self._instance.households))
        parts: dict[str, Table[Any]] = {
            name: table.take(order[offsets[first] : offsets[last]])
            for name, (table, order, offsets) in self._cut.items()
        }
        return Instance.from_tables({**self._instance.tables, **parts}, self._rules, checked=True)
