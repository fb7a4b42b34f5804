"""Compare two allocations household by household, and tell by which rule, lock or shared capacity they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nichiiki_models.allocation import Allocation, Violation
from nichiiki_models.difference import Cause, CauseKind, Change, Difference, Got, Kind, Total
from nichiiki_models.instance import Instance
from nichiiki_solver.bundles import BundleSource, compile_market
from nichiiki_solver.market import Market
from nichiiki_solver.policies.closing import Gates
from nichiiki_solver.ragged import Array, Bools, Ints
from nichiiki_solver.rerunning import placed_bundles
from nichiiki_solver.resource_names import resource_name
from nichiiki_solver.verify import verify
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.claims import household_utility, objective_terms
from nichiiki_solver.verify.wishes import Wishes

SHARED = frozenset(
    (
        "house_units",
        "reception",
        "school_seats",
        "care_places",
        "care_staff",
        "one_base",
        "all_bases",
        "desks",
        "role_max",
        "role_min",
        "supporter_caseload",
        "experience_places",
        "experience_min",
        "quota_max",
        "quota_min",
    )
)
"""Rules about several households together: `Violation.where` does not begin with a household."""


def diff(instance: Instance, a: Allocation, b: Allocation, *, before: Instance | None = None) -> Difference:
    """Say who gains and who loses from one allocation to another, and by what.

    Parameters
    ----------
    instance
        Under whose rules both are judged; usually that of `b`.
    a, b
        The first and the second allocation; either may be of another state of the instance (last month, before a lock).
        What they name that the instance does not have is left out.
    before
        The instance of `a` where it is another one: a gainer is then told which of its rules or locks stood against it.

    Returns
    -------
    Difference
        Totals, groups, and every household for which something changes, with its causes.

    Notes
    -----
    Causes name shared capacities and count other households; they never name them.
    """
    first, second = _Side(instance, a), _Side(instance, b)
    # for a gainer: what stood against its place of today in the first allocation, under the rules of then
    then = first if before is None else _Side(before, a)
    today = second if before is None else _Side(before, b)
    changes = [
        _change(row, household, (first, second), (then, today))
        for row, household in enumerate(instance.households["household_id"].tolist())
        if first.got(row) != second.got(row)
    ]
    groups = instance.households.lists("groups")
    everybody = np.ones(len(instance.households), dtype=bool)
    return Difference(
        total=_total(everybody, first, second, changes),
        by_group={
            name: _total(groups.holds(name), first, second, changes)
            for name in np.unique(groups.values).tolist()
        },
        levels={
            level.name: (first.level(level.weights), second.level(level.weights)) for level in instance.levels
        },
        changes=tuple(changes),
    )


class _Side:
    """One allocation as an instance sees it."""

    def __init__(self, instance: Instance, allocation: Allocation) -> None:
        self.instance = instance
        self.allocation = allocation.replace(instance_hash=instance.hash)

    @cached_property
    def book(self) -> Book:
        return Book(self.instance, self.allocation)

    @cached_property
    def wishes(self) -> Wishes:
        return Wishes(self.book)

    @cached_property
    def utility(self) -> Array:
        return np.where(self.book.is_placed, household_utility(self.book, self.wishes), 0)

    @cached_property
    def stay_rank(self) -> Array:
        """Rank of each household's stay; 0 without one, or without a wish for it."""
        rank = np.zeros(len(self.instance.households), dtype=np.int64)
        listed = self.wishes.stay.is_listed
        rank[self.wishes.stay.household[listed]] = self.wishes.stay.rank[listed]
        return rank

    @cached_property
    def _terms(self) -> dict[str, int]:
        return objective_terms(self.book, self.wishes)

    def level(self, weights: Mapping[Any, int]) -> int:
        """Value of a level."""
        return sum(weight * self._terms[term] for term, weight in weights.items())

    @cached_property
    def _everything(self) -> dict[str, Got]:
        found: dict[str, Got] = {}
        for entry in self.allocation.model_dump()["placements"]:
            household = entry["household_id"]
            targets = [
                f"{name} {person} {target}"
                for name, field in (("school", "schools"), ("care", "care"), ("desk", "desks"))
                for person, target in entry[field].items()
            ]
            targets += [f"role {p} {target}" for p, held in entry["roles"].items() for target in held]
            targets += [f"experience {target}" for target in entry["experiences"]]
            targets += [f"supporter {entry['supporter_id']}"] if entry["supporter_id"] else []
            row = int(self.instance.households.find(np.array([household]))[0])
            found[household] = Got(
                houses=tuple(stay["house_id"] for stay in entry["stays"]),
                periods=tuple(period for stay in entry["stays"] for period in stay["periods"]),
                targets=tuple(sorted(targets)),
                stay_rank=int(self.stay_rank[row]) or None if row >= 0 else None,
                utility=int(self.utility[row]) if row >= 0 else 0,
                cost_yen=entry["cost_yen"],
            )
        return found

    def got(self, row: int) -> Got | None:
        """What a household has."""
        return self._everything.get(self.instance.households["household_id"][row])

    @cached_property
    def _broken(self) -> dict[str, list[Violation]]:
        """Rules about one household that the allocation breaks, by household."""
        found: dict[str, list[Violation]] = {}
        for violation in verify(self.instance, self.allocation):
            if violation.rule not in SHARED and not violation.rule.startswith("claim_"):
                found.setdefault(violation.where.split(" ")[0], []).append(violation)
        return found

    def broken(self, household: str) -> list[Violation]:
        """Rules that what a household has breaks."""
        return self._broken.get(household, [])

    @cached_property
    def market(self) -> Market:
        return compile_market(self.instance)

    @cached_property
    def held(self) -> _Held:
        return _held(self.market, self.allocation)

    def standing(self, household: str) -> str:
        """State of a household in the allocation; empty if it has none."""
        table = self.allocation.standings
        rows = np.flatnonzero(table["household_id"] == household)
        return str(table["state"][rows[0]]) if len(rows) else ""

    @cached_property
    def place(self) -> Ints:
        """Place of each household in the order of the rules."""
        source = self.market.source
        assert isinstance(source, BundleSource)  # noqa: S101 - markets of instances have this source
        place = np.empty(len(self.instance.households), dtype=np.int64)
        place[source.order(self.allocation.seed)] = np.arange(len(place))
        return place


@dataclass(frozen=True)
class _Held:
    """Bundles of an allocation, and what they leave."""

    taken: dict[int, Market]
    left: Ints
    supply: Ints


def _held(market: Market, allocation: Allocation) -> _Held:
    placed = placed_bundles(market, allocation)
    taken = dict(placed.taken)
    gates = Gates(market)
    gates.open_as_held(taken, placed.plans)
    supply = gates.supply()
    left = supply.copy()
    for option in taken.values():
        np.subtract.at(left, option.resource, option.amount)
    return _Held(taken, left, supply)


def _change(row: int, household: str, now: tuple[_Side, _Side], then: tuple[_Side, _Side]) -> Change:
    first, second = now
    kind = _kind(first.got(row), second.got(row))
    broken = [
        f"{name}:{v.rule}"
        for name, side in zip(("first", "second"), now, strict=True)
        for v in side.broken(household)
    ]
    causes: Sequence[Cause] = ()
    if kind == "loses":
        causes = _causes(row, household, first, second)
    elif kind == "gains":
        causes = _causes(row, household, then[1], then[0])
    return Change(
        household_id=household,
        kind=kind,
        before=first.got(row),
        after=second.got(row),
        causes=tuple(causes),
        broken=tuple(sorted(set(broken))),
    )


def _kind(before: Got | None, after: Got | None) -> Kind:
    if before is None or after is None:
        return "gains" if before is None else "loses"
    worth = [(got.utility, -(got.stay_rank or 1 << 40)) for got in (before, after)]
    return "moves" if worth[0] == worth[1] else "gains" if worth[1] > worth[0] else "loses"


def _causes(row: int, household: str, better: _Side, worse: _Side) -> list[Cause]:
    """Why a household does not have in one allocation what it has in another one, as the worse one's instance sees it."""
    standing = worse.standing(household)
    if standing == "declined":
        return [Cause(kind="declined", rule="declined")]
    if better.standing(household) in ("offered", "accepted") and standing == "waiting":
        return [Cause(kind="promoted", rule="declined")]
    seen = better if better.instance is worse.instance else _Side(worse.instance, better.allocation)
    broken = [violation for violation in seen.broken(household) if violation.rule not in _FORM]
    if broken:
        return [
            Cause(kind="lock" if v.rule == "lock" else "rule", rule=v.rule, where=v.where) for v in broken
        ]
    number = int(worse.instance.households.find(np.array([household]))[0])
    wanted = seen.held.taken.get(number)
    return [Cause(kind="choice")] if wanted is None else _capacity(number, wanted, worse)


_FORM = frozenset(("units", "stay_region"))
"""Rules about how a placement is written, not about what is placed."""


def _capacity(household: int, wanted: Market, worse: _Side) -> list[Cause]:
    """Shared capacities that keep a bundle out of an allocation; if there are none, it was the policy's choice."""
    held = worse.held
    left = held.left.copy()
    own = held.taken.get(household)
    if own is not None:
        np.add.at(left, own.resource, own.amount)
    short = (wanted.amount > 0) & (wanted.amount > left[wanted.resource])
    periods: dict[tuple[CauseKind, str, str, int, int], list[str]] = {}
    for resource in wanted.resource[short].tolist():
        name = resource_name(worse.market, resource)
        closed = held.supply[resource] == 0 and name.is_gated
        kind: CauseKind = "closed" if closed else "capacity"
        ahead, behind = _users(household, resource, worse)
        periods.setdefault((kind, name.rule, name.thing, ahead, behind), []).append(name.period)
    causes = [
        Cause(kind=kind, rule=rule, where=" ".join([thing, *filter(None, named)]), ahead=ahead, behind=behind)
        for (kind, rule, thing, ahead, behind), named in periods.items()
    ]
    return causes or [Cause(kind="choice")]


def _users(household: int, resource: int, side: _Side) -> tuple[int, int]:
    """How many of the households that use a resource come before, and after, another one."""
    users = [h for h, option in side.held.taken.items() if h != household and resource in option.resource]
    ahead = sum(side.place[user] < side.place[household] for user in users)
    return int(ahead), len(users) - int(ahead)


def _total(members: Bools, first: _Side, second: _Side, changes: Sequence[Change]) -> Total:
    rows = first.instance.households.find(np.array([change.household_id for change in changes], dtype=str))
    kinds = [change.kind for change, row in zip(changes, rows.tolist(), strict=True) if members[row]]

    def pair(values: tuple[Array, Array]) -> tuple[int, int]:
        return int(values[0][members].sum()), int(values[1][members].sum())

    sides = (first, second)
    placed = tuple(side.book.is_placed for side in sides)
    return Total(
        placed=pair((placed[0], placed[1])),
        persons=pair((placed[0] * first.book.household_size, placed[1] * second.book.household_size)),
        first_choices=pair((first.stay_rank == 1, second.stay_rank == 1)),
        utility=pair((first.utility, second.utility)),
        gains=kinds.count("gains"),
        loses=kinds.count("loses"),
        moves=kinds.count("moves"),
    )
