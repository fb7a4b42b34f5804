"""The clerk's procedure, variant per_target: section 10 of the rules, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from nichiiki_models.instance import Instance
from nichiiki_oracle.brute_force import options
from nichiiki_oracle.bundles import Bundle
from nichiiki_oracle.clerk import MinimumQuotaError, Outcome, repeated
from nichiiki_oracle.market import Market
from nichiiki_oracle.points import ordered_households, total_points
from nichiiki_oracle.shared import Choice, Key, most_of, quota_minima

Urgency = tuple[int, int]
"""Points at a resource, and the place in the order counted from the end."""
KINDS = (
    "house_units",
    "reception",
    "seats",
    "role",
    "supporter_caseload",
    "experience",
    "vehicles",
    "quota",
    "quota_reserved",
    "care_staff",
    "one_base",
    "all_bases",
)
SEATS = ("school_seats", "care_places", "desks")


def per_target(instance: Instance | Market, seed: int) -> Outcome:
    """Run the variant `per_target`."""
    market = instance if isinstance(instance, Market) else Market(instance)
    if quota_minima(market):
        raise MinimumQuotaError("the clerk's procedure knows no minimum quotas")
    order = [household.household_id for household in ordered_households(market, seed)]
    offered = {name: [b for b in found if b is not None] for name, found in options(market).items()}
    return repeated(market, lambda here, closed: _Places(here, order, offered, closed).run())


@dataclass
class _Places:
    """Steps 3 to 8: who holds what, who has asked for what, and the lines."""

    market: Market
    order: list[str]
    offered: dict[str, list[Bundle]]
    closed: Set[Key]
    held: dict[str, Bundle] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    lines: dict[Key, Urgency] = field(default_factory=dict)

    def run(self) -> Choice:
        while (name := self._next()) is not None:
            number = self.asked.get(name, 0)
            self.asked[name] = number + 1
            self._ask(name, self.offered[name][number])
        return {name: self.held.get(name) for name in self.order}

    def _next(self) -> str | None:
        """Step 4."""
        for name in self.order:
            if name not in self.held and self.asked.get(name, 0) < len(self.offered[name]):
                return name
        return None

    def _ask(self, name: str, bundle: Bundle) -> None:
        keys = sorted(bundle.use, key=self._place_of)
        for key in keys:  # step 5
            most = most_of(self.market, key)
            if key in self.closed or (most is not None and bundle.use[key] > most):
                return
            if key in self.lines and self._urgency(name, key) <= self.lines[key]:
                return
        full = [key for key in keys if self._is_full(name, key, bundle.use[key])]
        if full:  # step 6
            least = min(len(self._less_urgent(name, key)) for key in full)
            key = next(key for key in full if len(self._less_urgent(name, key)) == least)
            for other in self._less_urgent(name, key):
                del self.held[other]
            self._raise_line(key, self._urgency(name, key))
            return
        self.held[name] = bundle  # step 7
        for key in keys:  # step 8
            while self._total(key) > self._most(key):
                last = min(self._holders(key), key=lambda other: self._urgency(other, key))
                self._raise_line(key, self._urgency(last, key))
                del self.held[last]

    def _most(self, key: Key) -> int:
        most = most_of(self.market, key)
        return 10**9 if most is None else most

    def _holders(self, key: Key) -> list[str]:
        return [name for name, bundle in self.held.items() if key in bundle.use]

    def _total(self, key: Key) -> int:
        return sum(bundle.use.get(key, 0) for bundle in self.held.values())

    def _is_full(self, name: str, key: Key, amount: int) -> bool:
        more = [o for o in self._holders(key) if self._urgency(o, key) > self._urgency(name, key)]
        return sum(self.held[other].use[key] for other in more) + amount > self._most(key)

    def _less_urgent(self, name: str, key: Key) -> list[str]:
        return [o for o in self._holders(key) if self._urgency(o, key) < self._urgency(name, key)]

    def _raise_line(self, key: Key, urgency: Urgency) -> None:
        self.lines[key] = max(urgency, self.lines.get(key, urgency))

    def _urgency(self, name: str, key: Key) -> Urgency:
        named = _targets(self.market, key)
        extra = [
            row.points
            for row in self.market.instance.priorities.rows()
            if row.household_id == name and (row.target_kind, row.target_id) in named
        ]
        points = total_points(self.market, self.market.households[name]) + sum(extra)
        return points, -self.order.index(name)

    def _place_of(self, key: Key) -> tuple[int, int, int]:
        """Place of a resource in the order of resources."""
        tables: dict[str, Mapping[str, Any]] = {
            "house_units": self.market.houses,
            "reception": self.market.regions,
            "role": self.market.roles,
            "supporter_caseload": self.market.supporters,
            "experience": self.market.experiences,
            "vehicles": {row.link_id: row for row in self.market.links},
            "care_staff": self.market.facilities,
            "one_base": {row.family or "": row for row in self.market.households.values()},
            "all_bases": {row.family or "": row for row in self.market.households.values()},
        }
        period = self.market.position.get(key[-1], 0)
        if key[0] in SEATS:
            band = "desk" if key[0] == "desks" else key[2]
            pairs = [(row.facility_id, str(row.band)) for row in self.market.instance.seats.rows()]
            return KINDS.index("seats"), pairs.index((key[1], band)), period
        if key[0] in ("quota", "quota_reserved"):
            names = [row.quota_id for row in self.market.instance.quotas.rows()]
            return KINDS.index(key[0]), names.index(key[1]), period if key[0] == "quota_reserved" else 0
        return KINDS.index(key[0]), list(tables[key[0]]).index(key[1]), period


def _targets(market: Market, key: Key) -> set[tuple[str, str]]:
    """Return what a resource belongs to: kind and id."""
    kind, name = key[0], key[1]
    if kind in ("quota", "quota_reserved"):
        quota = next(quota for quota in (*market.quotas, *market.reserved) if quota.quota_id == name)
        if quota.target_kind not in ("house", "region"):
            return set()
        kind, name = ("house_units" if quota.target_kind == "house" else "reception"), str(quota.target_id)
    if kind == "house_units":
        return {("house", name), ("region", market.houses[name].region_id)}
    if kind in (*SEATS, "care_staff"):
        return {("facility", name)}
    return {({"reception": "region", "supporter_caseload": "supporter"}.get(kind, kind), name)}
