"""The optimum by complete enumeration, plain and with safe pruning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

from nichiiki_models.instance import Instance
from nichiiki_oracle.bundles import Bundle, bundles
from nichiiki_oracle.market import Market
from nichiiki_oracle.measures import Taken, every_choice
from nichiiki_oracle.shared import (
    Choice,
    Key,
    Levels,
    add,
    below_minimum,
    fits,
    least_of,
    levels_of,
    levels_of_choice,
    levels_of_measures,
    most_of,
    obeys,
    quota_minima,
    total_use,
)


@dataclass(frozen=True)
class Optimum:
    """The best level values, one choice that reaches them, and the measures taken with their plans."""

    levels: Levels
    choice: Choice
    taken: Taken = field(default_factory=dict)


def options(market: Market) -> dict[str, list[Bundle | None]]:
    """Return what every household may get under its locks: its bundles best first, then no place."""
    found: dict[str, list[Bundle | None]] = {}
    for name, household in market.households.items():
        every = [*bundles(market, household), None]
        found[name] = [bundle for bundle in every if obeys(market, name, bundle)]
    return found


def is_allowed(market: Market, choice: Choice) -> bool:
    """Say whether a choice of allowed bundles keeps everything that is shared, and the locks."""
    used = total_use(choice.values())
    return (
        all(obeys(market, name, bundle) for name, bundle in choice.items())
        and fits(market, {}, dict(used))
        and not below_minimum(market, used)
        and all(used[key] >= least for key, least in quota_minima(market).items())
    )


def plain_optimum(instance: Instance | Market) -> Optimum | None:
    """Return the lexicographic optimum by looking at every combination, or None if none is allowed."""
    market = instance if isinstance(instance, Market) else Market(instance)
    return over_measures(market, _plain)


def over_measures(market: Market, search: Callable[[Market], Optimum | None]) -> Optimum | None:
    """Search with every set of measures, each with the plans that are best for the objective; fewest measures first."""
    best: Optimum | None = None
    for names, (gain, taken) in _sets_of_measures(market).items():
        found = search(Market(market.instance, without=market.without, taken=names))
        if found is not None:
            whole = Optimum(add(found.levels, gain), found.choice, taken)
            best = whole if best is None or whole.levels > best.levels else best
    return best


def _sets_of_measures(market: Market) -> dict[frozenset[str], tuple[Levels, Taken]]:
    """Return every set of measures that the budgets allow, with its best plans, in order of size."""
    found: dict[frozenset[str], tuple[Levels, Taken]] = {}
    for taken in sorted(every_choice(market), key=len):
        gain, names = levels_of_measures(market, taken), frozenset(taken)
        if names not in found or gain > found[names][0]:
            found[names] = gain, taken
    return found


def _plain(market: Market) -> Optimum | None:
    every = options(market)
    best: Optimum | None = None
    for combination in product(*every.values()):
        choice = dict(zip(every, combination, strict=True))
        if is_allowed(market, choice):
            levels = levels_of_choice(market, choice)
            best = Optimum(levels, choice) if best is None or levels > best.levels else best
    return best


def optimum(instance: Instance | Market) -> Optimum | None:
    """Return the lexicographic optimum, or None if nothing is allowed; the same levels as `plain_optimum`.

    Notes
    -----
    Three things are left out without loss. A partial choice that passes a maximum. One that cannot beat the
    best so far even if every household left got its best bundle: level values are added and compared
    lexicographically, so the best of a sum is the sum of the bests. One in which a minimum cannot be reached
    even if every household left added all it can. Bundles of one household with equal use and equal level
    values are looked at once.
    """
    market = instance if isinstance(instance, Market) else Market(instance)
    return over_measures(market, best_of_market)


def best_of_market(market: Market) -> Optimum | None:
    """Return the optimum with the measures that a market takes, and no others."""
    search = _Search(market)
    search.run(0, levels_of(market, None))
    return search.best


class _Search:
    """A depth-first search over the households, those with the fewest bundles first."""

    def __init__(self, market: Market) -> None:
        every = {name: _distinct(market, choices) for name, choices in options(market).items()}
        self.names = sorted(every, key=lambda name: len(every[name]))
        self.choices = [every[name] for name in self.names]
        self.used: Counter[Key] = Counter()
        self.chosen: list[Bundle | None] = []
        self.best: Optimum | None = None
        self.quotas = quota_minima(market)
        keys = {key for choices in self.choices for _, bundle in choices if bundle for key in bundle.use}
        self.most = {key: most for key in keys if (most := most_of(market, key)) is not None}
        self.least = {key: least for key in keys if (least := least_of(market, key)) > 1}
        self.hoped = self._hoped(market)
        self.reach = self._reach()

    def _hoped(self, market: Market) -> list[Levels]:
        """Return for each depth the best that the households left could add."""
        hoped = [levels_of(market, None)]
        for choices in reversed(self.choices):
            hoped.append(add(hoped[-1], choices[0][0] if choices else levels_of(market, None)))
        return hoped[::-1]

    def _reach(self) -> list[Counter[Key]]:
        """Return for each depth the most that the households left could use of what has a minimum."""
        reach: list[Counter[Key]] = [Counter()]
        for choices in reversed(self.choices):
            uses = [bundle.use for _, bundle in choices if bundle]
            keys = {key for use in uses for key in use if key in self.least or key in self.quotas}
            reach.append(reach[-1] + Counter({key: max(use.get(key, 0) for use in uses) for key in keys}))
        return reach[::-1]

    def run(self, depth: int, levels: Levels) -> None:
        """Try every bundle of the household at a depth, the best first."""
        if not self._minima_in_reach(depth):
            return
        if depth == len(self.names):
            self._keep(levels)
            return
        for gain, bundle in self.choices[depth]:
            reached = add(levels, gain)
            if self.best is not None and add(reached, self.hoped[depth + 1]) <= self.best.levels:
                return
            self._try(depth, reached, bundle)

    def _keep(self, levels: Levels) -> None:
        if self.best is None or levels > self.best.levels:
            self.best = Optimum(levels, dict(zip(self.names, self.chosen, strict=True)))

    def _try(self, depth: int, levels: Levels, bundle: Bundle | None) -> None:
        use = {} if bundle is None else bundle.use
        if any(self.used[key] + amount > self.most[key] for key, amount in use.items() if key in self.most):
            return
        self.used.update(use)
        self.chosen.append(bundle)
        self.run(depth + 1, levels)
        self.chosen.pop()
        self.used.subtract(use)

    def _minima_in_reach(self, depth: int) -> bool:
        reach = self.reach[depth]
        begun = all(
            self.used[key] + reach[key] >= least for key, least in self.least.items() if self.used[key] > 0
        )
        return begun and all(self.used[key] + reach[key] >= least for key, least in self.quotas.items())


def _distinct(market: Market, choices: list[Bundle | None]) -> list[tuple[Levels, Bundle | None]]:
    """Return one bundle of each use and level values, the highest levels first."""
    seen: dict[tuple[Levels, frozenset[tuple[Key, int]]], Bundle | None] = {}
    for bundle in choices:
        use = {} if bundle is None else bundle.use
        seen.setdefault((levels_of(market, bundle), frozenset(use.items())), bundle)
    pairs = [(levels, bundle) for (levels, _), bundle in seen.items()]
    return sorted(pairs, key=lambda pair: pair[0], reverse=True)
