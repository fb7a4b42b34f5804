"""What would have to change for a draft to come true, all steps together, checked for many households at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nichiiki_models.changes import Change, apply_changes
from nichiiki_models.columns import NULL_INT
from nichiiki_models.errors import InstanceError
from nichiiki_models.explanation import Proof, Relaxation, Step
from nichiiki_models.instance import Instance
from nichiiki_solver.explain.drafts import Draft
from nichiiki_solver.explain.obstacles import Obstacle, Shared, rules_broken
from nichiiki_solver.explain.people_remedies import remedy
from nichiiki_solver.explain.world import World

COSTS = ("budget", "burden")
"""Rules about what a place costs."""
AT_HOME, GENERAL_TRIP = "limits.roles_at_home", "limits.trip_minutes"


@dataclass(frozen=True)
class Case:
    """A draft and everything that stands in its way.

    Attributes
    ----------
    draft, house
        The way to fulfil the wish, and its house (-1 without a stay).
    rules
        Rules of household and place that it breaks.
    scarce
        What was too scarce when the household chose (without an order: what is too scarce beside all others).
    all_scarce
        What is too scarce beside all others.
    urgent
        What is too scarce beside those who are more urgent there, where places choose; else nothing.
    """

    draft: Draft
    rules: list[Obstacle]
    scarce: list[Obstacle]
    all_scarce: list[Obstacle]
    urgent: list[Obstacle]
    house: int


@dataclass(frozen=True)
class _Scarce:
    """What is too scarce for a draft, and the world in which it is."""

    world: World
    obstacles: list[Obstacle]

    def only(self, rule: str) -> list[Obstacle]:
        return [each for each in self.obstacles if each.rule == rule]

    def without(self, rule: str) -> list[Obstacle]:
        return [each for each in self.obstacles if each.rule != rule]


class Relaxer:
    """Finds what would help in the cases of a world.

    Parameters
    ----------
    world
        What might have been, and what is.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.instance = world.bundles.instance
        self.ids = self.instance.households["household_id"]
        self._is_limited = bool((self.instance.links["vehicles"] != NULL_INT).any())

    def relax(self, cases: Sequence[Case]) -> list[Relaxation | None]:
        """Find the steps that take every obstacle of each draft away, and check them; None where there are none."""
        rules = self._to_meet(cases)
        scarce = self._scarce_then(cases, rules)
        steps = [self._steps(case.draft, rules[k], scarce[k]) for k, case in enumerate(cases)]
        found: list[Relaxation | None] = [None] * len(cases)
        for some in _apart({k: each for k, each in enumerate(steps) if each}, cases):
            kept = self._keeps_rules([cases[k].draft for k in some], [steps[k] for k in some])
            for k, is_kept in zip(some, kept, strict=True):
                if is_kept:
                    found[k] = Relaxation(steps=steps[k], proof=Proof.PROVEN)
        return found

    # Rules of household and place

    def _to_meet(self, cases: Sequence[Case]) -> list[list[Obstacle]]:
        """Rules to be met, where the steps against some of them change what others ask.

        A role held from elsewhere needs no periods and no way; a slower way, or one unit with more beds, costs something else.
        """
        rules = [case.rules for case in cases]
        away = {k: [o for o in own if o.rule == "role_region"] for k, own in enumerate(rules)}
        for k, rest in self._left(cases, {k: own for k, own in away.items() if own}).items():
            rules[k] = [*away[k], *(o for o in rest if o.rule != "role_region")]
        dear = {
            k: [o for o in own if o.rule not in COSTS]
            for k, own in enumerate(rules)
            if _is_cost_open({o.rule for o in own})
        }
        for k, rest in self._left(cases, dear).items():
            rules[k] = [*dear[k], *(o for o in rest if o.rule in COSTS)]
        return rules

    def _left(self, cases: Sequence[Case], first: Mapping[int, list[Obstacle]]) -> dict[int, list[Obstacle]]:
        """Rules that drafts still break once the steps against some of their obstacles are taken."""
        steps = {k: self._remedies(cases[k].draft, own) for k, own in first.items()}
        found: dict[int, list[Obstacle]] = {}
        for some in _apart(steps, cases):
            broken = self._broken_with([cases[k].draft for k in some], [steps[k] for k in some])
            found |= dict(zip(some, broken, strict=True))
        return found

    # What is shared

    def _scarce_then(self, cases: Sequence[Case], rules: Sequence[list[Obstacle]]) -> list[_Scarce]:
        """What is too scarce once the rules are met, where the steps for them change what is there or what is used."""
        found = [_Scarce(self.world, case.all_scarce) for case in cases]
        steps = [self._remedies(case.draft, own) for case, own in zip(cases, rules, strict=True)]
        first = {k: self._of_use(own, found[k].obstacles) for k, own in enumerate(steps) if own}
        for k, scarce in self._again(cases, first).items():
            found[k] = scarce
        units = {k: self._units(cases[k].draft, scarce) for k, scarce in enumerate(found)}
        more = {k: [*first.get(k, ()), *own] for k, own in units.items() if own}
        for k, scarce in self._again(cases, more).items():
            found[k] = replace(
                scarce, obstacles=[*found[k].only("house_units"), *scarce.without("house_units")]
            )
        return found

    def _again(self, cases: Sequence[Case], changes: Mapping[int, list[Change]]) -> dict[int, _Scarce]:
        """What is too scarce for each draft after its changes; drafts with the same ones at once."""
        alike: dict[tuple[str, ...], list[int]] = {}
        for k, own in changes.items():
            if own:
                alike.setdefault(tuple(change.model_dump_json() for change in own), []).append(k)
        found: dict[int, _Scarce] = {}
        for some in alike.values():
            drafts = [cases[k].draft for k in some]
            changed = apply_changes(self.instance, changes[some[0]])
            world = replace(self.world, bundles=replace(self.world.bundles, instance=changed))
            shared = Shared(world, drafts, None)
            for k, draft, scarce in zip(some, drafts, shared.obstacles(ahead=False), strict=True):
                found[k] = _Scarce(world, [*scarce, *shared.strained(draft)])
        return found

    def _of_use(self, steps: Sequence[Step], scarce: Sequence[Obstacle]) -> list[Change]:
        """The changes after which something else is there or used: a house made ready, a role kept at home, another vehicle, care."""
        lacking = any(o.rule == "vehicles" for o in scarce)
        limits = (
            ("max_trip_minutes", GENERAL_TRIP) if lacking else (GENERAL_TRIP,) if self._is_limited else ()
        )
        changes = _merged([change for step in steps for change in step.changes])
        new_seats = [change for change in changes if (change.table, change.action) == ("seats", "add")]
        return [*(c for c in changes if c.column in ("ready", AT_HOME, *limits)), *new_seats]

    def _units(self, draft: Draft, scarce: _Scarce) -> list[Change]:
        """More units of a house, where they also count in what is left beside those reserved."""
        if not scarce.only("quota_reserved"):
            return []
        return [c for step in self._remedies(draft, scarce.only("house_units")) for c in step.changes]

    # Steps

    def _remedies(
        self, draft: Draft, obstacles: Iterable[Obstacle], world: World | None = None
    ) -> list[Step]:
        found = (remedy(world or self.world, draft, each) for each in obstacles)
        return [step for step in found if step is not None]

    def _steps(self, draft: Draft, rules: Sequence[Obstacle], scarce: _Scarce) -> tuple[Step, ...]:
        if draft.stay < 0:
            return ()
        kept = self._remedies(draft, rules) + self._remedies(draft, scarce.obstacles, scarce.world)
        if len(kept) < len(rules) + len(scarce.obstacles):
            return ()
        return _distinct(_agreed([step for step in kept if step.changes]))

    def _keeps_rules(self, drafts: Sequence[Draft], steps: Sequence[Sequence[Step]]) -> list[bool]:
        """Whether drafts keep the rules of household and place once their steps are taken; one round at once."""
        try:
            return [not broken for broken in self._broken_with(drafts, steps)]
        except InstanceError:
            if len(drafts) == 1:
                return [False]
            return [self._keeps_rules([d], [s])[0] for d, s in zip(drafts, steps, strict=True)]

    def _broken_with(self, drafts: Sequence[Draft], steps: Sequence[Sequence[Step]]) -> list[list[Obstacle]]:
        """Rules that drafts break once their steps are taken, each as if nobody else's were."""
        return rules_broken(self._with_steps(drafts, steps), self.world, drafts)

    def _with_steps(self, drafts: Sequence[Draft], steps: Sequence[Sequence[Step]]) -> Instance:
        """Return the instance with the steps of one round taken."""
        own = [
            _own_limits(self.instance, self.ids[d.household], s) for d, s in zip(drafts, steps, strict=True)
        ]
        general = [Change(table="rules", column=GENERAL_TRIP, value=None)] if any(own) else []
        changes = _merged([change for each in own for change in each])
        return apply_changes(self.instance, [*changes, *general])


def _is_cost_open(rules: set[str]) -> bool:
    return bool(rules & set(COSTS)) and bool(rules & {"trip_minutes", "house_capacity"})


def _own_limits(instance: Instance, household: str, steps: Sequence[Step]) -> list[Change]:
    """Changes of one household, a general limit of minutes turned into its own: the smaller of both counts anyway."""
    changes = [change for step in steps for change in step.changes]
    mine = [c for c in changes if c.column in ("max_trip_minutes", GENERAL_TRIP)]
    row = int(instance.households.find(np.array([household]))[0])
    stated = int(instance.households["max_trip_minutes"][row])
    limits = {"max_trip_minutes": None if stated == NULL_INT else stated}
    limits[GENERAL_TRIP] = instance.rules.limits.trip_minutes
    limits |= {c.column: c.value for c in mine if isinstance(c.value, int)}
    known = [limit for limit in limits.values() if limit is not None]
    rest = [change for change in changes if change not in mine]
    if not known:
        return rest
    row_of = {"household_id": household}
    return [*rest, Change(table="households", row=row_of, column="max_trip_minutes", value=min(known))]


def _apart(steps: Mapping[int, Sequence[Step]], cases: Sequence[Case]) -> list[list[int]]:
    """Divide cases into groups whose steps can be tried at once: one of a household, no other where a house gets beds."""
    groups: list[tuple[list[int], set[int], set[int], set[int]]] = []
    for k, own in steps.items():
        who, house = cases[k].draft.household, cases[k].house
        beds = any(change.column == "capacity_persons" for step in own for change in step.changes)
        for group, people, houses, enlarged in groups:  # noqa: B007 - used after the break
            if who not in people and house not in (houses if beds else enlarged):
                break
        else:
            group, people, houses, enlarged = [], set(), set(), set()
            groups.append((group, people, houses, enlarged))
        group.append(k)
        people.add(who)
        houses.add(house)
        enlarged |= {house} if beds else set()
    return [group for group, _, _, _ in groups]


def _agreed(steps: Sequence[Step]) -> list[Step]:
    """Let steps that change one cell set the same value, the looser one."""
    final = {_cell(change): change for change in _merged([c for step in steps for c in step.changes])}
    return [
        step.model_copy(update={"changes": tuple(final[_cell(c)] for c in step.changes)}) for step in steps
    ]


def _distinct(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Of steps that make the same changes, the one of the largest amount."""
    found: dict[tuple[str, ...], Step] = {}
    for step in steps:
        made = tuple(change.model_dump_json() for change in step.changes)
        known = found.setdefault(made, step)
        found[made] = max(known, step, key=lambda each: each.amount or 0)
    return tuple(found.values())


def _cell(change: Change) -> tuple[object, ...]:
    return change.table, tuple(sorted(change.row.items())), change.action, change.column


def _merged(changes: Sequence[Change]) -> list[Change]:
    """Join changes of one cell that different households ask for, so that each of them gets what it asked for.

    All suggestions loosen: of two numbers the looser one counts (the larger, of least stays the smaller), lists are joined
    (of closed periods and of those refused what both leave).
    """
    found: dict[tuple[object, ...], Change] = {}
    for change in changes:
        other = found.get(_cell(change))
        value = change.value if other is None else _looser(other, change)
        found[_cell(change)] = change.model_copy(update={"value": value})
    return list(found.values())


def _looser(one: Change, other: Change) -> int | bool | str | tuple[str, ...] | None:
    a, b = one.value, other.value
    if isinstance(a, tuple) and isinstance(b, tuple):
        if one.column in ("closed_periods", "refuses"):
            return tuple(entry for entry in a if entry in b)
        return tuple(dict.fromkeys((*a, *b)))
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b) if one.column.startswith("min_") or one.column == "min" else max(a, b)
    return b
