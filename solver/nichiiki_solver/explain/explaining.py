"""Explain: for every wish that was ranked better than what came of it one reason, and the smallest change that would help."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from nichiiki_models.allocation import Allocation
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_models.explanation import Code, Proof, Relaxation, WishReason, Witness
from nichiiki_models.instance import Instance
from nichiiki_solver.building import as_built
from nichiiki_solver.explain.costs import DualCosts, force
from nichiiki_solver.explain.drafts import STAY, Draft, Drafter, list_of, listed_wishes
from nichiiki_solver.explain.obstacles import Obstacle, Shared, room_of, rules_broken
from nichiiki_solver.explain.precedence import Precedence
from nichiiki_solver.explain.relaxing import Case, Relaxer
from nichiiki_solver.explain.room import Turns, order_at_targets, turns_of
from nichiiki_solver.explain.world import World, find_world
from nichiiki_solver.needs import SCHOOL, TARGET_RULES
from nichiiki_solver.ragged import Bools, Ints
from nichiiki_solver.stays import STAY_RULES
from nichiiki_solver.uses import MINIMUMS
from nichiiki_solver.verify import verify

ELSEWHERE = {
    "not_in_region": (
        "school_region", "care_region", "desk_region", "role_region", "supporter_scope", "experience_region",
    )
}  # fmt: skip
"""What the check calls a rule that the solver knows under one name."""
IMPORTANCE = (
    *STAY_RULES,
    "not_listed",
    "siblings",
    *(name for rule in TARGET_RULES if rule != "lock" for name in ELSEWHERE.get(rule, (rule,))),
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
        raise VerificationError(violations, given=True)
    run = _Run(instance, allocation, _asked(instance, household_id), time_limit_s, workers)
    solve_again = isinstance(household_id, str) if exact is None else exact
    return sorted(run.reasons(solve_again=solve_again), key=run.place)


def _asked(instance: Instance, household_id: str | Iterable[str] | None) -> Bools:
    if household_id is None:
        return np.ones(len(instance.households), dtype=bool)
    wanted = np.array([household_id] if isinstance(household_id, str) else list(household_id), dtype=np.str_)
    rows = instance.households.find(wanted)
    if (rows < 0).any():
        unknown = wanted[rows < 0][0]
        raise UsageError.of("unknown_id", argument="household_id", value=unknown, tables="households")
    asked = np.zeros(len(instance.households), dtype=bool)
    asked[rows] = True
    return asked


def _declined(allocation: Allocation) -> np.ndarray:
    """Households that gave up their place or their turn."""
    standings = allocation.standings
    return np.asarray(standings["household_id"][standings["state"] == "declined"])


class _Run:
    """One explanation: the world, who chose when, and the drafts."""

    def __init__(
        self, instance: Instance, allocation: Allocation, asked: Bools, time_limit_s: float, workers: int
    ) -> None:
        self.declined = asked & np.isin(instance.households["household_id"], _declined(allocation))
        self.asked = asked = asked & ~self.declined
        self.undecided = instance, allocation
        self.instance, self.allocation = instance, allocation = as_built(instance, allocation)
        self.time_limit_s, self.workers = time_limit_s, workers
        self.world = find_world(instance, allocation, asked)
        self.turns: Turns | None = turns_of(instance, allocation)
        self.ids = instance.households["household_id"]
        self._row = {str(name): row for row, name in enumerate(self.ids.tolist())}
        self._lists = instance.rules.lists.order

    @cached_property
    def world_to_solve(self) -> World:
        """The world in which measures are still to be decided: what another result would cost is asked there."""
        instance, allocation = self.undecided
        return self.world if instance is self.instance else find_world(instance, allocation, self.asked)

    def place(self, reason: WishReason) -> tuple[int, int, str, int, str]:
        """Where a reason stands in the answer."""
        name = self._lists.index(reason.list) if reason.list in self._lists else len(self._lists)
        return (
            self._row[reason.household_id], name, reason.person_id or "", reason.rank or 0, reason.target_id or "",
        )  # fmt: skip

    def reasons(self, *, solve_again: bool) -> list[WishReason]:
        """Give every wish its reason."""
        drafts = self._drafts()
        shared = Shared(self.world, drafts, self.turns, order_at_targets(self.instance, self.allocation))
        every = shared.obstacles(ahead=False)
        ahead = shared.obstacles(ahead=True) if self.turns is not None else every
        rules = rules_broken(self.instance, self.world, drafts)
        house = self.world.bundles.stays.house
        houses = [int(house[draft.stay]) if draft.stay >= 0 else -1 for draft in drafts]
        urgent = shared.obstacles_beside_urgent()
        cases = [Case(*parts) for parts in zip(drafts, rules, ahead, every, urgent, houses, strict=True)]
        judge = _Judge(self, shared, solve_again=solve_again)
        relaxed = Relaxer(self.world).relax(cases)
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

    def reason(self, case: Case, relaxation: Relaxation | None) -> WishReason:
        """Return the reason of a case."""
        draft = case.draft
        if draft.stay < 0:
            return self._write(case, Code.NO_STAY, None)
        if case.rules:
            return self._by_rule(case, relaxation)
        if case.scarce:
            return self._by_scarcity(case, relaxation)
        return self._although_it_fits(case)

    def _by_rule(self, case: Case, relaxation: Relaxation | None) -> WishReason:
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
        low, high = np.searchsorted(bundles.stay_of_option, (draft.stay, draft.stay + 1))
        missing -= set(bundles.options.slot[low:high].tolist())
        answered = set(bundles.wanted.need[singles.wanted[singles.group == draft.stay]].tolist())
        for slot in missing:
            needs = np.flatnonzero(bundles.slots.of_need == slot).tolist()
            if len(needs) < 2 or not answered.issuperset(needs):
                return False
        return bool(missing)

    def _by_scarcity(self, case: Case, relaxation: Relaxation | None) -> WishReason:
        first = min(case.scarce, key=_shared_importance)
        if case.urgent:
            return self._outranked_there(case, relaxation)
        if first.leaving:
            return self._write(case, Code.NEEDED_ELSEWHERE, first, relaxation)
        if self.precedence is not None and first.rule not in MINIMUMS:
            return self._outranked(case, first, relaxation)
        if self.allocation.policy == "welfare":
            return self._costs_more(case, first, relaxation)
        return self._write(case, Code.CLOSED if first.rule in MINIMUMS else Code.FULL, first, relaxation)

    def _outranked(self, case: Case, first: Obstacle, relaxation: Relaxation | None) -> WishReason:
        """Say by which key the last of those who hold what is scarce comes before the household."""
        room, draft, precedence = self.shared.room, case.draft, self.precedence
        turn = self.shared.turn_of(draft)
        last = -1 if turn is None else room.last_before(turn, first.resource)
        if precedence is None or last < 0:
            return self._write(case, Code.FULL, first, relaxation)
        rank = int(self.world.bundles.stays.rank[draft.stay])
        evidence = precedence.first_difference(draft.household, rank, last)
        return self._write(case, _code_of(evidence), first, relaxation, evidence)

    def _outranked_there(self, case: Case, relaxation: Relaxation | None) -> WishReason:
        """Say by which key the last of those who are more urgent where places choose comes before the household."""
        first, household = min(case.urgent, key=_shared_importance), case.draft.household
        urgency, instance = self.shared.urgency, self.run.instance
        assert urgency is not None  # noqa: S101 - nobody is more urgent without one
        other = urgency.last(household, first.resource)
        own, theirs = urgency.points_at(first.resource, np.array([household, other])).tolist()
        evidence: dict[str, int | str | None] = {"key": "points_there", "own": own, "theirs": theirs}
        if own == theirs:
            order = Turns(urgency.position, by_rank=False)
            keys = Precedence(instance, self.allocation.policy, self.allocation.seed, order)
            evidence = keys.difference(household, other)
        return self._write(case, _code_of(evidence), first, relaxation, evidence)

    # Under an optimum

    def costs(self) -> DualCosts | None:
        """Dual prices, found when they are first wanted; None without levels to compare with."""
        levels = self.allocation.levels
        if self._costs is None and levels and levels[0].objective is not None:
            late = self.deadline
            self._costs = DualCosts(
                self.run.world_to_solve, levels[0].objective, lambda: time.perf_counter() > late
            )
        return self._costs

    def _costs_more(self, case: Case, first: Obstacle, relaxation: Relaxation | None) -> WishReason:
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

    def _forced(self, case: Case, first: Obstacle | None, relaxation: Relaxation | None) -> WishReason:
        found = force(
            self.run.world_to_solve,
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

    def _although_it_fits(self, case: Case) -> WishReason:
        """A place is there: the household itself has something it ranks better, or the whole is not better for it."""
        if self.allocation.policy == "welfare":
            return self._no_gain(case)
        code = Code.OWN_ORDER if self._prefers_its_own(case.draft) else Code.VACANT
        return self._write(case, code, None)

    def _no_gain(self, case: Case) -> WishReason:
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
        case: Case,
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
            evidence={
                **({} if first is None or own else {"need": first.need}),
                **self._hazards(draft, first),
                **(evidence or {}),
            },
            witness=self._witness(draft),
            relaxation=relaxation,
            proof=proof if draft.sure else Proof.ESTIMATED,
        )  # fmt: skip

    def _hazards(self, draft: Draft, first: Obstacle | None) -> dict[str, str]:
        """Name the hazards that a house shares with the main home, where that is the reason."""
        if first is None or first.rule != "hazard_shared":
            return {}
        house = self.run.instance.houses.row(draft.target)
        home = self.run.instance.households["home_region"][[draft.household]]
        region = self.run.instance.regions.row(int(self.run.instance.regions.find(home)[0]))
        apart = self.run.instance.rules.limits.hazards_apart
        return {
            "hazards": " ".join(each for each in apart if each in house.hazards and each in region.hazards)
        }

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


def _code_of(evidence: Mapping[str, int | str | None]) -> Code:
    return Code.LOTTERY if evidence["key"] == "lottery" else Code.OUTRANKED


def _shared_importance(obstacle: Obstacle) -> tuple[bool, int, str]:
    return obstacle.leaving, _index(SHARED_IMPORTANCE, obstacle.rule), obstacle.cause


def _index(order: Sequence[str], rule: str) -> int:
    return order.index(rule) if rule in order else len(order)


def _cause(obstacle: Obstacle, target: str, others: Sequence[str]) -> str:
    """What a rule of the household is about, of the ids that the check names: the wish, or something wished beside it."""
    named = obstacle.cause.split(" ")
    return next((name for name in (target, *others) if name in named), target)
