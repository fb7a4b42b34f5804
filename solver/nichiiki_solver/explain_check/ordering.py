"""The order of households under a policy, worked out once more, and the keys by which it was made."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.columns import NULL_INT
from nichiiki_models.instance import Instance
from nichiiki_solver.verify.book import Book
from nichiiki_solver.verify.points import holds, total_points
from nichiiki_solver.verify.wishes import Wishes

ORDERED = ("points", "first_come", "lottery", "serial_dictatorship")
SHOWN_DIGITS = 12
LAST = 1 << 62
KIND_OF_SCARCE = {
    "house_units": "house", "reception": "region", "school_seats": "facility", "care_places": "facility", "desks": "facility",
    "care_staff": "facility", "role_max": "role", "supporter_caseload": "supporter", "experience_places": "experience",
}  # fmt: skip
"""What a shared capacity belongs to, where places choose among those who ask."""


class Ordering:
    """Who chose when.

    Parameters
    ----------
    instance, allocation
        What was allocated, and what came of it.
    """

    def __init__(self, instance: Instance, allocation: Allocation) -> None:
        self.book = Book(instance, allocation)
        self.ids: list[str] = instance.households["household_id"].tolist()
        self.by_rank = allocation.policy == "points" and instance.rules.procedure.kind == "by_rank"
        self.names = self._names(instance, allocation.policy)
        self._columns = {name: self._column(instance, allocation, name) for name in self.names}
        wishes = Wishes(self.book)
        self.got = dict(zip(wishes.stay.household.tolist(), wishes.stay.rank.tolist(), strict=True))

    @staticmethod
    def _names(instance: Instance, policy: str) -> tuple[str, ...]:
        first: tuple[str, ...] = ()
        if policy == "points":
            first = ("points", *(key for key in instance.rules.procedure.tie_order if key != "lottery"))
            if "lottery" in instance.rules.procedure.tie_order:
                first = ("points", *instance.rules.procedure.tie_order)
        elif policy == "first_come":
            first = ("applied_at",)
        return tuple(dict.fromkeys((*first, "lottery")))

    def _column(self, instance: Instance, allocation: Allocation, name: str) -> list[Any]:
        """Sort key of each household: smaller comes first."""
        households = instance.households
        match name:
            case "points":
                return [-int(points) for points in total_points(self.book)]
            case "lottery":
                return [self._number(row, allocation) for row in range(len(self.ids))]
            case "income_class":
                return [LAST if v == NULL_INT else int(v) for v in households["income_class"].tolist()]
            case "applied_at":
                return [LAST if np.isnat(v) else int(v.astype(np.int64)) for v in households["applied_at"]]
            case "past_losses":
                return [-int(v) for v in households["past_losses"]]
            case "children":
                return [-int(v) for v in self.book.count_persons(instance.persons["age"] < 18)]
            case _:
                return [-int(v) for v in self.book.household_size]

    def _number(self, row: int, allocation: Allocation) -> int:
        tickets = 1 if allocation.policy == "serial_dictatorship" else self._tickets(row)
        key = str(allocation.seed).encode()
        names = [f"{self.ids[row]}#{k}".encode() for k in range(1, tickets + 1)]
        return min(int(hmac.new(key, name, hashlib.sha256).hexdigest(), 16) for name in names)

    def _tickets(self, row: int) -> int:
        rule = self.book.instance.rules.lottery
        count = rule.base_tickets + rule.per_past_loss * int(
            self.book.instance.households["past_losses"][row]
        )
        for weight in rule.weights:
            if all(bool(holds(self.book, condition)[row]) for condition in weight.when):
                count += weight.tickets
        return min(count, rule.max_tickets)

    def key(self, row: int) -> tuple[Any, ...]:
        """Return the sort key of a household."""
        return tuple(self._columns[name][row] for name in self.names)

    def before(self, household_id: str, rank: int) -> set[str]:
        """Return the placed households that chose before one that chooses among stays of a rank."""
        own = self.ids.index(household_id)
        mine = (rank, self.key(own)) if self.by_rank else (0, self.key(own))
        return {
            self.ids[other]
            for other, got in self.got.items()
            if other != own and ((got, self.key(other)) if self.by_rank else (0, self.key(other))) < mine
        }

    def more_urgent(self, household_id: str, rule: str, cause: str) -> set[str]:
        """Return the placed households that are more urgent than one at what is scarce, where places choose."""
        own, points = self.ids.index(household_id), self.points_at(rule, cause)
        mine = (-points[own], self.key(own))
        return {self.ids[k] for k in self.got if k != own and (-points[k], self.key(k)) < mine}

    def points_at(self, rule: str, cause: str) -> list[int]:
        """Total points of each household and those of the rows of `priorities` that name what is scarce."""
        points = [int(each) for each in total_points(self.book)]
        belongs = self._belongs_to(rule, cause)
        for row in self.book.instance.priorities.rows():
            if (row.target_kind, row.target_id) in belongs:
                points[self.ids.index(row.household_id)] += row.points
        return points

    def _belongs_to(self, rule: str, cause: str) -> set[tuple[str, str]]:
        """Kind and id of everything that what is scarce belongs to (rules in full, section 10)."""
        instance = self.book.instance
        if rule in KIND_OF_SCARCE:
            kind, target = KIND_OF_SCARCE[rule], cause
        elif rule in ("quota_max", "quota_reserved"):
            quota = instance.quotas.row(int(instance.quotas.find(np.array([cause]))[0]))
            kind, target = quota.target_kind, quota.target_id or ""
        else:
            return set()
        if kind == "house":
            region = instance.houses["region_id"][instance.houses.find(np.array([target]))[0]]
            return {("house", target), ("region", str(region))}
        return {(kind, target)} if kind in ("region", *KIND_OF_SCARCE.values()) else set()

    def confirms_there(self, household_id: str, rule: str, cause: str, evidence: Mapping[str, Any]) -> bool:
        """Say whether somebody is more urgent than a household at what is scarce by the key and numbers of a reason."""
        row, points = self.ids.index(household_id), self.points_at(rule, cause)
        name, own, theirs = (evidence.get(each) for each in ("key", "own", "theirs"))
        if name == "points_there":
            urgent = self.more_urgent(household_id, rule, cause)
            return own == points[row] and any(
                points[self.ids.index(other)] == theirs and theirs > points[row] for other in urgent
            )
        equal = {k for k in self.got if points[k] == points[row]}
        return name in self.names and self._confirms(row, str(name), own, theirs, equal)

    def confirms(self, household_id: str, rank: int, name: str, own: Any, theirs: Any) -> bool:
        """Say whether somebody came before a household by a key, all earlier keys being equal."""
        row = self.ids.index(household_id)
        if name == "stay_rank":
            return bool(own == rank and theirs in self.got.values() and theirs < rank)
        return self._confirms(row, name, own, theirs, set(self.got))

    def _confirms(self, row: int, name: str, own: Any, theirs: Any, others: set[int]) -> bool:
        """Whether one of some others comes before a household by a key, all earlier keys being equal."""
        place = self.names.index(name)
        if self._shown(row, name) != own:
            return False
        return any(
            self.key(other)[:place] == self.key(row)[:place]
            and self.key(other)[place] < self.key(row)[place]
            and self._shown(other, name) == theirs
            for other in others - {row}
        )

    def _shown(self, row: int, name: str) -> Any:
        value = self._columns[name][row]
        if name == "lottery":
            return f"{value:064x}"[:SHOWN_DIGITS]
        if value == LAST:
            return None
        if name == "applied_at":
            return str(np.datetime64(value, "s").astype("datetime64[s]").item())
        return value if name == "income_class" else -value
