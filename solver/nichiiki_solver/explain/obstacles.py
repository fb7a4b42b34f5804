"""What stands in the way of each draft: rules of the household and the place, found by the check, and what is shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nichiiki_models.allocation import (
    Allocation,
    Item,
    MeasureTaken,
    Placement,
    Status,
    Stay,
    StopReason,
    Violation,
)
from nichiiki_models.columns import Column, ListColumn
from nichiiki_models.instance import Instance
from nichiiki_models.table import Table
from nichiiki_solver.explain.drafts import Draft
from nichiiki_solver.explain.room import Room, Turns
from nichiiki_solver.explain.urgency import Urgency
from nichiiki_solver.explain.world import World
from nichiiki_solver.market import merged
from nichiiki_solver.needs import DESK, NEED_LISTS, SUPPORTER
from nichiiki_solver.options import Options, Seats, band_rows
from nichiiki_solver.priced import OF_FAMILIES, TABLES
from nichiiki_solver.ragged import Ints, offsets_of
from nichiiki_solver.uses import KINDS, Uses, find_uses
from nichiiki_solver.verify import verify

SEAT_RULES = {"school": "school_seats", "nursery": "care_places", "coworking": "desks"}
SHARED_RULES = (*(kind for kind in KINDS if kind not in ("seats", "lock")), *SEAT_RULES.values())
SINGLE_UNIT_KINDS = ("whole", "trial")
CLAIMS = ("units", "placed_and_unplaced", "not_accounted", "measure_unused", "measure_paid")
"""What the check finds of the form of an allocation, or of its measures, and not of a place."""


@dataclass(frozen=True)
class Obstacle:
    """One thing that stands in the way.

    Attributes
    ----------
    rule
        Id of the rule.
    cause, band
        Id of what is concerned, and its grade or age band; the ids that the check names where it is a household's rule.
    value, limit
        What it would take, and what is allowed.
    periods, lacks
        Calendar positions in which too little is left, and how much is lacking in each; value and limit are those of the worst.
    need
        How much of it the household needs.
    resource
        Resource in the uses of the drafts; -1 for a rule of the household.
    leaving
        Whether it is a minimum that the household would leave.
    """

    rule: str
    cause: str
    band: str = ""
    value: int | None = None
    limit: int | None = None
    periods: tuple[int, ...] = ()
    need: int = 0
    resource: int = -1
    leaving: bool = False
    lacks: tuple[int, ...] = ()


# Rules of one household, by the check


def rules_broken(instance: Instance, world: World, drafts: Sequence[Draft]) -> list[list[Obstacle]]:
    """List the rules of household and place that each draft breaks; many households are asked about at once.

    Parameters
    ----------
    instance
        The instance, or a variant of it with the same ids.
    world, drafts
        What the drafts belong to.
    """
    found: list[list[Obstacle]] = [[] for _ in drafts]
    for numbers in rounds(drafts):
        chosen = {int(drafts[k].household): k for k in numbers}
        ids = world.bundles.instance.households["household_id"]
        names = {str(ids[household]): k for household, k in chosen.items()}
        for violation in verify(instance, place(instance, world, [drafts[k] for k in numbers])):
            first, *rest = violation.where.split(" ")
            if first in names and is_household_rule(violation.rule):
                found[names[first]].append(_obstacle(violation, rest))
    return found


def is_household_rule(rule: str) -> bool:
    """Say whether a rule of the check is about one household and its place, and no claim."""
    return rule not in SHARED_RULES and rule not in CLAIMS and not rule.startswith("claim_")


def _obstacle(violation: Violation, rest: list[str]) -> Obstacle:
    value, limit = (violation.details.get(name) for name in ("value", "limit"))
    return Obstacle(
        violation.rule, " ".join(rest),
        value=value if isinstance(value, int) else None, limit=limit if isinstance(limit, int) else None,
    )  # fmt: skip


def rounds(drafts: Sequence[Draft]) -> list[list[int]]:
    """Divide drafts with a stay into rounds with one draft a household."""
    seen: dict[int, int] = {}
    found: list[list[int]] = []
    for number, draft in enumerate(drafts):
        if draft.stay >= 0:
            turn = seen.get(draft.household, 0)
            seen[draft.household] = turn + 1
            if turn == len(found):
                found.append([])
            found[turn].append(number)
    return found


def place(instance: Instance, world: World, drafts: Sequence[Draft]) -> Allocation:
    """Return the allocation that gives each household its draft, and nobody else anything; all measures are taken."""
    bundles = world.bundles
    stays = np.array([draft.stay for draft in drafts], dtype=np.int64)
    ids = instance.households["household_id"][bundles.stays.household[stays]]
    rows = [(k, need, target) for k, draft in enumerate(drafts) for need, target in draft.parts]
    parts = np.array(rows, dtype=np.int64).reshape(-1, 3)
    code = bundles.needs.list[parts[:, 1]]
    supporter = np.full(len(drafts), "", dtype=object)
    supporter[parts[code == SUPPORTER, 0]] = bundles.targets.ids[parts[code == SUPPORTER, 2]]
    heads: dict[str, Column] = {
        "household_id": ids, "supporter_id": supporter.astype(np.str_), "cost_yen": bundles.stays.cost_yen[stays],
    }  # fmt: skip
    return Allocation(
        instance_hash=instance.hash, policy="", status=Status.FEASIBLE, reason=StopReason.PROCEDURE_ENDED,
        placements=Table(Placement, heads, rows=len(drafts)),
        stays=_stay_table(instance, world, stays, ids),
        items=_item_table(world, ids, parts[code != SUPPORTER]),
        measures=_measure_table(instance),
    )  # fmt: skip


def _stay_table(instance: Instance, world: World, stays: Ints, ids: np.ndarray) -> Table[Stay]:
    bundles = world.bundles
    mask = bundles.patterns.mask[bundles.stays.pattern[stays]]
    house = bundles.stays.house[stays]
    columns: dict[str, Column] = {
        "household_id": ids, "house_id": instance.houses["house_id"][house],
        "region_id": instance.houses["region_id"][house], "units": bundles.stays.units[stays],
        "periods": ListColumn(offsets_of(mask.sum(axis=1)), bundles.calendar.ids[np.nonzero(mask)[1]]),
    }  # fmt: skip
    return Table(Stay, columns, rows=len(stays))


def _item_table(world: World, ids: np.ndarray, parts: Ints) -> Table[Item]:
    bundles = world.bundles
    person = bundles.needs.person[parts[:, 1]]
    names = np.append(bundles.instance.persons["person_id"], "")[person]
    columns: dict[str, Column] = {
        "household_id": ids[parts[:, 0]], "list": np.array(NEED_LISTS)[bundles.needs.list[parts[:, 1]]],
        "person_id": names, "target_id": bundles.targets.ids[parts[:, 2]],
    }  # fmt: skip
    return Table(Item, columns, rows=len(parts))


def _measure_table(instance: Instance) -> Table[MeasureTaken]:
    """Every measure of an instance as built; who paid for them is no matter of a place."""
    columns = {name: instance.measures[name] for name in ("measure_id", "cost_yen")}
    return Table(MeasureTaken, columns, rows=len(instance.measures))


# What is shared


class Shared:
    """Use of everything shared by those who are placed and by drafts, in one numbering.

    Parameters
    ----------
    world, drafts
        What the drafts belong to; those without a stay use nothing.
    turns
        Who chose when; None without an order.
    position
        Place of each household in the order, where places choose among those who ask; None elsewhere.
    """

    def __init__(
        self, world: World, drafts: Sequence[Draft], turns: Turns | None, position: Ints | None = None
    ) -> None:
        self.world, self.drafts, self.turns = world, drafts, turns
        bundles, placed = world.bundles, world.placed
        held = world.stay_of[placed]
        self.seats = Seats.of(bundles.instance, bundles.calendar, bundles.plans)
        stays = np.concatenate((held, [draft.stay for draft in drafts if draft.stay >= 0])).astype(np.int64)
        parts = [_parts(world, row) for row in world.chosen] + [d.parts for d in drafts if d.stay >= 0]
        self.uses = _uses_of(world, self.seats, stays, parts)
        entries = _all_entries(self.uses, len(stays))
        mine = entries[0] < len(placed)
        turn = None if turns is None else _turns_taken(world, turns)
        self.room = Room(self.uses, placed[entries[0][mine]], entries[1][mine], entries[2][mine], turn)
        self._rows = _by_row(entries, len(placed), len(stays))
        self.urgency = (
            None if position is None else Urgency(bundles.instance, bundles.calendar, self.room, position)
        )

    def obstacles(self, *, ahead: bool) -> list[list[Obstacle]]:
        """List what is too scarce for each draft.

        Parameters
        ----------
        ahead
            Whether only what those before the household held counts, and not what all others hold.
        """
        return self._for_each(lambda draft, *uses: self._of(draft, *uses, ahead=ahead))

    def obstacles_beside_urgent(self) -> list[list[Obstacle]]:
        """List the maximums that each draft would pass beside those alone who are more urgent there; none without urgency."""
        return self._for_each(self._beside_urgent)

    def _for_each(self, find: Callable[[Draft, Ints, Ints], list[Obstacle]]) -> list[list[Obstacle]]:
        rows = iter(self._rows)
        return [find(draft, *next(rows)) if draft.stay >= 0 else [] for draft in self.drafts]

    def _beside_urgent(self, draft: Draft, resource: Ints, amount: Ints) -> list[Obstacle]:
        if self.urgency is None:
            return []
        others = self.urgency.ahead(draft.household, resource)
        found = self._scarce_of(resource[others > 0], amount[others > 0], others[others > 0])
        return self._grouped([each for each in found if each.resource not in self.room.gate])

    def strained(self, draft: Draft) -> list[Obstacle]:
        """List the vehicles of which the others alone take too many: after a change by which they take different ones."""
        room = self.room
        rows = np.flatnonzero(self.uses.resources.kind == KINDS.index("vehicles"))
        others = room.held_by_others(np.full(len(rows), draft.household), None, rows)
        over = others > room.capacity[rows]
        found = [
            self._named(r, o, int(room.capacity[r]), 0)
            for r, o in zip(rows[over].tolist(), others[over].tolist(), strict=True)
        ]
        return self._grouped(found)

    def turn_of(self, draft: Draft) -> int | None:
        """Moment at which a household could have taken a draft."""
        if self.turns is None:
            return None
        rank = self.world.bundles.stays.rank[[draft.stay]]
        return int(self.turns.at(np.array([draft.household]), rank)[0])

    def _of(self, draft: Draft, resource: Ints, amount: Ints, *, ahead: bool) -> list[Obstacle]:
        room, who = self.room, np.full(len(resource), draft.household)
        turn = self.turn_of(draft)
        at = np.full(len(resource), turn) if ahead and turn is not None else None
        found = self._scarce_of(resource, amount, room.held_by_others(who, at, resource))
        if not ahead:
            found += self._leaving(draft, dict(zip(resource.tolist(), amount.tolist(), strict=True)))
        return self._grouped(found)

    def _scarce_of(self, resource: Ints, amount: Ints, others: Ints) -> list[Obstacle]:
        """What is too scarce beside what others hold, period by period."""
        room, needs = self.room, dict(zip(resource.tolist(), amount.tolist(), strict=True))
        short = (amount > 0) & room.limits[resource] & (others + amount > room.capacity[resource])
        rows = np.flatnonzero(short).tolist()
        found = (self._scarce(int(resource[k]), int(amount[k]), int(others[k]), needs) for k in rows)
        return [each for each in found if each is not None]

    def _scarce(self, resource: int, amount: int, others: int, needs: dict[int, int]) -> Obstacle | None:
        """What is scarce; a closed role or experience is below its minimum and not full."""
        room, gate = self.room, int(self.room.gate_of[resource])
        if gate >= 0 and not room.open[gate]:
            own = -needs.get(int(room.gate[gate]), 0)
            if room.least[gate] <= own <= room.most[gate]:
                return None
            return self._named(int(room.gate[gate]), own, int(room.least[gate]), amount)
        if self.uses.resources.kind[resource] == KINDS.index("role_open"):
            return None  # a role that runs lacks room by its maximum
        return self._named(resource, others + amount, int(room.capacity[resource]), amount)

    def _leaving(self, draft: Draft, needs: dict[int, int]) -> list[Obstacle]:
        """Minimums that would no longer be met without the household where it is."""
        room, found = self.room, []
        if self.world.stay_of[draft.household] < 0:
            return []
        who = np.full(room.size, draft.household)
        own = room.own(who, np.arange(room.size))
        for gate, resource in enumerate(room.gate.tolist()):
            before = -int(room.used[resource])
            after = before + int(own[resource]) - needs.get(resource, 0)
            if own[resource] < 0 and 0 < after < room.least[gate]:
                found.append(self._named(resource, after, int(room.least[gate]), 0, leaving=True))
        for resource in np.flatnonzero(self.uses.resources.kind == KINDS.index("quota_min")).tolist():
            after = -(int(room.used[resource]) - int(own[resource]) + needs.get(resource, 0))
            least = -int(room.capacity[resource])
            if own[resource] < 0 and after < least:
                found.append(self._named(resource, after, least, 0, leaving=True))
        return found

    def _named(self, resource: int, value: int, limit: int, need: int, *, leaving: bool = False) -> Obstacle:
        resources, instance = self.uses.resources, self.world.bundles.instance
        kind, thing = KINDS[int(resources.kind[resource])], int(resources.thing[resource])
        rule, cause, band = kind, "", ""
        if kind == "seats":
            facility, band = self._seat_names[thing]
            cause = str(instance.facilities["facility_id"][facility])
            rule = SEAT_RULES[str(instance.facilities["kind"][facility])]
        else:
            table = getattr(instance, TABLES[kind])
            cause = str(table["family" if kind in OF_FAMILIES else table.schema.key[0]][thing])
        period = int(resources.period[resource])
        return Obstacle(
            rule, cause, band, value, limit, (period,) if period >= 0 else (), need, resource, leaving
        )

    @property
    def _seat_names(self) -> list[tuple[int, str]]:
        return list(self.seats.number)

    @staticmethod
    def _grouped(found: list[Obstacle]) -> list[Obstacle]:
        """Join the periods of one rule and cause; the numbers are those of the period that lacks most."""
        groups: dict[tuple[str, str, str, bool], list[Obstacle]] = {}
        for each in found:
            groups.setdefault((each.rule, each.cause, each.band, each.leaving), []).append(each)
        joined = []
        for group in groups.values():
            worst = max(group, key=lambda o: abs((o.value or 0) - (o.limit or 0)))
            short = {p: abs((each.value or 0) - (each.limit or 0)) for each in group for p in each.periods}
            periods = tuple(sorted(short))
            lacks = tuple(short[period] for period in periods)
            joined.append(replace(worst, periods=periods, lacks=lacks))
        return joined


def _parts(world: World, options: Ints) -> tuple[tuple[int, int], ...]:
    from nichiiki_solver.explain.world import parts_of

    return tuple(parts_of(world.bundles, options))


def _uses_of(world: World, seats: Seats, stays: Ints, parts: Sequence[Sequence[tuple[int, int]]]) -> Uses:
    """What bundles use, each given by its stay and parts; a part without a seat row uses none."""
    bundles = world.bundles
    rows = [(k, need, target) for k, own in enumerate(parts) for need, target in own]
    flat = np.array(rows, dtype=np.int64).reshape(-1, 3)
    seated = band_rows(bundles.instance, bundles.targets, bundles.needs, seats, flat[:, 1], flat[:, 2]) != -1
    right = np.where(bundles.needs.list[flat[:, 1]] <= DESK, bundles.targets.lists[flat[:, 2]] <= DESK, True)
    flat = flat[seated & right]
    zero = np.zeros(len(stays), dtype=np.int64)
    counts = np.bincount(flat[:, 0], minlength=len(stays))
    taken = bundles.stays.take(stays)
    options = Options(
        np.arange(len(stays)), zero, taken.pattern, zero, zero, zero, zero,
        offsets_of(counts), flat[:, 1], flat[:, 2],
    )  # fmt: skip
    # a whole house is one unit, however many a household would need: what it lacks are beds
    single = np.isin(bundles.instance.houses["kind"], SINGLE_UNIT_KINDS)[taken.house]
    taken = replace(taken, units=np.where(single, 1, taken.units))
    return find_uses(
        bundles.instance,
        bundles.calendar,
        bundles.patterns,
        bundles.targets,
        taken,
        bundles.needs,
        seats,
        options,
        bundles.plans,
    )


def _all_entries(uses: Uses, size: int) -> tuple[Ints, Ints, Ints]:
    rows = np.arange(size)
    blocks = [
        uses.of_stays(rows),
        uses.of_options(rows),
    ]
    owner, resource, amount = (np.concatenate([block[k] for block in blocks]) for k in range(3))
    return merged(owner, resource, amount, len(uses.resources))[1:]


def _by_row(entries: tuple[Ints, Ints, Ints], first: int, size: int) -> list[tuple[Ints, Ints]]:
    owner, resource, amount = entries
    bounds = np.searchsorted(owner, np.arange(first, size + 1))
    return [
        (resource[a:b], amount[a:b]) for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    ]


def _turns_taken(world: World, turns: Turns) -> Ints:
    """Moment at which each household took what it holds (0 where it holds nothing)."""
    taken = np.zeros(world.bundles.n_households, dtype=np.int64)
    taken[world.placed] = turns.at(world.placed, world.bundles.stays.rank[world.stay_of[world.placed]])
    return taken


def room_of(world: World, turns: Turns | None) -> Room:
    """What is left in the numbering of the world."""
    source = world.source
    owner, resource, amount = source.entries(world.stay_of[world.placed], world.chosen)
    turn = None if turns is None else _turns_taken(world, turns)
    return Room(world.bundles.uses, world.placed[owner], resource, amount, turn)
