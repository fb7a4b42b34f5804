"""Every shared capacity, period by period: what is used, what there is (rules, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np

from nichiiki.report.uses import Uses
from nichiiki_models.columns import NULL_INT, Array
from nichiiki_models.table import BLOCK
from nichiiki_solver.verify.quotas import quota_count, reserved_use

FACILITY_RULES = {"school": "school_seats", "nursery": "care_places", "coworking": "desks"}


@dataclass(frozen=True, slots=True)
class Load:
    """One shared capacity in one period.

    Attributes
    ----------
    rule
        Id of the rule that limits it.
    target_id, region_id
        What has the capacity, and where it lies (empty where it lies nowhere).
    band
        Grade, age band or ``desk``; empty for others.
    period_id
        Empty where it counts over the whole calendar.
    used, capacity, least
        Used, at most (None = no limit), and at least (0 = no minimum).
    """

    rule: str
    target_id: str
    region_id: str
    band: str
    period_id: str
    used: int
    capacity: int | None
    least: int = 0

    @property
    def share(self) -> float:
        """Used part of the capacity; 0 without a limit."""
        return self.used / self.capacity if self.capacity else 0.0

    @property
    def gap(self) -> int:
        """How many are missing to the minimum."""
        return max(0, self.least - self.used)


def loads(uses: Uses, rules: Collection[str] | None = None) -> Iterator[Load]:
    """Yield every shared capacity of an instance with what an allocation uses of it.

    Parameters
    ----------
    uses
        What is used.
    rules
        Ids of the rules that are asked for; None = all.

    Returns
    -------
    iterator of Load
        By rule, target, band and period, in the order of the instance.
    """
    for part, own in PARTS.items():
        if rules is None or not own.isdisjoint(rules):
            yield from (load for load in part(uses) if rules is None or load.rule in rules)


@dataclass(frozen=True)
class _Grid:
    """Capacities in every period; arrays over targets, or of shape (periods, targets)."""

    rule: Array
    target: Array
    region: Array
    used: Array
    capacity: Array
    band: Array | None = None
    least: Array | None = None
    there: Array | None = None


def _loads(uses: Uses, grid: _Grid) -> Iterator[Load]:
    """Yield the loads of the open periods, and of those in which there is a capacity at all."""
    periods, size = uses.facts.open_periods, len(grid.target)
    at = np.flatnonzero(uses.calendar.open)
    nothing, everywhere = np.zeros(size, dtype=np.int64), np.ones((len(at), size), dtype=bool)
    band = np.full(size, "") if grid.band is None else grid.band
    least = nothing if grid.least is None else grid.least
    there = everywhere if grid.there is None else grid.there[at]
    for start in range(0, size, BLOCK):
        part = slice(start, start + BLOCK)
        flat = [each[part].tolist() for each in (grid.rule, grid.target, grid.region, band, least)]
        square = [each[:, part].T.tolist() for each in (grid.used[at], grid.capacity[at], there)]
        for rule, target, region, name, lowest, used, most, is_there in zip(*flat, *square, strict=True):
            for period, taken, limit, shown in zip(periods, used, most, is_there, strict=True):
                if shown:
                    yield Load(rule, target, region, name, period, taken, limit, lowest)


def _named(rule: str, targets: Array) -> Array:
    return np.full(len(targets), rule)


def _houses(uses: Uses) -> Iterator[Load]:
    houses = uses.facts.instance.houses
    closed = uses.calendar.sets(houses.lists("closed_periods"))
    units = np.where(closed, 0, uses.facts.units)
    ids = houses["house_id"]
    yield from _loads(uses, _Grid(_named("house_units", ids), ids, houses["region_id"], uses.houses, units))


def _reception(uses: Uses) -> Iterator[Load]:
    regions = uses.facts.instance.regions
    limited = np.flatnonzero(regions["reception_max"] != NULL_INT)
    ids, most = regions["region_id"][limited], regions["reception_max"][limited]
    used = uses.regions[:, limited]
    yield from _loads(
        uses, _Grid(_named("reception", ids), ids, ids, used, np.broadcast_to(most, used.shape))
    )


def _seats(uses: Uses) -> Iterator[Load]:
    seats, facilities, groups = uses.facts.instance.seats, uses.facts.instance.facilities, uses.seat_groups
    rule = np.array(
        [FACILITY_RULES[kind] for kind in facilities["kind"][groups.facility].tolist()], dtype=str
    )
    row, there = groups.row, groups.row >= 0
    period = np.arange(len(uses.calendar))[:, None]
    places = np.append(seats["seats"], 0)[row]
    if row.size:
        places = np.where(there, places + uses.facts.works.seats_added()[period, row], 0)
    days = np.append(seats["days"], NULL_INT)[row]
    days = np.where(days == NULL_INT, uses.calendar.care_days[:, None], days)
    grid = _Grid(
        rule,
        facilities["facility_id"][groups.facility],
        facilities["region_id"][groups.facility],
        uses.seats,
        np.where(rule == "care_places", places * days, places),
        band=groups.band,
        there=there,
    )
    yield from _loads(uses, grid)


def _roles(uses: Uses) -> Iterator[Load]:
    roles = uses.facts.instance.roles
    ids, most = roles["role_id"], roles["max_holders"] + uses.facts.works.added("role")
    named = (_named("role_max", ids), ids, roles["region_id"])
    grid = _Grid(*named, uses.roles, most, least=roles["min_holders"], there=uses.role_periods)
    yield from _loads(uses, grid)


def _supporters(uses: Uses) -> Iterator[Load]:
    supporters = uses.facts.instance.supporters
    ids, most = supporters["supporter_id"], supporters["caseload"] + uses.facts.works.added("supporter")
    nowhere = np.full(len(ids), "")
    yield from _loads(uses, _Grid(_named("supporter_caseload", ids), ids, nowhere, uses.supporters, most))


def _experiences(uses: Uses) -> Iterator[Load]:
    for row, taken in zip(uses.facts.instance.experiences.rows(), uses.experiences.tolist(), strict=True):
        yield Load(
            "experience_places", row.experience_id, row.region_id, "", "", taken, row.places, row.min_places
        )


def _quotas(uses: Uses) -> Iterator[Load]:
    facts = uses.facts
    for row in facts.instance.quotas.rows():
        if row.kind == "limit":
            counted = quota_count(facts.book, row)
            yield Load("quota_max", row.quota_id, "", "", "", counted, row.max, row.min or 0)
        elif row.group is not None:
            others, most = reserved_use(facts.book, row)
            for period in facts.open_periods:
                held = int(others[facts.position[period]])
                yield Load("quota_reserved", row.quota_id, "", "", period, held, most)


PARTS: dict[Callable[[Uses], Iterator[Load]], frozenset[str]] = {
    _houses: frozenset({"house_units"}),
    _reception: frozenset({"reception"}),
    _seats: frozenset(FACILITY_RULES.values()),
    _roles: frozenset({"role_max"}),
    _supporters: frozenset({"supporter_caseload"}),
    _experiences: frozenset({"experience_places"}),
    _quotas: frozenset({"quota_max", "quota_reserved"}),
}
"""What lists the capacities, in order, and the rules that limit them."""
