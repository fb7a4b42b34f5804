"""Two-sided matching by definition: plain lists, every matching tried. Shares nothing with the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import Any

Prefs = Sequence[Sequence[Any]]
Pairs = frozenset[tuple[int, int]]
NOBODY = 10**6


def ranks(prefs: Prefs) -> list[dict[int, int]]:
    """Rank (0 = best) of everybody on each list."""
    return [
        {i: rank for rank, entry in enumerate(row) for i in (entry if isinstance(entry, list) else [entry])}
        for row in prefs
    ]


class Game:
    """A market with capacities on both sides."""

    def __init__(
        self, left: Prefs, right: Prefs, left_caps: Sequence[int], right_caps: Sequence[int]
    ) -> None:
        self.left, self.right = ranks(left), ranks(right)
        self.left_caps, self.right_caps = left_caps, right_caps
        self.pairs = [(i, j) for i, row in enumerate(self.left) for j in row if i in self.right[j]]

    def matchings(self) -> Iterator[Pairs]:
        """Every matching within the capacities."""
        own = [[j for i, j in self.pairs if i == agent] for agent in range(len(self.left))]
        sets = [
            [s for k in range(cap + 1) for s in combinations(mine, k)]
            for mine, cap in zip(own, self.left_caps, strict=True)
        ]
        for chosen in product(*sets):
            load = [sum(j in s for s in chosen) for j in range(len(self.right))]
            if all(a <= b for a, b in zip(load, self.right_caps, strict=True)):
                yield frozenset((i, j) for i, s in enumerate(chosen) for j in s)

    def worst(self, matching: Pairs) -> tuple[list[int], list[int]]:
        """Rank of everybody's worst partner; NOBODY with room left, -1 with no room at all."""
        result = []
        for table, caps, side in ((self.left, self.left_caps, 0), (self.right, self.right_caps, 1)):
            mine = [[table[a][p[1 - side]] for p in matching if p[side] == a] for a in range(len(table))]
            result.append(
                [NOBODY if len(m) < c else max(m, default=-1) for m, c in zip(mine, caps, strict=True)]
            )
        return result[0], result[1]

    def blocking(self, matching: Pairs, stability: str = "weak") -> set[tuple[int, int]]:
        """Blocking pairs by definition."""
        left, right = self.worst(matching)
        found = set()
        for i, j in self.pairs:
            if (i, j) in matching:
                continue
            gains = (self.left[i][j] < left[i]) + (self.right[j][i] < right[j])
            calm = (self.left[i][j] <= left[i]) + (self.right[j][i] <= right[j])
            needed = {"weak": 2, "strong": 1, "super": 0}[stability]
            if calm == 2 and gains >= needed:
                found.add((i, j))
        return found

    def stable(self, stability: str = "weak") -> list[Pairs]:
        """Every stable matching."""
        return [m for m in self.matchings() if not self.blocking(m, stability)]

    def cost(self, matching: Pairs) -> int:
        """Sum of the ranks of both sides."""
        return sum(self.left[i][j] + self.right[j][i] for i, j in matching)

    def regret(self, matching: Pairs) -> int:
        """Worst rank that anybody gives a partner."""
        return max((max(self.left[i][j], self.right[j][i]) for i, j in matching), default=-1)

    def left_profile(self, matching: Pairs) -> list[list[int]]:
        """Sorted ranks of the partners of each left agent."""
        return [sorted(self.left[i][j] for k, j in matching if k == i) for i in range(len(self.left))]

    def right_profile(self, matching: Pairs) -> list[list[int]]:
        """Sorted ranks of the partners of each right agent."""
        return [sorted(self.right[j][i] for i, k in matching if k == j) for j in range(len(self.right))]


def residents_game(residents: Prefs, hospitals: Prefs, capacities: Sequence[int]) -> Game:
    """Hospitals/residents."""
    return Game(residents, hospitals, [1] * len(residents), capacities)


Option = tuple[int, ...]


class CouplesGame:
    """Hospitals/residents with couples; stable in the sense of McDermid and Manlove (2010). -1 = no hospital, always willing."""

    def __init__(
        self,
        singles: dict[int, list[int]],
        couples: dict[tuple[int, int], list[tuple[int, int]]],
        hospitals: Prefs,
        capacities: Sequence[int],
    ) -> None:
        self.rank, self.capacities = ranks(hospitals), capacities
        self.agents: list[tuple[tuple[int, ...], list[Option]]] = []
        for single, row in singles.items():
            self.agents.append(((single,), [(h,) for h in row if single in self.rank[h]]))
        for pair, wishes in couples.items():
            known = [
                o for o in wishes if all(h < 0 or r in self.rank[h] for r, h in zip(pair, o, strict=True))
            ]
            self.agents.append((pair, [*known]))

    def matchings(self) -> Iterator[tuple[Option | None, ...]]:
        """Every choice of options within the capacities."""
        for chosen in product(*[[None, *options] for _, options in self.agents]):
            if all(len(self.members(chosen, h)) <= c for h, c in enumerate(self.capacities)):
                yield chosen

    def members(self, chosen: Sequence[Option | None], hospital: int) -> list[int]:
        """Who is at a hospital."""
        return [
            r
            for (people, _), option in zip(self.agents, chosen, strict=True)
            if option is not None
            for r, h in zip(people, option, strict=True)
            if h == hospital
        ]

    def willing(self, chosen: Sequence[Option | None], hospital: int, resident: int, apart: int = -1) -> bool:
        """Whether a hospital has room or likes a resident better than somebody it has (other than `apart`)."""
        if hospital < 0:
            return True
        have = self.members(chosen, hospital)
        rank = self.rank[hospital]
        return len(have) < self.capacities[hospital] or any(
            rank[resident] < rank[x] for x in have if x != apart
        )

    def takes_both(self, chosen: Sequence[Option | None], h: int, i: int, j: int) -> bool:
        """Case 3 (b), (c), (d): both come to one hospital at which neither is."""
        have, rank = self.members(chosen, h), self.rank[h]
        free = self.capacities[h] - len(have)
        if free >= 2:
            return True
        if free == 1:
            return any(rank[i] < rank[x] or rank[j] < rank[x] for x in have)
        return any(rank[i] < rank[s] and rank[j] < rank[t] for s in have for t in have if s != t)

    def blocking(self, chosen: Sequence[Option | None]) -> set[tuple[int, Option]]:
        """Blocking pairs (agent, option)."""
        found = set()
        for a, (people, options) in enumerate(self.agents):
            now = chosen[a]
            better = options if now is None else options[: options.index(now)]
            found |= {(a, o) for o in better if self._blocks(chosen, people, now, o)}
        return found

    def _blocks(
        self, chosen: Sequence[Option | None], people: tuple[int, ...], now: Option | None, option: Option
    ) -> bool:
        if len(people) == 1:
            return self.willing(chosen, option[0], people[0])
        (i, j), (h, k) = people, option
        if now is not None and now[0] == h:
            return self.willing(chosen, k, j, apart=i)
        if now is not None and now[1] == k:
            return self.willing(chosen, h, i, apart=j)
        if h == k and h >= 0:
            return self.takes_both(chosen, h, i, j)
        return self.willing(chosen, h, i) and self.willing(chosen, k, j)


class ProjectGame:
    """Student-project allocation with lecturers' preferences over students."""

    def __init__(
        self,
        students: Prefs,
        lecturers: Prefs,
        lecturer_of: Sequence[int],
        project_caps: Sequence[int],
        lecturer_caps: Sequence[int],
    ) -> None:
        self.rank, self.likes = ranks(students), ranks(lecturers)
        self.lecturer_of, self.project_caps, self.lecturer_caps = lecturer_of, project_caps, lecturer_caps
        self.options = [[p for p in row if s in self.likes[lecturer_of[p]]] for s, row in enumerate(students)]

    def matchings(self) -> Iterator[tuple[int, ...]]:
        """Every allocation within the capacities; -1 = none."""
        for chosen in product(*[[-1, *mine] for mine in self.options]):
            load = [sum(p == q for p in chosen) for q in range(len(self.project_caps))]
            work = [
                sum(n for q, n in enumerate(load) if self.lecturer_of[q] == k)
                for k in range(len(self.lecturer_caps))
            ]
            if all(map(int.__le__, load, self.project_caps)) and all(
                map(int.__le__, work, self.lecturer_caps)
            ):
                yield chosen

    def blocking(self, chosen: Sequence[int]) -> set[tuple[int, int]]:
        """Blocking pairs (student, project): Abraham, Irving, Manlove (2007)."""
        return {
            (s, p)
            for s, mine in enumerate(self.options)
            for p in mine
            if (chosen[s] < 0 or self.rank[s][p] < self.rank[s][chosen[s]]) and self._takes(chosen, s, p)
        }

    def _takes(self, chosen: Sequence[int], s: int, p: int) -> bool:
        k = self.lecturer_of[p]
        mine = [t for t, q in enumerate(chosen) if q >= 0 and self.lecturer_of[q] == k]
        there = [t for t, q in enumerate(chosen) if q == p]
        if len(there) < self.project_caps[p]:
            return len(mine) < self.lecturer_caps[k] or s in mine or self._above(k, s, mine)
        return self._above(k, s, there)

    def _above(self, lecturer: int, student: int, group: list[int]) -> bool:
        likes = self.likes[lecturer]
        return any(likes[student] < likes[other] for other in group)

    def stable(self) -> list[tuple[int, ...]]:
        """Every stable allocation."""
        return [m for m in self.matchings() if not self.blocking(m)]
