"""The clerk's procedure: sections 8 (one_list) and 9 (by_rank) of the rules, step by step; per_target has a file of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field

from nichiiki_models.instance import Instance
from nichiiki_models.tables import Household
from nichiiki_oracle.brute_force import options
from nichiiki_oracle.bundles import Bundle
from nichiiki_oracle.market import Market
from nichiiki_oracle.measures import Plan, Taken, keeps_budgets, one_a_house, plans, settled
from nichiiki_oracle.points import ordered_households
from nichiiki_oracle.shared import Choice, Key, below_minimum, fits, most_of, quota_minima, total_use


class MinimumQuotaError(ValueError):
    """A market with a minimum quota was given to the clerk."""


@dataclass(frozen=True)
class Outcome:
    """How the procedure ended.

    Attributes
    ----------
    choice
        The bundle of each household, or None for a household that gets nothing.
    feasible
        False if a household with a `must` gets nothing.
    closed
        Roles in periods, and experiences, that were closed.
    rounds
        How often step 3 was begun.
    taken
        The measures taken, with their plans.
    """

    choice: Choice
    feasible: bool
    closed: frozenset[Key]
    rounds: int
    taken: Taken = field(default_factory=dict)


def one_list(instance: Instance | Market, seed: int) -> Outcome:
    """Run the variant `one_list`."""
    market = instance if isinstance(instance, Market) else Market(instance)
    return run_in_order(market, ordered_households(market, seed), by_rank=False)


def by_rank(instance: Instance | Market, seed: int) -> Outcome:
    """Run the variant `by_rank`."""
    market = instance if isinstance(instance, Market) else Market(instance)
    return run_in_order(market, ordered_households(market, seed), by_rank=True)


def run_in_order(market: Market, order: list[Household], *, by_rank: bool = False) -> Outcome:
    """Run the procedure with the households in a given order."""
    if quota_minima(market):
        raise MinimumQuotaError("the clerk's procedure knows no minimum quotas")
    offered = {name: [b for b in found if b is not None] for name, found in options(market).items()}
    return repeated(market, lambda here, closed: _pass(here, order, offered, closed, by_rank=by_rank))


def repeated(market: Market, one_round: Callable[[Market, frozenset[Key]], Choice]) -> Outcome:
    """Run a procedure round after round until nothing is closed and no measure is struck any more."""
    closed: frozenset[Key] = frozenset()
    struck = _of_no_use(market)
    rounds = 1
    while True:
        taken = _measures_taken(market, struck)
        here = _with_measures(market, taken)
        choice = one_round(here, closed)
        below = below_minimum(here, total_use(choice.values()))
        idle = _not_needed(market, list(taken), total_use(choice.values()))
        if not below and not idle:
            return Outcome(choice, musts_served(market, choice), closed, rounds, settled(market, taken))
        closed |= frozenset(below)
        struck |= frozenset(idle)
        rounds += 1


def _of_no_use(market: Market) -> frozenset[str]:
    """Measures that add nothing that any bundle uses which a household may get."""
    used = {key for found in options(market).values() for bundle in found if bundle for key in bundle.use}
    room = _room(market, (), used)
    return frozenset(name for name in market.measures if _room(market, [name], used) == room)


def _room(market: Market, names: Iterable[str], keys: Iterable[Key]) -> list[int | None]:
    here = _with_measures(market, names)
    return [most_of(here, key) for key in keys]


def _with_measures(market: Market, names: Iterable[str]) -> Market:
    return Market(market.instance, without=market.without, taken=names)


def _measures_taken(market: Market, struck: frozenset[str]) -> dict[str, Plan]:
    """Step 2: measures in order, each with its first plan that fits."""
    taken: dict[str, Plan] = {}
    for name, measure in market.measures.items():
        for plan in plans(market, measure) if name not in struck else []:
            wider = {**taken, name: plan}
            if keeps_budgets(market, wider) and one_a_house(market, wider):
                taken = wider
                break
    return taken


def _not_needed(market: Market, taken: list[str], used: Counter[Key]) -> set[str]:
    """Steps 4 and 5: measures that are struck."""
    kept, found = list(taken), set()
    for name in reversed(taken):
        fewer = [other for other in kept if other != name]
        if fits(_with_measures(market, fewer), {}, dict(used)):
            kept = fewer
            found |= {name, *_rivals(market, name)}
    return found


def _rivals(market: Market, name: str) -> set[str]:
    """Return the measures at the same house, if it is not ready."""
    measure = market.measures[name]
    if measure.target_kind != "house" or market.houses[measure.target_id].ready:
        return set()
    return {
        other
        for other, row in market.measures.items()
        if (row.target_kind, row.target_id) == ("house", measure.target_id)
    }


def _pass(
    market: Market,
    order: list[Household],
    offered: dict[str, list[Bundle]],
    closed: Set[Key],
    *,
    by_rank: bool,
) -> dict[str, Bundle | None]:
    """Step 3, from an empty allocation."""
    choice: dict[str, Bundle | None] = {household.household_id: None for household in order}
    ranks = (
        sorted({_stay_rank(bundle) for found in offered.values() for bundle in found}) if by_rank else [None]
    )
    for rank in ranks:
        for name in [name for name in choice if choice[name] is None]:
            wanted = [b for b in offered[name] if rank is None or _stay_rank(b) == rank]
            used = total_use(choice.values())
            choice[name] = next((b for b in wanted if _is_left(market, used, closed, b)), None)
    return choice


def _stay_rank(bundle: Bundle) -> int:
    return bundle.stay.wished.rank


def _is_left(market: Market, used: Counter[Key], closed: Set[Key], bundle: Bundle) -> bool:
    return not closed & bundle.use.keys() and fits(market, used, bundle.use)


def musts_served(market: Market, choice: Choice) -> bool:
    """Say whether every household with a must got something."""
    musts = {lock.household_id for lock in market.locks if lock.effect == "must"}
    return all(choice[name] is not None for name in musts)
