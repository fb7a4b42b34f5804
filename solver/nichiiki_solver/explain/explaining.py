"""Explain: for every wish that was ranked better than what came of it one reason, and the smallest change that would help."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.changes import Change, apply_changes
from nichiiki_models.columns import NULL_INT
from nichiiki_models.errors import InstanceError, UsageError, VerificationError
from nichiiki_models.explanation import Code, Proof, Relaxation, Step, WishReason, Witness
from nichiiki_models.instance import Instance
from nichiiki_solver.building import as_built
from nichiiki_solver.explain.costs import DualCosts, force
from nichiiki_solver.explain.drafts import STAY, Draft, Drafter, list_of, listed_wishes
from nichiiki_solver.explain.obstacles import Obstacle, Shared, room_of, rules_broken
from nichiiki_solver.explain.people_remedies import remedy
from nichiiki_solver.explain.precedence import Precedence
from nichiiki_solver.explain.room import Turns, turns_of
from nichiiki_solver.explain.world import find_world
from nichiiki_solver.needs import SCHOOL, TARGET_RULES
from nichiiki_solver.ragged import Bools, Ints
from nichiiki_solver.stays import STAY_RULES
from nichiiki_solver.uses import MINIMUMS
from nichiiki_solver.verify import verify

IMPORTANCE = (
    *STAY_RULES,
    "not_listed",
    "siblings",
    *(rule for rule in TARGET_RULES if rule != "lock"),
    "required",
)
"""Which of several broken rules of a household is named: the first of these; then others, at last an override."""
SHARED_IMPORTANCE = (
    "one_base", "house_units", "reception", "quota_max", "quota_reserved", "school_seats", "care_places", "care_staff", "desks",
    "role_min", "role_max", "supporter_caseload", "experience_min", "experience_places", "all_bases", "quota_min",
)  # fmt: skip


def explain(
    instance: Instance,
    allocation: Allocation,
    household_id: str | Iterable[str] | None = None,
    *,
    exact: bool | None = None,
    time_limit_s: float = 60.0,
    workers: int = 2,
) -> list[WishReason]:
    """Say for every wish ranked better than what came of it why it did not come true, and what would have to change.

    Parameters
    ----------
    instance
        What was allocated, overrides included (``result.instance``).
    allocation
        The allocation; it must pass `verify`.
    household_id
        One household, or several; all if None.
    exact
        Whether the cost of each wish under ``welfare`` is found by solving again with the wish fulfilled; otherwise it is
        estimated by dual prices. None: exact for a single household, estimated for several.
    time_limit_s
        Wall time in seconds of each solve, and of the pricing.
    workers
        Processor cores to use in solves.

    Returns
    -------
    list of WishReason
        In the order of households, lists and ranks. A household with everything it ranked first has none.

    Raises
    ------
    VerificationError
        If the allocation breaks a rule or states something false: what is wrong cannot be explained.
    UsageError
        If a household is not in the instance.
    """
    violations = verify(instance, allocation)
    if violations:
        raise VerificationError(violations)
    asked = _asked(instance, household_id)
    instance, allocation = as_built(instance, allocation)
    run = _Run(instance, allocation, asked, time_limit_s, workers)
    solve_again = isinstance(household_id, str) if exact is None else exact
    return sorted(run.reasons(solve_again=solve_again), key=run.place)


def _asked(instance: Instance, household_id: str | Iterable[str] | None) -> Bools:
    if household_id is None:
        return np.ones(len(instance.households), dtype=bool)
    wanted = np.array([household_id] if isinstance(household_id, str) else list(household_id), dtype=np.str_)
    rows = instance.households.find(wanted)
    if (rows < 0).any():
        raise UsageError(
            f"household_id: {wanted[rows < 0][0]} is not in the instance; give an id of its households"
        )
    asked = np.zeros(len(instance.households), dtype=bool)
    asked[rows] = True
    return asked


def _declined(allocation: Allocation) -> np.ndarray:
    """Households that gave up their place or their turn."""
    standings = allocation.standings
    return np.asarray(standings["household_id"][standings["state"] == "declined"])


@dataclass(frozen=True)
class _Case:
    """A draft and everything that stands in its way."""

    draft: Draft
    rules: list[Obstacle]
    scarce: list[Obstacle]
    """What was too scarce when the household chose (without an order: what is too scarce beside all others)."""
    all_scarce: list[Obstacle]
    house: int
    relaxation: Relaxation | None = None
    evidence: dict[str, int | str | None] = field(default_factory=dict)


class _Run:
    """One explanation: the world, who chose when, and the drafts."""

    def __init__(
        self, instance: Instance, allocation: Allocation, asked: Bools, time_limit_s: float, workers: int
    ) -> None:
        self.declined = asked & np.isin(instance.households["household_id"], _declined(allocation))
        asked = asked & ~self.declined
        self.instance, self.allocation, self.asked = instance, allocation, asked
        self.time_limit_s, self.workers = time_limit_s, workers
        self.world = find_world(instance, allocation, asked)
        self.turns: Turns | None = turns_of(instance, allocation)
        self.ids = instance.households["household_id"]
        self._row = {str(name): row for row, name in enumerate(self.ids.tolist())}
        self._lists = instance.rules.lists.order

    def place(self, reason: WishReason) -> tuple[int, int, str, int, str]:
        """Where a reason stands in the answer."""
        name = self._lists.index(reason.list) if reason.list in self._lists else len(self._lists)
        return (
            self._row[reason.household_id], name, reason.person_id or "", reason.rank or 0, reason.target_id or "",
        )  # fmt: skip

    def reasons(self, *, solve_again: bool) -> list[WishReason]:
        """Give every wish its reason."""
        drafts = self._drafts()
        shared = Shared(self.world, drafts, self.turns)
        every = shared.obstacles(ahead=False)
        ahead = shared.obstacles(ahead=True) if self.turns is not None else every
        rules = rules_broken(self.instance, self.world, drafts)
        house = self.world.bundles.stays.house
        houses = [int(house[draft.stay]) if draft.stay >= 0 else -1 for draft in drafts]
        cases = [_Case(*parts) for parts in zip(drafts, rules, ahead, every, houses, strict=True)]
        judge = _Judge(self, shared, solve_again=solve_again)
        relaxed = self._relaxed(cases)
        found = [judge.reason(case, relaxation) for case, relaxation in zip(cases, relaxed, strict=True)]
        declined = [
            WishReason(household_id=name, rule="declined", code=Code.DECLINED)
            for name in self.ids[self.declined].tolist()
        ]
        return [*found, *self._without_draft(drafts), *declined]

    def _drafts(self) -> list[Draft]:
        drafter = Drafter(self.world, room_of(self.world, self.turns), self.turns)
        rank = self.world.bundles.stays.rank
        got = np.where(self.world.stay_of >= 0, rank[self.world.stay_of] if len(rank) else -1, -1)
        self.got: Ints = got
        return [
            *drafter.stay_drafts(self.asked, got),
            *drafter.need_drafts(self.asked, listed_wishes(self.world)),
        ]

    # What would help

    def _relaxed(self, cases: Sequence[_Case]) -> list[Relaxation | None]:
        """Find the steps that take every obstacle of each draft away, and check them for many households at once."""
        budgets = self._budgets(cases)
        steps = [self._steps(case, budgets.get(k, case.rules)) for k, case in enumerate(cases)]
        found: list[Relaxation | None] = [None] * len(cases)
        for some in _apart({k: each for k, each in enumerate(steps) if each}, cases):
            kept = self._keeps_rules([cases[k].draft for k in some], [steps[k] for k in some])
            for k, is_kept in zip(some, kept, strict=True):
                if is_kept:
                    found[k] = Relaxation(steps=steps[k], proof=Proof.PROVEN)
        return found

    def _budgets(self, cases: Sequence[_Case]) -> dict[int, list[Obstacle]]:
        """Rules to be met where other steps change what a stay costs: a slower way, or one unit with more beds."""
        both = [k for k, case in enumerate(cases) if _is_cost_open({o.rule for o in case.rules})]
        others = {k: [o for o in cases[k].rules if o.rule != "budget"] for k in both}
        found: dict[int, list[Obstacle]] = {}
        for some in _apart({k: self._remedies(cases[k].draft, others[k]) for k in both}, cases):
            steps = [self._remedies(cases[k].draft, others[k]) for k in some]
            broken = self._broken_with([cases[k].draft for k in some], steps)
            for k, rest in zip(some, broken, strict=True):
                found[k] = [*others[k], *(o for o in rest if o.rule == "budget")]
        return found

    def _remedies(self, draft: Draft, obstacles: Sequence[Obstacle]) -> list[Step]:
        found = (remedy(self.world, draft, each) for each in obstacles)
        return [step for step in found if step is not None]

    def _steps(self, case: _Case, rules: Sequence[Obstacle]) -> tuple[Step, ...]:
        if case.draft.stay < 0:
            return ()
        found = [remedy(self.world, case.draft, each) for each in (*rules, *case.all_scarce)]
        kept = [step for step in found if step is not None]
        if len(kept) < len(found):
            return ()
        steps = _agreed([step for step in kept if step.changes])
        return tuple(step for k, step in enumerate(steps) if step not in steps[:k])

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
        own = [
            _own_limits(self.instance, self.ids[d.household], s) for d, s in zip(drafts, steps, strict=True)
        ]
        general = [Change(table="rules", column="limits.trip_minutes", value=None)] if any(own) else []
        changes = _merged([change for each in own for change in each])
        return rules_broken(apply_changes(self.instance, [*changes, *general]), self.world, drafts)

    # Wishes that name nothing

    def _without_draft(self, drafts: Sequence[Draft]) -> list[WishReason]:
        """Reasons of wishes that no house, period or target answers, and of households without a place that wish for none."""
        known = {(d.household, d.target) for d in drafts if d.need == STAY}
        found, spoken = [], {draft.household for draft in drafts}
        choices = self.instance.choices
        owner = self.instance.households.find(choices["household_id"])
        stays = np.flatnonzero((choices["list"] == "stay") & self.asked[owner])
        for row in stays.tolist():
            reason = self._silent_wish(row, int(owner[row]), known)
            if reason is not None:
                found.append(reason)
                spoken.add(int(owner[row]))
        for household in np.flatnonzero(self.asked & (self.world.stay_of < 0)).tolist():
            if household not in spoken:
                found.append(
                    WishReason(household_id=str(self.ids[household]), rule="no_wish", code=Code.NO_WISH)
                )
        return found

    def _silent_wish(self, row: int, household: int, known: set[tuple[int, int]]) -> WishReason | None:
        wish = self.instance.choices.row(row)
        if wish.target_kind not in ("house", "region") or 0 <= self.got[household] <= wish.rank:
            return None
        column = "house_id" if wish.target_kind == "house" else "region_id"
        houses = np.flatnonzero(self.instance.houses[column] == wish.target_id).tolist()
        stays = self.world.bundles.stays
        if houses and np.isin(houses, stays.house[stays.household == household]).any():
            return None
        code = Code.NO_PERIOD if houses else Code.NOTHING_THERE
        got = int(self.got[household])
        return WishReason(
            household_id=wish.household_id, rule=code.value, code=code, list="stay", target_id=wish.target_id,
            rank=wish.rank, got=None if got < 0 else got,
        )  # fmt: skip


def _own_limits(instance: Instance, household: str, steps: Sequence[Step]) -> list[Change]:
    """Changes of one household, a general limit of minutes turned into its own: the smaller of both counts anyway."""
    changes = [change for step in steps for change in step.changes]
    mine = [c for c in changes if c.column in ("max_trip_minutes", "limits.trip_minutes")]
    row = int(instance.households.find(np.array([household]))[0])
    stated = int(instance.households["max_trip_minutes"][row])
    limits = {"max_trip_minutes": None if stated == NULL_INT else stated}
    limits["limits.trip_minutes"] = instance.rules.limits.trip_minutes
    limits |= {c.column: c.value for c in mine if isinstance(c.value, int)}
    known = [limit for limit in limits.values() if limit is not None]
    rest = [change for change in changes if change not in mine]
    if not known:
        return rest
    row_of = {"household_id": household}
    return [*rest, Change(table="households", row=row_of, column="max_trip_minutes", value=min(known))]


def _is_cost_open(rules: set[str]) -> bool:
    return "budget" in rules and bool(rules & {"trip_minutes", "house_capacity"})


def _apart(steps: Mapping[int, Sequence[Step]], cases: Sequence[_Case]) -> list[list[int]]:
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


class _Judge:
    """Turns a case into its one reason."""

    def __init__(self, run: _Run, shared: Shared, *, solve_again: bool) -> None:
        self.run, self.shared, self.solve_again = run, shared, solve_again
        self.world, self.allocation = run.world, run.allocation
        self.deadline = time.perf_counter() + run.time_limit_s
        self._costs: DualCosts | None = None
        turns = run.turns
        self.precedence = (
            None
            if turns is None
            else Precedence(run.instance, run.allocation.policy, run.allocation.seed, turns)
        )

    def reason(self, case: _Case, relaxation: Relaxation | None) -> WishReason:
        """Return the reason of a case."""
        draft = case.draft
        if draft.stay < 0:
            return self._write(case, Code.NO_STAY, None)
        if case.rules:
            return self._by_rule(case, relaxation)
        if case.scarce:
            return self._by_scarcity(case, relaxation)
        return self._although_it_fits(case)

    def _by_rule(self, case: _Case, relaxation: Relaxation | None) -> WishReason:
        first = min(case.rules, key=lambda o: (o.rule == "lock", _index(IMPORTANCE, o.rule), o.cause))
        draft = case.draft
        code = Code.INELIGIBLE
        if first.rule == "lock":
            return self._write(case, Code.LOCKED, first, relaxation, {"why": self._why_locked(draft, first)})
        if draft.need == STAY and self.world.rule[draft.stay] < 0 and first.rule not in STAY_RULES:
            code = Code.SIBLINGS if self._is_for_siblings(draft) else Code.REQUIRED
        elif draft.need != STAY and self._is_for_another(draft, first):
            code = Code.SIBLINGS
        return self._write(case, code, first, relaxation)

    def _why_locked(self, draft: Draft, obstacle: Obstacle) -> str:
        locks, (kind, *target) = self.run.instance.locks, obstacle.cause.split(" ")
        mine = (locks["household_id"] == self.run.ids[draft.household]) & (locks["target_kind"] == kind)
        mine &= locks["target_id"] == (target[0] if target else "")
        return str(locks["reason"][mine][0]) if mine.any() else ""

    def _is_for_another(self, draft: Draft, obstacle: Obstacle) -> bool:
        """Whether a rule stands against a brother or sister who would have to come along."""
        needs = self.world.bundles.needs
        if needs.list[draft.need] != SCHOOL:
            return False
        person = str(self.run.instance.persons["person_id"][needs.person[draft.need]])
        return obstacle.cause.split(" ")[0] != person

    def _is_for_siblings(self, draft: Draft) -> bool:
        """Whether each child has a school at the stay, and only no school takes them all."""
        bundles, singles = self.world.bundles, self.world.bundles.singles
        missing = set(np.flatnonzero(bundles.slots.household == draft.household).tolist())
        low, high = np.searchsorted(bundles.options.stay, (draft.stay, draft.stay + 1))
        missing -= set(bundles.options.slot[low:high].tolist())
        answered = set(bundles.wanted.need[singles.wanted[singles.stay == draft.stay]].tolist())
        for slot in missing:
            needs = np.flatnonzero(bundles.slots.of_need == slot).tolist()
            if len(needs) < 2 or not answered.issuperset(needs):
                return False
        return bool(missing)

    def _by_scarcity(self, case: _Case, relaxation: Relaxation | None) -> WishReason:
        first = min(case.scarce, key=lambda o: (o.leaving, _index(SHARED_IMPORTANCE, o.rule), o.cause))
        if first.leaving:
            return self._write(case, Code.NEEDED_ELSEWHERE, first, relaxation)
        if self.precedence is not None and first.rule not in MINIMUMS:
            return self._outranked(case, first, relaxation)
        if self.allocation.policy == "welfare":
            return self._costs_more(case, first, relaxation)
        return self._write(case, Code.CLOSED if first.rule in MINIMUMS else Code.FULL, first, relaxation)

    def _outranked(self, case: _Case, first: Obstacle, relaxation: Relaxation | None) -> WishReason:
        """Say by which key the last of those who hold what is scarce comes before the household."""
        room, draft, precedence = self.shared.room, case.draft, self.precedence
        turn = self.shared.turn_of(draft)
        last = -1 if turn is None else room.last_before(turn, first.resource)
        if precedence is None or last < 0:
            return self._write(case, Code.FULL, first, relaxation)
        rank = int(self.world.bundles.stays.rank[draft.stay])
        evidence = precedence.first_difference(draft.household, rank, last)
        code = Code.LOTTERY if evidence["key"] == "lottery" else Code.OUTRANKED
        return self._write(case, code, first, relaxation, evidence)

    # Under an optimum

    def costs(self) -> DualCosts | None:
        """Dual prices, found when they are first wanted; None without levels to compare with."""
        levels = self.allocation.levels
        if self._costs is None and levels and levels[0].objective is not None:
            late = self.deadline
            self._costs = DualCosts(self.world, levels[0].objective, lambda: time.perf_counter() > late)
        return self._costs

    def _costs_more(self, case: _Case, first: Obstacle, relaxation: Relaxation | None) -> WishReason:
        if self.solve_again:
            return self._forced(case, first, relaxation)
        costs = self.costs()
        found = None if costs is None else costs.of(case.draft)
        level = self.run.instance.rules.objective.levels[0].name
        evidence: dict[str, int | str | None] = {
            "level": level,
            "loss": found.loss if found else None,
            "at_least": found.at_least if found else 0,
        }
        return self._write(case, Code.COSTS_MORE, first, relaxation, evidence, Proof.ESTIMATED)

    def _forced(self, case: _Case, first: Obstacle | None, relaxation: Relaxation | None) -> WishReason:
        found = force(
            self.world,
            self.allocation,
            case.draft,
            time_limit_s=self.run.time_limit_s,
            workers=self.run.workers,
        )
        if found is None:
            return self._write(
                case, Code.COSTS_MORE, first, relaxation, {"level": "", "loss": None}, Proof.ESTIMATED
            )
        if not found.possible:
            return self._write(case, Code.IMPOSSIBLE, first, relaxation)
        code = Code.COSTS_MORE if found.loss > 0 else Code.NO_BETTER if found.loss == 0 else Code.VACANT
        evidence: dict[str, int | str | None] = {
            "level": found.level,
            "loss": found.loss,
            "moves": found.moves,
        }
        proof = Proof.PROVEN if found.proven else Proof.ESTIMATED
        return self._write(case, code, first, relaxation, evidence, proof)

    def _although_it_fits(self, case: _Case) -> WishReason:
        """A place is there: the household itself has something it ranks better, or the whole is not better for it."""
        if self.allocation.policy == "welfare":
            return self._no_gain(case)
        code = Code.OWN_ORDER if self._prefers_its_own(case.draft) else Code.VACANT
        return self._write(case, code, None)

    def _no_gain(self, case: _Case) -> WishReason:
        """Compare the levels with the household moved and all others as they are."""
        gain = self._levels(case.draft) - self._held_levels(case.draft.household)
        changed = np.flatnonzero(gain)
        names = [level.name for level in self.run.instance.rules.objective.levels]
        if not len(changed):
            return self._write(case, Code.NO_BETTER, None, None, {"level": "", "loss": 0, "moves": 0})
        level, by = names[int(changed[0])], int(gain[changed[0]])
        if by > 0:
            return self._write(case, Code.VACANT, None, None, {"level": level, "loss": -by, "moves": 0})
        if self.solve_again:
            return self._forced(case, None, None)
        evidence: dict[str, int | str | None] = {"level": level, "loss": -by, "moves": 0, "at_least": 0}
        return self._write(case, Code.COSTS_MORE, None, None, evidence, Proof.ESTIMATED)

    def _levels(self, draft: Draft) -> Ints:
        bundles = self.world.bundles
        return np.asarray(
            bundles.stay_terms[:, draft.stay] + bundles.option_terms[:, list(draft.options)].sum(axis=1)
        )

    def _held_levels(self, household: int) -> Ints:
        stay, bundles = int(self.world.stay_of[household]), self.world.bundles
        if stay < 0:
            return np.zeros(len(bundles.stay_terms), dtype=np.int64)
        held = self.world.chosen[np.searchsorted(self.world.placed, household)]
        return np.asarray(bundles.stay_terms[:, stay] + bundles.option_terms[:, held[held >= 0]].sum(axis=1))

    def _prefers_its_own(self, draft: Draft) -> bool:
        """Whether the household ranks what it has, taken as a whole, no worse than the draft."""
        stay = int(self.world.stay_of[draft.household])
        if stay < 0:
            return False
        held = self.world.chosen[np.searchsorted(self.world.placed, draft.household)]
        width = max(len(held), len(draft.options))
        chosen = np.full((2, width), -1, dtype=np.int64)
        chosen[0, : len(held)] = held
        chosen[1, : len(draft.options)] = draft.options
        ranks, _ = self.world.source.sort_keys(np.array([stay, draft.stay]), chosen)
        return tuple(int(column[0]) for column in ranks) <= tuple(int(column[1]) for column in ranks)

    # Writing

    def _write(
        self,
        case: _Case,
        code: Code,
        first: Obstacle | None,
        relaxation: Relaxation | None = None,
        evidence: dict[str, int | str | None] | None = None,
        proof: Proof = Proof.PROVEN,
    ) -> WishReason:
        draft, bundles, instance = case.draft, self.world.bundles, self.run.instance
        target = instance.houses["house_id"] if draft.need == STAY else bundles.targets.ids
        person = -1 if draft.need == STAY else int(bundles.needs.person[draft.need])
        period = first.periods[0] if first is not None and first.periods else None
        own = first is not None and first.resource < 0
        beside = bundles.targets.ids[[t for _, t in draft.parts]].tolist()
        return WishReason(
            household_id=str(self.run.ids[draft.household]),
            rule=code.value if first is None else first.rule,
            target_id=str(target[draft.target]),
            value=None if first is None else first.value,
            limit=None if first is None else first.limit,
            code=code,
            list=list_of(self.world, draft),  # type: ignore[arg-type]  # a name of LISTS
            person_id=None if person < 0 else str(instance.persons["person_id"][person]),
            rank=draft.rank,
            got=draft.got,
            cause=None if first is None else _cause(first, str(target[draft.target]), beside) if own else first.cause,
            band=(first.band or None) if first is not None else None,
            period=None if period is None else str(bundles.calendar.ids[period]),
            evidence={**({} if first is None or own else {"need": first.need}), **(evidence or {})},
            witness=self._witness(draft),
            relaxation=relaxation,
            proof=proof if draft.sure else Proof.ESTIMATED,
        )  # fmt: skip

    def _witness(self, draft: Draft) -> Witness | None:
        if draft.stay < 0:
            return None
        bundles, instance = self.world.bundles, self.run.instance
        persons = np.append(instance.persons["person_id"], "")
        mask = bundles.patterns.mask[int(bundles.stays.pattern[draft.stay])]
        items = [
            (
                list_of(self.world, Draft(0, need, 0, 0, None, 0, ())),
                str(persons[bundles.needs.person[need]]),
                str(bundles.targets.ids[t]),
            )
            for need, t in draft.parts
        ]
        return Witness(
            house_id=str(instance.houses["house_id"][bundles.stays.house[draft.stay]]),
            periods=tuple(bundles.calendar.ids[mask].tolist()),
            items=tuple(sorted(items)),  # type: ignore[arg-type]  # a name of LISTS
        )


def _index(order: Sequence[str], rule: str) -> int:
    return order.index(rule) if rule in order else len(order)


def _cause(obstacle: Obstacle, target: str, others: Sequence[str]) -> str:
    """What a rule of the household is about, of the ids that the check names: the wish, or something wished beside it."""
    named = obstacle.cause.split(" ")
    return next((name for name in (target, *others) if name in named), target)
