"""Matching mechanisms as literal plain Python on small school markets, and enumeration of everything.

Agents and schools are numbers. Nothing here is fast, and nothing shares code with the solver.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from nichiiki_solver.market import Market

Matching = tuple[int | None, ...]
"""School of each agent."""


@dataclass(frozen=True)
class Schools:
    """A market with unit demand.

    Attributes
    ----------
    lists
        Schools of each agent, best first.
    priorities
        Of each school: its agents, most urgent first.
    seats
        Seats of each school.
    """

    lists: tuple[tuple[int, ...], ...]
    priorities: tuple[tuple[int, ...], ...]
    seats: tuple[int, ...]

    def market(self) -> Market:
        """Return it as a market; options are the entries of the lists in order."""
        pairs = [(a, s, k) for a, mine in enumerate(self.lists) for k, s in enumerate(mine)]
        return Market.from_columns(
            agent=[a for a, _, _ in pairs],
            utility=[-k for _, _, k in pairs],
            rank=[k + 1 for _, _, k in pairs],
            option=range(len(pairs)),
            resource=[s for _, s, _ in pairs],
            amount=[1] * len(pairs),
            capacity=self.seats,
            priority=[-self.priorities[s].index(a) for a, s, _ in pairs],
            n_agents=len(self.lists),
        )

    def matching(self, choice: Sequence[int]) -> Matching:
        """Read a choice of the market."""
        schools = [s for mine in self.lists for s in mine]
        return tuple(None if option < 0 else schools[option] for option in choice)

    def rank(self, agent: int, school: int | None) -> int:
        """Return the rank of a school for an agent, larger than all if it is none."""
        return len(self.lists[agent]) if school is None else self.lists[agent].index(school)

    def matchings(self) -> Iterator[Matching]:
        """Yield every matching."""
        for found in product(*([None, *mine] for mine in self.lists)):
            if all(found.count(s) <= seats for s, seats in enumerate(self.seats)):
                yield found

    def blocking_pairs(self, found: Matching) -> list[tuple[int, int]]:
        """Return agents and schools that would rather have each other (Gale and Shapley 1962)."""
        pairs = []
        for a, mine in enumerate(self.lists):
            for s in mine:
                better = self.rank(a, s) < self.rank(a, found[a])
                holders = [b for b, at in enumerate(found) if at == s]
                order = self.priorities[s]
                envied = any(order.index(a) < order.index(b) for b in holders)
                if better and (len(holders) < self.seats[s] or envied):
                    pairs.append((a, s))
        return pairs

    def dominates(self, one: Matching, other: Matching) -> bool:
        """Say whether nobody is worse off in one matching and somebody better."""
        agents = range(len(self.lists))
        ranks = [(self.rank(a, one[a]), self.rank(a, other[a])) for a in agents]
        return all(p <= q for p, q in ranks) and any(p < q for p, q in ranks)

    def is_efficient(self, found: Matching) -> bool:
        """Say whether no matching dominates it."""
        return not any(self.dominates(other, found) for other in self.matchings())

    def best_stable(self) -> Matching:
        """Return the stable matching that is best for every agent."""
        stable = [m for m in self.matchings() if not self.blocking_pairs(m)]
        best = tuple(self._best_of(agent, stable) for agent in range(len(self.lists)))
        if best not in stable:
            raise AssertionError("the lattice theorem does not hold")
        return best

    def _best_of(self, agent: int, found: list[Matching]) -> int | None:
        return min((matching[agent] for matching in found), key=lambda school: self.rank(agent, school))


def boston(market: Schools) -> Matching:
    """Return what immediate acceptance gives: round k looks at the k-th entries of the lists only."""
    found: list[int | None] = [None] * len(market.lists)
    seats = list(market.seats)
    for k in range(max(map(len, market.lists))):
        for s, order in enumerate(market.priorities):
            asking = [
                a for a in order if found[a] is None and k < len(market.lists[a]) and market.lists[a][k] == s
            ]
            for a in asking[: seats[s]]:
                found[a] = s
            seats[s] -= min(seats[s], len(asking))
    return tuple(found)


def trading_cycles(market: Schools) -> Matching:
    """Return what top trading cycles give: all cycles of a step are cleared, one school at a time."""
    found: list[int | None] = [None] * len(market.lists)
    seats, here = list(market.seats), set(range(len(market.lists)))
    while here:
        wishes = {a: next((s for s in market.lists[a] if seats[s]), None) for a in here}
        wish = {a: s for a, s in wishes.items() if s is not None}
        here = set(wish)
        owner = {
            s: next((a for a in order if a in here and s in market.lists[a]), -1)
            for s, order in enumerate(market.priorities)
        }
        for start in sorted(here):
            walk = [start]
            while (after := owner[wish[walk[-1]]]) not in walk:
                walk.append(after)
            if after == start:
                for a in walk:
                    found[a] = wish[a]
                    seats[wish[a]] -= 1
                here -= set(walk)
                break
    return tuple(found)


def first_served(market: Schools, order: Sequence[int]) -> Matching:
    """Return what agents get who choose in an order."""
    found: list[int | None] = [None] * len(market.lists)
    seats = list(market.seats)
    for a in order:
        place = next((s for s in market.lists[a] if seats[s]), None)
        found[a] = place
        if place is not None:
            seats[place] -= 1
    return tuple(found)


@dataclass(frozen=True)
class Bundled:
    """A market of options with several resources and amounts.

    Attributes
    ----------
    options
        Of each agent, best first, equal ranks allowed: rank and amount by resource.
    urgency
        Of each resource and agent; larger is more urgent.
    capacity
        Of each resource.
    """

    options: tuple[tuple[tuple[int, dict[int, int]], ...], ...]
    urgency: tuple[tuple[int, ...], ...]
    capacity: tuple[int, ...]

    def market(self) -> Market:
        """Return it as a market."""
        rows = [(a, rank, use) for a, mine in enumerate(self.options) for rank, use in mine]
        entries = [(o, r, d, a) for o, (a, _, use) in enumerate(rows) for r, d in use.items()]
        return Market.from_columns(
            agent=[a for a, _, _ in rows],
            utility=[10 - rank for _, rank, _ in rows],
            rank=[rank for _, rank, _ in rows],
            option=[o for o, _, _, _ in entries],
            resource=[r for _, r, _, _ in entries],
            amount=[d for _, _, d, _ in entries],
            priority=[self.urgency[r][a] for _, r, _, a in entries],
            capacity=self.capacity,
            n_agents=len(self.options),
        )

    def places(self, choice: Sequence[int]) -> tuple[int | None, ...]:
        """Read a choice of the market: which of its options each agent has."""
        first = [sum(map(len, self.options[:a])) for a in range(len(self.options))]
        return tuple(None if o < 0 else o - first[a] for a, o in enumerate(choice))

    def use(self, agent: int, place: int | None) -> dict[int, int]:
        """Return what an option of an agent takes."""
        return {} if place is None else self.options[agent][place][1]

    def outcomes(self) -> Iterator[tuple[int | None, ...]]:
        """Yield every outcome that keeps the capacities."""
        for found in product(*([None, *range(len(mine))] for mine in self.options)):
            used = [
                sum(self.use(a, p).get(r, 0) for a, p in enumerate(found)) for r in range(len(self.capacity))
            ]
            if all(u <= c for u, c in zip(used, self.capacity, strict=True)):
                yield found

    def better(self, found: Sequence[int | None]) -> Iterator[tuple[int, int]]:
        """Yield every agent and option of it that it prefers to what it has."""
        for a, mine in enumerate(self.options):
            has = found[a]
            for place, (rank, _) in enumerate(mine):
                if has is None or rank < mine[has][0]:
                    yield a, place

    def blocking(self, found: Sequence[int | None]) -> list[tuple[int, int]]:
        """Return the options that block an outcome."""
        return [
            (a, place)
            for a, place in self.better(found)
            if all(self._room(found, a, r, d) for r, d in self.use(a, place).items())
        ]

    def _room(self, found: Sequence[int | None], agent: int, resource: int, amount: int) -> bool:
        urgency = self.urgency[resource]
        staying = [
            self.use(b, place).get(resource, 0)
            for b, place in enumerate(found)
            if b != agent and urgency[b] >= urgency[agent]
        ]
        return sum(staying) + amount <= self.capacity[resource]
